"""TrainingSession: learns what torch learns, keeps to its limits, changes settings on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Split
from softmax_gui.data.samples import load
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import ADJUSTABLE, REBUILDING, TrainingSession
from tests.training.worlds import blobs, by_torch, digits, measured, rare, soft_blobs

CONFIG = TrainConfig(learning_rate=0.05, batch_size=16, momentum=0.5, weight_decay=1e-3, seed=3)
WAYS: dict[str, dict[str, Any]] = {
    "sgd": {},
    "adam": {"optimizer": "adam", "weight_decay": 0.01},
    "smoothed": {"label_smoothing": 0.1},
    "balanced": {"class_weight": "balanced", "batch_size": 7},
    "all at once": {"optimizer": "adam", "label_smoothing": 0.2, "class_weight": "balanced"},
}
WORLDS: dict[str, Callable[[], Split]] = {
    "blobs": blobs, "soft": soft_blobs, "rare": rare, "weighted": lambda: blobs(weighted=True)
}  # fmt: skip


def weights(session: TrainingSession) -> tuple[bytes, bytes]:
    model = session.snapshot().model
    return model.W.tobytes(), model.b.tobytes()


@pytest.mark.usefixtures("loop_compiled")
@pytest.mark.timeout(func_only=True)
@pytest.mark.parametrize(("device", "threads"), [("numpy", 0), ("compiled", 1), ("compiled", 2)])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("world", WORLDS)
def test_that_steps_equal_torch_with_autograd_and_its_own_optimizer(
    world: str, way: str, device: str, threads: int
) -> None:
    parts = WORLDS[world]()
    config = replace(CONFIG, device=device, threads=threads, **WAYS[way])
    session = TrainingSession(parts, config)
    session.advance(steps=40)
    model, (W, b) = session.snapshot().model, by_torch(parts, config, 40)
    assert session.snapshot().device.kind == device
    tolerance = 1e-8 if config.optimizer == "adam" else 1e-12  # Adam divides by small gradients
    np.testing.assert_allclose(model.W, W, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(model.b, b, rtol=tolerance, atol=tolerance)


def test_that_zero_weights_start_at_ln_q() -> None:
    start = TrainingSession(digits(), TrainConfig()).snapshot()
    assert start.train.loss == pytest.approx(np.log(10), rel=1e-12)
    assert start.step == 0


@pytest.mark.parametrize("batch_size", [1, 7, 32, 64, 80, 81])
@pytest.mark.parametrize("before", [0, 1, 3])
@pytest.mark.parametrize("epochs", [1, 3])
def test_that_an_epoch_ends_where_its_last_example_was_seen(
    batch_size: int, before: int, epochs: int
) -> None:
    session = TrainingSession(blobs(n=100), replace(CONFIG, batch_size=batch_size))
    session.advance(steps=before)
    begun = session.epoch
    session.advance(epochs=epochs)
    snapshot, n = session.snapshot(), session.split.train.n
    assert session.epoch == begun + epochs
    assert (snapshot.examples, snapshot.epoch) == ((begun + epochs) * n, begun + epochs)
    assert snapshot.step == (begun + epochs) * -(-n // batch_size)


def test_that_advance_keeps_to_the_first_of_its_limits() -> None:
    session = TrainingSession(blobs(), CONFIG)
    session.advance(steps=7, epochs=5)
    assert session.snapshot().step == 7
    session.advance(steps=1000, epochs=2)
    assert session.snapshot().epoch == 2.0


def test_that_advance_by_seconds_ends_and_takes_at_least_a_step() -> None:
    session = TrainingSession(blobs(), CONFIG)
    session.advance(seconds=0.0)
    assert session.snapshot().step >= 1


def test_that_no_step_changes_nothing() -> None:
    session = TrainingSession(blobs(), CONFIG)
    session.advance(steps=0, seconds=1.0)
    assert session.snapshot().step == 0


CHANGES: dict[str, Any] = {
    "learning_rate": 0.01, "batch_size": 8, "momentum": 0.0, "weight_decay": 0.1, "tolerance": 0.01,
    "solver": "newton-cg", "optimizer": "adam", "label_smoothing": 0.1,
    "class_weight": "balanced", "threads": 2, "phm_order": 3,
}  # fmt: skip


def test_that_every_setting_is_either_changed_or_fixed() -> None:
    assert set(CHANGES) == ADJUSTABLE | REBUILDING
    assert set(vars(CONFIG)) - set(CHANGES) == {"seed", "device", "dtype"}


@pytest.mark.usefixtures("loop_compiled")
@pytest.mark.timeout(func_only=True)
@pytest.mark.parametrize("device", ["numpy", "compiled"])
@pytest.mark.parametrize("name", CHANGES)
def test_that_each_setting_changes_between_steps_and_the_run_goes_on(
    name: str, device: str
) -> None:
    session = TrainingSession(blobs(d=6), replace(CONFIG, device=device))
    session.advance(steps=30)
    before = measured(session)
    session.adjust(**{name: CHANGES[name]})
    now = measured(session)
    assert getattr(now.config, name) == CHANGES[name]
    assert (now.step, now.examples) == (before.step, before.examples)
    if name != "phm_order":  # a dense W has no factors to go on from
        assert now.model.W.tobytes() == before.model.W.tobytes()
        assert now.model.b.tobytes() == before.model.b.tobytes()
    session.advance(steps=2)
    after = measured(session)
    assert after.step == before.step + 2
    assert np.isfinite(after.train.loss)
    assert after.model.W.tobytes() != before.model.W.tobytes()


def test_that_a_change_there_and_back_is_no_change() -> None:
    session, still = TrainingSession(blobs(), CONFIG), TrainingSession(blobs(), CONFIG)
    session.adjust(label_smoothing=0.3, threads=2)
    session.adjust(label_smoothing=0.0, threads=0)
    for one in (session, still):
        one.advance(steps=50)
    assert weights(session) == weights(still)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [({"learning_rate": -1.0}, "learning_rate is -1"), ({"seed": 5}, "seed"),
     ({"optimizer": "lion"}, "optimizer is lion; wanted: sgd, adam"),
     ({"phm_order": 2, "momentum": 0.1}, "Possible: 1")],
)  # fmt: skip
def test_that_what_was_in_force_stays_when_a_change_is_refused(
    bad: dict[str, Any], sentence: str
) -> None:
    session = TrainingSession(blobs(), CONFIG)
    session.advance(steps=5)
    before = weights(session)
    with pytest.raises(ValueError, match=sentence):
        session.adjust(**bad)
    assert session.config == session.snapshot().config == CONFIG
    assert weights(session) == before
    session.advance(steps=5)
    assert session.snapshot().step == 10


@pytest.mark.parametrize(
    "bad",
    [
        {"learning_rate": 0.0}, {"learning_rate": float("nan")}, {"learning_rate": float("inf")},
        {"batch_size": 0}, {"momentum": 1.0}, {"weight_decay": -1e-9}, {"seed": -1},
        {"device": "tpu"}, {"dtype": "int8"}, {"solver": "simplex"}, {"optimizer": "lion"},
        {"label_smoothing": 1.0}, {"class_weight": "heavy"}, {"threads": -1}, {"phm_order": -1},
        {"tolerance": 0.0},
    ],
)  # fmt: skip
def test_that_a_config_out_of_range_is_refused_by_name(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        replace(TrainConfig(), **bad)


def test_that_reset_starts_over_and_repeats_the_run() -> None:
    session = TrainingSession(blobs(), replace(CONFIG, optimizer="adam"))
    session.advance(steps=50)
    first = weights(session)
    session.reset()
    assert session.snapshot().step == 0
    assert len(session.snapshot().history) == 1
    session.advance(steps=50)
    assert weights(session) == first


def test_that_training_goes_on_from_given_weights() -> None:
    session = TrainingSession(blobs(), CONFIG)
    session.advance(steps=200)
    model = session.snapshot().model
    other = TrainingSession(blobs(), CONFIG)
    other.reset(model)
    assert measured(other).train.loss == measured(session).train.loss
    assert other.snapshot().step == 0


@pytest.mark.usefixtures("loop_compiled")
@pytest.mark.timeout(func_only=True)
@pytest.mark.parametrize("device", ["numpy", "compiled"])
def test_that_a_snapshot_owns_what_it_shows(device: str) -> None:
    session = TrainingSession(blobs(), replace(CONFIG, device=device))
    session.advance(steps=10)
    before = session.snapshot()
    W, rows = before.model.W.copy(), before.history.rows.copy()
    with pytest.raises(ValueError, match="read-only"):
        before.model.W[0, 0] = 1.0
    session.advance(steps=100)
    session.measure()
    session.reset()
    np.testing.assert_array_equal(before.model.W, W)
    np.testing.assert_array_equal(before.history.rows, rows)


def test_that_weight_decay_keeps_weights_smaller_and_leaves_the_bias_free() -> None:
    free, held = (
        TrainingSession(blobs(), replace(CONFIG, weight_decay=decay)) for decay in (0.0, 1.0)
    )
    for session in (free, held):
        session.advance(steps=500)
    assert np.abs(held.snapshot().model.W).max() < 0.5 * np.abs(free.snapshot().model.W).max()


def recall(parts: Split, config: TrainConfig, k: int) -> float:
    session = TrainingSession(parts, config)
    session.advance(epochs=40)
    predicted = session.snapshot().model.logits(parts.train.X).argmax(1)
    return float((predicted == k)[parts.train.labels == k].mean())


def test_that_balanced_classes_find_more_of_a_rare_one() -> None:
    balanced = replace(CONFIG, class_weight="balanced")
    assert recall(rare(), balanced, 1) > recall(rare(), CONFIG, 1) + 0.1


def test_that_smoothed_labels_leave_no_class_certain() -> None:
    sure, smooth = (
        TrainingSession(blobs(), replace(CONFIG, weight_decay=0.0, label_smoothing=eps))
        for eps in (0.0, 0.3)
    )
    for session in (sure, smooth):
        session.advance(epochs=100)
    assert measured(smooth).train.loss > measured(sure).train.loss
    assert measured(smooth).train.accuracy > 0.9


def test_that_a_single_class_and_a_batch_beyond_n_train() -> None:
    session = TrainingSession(blobs(n=6, q=1), replace(CONFIG, batch_size=1000))
    session.advance(steps=10)
    assert measured(session).train.loss == 0.0
    assert measured(session).train.accuracy == 1.0


def test_that_the_2x2_world_is_learned_to_within_a_hundredth_of_the_floor() -> None:
    parts = split(load("2x2"), 0)
    session = TrainingSession(parts, TrainConfig())
    session.advance(steps=20_000)
    assert parts.dataset.floor is not None
    assert abs(measured(session).validation.loss - parts.dataset.floor) < 0.01


def test_that_handwritten_digits_reach_95_percent() -> None:
    session = TrainingSession(digits(), TrainConfig())
    session.advance(epochs=60)
    assert measured(session).validation.accuracy >= 0.95
