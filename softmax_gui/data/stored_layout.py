"""Which stored rows are visited when: a pure function of sizes, seed and epoch.

An epoch visits stretches of some 4 MB, neighbours on disk, in an order of its own. Sixteen of
them, from all over the files, make a block of up to 64 MB, whose rows are visited in an order of
their own. So a file that is sorted by class is mixed too, and is still read at the disk's full
rate: with a cold cache, 4 MB stretches announced to the system came at 0.9 to 1.8 GB/s where 64 MB
in a row came at 0.7 to 1.4; without the announcement they came at 0.6 to 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Range: TypeAlias = tuple[int, int]

BLOCK_BYTES = 64 << 20
STRETCHES = 16  # a block
# What a seed is used for; data/batches.py has other numbers.
BLOCKS, ROWS, SAMPLE = 11, 12, 13


@dataclass(frozen=True)
class Layout:
    """How n rows are cut into stretches and blocks; a function of the sizes alone.

    A block has a power of two of rows, so that batches of a power of two fill it; of any other
    batch size the last batch of a block is smaller.

    Attributes:
        n: rows.
        block_rows: of a full block.
        stretch_rows: of a stretch: what is read in one go.
    """

    n: int
    block_rows: int
    stretch_rows: int

    @classmethod
    def of(cls, n: int, row_bytes: int, block_bytes: int = BLOCK_BYTES) -> Layout:
        """For n rows of row_bytes each, as they are in memory."""
        fitting = max(1, block_bytes // row_bytes)
        block_rows = 1 << (fitting.bit_length() - 1)
        return cls(n, block_rows, max(1, block_rows // STRETCHES))

    def shuffled(self, seed: int, epoch: int) -> list[list[Range]]:
        """The ranges of rows of each block of an epoch, counted from 0: a pure function."""
        starts = np.arange(0, self.n, self.stretch_rows)
        order = generator(seed, BLOCKS, epoch).permutation(len(starts))
        return self._blocks(starts[order])

    def in_order(self) -> list[list[Range]]:
        """The ranges of rows of each block, as they are on disk."""
        return self._blocks(np.arange(0, self.n, self.stretch_rows))

    def _blocks(self, starts: NDArray[np.int64]) -> list[list[Range]]:
        size = self.block_rows // self.stretch_rows
        cut = (np.sort(starts[i : i + size]).tolist() for i in range(0, len(starts), size))
        return [[(a, min(a + self.stretch_rows, self.n)) for a in block] for block in cut]


def row_order(rows: int, seed: int, epoch: int, index: int) -> NDArray[np.int64]:
    """In which order the rows of a block are visited, (rows,): a pure function."""
    return generator(seed, ROWS, epoch, index).permutation(rows)


@dataclass(frozen=True)
class Task:
    """A block to read.

    Attributes:
        epoch: counted from 0.
        index: of the block in its epoch.
        first: how many rows the epoch visits before it.
        ranges: of rows.
        order: whether its rows are shuffled, by the seed; None leaves them as they are.
    """

    epoch: int
    index: int
    first: int
    ranges: list[Range]
    seed: int | None

    @property
    def rows(self) -> int:
        """How many."""
        return sum(stop - start for start, stop in self.ranges)


def shuffled_tasks(layout: Layout, seed: int, epoch: int = 0, place: int = 0) -> Iterator[Task]:
    """From the block that `place`, rows visited in this epoch, lies in; epoch after epoch."""
    for number in count(epoch):
        first = 0
        for index, ranges in enumerate(layout.shuffled(seed, number)):
            task = Task(number, index, first, ranges, seed)
            first += task.rows
            if number > epoch or first > place:
                yield task


def tasks_in_order(layout: Layout) -> Iterator[Task]:
    """One pass over all rows as they are on disk."""
    for index, ranges in enumerate(layout.in_order()):
        yield Task(0, index, ranges[0][0], ranges, None)


def generator(seed: int, *purpose: int) -> np.random.Generator:
    """The random numbers of a seed for one purpose."""
    sequence = np.random.SeedSequence(seed, spawn_key=purpose)
    return np.random.Generator(np.random.Philox(sequence))
