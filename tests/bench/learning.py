"""How long training takes to get somewhere, from zero weights, without a window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

from softmax_gui.data.batches import split
from softmax_gui.data.samples import load
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import Measurement
from tests.bench.window import Row

RUNS = 3
GIVE_UP_S = 20.0


def times() -> Iterator[Row]:
    """Medians over three seeds."""
    floor = load("2x2").floor or 0.0
    near = [_until("2x2", seed, lambda m: m.loss < floor + 0.01) for seed in range(RUNS)]
    yield "2x2 world: validation loss within 0.01 nat of the floor", median(near), "s", "< 2"
    right = [_until("digits", seed, lambda m: m.accuracy >= 0.95) for seed in range(RUNS)]
    yield "digits: validation accuracy of 95 %", median(right), "s", "< 5"
    for device in ("numpy", "compiled"):
        for name in ("2x2", "digits"):
            yield f"{name}: steps a second, {device}", _steps_per_s(name, device), "1/s", "–"


def _until(name: str, seed: int, reached: Callable[[Measurement], bool]) -> float:
    """Seconds of training, measuring included, until the validation part says so."""
    session = TrainingSession(split(load(name, seed=seed), seed), TrainConfig(seed=seed))
    started = time.monotonic()
    while time.monotonic() - started < GIVE_UP_S:
        session.advance(seconds=0.01)
        if reached(session.snapshot().validation):
            return time.monotonic() - started
    return float("inf")


def _steps_per_s(name: str, device: str) -> float:
    session = TrainingSession(split(load(name), 0), TrainConfig(device=device))
    session.advance(seconds=0.3)
    before = session.snapshot()
    session.advance(seconds=2.0)
    after = session.snapshot()
    return (after.step - before.step) / (after.seconds - before.seconds)
