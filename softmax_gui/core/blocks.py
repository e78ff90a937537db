"""One block of rows of the softmax objective, where all the time goes: numpy or torch.

Logits and probabilities of a block are stored by class, (q, rows): the maximum, the sum and the
exponential then run along long contiguous rows, which numpy does 10 times faster than along q = 10
numbers.

The skinny products decide the rest. OpenBLAS multiplies matrices of up to 10^6 products in all by
a kernel without copies, so X W runs over slices of that many rows where that leaves slices worth
a call: 50 instead of 103 µs at 1,797 x 64 x 10 in float64, 758 instead of 2,481 at
2,048 x 784 x 10. Larger ones are X W in float32 and W' X' in float64, each the faster of the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.arrays import Array

Floats = NDArray[np.float64]

SMALL = 1_000_000  # rows x d x q up to which OpenBLAS multiplies without copying
SLICE = 64  # rows below which a slice is not worth its call
CACHE = 2**17  # entries of (q, rows) a block: its temporaries stay in a cache of 1 MB
ROUNDING = 256  # units in the last digit of a row's largest logit: a margin below may be noise
ROWS = (256, 4096)  # a block has no fewer and no more


def block_rows(q: int) -> int:
    """Rows a block: few enough for the cache, enough for the products to be fast."""
    return min(max(CACHE // q, ROWS[0]), ROWS[1])


@dataclass
class Parameters:
    """theta in the type of the data: W (d, q) and b (q, 1)."""

    W: Any
    b: Any

    @classmethod
    def of(cls, theta: Floats, dtype: Any) -> Parameters:
        """Theta (d + 1, q) in `dtype`, its last row as a column."""
        cast = theta.astype(dtype, copy=False)
        return cls(cast[:-1], cast[-1][:, np.newaxis])

    @cached_property
    def rows(self) -> tuple[Any, Any]:
        """W as rows (q, d), and b (q,), as the compiled loops want them."""
        return np.array(self.W.T, order="C"), np.array(self.b[:, 0])


class Scratch:
    """Buffers that all blocks share: nothing of size (q, rows) is allocated in a pass."""

    def __init__(self, rows: int, d: int, q: int, dtype: Any) -> None:
        self._by_row, self._by_class = (np.empty(rows * q, dtype) for _ in range(2))
        self.q, self.product, self._part = q, *(np.empty((q, d), dtype) for _ in range(2))
        self._slice = SMALL // (d * q) if SMALL // (d * q) >= SLICE else 0
        self._rows_first = bool(self._slice) or dtype == np.float32

    def by_row(self, rows: int) -> Array:
        """(rows, q)."""
        return self._by_row[: rows * self.q].reshape(rows, self.q)

    def logits(self, X: Array, parameters: Parameters, out: Array) -> None:
        """(X W + b)' into `out` (q, rows)."""
        if self._rows_first:
            by_row = self.by_row(len(X))
            for rows in self._slices(len(X)):
                np.matmul(X[rows], parameters.W, out=by_row[rows])
            out[...] = by_row.T
        else:
            np.matmul(parameters.W.T, X.T, out=out)
        out += parameters.b

    def sum_over_rows(self, R: Array, X: Array) -> Array:
        """R X, (q, d) of R (q, rows), in a shared buffer."""
        for rows in self._slices(len(X)):
            if rows.start == 0:
                np.matmul(R[:, rows], X[rows], out=self.product)
            else:
                self.product += np.matmul(R[:, rows], X[rows], out=self._part)
        return self.product

    def _slices(self, rows: int) -> list[slice]:
        count = -(-rows // self._slice) if self._slice else 1
        step = -(-rows // count)
        return [slice(start, start + step) for start in range(0, rows, step)]

    def by_class(self, rows: int) -> Array:
        """(q, rows)."""
        return self._by_class[: rows * self.q].reshape(self.q, rows)


class Block:
    """Rows X (rows, d) with their targets; P (q, rows) is kept from one call to the next.

    Args:
        X: a view of the data.
        labels: (rows,) integers, or None where `targets` (rows, q) are given.
        weights: (rows,), or None for 1 each.
        dtype: of the products.
        smoothing: eps; targets become (1 - eps) targets + eps / q.
    """

    def __init__(
        self,
        X: Array,
        labels: Any,
        targets: Any,
        weights: Any,
        smoothing: float,
        dtype: Any,
    ) -> None:
        self._X, self._dtype = X, dtype
        if targets is not None and smoothing:
            targets = (1.0 - smoothing) * targets + smoothing / targets.shape[1]
        self._given, self.smoothing = (targets, weights), smoothing
        self.targets: Any = None if targets is None else np.ascontiguousarray(targets.T, dtype)
        self.weights: Any = None if weights is None else np.asarray(weights, dtype)
        rows = len(X)
        self._at = None if labels is None else labels.astype(np.intp) * rows + np.arange(rows)
        self.P: Any = None

    def __len__(self) -> int:
        return len(self._X)

    @property
    def X(self) -> Array:
        """(rows, d) in the type of the products; a copy where the data has another."""
        return self._X.astype(self._dtype, copy=False)

    def softmax(self, parameters: Parameters, scratch: Scratch, out: Array) -> float:
        """P into `out`; returns the weighted sum of the cross-entropies."""
        Z = out
        scratch.logits(self.X, parameters, out=Z)
        Z -= Z.max(axis=0)
        agreement = self._agreement(Z)
        np.exp(Z, out=Z)
        sums = np.add.reduce(Z, axis=0)
        Z *= 1.0 / sums
        losses = np.log(sums, dtype=np.float64) - agreement
        return float(losses.sum() if self.weights is None else self.weights @ losses)

    def softmax_and_gradient(
        self, parameters: Parameters, scratch: Scratch, out: Array
    ) -> tuple[float, Array, Floats]:
        """What `softmax` returns, and what `gradient` does."""
        loss = self.softmax(parameters, scratch, out)
        return loss, *self.gradient(out, scratch)

    def gradient(self, P: Array, scratch: Scratch) -> tuple[Array, Floats]:
        """sum_i s_i (p_i - y_i) x_i' (q, d), in a shared buffer, and the same of x_i = 1 (q,)."""
        R = scratch.by_class(len(self))
        if self._at is None:
            np.subtract(P, self.targets, out=R)
        else:
            np.subtract(P, self.smoothing / len(P), out=R)
            R.reshape(-1)[self._at] -= 1.0 - self.smoothing
        if self.weights is not None:
            R *= self.weights
        return scratch.sum_over_rows(R, self.X), R.sum(axis=1, dtype=np.float64)

    def curvature(self, P: Array, direction: Parameters, scratch: Scratch) -> tuple[Array, Floats]:
        """sum_i s_i (diag p_i - p_i p_i') V' xt_i xt_i', as `gradient` returns its sums."""
        X, U = self.X, scratch.by_class(len(self))
        scratch.logits(X, direction, out=U)
        U -= np.einsum("kn,kn->n", P, U)  # the mean of the change of logits under p
        U *= P
        if self.weights is not None:
            U *= self.weights
        return scratch.sum_over_rows(U, X), U.sum(axis=1, dtype=np.float64)

    def spread(self, P: Array, scratch: Scratch) -> Array:
        """sum_i s_i p_i p_i', (q, q)."""
        if self.weights is None:
            return P @ P.T
        return np.multiply(P, self.weights, out=scratch.by_class(len(self))) @ P.T

    def mean_probabilities(self, P: Array) -> Floats:
        """sum_i s_i p_i, (q,)."""
        sums: Floats = (
            P.sum(axis=1, dtype=np.float64)
            if self.weights is None
            else (P @ self.weights).astype(np.float64)
        )
        return sums

    def shift(self, P: Array, change: Floats) -> float:
        """P after `change` (q,) of the bias, in place; returns what the losses lost by it."""
        P *= np.exp(change).astype(P.dtype)[:, np.newaxis]
        sums = np.add.reduce(P, axis=0)
        P *= 1.0 / sums
        logs = np.log(sums, dtype=np.float64)
        return float(logs.sum() if self.weights is None else self.weights @ logs)

    def first_moments(self, q: int) -> Floats:
        """sum_i s_i [y_i; 1] xt_i', (q + 1, d + 1), in float64."""
        X, (targets, weights) = self._X.astype(np.float64, copy=False), self._given
        Y = np.zeros((q + 1, len(X)))
        Y[q] = 1.0
        if self._at is None:
            Y[:q] = targets.T
        else:
            Y[:q] = self.smoothing / q
            Y.reshape(-1)[self._at] += 1.0 - self.smoothing
        if weights is not None:
            Y *= weights
        return np.column_stack([Y @ X, Y.sum(axis=1)])

    def second_moments(self) -> Floats:
        """sum_i s_i x_i^2, (d,)."""
        X = self.X
        squares = (
            np.einsum("nd,nd->d", X, X)
            if self.weights is None
            else np.einsum("n,nd,nd->d", self.weights, X, X)
        )
        sums: Floats = squares.astype(np.float64)
        return sums

    def separated(self, V: Parameters, scratch: Scratch) -> tuple[int, int]:
        """Rows whose label V puts below another class, and above all others, beyond rounding."""
        Z = scratch.by_class(len(self))
        scratch.logits(self.X, V, out=Z)
        own, size = Z.reshape(-1)[self._at].copy(), np.abs(Z).max(axis=0)
        Z.reshape(-1)[self._at] = -math.inf
        margins = own - Z.max(axis=0)
        above, level = margins > ROUNDING * np.finfo(self._dtype).eps * size, margins == 0.0
        weighs = True if self.weights is None else self.weights > 0.0
        below = ~(above | level) & weighs
        return int(np.count_nonzero(below)), int(np.count_nonzero(above & weighs))

    def least_curvature(self, P: Array) -> Floats:
        """sum_i s_i (min_k p_ik) xt_i xt_i', (d + 1, d + 1)."""
        least = P.min(axis=0) if self.weights is None else P.min(axis=0) * self.weights
        Xt = self._with_ones() * np.sqrt(least)[:, np.newaxis]
        gram: Floats = Xt.T @ Xt
        return gram

    def longest_rows(self, T: Floats, null: Floats) -> tuple[float, float]:
        """max_i |T xt_i|, and the largest |null xt_i| / |T xt_i|."""
        Xt = self._with_ones()
        if self.weights is not None:
            Xt = Xt[self.weights > 0.0]
        lengths = np.linalg.norm(Xt @ T.T, axis=1)
        stray = np.linalg.norm(Xt @ null.T, axis=1) / np.maximum(lengths, 1e-300)
        return float(lengths.max(initial=0.0)), float(stray.max(initial=0.0))

    def _with_ones(self) -> Floats:
        return np.column_stack([self.X, np.ones(len(self))]).astype(np.float64, copy=False)

    def _agreement(self, Z: Array) -> Floats:
        """sum_k y_ik z_ik, (rows,)."""
        if self._at is None:
            soft: Floats = np.einsum("kn,kn->n", self.targets, Z).astype(np.float64)
            return soft
        own: Floats = Z.reshape(-1)[self._at].astype(np.float64)
        if self.smoothing:
            own = (1.0 - self.smoothing) * own + self.smoothing * Z.mean(axis=0, dtype=np.float64)
        return own
