"""Surprisal, entropy and divergence against 50 digits, autograd and Shannon's inequalities."""

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from softmax_gui.core.information import (
    cross_entropy,
    entropy,
    kl_divergence,
    surprisal,
    to_bits,
)
from softmax_gui.core.softmax import softmax
from tests.core.oracle import (
    assert_right,
    both_libraries,
    both_precisions,
    exact,
    make,
    numpy_of,
)

distributions = arrays(float, 5, elements=st.floats(-30, 30)).map(softmax)
PAIRS = [
    ([0.1, 0.2, 0.7], [0.1, 0.8, 0.1]),
    ([0.0, 1.0], [0.5, 0.5]),
    ([1e-300, 1.0], [0.5, 0.5]),
    ([0.5, 0.5], [1e-300, 1.0]),
    ([5e-324, 1.0], [1.0, 5e-324]),
    ([0.25, 0.25, 0.5], [0.25 + 2**-20, 0.25, 0.5 - 2**-20]),
    ([0.5, 0.5], [0.75, 0.25]),
    ([0.5, 0.5], [0.750001, 0.249999]),
    ([1.0], [1.0]),
]


def _log(value: Any) -> Any:
    return mpmath.log(value) if value else mpmath.mpf("-inf")


@both_libraries
@both_precisions
def test_that_information_is_right_to_the_promised_digits(library: str, dtype: str) -> None:
    for first, second in PAIRS:
        p, q = make(library, first, dtype), make(library, second, dtype)
        P, Q = exact(p), exact(q)
        assert_right(surprisal(p), [0 - _log(a) for a in P], dtype)
        assert_right(entropy(p), mpmath.fsum(-a * _log(a) for a in P if a), dtype)
        believed = mpmath.fsum(-a * _log(b) for a, b in zip(P, Q, strict=True) if a)
        assert_right(cross_entropy(p, q), believed, dtype)
        terms = [(a * (_log(a) - _log(b)) if a else 0) - a + b for a, b in zip(P, Q, strict=True)]
        if not any(b == 0 < a for a, b in zip(P, Q, strict=True)):
            assert_right(kl_divergence(p, q), mpmath.fsum(terms), dtype)


@both_libraries
@pytest.mark.parametrize("gap", [2.0**-10, 2.0**-25, 2.0**-40, 2.0**-51])
def test_that_the_divergence_keeps_its_digits_near_equality(library: str, gap: float) -> None:
    p = make(library, [0.5, 0.25, 0.25])
    q = make(library, [0.5, 0.25 + gap, 0.25 - gap])
    wanted = mpmath.mpf(-0.25) * mpmath.log(1 - 16 * mpmath.mpf(gap) ** 2)
    assert_right(kl_divergence(p, q), wanted, "float64")


@given(distributions, distributions)
def test_that_the_divergence_is_never_negative_and_closes_the_gap(
    p: np.ndarray[Any, Any], q: np.ndarray[Any, Any]
) -> None:
    divergence = kl_divergence(p, q)
    assert divergence >= 0
    assert cross_entropy(p, q) == pytest.approx(entropy(p) + divergence, rel=1e-12, abs=1e-14)
    assert kl_divergence(p, p) == 0


@given(distributions, st.floats(0, 1e-6))
def test_that_rounding_never_makes_a_divergence_negative(
    p: np.ndarray[Any, Any], nudge: float
) -> None:
    q = softmax(np.log(p) + nudge * np.arange(5))
    assert kl_divergence(p, q) >= 0
    assert kl_divergence(p.astype(np.float32), q.astype(np.float32)) >= 0


@given(distributions)
def test_that_entropy_lies_between_certainty_and_ignorance(p: np.ndarray[Any, Any]) -> None:
    assert 0 <= entropy(p) <= math.log(5) + 1e-15
    assert entropy(p) == pytest.approx(float((p * surprisal(p)).sum()), rel=1e-15)
    assert entropy(p[::-1]) == pytest.approx(float(entropy(p)), rel=1e-14)


@both_libraries
def test_that_certainty_and_impossibility_have_their_limits(library: str) -> None:
    values = numpy_of(surprisal(make(library, [1.0, 0.0, 0.5])))
    np.testing.assert_array_equal(values, [0.0, np.inf, math.log(2)])
    certain = make(library, [0.0, 1.0, 0.0])
    for zero in (
        values[0],
        *(float(f) for f in (entropy(certain), cross_entropy(certain, certain))),
    ):
        assert zero == 0.0
        assert not np.signbit(zero)


@both_libraries
def test_that_belief_in_the_impossible_costs_only_if_it_happens(library: str) -> None:
    p, q = make(library, [[0.5, 0.5], [0.0, 1.0]]), make(library, [0.0, 1.0])
    np.testing.assert_array_equal(numpy_of(cross_entropy(p, q)), [np.inf, 0.0])
    np.testing.assert_array_equal(numpy_of(kl_divergence(p, q)), [np.inf, 0.0])


@both_libraries
def test_that_an_undefined_distribution_stays_undefined(library: str) -> None:
    p, q = make(library, [np.nan, np.nan]), make(library, [0.5, 0.5])
    for value in (entropy(p), cross_entropy(p, q), cross_entropy(q, p), kl_divergence(p, q)):
        assert np.isnan(float(value))
    assert np.isnan(float(kl_divergence(q, p)))
    assert np.isnan(float(surprisal(make(library, -0.1))))


@both_libraries
def test_that_one_belief_is_held_against_many_distributions(library: str) -> None:
    rng = np.random.default_rng(0)
    P, q = rng.dirichlet(np.ones(4), size=(3, 2)), rng.dirichlet(np.ones(4))
    for function in (cross_entropy, kl_divergence):
        computed = numpy_of(function(make(library, P), make(library, q)))
        np.testing.assert_allclose(
            computed, [[function(p, q) for p in row] for row in P], rtol=1e-14
        )


def test_that_autograd_meets_neither_nan_nor_a_wrong_slope() -> None:
    torch = pytest.importorskip("torch")
    p = make("torch", [0.2, 0.0, 0.5, 0.3])
    logits = make("torch", [0.1, -2.0, 1.0, 0.4]).requires_grad_()
    kl_divergence(p, softmax(logits)).backward()
    wanted = numpy_of(softmax(logits) - p)
    np.testing.assert_allclose(numpy_of(logits.grad), wanted, rtol=1e-12)
    for function in (entropy, lambda x: kl_divergence(x, p + 0.1), lambda x: cross_entropy(p, x)):
        slope = torch.autograd.functional.jacobian(function, make("torch", [0.2, 0.0, 0.4, 0.4]))
        assert np.isfinite(numpy_of(slope)).all()
    near = torch.autograd.functional.jacobian(lambda x: kl_divergence(p, x), p)
    assert not np.isnan(numpy_of(near)).any()


@both_libraries
def test_that_distributions_over_other_classes_are_refused(library: str) -> None:
    p, q = make(library, [0.5, 0.5]), make(library, [1.0])
    for function in (cross_entropy, kl_divergence):
        with pytest.raises(ValueError, match=r"p has 2 classes, q has 1\."):
            function(p, q)
    with pytest.raises(ValueError, match="At least one entry"):
        entropy(make(library, []))


@both_libraries
def test_that_numbers_and_arrays_become_bits(library: str) -> None:
    assert to_bits(math.log(2)) == 1.0
    assert isinstance(to_bits(1.0), float)
    np.testing.assert_array_equal(numpy_of(to_bits(make(library, [0.0, math.log(2)]))), [0, 1])
    assert numpy_of(to_bits(make(library, [1.0], "float32"))).dtype == np.float32
