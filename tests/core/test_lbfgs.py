"""The parts of L-BFGS that are its own; what it shares with Newton-CG is tested with that."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.core.lbfgs import FLATTER, LOWER, MEMORY, Lbfgs, cubic_minimum, lbfgs, wolfe
from softmax_gui.core.objective import DenseObjective, finish
from softmax_gui.core.solvers import Point, prepare
from tests.core.problems import drawn

X, LABELS = drawn(300, 5, 3)


@given(st.floats(1e-6, 1e6), st.integers(0, 1000))
def test_that_a_line_search_ends_where_the_wolfe_conditions_hold(size: float, seed: int) -> None:
    objective = DenseObjective(X, LABELS, 3, 1e-2)
    theta = np.random.default_rng(seed).normal(size=(6, 3))
    loss, gradient = finish(objective.value_and_gradient(theta))
    direction = -size * gradient
    ahead = finish(wolfe(objective, Point(theta, loss, gradient), direction))
    assert ahead is not None
    slope = float(np.vdot(gradient, direction))
    step = float(np.vdot(ahead.theta - theta, direction) / np.vdot(direction, direction))
    assert ahead.loss <= loss + LOWER * step * slope + 1e-14
    if ahead.passes < 20:  # else the best step found
        assert abs(float(np.vdot(ahead.gradient, direction))) <= -FLATTER * slope


def test_that_no_step_is_taken_uphill() -> None:
    objective = DenseObjective(X, LABELS, 3, 1e-2)
    theta = np.ones((6, 3))
    loss, gradient = finish(objective.value_and_gradient(theta))
    assert finish(wolfe(objective, Point(theta, loss, gradient), gradient)) is None


def test_that_a_cubic_s_minimum_is_found() -> None:
    def ends(x: float) -> tuple[float, float, float]:
        return x, x**3 - 3.0 * x, 3.0 * x**2 - 3.0  # least at 1

    assert cubic_minimum(ends(0.0), ends(3.0)) == pytest.approx(1.0)
    assert cubic_minimum(ends(3.0), ends(0.0)) == pytest.approx(1.0)
    assert cubic_minimum((0.0, 0.0, -1.0), (2.0, np.inf, np.nan)) == 1.0


def test_that_it_remembers_no_more_steps_than_it_says() -> None:
    objective = DenseObjective(*_hard(), 3, 1e-9)
    last = finish(lbfgs(objective, np.zeros((21, 3)), tolerance=1e-9))
    assert last.iteration > MEMORY
    assert last.state["steps"].shape == last.state["changes"].shape == (MEMORY, 21, 3)


@pytest.mark.parametrize("decay", [0.0, 1e-3])
def test_that_images_of_the_changes_give_the_direction_of_products_with_m(decay: float) -> None:
    objective = DenseObjective(*_hard(), 3, decay)
    setup = finish(prepare(objective))
    last = finish(lbfgs(objective, np.zeros((21, 3)), tolerance=1e-3, setup=setup))
    loss, gradient = finish(objective.value_and_gradient(last.theta))
    known = Lbfgs(objective, setup)
    known.restore(last.state)
    without = Lbfgs(objective, setup)
    without.restore({**last.state, "images": np.empty(0)})
    assert len(last.state["images"]) == len(last.state["steps"]) > 2
    directions = []
    for method in (known, without):
        method.estimate(Point(last.theta, loss, gradient))
        directions.append(method._direction(gradient))
    np.testing.assert_allclose(directions[0], directions[1], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("cut", [1, 3, MEMORY + 5])
def test_that_a_run_goes_on_bit_by_bit_with_what_it_remembers(cut: int) -> None:
    objective = DenseObjective(*_hard(), 3, 1e-9)
    every = [at for at in lbfgs(objective, np.zeros((21, 3)), tolerance=1e-9) if at is not None]
    at = every[cut]
    kept = replace(at, state=dict(at.state))  # as a checkpoint has it
    ahead = [one for one in lbfgs(objective, at.theta, tolerance=1e-9, resume=kept) if one]
    for one, other in zip(every[cut:], ahead, strict=True):
        np.testing.assert_array_equal(one.theta, other.theta)


def _hard() -> tuple[np.ndarray, np.ndarray]:
    features, labels = drawn(500, 20, 3, noise=0.3)
    return features, labels
