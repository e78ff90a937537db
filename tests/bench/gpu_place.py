"""Where a graphics card is measured, and on what data."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, Split, feature_names
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import TorchBackend
from softmax_gui.training.gpu import TorchEngine

SEED = 20261123
Answer = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where to measure: torch, the kind of device, and whether it is only a rehearsal."""

    torch: Any
    kind: str
    small: bool

    def finish(self) -> None:
        """Waits for the device."""
        if self.kind == "cuda":
            self.torch.cuda.synchronize()

    def seconds(self, work: Callable[[], object], at_least: float = 0.5) -> float:
        """Of one call: the median of batches of calls, the device's queue empty around each."""
        work()
        self.finish()
        taken: list[float] = []
        count, began = 1, time.perf_counter()
        at_least = 0.02 if self.small else at_least
        while len(taken) < 3 or time.perf_counter() - began < at_least:
            started = time.perf_counter()
            for _ in range(count):
                work()
            self.finish()
            taken.append((time.perf_counter() - started) / count)
            if taken[-1] * count < 0.02:
                count, taken = count * 2, []
        return float(np.median(taken))


@dataclass(frozen=True)
class Shape:
    """n rows to train on, d features, q classes."""

    n: int
    d: int
    q: int
    batch: int


SHAPES = {
    "2x2": Shape(600, 4, 3, 32),
    "digits": Shape(1500, 64, 10, 64),
    "MNIST shape": Shape(60_000, 784, 10, 256),
    "embeddings": Shape(200_000, 512, 100, 1024),
}


def drawn(shape: Shape, kind: str = "hard") -> Split:
    """Rows and labels of a softmax regression; a tenth more of them to validate with."""
    random = np.random.default_rng(SEED)
    n, d, q = round(shape.n / 0.9), shape.d, shape.q
    X = random.standard_normal((n, d))
    scores = X @ (2 / d**0.5 * random.normal(size=(d, q))) + random.gumbel(size=(n, q))
    targets = weights = None
    labels = scores.argmax(1)
    if kind == "soft":
        terms = np.exp(scores - scores.max(1, keepdims=True))
        targets = terms / terms.sum(1, keepdims=True)
        weights = np.where(random.random(n) < 0.1, 0.0, random.random(n))
    names = tuple(f"class {k}" for k in range(q))
    data = Dataset("drawn", X, labels, names, feature_names(d), targets=targets, weights=weights)
    return split(data, seed=0, validation_share=0.1)


def engine_of(place: Place, data: Split, config: TrainConfig, record: bool = True) -> TorchEngine:
    """The engine there; where nothing is recorded its steps are queued one by one."""
    backend = TorchBackend(place.kind, config.dtype)
    if record:
        return TorchEngine(data, backend, config)
    return TorchEngine(data, backend, config, recorder=lambda: lambda work, _: work)


def us(seconds: float) -> float:
    """In microseconds."""
    return 1e6 * seconds
