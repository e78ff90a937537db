"""Saves the work of the window: the state from the training thread, the file on that of errands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from softmax_gui.export.project import Fingerprint
from softmax_gui.files import shown
from softmax_gui.gui.autosave import Autosave
from softmax_gui.gui.errands import Errand, unwritten
from softmax_gui.gui.keeping import Tickets
from softmax_gui.gui.project_contents import Draft, draft_of, view_of, written
from softmax_gui.gui.project_guard import Then
from softmax_gui.gui.project_mark import Mark, mark_of
from softmax_gui.gui.run_config import Kept, LoadRequest, Stamp
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from softmax_gui.gui.main_window import MainWindow


class Saving(QObject):
    """Writes projects, and what is not saved into the slot for the next start.

    Attributes:
        autosave: keeps that slot.
    """

    saved = Signal(object, object)  # the Path, and the Mark of what is there now

    def __init__(self, window: MainWindow, recovery: Path) -> None:
        super().__init__(window)
        self._window, self._say = window, window.narrator.say
        self.autosave = Autosave(recovery, window.errands, window.narrator.warn, self)
        self._tickets = Tickets(window.trainer.keep_requested.emit)
        self._known: tuple[str, Stamp | None, Fingerprint] | None = None
        window.trainer.state_kept.connect(self._hear)

    @property
    def busy(self) -> bool:
        """Whether something is being kept, or read or written for it."""
        return self._tickets.open or self._window.errands.busy

    def now(self) -> Mark | None:
        """What the work is; None before the first data."""
        request, snapshot = self._window.wishes.granted, self._window.newest()
        if request is None or snapshot is None:
            return None
        return mark_of(request, snapshot, self._window.drawing.drawn)

    def save(self, path: Path, then: Then | None) -> None:
        """Writes the project to `path` and says so, then calls then(); or says why not."""
        self._tickets.ask(lambda kept: self._write(kept, path, then), self._tell_trouble)

    def keep(self, path: Path | None, then: Then | None) -> None:
        """Keeps the work, of the project at `path`, for the next start, then calls then()."""

        def put_away(kept: Kept) -> None:
            draft, mark = self._draft(kept)
            self.autosave.keep(draft, path, mark, then)

        self._tickets.ask(put_away, self._tell_trouble)

    def _write(self, kept: Kept, path: Path, then: Then | None) -> None:
        draft, mark = self._draft(kept)

        def done(fingerprint: Fingerprint | None) -> None:
            if fingerprint is not None:
                self._known = draft.project.source, draft.stamp, fingerprint
            self.saved.emit(path, mark)
            self._say(Tone.DONE, tr("The project is in {path}.").format(path=path))
            if then is not None:
                then()

        def tell(share: float) -> None:
            text = tr("{name} is being saved: {percent:.0f} %.")
            text = text.format(name=shown(path.name), percent=100 * share)
            self._say(Tone.HINT, text, tr("Cancel"), lambda: self._window.errands.cancel(errand))

        errand = Errand(
            lambda watch: written(draft, path, watch), done, self._tell_trouble, tell, writes=True
        )
        self._window.errands.begin(errand)

    def _draft(self, kept: Kept) -> tuple[Draft, Mark]:
        window, request = self._window, self._window.wishes.granted
        assert request is not None  # noqa: S101 - a run was kept, so its data were loaded
        place, drawn = _place(request), window.drawing.drawn
        known = self._known[2] if self._known and self._known[:2] == place else None
        draft = draft_of(request, kept, drawn, view_of(window), known)
        return draft, mark_of(request, kept.snapshot, drawn)

    @Slot(int, object)
    def _hear(self, ticket: int, state: Kept | Exception) -> None:
        self._tickets.hear(ticket, state)

    def _tell_trouble(self, error: Exception) -> None:
        self._say(*unwritten(error))


def _place(request: LoadRequest) -> tuple[str, Stamp | None]:
    return request.source, request.stamp
