"""What the window says in words: the line above the plots, and the last message at the bottom."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from softmax_gui.files import shown
from softmax_gui.gui import fonts
from softmax_gui.gui.status_line import StatusLine
from softmax_gui.gui.units import Unit
from softmax_gui.gui.views.training_texts import certificate_text
from softmax_gui.gui.widgets.message_bar import MessageBar, Tone
from softmax_gui.i18n import tr
from softmax_gui.training.rates import rounded_down
from softmax_gui.training.snapshot import RunState, Snapshot
from softmax_gui.training.watch import TrainingDiverged

MENDING_DECAY = 0.001  # makes a finite optimum of separable classes
log = logging.getLogger("softmax_gui")


class Narrator(QObject):
    """Chooses the words for what happened, and takes them back when they are no longer true."""

    def __init__(self, bar: MessageBar, status: StatusLine, parent: QObject) -> None:
        super().__init__(parent)
        self._bar, self._status = bar, status
        self._state = RunState.READY
        self._loaded = False

    def say(
        self, tone: Tone, text: str, button: str = "", action: Callable[[], None] | None = None
    ) -> None:
        """Says what happened, above the plots and as the last message at the bottom."""
        if fonts.has_hangul(text):  # of a file or class, whatever the language of the window
            fonts.ensure_hangul()
        self._bar.show_message(tone, text, button, action)
        self._status.show_message(text)

    @Slot(str)
    def warn(self, text: str) -> None:
        """Says what did not go as wished, though nothing is lost."""
        self.say(Tone.WARNING, text)

    @Slot(object)
    def show_state(self, state: RunState) -> None:
        """The hint for the new state; a word about the run before goes, good news stays.

        What was said before the first data came, of a crash or of damaged settings, stays too.
        """
        self._state = state
        stale = self._bar.tone() in {Tone.HINT, Tone.WARNING, Tone.ERROR}
        if state is RunState.RUNNING or (stale and self._loaded) or self._is_hinting():
            self.hint()
        self._loaded = True

    def hint(self) -> None:
        """One line that says what to press now."""
        texts = {
            RunState.READY: tr("Press Train (F5) and watch every picture move."),
            RunState.RUNNING: tr(
                "Change the learning rate on the left, or the values on the right, while it"
                " learns. F5 pauses."
            ),
            RunState.PAUSED: tr("F5 goes on, F6 takes one step, Ctrl+E exports the weights."),
        }
        if self._state in texts:
            self._bar.show_message(Tone.HINT, texts[self._state])

    def retranslate(self) -> None:
        """Says the hint again; a message stays as it was said."""
        if self._is_hinting() and self._loaded:
            self.hint()

    def tell_refusal(self, error: Exception) -> None:
        """Data could not be loaded."""
        # Python's own MemoryError has no words.
        text = str(error) or tr("There is not enough memory for these data.")
        if self._loaded:
            text = tr("{error} The data from before stay.").format(error=text)
        self.say(Tone.ERROR, text)

    def tell_divergence(self, divergence: TrainingDiverged, use: Callable[[float], None]) -> None:
        """The run was taken back; the button calls use(a stable rate)."""
        rate = rounded_down(divergence.safe_rate)
        button = tr("Use {rate:g}").format(rate=rate)
        self.say(Tone.WARNING, str(divergence), button, lambda: use(rate))

    def tell_end(
        self, snapshot: Snapshot, unit: Unit, adjust: Callable[[dict[str, float]], None]
    ) -> None:
        """A solver is done; where there is no optimum, a button adds weight decay."""
        certificate = snapshot.certificate
        text = tr("The solver is done after {steps:,} steps, {passes:,.0f} passes over the data.")
        text = text.format(steps=snapshot.step, passes=snapshot.epoch)
        if certificate is None:
            self.say(Tone.DONE, text)
        elif certificate.verdict == "separable":
            button = tr("Use weight decay {decay:g}").format(decay=MENDING_DECAY)
            line = f"{text} {certificate_text(certificate, unit)}"
            self.say(Tone.WARNING, line, button, lambda: adjust({"weight_decay": MENDING_DECAY}))
        else:
            tone = Tone.DONE if certificate.verdict == "optimum" else Tone.WARNING
            self.say(tone, f"{text} {certificate_text(certificate, unit)}")

    @Slot(object)
    def tell_training_failure(self, error: BaseException) -> None:
        """The worker met an error that nobody expected."""
        log.error("training failed", exc_info=error)
        self.tell_failure(error)

    @Slot(object)
    def tell_failure(self, error: BaseException) -> None:
        """Says that something inside went wrong; the window and the data stay."""
        text = tr("An internal error occurred ({kind}: {error}). Weights and data are kept.")
        said = text.format(kind=type(error).__name__, error=shown(str(error), 200))
        self._bar.show_failure(said, error)
        self._status.show_message(said)

    def _is_hinting(self) -> bool:
        return self._bar.tone() is Tone.HINT
