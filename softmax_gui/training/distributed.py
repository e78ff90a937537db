"""Several processes as one: torchrun starts them, each holds its share of the rows, sums meet.

Every rank runs the same session on the same plan. What is summed over the ranks (gradients,
curvature products, losses, hits) comes back the same to each, bit by bit, so that all hold the
same weights without ever sending them. The clock is rank 0's: whoever looks at it takes part, or
ranks would leave a slice at different steps and wait for each other for ever.
"""

from __future__ import annotations

import math
import os
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.arrays import Array
from softmax_gui.core.losses import cross_entropy, dense_gradient
from softmax_gui.core.objective import DenseObjective, Objective
from softmax_gui.core.optimizers import MinibatchState, update
from softmax_gui.data.batches import training_weights
from softmax_gui.data.dataset import Part, Split
from softmax_gui.i18n import tr
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import Backend, import_torch
from softmax_gui.training.engine import Engine, Progress
from softmax_gui.training.gpu_objective import TorchObjective
from softmax_gui.training.snapshot import Measurement
from softmax_gui.training.solving import SolverEngine

Floats = NDArray[np.float64]

CALL_STEPS = 64  # between two looks at the clock, which costs a message
WAIT_S = 120.0  # for a rank that says nothing


class RankLost(RuntimeError):
    """Another process has gone; the sentence says how to go on."""


class Ranks:
    """This process among its peers.

    Attributes:
        rank: 0 to size - 1; rank 0 speaks and writes.
        size: how many there are.
        on_gpu: each has a GPU of its own.
    """

    def __init__(self, rank: int, size: int, torch: Any, device: Any) -> None:
        self.rank, self.size, self.on_gpu = rank, size, device.type == "cuda"
        self._torch, self._device = torch, device

    def total(self, array: Floats) -> Floats:
        """The sum of the ranks' arrays, each of one shape, in float64.

        Raises:
            RankLost: one of them has gone, or is silent.
        """
        torch = self._torch
        tensor = torch.from_numpy(np.array(array, np.float64)).to(self._device)
        try:
            torch.distributed.all_reduce(tensor)
        except RuntimeError as error:  # whatever the network says
            text = tr(
                "A process of this run has gone ({reason}). Start all of them again with --resume:"
                " the run goes on from its last checkpoint."
            )
            reason = str(error).strip().splitlines()[0][:120]
            raise RankLost(text.format(reason=reason)) from error
        summed: Floats = tensor.cpu().numpy()
        return summed

    def now(self) -> float:
        """Rank 0's clock in seconds, the same number for all."""
        return float(self.total(np.array([time.monotonic() if self.rank == 0 else 0.0]))[0])

    def any(self, wish: bool) -> bool:
        """Whether one of them wishes it."""
        return bool(self.total(np.array([float(wish)]))[0])

    def share(self, n: int) -> slice:
        """Which of n rows are this rank's: one run of them, as in a shard."""
        return slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)

    def leave(self) -> None:
        """Takes leave of the others; safe to call when they have gone."""
        if self._torch.distributed.is_initialized():
            self._torch.distributed.destroy_process_group()


def launched() -> bool:
    """Whether torchrun started this process."""
    return {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()


def join(device: str) -> Ranks:
    """Meets the processes that torchrun started with this one: over NCCL on GPUs, else gloo.

    Raises:
        DeviceError: torch can't be used.
        RankLost: the others did not come.
    """
    torch = import_torch()
    gpu = device in ("auto", "cuda") and torch.cuda.is_available()
    place = torch.device("cpu")
    if gpu:
        place = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(place)
    try:
        torch.distributed.init_process_group(
            "nccl" if gpu else "gloo", timeout=timedelta(seconds=WAIT_S)
        )
    except (RuntimeError, ValueError) as error:
        text = tr("The processes of this run did not find each other ({reason}).")
        raise RankLost(text.format(reason=str(error).strip().splitlines()[0][:120])) from error
    rank, size = torch.distributed.get_rank(), torch.distributed.get_world_size()
    return Ranks(rank, size, torch, place)


class _Sharded(Engine):
    """An Engine of one rank: its rows are its share, its numbers are everybody's."""

    def __init__(self, split: Split, backend: Backend, config: TrainConfig, ranks: Ranks) -> None:
        self._ranks, self._mine = ranks, ranks.share(split.train.n)
        self._all = training_weights(split.train, split.dataset.q, config.class_weight)
        super().__init__(_share(split, ranks), backend, config)
        self._weights = None if self._all is None else backend.array(self._all[self._mine])
        self.n = split.train.n

    def now(self) -> float:
        """Rank 0's clock: every rank must ask."""
        return self._ranks.now()

    def measure(self, part: str) -> Measurement:
        """Mean loss and correct predictions on all ranks' rows of a part."""
        here = super().measure(part)
        loss = here.loss * here.total if here.total else 0.0
        loss, correct, count = self._ranks.total(np.array([loss, here.correct, here.total], float))
        return Measurement(loss / count if count else math.nan, int(correct), int(count))


class RankEngine(_Sharded):
    """Minibatches: each rank takes those of a minibatch's rows that are its own.

    The order is one rank's order of all rows, so any number of ranks makes the same steps.
    """

    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """As Engine.run, but only rank 0's clock could tell the deadline: so many steps instead."""
        del deadline
        return super().run(at, min(steps, CALL_STEPS), config, math.inf)

    def _step(self, rows: Array, config: TrainConfig) -> Array:
        first, last = self._mine.start, self._mine.stop
        own = rows[(rows >= first) & (rows < last)] - first
        batch = self._batch(own) if len(own) else None
        return summed_step(
            self._state, batch, len(own) / len(rows), config, self._backend, self._ranks
        )


class RankSolverEngine(_Sharded, SolverEngine):
    """A solver: each rank sums over its own rows, and all run the same iterations."""

    def __init__(self, split: Split, backend: Backend, config: TrainConfig, ranks: Ranks) -> None:
        super().__init__(split, backend, config, ranks)
        self.choice = self._chosen(split.train.n, split.dataset.d, split.dataset.q, config)

    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """One iteration, whole: a rank that left it early would leave the others waiting."""
        del deadline
        return super().run(at, steps, config, math.inf)

    def _make_objective(self, q: int, config: TrainConfig) -> Objective:
        X, targets, _, decay, _, smoothing = self._terms(q, config)
        weights = None if self._all is None else self._all[self._mine]
        F = DenseObjective if isinstance(X, np.ndarray) else TorchObjective
        return F(X, targets, q, decay, weights, smoothing, self._ranks.total)


def summed_step(
    state: MinibatchState,
    batch: tuple[Array, Array, Array | None] | None,
    share: float,
    config: TrainConfig,
    backend: Backend,
    ranks: Ranks,
) -> Array:
    """One step on the rows of all ranks; returns their mean loss before it.

    Args:
        state: the same on every rank, before and after.
        batch: X, targets and weights of this rank's rows; None where it has none.
        share: of the minibatch's rows that are this rank's.
        config: the settings.
        backend: where the arrays are.
        ranks: the others.
    """
    d, q = state.W.shape
    sums = np.zeros((d + 1) * q + 1)
    if batch is not None:
        X, targets, weights = batch
        loss, dlogits = cross_entropy(X @ state.W + state.b, targets, weights)
        parts = (*dense_gradient(X, dlogits), loss)
        sums = np.concatenate([backend.numpy(part).ravel() for part in parts]) * share
    means, put = ranks.total(sums), backend.array
    gradients = {"W": put(means[: d * q].reshape(d, q)), "b": put(means[d * q : -1])}
    update(state, gradients, config)
    return put(means[-1:])[0]


def _share(split: Split, ranks: Ranks) -> Split:
    return replace(
        split, train=_rows(split.train, ranks), validation=_rows(split.validation, ranks)
    )


def _rows(part: Part, ranks: Ranks) -> Part:
    mine = ranks.share(part.n)
    return Part(
        part.X[mine],
        part.labels[mine],
        None if part.targets is None else part.targets[mine],
        None if part.weights is None else part.weights[mine],
    )
