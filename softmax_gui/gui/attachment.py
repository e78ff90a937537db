"""Shows a run that another process makes, local or on a shared disk, in the place of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QToolTip, QWidget

from softmax_gui.export import run_reader
from softmax_gui.gui.run_watch import RunWatch, Watched
from softmax_gui.gui.screen import Screen
from softmax_gui.gui.status_line import StatusLine
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.i18n import tr

SILENT_MS = 10_000  # without an answer for so long, the disk counts as away
_TONES = {"running": Tone.HINT, "finished": Tone.DONE}


class Attachment(QObject):
    """One run folder at a time; while it is watched one's own run rests, and can't be changed."""

    changed = Signal(bool)  # whether a run is watched now

    def __init__(
        self, screen: Screen, status: StatusLine, say: Callable[..., None],
        panels: Sequence[QWidget], parent: QObject,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._screen, self._status, self._say, self._panels = screen, status, say, panels
        self._watch: RunWatch | None = None
        self._name, self._state = "", ""
        self._silence = QTimer(self, singleShot=True, interval=SILENT_MS)
        self._silence.timeout.connect(self._tell_silence)

    @property
    def attached(self) -> bool:
        """Whether a run is watched."""
        return self._watch is not None

    def attach(self, folder: Path) -> None:
        """Follows a run folder from now on, in the place of another one that is watched."""
        self._leave()
        self._name, self._state = one_line(folder.name or str(folder)), ""
        self._watch = RunWatch(folder, self)
        self._watch.told.connect(self._show)
        self._watch.refused.connect(self._refuse)
        self._watch.start()
        self._silence.start()
        self._lock(True)
        self.changed.emit(True)

    def detach(self) -> None:
        """Back to one's own run, which is as it was."""
        if self._watch is None:
            return
        self._leave()
        self._lock(False)
        self._status.show_watched("")
        self._screen.return_home()
        self.changed.emit(False)
        self._say(Tone.HINT, tr("Your own run is back, as you left it."))

    def shutdown(self) -> None:
        """Ends the thread, or leaves it behind."""
        self._leave()

    def retranslate(self) -> None:
        """Says the state again."""
        if self.attached:
            self._lock(True)
            self._status.show_watched(self._text())

    def _leave(self) -> None:
        self._silence.stop()
        if self._watch is not None:
            self._watch.stop()
            self._watch.deleteLater()
            self._watch = None

    @Slot(object)
    def _show(self, watched: Watched) -> None:
        if self._watch is None or self.sender() is not self._watch:
            return  # it was asked for before the user thought better of it
        self._silence.start()
        self._screen.watch(watched.split, watched.snapshot)
        text = watched.status.text
        if not watched.has_weights and watched.status.state == run_reader.RUNNING:
            text += " " + tr("Its weights come with its first checkpoint.")
        self._tell(_word(watched.status.state), text)

    @Slot(str)
    def _refuse(self, text: str) -> None:
        if self._watch is not None and self.sender() is self._watch:
            self.detach()
            self._say(Tone.ERROR, text)

    @Slot()
    def _tell_silence(self) -> None:
        self._tell("lost", tr("The disk does not answer. It is asked again and again."))

    def _tell(self, state: str, sentence: str) -> None:
        """The state at the bottom at each look, above the plots when it changes."""
        new, self._state = state != self._state, state
        self._status.show_watched(self._text())
        self._status.show_message(sentence)
        if new:
            tone = _TONES.get(state, Tone.WARNING)
            self._say(tone, f"{self._text()}. {sentence}", tr("Detach"), self.detach)

    def _text(self) -> str:
        texts = {
            "running": tr("Attached to {name}: running"),
            "finished": tr("Attached to {name}: finished"),
            "ended": tr("Attached to {name}: ended early"),
        }
        return texts.get(self._state, tr("Attached to {name}: lost")).format(name=self._name)

    def _lock(self, locked: bool) -> None:
        for panel in self._panels:
            panel.setEnabled(not locked)
            for one in (panel, *panel.findChildren(QWidget)):
                one.removeEventFilter(self)  # or a field made meanwhile would have two
                if locked:
                    one.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's call for what is locked: its tool tip says why."""
        if event.type() == QEvent.Type.ToolTip and isinstance(watched, QWidget):
            QToolTip.showText(QCursor.pos(), locked_tip(), watched)
            return True
        return super().eventFilter(watched, event)


def locked_tip() -> str:
    """Why nothing of one's own run can be changed while another one is watched."""
    return tr("A run is being watched. Detach from it first.")


def _word(state: str) -> str:
    if state in (run_reader.RUNNING, run_reader.FINISHED):
        return state
    ended = (run_reader.INTERRUPTED, run_reader.FAILED)
    return "ended" if state in ended else "lost"
