"""Problems for the solvers, drawn from seeds, and a slow optimum that owes them nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.softmax import log_softmax

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]


def drawn(n: int, d: int, q: int, noise: float = 1.0, seed: int = 0) -> tuple[Floats, Labels]:
    """Normal features; labels from a true linear model plus `noise` times Gumbel noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    logits = X @ rng.normal(size=(d, q)) + noise * rng.gumbel(size=(n, q))
    return X, logits.argmax(axis=1)


def ill_conditioned(
    n: int = 12_000, d: int = 784, q: int = 10, rank: int = 40, seed: int = 0
) -> tuple[NDArray[np.float32], Labels]:
    """Features like pixels in [0, 1]: of low rank plus noise, scales from 1 to e^-3 by column.

    Labels come from a true model whose logits have deviation 3, plus Gumbel noise.
    """
    rng = np.random.default_rng(seed)
    basis = rng.normal(size=(rank, d)) * np.exp(-np.arange(rank) / 8.0)[:, np.newaxis]
    rows = rng.normal(size=(n, rank)) @ basis + 0.05 * rng.normal(size=(n, d))
    X = np.clip(0.2 + 0.15 * rows * np.exp(-3.0 * rng.random(d)), 0.0, 1.0)
    logits = X @ rng.normal(size=(d, q))
    logits = 3.0 * (logits - logits.mean(axis=0)) / logits.std()
    labels = (logits + rng.gumbel(size=(n, q))).argmax(axis=1)
    return X.astype(np.float32), labels


def one_hot(labels: Labels, q: int) -> Floats:
    return np.eye(q)[labels]


def loss_at(
    theta: Floats, X: Any, Y: Floats, weight_decay: float, weights: Floats | None = None
) -> float:
    """F from its definition, in float64."""
    s = np.ones(len(Y)) if weights is None else weights
    log_p = log_softmax(np.asarray(X, np.float64) @ theta[:-1] + theta[-1])
    mean = -float(s @ (Y * log_p).sum(axis=1)) / float(s.sum())
    return mean + 0.5 * weight_decay * float((theta[:-1] ** 2).sum())


def derivatives(
    theta: Floats, X: Floats, Y: Floats, weight_decay: float, weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """The gradient (p,) and the whole Hessian (p, p) of F, p = (d + 1) q, row by row of theta."""
    s = np.ones(len(Y)) if weights is None else weights
    s = s / s.sum()
    Xt = np.column_stack([X, np.ones(len(X))])
    P = np.exp(log_softmax(X @ theta[:-1] + theta[-1]))
    blocks = P[:, :, None] * (np.eye(Y.shape[1]) - P[:, None, :])
    hessian = np.einsum("n,ni,nj,nkl->ikjl", s, Xt, Xt, blocks).reshape(theta.size, -1)
    decayed = theta.copy()
    decayed[-1] = 0.0
    hessian += weight_decay * np.diag(np.repeat(np.arange(len(theta)) < len(theta) - 1, Y.shape[1]))
    return (Xt.T @ (s[:, None] * (P - Y)) + weight_decay * decayed).ravel(), hessian


def lowest(
    X: Floats, Y: Floats, weight_decay: float, weights: Floats | None = None
) -> tuple[float, Floats]:
    """min F and its theta, by Newton's method with the whole Hessian, to rounding."""
    theta = np.zeros((X.shape[1] + 1, Y.shape[1]))
    loss = loss_at(theta, X, Y, weight_decay, weights)
    for _ in range(100):
        gradient, hessian = derivatives(theta, X, Y, weight_decay, weights)
        step = (np.linalg.pinv(hessian, hermitian=True) @ -gradient).reshape(theta.shape)
        size = 1.0
        while loss_at(theta + size * step, X, Y, weight_decay, weights) > loss and size > 1e-9:
            size *= 0.5
        ahead = loss_at(theta + size * step, X, Y, weight_decay, weights)
        if ahead >= loss:
            break
        theta, loss = theta + size * step, ahead
    return loss, theta
