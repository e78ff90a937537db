"""Minibatches from rows that stay on disk: any engine, handed one block of rows after the other.

An epoch visits every training row once, block by block (data/stored_layout.py); the order is a
pure function of seed and epoch, so the count of examples is all that a resumed run needs. Batches
do not cross blocks: a full block has a power of two of rows, so a batch size that is one fits it;
with any other the last batch of a block is smaller, its loss a mean over its own rows.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from softmax_gui.data.stored_blocks import Block, BlockReader
from softmax_gui.data.stored_layout import BLOCK_BYTES, Layout, shuffled_tasks
from softmax_gui.files import FileProblem
from softmax_gui.training.engine import Engine, ParameterState, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softmax_gui.data.dataset import Floats
    from softmax_gui.data.stored_split import StoredPart, StoredSplit
    from softmax_gui.training.config import TrainConfig
    from softmax_gui.training.snapshot import Measurement

_WAIT_S = 0.05  # for a block, at least: Pause acts within this much past the deadline


class BlockEngine(Protocol):
    """An engine whose rows to train on are handed to it; those to measure on it has."""

    def hold(
        self,
        X: NDArray[Any],
        labels: NDArray[np.int64],
        order: NDArray[np.int64],
        weights: NDArray[Any] | None,
    ) -> None:
        """Trains on X (rows, d), labels, weights (rows,), in this order, until the next hold.

        X stays the caller's: it is not changed before the next hold, and not kept after it.
        """

    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """As Engine.run, but from place `at` of the order held, and to its end at most."""

    def measure(self, part: str) -> Measurement:
        """As Engine.measure, on the samples in memory."""

    def load(self, state: ParameterState) -> None:
        """As Engine.load."""

    def state(self) -> ParameterState:
        """As Engine.state."""

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """As Engine.weights."""


class StreamingEngine(Engine):
    """An Engine for a StoredSplit, by its door alone: who computes the steps is handed in.

    "train" is measured on the split's training sample, "validation" on its validation sample.

    Args:
        split: the rows.
        inner: takes the steps, on any device; made for split.in_memory().
        config: its dtype and class_weight are those of the whole run.
        block_bytes: of a block as it is computed on; three of them are in memory.
    """

    def __init__(
        self,
        split: StoredSplit,
        inner: BlockEngine,
        config: TrainConfig,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        # Not Engine's, which would hold the rows: all that it holds, `inner` does.
        self.inner, self._stored, self.n = inner, split.train, split.train.n
        self._numbers = split.numbers(config.dtype)
        row_bytes = split.dataset.d * self._numbers.dtype.itemsize
        self._layout = Layout.of(split.train.n, row_bytes, block_bytes)
        weights = class_weights(split.train, split.dataset.q, config.class_weight)
        self._class_weights = None if weights is None else weights.astype(config.dtype)
        self._reader: BlockReader | None = None
        self._coming = -1, -1, -1  # seed, epoch and place of the block that the reader has next
        self._held: tuple[int, Block] | None = None  # the seed, and the block of its order

    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """Minibatches from the training example `at` on, which counts through all epochs.

        Makes at most `steps`, and stops early when time.monotonic() reaches `deadline`: before
        the first step only where the disk has not delivered a block by then.

        Raises:
            FileProblem: a file changed, vanished or does not answer; a number is not finite. No
                step was made by this call, and the run can go on once the file is back.
        """
        done: list[Progress] = []
        left = steps
        while left > 0:
            epoch, place = divmod(at + sum(part.examples for part in done), self.n)
            try:
                block = self._block_at(config.seed, epoch, place, deadline)
            except FileProblem:
                if not done:
                    raise
                break  # the steps made are told; the next call meets the problem again
            if block is None:
                break
            part = self.inner.run(place - block.task.first, left, config, deadline)
            done.append(part)
            left -= part.steps
            if time.monotonic() >= deadline or not np.isfinite(part.losses).all():
                break
        return _together(done)

    def measure(self, part: str) -> Measurement:
        """Mean loss and correct predictions on the sample of "train" or "validation"."""
        return self.inner.measure(part)

    def load(self, state: ParameterState) -> None:
        """Puts parameters and slots on the device."""
        self.inner.load(state)

    def state(self) -> ParameterState:
        """Copies of parameters and slots."""
        return self.inner.state()

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies of W (d, q) and b (q,)."""
        return self.inner.weights()

    def close(self) -> None:
        """Ends the reading thread, as forgetting the engine does; `run` starts a new one."""
        self._held = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _block_at(self, seed: int, epoch: int, place: int, deadline: float) -> Block | None:
        """The block that this place of an epoch lies in, held by the inner engine."""
        if self._held is not None and self._held[0] == seed:
            task = self._held[1].task
            if task.epoch == epoch and task.first <= place < task.first + task.rows:
                return self._held[1]
        self._held = None
        reader = self._reader
        if reader is None or self._coming != (seed, epoch, place):
            reader = self._read_from(seed, epoch, place)
        try:
            block = reader.next(max(deadline, time.monotonic() + _WAIT_S))
        except BaseException:
            self.close()
            raise
        if block is not None:
            self._hold(seed, block)
        return block

    def _hold(self, seed: int, block: Block) -> None:
        task, weights = block.task, None
        end = task.first + task.rows
        over = end == self.n
        self._coming = (seed, task.epoch + 1, 0) if over else (seed, task.epoch, end)
        if self._class_weights is not None:
            weights = self._class_weights[block.labels]
        self.inner.hold(block.X, block.labels, block.order, weights)
        self._held = seed, block

    def _read_from(self, seed: int, epoch: int, place: int) -> BlockReader:
        self.close()
        tasks = shuffled_tasks(self._layout, seed, epoch, place)
        self._reader = BlockReader(self._numbers, self._stored.labels, tasks, self._layout)
        self._coming = seed, epoch, place
        return self._reader


def class_weights(part: StoredPart, q: int, class_weight: str) -> Floats | None:
    """How much a row counts by its class, (q,), of mean 1 over the rows; None for all alike.

    As batches.training_weights has it, without an entry for each row.
    """
    if class_weight != "balanced":
        return None
    counts = np.bincount(part.labels, minlength=q)
    weights = np.where(counts > 0, 1.0 / np.maximum(counts, 1), 0.0)
    return weights * (part.n / (counts @ weights))


def _together(done: list[Progress]) -> Progress:
    """All of these, one after the other."""
    losses = np.concatenate([np.zeros(0), *(part.losses for part in done)])
    counted = [part.correct for part in done if part.correct is not None]
    correct = sum(counted) if counted and len(counted) == len(done) else None
    return Progress(sum(part.examples for part in done), losses, correct)
