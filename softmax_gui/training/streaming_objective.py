"""The objective of core/objective.py for rows that stay on disk: each pass reads them once."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from softmax_gui.core.blocks import Block, Scratch, block_rows
from softmax_gui.core.objective import DenseObjective, Floats, identity
from softmax_gui.data.stored_blocks import BlockReader
from softmax_gui.data.stored_layout import BLOCK_BYTES, SAMPLE, Layout, generator, tasks_in_order
from softmax_gui.data.stored_numbers import Numbers
from softmax_gui.data.stored_split import evenly_spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from softmax_gui.core.compiled_blocks import Passes

KEPT_BYTES = 1 << 29  # of P up to which it is kept between two passes


class StoredObjective(DenseObjective):
    """F of rows on disk, read in order and ahead of the computation.

    All of DenseObjective, whose blocks come from a BlockReader: a pass that is left early ends
    its reading thread, and one that needs P alone reads nothing. A Gram matrix of some rows takes
    them spread evenly over the files.

    Args:
        numbers: reads the rows, in the type of the products.
        labels: (n,), 0 to q - 1.
        q: classes.
        weight_decay: at least 0, of W alone.
        label_smoothing: eps in [0, 1).
        class_weights: (q,), each positive; a row counts as its class does; None for 1 each.
        total: sums a float64 array over ranks, each of which reads rows of its own.
        block_bytes: of a block as it is computed on; three of them are in memory.
        passes: the compiled ones; None for numpy's.
    """

    def __init__(
        self,
        numbers: Numbers,
        labels: NDArray[Any],
        q: int,
        weight_decay: float = 0.0,
        label_smoothing: float = 0.0,
        class_weights: Floats | None = None,
        total: Callable[[Floats], Floats] = identity,
        block_bytes: int = BLOCK_BYTES,
        passes: Passes | None = None,
    ) -> None:
        # Not DenseObjective's, which cuts X in memory: X is a table of no rows here.
        self.n, self.d = numbers.rows.shape
        self.dtype, self.X = numbers.dtype, np.empty((0, self.d), numbers.dtype)
        self.q, self.weight_decay, self.label_smoothing = q, weight_decay, label_smoothing
        self.targets, self.sample_weight, self._passes = labels, None, passes
        self._numbers, self._class_weights, self._block_bytes = numbers, class_weights, block_bytes
        self._layout = Layout.of(self.n, self.d * numbers.dtype.itemsize, block_bytes)
        self._step, self._total = block_rows(q), total
        self._kept = self.n * q * numbers.dtype.itemsize <= KEPT_BYTES
        self._P = np.empty(self.n * q if self._kept else 0, self.dtype)
        self._blocks = cast("list[Block]", _Pass(self))  # which is iterated over, no more
        counts = np.bincount(labels, minlength=q)
        local = counts.sum() if class_weights is None else counts @ class_weights
        sums = total(np.array([float(self.n), float(local)]))
        self.rows, self.weight = int(sums[0]), float(sums[1])  # of all ranks
        self._scratch = Scratch(min(self._step, self.n), self.d, q, self.dtype)
        self._theta = np.zeros((self.d + 1, q))
        self._wide: DenseObjective | None = None

    def narrowed(self) -> StoredObjective:
        """The same F, read as float32; its `widened` is this one again."""
        narrow = StoredObjective(*self._arguments("float32"))
        narrow._wide = self
        return narrow

    def widened(self) -> DenseObjective:
        """The same F, read as float64."""
        if self.dtype == np.float64:
            return self
        if self._wide is not None:
            return self._wide.with_decay(self.weight_decay)
        return StoredObjective(*self._arguments("float64"))

    def blocks(self) -> Iterator[Block]:
        """A pass over all rows, which are read where X is asked for."""
        with _Source(self.reader) as source:
            for ranges in self._layout.in_order():
                first, last = ranges[0][0], ranges[-1][1]
                for start in range(first, last, self._step):
                    rows = _Rows(source, start, min(start + self._step, last))
                    yield self._block(rows)

    def reader(self) -> BlockReader:
        """Reads all rows in order."""
        return BlockReader(self._numbers, self.targets, tasks_in_order(self._layout), self._layout)

    def _block(self, rows: _Rows) -> Block:
        labels = self.targets[rows.start : rows.stop].astype(np.int64)
        weights = self._weights(labels)
        block = self._make_block(rows, labels, None, weights)
        if self._kept:
            block.P = self._P[rows.start * self.q : rows.stop * self.q].reshape(self.q, len(rows))
        return block

    def _strided(self, step: int) -> Iterator[tuple[Any, Any]]:
        rows = min(max(2**20 // self.d, 256), 2**14)
        if step == 1:
            with self.reader() as reader:
                for block in reader:
                    for start in range(0, len(block.X), rows):
                        part = slice(start, start + rows)
                        yield block.X[part], self._weights(block.labels[part])
            return
        spread = generator(0, SAMPLE, 2)  # the same rows each time
        row_bytes = self.d * self.dtype.itemsize
        ranges = evenly_spread(self.n, self.n // step, row_bytes, spread)
        group = max(1, rows * len(ranges) // max(1, self.n // step))
        for first in range(0, len(ranges), group):
            some = ranges[first : first + group]
            labels = np.concatenate([self.targets[start:stop] for start, stop in some])
            yield self._numbers.sample(some), self._weights(labels)

    def _weights(self, labels: NDArray[Any]) -> NDArray[Any] | None:
        if self._class_weights is None:
            return None
        weights: NDArray[Any] = self._class_weights[labels].astype(self.dtype)
        return weights

    def _arguments(self, dtype: str) -> tuple[Any, ...]:
        numbers = Numbers(self._numbers.rows, dtype, self._numbers.scaling)
        return (
            numbers, self.targets, self.q, self.weight_decay, self.label_smoothing,
            self._class_weights, self._total, self._block_bytes, self._passes,
        )  # fmt: skip


class _Pass:
    """Where DenseObjective iterates over its blocks, this makes them anew each time."""

    def __init__(self, objective: StoredObjective) -> None:
        self._objective = objective

    def __iter__(self) -> Iterator[Block]:
        return self._objective.blocks()


class _Source:
    """The rows of one pass, in order, and nothing read before the first is asked for."""

    def __init__(self, reader: Callable[[], BlockReader]) -> None:
        self._make_reader, self._reader = reader, contextlib.ExitStack()
        self._blocks: Iterator[Any] | None = None
        self._first, self._X = 0, np.empty((0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """X of these rows, which lie in one block, the last or one to come."""
        if self._blocks is None:
            self._blocks = iter(self._reader.enter_context(self._make_reader()))
        while stop > self._first + len(self._X):
            block = next(self._blocks)
            self._first, self._X = block.task.first, block.X
        return self._X[start - self._first : stop - self._first]


class _Rows:
    """What a Block needs of its X: how many rows, and the rows in some type."""

    def __init__(self, source: _Source, start: int, stop: int) -> None:
        self._source, self.start, self.stop = source, start, stop

    def __len__(self) -> int:
        return self.stop - self.start

    def astype(self, dtype: Any, *, copy: bool = True) -> NDArray[Any]:
        """(rows, d), as an array's astype has it."""
        return self._source.rows(self.start, self.stop).astype(dtype, copy=copy)
