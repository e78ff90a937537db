"""The minibatch loop compiled: many steps of SGD in one call, without the GIL.

A second writing of optimizers.sgd_step, equal to it to rounding (tests/core/test_kernels.py). The
loops go over W as rows (q, d), gather no copy of the batch, and sum in the data's own type, so
that small products stay in the cache: a step on 2x2 pictures takes a microsecond.

Importing this module imports numba (0.14 s) and compiles on first use (2 s, then cached).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from softmax_gui.core.arrays import Array

# Sums may be reordered and multiply-adds fused; NaN and infinity keep their meaning, because the
# session looks for them.
_compiled = njit(
    nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "arcp", "nsz"}
)


@_compiled
def sgd_steps(
    X: Array,
    labels: NDArray[np.int64],
    order: NDArray[np.int64],
    place: int,
    batch_size: int,
    steps: int,
    parameters: tuple[Array, ...],
    settings: tuple[float, float, float],
) -> tuple[int, int, float]:
    """Steps of SGD over the rows X[order[place:]], at most `steps`, to the end of the order.

    Args:
        X: (n, d) C-ordered, float32 or float64; every float below is of its type.
        labels: (n,), the class of each row.
        order: (n,), in which order this epoch visits the rows.
        place: where in the order to begin.
        batch_size: rows a step; the last step of the epoch may have fewer.
        steps: at most so many.
        parameters: W (q, d), b (q,) and their velocities, updated in place.
        settings: learning rate, momentum and weight decay, as in sgd_step.

    Returns:
        Steps taken, the place reached, and the sum of the minibatch losses in nats.
    """
    W, b, _, _ = parameters
    gradient = np.empty_like(W), np.empty_like(b)
    logits = np.empty_like(b)
    taken, total_loss = 0, 0.0
    while taken < steps and place < len(order):
        end = min(place + batch_size, len(order))
        loss = _add_gradient(X, labels, order[place:end], W, b, gradient, logits)
        _update(parameters, gradient, settings)
        total_loss += loss / (end - place)
        taken += 1
        place = end
    return taken, place, total_loss


@_compiled
def _add_gradient(
    X: Array,
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    W: Array,
    b: Array,
    gradient: tuple[Array, Array],
    p: Array,
) -> float:
    """Writes the gradient of the mean loss of these rows; returns the sum of their losses."""
    dW, db = gradient
    zero, share = X.dtype.type(0), X.dtype.type(1) / X.dtype.type(len(rows))
    dW[:] = zero
    db[:] = zero
    loss = 0.0
    for row in rows:
        loss += _exponentials(X[row], labels[row], W, b, p)
        total = p.sum()
        for k in range(len(b)):
            g = p[k] / total * share
            if k == labels[row]:
                g -= share
            db[k] += g
            for j in range(X.shape[1]):
                dW[k, j] += g * X[row, j]
    return loss


@_compiled
def _exponentials(x: Array, label: int, W: Array, b: Array, p: Array) -> float:
    """Writes exp(logits - their largest) to p; returns the loss of this example."""
    for k in range(len(b)):
        logit = b[k]
        for j in range(len(x)):
            logit += x[j] * W[k, j]
        p[k] = logit
    top = p.max()
    shifted = p[label] - top
    for k in range(len(b)):
        p[k] = math.exp(p[k] - top)
    loss: float = math.log(p.sum()) - shifted
    return loss


@_compiled
def _update(
    parameters: tuple[Array, ...],
    gradient: tuple[Array, Array],
    settings: tuple[float, float, float],
) -> None:
    """Velocity v <- momentum v + dW + decay W, W <- W - rate v; b likewise, undecayed."""
    W, b, vW, vb = parameters
    dW, db = gradient
    rate, momentum, decay = settings
    for k in range(len(b)):
        vb[k] = momentum * vb[k] + db[k]
        b[k] -= rate * vb[k]
        for j in range(W.shape[1]):
            vW[k, j] = momentum * vW[k, j] + (dW[k, j] + decay * W[k, j])
            W[k, j] -= rate * vW[k, j]
