"""The project of the window: new, opened, saved, asked about before it is lost, recovered."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from softmax_gui.data.dataset import Split
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.synthetic import World
from softmax_gui.export.recovery import Abandoned
from softmax_gui.files import shown
from softmax_gui.gui.project_contents import (
    Opened,
    request_of,
    show_view,
)
from softmax_gui.gui.project_dialogs import (
    project_to_open,
    project_to_save,
    suggested,
)
from softmax_gui.gui.project_guard import Guard, Then, run_at_stake, work_at_stake
from softmax_gui.gui.project_mark import Mark
from softmax_gui.gui.project_opening import Opening
from softmax_gui.gui.project_saving import Saving
from softmax_gui.gui.run_config import LoadRequest
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.wishes import FIRST_SOURCE
from softmax_gui.i18n import tr
from softmax_gui.training.config import TrainConfig

if TYPE_CHECKING:
    from softmax_gui.gui.main_window import MainWindow

LEAVE_MS = 1500  # a process told to end waits so long for its work to be kept


class Projects(QObject):
    """One project at a time.

    Attributes:
        path: its file; None for one that was never saved.
        guard: asks before work is lost.
        opening: reads projects.
        saving: writes them, and keeps what is not saved.
    """

    def __init__(self, window: MainWindow, recovery: Path) -> None:
        super().__init__(window)
        self._window, self._say = window, window.narrator.say
        self.path: Path | None = None
        self.guard = Guard(window, self.save)
        self.opening = Opening(window, window.errands, self._say)
        self.saving = Saving(window, recovery)
        self.saving.saved.connect(self._hear_saved)
        self.saving.autosave.timer.timeout.connect(self.keep_unsaved)
        self._saved: Mark | None = None  # what is in the file, or was there at the beginning
        self._begins = True  # the next snapshot is the beginning
        self._awaited: tuple[LoadRequest, Then] | None = None
        self._name = ""
        self._closing = self._leaving = False
        window.drawing.changed.connect(self.refresh)
        window.display.presented.connect(self._show_name)

    # -- what the user wants ---------------------------------------------------------------------

    @Slot()
    def new(self) -> None:
        """Begins another one with the 2x2 world, once what is there may go."""
        self.before_work_is_lost(self._begin_anew)

    @Slot()
    def ask_open(self) -> None:
        """Asks for a project and opens it."""
        if path := project_to_open(self._window, self._window.files.folder):
            self.open(Path(path))

    def open(self, path: Path) -> None:
        """Opens a project once what is there may go; that stays until the data are loaded."""
        path = path.absolute()
        self._window.files.folder = str(path.parent)
        self.before_work_is_lost(lambda: self.opening.open(path, partial(self._take, path=path)))

    @Slot()
    def save(self, then: Then | None = None) -> None:
        """Saves to its file, or asks where to; calls then() once that is done."""
        if self.path is None:
            self.save_as(then)
        else:
            self.saving.save(self.path, then)

    @Slot()
    def save_as(self, then: Then | None = None) -> None:
        """Asks where to and saves there from now on."""
        name = self.path.name if self.path else suggested(self._name)
        start = str(Path(self._window.files.folder) / name)
        path, why = project_to_save(self._window, start)
        if why:
            self._say(Tone.WARNING, why)
        if path is not None:
            self._window.files.folder = str(path.parent)
            self.saving.save(path.absolute(), then)

    def offer_recovery(self) -> None:
        """Says in the message bar what a crash left behind, if anything."""
        self.saving.autosave.offer(self._window.messages, self.recover)

    def recover(self, abandoned: Abandoned) -> None:
        """Goes on with what a crash left behind."""
        path = Path(abandoned.project) if abandoned.project else None
        taken = partial(self._take, path=path, recovered=abandoned)
        name = path.name if path else tr("Recovered work")
        self.before_work_is_lost(lambda: self.opening.open(abandoned.file, taken, name))

    # -- what may be lost ------------------------------------------------------------------------

    @property
    def modified(self) -> bool:
        """Whether anything is other than in its file, or than at the beginning."""
        now = self.saving.now()
        return now is not None and not now.same(self._saved)

    def before_work_is_lost(self, then: Then) -> None:
        """Calls then() at once, or when the user has saved the work or lets it go."""
        if self._work_at_stake():
            self.guard.ask(self._title_name(), then)
        else:
            then()

    def before_run_is_lost(self, then: Then, otherwise: Then | None = None) -> None:
        """As before_work_is_lost, where drawn examples stay; else otherwise() is called."""
        now, has_file = self.saving.now(), self.path is not None
        if run_at_stake(now, self._saved, has_file=has_file):
            self.guard.ask(self._title_name(), then, otherwise)
        else:
            then()

    def may_close(self) -> bool:
        """Whether the window may close now; else the user is asked, and it closes after that."""
        if self._closing:
            return True
        if self.guard.question is None and self._work_at_stake():
            self.guard.ask(self._title_name(), self._close)
        else:
            self._closing = self.guard.question is None
        return self._closing

    def leave(self) -> None:
        """Closes unasked; what is not saved is kept for the next start."""
        if self._leaving:
            return
        if not self._work_at_stake():
            self._close()
            return
        self._leaving = True
        QTimer.singleShot(LEAVE_MS, self, self._close)
        self.keep_unsaved(self._close)

    def forget_changes(self) -> None:
        """Takes what is there as saved."""
        self._saved = self.saving.now()
        self.refresh()

    def keep_unsaved(self, then: Then | None = None) -> None:
        """Puts what is not saved into the slot for the next start, where it is not there yet."""
        now = self.saving.now()
        if now is None or now.same(self._saved) or now.same(self.saving.autosave.mark):
            if then is not None:
                then()
        elif then is not None or not self.saving.busy:
            self.saving.keep(self.path, then)

    def shutdown(self) -> None:
        """Ends the autosave, after the thread of the errands."""
        self._closing = True
        self.guard.withdraw()
        self.opening.leave()
        self.saving.autosave.shutdown(leave=self._leaving)

    # -- inside ----------------------------------------------------------------------------------

    def _work_at_stake(self) -> bool:
        return work_at_stake(self.saving.now(), self._saved, has_file=self.path is not None)

    def _close(self) -> None:
        self._closing = True
        self._window.close()

    def _begin_anew(self) -> None:
        self.opening.leave()
        device = self._window.wishes.config.device
        request = LoadRequest(FIRST_SOURCE, TrainConfig(device=device), World(), rate_open=True)
        self._load(request, lambda: self._arrive(None, None, as_saved=True))

    def _take(self, found: Opened, path: Path | None, recovered: Abandoned | None = None) -> None:
        """The project was read, and its data; the training thread takes it from here."""
        request = request_of(found)

        def arrive() -> None:
            project = found.project
            self._arrive(path, project.drawn, as_saved=found.as_saved and recovered is None)
            if recovered is not None:
                self.saving.autosave.take_over(recovered)
            show_view(self._window, project.view)
            if project.options is not None:
                self._window.importing.remember(project.source, project.options)
            if path is not None:
                self._window.importing.recent.add(str(path))
            text = tr("{name} is open, at step {step:,}.")
            name = self._title_name() if path is None else shown(path.name)
            step = 0 if request.start is None else request.start.checkpoint.step
            self._say(Tone.DONE, text.format(name=name, step=step))

        self._load(request, arrive)

    def _load(self, request: LoadRequest, arrive: Then) -> None:
        self._awaited = request, arrive
        self._window.sources.stop()
        self._window.trainer.pause_requested.emit()
        self._window.wishes.begin(request)

    def _arrive(self, path: Path | None, drawn: DrawnSet | None, *, as_saved: bool) -> None:
        """The data are on the screen: all else follows."""
        self.path, self._saved, self._begins = path, None, as_saved
        self._window.drawing.restore(drawn)
        self._window.data.show_world(self._window.wishes.world)
        if as_saved:
            self.saving.autosave.forget()
        self._show_name(self._name)

    @Slot(object, object)
    def _hear_saved(self, path: Path, mark: Mark) -> None:
        self.path, self._saved = path, mark
        self.saving.autosave.forget()
        self._window.importing.recent.add(str(path))
        self._show_name(self._name)

    @Slot(object)
    def hear_data(self, loaded: tuple[LoadRequest, Split]) -> None:
        """Data were loaded, perhaps those of a project, and are on the screen."""
        if self._awaited and _answers(loaded[0], self._awaited[0]):
            arrive, self._awaited = self._awaited[1], None
            arrive()

    @Slot(object)
    def hear_refusal(self, refused: tuple[LoadRequest, Exception]) -> None:
        """Data could not be loaded; the project that is there stays."""
        if self._awaited and _answers(refused[0], self._awaited[0]):
            self._awaited = None

    @Slot()
    def refresh(self) -> None:
        """Says in the title whether there is something to save."""
        if self._begins and (now := self.saving.now()) is not None:
            self._saved, self._begins = now, False
        if self._window.isWindowModified() != (modified := self.modified):
            self._window.setWindowModified(modified)

    @Slot(str)
    def _show_name(self, name: str) -> None:
        """The name of the data on the screen; a run that is watched is no part of the project."""
        self._name = name
        title = name if self._window.display.watching else self._title_name()
        self._window.setWindowTitle(f"{title.replace('[*]', '[*][*]')}[*] – Softmax GUI")
        self.refresh()

    def _title_name(self) -> str:
        return one_line(self.path.name if self.path else self._name)


def _answers(answer: LoadRequest, asked: LoadRequest) -> bool:
    same = answer.dataset is asked.dataset and answer.start is asked.start
    return same and answer.source == asked.source
