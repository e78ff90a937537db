"""Measurements in columns: appended to for ever, handed out without a copy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COLUMNS = (
    "step", "epoch", "seconds",
    "train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
)  # fmt: skip


@dataclass(frozen=True)
class HistoryView:
    """The first rows of a History, read-only; it never changes, because a History only grows.

    Attributes:
        rows: (m, len(COLUMNS)) float64; losses in nats.
        generation: two views of one generation agree on the rows they share.
    """

    rows: np.ndarray
    generation: int

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str, start: int = 0) -> np.ndarray:
        """(m - start,): one of COLUMNS from row `start` on."""
        return self.rows[start:, COLUMNS.index(name)]


class History:
    """Rows of numbers in one buffer that doubles: 56 bytes a row, no Python object kept."""

    def __init__(self) -> None:
        self._buffer = np.empty((256, len(COLUMNS)))
        self._length = 0
        self._generation = 0

    @classmethod
    def of(cls, rows: np.ndarray) -> History:
        """With these rows (m, len(COLUMNS)) to begin with, which are copied."""
        history = cls()
        history._length = len(rows)
        history._buffer = np.empty((max(256, 2 * len(rows)), len(COLUMNS)))
        history._buffer[: len(rows)] = rows
        return history

    def append(self, **values: float) -> None:
        """Adds one row; every column must be given. A second row of one step is left out."""
        if self._length and self._buffer[self._length - 1, 0] == values["step"]:
            return
        if self._length == len(self._buffer):
            self._move(2 * len(self._buffer))
        self._buffer[self._length] = [values[name] for name in COLUMNS]
        self._length += 1

    def truncate(self, step: int) -> None:
        """Forgets the rows after `step`; views handed out before keep them."""
        self._length = int(np.searchsorted(self._buffer[: self._length, 0], step, side="right"))
        self._move(len(self._buffer))  # a buffer of its own, since rows will be written again
        self._generation += 1

    def view(self) -> HistoryView:
        """What has been measured so far, without a copy."""
        rows = self._buffer[: self._length]
        rows.flags.writeable = False
        return HistoryView(rows, self._generation)

    def _move(self, capacity: int) -> None:
        buffer = np.empty((capacity, len(COLUMNS)))
        buffer[: self._length] = self._buffer[: self._length]
        self._buffer = buffer
