"""From a project's file to its data, on another thread; asks where data are that moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from softmax_gui.data.options import Cancelled
from softmax_gui.export.project import Project
from softmax_gui.files import shown
from softmax_gui.gui.errands import Errand, Errands, Work, sentence
from softmax_gui.gui.project_contents import (
    Opened,
    from_the_beginning,
    opened,
    read_for,
    with_data,
)
from softmax_gui.gui.project_dialogs import Answer, Question, ask_about_data, data_at
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.i18n import tr

Say = Callable[..., None]  # Narrator.say
Taken = Callable[[Opened], None]


class Opening(QObject):
    """One project at a time; a newer wish takes the place of the one under way.

    Attributes:
        question: where the data are, while that is asked.
    """

    def __init__(self, window: QWidget, errands: Errands, say: Say) -> None:
        super().__init__(window)
        self._window, self._errands, self._say = window, errands, say
        self._errand: Errand | None = None
        self._name = self._folder = ""
        self._taken: Taken = _ignore
        self.question: Question | None = None

    def open(self, path: Path, taken: Taken, name: str = "") -> None:
        """Reads a project and its data, then calls taken(Opened); or says why not.

        `name` is what it is called, its file's unless given.
        """
        self._begin(name or path.name, "" if name else str(path.parent), taken)
        self._do(lambda watch: opened(path, watch))

    def leave(self) -> None:
        """Gives up what is under way."""
        self._taken = _ignore
        self._errands.cancel(self._errand)
        if self.question is not None:
            self.question.withdraw()
            self.question = None

    def _begin(self, name: str, folder: str, taken: Taken) -> None:
        self.leave()
        self._name, self._folder, self._taken = shown(name), folder, taken

    def _do(self, work: Work) -> None:
        errand: Errand

        def then(found: Opened) -> None:
            if errand is self._errand:
                self._hear(found)

        def otherwise(error: Exception) -> None:
            if errand is self._errand:
                self._refuse(error)

        self._errand = errand = Errand(work, then, otherwise, self._tell)
        self._errands.begin(errand)

    def _hear(self, found: Opened) -> None:
        if not found.difference:
            self._taken(found)
            return
        there = Path(found.project.source)

        def answer(what: Answer) -> None:
            self.question = None
            self._follow(found.project, what)

        self.question = ask_about_data(self._window, self._name, found.difference, there, answer)

    def _follow(self, project: Project, answer: Answer) -> None:
        if answer is Answer.CANCEL:
            self._say(Tone.HINT, self._stays(tr("{name} was not opened.")))
        elif answer is Answer.ANYWAY:
            anew = from_the_beginning(project)
            self._do(lambda watch: replace(read_for(anew, watch), as_saved=False))
        else:
            name = Path(project.source).name
            is_folder = answer is Answer.FOLDER
            path = data_at(self._window, name, self._folder, is_folder=is_folder)
            chosen = Path(path) if path else None  # then the question comes again
            self._do(lambda watch: with_data(project, watch, chosen))

    def _tell(self, share: float) -> None:
        text = tr("{name} is being opened: {percent:.0f} %.")
        text = text.format(name=self._name, percent=100 * share)
        self._say(Tone.HINT, text, tr("Cancel"), self._cancel)

    def _cancel(self) -> None:
        self._errands.cancel(self._errand)

    def _refuse(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            self._say(Tone.HINT, self._stays(tr("{name} was not opened.")))
        else:
            self._say(Tone.ERROR, tr("{error} What is there stays.").format(error=sentence(error)))

    def _stays(self, text: str) -> str:
        return text.format(name=self._name)


def _ignore(_found: Opened) -> None:
    """Who asked for it has thought better of it."""
