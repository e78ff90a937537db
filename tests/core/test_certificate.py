"""Bounds on the distance to the optimum against the distance itself, on many problems."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_gui.core.certificate import (
    Certificate,
    anchor_of,
    certify,
    duality_gap,
    mixture,
    separating_direction,
)
from softmax_gui.core.local_bound import closed_form, local_bound, whitener
from softmax_gui.core.newton_cg import newton_cg
from softmax_gui.core.objective import DenseObjective, Floats, finish
from tests.core.problems import drawn, lowest, one_hot

seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None, max_examples=150)
@given(
    seed=seeds,
    decay=st.floats(-6, 2).map(lambda e: 10.0**e),
    distance=st.floats(-7, 0).map(lambda e: 10.0**e),
    soft=st.booleans(),
    weighted=st.booleans(),
)
def test_that_no_optimum_lies_below_the_dual_bound(
    seed: int, decay: float, distance: float, soft: bool, weighted: bool
) -> None:
    rng = np.random.default_rng(seed)
    n, d, q = int(rng.integers(4, 40)), int(rng.integers(1, 6)), int(rng.integers(2, 5))
    X, labels = drawn(n, d, q, float(rng.random()), seed)
    X = X * 10.0 ** rng.uniform(-2, 2, d) + rng.normal(size=d)
    Y = rng.dirichlet(np.ones(q), n) if soft else one_hot(labels, q)
    Y = Y[:, Y.sum(axis=0) > 0.0]
    if Y.shape[1] < 2:
        return
    s = rng.random(n) + 0.01 if weighted else None
    best, theta = lowest(X, Y, decay, s)
    theta = theta + distance * rng.normal(size=theta.shape) * np.abs(theta).max()
    objective = DenseObjective(X, Y, Y.shape[1], decay, s)
    anchor = anchor_of(finish(objective.first_moments()))
    loss, gradient = finish(objective.value_and_gradient(theta))
    gap = loss - best
    slop = 1e-13 * (1.0 + loss)
    assert duality_gap(theta, loss, gradient, decay, anchor) >= gap - slop
    assert finish(certify(objective, theta, anchor)).bound >= gap - slop


@settings(deadline=None, max_examples=150)
@given(seed=seeds, distance=st.floats(-9, 0).map(lambda e: 10.0**e), soft=st.booleans())
def test_that_no_optimum_lies_below_the_local_bound(seed: int, distance: float, soft: bool) -> None:
    rng = np.random.default_rng(seed)
    d, q = int(rng.integers(1, 5)), int(rng.integers(2, 5))
    X, labels = drawn(80, d, q, 3.0, seed)
    X = np.column_stack([X, X[:, 0]]) * 10.0 ** rng.uniform(-2, 2, d + 1)  # one duplicated
    Y = rng.dirichlet(np.ones(q), 80) if soft else one_hot(labels, q)
    best, theta = lowest(X, Y, 0.0)
    theta = theta + distance * rng.normal(size=theta.shape) * np.abs(theta).max()
    objective = DenseObjective(X, Y, q)
    loss, gradient = finish(objective.value_and_gradient(theta))
    bound = finish(local_bound(objective, gradient))
    assert bound + 1e-14 * (1.0 + loss) >= loss - best


def test_that_near_the_optimum_both_bounds_are_near_zero() -> None:
    X, labels = drawn(300, 5, 3)
    for decay in (0.0, 1e-2):
        objective = DenseObjective(X, labels, 3, decay)
        last = finish(newton_cg(objective, np.zeros((6, 3)), tolerance=1e-10))
        anchor = anchor_of(finish(objective.first_moments()))
        certificate = finish(certify(objective, last.theta, anchor, 1e-8))
        assert certificate.verdict == "optimum"
        assert certificate.bound < 1e-8 * certificate.loss
        assert certificate.relative == certificate.bound / certificate.loss


def test_that_far_from_the_optimum_the_verdict_is_still_falling() -> None:
    X, labels = drawn(300, 5, 3)
    for decay in (0.0, 1e-2):
        objective = DenseObjective(X, labels, 3, decay)
        anchor = anchor_of(finish(objective.first_moments()))
        certificate = finish(certify(objective, np.ones((6, 3)), anchor))
        assert certificate.verdict == "falling"
        assert certificate.bound > 1e-3


def test_that_float32_rows_are_certified_in_float64() -> None:
    X, labels = drawn(300, 5, 3)
    narrow = DenseObjective(X.astype(np.float32), labels, 3, 1e-2)
    wide = narrow.widened()
    last = finish(newton_cg(wide, np.zeros((6, 3)), tolerance=1e-13))
    anchor = anchor_of(finish(wide.first_moments()))
    assert finish(certify(narrow, last.theta, anchor, 1e-12)).verdict == "optimum"


def test_that_separable_classes_are_told_and_others_are_not() -> None:
    for noise, verdict in ((0.0, "separable"), (2.0, "falling")):
        X, labels = drawn(200, 5, 3, noise)
        objective = DenseObjective(X, labels, 3)
        rng = np.random.default_rng(0)  # as `drawn` draws its features and its true model
        rng.normal(size=(200, 5))
        theta = np.vstack([rng.normal(size=(5, 3)), np.zeros((1, 3))])
        anchor = anchor_of(finish(objective.first_moments()))
        assert finish(certify(objective, theta, anchor)).verdict == verdict


def test_that_a_direction_that_leaves_some_rows_level_separates_too() -> None:
    """Rows at x = 1 are all of class 0; at x = 0 both classes occur."""
    X, labels = np.array([[1.0], [1.0], [0.0], [0.0]]), np.array([0, 0, 0, 1])
    objective = DenseObjective(X, labels, 2)
    last = finish(newton_cg(objective, np.zeros((2, 2)), tolerance=1e-9))
    anchor = anchor_of(finish(objective.first_moments()))
    along = np.array([[1.0, -1.0], [1e-9, -1e-9]])
    assert finish(separating_direction(objective, along)) is not None
    assert finish(certify(objective, last.theta, anchor, 1e-9, along)).verdict == "separable"


def test_that_rows_of_weight_zero_do_not_stand_in_the_way_of_separation() -> None:
    X, labels = np.array([[1.0], [-1.0], [2.0]]), np.array([0, 1, 1])
    s = np.array([1.0, 1.0, 0.0])
    direction = np.array([[1.0, -1.0], [0.0, 0.0]])
    assert finish(separating_direction(DenseObjective(X, labels, 2), direction)) is None
    weighted = DenseObjective(X, labels, 2, sample_weight=s)
    assert finish(separating_direction(weighted, direction)) is not None


def test_that_soft_labels_are_never_called_separable() -> None:
    X, Y = np.array([[1.0], [-1.0]]), np.array([[0.9, 0.1], [0.1, 0.9]])
    direction = np.array([[1.0, -1.0], [0.0, 0.0]])
    assert finish(separating_direction(DenseObjective(X, Y, 2), direction)) is None


@given(st.integers(2, 6), seeds)
def test_that_a_mixture_has_the_means_that_are_wanted(q: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean, targets = rng.dirichlet(np.ones(q)), rng.dirichlet(np.ones(q))
    eps, u = mixture(mean, mean - targets)
    assert 0.0 <= eps <= 1.0
    assert (u >= 0.0).all()
    np.testing.assert_allclose((1.0 - eps) * mean + eps * u, targets, atol=1e-12)


def test_that_a_gradient_of_the_bias_that_is_rounding_needs_no_mixture() -> None:
    mean = np.array([0.5, 0.5])
    for g_b in (np.zeros(2), np.full(2, 1e-17), np.array([2e-16, -1e-16])):
        eps, u = mixture(mean, g_b)
        assert eps == 0.0
        np.testing.assert_array_equal(u, mean)


def test_that_the_closed_form_agrees_with_its_series_and_ends_at_one() -> None:
    assert closed_form(1.0, 1.0) == closed_form(2.0, 3.0) == math.inf
    assert closed_form(1.0, 0.00101) == pytest.approx(0.00101**2 * (0.5 + 0.00101 / 6), rel=1e-5)
    assert closed_form(1.0, 1e-6) == pytest.approx(0.5e-12, rel=1e-5)


def test_that_a_matrix_of_nothing_has_no_whitener() -> None:
    assert whitener(np.zeros((3, 3))) is None
    assert whitener(np.full((3, 3), math.nan)) is None


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("optimum", "optimum to within 1e-6"),
        ("falling", "still falling"),
        ("separable", "no finite optimum: the classes are separable, add weight decay"),
    ],
)
def test_that_each_verdict_has_its_words(verdict: str, words: str) -> None:
    assert Certificate(verdict, 0.0, 1.0, 0.0, 0.0, 1e-6).text == words


def test_that_the_gap_of_a_bias_far_off_is_no_number_but_inf() -> None:
    theta: Floats = np.array([[0.0, 0.0], [50.0, -50.0]])
    objective = DenseObjective(np.array([[1.0], [-1.0]]), np.array([0, 1]), 2, 0.1)
    anchor = anchor_of(finish(objective.first_moments()))
    loss, gradient = finish(objective.value_and_gradient(theta))
    assert duality_gap(theta, loss, gradient, 0.1, anchor) >= loss - math.log(2.0)
