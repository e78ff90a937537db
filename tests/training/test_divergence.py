"""A run that diverges is noticed soon, and the last good weights are back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from softmax_gui.data.batches import split
from softmax_gui.data.samples import load
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.watch import LOOK_STEPS, WINDOW_STEPS, TrainingDiverged
from tests.training.worlds import blobs, digits, measured

pytestmark = [pytest.mark.usefixtures("loop_compiled"), pytest.mark.timeout(func_only=True)]
SOON = 100  # steps
PLACES: list[dict[str, Any]] = [
    {"device": "numpy"}, {"device": "compiled", "threads": 1}, {"device": "compiled", "threads": 2}
]  # fmt: skip
places = pytest.mark.parametrize("place", PLACES, ids=str)


def weights(session: TrainingSession) -> tuple[bytes, bytes]:
    model = session.snapshot().model
    return model.W.tobytes(), model.b.tobytes()


@places
@pytest.mark.parametrize("rate", [1e6, 1e30])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("data", ["2x2", "digits", "iris"])
def test_that_divergence_is_noticed_and_the_suggested_rate_works(
    data: str, rate: float, dtype: str, place: dict[str, Any]
) -> None:
    session = TrainingSession(split(load(data), 0), TrainConfig(dtype=dtype, **place))
    kept = session._keeping  # steps between the weights it could come back to
    session.advance(steps=kept)
    good = weights(session)
    session.advance(steps=WINDOW_STEPS)
    session.adjust(learning_rate=rate)
    with pytest.raises(TrainingDiverged, match=r"diverged at step .* learning rate") as caught:
        session.advance(steps=SOON)
    assert caught.value.step - kept - WINDOW_STEPS <= SOON
    assert weights(session) == good
    assert session.snapshot().step == kept == caught.value.restored_step
    assert session.snapshot().history.column("step")[-1] == kept

    before = measured(session).train.loss
    session.adjust(learning_rate=caught.value.safe_rate)
    session.advance(steps=500)
    assert measured(session).train.loss < 1.01 * before  # where it had converged, noise remains


@places
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_that_losses_beyond_all_numbers_are_noticed_and_the_weights_stay_finite(
    dtype: str, place: dict[str, Any]
) -> None:
    session = TrainingSession(blobs(), TrainConfig(dtype=dtype, **place))
    session.adjust(learning_rate=1e38 if dtype == "float32" else 1e308)
    with pytest.raises(TrainingDiverged) as caught:
        session.advance(steps=5000)
    assert caught.value.step <= SOON
    assert np.isfinite(session.snapshot().model.W).all()
    assert session.snapshot().step == 0


@places
@pytest.mark.parametrize("late", [1, 2, 4, 15, 16, 40])
@pytest.mark.parametrize("rate", [1000.0, 1e6])
def test_that_a_rate_raised_late_in_a_window_does_not_ruin_the_good_weights(
    late: int, rate: float, place: dict[str, Any]
) -> None:
    session = TrainingSession(digits(), TrainConfig(**place))
    session.advance(steps=session._keeping + WINDOW_STEPS - late)
    loss = measured(session).train.loss
    session.adjust(learning_rate=rate)
    with pytest.raises(TrainingDiverged):
        session.advance(steps=SOON)
    assert measured(session).train.loss < 2 * loss + 0.5


@places
@pytest.mark.parametrize("rate", [10.0, 100.0, 1e30, 1e300])
def test_that_where_a_run_diverges_does_not_depend_on_how_it_is_cut(
    rate: float, place: dict[str, Any]
) -> None:
    ends = []
    for piece in (1, 7, 40, 2000):
        session = TrainingSession(digits(), TrainConfig(learning_rate=rate, **place))
        end: object = None
        try:
            for _ in range(-(-400 // piece)):
                session.advance(steps=piece)
        except TrainingDiverged as diverged:
            end = diverged.step, repr(diverged.loss), diverged.restored_step
        ends.append(end)
    assert len(set(ends)) == 1
    assert ends[0] is not None or rate == 10.0


@places
def test_that_a_resumed_run_diverges_where_the_whole_one_does(place: dict[str, Any]) -> None:
    config = TrainConfig(learning_rate=100.0, **place)
    whole, first = TrainingSession(digits(), config), TrainingSession(digits(), config)
    with pytest.raises(TrainingDiverged) as one:
        whole.advance(steps=200)
    first.advance(steps=9)
    with pytest.raises(TrainingDiverged) as other:
        TrainingSession.resume(digits(), first.checkpoint()).advance(steps=200)
    assert (one.value.step, one.value.loss) == (other.value.step, other.value.loss)


def test_that_one_noisy_example_at_a_time_is_no_divergence() -> None:
    session = TrainingSession(digits(), TrainConfig(learning_rate=0.05, batch_size=1))
    for _ in range(100):
        session.advance(steps=3)
    assert session.snapshot().step == 300


@places
def test_that_adam_too_is_taken_back(place: dict[str, Any]) -> None:
    session = TrainingSession(digits(), TrainConfig(learning_rate=0.01, optimizer="adam", **place))
    session.advance(steps=session._keeping)
    good = session.checkpoint()
    session.advance(steps=LOOK_STEPS)
    session.adjust(learning_rate=1e4)
    with pytest.raises(TrainingDiverged):
        session.advance(steps=SOON)
    back = session.checkpoint()
    assert (back.step, back.examples) == (good.step, good.examples)
    assert back.parameters.steps == good.parameters.steps
    for name, slot in good.parameters.slots.items():
        np.testing.assert_array_equal(back.parameters.slots[name], slot)


def test_that_a_run_taken_back_goes_on_as_from_those_weights() -> None:
    config = replace(TrainConfig(), device="numpy")
    one, other = TrainingSession(digits(), config), TrainingSession(digits(), config)
    for session in (one, other):
        session.advance(steps=session._keeping)
    one.advance(steps=LOOK_STEPS)
    one.adjust(learning_rate=1e6)
    with pytest.raises(TrainingDiverged):
        one.advance(steps=SOON)
    one.adjust(learning_rate=config.learning_rate)
    for session in (one, other):
        session.advance(steps=50)
    assert weights(one) == weights(other)
