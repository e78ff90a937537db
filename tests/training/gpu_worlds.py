"""Torch engines on the CPU, the plain ones beside them, and a recorder that needs no CUDA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from softmax_gui.core.arrays import Array
from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, Split, feature_names
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import NumpyBackend, TorchBackend
from softmax_gui.training.engine import Engine, ParameterState
from softmax_gui.training.gpu import TorchEngine

CONFIG = TrainConfig(
    learning_rate=0.05, batch_size=16, momentum=0.5, weight_decay=1e-3, device="cpu"
)


def soft(weighted: bool = True) -> Split:
    """Soft labels, rows that do not count alike, some not at all."""
    random = np.random.default_rng(3)
    X, targets = random.normal(size=(90, 4)), random.dirichlet(np.ones(3), size=90)
    weights = np.where(random.random(90) < 0.2, 0.0, random.random(90)) if weighted else None
    data = Dataset(
        "soft", X, targets.argmax(1), ("a", "b", "c"), feature_names(4),
        targets=targets, weights=weights,
    )  # fmt: skip
    return split(data, seed=0)


def engine(data: Split, config: TrainConfig, **options: Any) -> TorchEngine:
    return TorchEngine(data, TorchBackend("cpu", config.dtype), config, **options)


def plain(data: Split, config: TrainConfig) -> Engine:
    return Engine(data, NumpyBackend(config.dtype), config)


class Played:
    """Records by keeping the work: `calls` counts how often it was recorded and played."""

    def __init__(self) -> None:
        self.recorded: list[int] = []
        self.played = 0

    def __call__(self, work: Callable[[], None], changed: list[Array]) -> Callable[[], None]:
        before = [array.clone() for array in changed]
        work()  # as the real one warms up
        for array, old in zip(changed, before, strict=True):
            array.copy_(old)
        self.recorded.append(len(changed))

        def play() -> None:
            self.played += 1
            work()

        return play


def assert_same(mine: ParameterState, theirs: ParameterState, tolerance: float) -> None:
    assert mine.steps == theirs.steps
    assert mine.slots.keys() == theirs.slots.keys()
    pairs = [(mine.W, theirs.W), (mine.b, theirs.b)]
    pairs += [(mine.slots[name], theirs.slots[name]) for name in theirs.slots]
    for array, wanted in pairs:
        assert array.shape == wanted.shape
        np.testing.assert_allclose(array, wanted, rtol=tolerance, atol=tolerance)
