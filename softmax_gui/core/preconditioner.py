"""One small matrix that stands for the Hessian in every class: what makes the solvers fast.

The Hessian of F is 1/S sum_i s_i (diag p_i - p_i p_i') (x) xt_i xt_i' plus the decay. Boehning's
bound puts (I - 11'/q) / 2 for each of the q x q blocks, and at theta = 0 each of them is exactly
(I - 11'/q) / q. So with one number c for "how curved the rows are on average"

    M = I_q (x) (c Gram + weight_decay diag(1, ..., 1, 0)),    Gram = 1/S sum_i s_i xt_i xt_i',

serves all classes: one (d + 1) x (d + 1) factor, applied to q columns by one product. At theta = 0
and c = 1/q it is the Hessian (gradients sum to 0 over the classes); later c is measured.

The bias is taken out first. With features less their means m the Gram matrix falls apart into a
covariance C and a 1, so M^-1 g is W = (c C + weight_decay I)^-1 (g_W - m g_b'), b = g_b/c - m'W.

Sources: Boehning (1992), Multinomial logistic regression algorithm; Frangella, Tropp and Udell
(2023), Randomized Nystroem preconditioning.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.objective import Objective, Work

Floats = NDArray[np.float64]

RIDGE = 1e-9  # added to the unit diagonal: a duplicated or constant feature leaves it invertible
RANK = 64  # directions of a sketch
PASSES = 16  # over X for a sketch, at most
_LEAF = 96  # side below which a triangle is inverted by LAPACK


class Preconditioner(Protocol):
    """An approximation M of the Hessian that is cheap to invert."""

    @property
    def mean(self) -> Floats:
        """Of the features, (d,)."""

    @property
    def scale(self) -> float:
        """The c of M."""

    def apply(self, gradient: Floats) -> Floats:
        """M^-1 gradient, (d + 1, q)."""

    def rescaled(self, scale: float, weight_decay: float) -> Preconditioner:
        """The same with another c and another weight decay."""


@dataclass(frozen=True)
class Factor:
    """M by the inverse of the whole d x d matrix; the covariance is kept to form it anew."""

    mean: Floats
    covariance: Floats
    inverse: Floats
    scale: float

    @classmethod
    def of(cls, gram: Floats, scale: float, weight_decay: float) -> Factor:
        """From the Gram matrix (d + 1, d + 1) of [x; 1]."""
        mean = gram[-1, :-1] / gram[-1, -1]
        covariance = gram[:-1, :-1] - np.outer(mean, mean)
        inverse = inverse_of(scale * covariance, weight_decay)
        return cls(mean, covariance, inverse, scale)

    def apply(self, gradient: Floats) -> Floats:
        """M^-1 gradient, by one product with the inverse."""
        return around_mean(gradient, self.mean, self.scale, self.inverse.__matmul__)

    def rescaled(self, scale: float, weight_decay: float) -> Factor:
        """A new factor of the same covariance."""
        inverse = inverse_of(scale * self.covariance, weight_decay)
        return Factor(self.mean, self.covariance, inverse, scale)


@dataclass(frozen=True)
class Diagonal:
    """M by the variances alone, where a d x d matrix is too large."""

    mean: Floats
    variance: Floats
    scale: float
    weight_decay: float

    def apply(self, gradient: Floats) -> Floats:
        """M^-1 gradient, feature by feature."""
        diagonal = positive(self.scale * self.variance + self.weight_decay)[:, np.newaxis]
        return around_mean(gradient, self.mean, self.scale, lambda g: g / diagonal)

    def rescaled(self, scale: float, weight_decay: float) -> Diagonal:
        """The same variances."""
        return Diagonal(self.mean, self.variance, scale, weight_decay)


@dataclass(frozen=True)
class LowRank:
    """M by k directions of the covariance, C = sketch sketch' + the variances they leave over.

    The inverse is Woodbury's: with D = c rest + weight_decay, a diagonal,

        (D + c F F')^-1 = D^-1 - D^-1 F (I / c + F' D^-1 F)^-1 F' D^-1.
    """

    mean: Floats
    rest: Floats
    sketch: Floats
    scale: float
    weight_decay: float

    @cached_property
    def _parts(self) -> tuple[Floats, Floats]:
        diagonal = positive(self.scale * self.rest + self.weight_decay)[:, np.newaxis]
        over = self.sketch / diagonal
        small = self.sketch.T @ over
        small.flat[:: len(small) + 1] += 1.0 / self.scale
        return diagonal, over @ np.linalg.inv(np.linalg.cholesky(small)).T

    def apply(self, gradient: Floats) -> Floats:
        """M^-1 gradient, by two products with (d, k)."""
        diagonal, half = self._parts
        return around_mean(
            gradient, self.mean, self.scale, lambda g: g / diagonal - half @ (half.T @ g)
        )

    def rescaled(self, scale: float, weight_decay: float) -> LowRank:
        """The same sketch."""
        return LowRank(self.mean, self.rest, self.sketch, scale, weight_decay)


def sketched(objective: Objective, mean: Floats, variance: Floats) -> Work[LowRank]:
    """A sketch of the covariance by some products with random directions (Nystroem).

    No product of its own is needed: at theta = 0 the Hessian of F maps directions V whose columns
    sum to 0 to Gram V / q, so each pass gives q - 1 columns.
    """
    d, q, decay = objective.d, objective.q, objective.weight_decay
    deviation = np.sqrt(positive(variance))[:, np.newaxis]
    omega = np.linalg.qr(np.random.default_rng(0).normal(size=(d, min(RANK, d, PASSES * (q - 1)))))[
        0
    ]
    yield from objective.value_and_gradient(np.zeros((d + 1, q)))
    Y = np.empty_like(omega)
    for start in range(0, omega.shape[1], q - 1):
        columns = slice(start, start + q - 1)
        W = omega[:, columns] / deviation
        V = np.zeros((d + 1, q))
        V[:-1, : W.shape[1]], V[:-1, -1] = W, -W.sum(axis=1)
        V[-1] = -mean @ V[:-1]
        product = yield from objective.curvature_product(V)
        Y[:, columns] = q * (product[:-1, : W.shape[1]] - decay * W) / deviation
    F = nystroem(omega, Y)
    rest = np.maximum(1.0 - np.einsum("dk,dk->d", F, F), 1e-3)  # of each feature's unit variance
    return LowRank(mean, positive(variance) * rest, deviation * F, 1.0 / q, decay)


def nystroem(omega: Floats, Y: Floats) -> Floats:
    """F (d, k) with F F' the best that Y = A omega tells of a positive semi-definite A.

    Source: Frangella, Tropp and Udell (2023), algorithm 2.1.
    """
    shift = math.sqrt(len(Y)) * float(np.finfo(float).eps) * float(np.linalg.norm(Y)) + 1e-30
    shifted = Y + shift * omega
    core = omega.T @ shifted
    L = np.linalg.cholesky(0.5 * (core + core.T) + shift * np.eye(len(core)))
    U, s, _ = np.linalg.svd(np.linalg.solve(L, shifted.T).T, full_matrices=False)
    F: Floats = U * np.sqrt(np.maximum(s * s - shift, 0.0))
    return F


def around_mean(
    gradient: Floats, mean: Floats, scale: float, solve: Callable[[Floats], Floats]
) -> Floats:
    """M^-1 gradient, given how to solve with c C + weight_decay I; see the head of this file."""
    result, bias = np.empty_like(gradient), gradient[-1]
    W = solve(gradient[:-1] - mean[:, np.newaxis] * bias)
    result[:-1] = W
    result[-1] = bias / scale - mean @ W
    return result


def positive(diagonal: Floats) -> Floats:
    """`diagonal` with 1 where a constant feature leaves a 0, or rounding less than that."""
    floor = float(diagonal.max(initial=0.0)) * 1e-40
    return np.where(diagonal > floor, diagonal, 1.0)


def inverse_of(matrix: Floats, weight_decay: float) -> Floats:
    """(matrix + weight_decay I)^-1 of a covariance, to a ridge of 1e-9 of its diagonal.

    Scaled to a unit diagonal first, so that features of scale 1e6 and 1e-6 stand side by side.
    """
    diagonal = np.diagonal(matrix) + weight_decay
    safe = positive(diagonal)
    root, ridge = 1.0 / np.sqrt(safe), RIDGE
    A = matrix * root[:, np.newaxis]
    A *= root
    A.flat[:: len(A) + 1] = np.where(safe == diagonal, 1.0 + ridge, 1.0)  # the decay is in the 1
    while True:
        try:
            L = np.asarray(np.linalg.cholesky(A), np.float64)
        except np.linalg.LinAlgError:  # rounding made a null direction negative
            A.flat[:: len(A) + 1] += ridge
            ridge *= 10.0
        else:
            half = inverse_triangle(L) * root
            inverse: Floats = half.T @ half
            return inverse


def inverse_triangle(L: Floats) -> Floats:
    """The inverse of a lower triangle, by halves: d^3 / 3 operations, nearly all in products."""
    d = len(L)
    if d <= _LEAF:
        return np.asarray(np.linalg.inv(L), np.float64)
    half, inverse = d // 2, np.zeros_like(L)
    upper, lower = inverse_triangle(L[:half, :half]), inverse_triangle(L[half:, half:])
    inverse[:half, :half], inverse[half:, half:] = upper, lower
    np.matmul(lower, L[half:, :half] @ upper, out=inverse[half:, :half])
    np.negative(inverse[half:, :half], out=inverse[half:, :half])
    return inverse
