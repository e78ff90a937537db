"""What the minibatches since the last snapshot say of the loss and the accuracy."""

from __future__ import annotations

from softmax_gui.training.engine import Progress
from softmax_gui.training.snapshot import Measurement


class Running:
    """Sums over steps, in the room of four numbers however long nobody asks."""

    def __init__(self) -> None:
        self._loss, self._steps, self._examples = 0.0, 0, 0
        self._correct: int | None = 0

    def add(self, progress: Progress) -> None:
        """Takes the steps just made."""
        self._loss += float(progress.losses.sum())
        self._steps += progress.steps
        self._examples += progress.examples
        counted = self._correct is not None and progress.correct is not None
        self._correct = (self._correct or 0) + (progress.correct or 0) if counted else None

    def measurement(self) -> Measurement | None:
        """Mean loss and hits; None where no step was made or hits were not counted."""
        if not self._steps or self._correct is None:
            return None
        return Measurement(self._loss / self._steps, self._correct, self._examples)
