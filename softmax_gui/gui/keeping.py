"""The state of the run, taken on the training thread between two slices, while it trains."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from softmax_gui.gui.run_config import Kept
from softmax_gui.gui.trainer import TrainingWorker
from softmax_gui.i18n import tr


class KeepWorker(QObject):
    """Answers each question for the state; lives on the thread of the run."""

    kept = Signal(int, object)  # the ticket; the Kept, or the exception

    def __init__(self, training: TrainingWorker) -> None:
        super().__init__()  # no parent: Qt moves no child on its own
        self._training = training

    @Slot(int)
    def keep(self, ticket: int) -> None:
        """Copies all that the run needs to go on bit by bit."""
        try:
            if not self._training.has_run:
                raise ValueError(tr("There are no data yet. Choose a source first."))
            self.kept.emit(ticket, self._training.kept())
        except Exception as error:  # noqa: BLE001 - past this edge Qt would only print it
            self.kept.emit(ticket, error)


class Tickets:
    """Who waits for which answer, on the window's thread."""

    def __init__(self, ask: Callable[[int], None]) -> None:
        """Asks by ask(ticket)."""
        self._ask, self._last = ask, 0
        self._waiting: dict[int, tuple[Callable[[Kept], None], Callable[[Exception], None]]] = {}

    @property
    def open(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._waiting)

    def ask(self, then: Callable[[Kept], None], otherwise: Callable[[Exception], None]) -> None:
        """Calls then(state) or otherwise(why not), later."""
        self._last += 1
        self._waiting[self._last] = then, otherwise
        self._ask(self._last)

    def hear(self, ticket: int, state: Kept | Exception) -> None:
        """An answer."""
        then, otherwise = self._waiting.pop(ticket)
        if isinstance(state, Exception):
            otherwise(state)
        else:
            then(state)
