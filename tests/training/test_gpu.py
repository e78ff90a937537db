"""The torch engine on the CPU: the plain steps, in chunks, recorded or not, sent in blocks."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from softmax_gui.training import gpu
from tests.training.gpu_worlds import CONFIG, Played, assert_same, engine, plain, soft
from tests.training.worlds import blobs

pytest.importorskip("torch")

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


@pytest.mark.parametrize(
    ("optimizer", "dtype", "momentum", "decay", "smoothing"),
    [
        *product(["sgd", "adam"], ["float64", "float32"], [0.0, 0.9], [1e-2], [0.1]),
        ("sgd", "float64", 0.0, 0.0, 0.0),
        ("adam", "float64", 0.0, 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("labels", ["hard", "soft"])
@pytest.mark.parametrize("record", [None, Played])
def test_that_its_steps_are_the_plain_ones(
    optimizer: str,
    dtype: str,
    momentum: float,
    decay: float,
    smoothing: float,
    labels: str,
    record: Any,
) -> None:
    data = soft() if labels == "soft" else blobs()
    config = replace(
        CONFIG, optimizer=optimizer, dtype=dtype, momentum=momentum, weight_decay=decay,
        label_smoothing=smoothing,
    )  # fmt: skip
    mine, theirs = engine(data, config, recorder=record), plain(data, config)
    one, other = (e.run(0, 75, config, math.inf) for e in (mine, theirs))
    assert_same(mine.state(), theirs.state(), TOLERANCE[dtype])
    np.testing.assert_allclose(
        one.losses, other.losses, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
    )
    assert (one.examples, one.steps) == (other.examples, other.steps)
    for part in ("train", "validation"):
        a, b = mine.measure(part), theirs.measure(part)
        assert (a.correct, a.total) == (b.correct, b.total)
        assert a.loss == pytest.approx(b.loss, rel=1e-5 if dtype == "float32" else 1e-12)


def test_that_class_weights_count_as_in_the_plain_steps() -> None:
    config = replace(CONFIG, class_weight="balanced")
    data = blobs(n=200, q=7)
    mine, theirs = engine(data, config), plain(data, config)
    for e in (mine, theirs):
        e.run(0, 40, config, math.inf)
    assert_same(mine.state(), theirs.state(), 1e-12)


@pytest.mark.parametrize("batch", [1, 7, 150, 192, 1000])
def test_that_any_batch_size_and_any_place_in_an_epoch_will_do(batch: int) -> None:
    config = replace(CONFIG, batch_size=batch)
    mine, theirs = engine(blobs(), config), plain(blobs(), config)
    for at in (0, 100, 5 * 192 + 3):
        one, other = (e.run(at, 11, config, math.inf) for e in (mine, theirs))
        assert one.examples == other.examples
        np.testing.assert_allclose(one.losses, other.losses, rtol=1e-12)
    assert_same(mine.state(), theirs.state(), 1e-12)


def test_that_settings_change_between_calls_without_another_graph() -> None:
    recorders: list[Played] = []

    def recorder() -> Played:
        recorders.append(Played())
        return recorders[-1]

    mine, theirs = engine(blobs(), CONFIG, recorder=recorder), plain(blobs(), CONFIG)
    at = 0
    for config in (
        CONFIG, replace(CONFIG, learning_rate=0.01), replace(CONFIG, momentum=0.9),
        replace(CONFIG, weight_decay=0.1),
    ):  # fmt: skip
        one, _ = (e.run(at, 64, config, math.inf) for e in (mine, theirs))
        at += one.examples
    assert_same(mine.state(), theirs.state(), 1e-12)
    assert len(recorders) == 1
    graphs = len(recorders[0].recorded)
    assert graphs <= 4  # of 64, 16, 4 and 1 steps
    config = replace(CONFIG, batch_size=8)
    for e in (mine, theirs):
        e.run(at, 10, config, math.inf)
    assert_same(mine.state(), theirs.state(), 1e-12)
    assert len(recorders) == 2  # another batch size makes graphs of its own
    assert len(recorders[0].recorded) == graphs


def test_that_many_steps_are_one_replay() -> None:
    played = Played()
    config = replace(CONFIG, batch_size=2)
    mine = engine(blobs(), config, recorder=lambda: played)
    mine.run(0, 640, config, math.inf)
    assert played.played <= 640 // gpu.GRAPH_STEPS + 2


def test_that_a_run_goes_on_bit_by_bit_from_its_state() -> None:
    for optimizer in ("sgd", "adam"):
        config = replace(CONFIG, optimizer=optimizer, dtype="float32", batch_size=7)
        whole, first, second = (engine(blobs(), config) for _ in range(3))
        whole.run(0, 60, config, math.inf)
        seen = first.run(0, 23, config, math.inf).examples
        second.load(first.state())
        second.run(seen, 37, config, math.inf)
        for mine, wanted in zip(second.weights(), whole.weights(), strict=True):
            assert mine.tobytes() == wanted.tobytes()
        assert second.state().steps == whole.state().steps


def test_that_slots_of_another_optimizer_are_not_taken() -> None:
    sgd, adam = (engine(blobs(), replace(CONFIG, optimizer=name)) for name in ("sgd", "adam"))
    sgd.run(0, 20, CONFIG, math.inf)
    adam.run(0, 20, replace(CONFIG, optimizer="adam"), math.inf)
    adam.load(sgd.state())
    state = adam.state()
    assert state.steps == 0
    assert not any(slot.any() for slot in state.slots.values())
    np.testing.assert_array_equal(state.W, sgd.state().W)


def test_that_hits_of_the_minibatches_are_counted() -> None:
    config = replace(CONFIG, learning_rate=1e-300, momentum=0.0, weight_decay=0.0)
    mine = engine(blobs(), config)
    mine.run(0, 12, replace(config, learning_rate=0.1), math.inf)  # an epoch
    measured = mine.measure("train")
    again = mine.run(192, 12, config, math.inf)
    assert again.examples == 192
    assert again.correct == measured.correct
    assert again.losses.mean() == pytest.approx(measured.loss)


def test_that_a_call_queues_no_more_than_fits_before_the_deadline() -> None:
    mine = engine(blobs(), CONFIG)
    mine._seconds_a_step = 0.002
    assert mine._allowed(1000, time.monotonic() + 60.0, CONFIG) == int(gpu.SLICE_S / 0.002)
    assert mine._allowed(1000, time.monotonic() - 1.0, CONFIG) == 1
    assert mine._allowed(1000, math.inf, CONFIG) == 1000
    assert mine._allowed(2, time.monotonic() + 60.0, CONFIG) == 2


def test_that_measuring_in_many_blocks_is_measuring_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = engine(blobs(), CONFIG)
    mine.run(0, 30, CONFIG, math.inf)
    whole = mine.measure("train")
    monkeypatch.setattr(gpu, "MEASURED_ENTRIES", 21)
    blocks = mine.measure("train")
    assert blocks.loss == pytest.approx(whole.loss, rel=1e-13)
    assert (blocks.correct, blocks.total) == (whole.correct, whole.total)
