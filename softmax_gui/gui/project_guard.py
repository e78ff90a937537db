"""What of the work would be lost, and the question before it is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from softmax_gui.gui.project_dialogs import Answer, Question, ask_about_work
from softmax_gui.gui.project_mark import Mark
from softmax_gui.i18n import tr

ASK_AFTER_S = 60.0  # a shorter run of a sample is made anew sooner than a question is read
Then = Callable[[], object]


def run_at_stake(now: Mark | None, saved: Mark | None, *, has_file: bool) -> bool:
    """Whether a run is not saved that takes time, or own data, to be made again."""
    if now is None or now.same_run(saved):
        return False
    return ((now.own_data or has_file) and now.begun) or now.seconds >= ASK_AFTER_S


def work_at_stake(now: Mark | None, saved: Mark | None, *, has_file: bool) -> bool:
    """Whether anything is not saved that is worth a question; of a project everything is."""
    if now is None or now.same(saved):
        return False
    return has_file or not now.same_drawing(saved) or run_at_stake(now, saved, has_file=False)


class Guard:
    """Asks one question at a time, a newer one in the place of an older.

    Attributes:
        question: the one that is asked now.
    """

    def __init__(self, window: QWidget, save: Callable[[Then], None]) -> None:
        """`save` saves the work and calls then() once that is done."""
        self._window, self._save = window, save
        self.question: Question | None = None

    def ask(self, name: str, then: Then, otherwise: Then | None = None) -> None:
        """Calls then() when the work `name` is saved or may be lost, else otherwise().

        A save takes time and may come to nothing: otherwise() is called before it, too.
        """
        self.withdraw()

        def hear(answer: Answer) -> None:
            self.question = None
            if answer is Answer.LOSE:
                then()
                return
            if otherwise is not None:
                otherwise()
            if answer is Answer.SAVE:
                self._save(then)

        more = tr("What is not saved is lost.")
        self.question = ask_about_work(self._window, name, more, hear)

    def withdraw(self) -> None:
        """Takes the question back, unanswered."""
        if self.question is not None:
            self.question.withdraw()
            self.question = None
