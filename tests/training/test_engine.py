"""Engine.run crosses epochs and tells what it did; the compiled one says the same as the plain."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.core.losses import cross_entropy, one_hot
from softmax_gui.core.shuffling import permutation
from softmax_gui.training.compiled import after, steps_to
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.engine import Engine, ParameterState, Progress
from softmax_gui.training.engines import make_engine
from tests.training.worlds import blobs, soft_blobs

pytestmark = [pytest.mark.usefixtures("loop_compiled"), pytest.mark.timeout(func_only=True)]
CONFIG = TrainConfig(learning_rate=0.05, batch_size=16, momentum=0.5, seed=3, device="numpy")
both_engines = pytest.mark.parametrize("device", ["numpy", "compiled"])
PARTS, SOFT = blobs(120), soft_blobs(120)
N = PARTS.train.n


def engine_of(device: str, parts: Any = PARTS, **settings: Any) -> tuple[Engine, TrainConfig]:
    config = replace(CONFIG, device=device, **settings)
    return make_engine(parts, config)[1], config


@given(
    at=st.integers(0, 500), steps=st.integers(1, 90), n=st.integers(1, 60), size=st.integers(1, 70)
)
def test_that_after_and_steps_to_count_as_a_walk_does(
    at: int, steps: int, n: int, size: int
) -> None:
    here = at
    for _ in range(steps):
        here = min(here + size, (here // n + 1) * n)
    assert after(at, steps, n, size) == here
    end = (at // n + 1 + steps % 3) * n
    assert after(at, steps_to(at, end, n, size), n, size) == end
    assert after(at, steps_to(at, end, n, size) - 1, n, size) < end or end == at


@both_engines
@given(start=st.integers(0, 12), steps=st.integers(1, 60), size=st.sampled_from([1, 7, 16, 96, 99]))
def test_that_a_call_tells_how_far_it_came_through_the_epochs(
    device: str, start: int, steps: int, size: int
) -> None:
    engine, config = engine_of(device, batch_size=size)
    at = after(0, start, N, size)
    progress = engine.run(at, steps, config, math.inf)
    assert (progress.steps, len(progress.losses)) == (steps, steps)
    assert progress.examples == after(at, steps, N, size) - at
    assert np.isfinite(progress.losses).all()


@both_engines
def test_that_each_step_sees_the_rows_that_seed_and_epoch_order(device: str) -> None:
    engine, config = engine_of(device, learning_rate=1e-12)  # the weights stay
    random = np.random.default_rng(0)
    W, b = random.normal(size=(5, 3)), random.normal(size=3)
    engine.load(ParameterState(W, b))
    losses = engine.run(0, 18, config, math.inf).losses
    for step in range(18):
        epoch, batch = divmod(step, N // 16)
        rows = permutation(N, config.seed, epoch)[16 * batch : 16 * (batch + 1)]
        targets = one_hot(PARTS.train.labels[rows], 3)
        loss, _ = cross_entropy(PARTS.train.X[rows] @ W + b, targets)
        assert losses[step] == pytest.approx(float(loss), rel=1e-9)


@both_engines
@pytest.mark.parametrize("parts", [PARTS, SOFT], ids=["hard", "soft"])
def test_that_calls_out_of_order_and_of_other_seeds_disturb_nothing(
    device: str, parts: Any
) -> None:
    engine, config = engine_of(device, parts)
    other, _ = engine_of(device, parts)
    start = engine.state()
    for at, seed in ((0, 3), (5 * N, 3), (4 * N + 16, 9), (N - 1, 3)):
        engine.run(at, 9, replace(config, seed=seed), math.inf)
    engine.load(start)
    again, fresh = (one.run(2 * N, 20, config, math.inf) for one in (engine, other))
    assert again.losses.tobytes() == fresh.losses.tobytes()


@both_engines
def test_that_a_deadline_in_the_past_leaves_after_a_step_at_least(device: str) -> None:
    engine, config = engine_of(device)
    progress = engine.run(0, 10**9, config, time.monotonic() - 1.0)
    assert progress.steps >= 1
    assert progress.examples == after(0, progress.steps, N, 16)


@both_engines
def test_that_a_loss_that_is_not_finite_is_among_those_told(device: str) -> None:
    engine, config = engine_of(device, learning_rate=1e308)
    losses = engine.run(0, 50, config, math.inf).losses
    assert not np.isfinite(losses).all()
    assert np.isfinite(losses[0])


def test_that_the_compiled_engine_stops_with_that_loss_and_counts_on_after_it() -> None:
    engine, config = engine_of("compiled", learning_rate=1e308)
    progress = engine.run(0, 50, config, math.inf)
    assert np.isfinite(progress.losses[:-1]).all()
    assert not np.isfinite(progress.losses[-1])
    assert progress.examples == after(0, progress.steps, N, 16)
    engine.load(ParameterState.zeros(5, 3))
    fine = replace(config, learning_rate=0.05)
    fresh, _ = engine_of("compiled", learning_rate=0.05)
    losses = engine.run(0, 20, fine, math.inf).losses
    assert losses.tobytes() == fresh.run(0, 20, fine, math.inf).losses.tobytes()


@both_engines
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_that_a_state_goes_out_and_in_without_a_bit_lost(
    device: str, optimizer: str, dtype: str
) -> None:
    engine, config = engine_of(device, optimizer=optimizer, dtype=dtype)
    engine.run(0, 20, config, math.inf)
    state = engine.state()
    other, _ = engine_of(device, optimizer=optimizer, dtype=dtype)
    other.load(state)
    again = other.state()
    assert again.steps == state.steps == 20
    assert again.slots.keys() == state.slots.keys()
    for name in state.slots:
        np.testing.assert_array_equal(again.slots[name], state.slots[name])
    for one, same in ((again.W, state.W), (again.b, state.b)):
        np.testing.assert_array_equal(one, same)
    rest = [one.run(20 * 16, 20, config, math.inf).losses.tobytes() for one in (engine, other)]
    assert rest[0] == rest[1]


@both_engines
def test_that_a_state_is_a_copy(device: str) -> None:
    engine, config = engine_of(device)
    engine.run(0, 5, config, math.inf)
    state, (W, b) = engine.state(), engine.weights()
    kept = state.W.copy(), state.slots["vW"].copy(), W.copy(), b.copy()
    engine.run(80, 5, config, math.inf)
    for one, same in zip((state.W, state.slots["vW"], W, b), kept, strict=True):
        np.testing.assert_array_equal(one, same)


def test_that_slots_of_another_optimizer_are_left_behind() -> None:
    engine, config = engine_of("numpy")
    engine.run(0, 5, config, math.inf)
    other, _ = engine_of("numpy", optimizer="adam")
    other.load(engine.state())
    state = other.state()
    assert state.steps == 0
    assert not any(slot.any() for slot in state.slots.values())
    np.testing.assert_array_equal(state.W, engine.state().W)


@pytest.mark.parametrize("settings", [{}, {"label_smoothing": 0.2}, {"class_weight": "balanced"}])
@pytest.mark.parametrize("parts", [PARTS, SOFT], ids=["hard", "soft"])
@both_engines
def test_that_a_measurement_is_plain_whatever_is_trained_on(
    device: str, parts: Any, settings: dict[str, Any]
) -> None:
    engine, config = engine_of(device, parts, weight_decay=0.3, **settings)
    engine.run(0, 30, config, math.inf)
    W, b = engine.weights()
    for name, part in (("train", parts.train), ("validation", parts.validation)):
        targets = one_hot(part.labels, 3) if part.targets is None else part.targets
        loss, _ = cross_entropy(part.X @ W + b, targets)
        found = engine.measure(name)
        assert found.loss == pytest.approx(float(loss), rel=1e-12)
        correct = int(((part.X @ W + b).argmax(1) == part.labels).sum())
        assert (found.correct, found.total) == (correct, part.n)


def test_that_the_compiled_engine_counts_hits_before_each_step() -> None:
    engine, config = engine_of("compiled", batch_size=N)
    for _ in range(5):
        before = engine.measure("train")
        progress = engine.run(0, 1, config, math.inf)
        assert progress.correct == before.correct
        assert progress.losses[0] == pytest.approx(before.loss, rel=1e-12)


def test_that_progress_counts_its_losses() -> None:
    assert Progress(10, np.zeros(3)).steps == 3
