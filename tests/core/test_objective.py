"""F, its gradient, its curvature and its means against their definitions, row by row."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.core import objective as module
from softmax_gui.core.objective import DenseObjective, Floats, finish
from tests.core.problems import derivatives, drawn, loss_at, one_hot

N, D, Q = 700, 6, 4  # more rows than one block has
RNG = np.random.default_rng(1)
X, LABELS = drawn(N, D, Q)
SOFT = RNG.dirichlet(np.ones(Q), N)
WEIGHTS = RNG.random(N) * (RNG.random(N) > 0.2)
THETA = RNG.normal(size=(D + 1, Q))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "block_rows", lambda q: 256)


def cases() -> list[Any]:
    hard, smooth = one_hot(LABELS, Q), 0.9 * one_hot(LABELS, Q) + 0.1 / Q
    return [
        pytest.param({"targets": LABELS}, hard, None, id="labels"),
        pytest.param({"targets": LABELS.astype(np.uint8)}, hard, None, id="bytes"),
        pytest.param({"targets": SOFT}, SOFT, None, id="soft labels"),
        pytest.param({"targets": LABELS, "label_smoothing": 0.1}, smooth, None, id="smoothing"),
        pytest.param(
            {"targets": SOFT, "label_smoothing": 0.1}, 0.9 * SOFT + 0.1 / Q, None, id="both"
        ),
        pytest.param({"targets": LABELS, "sample_weight": WEIGHTS}, hard, WEIGHTS, id="weights"),
    ]


def make(decay: float = 0.3, dtype: Any = np.float64, **options: Any) -> DenseObjective:
    return DenseObjective(X.astype(dtype), options.pop("targets"), Q, decay, **options)


@pytest.mark.parametrize(("options", "Y", "weights"), cases())
def test_that_loss_and_gradient_are_those_of_the_definition(
    options: dict[str, Any], Y: Floats, weights: Floats | None
) -> None:
    loss, gradient = finish(make(**options).value_and_gradient(THETA))
    expected, _ = derivatives(THETA, X, Y, 0.3, weights)
    assert loss == pytest.approx(loss_at(THETA, X, Y, 0.3, weights), rel=1e-13)
    np.testing.assert_allclose(gradient.ravel(), expected, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(("options", "Y", "weights"), cases())
@pytest.mark.parametrize("kept", [True, False])
def test_that_a_product_is_one_with_the_whole_hessian(
    options: dict[str, Any],
    Y: Floats,
    weights: Floats | None,
    kept: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "KEPT", 10**9 if kept else 0)
    objective, V = make(**options), RNG.normal(size=THETA.shape)
    finish(objective.value_and_gradient(THETA))
    _, hessian = derivatives(THETA, X, Y, 0.3, weights)
    product = finish(objective.curvature_product(V))
    np.testing.assert_allclose(product.ravel(), hessian @ V.ravel(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_that_means_and_gram_matrix_are_those_of_the_rows(weights: Floats | None) -> None:
    objective = make(targets=LABELS, sample_weight=weights)
    s = np.ones(N) if weights is None else weights
    Xt, s = np.column_stack([X, np.ones(N)]), s / s.sum()
    Y1 = np.column_stack([one_hot(LABELS, Q), np.ones(N)])
    np.testing.assert_allclose(finish(objective.gram()), (Xt * s[:, None]).T @ Xt, atol=1e-13)
    np.testing.assert_allclose(
        finish(objective.first_moments()), (Xt * s[:, None]).T @ Y1, atol=1e-13
    )
    np.testing.assert_allclose(finish(objective.second_moments()), s @ X**2, rtol=1e-12)


def test_that_a_gram_matrix_of_some_rows_is_near_that_of_all() -> None:
    objective = make(targets=LABELS)
    some, every = finish(objective.gram(350)), finish(objective.gram())
    assert 0.0 < np.abs(some - every).max() < 0.2


def test_that_float32_features_of_large_mean_keep_their_deviation_in_the_gram_matrix() -> None:
    far = (X + 1000.0).astype(np.float32)
    gram = finish(DenseObjective(far, LABELS, Q).gram())
    covariance = gram[:-1, :-1] - np.outer(gram[-1, :-1], gram[-1, :-1])
    np.testing.assert_allclose(covariance, np.cov(far.T.astype(float), bias=True), atol=1e-4)


def test_that_float32_agrees_with_float64_and_widens_to_it() -> None:
    narrow = make(dtype=np.float32, targets=LABELS)
    wide = DenseObjective(narrow.X.astype(np.float64), LABELS, Q, 0.3)
    expected, slope = finish(wide.value_and_gradient(THETA))
    loss, gradient = finish(narrow.value_and_gradient(THETA))
    assert loss == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(gradient, slope, atol=1e-6)
    assert finish(narrow.widened().value_and_gradient(THETA))[0] == expected
    assert not narrow.is_wide
    assert narrow.widened().is_wide


def test_that_a_narrowed_objective_widens_to_the_one_it_came_from() -> None:
    objective = make(targets=LABELS)
    narrow = objective.narrowed().with_decay(0.7)
    assert narrow.X.dtype == np.float32
    assert narrow.widened().X is objective.X
    assert narrow.widened().weight_decay == 0.7


def test_that_another_decay_shares_the_rows_and_changes_only_the_penalty() -> None:
    objective = make(targets=LABELS)
    other = objective.with_decay(2.0)
    difference = (
        finish(other.value_and_gradient(THETA))[0] - finish(objective.value_and_gradient(THETA))[0]
    )
    assert other.X is objective.X
    assert difference == pytest.approx(0.5 * 1.7 * (THETA[:-1] ** 2).sum(), rel=1e-12)


@pytest.mark.parametrize("kept", [True, False])
def test_that_a_settled_bias_has_no_gradient_left(
    kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    objective = make(targets=LABELS)
    theta = 0.3 * THETA
    means = one_hot(LABELS, Q).mean(axis=0)
    before, _ = finish(objective.value_and_gradient(theta))
    monkeypatch.setattr(objective, "_kept", kept)
    loss, there, value, gradient = finish(objective.settled(theta, means))
    assert loss == pytest.approx(before, rel=1e-13)
    assert value == pytest.approx(finish(objective.value_and_gradient(there))[0], rel=1e-13)
    np.testing.assert_array_equal(there[:-1], theta[:-1])
    assert np.abs(gradient[-1]).max() < (1e-13 if kept else 1.0)
    assert value < loss if kept else value == loss


def test_that_two_ranks_hold_the_sums_of_one() -> None:
    whole = make(targets=LABELS)
    expected = finish(whole.value_and_gradient(THETA))
    halves = [slice(0, 300), slice(300, N)]
    parts = [DenseObjective(X[h], LABELS[h], Q) for h in halves]
    sums = sum((p.n / N) * finish(p.value_and_gradient(THETA))[1] for p in parts)
    penalty = np.vstack([0.3 * THETA[:-1], np.zeros((1, Q))])
    np.testing.assert_allclose(sums + penalty, expected[1], atol=1e-13)

    def doubled(array: Floats) -> Floats:
        return 2.0 * array

    twin = DenseObjective(X, LABELS, Q, 0.3, total=doubled)  # a second rank with the same rows
    assert finish(twin.value_and_gradient(THETA))[0] == pytest.approx(expected[0], rel=1e-13)
    assert twin.rows == 2 * N


def test_that_work_can_be_left_between_blocks() -> None:
    work = make(targets=LABELS).value_and_gradient(THETA)
    assert next(work) is None
    assert next(work) is None
    work.close()


@given(st.floats(-700, 700), st.floats(-700, 700))
def test_that_no_logit_is_too_large(a: float, b: float) -> None:
    objective = DenseObjective(np.array([[1.0], [-1.0]]), np.array([0, 1]), 2)
    loss, gradient = finish(objective.value_and_gradient(np.array([[a, b], [0.0, 0.0]])))
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()
