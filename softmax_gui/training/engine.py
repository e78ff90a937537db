"""Data and parameters on one device: minibatch steps by the plain formulas, and measuring."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from softmax_gui.core.optimizers import Parameters, sgd_step
from softmax_gui.core.softmax import log_sum_exp
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
    """Parameters in main memory, float64: float32 fits in it exactly, so a round trip is exact."""

    W: np.ndarray
    b: np.ndarray
    vW: np.ndarray
    vb: np.ndarray

    @classmethod
    def zeros(cls, d: int, q: int) -> ParameterState:
        """W = 0 and b = 0: every class equally likely, loss ln q."""
        return cls(np.zeros((d, q)), np.zeros(q), np.zeros((d, q)), np.zeros(q))


@dataclass(frozen=True)
class Progress:
    """What one call of Engine.run did."""

    steps: int
    examples: int
    loss_sum: float  # of the minibatch losses, in nats

    def __add__(self, other: Progress) -> Progress:
        """Both, one after the other."""
        return Progress(
            self.steps + other.steps,
            self.examples + other.examples,
            self.loss_sum + other.loss_sum,
        )


class Engine:
    """Takes minibatch steps and measures; holds the arrays, knows no schedule."""

    def __init__(self, split: Split, backend: Backend) -> None:
        self._backend = backend
        self._one_hot = backend.array(np.eye(split.dataset.q))
        self._train = _on_device(split.train, backend)
        self._validation = _on_device(split.validation, backend)
        self._order = backend.array(np.arange(len(split.train.X)))
        self._parameters: Parameters
        self.load(ParameterState.zeros(split.dataset.d, split.dataset.q))

    def load(self, state: ParameterState) -> None:
        """Puts parameters and velocities on the device."""
        put = self._backend.array
        self._parameters = Parameters(put(state.W), put(state.b), put(state.vW), put(state.vb))

    def state(self) -> ParameterState:
        """Copies of parameters and velocities; waits for the device."""
        p, fetch = self._parameters, self._backend.numpy
        return ParameterState(fetch(p.W), fetch(p.b), fetch(p.vW), fetch(p.vb))

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies of W (d, q) and b (q,); waits for the device."""
        return self._backend.numpy(self._parameters.W), self._backend.numpy(self._parameters.b)

    def set_order(self, order: np.ndarray) -> None:
        """The order (n,) in which this epoch visits the training examples."""
        self._order = self._backend.array(order)

    @np.errstate(over="ignore", invalid="ignore")  # the session watches for divergence
    def run(self, first: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """Minibatches of the order from place `first` on: at most `steps`, to the epoch's end.

        Stops early when time.monotonic() reaches `deadline`, but never before the first step.
        """
        X, labels = self._train
        place, taken, loss_sum = first, 0, 0.0
        yield_at = 0.0
        while taken < steps and place < len(X):
            rows = self._order[place : place + config.batch_size]
            loss = sgd_step(
                self._parameters, X[rows], self._one_hot[labels[rows]],
                config.learning_rate, config.momentum, config.weight_decay,
            )  # fmt: skip
            loss_sum = loss_sum + loss  # a 0-d array, left on the device
            place, taken = place + len(rows), taken + 1
            now = time.monotonic()
            if now >= yield_at:
                time.sleep(0)
                yield_at = now + YIELD_S
            if now >= deadline:
                break
        return Progress(taken, place - first, float(loss_sum))

    @np.errstate(over="ignore", invalid="ignore")
    def measure(self, part: str) -> Measurement:
        """Mean loss and correct predictions on all of "train" or "validation"."""
        X, labels = self._train if part == "train" else self._validation
        p, loss_sum, correct = self._parameters, 0.0, 0
        for start in range(0, len(X), EVALUATION_ROWS):
            block = slice(start, start + EVALUATION_ROWS)
            logits, truth = X[block] @ p.W + p.b, labels[block]
            of_truth = (logits * self._one_hot[truth]).sum(-1)
            loss_sum = loss_sum + (log_sum_exp(logits) - of_truth).sum()
            correct = correct + (logits.argmax(-1) == truth).sum()
        total = len(X)
        return Measurement(float(loss_sum) / total if total else float("nan"), int(correct), total)


def _on_device(part: Part, backend: Backend) -> tuple[np.ndarray, np.ndarray]:
    return backend.array(part.X), backend.array(part.labels)
