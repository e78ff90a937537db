"""Without weight decay: a bound on the distance to the optimum from the curvature at hand.

Along any direction V the third derivative of F is at most rho = max_i range_k (V' xt_i)_k times
the second, since it is the mean of third central moments of numbers within that range. Hence

    F(theta + V) >= F + <g, V> + |V|_H^2 (e^-rho + rho - 1) / rho^2,    |V|_H^2 = <V, H[V]>.

With p_i >= m_i = min_k p_ik on every row, H is at least K (x) (I - 11'/q), where
K = 1/S sum_i s_i m_i xt_i xt_i'. So rho <= kappa |V|_H with kappa^2 = 2 max_i xt_i' K^-1 xt_i, and
|<g, V>| <= nu |V|_H with nu^2 = tr(g' K^-1 g). Minimising the right side over |V|_H gives, when
a = kappa nu < 1,

    F - inf F <= (a + (1 - a) log(1 - a)) / kappa^2,    nu^2 / 2 for small a.

Directions in which K vanishes are left out where no row and no gradient has a part in them
(duplicated features); where one has, there is no bound.

Sources: Bach (2010), Self-concordant analysis for logistic regression; Sun and Tran-Dinh (2019),
Generalized self-concordant functions.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.objective import Objective, Work

Floats = NDArray[np.float64]

NULL = 1e-11  # of the largest eigenvalue of K, scaled to a unit diagonal: below it is rounding
STRAY = 1e-6  # of a row or a gradient that may lie in such a direction: rounding again
COSTLY = 2e12  # operations, some 40 s, above which no bound is sought
SIDE = 4096


def local_bound(objective: Objective, gradient: Floats) -> Work[float]:
    """An upper bound on F - inf F in nats, at the theta of the last `value_and_gradient`.

    Args:
        objective: F without decay, its products in float64.
        gradient: of F, (d + 1, q).

    Returns:
        inf where no bound can be had.
    """
    if objective.d > SIDE or 4.0 * objective.n * objective.d**2 > COSTLY:
        return math.inf
    K = yield from objective.least_curvature()
    whitening = whitener(K)
    if whitening is None:
        return math.inf
    T, null = whitening
    g = gradient - gradient.mean(axis=1, keepdims=True)
    if not np.linalg.norm(null @ g) <= STRAY * np.linalg.norm(T @ g) + 1e-300:
        return math.inf
    longest, stray = yield from objective.longest_rows(T, null)
    if stray > STRAY:
        return math.inf
    return closed_form(math.sqrt(2.0) * longest, float(np.linalg.norm(T @ g)))


def closed_form(kappa: float, nu: float) -> float:
    """(a + (1 - a) log(1 - a)) / kappa^2 with a = kappa nu; inf from a = 1 on."""
    a = kappa * nu
    if not a < 1.0:
        return math.inf
    if a < 1e-3:  # the closed form would cancel
        return nu * nu * (0.5 + a / 6.0 + a * a / 10.0)
    return (a + (1.0 - a) * math.log1p(-a)) / (kappa * kappa)


def whitener(K: Floats) -> tuple[Floats, Floats] | None:
    """T with T K T' = I on the range of K, and a basis of what is left, both scaled by feature.

    Returns:
        None where K is 0 or not finite.
    """
    diagonal = np.diagonal(K)
    if not np.isfinite(K).all() or not diagonal.max() > 0.0:
        return None
    root = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(K * root[:, np.newaxis] * root)
    kept = values > NULL * values[-1]
    T = (vectors[:, kept] / np.sqrt(values[kept] * (1.0 - 1e-4))).T * root
    return T, vectors[:, ~kept].T * root
