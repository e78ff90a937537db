"""Event files for TensorBoard, on request, by the package tensorboardX."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui.files import FileProblem
from softmax_gui.i18n import tr
from softmax_gui.training.history import COLUMNS

EVENTS = "tensorboard"  # in a run folder
TAGS = {
    "train_loss": "loss/train",
    "validation_loss": "loss/validation",
    "train_accuracy": "accuracy/train",
    "validation_accuracy": "accuracy/validation",
}
FLUSH_S = 10


class EventsNotAvailable(RuntimeError):
    """tensorboardX is not installed or can't be loaded; the sentence says what to do."""


class EventWriter:
    """Losses (nats) and accuracies of a run, by step.

    Raises:
        EventsNotAvailable: without tensorboardX.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboardX import SummaryWriter  # noqa: PLC0415 - on demand: it takes seconds
        except ImportError as error:
            text = tr(
                "Event files need tensorboardX, which could not be loaded ({error})."
                ' Install it: pip install "softmax-gui[tensorboard]".'
            )
            raise EventsNotAvailable(text.format(error=error)) from error
        self._open: Callable[[], Any] = partial(SummaryWriter, str(folder), flush_secs=FLUSH_S)
        self._writer: Any = None
        self._last = -math.inf  # the step last written: a curve never goes back

    def add(self, rows: np.ndarray) -> None:
        """Writes the rows (m, len(COLUMNS)) of a history that come after those written before.

        Raises:
            FileProblem: nothing can be written there.
        """
        try:
            if self._writer is None:
                self._writer = self._open()
            for row in rows[rows[:, 0] > self._last].tolist():
                self._add(dict(zip(COLUMNS, row, strict=True)))
        except OSError as error:
            text = tr("The event files could not be written: {reason}.")
            raise FileProblem(text.format(reason=error.strerror or error)) from error

    def close(self) -> None:
        """Writes what waits."""
        if self._writer is not None:
            self._writer.close()

    def _add(self, row: dict[str, float]) -> None:
        step = int(row["step"])
        for column, tag in TAGS.items():
            if math.isfinite(row[column]):
                self._writer.add_scalar(tag, row[column], step, walltime=time.time())
        self._last = step
