"""Minibatches on a graphics card: microseconds a step, beside the loop of the tutorial."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from softmax_gui.data.dataset import Split
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import TorchBackend
from softmax_gui.training.gpu import TorchEngine
from tests.bench.gpu_place import SHAPES, Answer, Place, drawn, engine_of, us


def rates(place: Place) -> Iterator[tuple[str, Answer]]:
    """Microseconds a step and examples a second, beside the tutorial's loop on the same device."""
    for name, full in SHAPES.items():
        shape = replace(full, n=min(full.n, 3000)) if place.small else full
        data = drawn(shape)
        found: Answer = {"shape": str(shape)}
        config = TrainConfig(learning_rate=0.01, batch_size=shape.batch, dtype="float32")
        for way, tried in (
            ("sgd", config),
            ("momentum and decay", replace(config, momentum=0.9, weight_decay=1e-4)),
            ("adam", replace(config, optimizer="adam")),
        ):
            found[way] = _engine_rates(place, data, tried)
        found["sgd, TF32 allowed"] = _tf32_rate(place, data, config)
        found["sgd, not recorded"] = us(
            step_seconds(place, engine_of(place, data, config, False), config)
        )
        tutorial = _tutorial(place, data, shape.batch)
        resident = _resident_autograd(place, data, shape.batch)
        found |= {"tutorial": us(tutorial), "tensors on the device": us(resident)}
        mine = found["sgd"]["us"]
        found["ahead of the tutorial"] = us(tutorial) / mine
        found["ahead of tensors on the device"] = us(resident) / mine
        found["examples a second"] = 1e6 * shape.batch / mine
        yield name, found


def _engine_rates(place: Place, data: Split, config: TrainConfig) -> Answer:
    engine = engine_of(place, data, config)
    seconds = step_seconds(place, engine, config)
    calls: list[float] = []
    steps, began, at = 0, time.perf_counter(), 0
    while time.perf_counter() - began < (0.05 if place.small else 0.5):
        started = time.perf_counter()
        done = engine.run(at, 1024, config, time.monotonic() + 0.010)
        calls.append(time.perf_counter() - started)
        steps, at = steps + done.steps, at + done.examples
    return {
        "us": us(seconds), "us in slices of 10 ms": us(sum(calls) / steps),
        "slices": {"median ms": 1e3 * float(np.median(calls)), "longest ms": 1e3 * max(calls)},
    }  # fmt: skip


def step_seconds(place: Place, engine: TorchEngine, config: TrainConfig) -> float:
    at, steps = [0], 32 if place.small else 1024

    def work() -> None:
        at[0] += engine.run(at[0], steps, config, math.inf).examples

    return place.seconds(work, 1.0) / steps


def _tf32_rate(place: Place, data: Split, config: TrainConfig) -> Answer:
    engine = TorchEngine(data, TorchBackend(place.kind, config.dtype), config, allow_tf32=True)
    return {"us": us(step_seconds(place, engine, config)), "taken": engine._tf32}


def _tutorial(place: Place, data: Split, batch: int) -> float:
    """Seconds a step of DataLoader, nn.Linear, autograd and optim.SGD, as the tutorial has it."""
    torch = place.torch
    X = torch.from_numpy(data.train.X.astype(np.float32))
    labels = torch.from_numpy(np.array(data.train.labels))
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(X, labels), batch_size=batch, shuffle=True
    )
    step = _autograd_step(place, data)

    def steps() -> Iterator[None]:
        while True:
            for rows, truth in loader:
                step(rows.to(place.kind), truth.to(place.kind))
                yield

    return place.seconds(steps().__next__, 2.0)


def _resident_autograd(place: Place, data: Split, batch: int) -> float:
    """The same with all rows on the device, drawn there: what a careful user writes."""
    torch = place.torch
    X = torch.from_numpy(data.train.X.astype(np.float32)).to(place.kind)
    labels = torch.from_numpy(np.array(data.train.labels)).to(place.kind)
    step = _autograd_step(place, data)

    def steps() -> Iterator[None]:
        while True:
            for rows in torch.randperm(len(X), device=place.kind).split(batch):
                step(X[rows], labels[rows])
                yield

    return place.seconds(steps().__next__, 1.0)


def _autograd_step(place: Place, data: Split) -> Callable[[Any, Any], None]:
    torch = place.torch
    model = torch.nn.Linear(data.dataset.d, data.dataset.q).to(place.kind)
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step(rows: Any, labels: Any) -> None:
        optimizer.zero_grad()
        criterion(model(rows), labels).backward()
        optimizer.step()

    return step
