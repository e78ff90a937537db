"""Cross-entropy and the gradient of a dense layer against 50 digits, autograd and differences."""

from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from softmax_gui.core import losses
from softmax_gui.core.information import entropy
from softmax_gui.core.losses import cross_entropy, dense_gradient
from softmax_gui.core.softmax import softmax
from tests.core import oracle
from tests.core.oracle import (
    EXTREME_ROWS,
    assert_right,
    both_libraries,
    both_precisions,
    exact,
    make,
    numpy_of,
)

UNIFORM = np.full((4, 3), 1 / 3)
finite = st.floats(-1e4, 1e4)
matrices = arrays(float, (4, 3), elements=finite)


@both_libraries
@both_precisions
def test_that_loss_and_gradient_are_right_to_the_promised_digits(library: str, dtype: str) -> None:
    for row in EXTREME_ROWS:
        logits = make(library, [row], dtype)
        o = exact(logits)
        p, log_p = oracle.softmax(o), oracle.log_softmax(o)
        for k in {0, len(row) - 1, int(np.argmax(row))}:
            targets = make(library, [np.eye(len(row))[k]], dtype)
            loss, dlogits = cross_entropy(logits, targets)
            assert_right(loss, -log_p[k], dtype)
            with mpmath.workdps(350):
                complement = mpmath.fsum(p[:k] + p[k + 1 :])
            assert_right(dlogits, [*p[:k], -complement, *p[k + 1 :]], dtype)


@both_libraries
def test_that_soft_targets_are_right_to_the_promised_digits(library: str) -> None:
    rng = np.random.default_rng(0)
    logits, targets = 5 * rng.normal(size=(50, 6)), rng.dirichlet(np.ones(6), size=50)
    loss, dlogits = cross_entropy(make(library, logits), make(library, targets))
    log_p = [value for row in logits for value in oracle.log_softmax(exact(row))]
    terms = [y * value for y, value in zip(exact(targets), log_p, strict=True)]
    assert_right(loss, -mpmath.fsum(terms) / 50, "float64")
    np.testing.assert_allclose(numpy_of(dlogits), (softmax(logits) - targets) / 50, atol=1e-17)


@given(matrices, finite)
def test_that_only_differences_between_logits_matter(
    logits: np.ndarray[Any, Any], shift: float
) -> None:
    moved, still = cross_entropy(logits + shift, UNIFORM), cross_entropy(logits, UNIFORM)
    np.testing.assert_allclose(moved[1], still[1], atol=1e-9)


@given(matrices)
def test_that_the_loss_is_never_below_the_entropy_of_its_targets(
    logits: np.ndarray[Any, Any],
) -> None:
    loss, dlogits = cross_entropy(logits, UNIFORM)
    assert loss >= entropy(UNIFORM[0]) - 1e-15
    np.testing.assert_allclose(dlogits.sum(axis=1), 0.0, atol=1e-15)
    for k in range(3):
        assert cross_entropy(logits, np.eye(3)[[k] * 4])[0] >= 0


@given(arrays(float, (3, 4), elements=st.floats(-5, 5)))
def test_that_the_gradient_agrees_with_central_differences(logits: np.ndarray[Any, Any]) -> None:
    targets = np.array([[1.0, 0, 0, 0], [0, 0, 0, 1], [0.1, 0.2, 0.3, 0.4]])
    slopes = oracle.central_difference(lambda o: cross_entropy(o, targets)[0], logits)
    np.testing.assert_allclose(slopes, cross_entropy(logits, targets)[1], atol=1e-8)


def test_that_the_gradient_is_that_of_autograd_also_beside_an_excluded_class() -> None:
    rows = [[0.3, -1.2, 2.0], [1.0, 1.0, 1.0], [0.0, -40.0, 3.0], [-np.inf, 1.0, 1.0]]
    targets = make("torch", [[0, 0, 1], [0.1, 0.2, 0.7], [1, 0, 0], [0, 1, 0]])
    logits = make("torch", rows).requires_grad_()
    loss, dlogits = cross_entropy(logits, targets)
    loss.backward()
    np.testing.assert_allclose(numpy_of(logits.grad), numpy_of(dlogits), rtol=1e-12, atol=1e-17)


@both_libraries
def test_that_a_soft_target_of_0_at_probability_0_contributes_0(library: str) -> None:
    logits = make(library, [[-np.inf, 0.0, 0.0]])
    loss, dlogits = cross_entropy(logits, make(library, [[0.0, 0.5, 0.5]]))
    assert float(loss) == pytest.approx(np.log(2), rel=1e-15)
    assert (numpy_of(dlogits) == 0).all()


@both_libraries
def test_that_a_target_which_the_model_excludes_costs_infinitely_much(library: str) -> None:
    logits = make(library, [[-np.inf, 0.0], [1.0, 2.0]])
    loss, dlogits = cross_entropy(logits, make(library, [[0.1, 0.9], [1.0, 0.0]]))
    assert float(loss) == np.inf
    np.testing.assert_allclose(numpy_of(dlogits)[0], [-0.05, 0.05], rtol=1e-15)


@both_libraries
@pytest.mark.parametrize("row", [[np.inf, 0.0], [np.nan, 0.0], [-np.inf, -np.inf]])
def test_that_an_undefined_row_makes_the_loss_nan_but_spares_other_gradients(
    library: str, row: list[float]
) -> None:
    targets = make(library, [[0.0, 1.0], [1.0, 0.0]])
    loss, dlogits = cross_entropy(make(library, [row, [0.0, 0.0]]), targets)
    assert np.isnan(float(loss))
    assert np.isnan(numpy_of(dlogits)[0]).all()
    np.testing.assert_array_equal(numpy_of(dlogits)[1], [-0.25, 0.25])


@both_libraries
def test_that_a_single_class_costs_nothing(library: str) -> None:
    loss, dlogits = cross_entropy(make(library, [[3.0], [-1e4]]), make(library, [[1.0], [1.0]]))
    assert float(loss) == 0.0
    assert not np.signbit(float(loss))
    assert (numpy_of(dlogits) == 0).all()


@both_libraries
def test_that_integer_and_double_targets_leave_the_type_of_the_logits(library: str) -> None:
    logits = make(library, [[0.5, 1.0], [2.0, 0.1]], "float32")
    for dtype in ("int64", "uint8", "bool", "float64"):
        loss, dlogits = cross_entropy(logits, make(library, [[1, 0], [0, 1]], dtype))
        assert numpy_of(loss).dtype == numpy_of(dlogits).dtype == np.float32
        assert numpy_of(loss).shape == ()


@both_precisions
def test_that_blocks_of_rows_change_nothing(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(1001, 7)).astype(dtype)
    targets = np.eye(7)[rng.integers(7, size=1001)]
    whole = cross_entropy(logits, targets)
    s = rng.random(1001)
    weighted = cross_entropy(logits, targets, s)
    monkeypatch.setattr(losses, "_BLOCK", 64)
    for (loss, dlogits), wanted in (
        (cross_entropy(logits, targets), whole),
        (cross_entropy(logits, targets, s), weighted),
    ):
        np.testing.assert_allclose(loss, wanted[0], rtol=oracle.RELATIVE[dtype])
        np.testing.assert_array_equal(dlogits, wanted[1])
        assert loss.dtype == dtype


@both_libraries
def test_that_shapes_that_differ_are_both_named(library: str) -> None:
    for one, other in (
        ((4, 3), (4, 2)),
        ((4, 3), (3,)),
        ((3,), (3,)),
        ((), ()),
        ((2, 2, 2), (2, 2, 2)),
    ):
        with pytest.raises(ValueError, match="must have one shape") as refusal:
            cross_entropy(make(library, np.zeros(one)), make(library, np.zeros(other)))
        assert str(one) in str(refusal.value)
        assert str(other) in str(refusal.value)


@both_libraries
def test_that_no_examples_and_no_classes_are_refused(library: str) -> None:
    none = make(library, np.zeros((0, 3)))
    with pytest.raises(ValueError, match="cross-entropy of no examples is undefined"):
        cross_entropy(none, none)
    with pytest.raises(ValueError, match="At least one entry"):
        cross_entropy(make(library, np.zeros((3, 0))), make(library, np.zeros((3, 0))))


@both_libraries
@both_precisions
def test_that_the_gradient_of_a_dense_layer_is_that_of_its_loss(library: str, dtype: str) -> None:
    rng = np.random.default_rng(0)
    X, W, b = rng.normal(size=(9, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    targets = rng.dirichlet(np.ones(3), size=9)

    def loss(parameters: np.ndarray[Any, Any]) -> Any:
        return cross_entropy(X @ parameters[:4] + parameters[4], targets)[0]

    slopes = oracle.central_difference(loss, np.vstack([W, b]))
    dlogits = make(library, cross_entropy(X @ W + b, targets)[1], dtype)
    dW, db = dense_gradient(make(library, X, dtype), dlogits)
    tolerance = 1e-8 if dtype == "float64" else 1e-6
    np.testing.assert_allclose(numpy_of(dW), slopes[:4], atol=tolerance)
    np.testing.assert_allclose(numpy_of(db), slopes[4], atol=tolerance)
    assert numpy_of(dW).dtype == dtype


@both_libraries
def test_that_pixels_as_bytes_do_not_overflow_in_the_gradient(library: str) -> None:
    X = make(library, [[255, 200], [255, 100]], "uint8")
    dW, db = dense_gradient(X, make(library, [[0.5, -0.5], [0.5, -0.5]]))
    np.testing.assert_array_equal(numpy_of(dW), [[255, -255], [150, -150]])
    np.testing.assert_array_equal(numpy_of(db), [1, -1])


@pytest.mark.parametrize(("X", "dlogits"), [((3, 2), (4, 2)), ((3,), (3, 2)), ((3, 2), (3,))])
def test_that_a_gradient_of_other_rows_is_refused(
    X: tuple[int, ...], dlogits: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"must be \(n, d\) and \(n, q\)"):
        dense_gradient(np.zeros(X), np.zeros(dlogits))
