"""The parts of L-BFGS that are its own; what it shares with Newton-CG is tested with that."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.core.lbfgs import FLATTER, LOWER, MEMORY, cubic_minimum, lbfgs, wolfe
from softmax_gui.core.objective import DenseObjective, finish
from softmax_gui.core.solvers import Point
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


def _hard() -> tuple[np.ndarray, np.ndarray]:
    features, labels = drawn(500, 20, 3, noise=0.3)
    return features, labels
