"""A seed repeats a run bit by bit, however it is cut, resumed, sliced by time or looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from tests.training.worlds import bits, blobs, soft_blobs

pytestmark = [pytest.mark.usefixtures("loop_compiled"), pytest.mark.timeout(func_only=True)]
CONFIG = TrainConfig(learning_rate=0.05, batch_size=16, weight_decay=1e-3, seed=3, device="numpy")
WAYS: dict[str, dict[str, Any]] = {
    "sgd": {}, "momentum": {"momentum": 0.9}, "adam": {"optimizer": "adam"},
    "smoothed, balanced adam": {
        "optimizer": "adam", "label_smoothing": 0.1, "class_weight": "balanced"
    },
}  # fmt: skip
PLACES: dict[str, dict[str, Any]] = {
    "numpy": {}, "compiled, 1 thread": {"device": "compiled", "threads": 1},
    "compiled, 2 threads": {"device": "compiled", "threads": 2},
}  # fmt: skip
TOTAL = 70  # steps of up to 1,600 rows; the training part has 96

every_way = pytest.mark.parametrize("way", WAYS)
every_place = pytest.mark.parametrize("place", PLACES)
sizes = st.sampled_from([1, 7, 16, 96, 97, 500])


def config_of(way: str, place: str, batch_size: int) -> TrainConfig:
    return replace(CONFIG, batch_size=batch_size, **WAYS[way], **PLACES[place])


@every_place
@every_way
@settings(max_examples=12)
@given(stop=st.integers(0, TOTAL), batch_size=sizes, soft=st.booleans())
def test_that_a_checkpoint_at_any_step_resumes_bit_by_bit(
    way: str, place: str, stop: int, batch_size: int, soft: bool
) -> None:
    parts, config = (soft_blobs if soft else blobs)(120, 6, 3), config_of(way, place, batch_size)
    whole, first = TrainingSession(parts, config), TrainingSession(parts, config)
    whole.advance(steps=TOTAL)
    first.advance(steps=stop)
    resumed = TrainingSession.resume(parts, first.checkpoint())
    resumed.advance(steps=TOTAL - stop)
    assert bits(resumed) == bits(whole)
    assert resumed.snapshot().device.kind == whole.snapshot().device.kind == config.device


@every_place
@every_way
@settings(max_examples=8)
@given(cuts=st.lists(st.integers(1, 40), min_size=1, max_size=6), batch_size=sizes)
def test_that_a_run_cut_into_pieces_and_looked_at_is_the_same_bit_by_bit(
    way: str, place: str, cuts: list[int], batch_size: int
) -> None:
    config, parts = config_of(way, place, batch_size), blobs(120, 6)
    whole, cut = TrainingSession(parts, config), TrainingSession(parts, config)
    whole.advance(steps=sum(cuts))
    for steps in cuts:
        cut.advance(steps=steps)
        cut.snapshot()
    assert bits(cut) == bits(whole)


@every_place
@every_way
def test_that_slices_of_time_make_the_same_steps_bit_by_bit(way: str, place: str) -> None:
    config, parts = config_of(way, place, 7), blobs(120, 6)
    sliced, whole = TrainingSession(parts, config), TrainingSession(parts, config)
    while sliced.checkpoint().step < 100:
        before = sliced.checkpoint().step
        sliced.advance(steps=100 - before, seconds=0.0)  # over at once: one call of the engine
        assert sliced.checkpoint().step > before
    whole.advance(steps=100)
    assert bits(sliced) == bits(whole)


@every_place
def test_that_epochs_one_by_one_are_the_same_bit_by_bit(place: str) -> None:
    config, parts = config_of("momentum", place, 7), blobs(120)
    one_by_one, whole = TrainingSession(parts, config), TrainingSession(parts, config)
    for _ in range(5):
        one_by_one.advance(epochs=1)
    whole.advance(epochs=5)
    assert bits(one_by_one) == bits(whole)


@every_place
def test_that_another_seed_is_another_run(place: str) -> None:
    config, parts = config_of("sgd", place, 16), blobs(120)
    one, other = TrainingSession(parts, config), TrainingSession(parts, replace(config, seed=4))
    for session in (one, other):
        session.advance(steps=20)
    assert bits(one) != bits(other)


@every_place
def test_that_a_run_resumes_bit_by_bit_after_its_settings_changed(place: str) -> None:
    parts = blobs(120)
    sessions = [TrainingSession(parts, config_of("momentum", place, 16)) for _ in range(2)]
    for session in sessions:
        session.advance(steps=11)
        session.adjust(batch_size=5, learning_rate=0.02, label_smoothing=0.1)
        session.advance(steps=10)
    resumed = TrainingSession.resume(parts, sessions[0].checkpoint())
    for session in (resumed, sessions[1]):
        session.advance(steps=50)
    assert bits(resumed) == bits(sessions[1])


@pytest.mark.parametrize("seed", [2**63, 2**64 - 1, 2**64 + 1])
def test_that_any_seed_trains_everywhere(seed: int) -> None:
    for place in PLACES:
        session = TrainingSession(blobs(120), replace(config_of("sgd", place, 16), seed=seed))
        session.advance(steps=20)
        assert session.snapshot().step == 20
