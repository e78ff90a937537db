"""A solver's run whose settings change: the weights are those that its certificate is of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from softmax_gui.core.losses import cross_entropy, one_hot, smoothed
from softmax_gui.core.optimum import find_optimum
from softmax_gui.data.batches import split
from softmax_gui.data.samples import load
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession

PARTS = split(load("iris", seed=0), 0)


def penalised(session: TrainingSession) -> float:
    """The loss that the settings in force ask to be smallest, of the weights there are."""
    one, config, rows = session.snapshot(), session.config, PARTS.train
    targets = smoothed(one_hot(rows.labels, 3), config.label_smoothing)
    loss = float(cross_entropy(rows.X @ one.model.W + one.model.b, targets)[0])
    return loss + config.weight_decay / 2 * float((one.model.W**2).sum())


def finish(session: TrainingSession) -> None:
    while not session.finished:
        session.advance(seconds=1.0)


def look_at_end(session: TrainingSession) -> None:
    """The certificate is of these very weights, and says that they are the optimum."""
    finish(session)
    certificate, config = session.snapshot().certificate, session.config
    assert certificate is not None
    assert certificate.verdict == "optimum"
    assert penalised(session) == pytest.approx(certificate.loss, rel=1e-9)
    best = find_optimum(
        PARTS.train.X, PARTS.train.labels, 3, weight_decay=config.weight_decay,
        label_smoothing=config.label_smoothing,
    )  # fmt: skip
    assert penalised(session) == pytest.approx(best.certificate.loss, rel=2e-6)


@pytest.mark.parametrize("solver", ["newton-cg", "lbfgs"])
@pytest.mark.parametrize("steps", [1, 3, 8, 40])
def test_that_another_decay_in_mid_run_is_solved_to_its_own_optimum(
    solver: str, steps: int
) -> None:
    config = TrainConfig(solver=solver, weight_decay=1e-4, device="numpy")
    session = TrainingSession(PARTS, config)
    session.advance(steps=steps)
    before = session.snapshot()
    session.adjust(weight_decay=0.1)
    look_at_end(session)
    assert session.snapshot().step > before.step
    assert session.snapshot().examples > before.examples


@pytest.mark.parametrize("solver", ["newton-cg", "lbfgs"])
def test_that_no_number_of_changes_uses_up_the_iterations(solver: str) -> None:
    session = TrainingSession(PARTS, TrainConfig(solver=solver, weight_decay=0.01, device="numpy"))
    finish(session)
    for turn in range(45):
        session.adjust(weight_decay=10.0 ** -(1 + (7 * turn) % 3))
        look_at_end(session)
    for smoothing in (0.1, 0.2, 0.0, 0.1):
        session.adjust(label_smoothing=smoothing)
        look_at_end(session)


@pytest.mark.parametrize("solver", ["newton-cg", "lbfgs"])
def test_that_a_tolerance_goes_on_where_the_run_is(solver: str) -> None:
    config = TrainConfig(solver=solver, weight_decay=1e-3, device="numpy")
    through = TrainingSession(PARTS, replace(config, tolerance=1e-9))
    finish(through)
    session = TrainingSession(PARTS, config)
    session.advance(steps=4)
    session.adjust(tolerance=1e-9)
    finish(session)
    assert session.snapshot().step == through.snapshot().step
    np.testing.assert_allclose(
        session.snapshot().model.W, through.snapshot().model.W, rtol=1e-9, atol=1e-12
    )


def test_that_the_other_solver_goes_on_from_the_weights() -> None:
    config = TrainConfig(solver="newton-cg", weight_decay=1e-3, device="numpy")
    session = TrainingSession(PARTS, config)
    session.advance(steps=3)
    session.adjust(solver="lbfgs")
    look_at_end(session)
    session.adjust(solver="newton-cg")
    look_at_end(session)
