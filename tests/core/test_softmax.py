"""Softmax and its relatives against 50 digits, autograd, differences and their own laws."""

import functools
import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from softmax_gui.core.softmax import (
    log_softmax,
    log_sum_exp,
    real_softmax,
    softmax,
    softmax_jacobian,
    softmin,
)
from tests.core import oracle
from tests.core.oracle import (
    EXTREME_ROWS,
    MANY_CLASSES,
    assert_right,
    both_libraries,
    both_precisions,
    exact,
    make,
    numpy_of,
)

finite = st.floats(-1e4, 1e4)
logits_arrays = arrays(float, array_shapes(max_dims=3, max_side=8), elements=finite)
sharpnesses = st.floats(-6, 6).map(lambda power: 10.0**power)


@both_libraries
@both_precisions
def test_that_probabilities_are_right_to_the_promised_digits(library: str, dtype: str) -> None:
    for row in [*EXTREME_ROWS, MANY_CLASSES]:
        logits = make(library, row, dtype)
        assert_right(softmax(logits), oracle.softmax(exact(logits)), dtype)


@both_libraries
@both_precisions
@pytest.mark.parametrize("temperature", [1e-3, 0.1, 0.7, 3.0, 1e300])
def test_that_temperature_costs_no_digits(library: str, dtype: str, temperature: float) -> None:
    for row in EXTREME_ROWS:
        logits = make(library, row, dtype)
        wanted = oracle.softmax(exact(logits), temperature)
        assert_right(softmax(logits, temperature), wanted, dtype)


@both_libraries
@both_precisions
def test_that_log_probabilities_are_right_also_next_to_certainty(library: str, dtype: str) -> None:
    for row in [*EXTREME_ROWS, MANY_CLASSES]:
        logits = make(library, row, dtype)
        assert_right(log_softmax(logits), oracle.log_softmax(exact(logits)), dtype)
    assert float(log_softmax(make(library, [0.0, -40.0]))[0]) == pytest.approx(-4.248e-18, rel=1e-3)


@both_libraries
@both_precisions
@pytest.mark.parametrize("sharpness", [1e-3, 1.0, 7.0, 1e12])
def test_that_smooth_maxima_and_minima_are_right(
    library: str, dtype: str, sharpness: float
) -> None:
    for row in EXTREME_ROWS:
        values = make(library, row, dtype)
        upper = oracle.log_sum_exp(exact(values), sharpness)
        assert_right(real_softmax(values, sharpness), upper, dtype)
        assert_right(softmin(-values, sharpness), -upper, dtype)
        if sharpness == 1.0:
            assert_right(log_sum_exp(values), upper, dtype)


@both_libraries
@both_precisions
def test_that_the_jacobian_keeps_its_digits_next_to_certainty(library: str, dtype: str) -> None:
    for row in ([0.25, 0.75], [1.0, 0.0], [1e-30, 1 - 2**-20, 2**-20], [0.1, 0.2, 0.7]):
        probabilities = make(library, row, dtype)
        p = exact(probabilities)
        wanted = [p[i] * ((i == j) - p[j]) for i in range(len(p)) for j in range(len(p))]
        assert_right(softmax_jacobian(probabilities), wanted, dtype)


@both_libraries
def test_that_log_sum_exp_cancels_to_a_few_units_in_the_last_place(library: str) -> None:
    logits = make(library, np.log([[0.5, 0.5], [0.1, 0.9]]))
    for row, value in zip(numpy_of(logits), numpy_of(log_sum_exp(logits)), strict=True):
        assert abs(value - oracle.log_sum_exp(exact(row))) < 3e-16


@given(logits_arrays, finite)
def test_that_only_differences_between_logits_matter(
    logits: np.ndarray[Any, Any], shift: float
) -> None:
    moved = logits + shift
    np.testing.assert_allclose(softmax(moved), softmax(moved - shift), rtol=1e-7, atol=1e-300)
    np.testing.assert_allclose(
        log_sum_exp(moved), log_sum_exp(logits) + shift, rtol=1e-12, atol=1e-10
    )


@given(logits_arrays)
def test_that_probabilities_are_probabilities(logits: np.ndarray[Any, Any]) -> None:
    probabilities = softmax(logits)
    assert (probabilities >= 0).all()
    assert (probabilities <= 1).all()
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1.0, atol=1e-12)
    single = softmax(logits.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.sum(axis=-1), 1.0, atol=1e-6)


@given(logits_arrays, sharpnesses)
def test_that_the_order_of_the_logits_is_kept_at_any_temperature(
    logits: np.ndarray[Any, Any], temperature: float
) -> None:
    for probabilities in (softmax(logits), softmax(logits, temperature)):
        ranked = np.take_along_axis(probabilities, logits.argsort(axis=-1), axis=-1)
        assert (np.diff(ranked, axis=-1) >= 0).all()
        largest = logits == logits.max(axis=-1, keepdims=True)
        assert (probabilities == probabilities.max(axis=-1, keepdims=True))[largest].all()


@given(arrays(float, 6, elements=finite), st.permutations(range(6)))
def test_that_renumbering_classes_renumbers_probabilities(
    logits: np.ndarray[Any, Any], order: list[int]
) -> None:
    np.testing.assert_allclose(softmax(logits[order]), softmax(logits)[order], rtol=1e-12)


@given(logits_arrays, sharpnesses)
def test_that_a_smooth_maximum_lies_within_ln_q_over_sharpness_of_the_maximum(
    values: np.ndarray[Any, Any], sharpness: float
) -> None:
    bound = math.log(values.shape[-1]) / sharpness
    slack = 1e-15 * (bound + np.abs(values).max())
    above = real_softmax(values, sharpness) - values.max(axis=-1)
    below = values.min(axis=-1) - softmin(values, sharpness)
    for gap in (above, below):
        assert (gap >= -slack).all()
        assert (gap <= bound + 4 * slack).all()


@given(logits_arrays)
def test_that_the_jacobian_is_symmetric_and_its_rows_sum_to_zero(
    logits: np.ndarray[Any, Any],
) -> None:
    jacobian = softmax_jacobian(softmax(logits))
    np.testing.assert_array_equal(jacobian, np.swapaxes(jacobian, -1, -2))
    np.testing.assert_allclose(jacobian.sum(axis=-1), 0.0, atol=1e-15)
    eigenvalues = np.linalg.eigvalsh(jacobian)
    assert (eigenvalues >= -1e-15).all()
    assert (eigenvalues <= 0.5 + 1e-15).all()


@given(arrays(float, 4, elements=st.floats(-5, 5)))
def test_that_the_derivatives_agree_with_central_differences(logits: np.ndarray[Any, Any]) -> None:
    probabilities = softmax(logits)
    slopes = oracle.central_difference(softmax, logits)
    np.testing.assert_allclose(slopes, softmax_jacobian(probabilities), atol=1e-8)
    slope = oracle.central_difference(log_sum_exp, logits)
    np.testing.assert_allclose(slope, probabilities, atol=1e-8)


@pytest.mark.parametrize("row", [[0.3, -1.2, 2.0], [1.0, 1.0, 1.0], [0.0, -40.0], [7.0]])
def test_that_autograd_flows_and_agrees_also_at_ties(row: list[float]) -> None:
    autograd = pytest.importorskip("torch").autograd.functional
    logits = make("torch", row)
    jacobian = softmax_jacobian(softmax(logits))
    assert_close = functools.partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-16)
    assert_close(autograd.jacobian(softmax, logits), jacobian)
    assert_close(autograd.jacobian(log_sum_exp, logits), softmax(logits))
    assert_close(autograd.hessian(log_sum_exp, logits), jacobian)
    wanted = np.eye(len(row)) - softmax(np.array(row))
    assert_close(autograd.jacobian(log_softmax, logits), wanted)
    minimum = autograd.jacobian(lambda a: softmin(a, 3.0), logits)
    assert_close(minimum, softmax(-3.0 * logits))


def test_that_an_excluded_class_gets_no_gradient() -> None:
    logits = make("torch", [-np.inf, 0.5, 1.0]).requires_grad_()
    (softmax(logits)[2] + log_softmax(logits)[1] + log_sum_exp(logits)).backward()
    assert logits.grad[0] == 0
    assert np.isfinite(numpy_of(logits.grad)).all()


@both_libraries
@both_precisions
@pytest.mark.parametrize(
    "row", [[-np.inf, -np.inf], [np.inf, 0.0], [np.inf, np.inf], [np.nan, 1.0], [np.nan], [np.inf]]
)
def test_that_a_row_without_probabilities_is_nan_and_spares_its_neighbours(
    library: str, dtype: str, row: list[float]
) -> None:
    logits = make(library, [row, [0.0] * len(row)], dtype)
    for computed in (softmax(logits), softmax(logits, 0.5), log_softmax(logits)):
        assert np.isnan(numpy_of(computed)[0]).all()
        assert np.isfinite(numpy_of(computed)[1]).all()


@both_libraries
def test_that_log_sum_exp_has_its_limits_at_infinity(library: str) -> None:
    rows = [[-np.inf, -np.inf], [np.inf, 800.0], [np.inf, np.inf], [np.inf, -np.inf], [np.nan, 1.0]]
    values = make(library, rows)
    inf, nan = np.inf, np.nan
    for computed in (log_sum_exp(values), real_softmax(values, 5.0), -softmin(-values, 1e308)):
        np.testing.assert_array_equal(numpy_of(computed), [-inf, inf, inf, inf, nan])


@both_libraries
@pytest.mark.parametrize("leading", [(), (0,), (5,), (2, 3), (40, 1)])
def test_that_any_leading_shape_is_kept(library: str, leading: tuple[int, ...]) -> None:
    logits = make(library, np.random.default_rng(0).normal(size=(*leading, 4)))
    assert tuple(softmax(logits).shape) == (*leading, 4)
    assert tuple(log_softmax(logits).shape) == (*leading, 4)
    assert tuple(softmax_jacobian(softmax(logits)).shape) == (*leading, 4, 4)
    for smooth in (log_sum_exp, real_softmax, softmin):
        assert tuple(smooth(logits).shape) == leading


@both_libraries
def test_that_a_batch_equals_its_rows(library: str) -> None:
    logits = make(library, 30 * np.random.default_rng(0).normal(size=(200, 10)))
    for function in (softmax, log_softmax, log_sum_exp, real_softmax, softmin):
        rows = [numpy_of(function(row)) for row in logits]
        np.testing.assert_allclose(numpy_of(function(logits)), rows, rtol=1e-12)


def test_that_memory_order_and_byte_order_do_not_matter() -> None:
    logits = np.random.default_rng(0).normal(size=(300, 6))
    for same in (np.asfortranarray(logits), logits.astype(">f8"), np.repeat(logits, 2, 0)[::2]):
        same.flags.writeable = False
        np.testing.assert_allclose(softmax(same), softmax(logits), rtol=1e-14)


def test_that_one_row_of_numpy_gives_a_number() -> None:
    for function in (log_sum_exp, real_softmax, softmin):
        assert isinstance(function(np.array([1.0, 2.0])), np.float64)
    assert float(log_sum_exp([1, 2])) == pytest.approx(2.313261687518223, rel=1e-15)


@both_libraries
@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan, "warm", None, 10**400])
def test_that_a_temperature_or_sharpness_must_be_positive_and_finite(
    library: str, value: Any
) -> None:
    values = make(library, [1.0, 2.0])
    with pytest.raises(ValueError, match=r"^The temperature must be a positive finite number, not"):
        softmax(values, value)
    for smooth in (real_softmax, softmin):
        with pytest.raises(ValueError, match=r"^The sharpness must be a positive finite number"):
            smooth(values, value)


@both_libraries
@pytest.mark.parametrize(
    "function", [softmax, log_softmax, log_sum_exp, softmax_jacobian, real_softmax, softmin]
)
def test_that_an_empty_axis_is_refused(library: str, function: Any) -> None:
    for nothing in (np.zeros((3, 0)), np.zeros(())):
        with pytest.raises(ValueError, match="At least one entry is needed along the last axis"):
            function(make(library, nothing))


@given(arrays(float, 5, elements=finite))
def test_that_softmin_is_the_mirrored_smooth_maximum(values: np.ndarray[Any, Any]) -> None:
    assert softmin(values) == -real_softmax(-values)
    assert not np.signbit(softmin(np.zeros(1)))


def test_that_a_thousand_equal_classes_share_alike() -> None:
    probabilities = softmax(np.full(1000, -1e4, dtype=np.float32))
    np.testing.assert_array_equal(probabilities, np.float32(1e-3))
    assert_right(log_sum_exp(np.zeros(1000)), mpmath.log(1000), "float64")
