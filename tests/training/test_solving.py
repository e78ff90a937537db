"""A solver behind the session's door: to the optimum, slice by slice, exactly resumed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from softmax_gui.core.optimum import find_optimum
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from tests.training.worlds import blobs, measured, soft_blobs

pytestmark = [pytest.mark.usefixtures("loop_compiled"), pytest.mark.timeout(func_only=True)]
CONFIG = TrainConfig(solver="newton-cg", weight_decay=1e-2, device="numpy")


def ended(session: TrainingSession) -> bool:
    """Asked anew each time."""
    return session.finished


@pytest.mark.parametrize("solver", ["auto", "newton-cg", "lbfgs"])
@pytest.mark.parametrize("device", ["numpy", "compiled", "cpu"])
def test_that_a_session_ends_at_the_optimum(solver: str, device: str) -> None:
    pytest.importorskip({"cpu": "torch", "compiled": "numba"}.get(device, "numpy"))
    split = blobs()
    session = TrainingSession(split, replace(CONFIG, solver=solver, device=device))
    session.advance(epochs=10_000)
    best = find_optimum(split.train.X, split.train.labels, 3, weight_decay=1e-2, tolerance=1e-10)
    now = session.snapshot()
    assert now.device.kind == device
    assert now.finished
    assert now.certificate is not None
    assert now.certificate.verdict == "optimum"
    assert now.certificate.loss - best.certificate.loss <= now.certificate.bound
    np.testing.assert_allclose(now.model.W, best.W, atol=1e-2)
    assert now.epoch == int(now.epoch) > 0  # passes over the rows


def test_that_slices_of_no_time_change_nothing() -> None:
    whole, sliced = (TrainingSession(blobs(), CONFIG) for _ in range(2))
    whole.advance(epochs=10_000)
    while not sliced.finished:
        sliced.advance(seconds=0.0)
    assert sliced.snapshot().model.W.tobytes() == whole.snapshot().model.W.tobytes()
    assert sliced.snapshot().step == whole.snapshot().step


@pytest.mark.parametrize("solver", ["newton-cg", "lbfgs"])
@pytest.mark.parametrize("device", ["numpy", "compiled"])
@pytest.mark.parametrize("cut", [1, 2, 4])
def test_that_a_resumed_solver_goes_on_bit_by_bit(solver: str, cut: int, device: str) -> None:
    config = replace(CONFIG, solver=solver, device=device)
    whole, first = (TrainingSession(blobs(), config) for _ in range(2))
    whole.advance(epochs=10_000)
    first.advance(steps=cut)
    resumed = TrainingSession.resume(blobs(), first.checkpoint())
    resumed.advance(epochs=10_000)
    assert resumed.snapshot().model.W.tobytes() == whole.snapshot().model.W.tobytes()
    assert resumed.snapshot().step == whole.snapshot().step
    assert resumed.snapshot().certificate == whole.snapshot().certificate
    assert resumed.snapshot().device.kind == device


def test_that_another_weight_decay_is_another_optimum_from_the_weights_at_hand() -> None:
    session = TrainingSession(blobs(), CONFIG)
    session.advance(epochs=10_000)
    session.adjust(weight_decay=1e-1)
    assert not ended(session)
    session.advance(epochs=10_000)
    alone = TrainingSession(blobs(), replace(CONFIG, weight_decay=1e-1))
    alone.advance(epochs=10_000)
    assert ended(session)
    np.testing.assert_allclose(
        session.snapshot().model.W, alone.snapshot().model.W, rtol=1e-2, atol=1e-2
    )


def test_that_minibatches_and_a_solver_take_turns_on_the_same_weights() -> None:
    session = TrainingSession(blobs(), replace(CONFIG, solver="minibatch"))
    session.advance(steps=50)
    before = session.snapshot().model.W
    session.adjust(solver="newton-cg")
    np.testing.assert_array_equal(session.snapshot().model.W, before)
    session.advance(epochs=10_000)
    assert ended(session)
    session.adjust(solver="minibatch")
    assert not ended(session)
    session.advance(steps=5)
    assert session.snapshot().certificate is None


def test_that_separable_classes_have_no_finite_optimum_and_it_is_said() -> None:
    split = blobs(n=60, d=20)
    session = TrainingSession(split, replace(CONFIG, weight_decay=0.0))
    session.advance(epochs=10_000)
    certificate = session.snapshot().certificate
    assert certificate is not None
    assert certificate.verdict == "separable"
    assert "add weight decay" in certificate.text


def test_that_soft_labels_smoothing_and_class_weights_reach_the_solver() -> None:
    split = soft_blobs()
    config = replace(CONFIG, label_smoothing=0.1, class_weight="balanced")
    session = TrainingSession(split, config)
    session.advance(epochs=10_000)
    from softmax_gui.data.batches import training_weights

    targets = split.train.targets
    assert targets is not None
    q = split.dataset.q
    weights = training_weights(split.train, q, "balanced")
    best = find_optimum(
        split.train.X, 0.9 * targets + 0.1 / q, q, weight_decay=1e-2, sample_weight=weights,
        tolerance=1e-10,
    )  # fmt: skip
    np.testing.assert_allclose(measured(session).model.W, best.W, atol=1e-2)
    assert session.snapshot().certificate is not None


def test_that_a_solver_of_a_phm_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="trained by minibatches"):
        replace(CONFIG, phm_order=2)
