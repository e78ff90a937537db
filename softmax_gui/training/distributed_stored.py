"""Ranks whose rows stay on disk: each reads its own run of them, in the files that hold it."""

from __future__ import annotations

import math
from dataclasses import replace

from softmax_gui.core.arrays import Array
from softmax_gui.core.objective import Objective
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import Backend
from softmax_gui.training.distributed import CALL_STEPS, Ranks, summed_step
from softmax_gui.training.engine import Engine, Progress
from softmax_gui.training.solving import SolverEngine
from softmax_gui.training.streaming import StreamingEngine, class_weights
from softmax_gui.training.streaming_engines import HeldEngine
from softmax_gui.training.streaming_objective import StoredObjective


class _RankHeldEngine(HeldEngine):
    """HeldEngine whose step is one of all ranks."""

    def __init__(
        self, split: StoredSplit, backend: Backend, config: TrainConfig, ranks: Ranks
    ) -> None:
        self._ranks = ranks
        super().__init__(split.in_memory(), backend, config)

    def _step(self, rows: Array, config: TrainConfig) -> Array:
        share = 1.0 / self._ranks.size
        batch = self._batch(rows)
        return summed_step(self._state, batch, share, config, self._backend, self._ranks)


class RankStreamingEngine(StreamingEngine):
    """Minibatches of which each rank takes an equal part from its own blocks.

    Every rank has as many rows as the others, so that all make the same number of steps; at most
    size - 1 rows are left out. The batch size is that of all ranks together, rounded to a multiple
    of their number. What is measured are samples that every rank holds.
    """

    def __init__(
        self, split: StoredSplit, backend: Backend, config: TrainConfig, ranks: Ranks
    ) -> None:
        self._ranks = ranks
        own = own_rows(split, ranks)
        super().__init__(own, _RankHeldEngine(own, backend, config, ranks), config)

    def now(self) -> float:
        """Rank 0's clock: every rank must ask."""
        return self._ranks.now()

    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """As StreamingEngine.run; `at` and the examples are those of all ranks."""
        del deadline
        size = self._ranks.size
        mine = replace(config, batch_size=max(1, round(config.batch_size / size)))
        done = super().run(at // size, min(steps, CALL_STEPS), mine, math.inf)
        return replace(done, examples=done.examples * size)


class RankStoredSolverEngine(SolverEngine):
    """A solver: each rank sums over the rows it reads, and all run the same iterations."""

    def __init__(
        self, split: StoredSplit, backend: Backend, config: TrainConfig, ranks: Ranks
    ) -> None:
        self._ranks, self._own = ranks, own_rows(split, ranks)
        super().__init__(split.in_memory(), backend, config)
        self.n = self._own.train.n * ranks.size
        self.choice = self._chosen(self.n, split.dataset.d, split.dataset.q, config)

    def now(self) -> float:
        """Rank 0's clock: every rank must ask."""
        return self._ranks.now()

    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """One iteration, whole: a rank that left it early would leave the others waiting."""
        del deadline
        return super().run(at, steps, config, math.inf)

    def _make_objective(self, q: int, config: TrainConfig) -> Objective:
        train = self._own.train
        return StoredObjective(
            self._own.numbers(config.dtype), train.labels, q, config.weight_decay,
            config.label_smoothing, class_weights(train, q, config.class_weight),
            self._ranks.total,
        )  # fmt: skip


def own_rows(split: StoredSplit, ranks: Ranks) -> StoredSplit:
    """The split whose rows to train on are this rank's: one run of them, as many as each has."""
    each = split.train.n // ranks.size
    return split.share(each * ranks.rank, each * (ranks.rank + 1))


def rank_engine(split: StoredSplit, backend: Backend, config: TrainConfig, ranks: Ranks) -> Engine:
    """The engine of a rank for rows on disk."""
    of_solver = config.solver != "minibatch"
    kind = RankStoredSolverEngine if of_solver else RankStreamingEngine
    return kind(split, backend, config, ranks)
