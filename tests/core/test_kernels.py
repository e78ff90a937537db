"""The compiled loop is the plain step, many times over."""

from __future__ import annotations

import os
import tempfile
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from softmax_gui.core.optimizers import Parameters, sgd_step

pytest.importorskip("numba")
os.environ.setdefault("NUMBA_CACHE_DIR", tempfile.gettempdir() + "/softmax-gui-compiled")
from softmax_gui.core.kernels import sgd_steps

Floats: TypeAlias = NDArray[Any]
Integers: TypeAlias = NDArray[np.int64]
Config = tuple[float, float, float]  # learning rate, momentum, weight decay


def plain(
    X: Floats, labels: Integers, order: Integers, B: int, config: Config
) -> tuple[Parameters, list[float]]:
    d, q = X.shape[1], int(labels.max()) + 1
    p = Parameters(*(np.zeros(shape, X.dtype) for shape in ((d, q), q, (d, q), q)))
    losses, eye = [], np.eye(q, dtype=X.dtype)
    for start in range(0, len(order), B):
        rows = order[start : start + B]
        losses.append(float(sgd_step(p, X[rows], eye[labels[rows]], *config)))
    return p, losses


def compiled(
    X: Floats, labels: Integers, order: Integers, B: int, config: Config
) -> tuple[Parameters, tuple[int, int, float]]:
    d, q, kind = X.shape[1], int(labels.max()) + 1, X.dtype.type
    W, b, vW, vb = (np.zeros(shape, X.dtype) for shape in ((q, d), q, (q, d), q))
    state, steps = (W, b, vW, vb), -(-len(order) // B)
    result = sgd_steps(X, labels, order, 0, B, steps, state, tuple(map(kind, config)))
    return Parameters(W.T, b, vW.T, vb), result


@settings(max_examples=40)
@given(
    n=st.integers(1, 60), d=st.integers(1, 9), q=st.integers(1, 6), B=st.integers(1, 70),
    seed=st.integers(0, 99), momentum=st.sampled_from([0.0, 0.9]),
    decay=st.sampled_from([0.0, 0.1]), dtype=st.sampled_from([np.float64, np.float32]),
)  # fmt: skip
def test_that_the_loop_is_the_plain_step_to_rounding(
    n: int, d: int, q: int, B: int, seed: int, momentum: float, decay: float, dtype: Any
) -> None:
    random = np.random.default_rng(seed)
    X: Floats = random.normal(size=(n, d)).astype(dtype)
    labels = np.append(random.integers(0, q, n - 1), q - 1)
    order, config = random.permutation(n), (0.1, momentum, decay)
    expected, losses = plain(X, labels, order, B, config)
    found, (taken, place, loss_sum) = compiled(X, labels, order, B, config)
    assert (taken, place) == (len(losses), n)
    tolerance = 1e-12 if dtype is np.float64 else 2e-5
    assert loss_sum == pytest.approx(sum(losses), rel=10 * tolerance, abs=tolerance)
    for name in ("W", "b", "vW", "vb"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=tolerance, atol=tolerance
        )


def test_that_steps_in_pieces_are_the_same_bit_by_bit() -> None:
    random = np.random.default_rng(0)
    X, labels = random.normal(size=(50, 4)), random.integers(0, 3, 50)
    order, settings_ = np.arange(50), (0.1, 0.5, 0.01)
    whole = tuple(np.zeros(shape) for shape in ((3, 4), 3, (3, 4), 3))
    cut = tuple(array.copy() for array in whole)
    sgd_steps(X, labels, order, 0, 8, 7, whole, settings_)
    place = 0
    for steps in (1, 2, 4):
        _, place, _ = sgd_steps(X, labels, order, place, 8, steps, cut, settings_)
    for one, other in zip(whole, cut, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_that_a_loss_out_of_bounds_is_told_and_not_optimised_away(bad: float) -> None:
    X, labels = np.ones((4, 2)), np.array([0, 1, 0, 1])
    state = (np.full((2, 2), bad), np.zeros(2), np.zeros((2, 2)), np.zeros(2))
    _, _, loss = sgd_steps(X, labels, np.arange(4), 0, 2, 2, state, (0.1, 0.0, 0.0))
    assert np.isnan(loss)
