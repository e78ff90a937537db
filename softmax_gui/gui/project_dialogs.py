"""What the user is asked of projects: where, whether work may go, and where data went."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from softmax_gui.export.project import ENDING
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.i18n import tr

_ROLE = QMessageBox.ButtonRole


class Answer(Enum):
    """What the user chose."""

    SAVE = "save"
    LOSE = "lose"
    CANCEL = "cancel"
    FILE = "file"
    FOLDER = "folder"
    ANYWAY = "anyway"


Told = Callable[[Answer], None]


class Question(QMessageBox):
    """A question in the window's way, which waits for its answer without holding anything up."""

    def __init__(self, window: QWidget, title: str, text: str, more: str, told: Told) -> None:
        super().__init__(window)
        self._told = told
        self._answers: dict[object, Answer] = {}
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle(title)
        self.setText(text)
        self.setInformativeText(more)
        self.setAccessibleName(text)
        self.finished.connect(self._finish)

    def offer(self, answer: Answer, text: str, role: QMessageBox.ButtonRole) -> None:
        """A button; the first one is what Enter means, that of CANCEL what Escape means."""
        button = self.addButton(text, role)
        if not self._answers:
            self.setDefaultButton(button)
        if answer is Answer.CANCEL:
            self.setEscapeButton(button)
        self._answers[button] = answer

    def withdraw(self) -> None:
        """Takes the question back, unanswered."""
        self._told = lambda _answer: None
        self.reject()

    def _finish(self, _code: int) -> None:
        answer = self._answers.get(self.clickedButton(), Answer.CANCEL)
        self.deleteLater()
        self._told(answer)


def ask_about_work(window: QWidget, name: str, more: str, told: Told) -> Question:
    """Whether what was not saved may go."""
    text = tr("Save the changes to {name}?").format(name=one_line(name))
    question = Question(window, tr("Unsaved work"), text, more, told)
    question.offer(Answer.SAVE, tr("Save"), _ROLE.AcceptRole)
    question.offer(Answer.LOSE, tr("Don't save"), _ROLE.DestructiveRole)
    question.offer(Answer.CANCEL, tr("Cancel"), _ROLE.RejectRole)
    question.open()
    return question


def ask_about_data(
    window: QWidget, name: str, difference: str, there: Path, told: Told
) -> Question:
    """Where the data of a project are, or whether what is at `there` will do."""
    more = tr("Show where the data are; they are compared with those of the project.")
    is_there = there.exists()
    if is_there:
        more += " " + tr("Or train on what is there now, from step 0.")
    title = tr("Open {name}").format(name=one_line(name))
    question = Question(window, title, difference, more, told)
    if not (is_there and there.is_dir()):
        question.offer(Answer.FILE, tr("Find the file…"), _ROLE.AcceptRole)
    if not (is_there and there.is_file()):
        question.offer(Answer.FOLDER, tr("Find the folder…"), _ROLE.AcceptRole)
    if is_there:
        question.offer(Answer.ANYWAY, tr("Train from step 0"), _ROLE.AcceptRole)
    question.offer(Answer.CANCEL, tr("Cancel"), _ROLE.RejectRole)
    question.open()
    return question


def project_to_open(window: QWidget, folder: str) -> str:
    """The path of a project, or "" when the user thinks better of it."""
    kinds = f"{_kinds()};;{tr('All files')} (*)"
    path, _ = QFileDialog.getOpenFileName(window, tr("Open project"), folder, kinds)
    return path


def project_to_save(window: QWidget, start: str) -> tuple[Path | None, str]:
    """Where a project is to be saved; None, and perhaps why, when nothing comes of it."""
    text, _ = QFileDialog.getSaveFileName(window, tr("Save project"), start, _kinds())
    if not text:
        return None, ""
    path = Path(text)
    if path.suffix.lower() != ENDING:
        path = path.with_name(path.name + ENDING)
        if path.exists():  # the dialog asked about the name without the ending
            message = tr("{name} is there already. Choose its whole name to replace it.")
            return None, message.format(name=path.name)
    return path, ""


def suggested(name: str) -> str:
    """The name of a project of data with this name, one that every file system takes."""
    safe = "".join("_" if char in '<>:"/\\|?*' or ord(char) < 32 else char for char in name)
    return (Path(safe.strip(" .")[:80]).stem or tr("project")) + ENDING


def data_at(window: QWidget, name: str, folder: str, *, is_folder: bool) -> str:
    """The path of data that moved, or "" when the user thinks better of it."""
    title = tr("Where is {name}?").format(name=one_line(name))
    if is_folder:
        none = QFileDialog.Option(0)  # the files are shown: a look says which folder it is
        return QFileDialog.getExistingDirectory(window, title, folder, none)
    path, _ = QFileDialog.getOpenFileName(window, title, folder, f"{tr('All files')} (*)")
    return path


def _kinds() -> str:
    return tr("Projects ({patterns})").format(patterns=f"*{ENDING}")
