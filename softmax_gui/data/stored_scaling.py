"""Mean and deviation of features that stay on disk, by one pass over all rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.dataset import Floats, Scaling
from softmax_gui.data.stored_blocks import BlockReader
from softmax_gui.data.stored_layout import Layout, tasks_in_order
from softmax_gui.data.stored_numbers import not_finite

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from softmax_gui.data.stored_rows import ShardedRows

_CHUNK = 1 << 15  # entries at a time, so that float64 temporaries stay in the cache


@dataclass
class Moments:
    """Mean and squared deviations of each feature, gathered block by block in float64.

    The first row is subtracted from all, so that a constant feature deviates by exactly 0.

    Source: Chan, Golub, LeVeque (1983), Algorithms for computing the sample variance, eq. 2.1.
    """

    d: int

    def __post_init__(self) -> None:
        self.n = 0
        self.pivot = np.zeros(self.d)
        self._mean, self._squares = np.zeros(self.d), np.zeros(self.d)

    def add(self, X: NDArray[Any]) -> None:
        """Takes rows (m, d)."""
        if self.n == 0 and len(X):
            self.pivot = X[0].astype(np.float64)
        step = max(1, _CHUNK // self.d)
        for first in range(0, len(X), step):
            self._merge(X[first : first + step].astype(np.float64) - self.pivot)

    @property
    def mean(self) -> Floats:
        """(d,)."""
        return self.pivot + self._mean

    @property
    def deviation(self) -> Floats:
        """The standard deviation, (d,), with n in the denominator."""
        return np.sqrt(self._squares / max(1, self.n))

    def scaling(self) -> Scaling:
        """To mean 0 and standard deviation 1; a constant feature to 0."""
        return Scaling(self.mean, self.deviation, "standardise")

    def _merge(self, chunk: Floats) -> None:
        m = len(chunk)
        mean = chunk.mean(axis=0)
        chunk -= mean
        apart = mean - self._mean
        total = self.n + m
        self._squares += np.einsum("ij,ij->j", chunk, chunk) + apart**2 * (self.n * m / total)
        self._mean += apart * (m / total)
        self.n = total


class _AsStored:
    """Rows as they are in the file, looked at by nobody."""

    def __init__(self, rows: ShardedRows) -> None:
        self.rows, self.dtype, self.read = rows, rows.dtype, rows.read


def moments(rows: ShardedRows) -> Generator[None, None, Moments]:
    """Mean and deviation of all rows by one pass, and a look at every number.

    Yields:
        None after each block of rows; it may be left at any.

    Raises:
        FileProblem: numbers that are not finite: how many, and where the first is; or the files
            cannot be read on.
    """
    gathered, bad, first = Moments(rows.d), 0, (0, 0)
    layout = Layout.of(rows.n, rows.d * rows.dtype.itemsize)
    labels = np.zeros(rows.n, np.uint8)  # nobody asks for them; zero pages take no memory
    with BlockReader(_AsStored(rows), labels, tasks_in_order(layout), layout) as reader:
        for block in reader:
            finite = np.isfinite(block.X)
            if finite.all():
                gathered.add(block.X)
            else:
                if not bad:
                    row, column = divmod(int(np.argmin(finite)), rows.d)
                    first = block.task.first + row, column
                bad += finite.size - int(finite.sum())
            yield
    if bad:
        raise not_finite(rows, bad, *first, rows.dtype)
    return gathered
