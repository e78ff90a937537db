"""The engines of this package for rows that stay on disk.

Those that make minibatch steps are handed their rows block by block; the solvers read them.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.training.compiled import CompiledEngine, solver_passes, threads_for
from softmax_gui.training.devices import Backend, Device, NumpyBackend, backend, cores
from softmax_gui.training.engine import Engine, Progress, Rows
from softmax_gui.training.phm import PhmEngine
from softmax_gui.training.solving import SolverEngine
from softmax_gui.training.streaming import StreamingEngine, class_weights
from softmax_gui.training.streaming_objective import StoredObjective

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softmax_gui.core.compiled_blocks import Passes
    from softmax_gui.core.objective import Objective
    from softmax_gui.data.dataset import Split
    from softmax_gui.data.stored_split import StoredSplit
    from softmax_gui.training.config import TrainConfig


class HeldEngine(Engine):
    """Engine for streaming.StreamingEngine, on numpy or torch; see BlockEngine."""

    def hold(
        self,
        X: NDArray[Any],
        labels: NDArray[np.int64],
        order: NDArray[np.int64],
        weights: NDArray[Any] | None,
    ) -> None:
        """Trains on X (rows, d), labels, weights (rows,), in this order, until the next hold."""
        here = isinstance(self._backend, NumpyBackend)  # whose array() would copy
        put = np.asarray if here else self._backend.array
        self._block = Rows(put(X), put(labels), None)
        self._block_weights = None if weights is None else put(weights)
        self._block_order = put(order)

    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """Minibatches from place `at` of the order held, to its end at most."""
        steps = min(steps, math.ceil((len(self._block) - at) / config.batch_size))
        sample = self._train, self._weights
        self._train, self._weights = self._block, self._block_weights
        try:
            return super().run(at, steps, config, deadline)
        finally:
            self._train, self._weights = sample

    def _visits(self, seed: int, epoch: int) -> Any:  # noqa: ARG002 - the order is handed in
        return self._block_order


class HeldCompiledEngine(CompiledEngine):
    """CompiledEngine for streaming.StreamingEngine; see BlockEngine.

    It leaves one core to the thread that reads, unless it is told how many to take: on two cores
    an epoch was 1.1 to 2 times faster with one thread than with two that wait for each other.
    """

    def __init__(self, split: Split, config: TrainConfig) -> None:
        threads = config.threads or min(threads_for(split, config), max(1, cores() - 1))
        super().__init__(split, replace(config, threads=threads))

    def hold(
        self,
        X: NDArray[Any],
        labels: NDArray[np.int64],
        order: NDArray[np.int64],
        weights: NDArray[Any] | None,
    ) -> None:
        """Trains on X (rows, d), labels, weights (rows,), in this order, until the next hold."""
        self._block = Rows(X, labels, None)
        none = self._data[2][:0], np.zeros(0, X.dtype)
        self._data = X, labels, none[0], none[1] if weights is None else weights
        self._order = order

    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """Minibatches from place `at` of the order held, to its end at most."""
        steps = min(steps, math.ceil((len(self._block) - at) / config.batch_size))
        sample, self._train = self._train, self._block
        try:
            return super().run(at, steps, config, deadline)
        finally:
            self._train = sample

    def _begin(self, at: int, seed: int) -> tuple[np.uint64, int, int]:  # noqa: ARG002
        return np.uint64(0), -1, at  # an epoch below 0: the order ends the call


class HeldPhmEngine(HeldEngine, PhmEngine):
    """PhmEngine for streaming.StreamingEngine; see BlockEngine."""


class StoredSolverEngine(SolverEngine):
    """SolverEngine whose passes read the rows from disk, on the CPU."""

    def __init__(
        self,
        split: StoredSplit,
        backend: Backend,
        config: TrainConfig,
        passes: Passes | None = None,
    ) -> None:
        self._stored = split
        super().__init__(split.in_memory(), backend, config, passes)
        data, self.n = split.dataset, split.train.n
        self.choice = self._chosen(self.n, data.d, data.q, config)

    def _make_objective(self, q: int, config: TrainConfig) -> Objective:
        """F of the training rows where they are."""
        train = self._stored.train
        return StoredObjective(
            self._stored.numbers(config.dtype), train.labels, q, config.weight_decay,
            config.label_smoothing, class_weights(train, q, config.class_weight),
            passes=self._passes,
        )  # fmt: skip


def stored_engine(split: StoredSplit, config: TrainConfig, device: Device) -> Engine:
    """The engine for rows on disk that computes on this device.

    Raises:
        DeviceError: it can't be used.
    """
    small, compiled = split.in_memory(), device.kind == "compiled"
    if config.solver != "minibatch":
        passes = solver_passes(split, config) if compiled else None
        return StoredSolverEngine(split, NumpyBackend(config.dtype), config, passes)
    if compiled:
        return StreamingEngine(split, HeldCompiledEngine(small, config), config)
    place = backend(device, config.dtype)
    held = HeldPhmEngine if config.phm_order else HeldEngine
    return StreamingEngine(split, held(small, place, config), config)
