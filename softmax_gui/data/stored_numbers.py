"""From rows on disk to numbers to compute with: type, scaling, and that all are finite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.files import FileProblem
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softmax_gui.data.dataset import Scaling
    from softmax_gui.data.stored_rows import ShardedRows

_READ_BYTES = 4 << 20  # of the file, at a time, where the numbers are not read into their place
_CHUNK = 1 << 15  # entries at a time, so that float64 temporaries stay in the cache


class Numbers:
    """Reads rows as `dtype`, scaled in float64 as Scaling.apply does, and looks at each number.

    Rows that are wanted as they are in the file go straight to where they are wanted.

    Args:
        rows: on disk.
        dtype: float32 or float64, of what is handed out.
        scaling: applied to each row; None leaves the file's units.
    """

    def __init__(
        self, rows: ShardedRows, dtype: str | np.dtype[Any], scaling: Scaling | None = None
    ) -> None:
        self.rows, self.dtype, self.scaling = rows, np.dtype(dtype), scaling
        self._as_they_are = scaling is None and rows.dtype == self.dtype
        self._raw: NDArray[Any] | None = None

    def read(self, start: int, stop: int, out: NDArray[Any]) -> None:
        """Fills `out` (stop - start, d) of this dtype, C-contiguous.

        Raises:
            FileProblem: the files cannot be read on, or a number is not finite.
        """
        step = max(1, _READ_BYTES // (self.rows.d * self.rows.dtype.itemsize))
        for first in range(start, stop, step):
            last = min(first + step, stop)
            part = out[first - start : last - start]
            if self._as_they_are:
                self.rows.read(first, last, part)
            else:
                self._convert(self._read_raw(first, last, step), part)
            if self.rows.dtype.kind == "f":
                self._look_at(first, part)

    def sample(self, ranges: list[tuple[int, int]]) -> NDArray[Any]:
        """The rows of these ranges, (rows, d), in memory.

        Raises:
            FileProblem: as read.
        """
        X = np.empty((sum(stop - start for start, stop in ranges), self.rows.d), self.dtype)
        filled = 0
        for start, stop in ranges:
            self.read(start, stop, X[filled : filled + stop - start])
            filled += stop - start
        return X

    def _read_raw(self, start: int, stop: int, most: int) -> NDArray[Any]:
        if self._raw is None or len(self._raw) < stop - start:
            self._raw = np.empty((most, self.rows.d), self.rows.dtype)
        raw = self._raw[: stop - start]
        self.rows.read(start, stop, raw)
        return raw

    @np.errstate(over="ignore", invalid="ignore")  # what is not finite is found below
    def _convert(self, raw: NDArray[Any], out: NDArray[Any]) -> None:
        if self.scaling is None:
            out[...] = raw
            return
        step = max(1, _CHUNK // raw.shape[1])
        for first in range(0, len(raw), step):
            wide = raw[first : first + step].astype(np.float64)
            if self.scaling.per_row:
                self.scaling.apply_in_place(wide)
            else:  # without a look, at each few rows, whether it moves anything
                wide -= self.scaling.shift
                wide /= self.scaling.scale
            out[first : first + step] = wide

    def _look_at(self, first: int, part: NDArray[Any]) -> None:
        finite = np.isfinite(part)  # 4 MB in 0.1 ms; BLAS would take other people's threads
        if not finite.all():
            row, column = divmod(int(np.argmin(finite)), part.shape[1])
            bad = finite.size - int(finite.sum())
            raise not_finite(self.rows, bad, first + row, column, self.dtype)


def not_finite(
    rows: ShardedRows, bad: int, row: int, column: int, dtype: np.dtype[Any]
) -> FileProblem:
    """So many numbers are not finite, the first of them here."""
    file, number = rows.place(row)
    text = tr(
        "{file}, row {row:,}, feature {column:,}: not a finite number of type {kind}; {count:,} "
        "such values were found. Repair the file or leave these rows out."
    )
    return FileProblem(text.format(file=file, row=number, column=column + 1, kind=dtype, count=bad))
