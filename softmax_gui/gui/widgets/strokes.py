"""What painting does to a picture: how a brush covers cells, one stroke, one undoable edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QUndoCommand

if TYPE_CHECKING:
    from collections.abc import Callable

Position = tuple[float, float]  # (x, y) in cells: cell (r, c) spans c..c+1 and r..r+1

_SAMPLES_PER_CELL = 4  # of the line under a brush; consecutive samples lie in touching cells
_MOST_SAMPLES = 100_000


def picture(values: np.ndarray) -> np.ndarray:
    """A read-only float64 copy of `values`, clipped to [0, 1].

    Args:
        values: (h, w), any real type.

    Returns:
        The copy (h, w), which nobody else can write to.

    Raises:
        ValueError: not two axes, no cell at all, or a value that is not finite.
    """
    copy = np.array(values, dtype=np.float64)
    if copy.ndim != 2 or copy.size == 0:
        raise ValueError(f"a picture of shape {copy.shape}, (h, w) expected")
    if not np.isfinite(copy).all():
        row, column = np.argwhere(~np.isfinite(copy))[0]
        raise ValueError(f"picture, row {row}, column {column}: {copy[row, column]}")
    np.clip(copy, 0.0, 1.0, out=copy)
    copy.flags.writeable = False
    return copy


def coverage(shape: tuple[int, int], start: Position, end: Position, size: float) -> np.ndarray:
    """How far a round brush drawn from `start` to `end` covers each cell.

    Every cell under the line itself is covered fully, so that no drag leaves a gap. Around it a
    brush wider than one cell falls from 1 to 0 over one cell at the distance size / 2.

    Args:
        shape: (h, w) of the picture.
        start: (x, y) in cells; may lie outside.
        end: (x, y) in cells; may lie outside.
        size: the diameter in cells; at most 1 covers only the cells under the line.

    Returns:
        (h, w), from 0 (untouched) to 1 (covered).
    """
    covered = np.zeros(shape) if size <= 1.0 else _soft_coverage(shape, start, end, size)
    longest = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    samples = min(int(np.ceil(_SAMPLES_PER_CELL * longest)) + 1, _MOST_SAMPLES)
    columns, rows = np.floor(np.linspace(start, end, samples)).astype(np.int64).T
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    covered[rows[inside], columns[inside]] = 1.0
    return covered


def _soft_coverage(
    shape: tuple[int, int], start: Position, end: Position, size: float
) -> np.ndarray:
    x = np.arange(shape[1]) + 0.5 - start[0]
    y = np.arange(shape[0])[:, np.newaxis] + 0.5 - start[1]
    dx, dy = end[0] - start[0], end[1] - start[1]
    length_squared = dx * dx + dy * dy
    along = (x * dx + y * dy) / length_squared if length_squared > 0 else np.zeros(shape)
    np.clip(along, 0.0, 1.0, out=along)
    distance = np.hypot(x - along * dx, y - along * dy)
    return np.clip(size / 2 + 0.5 - distance, 0.0, 1.0)


class Stroke:
    """One drag of the brush, from press to release.

    The coverage is gathered over the whole drag and applied once to the picture beneath it:
    passing twice over a soft edge within one stroke does not harden it.
    """

    def __init__(self, start: np.ndarray, value: float, size: float, text: str) -> None:
        self.start, self.text = start, text
        self._value, self._size = value, size
        self._last: Position | None = None
        self.lay_on(start)

    def lay_on(self, beneath: np.ndarray) -> None:
        """Goes on over another picture of the same shape, set while the button is down."""
        self._beneath, self._covered = beneath, np.zeros(beneath.shape)

    def to(self, position: Position) -> np.ndarray:
        """The picture (h, w) after the brush went on to `position`."""
        last = position if self._last is None else self._last
        self._last = position
        shape = self._beneath.shape
        reached = coverage((shape[0], shape[1]), last, position, self._size)
        np.maximum(self._covered, reached, out=self._covered)
        return picture((1.0 - self._covered) * self._beneath + self._covered * self._value)


class ImageEdit(QUndoCommand):
    """From one picture to the next; both are kept whole, so that undo is exact."""

    def __init__(
        self,
        show: Callable[[np.ndarray], None],
        before: np.ndarray,
        after: np.ndarray,
        text: str,
        cell: int = -1,
    ) -> None:
        """`show` puts a picture in place; edits of one `cell` (not -1) in a row become one."""
        super().__init__(text)
        self._show = show
        self.before, self.after, self.cell = before, after, cell

    def undo(self) -> None:
        """Shows the picture before the edit."""
        self._show(self.before)

    def redo(self) -> None:
        """Shows the picture after the edit."""
        self._show(self.after)

    def id(self) -> int:
        """Qt's question whether this command may be merged at all."""
        return -1 if self.cell < 0 else 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Takes in the next edit of the same cell if nothing came between."""
        if not isinstance(other, ImageEdit) or other.cell != self.cell:
            return False
        if other.before is not self.after:
            return False
        self.after = other.after
        self.setObsolete(np.array_equal(self.before, self.after))
        return True
