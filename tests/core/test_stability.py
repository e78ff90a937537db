"""Bounds on the curvature against the Hessian itself, and rates against training."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from softmax_gui.core import stability
from softmax_gui.core.losses import cross_entropy, dense_gradient
from softmax_gui.core.softmax import softmax, softmax_jacobian
from softmax_gui.core.stability import safe_learning_rate, smoothness
from tests.core.oracle import both_libraries, both_precisions, make

Matrix = np.ndarray[Any, Any]
matrices = arrays(float, (7, 3), elements=st.floats(-5, 5))


def _with_ones(X: Matrix) -> Matrix:
    return np.column_stack([X, np.ones(len(X))])


def _largest(X: Matrix) -> float:
    Xt = _with_ones(X)
    gram = Xt.T @ Xt if len(Xt) > Xt.shape[1] else Xt @ Xt.T
    return 0.5 * float(np.linalg.eigvalsh(gram)[-1]) / len(X)


def _curvature(X: Matrix, parameters: Matrix) -> float:
    """The largest eigenvalue of the Hessian of the mean cross-entropy in W and b."""
    Xt = _with_ones(X)
    blocks = softmax_jacobian(softmax(Xt @ parameters))
    hessian = np.einsum("ni,nj,nkl->ikjl", Xt, Xt, blocks) / len(X)
    return float(np.linalg.eigvalsh(hessian.reshape(parameters.size, -1))[-1])


@given(matrices, arrays(float, (4, 3), elements=st.floats(-3, 3)))
def test_that_no_hessian_curves_more_than_the_bound(X: Matrix, parameters: Matrix) -> None:
    assert _curvature(X, parameters) <= smoothness(X) * (1 + 1e-12)


@given(matrices)
def test_that_two_equal_classes_reach_the_bound(X: Matrix) -> None:
    assert _curvature(X, np.zeros((4, 2))) == pytest.approx(smoothness(X), rel=1e-12)


@both_libraries
@both_precisions
@pytest.mark.parametrize("shape", [(1, 1), (5, 2), (3, 400), (200, 64), (10, 0)])
def test_that_the_bound_is_exact_on_data_of_usual_size(
    library: str, dtype: str, shape: tuple[int, int]
) -> None:
    X = np.random.default_rng(0).normal(1.0, 2.0, size=shape)
    tolerance = 1e-12 if dtype == "float64" else 1e-6
    assert smoothness(make(library, X, dtype)) == pytest.approx(_largest(X), rel=tolerance)


def test_that_a_wide_matrix_is_bounded_by_power_steps() -> None:
    X = np.random.default_rng(0).random((500, 320))
    assert smoothness(X) == pytest.approx(_largest(X), rel=1e-9)


@pytest.fixture
def small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets 1,500 rows of 320 features stand for a large X, of which 400 are drawn."""
    monkeypatch.setattr(stability, "_SAMPLE_ENTRIES", 400 * 321)


@pytest.mark.usefixtures("small_sample")
def test_that_a_sample_is_close_where_one_direction_dominates() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((1500, 320)) * (rng.random((1500, 320)) < 0.2)
    assert smoothness(X) == pytest.approx(_largest(X), rel=0.05)
    assert smoothness(X) == smoothness(X.copy())


@pytest.mark.usefixtures("small_sample")
def test_that_a_sample_holds_the_outlier() -> None:
    X = np.random.default_rng(0).normal(size=(1500, 320)).astype(np.float32)
    X[1234] *= 1000
    assert smoothness(X) == pytest.approx(_largest(X), rel=0.02)


@pytest.mark.usefixtures("small_sample")
def test_that_a_sample_of_data_without_structure_errs_to_the_safe_side() -> None:
    X = np.random.default_rng(0).normal(size=(1500, 320))
    assert _largest(X) <= smoothness(X) <= 3.6 * _largest(X)


def test_that_rows_in_a_cycle_do_not_deceive_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stability, "_EXACT_ENTRIES", 0)
    monkeypatch.setattr(stability, "_SAMPLE_ENTRIES", 4000)
    X = np.tile(np.eye(4), (2500, 1)) + 0.01 * np.random.default_rng(0).normal(size=(10_000, 4))
    assert smoothness(X) == pytest.approx(_largest(X), rel=0.05)


@both_libraries
def test_that_bytes_and_huge_numbers_do_not_overflow(library: str) -> None:
    X = np.random.default_rng(0).integers(0, 256, size=(40, 5))
    exact = _largest(X.astype(float))
    assert smoothness(make(library, X, "uint8")) == pytest.approx(exact, rel=1e-12)
    huge = make(library, np.full((4, 2), 1e30), "float32")
    assert smoothness(huge) == pytest.approx(1e60, rel=1e-6)
    assert 0 < safe_learning_rate(huge, 2) < 1e-60


def test_that_the_rate_follows_its_formula() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    L, L_max = smoothness(X), 0.5 * float((_with_ones(X) ** 2).sum(axis=1).max())
    assert safe_learning_rate(X, 20) == pytest.approx(1 / L, rel=1e-12)
    assert safe_learning_rate(X, 99, weight_decay=0.3) == pytest.approx(1 / (L + 0.3), rel=1e-12)
    assert safe_learning_rate(X, 1) == pytest.approx(1 / (2 * L_max), rel=1e-12)
    mixed = 20 * 4 / (5 * 19) * L + 15 / (5 * 19) * L_max
    wanted = 0.1 / (2 * (mixed + 0.3))
    assert safe_learning_rate(X, 5, 0.9, 0.3) == pytest.approx(wanted, rel=1e-12)


@given(matrices, st.integers(1, 6))
def test_that_larger_batches_allow_larger_rates(X: Matrix, batch_size: int) -> None:
    smaller, larger = safe_learning_rate(X, batch_size), safe_learning_rate(X, batch_size + 1)
    assert 0 < smaller <= larger * (1 + 1e-12)


def test_that_one_example_has_a_rate() -> None:
    assert safe_learning_rate(np.array([[1.0, 1.0]]), 1) == pytest.approx(2 / 3, rel=1e-12)


@pytest.mark.parametrize(("momentum", "batch_size"), [(0.0, 60), (0.0, 4), (0.9, 4), (0.9, 60)])
def test_that_training_at_the_safe_rate_comes_down(momentum: float, batch_size: int) -> None:
    rng = np.random.default_rng(0)
    X = 10 * rng.normal(size=(60, 5))
    Y = np.eye(3)[(X @ rng.normal(size=(5, 3))).argmax(axis=1)]
    Xt, parameters, velocity = _with_ones(X), np.zeros((6, 3)), np.zeros((6, 3))
    rate = safe_learning_rate(X, batch_size, momentum)
    losses = []
    for _ in range(300):
        rows = rng.permutation(60)[:batch_size]
        dW, _ = dense_gradient(Xt[rows], cross_entropy(Xt[rows] @ parameters, Y[rows])[1])
        velocity = momentum * velocity - rate * dW
        parameters = parameters + velocity
        losses.append(float(cross_entropy(Xt @ parameters, Y)[0]))
    assert np.mean(losses[-50:]) < 0.5 * math.log(3)
    assert max(losses) < 2 * math.log(3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_that_the_row_of_a_value_without_a_bound_is_named(bad: float) -> None:
    X = np.ones((5000, 2))
    X[4321, 1] = bad
    with pytest.raises(ValueError, match="Row 4321 of X holds a value that is not finite or above"):
        smoothness(X)


@pytest.mark.parametrize("shape", [(0, 3), (3,), ()])
def test_that_no_examples_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="with at least one example, got"):
        smoothness(np.zeros(shape))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0,), "A batch needs at least one example, not 0"),
        ((2, 1.0), "momentum must be at least 0 and below 1, not 1.0"),
        ((2, math.nan), "momentum must be at least 0"),
        ((2, 0.0, -0.1), "weight decay must be finite and not negative, not -0.1"),
        ((2, 0.0, math.inf), "weight decay must be finite"),
    ],
)
def test_that_an_argument_out_of_range_is_refused(arguments: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        safe_learning_rate(np.ones((4, 2)), *arguments)


@both_libraries
def test_that_weights_are_rows_that_come_so_often(library: str) -> None:
    rng = np.random.default_rng(0)
    X, often = rng.normal(size=(30, 4)), rng.integers(0, 4, size=30)
    repeated, s = np.repeat(X, often, axis=0), often / often.mean()
    weighted = smoothness(make(library, X), make(library, s))
    assert weighted == pytest.approx(_largest(repeated), rel=1e-12)
    longest = (s * (_with_ones(X) ** 2).sum(axis=1)).max()
    rate = safe_learning_rate(make(library, X), 1, weights=make(library, s))
    assert rate == pytest.approx(1 / longest, rel=1e-12)
    assert safe_learning_rate(X, 30, 0.5, 0.2, s) == pytest.approx(0.5 / (weighted + 0.2))


@pytest.mark.usefixtures("small_sample")
def test_that_a_sample_follows_the_weights() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((1500, 320)) * (rng.random((1500, 320)) < 0.2)
    X[1234, :] *= 100
    for s in (rng.random(1500) * (np.arange(1500) != 1234), np.ones(1500)):
        gram = (_with_ones(X).T * s) @ _with_ones(X) / 1500
        wanted = 0.5 * np.linalg.eigvalsh(gram)[-1]
        assert smoothness(X, s) == pytest.approx(wanted, rel=0.05)
    assert smoothness(X, np.ones(1500)) == pytest.approx(smoothness(X), rel=1e-12)


@pytest.mark.parametrize("weights", [np.ones(3), np.zeros(4), [1, 1, -1, 1], [1, 1, np.nan, 1]])
def test_that_weights_without_a_bound_are_refused(weights: Any) -> None:
    with pytest.raises(ValueError, match="4 weights are needed, finite, from 0 and not all 0"):
        smoothness(np.ones((4, 2)), np.asarray(weights))
