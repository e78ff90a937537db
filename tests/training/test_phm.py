"""A PHM layer in a run: it learns, resumes bit by bit, and names the orders it can have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_gui.core.phm import PHM
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from tests.training.worlds import bits, blobs, measured, soft_blobs

CONFIG = TrainConfig(learning_rate=0.1, batch_size=16, momentum=0.5, phm_order=3, seed=3)
both_optimizers = pytest.mark.parametrize("optimizer", ["sgd", "adam"])


@both_optimizers
@settings(max_examples=15)
@given(stop=st.integers(0, 60), batch_size=st.sampled_from([1, 7, 96, 500]), soft=st.booleans())
def test_that_a_checkpoint_at_any_step_resumes_bit_by_bit(
    optimizer: str, stop: int, batch_size: int, soft: bool
) -> None:
    config = replace(CONFIG, optimizer=optimizer, batch_size=batch_size, learning_rate=0.02)
    parts = (soft_blobs if soft else blobs)(120, 6, 3)
    whole, first = TrainingSession(parts, config), TrainingSession(parts, config)
    whole.advance(steps=60)
    first.advance(steps=stop)
    resumed = TrainingSession.resume(parts, first.checkpoint())
    resumed.advance(steps=60 - stop)
    assert bits(resumed) == bits(whole)


@both_optimizers
@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_that_each_order_that_divides_learns(optimizer: str, order: int) -> None:
    parts = blobs(d=12, q=6)
    config = replace(CONFIG, optimizer=optimizer, phm_order=order, learning_rate=0.02)
    session = TrainingSession(parts, config)
    assert session.snapshot().train.loss == pytest.approx(np.log(6), rel=1e-12)
    session.advance(epochs=30)
    assert measured(session).train.loss < 0.5 * np.log(6)
    assert measured(session).validation.accuracy > 0.6


def test_that_the_weights_shown_are_those_of_the_factors() -> None:
    session = TrainingSession(blobs(d=6), CONFIG)
    session.advance(steps=50)
    kept, model = session.checkpoint().parameters, session.snapshot().model
    layer = PHM(kept.slots["A"], kept.slots["S"], kept.b)
    assert layer.order == 3
    np.testing.assert_allclose(model.W, layer.W, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(model.b, kept.b)
    np.testing.assert_array_equal(kept.W, model.W)


@pytest.mark.parametrize(
    ("d", "q", "order", "legal"),
    [(12, 6, 4, "1, 2, 3, 6"), (5, 3, 2, "1"), (6, 6, 12, "1, 2, 3, 6")],
)
def test_that_an_order_that_does_not_divide_is_refused_with_those_that_do(
    d: int, q: int, order: int, legal: str
) -> None:
    with pytest.raises(ValueError, match=rf"order {order}.* Possible: {legal}\."):
        TrainingSession(blobs(d=d, q=q), replace(CONFIG, phm_order=order))


def test_that_a_change_of_the_order_starts_the_layer_anew_and_back_to_dense_goes_on() -> None:
    session = TrainingSession(blobs(d=6), CONFIG)
    session.advance(steps=40)
    session.adjust(phm_order=1)
    assert measured(session).train.loss == pytest.approx(np.log(3), rel=1e-12)
    session.advance(steps=40)
    W = session.snapshot().model.W
    session.adjust(phm_order=0)
    assert session.snapshot().model.W.tobytes() == W.tobytes()
    session.advance(steps=40)
    assert session.snapshot().step == 120


def test_that_a_change_of_another_setting_keeps_the_factors() -> None:
    session = TrainingSession(blobs(d=6), CONFIG)
    session.advance(steps=40)
    before = session.checkpoint().parameters
    session.adjust(optimizer="adam", label_smoothing=0.1)
    after = session.checkpoint().parameters
    for name in ("A", "S"):
        assert after.slots[name].tobytes() == before.slots[name].tobytes()
    assert after.steps == 0  # of another optimizer
    assert after.W.tobytes() == before.W.tobytes()


@pytest.mark.parametrize("device", ["auto", "compiled", "numpy"])
def test_that_the_layer_trains_by_the_plain_formulas_where_the_loop_was_asked_for(
    device: str,
) -> None:
    session = TrainingSession(blobs(d=6), replace(CONFIG, device=device))
    session.advance(steps=5)
    assert session.snapshot().device.kind == "numpy"


def test_that_torch_trains_the_layer_as_numpy_does() -> None:
    pytest.importorskip("torch")
    models = []
    for device in ("numpy", "cpu"):
        session = TrainingSession(blobs(d=6), replace(CONFIG, device=device))
        session.advance(steps=50)
        models.append(session.snapshot().model)
    np.testing.assert_allclose(models[0].W, models[1].W, rtol=1e-10, atol=1e-12)


def test_that_reset_repeats_the_run_bit_by_bit() -> None:
    session = TrainingSession(blobs(d=6), CONFIG)
    session.advance(steps=30)
    first = bits(session)
    session.reset()
    session.advance(steps=30)
    assert bits(session) == first
