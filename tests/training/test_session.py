"""TrainingSession: right, repeatable, resumable, and it notices when training diverges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.data.batches import epoch_order, split
from softmax_gui.data.samples import load
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.watch import WINDOW_STEPS, TrainingDiverged
from tests.training.worlds import blobs, digits, measured

CONFIG = TrainConfig(learning_rate=0.05, batch_size=16, momentum=0.5, weight_decay=1e-3, seed=3)


def weights(session: TrainingSession) -> tuple[bytes, bytes]:
    model = session.snapshot().model
    return model.W.tobytes(), model.b.tobytes()


def test_that_steps_equal_torch_with_autograd_and_its_own_optimizer() -> None:
    torch = pytest.importorskip("torch")
    parts = blobs()
    session = TrainingSession(parts, CONFIG)
    session.advance(steps=40)
    model = session.snapshot().model

    X, labels = torch.tensor(parts.train.X), torch.tensor(parts.train.labels)
    W = torch.zeros(5, 3, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    groups = [{"params": [W], "weight_decay": 1e-3}, {"params": [b], "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=0.05, momentum=0.5)
    taken = 0
    for epoch in range(10):
        order = torch.tensor(epoch_order(len(X), 3, epoch))
        for rows in order.split(16):
            if taken == 40:
                break
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(X[rows] @ W + b, labels[rows]).backward()
            optimizer.step()
            taken += 1
    assert taken == 40
    np.testing.assert_allclose(model.W, W.detach().numpy(), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(model.b, b.detach().numpy(), rtol=1e-10, atol=1e-13)


def test_that_a_seed_repeats_a_run_bit_by_bit_however_it_is_cut_up() -> None:
    once, twice, other = (
        TrainingSession(blobs(), CONFIG),
        TrainingSession(blobs(), CONFIG),
        TrainingSession(blobs(), replace(CONFIG, seed=4)),
    )
    once.advance(steps=100)
    other.advance(steps=100)
    for steps in (1, 30, 64, 5):
        twice.advance(steps=steps)
        twice.snapshot()  # looking changes nothing
    assert weights(once) == weights(twice)
    assert weights(once) != weights(other)


@given(st.integers(1, 90), st.sampled_from([1, 7, 16, 500]))
def test_that_a_checkpoint_resumes_bit_by_bit(stop: int, batch_size: int) -> None:
    config = replace(CONFIG, batch_size=batch_size)
    whole, first = TrainingSession(blobs(), config), TrainingSession(blobs(), config)
    whole.advance(steps=100)
    first.advance(steps=stop)
    resumed = TrainingSession.resume(blobs(), first.checkpoint())
    resumed.advance(steps=100 - stop)
    assert weights(resumed) == weights(whole)
    assert resumed.snapshot().epoch == whole.snapshot().epoch


def test_that_zero_weights_start_at_ln_q() -> None:
    start = TrainingSession(digits(), TrainConfig()).snapshot()
    assert start.train.loss == pytest.approx(np.log(10), rel=1e-12)
    assert start.step == 0


def test_that_an_epoch_visits_every_example_once_and_its_last_batch_may_be_smaller() -> None:
    session = TrainingSession(blobs(n=100), replace(CONFIG, batch_size=32))
    n = len(session.split.train.X)
    session.advance(epochs=1)
    assert session.epoch == 1
    snapshot = session.snapshot()
    assert (snapshot.examples, snapshot.step) == (n, -(-n // 32))


def test_that_advance_keeps_to_steps_and_to_epochs() -> None:
    session = TrainingSession(blobs(), CONFIG)
    session.advance(steps=7)
    assert session.snapshot().step == 7
    session.advance(epochs=2)
    assert session.epoch == 2


def test_that_advance_by_seconds_ends_and_takes_at_least_a_step() -> None:
    session = TrainingSession(blobs(), CONFIG)
    session.advance(seconds=0.0)
    assert session.snapshot().step >= 1


def test_that_no_step_changes_nothing() -> None:
    session = TrainingSession(blobs(), CONFIG)
    session.advance(steps=0, seconds=1.0)
    assert session.snapshot().step == 0


@pytest.mark.parametrize("rate", [1e6, 1e30])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("data", ["2x2", "digits", "iris"])
def test_that_divergence_is_noticed_and_the_suggested_rate_works(
    data: str, rate: float, dtype: str
) -> None:
    session = TrainingSession(split(load(data), 0), TrainConfig(dtype=dtype))
    session.advance(steps=WINDOW_STEPS)
    good = weights(session)
    session.advance(steps=WINDOW_STEPS)
    session.adjust(learning_rate=rate)
    with pytest.raises(TrainingDiverged, match=r"diverged at step .* learning rate") as caught:
        session.advance(steps=100)
    assert caught.value.step - 2 * WINDOW_STEPS <= 100
    assert weights(session) == good
    assert session.snapshot().step == WINDOW_STEPS == caught.value.restored_step

    before = measured(session).train.loss
    session.adjust(learning_rate=caught.value.safe_rate)
    session.advance(steps=500)
    assert measured(session).train.loss < before


def test_that_a_loss_that_becomes_nan_is_noticed() -> None:
    session = TrainingSession(blobs(), replace(CONFIG, dtype="float32"))
    session.adjust(learning_rate=1e38)
    with pytest.raises(TrainingDiverged):
        session.advance(steps=100)
    assert np.isfinite(session.snapshot().model.W).all()
    assert session.snapshot().step == 0


def test_that_one_noisy_example_at_a_time_is_no_divergence() -> None:
    session = TrainingSession(digits(), TrainConfig(learning_rate=0.05, batch_size=1))
    for _ in range(100):
        session.advance(steps=3)
    assert session.snapshot().step == 300


def test_that_settings_change_between_steps_and_bad_ones_are_refused() -> None:
    session = TrainingSession(blobs(), CONFIG)
    session.adjust(batch_size=8, momentum=0.0)
    assert session.config.batch_size == 8
    with pytest.raises(ValueError, match="learning_rate is -1"):
        session.adjust(learning_rate=-1.0)
    assert session.config.learning_rate == CONFIG.learning_rate


@pytest.mark.parametrize(
    "bad",
    [
        {"learning_rate": 0.0}, {"learning_rate": float("nan")}, {"learning_rate": float("inf")},
        {"batch_size": 0}, {"momentum": 1.0}, {"weight_decay": -1e-9}, {"seed": -1},
        {"device": "tpu"}, {"dtype": "int8"},
    ],
)  # fmt: skip
def test_that_a_config_out_of_range_is_refused_by_name(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        replace(TrainConfig(), **bad)


def test_that_reset_starts_over_and_repeats_the_run() -> None:
    session = TrainingSession(blobs(), CONFIG)
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


def test_that_a_snapshot_owns_what_it_shows() -> None:
    session = TrainingSession(blobs(), CONFIG)
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


@pytest.mark.parametrize("late", [1, 2, 4, 15, 16, 40])
@pytest.mark.parametrize("rate", [1000.0, 1e6])
def test_that_a_rate_raised_late_in_a_window_does_not_ruin_the_good_weights(
    late: int, rate: float
) -> None:
    session = TrainingSession(digits(), TrainConfig())
    session.advance(steps=2 * WINDOW_STEPS - late)
    loss = measured(session).train.loss
    session.adjust(learning_rate=rate)
    with pytest.raises(TrainingDiverged):
        session.advance(steps=100)
    assert measured(session).train.loss < 2 * loss + 0.5


@pytest.mark.parametrize("rate", [10.0, 100.0])
def test_that_whether_a_run_diverges_does_not_depend_on_how_it_is_cut_up(rate: float) -> None:
    ends: list[object] = []
    for piece in (1, 7, 40, 2000):
        session = TrainingSession(digits(), TrainConfig(learning_rate=rate))
        try:
            for _ in range(-(-400 // piece)):
                session.advance(steps=piece)
            ends.append(None)
        except TrainingDiverged as diverged:
            ends.append((diverged.step, round(diverged.loss, 6), diverged.restored_step))
    assert len(set(ends)) == 1


def test_that_a_resumed_run_diverges_where_the_whole_one_does() -> None:
    config = TrainConfig(learning_rate=100.0)
    whole, first = TrainingSession(digits(), config), TrainingSession(digits(), config)
    with pytest.raises(TrainingDiverged) as one:
        whole.advance(steps=200)
    first.advance(steps=9)
    with pytest.raises(TrainingDiverged) as other:
        TrainingSession.resume(digits(), first.checkpoint()).advance(steps=200)
    assert one.value.step == other.value.step
    assert one.value.loss == pytest.approx(other.value.loss, rel=1e-12)


def test_that_only_what_can_change_during_a_run_is_adjusted() -> None:
    session = TrainingSession(blobs(), CONFIG)
    with pytest.raises(ValueError, match="seed"):
        session.adjust(seed=5)
    assert session.config.seed == CONFIG.seed
