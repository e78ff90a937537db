"""Keeps unsaved work every minute in a slot of its own, and offers what a crash left behind."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from softmax_gui.data.options import Cancelled, Watch
from softmax_gui.export.recovery import Abandoned, Recovery, list_abandoned
from softmax_gui.files import shown
from softmax_gui.gui.errands import Errand, Errands, sentence
from softmax_gui.gui.project_contents import Draft, completed
from softmax_gui.gui.project_mark import Mark
from softmax_gui.gui.widgets.message_bar import MessageBar, Tone
from softmax_gui.i18n import tr

EVERY_MS = 60_000
SHARE = 0.05  # of the time at most goes into keeping; large work is kept less often
log = logging.getLogger("softmax_gui")
Told = Callable[[str], None]


class Autosave(QObject):
    """The slot of this window; what touches files runs on the thread of the errands.

    Attributes:
        folder: where the slots are.
        timer: fires when it is time to look for unsaved work.
        mark: of what the slot holds; None where it is empty.
    """

    def __init__(self, folder: Path, errands: Errands, warn: Told, parent: QObject) -> None:
        super().__init__(parent)
        self.folder, self._errands, self._warn = folder, errands, warn
        self.mark: Mark | None = None
        self._slot: Recovery | None = None  # made and used on the thread of the errands
        self._warned = self._used = False
        self.timer = QTimer(self, interval=EVERY_MS)
        self.timer.start()

    def keep(
        self, draft: Draft, path: Path | None, mark: Mark, then: Callable[[], object] | None
    ) -> None:
        """Keeps a draft, of the project at `path`; calls then() when that is done, or was not."""

        def work(watch: Watch) -> float:
            began = time.monotonic()
            self._own_slot().keep(completed(draft, watch), path)
            return time.monotonic() - began

        def done(seconds: float) -> None:
            self.mark, self._used = mark, True
            self.timer.setInterval(max(EVERY_MS, round(1000 * seconds / SHARE)))
            if then is not None:
                then()

        def not_done(error: Exception) -> None:
            if not isinstance(error, Cancelled):
                self._tell(error)
            if then is not None:
                then()

        # Who waits for it wants it whole; else whatever the user wants goes first.
        self._errands.begin(Errand(work, done, not_done, writes=then is not None,
                                   yields=then is None))  # fmt: skip

    def forget(self) -> None:
        """Clears the slot: the work is saved, or nobody wants it."""
        self.mark = None
        if self._used:
            self._used = False
            self._errands.begin(Errand(lambda _: self._own_slot().clear(), _ignore, _log))

    def shutdown(self, *, leave: bool) -> None:
        """Gives the slot back once the thread has ended, or leaves it to the next start."""
        self.timer.stop()
        if self._slot is not None and not leave:
            self._slot.close()

    # -- what a crash left behind ----------------------------------------------------------------

    def offer(self, bar: MessageBar, recover: Callable[[Abandoned], None]) -> None:
        """Looks for abandoned work; the newest is offered in the bar, to recover or to discard."""

        def show(found: list[Abandoned]) -> None:
            if not found:
                return
            newest = found[0]
            said = bar.text() if bar.tone() in {Tone.WARNING, Tone.ERROR} else ""
            bar.show_message(
                Tone.WARNING, f"{said} {offer_text(newest)}".strip(),
                tr("Recover"), lambda: recover(newest),
                tr("Discard"), lambda: self._discard(newest, bar, recover),
            )  # fmt: skip

        self._errands.begin(Errand(lambda _: list_abandoned(self.folder), show, _log))

    def take_over(self, abandoned: Abandoned) -> None:
        """Makes abandoned work, once it is on the screen, what this window kept."""

        def work(_: Watch) -> None:
            self._own_slot().take_over(abandoned)

        self._used = True
        self._errands.begin(Errand(work, _ignore, _log, writes=True))

    def _discard(
        self, abandoned: Abandoned, bar: MessageBar, recover: Callable[[Abandoned], None]
    ) -> None:
        def work(_: Watch) -> None:
            self._own_slot().discard(abandoned)

        self._errands.begin(Errand(work, lambda _: self.offer(bar, recover), _log, writes=True))

    def _own_slot(self) -> Recovery:
        if self._slot is None:
            self._slot = Recovery(self.folder)
        return self._slot

    def _tell(self, error: Exception) -> None:
        text = tr("Unsaved work could not be kept for the next start. {error}")
        if not self._warned:  # and not every minute again
            self._warned = True
            self._warn(text.format(error=sentence(error)))
        log.warning("autosave: %s", sentence(error))


def offer_text(abandoned: Abandoned) -> str:
    """What a crash left behind, in a sentence."""
    when = datetime.fromtimestamp(abandoned.saved_at).strftime("%Y-%m-%d %H:%M")
    if not abandoned.project:
        text = tr("The program ended before work of {when} was saved. It can be recovered.")
        return text.format(when=when)
    text = tr("The program ended before changes to {name} of {when} were saved.")
    return text.format(name=shown(Path(abandoned.project).name), when=when)


def _ignore(_: object) -> None:
    """There is nothing to tell."""


def _log(error: Exception) -> None:
    if not isinstance(error, Cancelled):
        log.warning("recovery: %s", sentence(error))
