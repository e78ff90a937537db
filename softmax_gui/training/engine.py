"""Data and parameters on one device: minibatch steps by the plain formulas, and measuring."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softmax_gui.core.arrays import Array, namespace
from softmax_gui.core.certificate import Certificate
from softmax_gui.core.losses import smoothed
from softmax_gui.core.optimizers import MinibatchState, fresh_slots, minibatch_step
from softmax_gui.core.shuffling import permutation
from softmax_gui.core.softmax import log_sum_exp
from softmax_gui.data.batches import training_weights
from softmax_gui.data.dataset import Part, Split
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import Backend
from softmax_gui.training.snapshot import Measurement

EVALUATION_ROWS = 4096  # rows a block: the probabilities of 60,000 x 1,000 would take 480 MB
# A thread that waits for the GIL wakes each time numpy gives it up for a moment, finds it taken
# again, and starts to wait anew: the window starved for 200 ms. Handing it over now and then costs
# the numpy loop a tenth of its steps.
YIELD_S = 0.0005


@dataclass(frozen=True)
class ParameterState:
    """Parameters in main memory, float64: float32 fits in it exactly, so a round trip is exact.

    Attributes:
        W: (d, q).
        b: (q,).
        slots: what the optimizer, the solver or a PHM layer keeps besides, by name; empty at the
            start, and where a run goes on with another of them.
        steps: the optimizer's own count of them.
    """

    W: np.ndarray
    b: np.ndarray
    slots: Mapping[str, np.ndarray] = field(default_factory=dict)
    steps: int = 0

    @classmethod
    def zeros(cls, d: int, q: int) -> ParameterState:
        """W = 0 and b = 0: every class equally likely, loss ln q."""
        return cls(np.zeros((d, q)), np.zeros(q))


@dataclass(frozen=True)
class Progress:
    """What one call of Engine.run did.

    Attributes:
        examples: training examples seen.
        losses: (steps,), the mean loss of each step before it was made, in nats.
        correct: how many of the examples were classified rightly before their step, where the
            engine counts them.
    """

    examples: int
    losses: np.ndarray
    correct: int | None = None

    @property
    def steps(self) -> int:
        """Steps made."""
        return len(self.losses)


@dataclass(frozen=True)
class Rows:
    """A part of the data on a device."""

    X: Array  # (n, d)
    labels: Array  # (n,)
    targets: Array | None  # (n, q), where labels are soft

    def __len__(self) -> int:
        return len(self.X)


class Engine:
    """Takes minibatch steps and measures; holds the arrays, knows no schedule.

    Attributes:
        finished: nothing is left to do; minibatches never end by themselves.
        certificate: how far the loss is from the best, where a solver has said so.
        n: training rows of an epoch, wherever they are.
        notice: what the user must hear of the device; "" when all is well.
    """

    finished: bool = False
    certificate: Certificate | None = None
    notice: str = ""

    def __init__(self, split: Split, backend: Backend, config: TrainConfig) -> None:
        self._backend, self._config = backend, config
        q = split.dataset.q
        self._one_hot = backend.array(np.eye(q))
        self._train, self.n = _on_device(split.train, backend), split.train.n
        weights = training_weights(split.train, q, config.class_weight)
        self._weights = None if weights is None else backend.array(weights)
        self._validation = _on_device(split.validation, backend)
        smooth = self._one_hot if self._train.targets is None else self._train.targets
        self._targets = (
            smoothed(smooth, config.label_smoothing) if config.label_smoothing else smooth
        )
        self._ordered: tuple[int, int] | None = None  # the seed and epoch of the order at hand
        self.load(ParameterState.zeros(split.dataset.d, q))

    def now(self) -> float:
        """The clock in seconds that decides when to measure and to pause."""
        return time.monotonic()

    def load(self, state: ParameterState) -> None:
        """Puts parameters on the device, and the slots if they are this optimizer's."""
        put = self._backend.array
        dense = {"W": put(state.W), "b": put(state.b)}
        slots = fresh_slots(self._config.optimizer, dense)
        steps = 0
        if slots.keys() == state.slots.keys():
            slots, steps = {name: put(value) for name, value in state.slots.items()}, state.steps
        self._state: Any = MinibatchState(dense["W"], dense["b"], slots, steps)

    def state(self) -> ParameterState:
        """Copies of parameters and slots; waits for the device."""
        s, fetch = self._state, self._backend.numpy
        slots = {name: fetch(value) for name, value in s.slots.items()}
        return ParameterState(fetch(s.W), fetch(s.b), slots, s.step)

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies of W (d, q) and b (q,); waits for the device."""
        return self._backend.numpy(self._state.W), self._backend.numpy(self._state.b)

    @np.errstate(over="ignore", invalid="ignore")  # the session watches for divergence
    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """Minibatches from the training example `at` on, which counts through all epochs.

        Makes at most `steps`, at least 1, and stops early when time.monotonic() reaches
        `deadline`.
        """
        seen, yield_at = 0, 0.0
        losses: list[Array] = []
        while len(losses) < steps:
            epoch, place = divmod(at + seen, self.n)
            rows = self._visits(config.seed, epoch)[place : place + config.batch_size]
            losses.append(self._step(rows, config))  # a 0-d array, left on the device
            seen += len(rows)
            now = time.monotonic()
            if now >= yield_at:
                time.sleep(0)
                yield_at = now + YIELD_S
            if now >= deadline:
                break
        return Progress(seen, self._backend.numpy(namespace(losses[0]).stack(losses)))

    @np.errstate(over="ignore", invalid="ignore")
    def measure(self, part: str) -> Measurement:
        """Mean loss and correct predictions on all of "train" or "validation", plain and simple.

        That is without weights, smoothing or penalty, whatever is trained on.
        """
        rows = self._train if part == "train" else self._validation
        W, b = self._dense()
        loss_sum, correct = 0.0, 0
        for start in range(0, len(rows), EVALUATION_ROWS):
            block = slice(start, start + EVALUATION_ROWS)
            logits, truth = rows.X[block] @ W + b, rows.labels[block]
            targets = self._one_hot[truth] if rows.targets is None else rows.targets[block]
            loss_sum = loss_sum + (log_sum_exp(logits) - (logits * targets).sum(-1)).sum()
            correct = correct + (logits.argmax(-1) == truth).sum()
        total = len(rows)
        return Measurement(float(loss_sum) / total if total else float("nan"), int(correct), total)

    def _step(self, rows: Array, config: TrainConfig) -> Array:
        """One step on these rows; returns their loss before it."""
        X, targets, weights = self._batch(rows)
        return minibatch_step(self._state, X, targets, config, weights)

    def _batch(self, rows: Array) -> tuple[Array, Array, Array | None]:
        """X, targets and weights of these rows."""
        soft = self._train.targets is not None
        targets = self._targets[rows if soft else self._train.labels[rows]]
        weights = None if self._weights is None else self._weights[rows]
        return self._train.X[rows], targets, weights

    def _dense(self) -> tuple[Array, Array]:
        return self._state.W, self._state.b

    def _visits(self, seed: int, epoch: int) -> Array:
        if self._ordered != (seed, epoch):
            self._order = self._backend.array(permutation(self.n, seed, epoch))
            self._ordered = seed, epoch
        return self._order


def _on_device(part: Part, backend: Backend) -> Rows:
    targets = None if part.targets is None else backend.array(part.targets)
    return Rows(backend.array(part.X), backend.array(part.labels), targets)
