"""The dense model: its shapes, its products and what it refuses."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from softmax_gui.core.models import Dense
from softmax_gui.core.softmax import softmax
from tests.core.oracle import both_libraries, both_precisions, make, numpy_of


def _dense(library: str = "numpy", d: int = 4, q: int = 3, dtype: str = "float64") -> Dense:
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(d, q)), rng.normal(size=q)
    return Dense(make(library, W, dtype), make(library, b, dtype))


@both_libraries
@pytest.mark.parametrize(("d", "q", "count"), [(4, 3, 15), (784, 10, 7850), (1, 1, 2)])
def test_that_a_model_knows_its_size(library: str, d: int, q: int, count: int) -> None:
    model = _dense(library, d, q)
    assert (model.d, model.q, model.parameter_count) == (d, q, count)


@both_libraries
@both_precisions
def test_that_a_batch_equals_its_examples(library: str, dtype: str) -> None:
    model = _dense(library, dtype=dtype)
    X = make(library, np.random.default_rng(1).random((50, 4)), dtype)
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    for function in (model.logits, model.probabilities):
        batch = numpy_of(function(X))
        assert batch.shape == (50, 3)
        assert batch.dtype == dtype
        np.testing.assert_allclose(batch, [numpy_of(function(x)) for x in X], rtol=tolerance)


@given(arrays(float, 4, elements=st.floats(0, 1)))
def test_that_contributions_and_bias_add_up_to_the_logits(x: np.ndarray[Any, Any]) -> None:
    model = _dense()
    parts = model.contributions(x)
    assert parts.shape == (4, 3)
    np.testing.assert_allclose(parts.sum(axis=0) + model.b, model.logits(x), rtol=0, atol=1e-14)
    scalar = [sum(x[i] * model.W[i, k] for i in range(4)) + model.b[k] for k in range(3)]
    np.testing.assert_allclose(model.logits(x), scalar, rtol=0, atol=1e-14)
    np.testing.assert_allclose(model.probabilities(x), softmax(np.array(scalar)), rtol=1e-12)


@both_libraries
def test_that_pixels_as_bytes_and_lists_are_taken(library: str) -> None:
    model = _dense(library, dtype="float32")
    pixels = np.array([[0, 255, 128, 1]])
    logits = numpy_of(model.logits(make(library, pixels, "uint8")))
    assert logits.dtype == np.float32
    wanted = _dense().logits(pixels.tolist())
    np.testing.assert_allclose(logits, wanted, rtol=1e-5)


def test_that_half_precision_weights_are_computed_in_single_precision() -> None:
    model = _dense(dtype="float16")
    assert model.logits(np.ones(4, dtype=np.float16)).dtype == np.float32


def test_that_weights_that_diverged_give_nan_without_a_warning() -> None:
    model = Dense(np.full((2, 2), 1e308), np.array([-np.inf, 0.0]))
    assert np.isnan(model.probabilities(np.array([[9.0, 9.0]]))).all()


@pytest.mark.parametrize(("W", "b"), [((4, 3), (4,)), ((4,), (4,)), ((4, 3), (3, 1)), ((2, 2), ())])
def test_that_shapes_that_do_not_fit_are_both_named(W: tuple[int, ...], b: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^W must be \(d, q\) and b \(q,\), got W ") as refusal:
        Dense(np.zeros(W), np.zeros(b))
    assert f"got W {W} and b {b}." in str(refusal.value)


@both_libraries
@pytest.mark.parametrize("shape", [(3,), (2, 3), (), (1, 1, 4)])
def test_that_other_features_than_the_model_knows_are_refused(
    library: str, shape: tuple[int, ...]
) -> None:
    model = _dense(library)
    X = make(library, np.zeros(shape))
    for function in (model.logits, model.probabilities, model.contributions):
        with pytest.raises(ValueError, match=r"^X must be \(n, 4\) or \(4,\) for this model, not"):
            function(X)


def test_that_a_model_cannot_be_changed() -> None:
    model = _dense()
    with pytest.raises(AttributeError):
        model.W = np.zeros((4, 3))  # type: ignore[misc]  # the point of the test
