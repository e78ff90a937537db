"""The minibatch loop compiled: many steps of SGD in one call, without the GIL.

A second writing of optimizers.sgd_step, equal to it to rounding (tests/core/test_kernels.py). The
loops go over W as rows (q, d), gather no copy of the batch, and sum in the data's own type, so
that small products stay in the cache: 2x2 pictures take 1 to 2 microseconds a step.

Importing this module imports numba (0.14 s) and compiles on first use (seconds, then cached).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# Sums may be reordered and multiply-adds fused; NaN and infinity keep their meaning, because the
# session looks for them.
_FAST = {"reassoc", "contract", "arcp", "nsz"}


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def sgd_steps(X, labels, order, place, batch_size, steps, W, b, vW, vb, rate, momentum, decay):
    """Steps of SGD over the rows X[order[place:]], at most `steps`, to the end of the order.

    Args:
        X: (n, d) C-ordered, float32 or float64; all floats below are of its type.
        labels: (n,) int64.
        order: (n,) int64, the order in which this epoch visits the rows.
        place: where in the order to begin.
        batch_size: rows a step; the last step of the epoch may have fewer.
        steps: at most so many.
        W: (q, d), updated in place; likewise b (q,) and the velocities vW, vb.
        rate: the learning rate; momentum and decay as in sgd_step.

    Returns:
        Steps taken, the place reached, and the sum of the minibatch losses in nats.
    """
    q, d = W.shape
    zero = X.dtype.type(0)
    dW, db, p = np.empty_like(W), np.empty_like(b), np.empty_like(b)
    taken, total_loss = 0, 0.0
    while taken < steps and place < len(order):
        end = min(place + batch_size, len(order))
        share = X.dtype.type(1) / X.dtype.type(end - place)
        dW[:] = zero
        db[:] = zero
        loss = 0.0
        for i in range(place, end):
            row = order[i]
            top = X.dtype.type(-np.inf)
            for k in range(q):
                logit = b[k]
                for j in range(d):
                    logit += X[row, j] * W[k, j]
                p[k] = logit
                top = max(top, logit)
            y = labels[row]
            shifted, total = p[y] - top, zero
            for k in range(q):
                p[k] = math.exp(p[k] - top)
                total += p[k]
            loss += math.log(total) - shifted
            for k in range(q):
                g = p[k] / total * share
                if k == y:
                    g -= share
                db[k] += g
                for j in range(d):
                    dW[k, j] += g * X[row, j]
        for k in range(q):
            vb[k] = momentum * vb[k] + db[k]
            b[k] -= rate * vb[k]
            for j in range(d):
                vW[k, j] = momentum * vW[k, j] + (dW[k, j] + decay * W[k, j])
                W[k, j] -= rate * vW[k, j]
        total_loss += loss / (end - place)
        taken += 1
        place = end
    return taken, place, total_loss
