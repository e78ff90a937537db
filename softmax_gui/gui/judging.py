"""Judges weights by a part on the training thread, block by block, beside the run."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Part, Split
from softmax_gui.training.judgement import Judgement, judge


@dataclass(frozen=True, eq=False)
class Look:
    """A look at a locked part.

    Attributes:
        split: the data it belongs to.
        part: its rows, scaled.
        model: W (d, q), b (q,) as they were at `step`.
    """

    split: Split
    part: Part
    model: Dense
    step: int


class JudgeWorker(QObject):
    """One look at a time; a newer one takes the place of the one under way."""

    judged = Signal(object)  # (the Look, its Judgement)
    failed = Signal(object)  # the exception that nobody expected

    def __init__(self) -> None:
        super().__init__()  # no parent: Qt moves no child on its own
        self._look: Look | None = None
        self._work: Generator[None, None, Judgement] | None = None
        self._pulse = QTimer(self)
        self._pulse.timeout.connect(self._take_block)

    @Slot(object)
    def judge(self, look: Look) -> None:
        """Begins; between two blocks the run of the same thread goes on."""
        self._look, self._work = look, judge(look.model, look.part)
        self._pulse.start(0)

    @Slot()
    def _take_block(self) -> None:
        if self._work is None:
            return
        try:
            next(self._work)
        except StopIteration as end:
            self._stop()
            self.judged.emit((self._look, end.value))
        except Exception as error:  # noqa: BLE001 - past this edge Qt would only print it
            self._stop()
            self.failed.emit(error)

    def _stop(self) -> None:
        self._pulse.stop()
        self._work = None
