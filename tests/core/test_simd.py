"""The tiles of vector instructions are the products they stand for, whatever is left over."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")
from softmax_gui.core.kernel_products import add_gradient, logits
from softmax_gui.core.simd import CLASSES, ROWS, VECTORS, lanes

pytestmark = [pytest.mark.usefixtures("loop_compiled"), pytest.mark.timeout(func_only=True)]
both_types = pytest.mark.parametrize("dtype", ["float64", "float32"])
all_classes = pytest.mark.parametrize("q", range(1, 12))


def widths(dtype: str) -> list[int]:
    """Numbers of features around those that fill vectors, and tiles of vectors, exactly."""
    one = lanes(np.dtype(dtype).itemsize)
    full = (0, one, VECTORS * one, (VECTORS + 1) * one, 2 * VECTORS * one)
    return sorted({width + more for width in full for more in (-1, 0, 1)} - {-1, 0})


def drawn(dtype: str, d: int, q: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """X (30, d), an order with repeats (20,), W (q, d) and what rounding may make of it."""
    random = np.random.default_rng(100 * d + q)
    X, W = random.normal(size=(30, d)).astype(dtype), random.normal(size=(q, d)).astype(dtype)
    return X, random.integers(0, 30, 20), W, 4 * d * float(np.finfo(dtype).eps)


@both_types
@all_classes
def test_that_the_logit_tiles_are_the_matrix_product(dtype: str, q: int) -> None:
    for d in widths(dtype):
        X, order, W, rounding = drawn(dtype, d, q)
        for place, rows in ((0, 1), (3, 2), (2, 3), (0, ROWS), (13, 7), (0, 20)):
            P = np.full((q, 24), 99.0, dtype)
            logits(X, order, place, rows, W, P)
            product = W @ X[order[place : place + rows]].T
            np.testing.assert_allclose(P[:, :rows], product, rtol=0.0, atol=rounding)
            assert (P[:, -(-rows // ROWS) * ROWS :] == 99.0).all()  # the last tile ends there


@both_types
@all_classes
@pytest.mark.parametrize("more", [False, True])
def test_that_the_gradient_tiles_are_the_matrix_product(dtype: str, q: int, more: bool) -> None:
    for d in widths(dtype):
        X, order, before, rounding = drawn(dtype, d, q)
        G = np.random.default_rng(q).normal(size=(q, 24)).astype(dtype)
        for place, rows in ((0, 1), (13, 7), (0, 20)):
            dW, db = before.copy(), before[:, 0].copy()
            add_gradient(X, order, place, rows, G, dW, db, more)
            product = G[:, :rows] @ X[order[place : place + rows]]
            sums = G[:, :rows].sum(1)
            if more:
                product, sums = product + before, sums + before[:, 0]
            np.testing.assert_allclose(dW, product, rtol=0.0, atol=20 * rounding)
            np.testing.assert_allclose(db, sums, rtol=0.0, atol=20 * rounding)


def test_that_classes_beyond_two_tiles_leave_none_out() -> None:
    X, order, W, rounding = drawn("float64", 19, 4 * CLASSES + 1)
    P = np.zeros((len(W), 20))
    logits(X, order, 0, 20, W, P)
    np.testing.assert_allclose(P, W @ X[order].T, rtol=0.0, atol=rounding)
