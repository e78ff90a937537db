"""Preconditioners against the matrices they stand for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.core.objective import DenseObjective, Floats, finish
from softmax_gui.core.preconditioner import (
    Diagonal,
    Factor,
    inverse_of,
    inverse_triangle,
    sketched,
)
from tests.core.problems import drawn

RNG = np.random.default_rng(0)
X, LABELS = drawn(400, 6, 4)
X = X @ RNG.normal(size=(6, 6)) + 3.0


def _objective(features: Floats = X, decay: float = 0.3) -> DenseObjective:
    return DenseObjective(features, LABELS, 4, decay)


def _sums_to_zero(V: Floats) -> Floats:
    off: Floats = V - V.mean(axis=1, keepdims=True)
    return off


def test_that_at_zero_the_factor_is_the_inverse_of_the_hessian() -> None:
    objective = _objective()
    M = Factor.of(finish(objective.gram()), 1.0 / 4, 0.3)
    V = _sums_to_zero(RNG.normal(size=(7, 4)))
    finish(objective.value_and_gradient(np.zeros((7, 4))))
    product = finish(objective.curvature_product(V))
    np.testing.assert_allclose(M.apply(product), V, atol=1e-6)


def test_that_a_rescaled_factor_is_one_made_for_that_scale_and_decay() -> None:
    gram = finish(_objective().gram())
    V = RNG.normal(size=(7, 4))
    rescaled = Factor.of(gram, 0.25, 0.3).rescaled(0.1, 0.02)
    np.testing.assert_array_equal(rescaled.apply(V), Factor.of(gram, 0.1, 0.02).apply(V))


def test_that_the_diagonal_is_exact_for_features_without_correlation() -> None:
    signs = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]) * [2.0, 5.0] + [
        1.0,
        -4.0,
    ]
    objective = DenseObjective(signs, np.array([0, 1, 1, 0]), 2, 0.3)
    squares, mean = finish(objective.second_moments()), np.array([1.0, -4.0])
    M = Diagonal(mean, squares - mean**2, 0.5, 0.3)
    exact = Factor.of(finish(objective.gram()), 0.5, 0.3)
    V = RNG.normal(size=(3, 2))
    np.testing.assert_allclose(M.apply(V), exact.apply(V), rtol=1e-6)


def test_that_a_sketch_of_full_rank_is_nearly_the_whole_matrix() -> None:
    objective = _objective()
    gram = finish(objective.gram())
    mean = gram[-1, :-1]
    M = finish(sketched(objective, mean, np.diagonal(gram)[:-1] - mean**2))
    V = RNG.normal(size=(7, 4))
    expected = Factor.of(gram, 0.25, 0.3).apply(V)
    assert np.linalg.norm(M.apply(V) - expected) < 0.01 * np.linalg.norm(expected)


def test_that_a_sketch_serves_another_scale_and_decay() -> None:
    objective = _objective()
    gram = finish(objective.gram())
    mean = gram[-1, :-1]
    M = finish(sketched(objective, mean, np.diagonal(gram)[:-1] - mean**2)).rescaled(0.05, 0.01)
    V = RNG.normal(size=(7, 4))
    expected = Factor.of(gram, 0.05, 0.01).apply(V)
    assert np.linalg.norm(M.apply(V) - expected) < 0.05 * np.linalg.norm(expected)


@given(st.integers(1, 250), st.integers(0, 2**32 - 1))
def test_that_a_triangle_is_inverted_by_halves(d: int, seed: int) -> None:
    L = np.tril(np.random.default_rng(seed).normal(size=(d, d)) / d) + 2.0 * np.eye(d)
    np.testing.assert_allclose(inverse_triangle(L) @ L, np.eye(d), atol=1e-9)


@pytest.mark.parametrize("decay", [0.0, 1e-3])
def test_that_duplicates_constants_and_wild_scales_leave_it_positive(decay: float) -> None:
    wild = np.column_stack([X, X[:, :2], np.full(400, 7.0)]) * 10.0 ** np.arange(-6, 12, 2)
    inverse = inverse_of(np.cov(wild.T, bias=True), decay)
    assert np.isfinite(inverse).all()
    scaled = inverse * np.outer(*(2 * [1.0 / np.sqrt(np.diagonal(inverse))]))
    assert np.linalg.eigvalsh(scaled).min() > -1e-12


def test_that_wild_scales_are_inverted_as_well_as_tame_ones() -> None:
    scales = 10.0 ** np.array([-6, -3, 0, 3, 6, 6])
    tame = np.cov(X.T, bias=True)
    wild = tame * np.outer(scales, scales)
    expected = inverse_of(tame, 0.0) / np.outer(scales, scales)
    np.testing.assert_allclose(inverse_of(wild, 0.0), expected, rtol=1e-6)
