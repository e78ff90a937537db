"""What a run says of itself: frozen, with read-only arrays of its own, safe on any thread."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from softmax_gui.core.certificate import Certificate
from softmax_gui.core.dense import Dense
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import Device
from softmax_gui.training.history import HistoryView


class RunState(Enum):
    """Where a run stands."""

    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    FAILED = "failed"


@dataclass(frozen=True)
class Measurement:
    """Loss (nats, without the penalty) and accuracy on all of a part, at one step."""

    loss: float
    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        """Correct / total, in [0, 1]; NaN for an empty part."""
        return self.correct / self.total if self.total else float("nan")


@dataclass(frozen=True)
class Snapshot:
    """One moment of a run.

    Attributes:
        step: minibatches so far.
        examples: training examples seen so far; epoch = examples / n.
        seconds: time spent training, without pauses.
        model: W (d, q) and b (q,), float64, of this step.
        measured_at: the step of `train` and `validation`; measuring never takes more than a
            small share of the time, so with large data it may lie before `step`.
    """

    step: int
    examples: int
    epoch: float
    seconds: float
    model: Dense
    measured_at: int
    train: Measurement
    validation: Measurement
    history: HistoryView
    config: TrainConfig
    device: Device
    minibatches: Measurement | None = None
    certificate: Certificate | None = None
    finished: bool = False


def owned(W: np.ndarray, b: np.ndarray) -> Dense:
    """Weights (d, q) and biases (q,) that nobody else has, read-only from now on."""
    for array in (W, b):
        array.flags.writeable = False
    return Dense(W, b)
