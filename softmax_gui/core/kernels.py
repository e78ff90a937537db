"""The minibatch loop compiled: many steps in one call, without the GIL, on one core or several.

A second writing of optimizers.minibatch_step, equal to it to rounding (tests/core/test_kernels.py).
The loops go over W as rows (q, d) and over the batch in blocks that stay in the cache: the block's
logits, its softmax and its part of the gradient follow each other while its rows are at hand, and
no copy of the batch is made. Rows of few features are gathered instead, so that the long axis, the
examples, is the one that fills the vectors.

The members of a team of threads each take a part of every batch and sum their gradients in a fixed
order, so that one number of threads gives the same bits again. They wait for each other twice a
step, spinning: a barrier of the system would cost more than a step.

Importing this module imports numba (0.14 s) and compiles on first use (some seconds, then cached).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.arrays import Array
from softmax_gui.core.kernel_products import (
    FEW_FEATURES,
    add_gradient,
    add_gradient_of_few,
    compiled,
    logits,
    logits_of_few,
)
from softmax_gui.core.kernel_softmax import softmax_and_loss
from softmax_gui.core.shuffling import FIRST, GOLDEN, SECOND
from softmax_gui.core.simd import add_atomic, give_way, load_atomic

_GOLDEN, _FIRST, _SECOND = np.uint64(GOLDEN), np.uint64(FIRST), np.uint64(SECOND)
_31, _27, _30, _32, _ONE = (np.uint64(k) for k in (31, 27, 30, 32, 1))
_SPINS = 4000  # some microseconds, before the core is offered to others

Whole = NDArray[np.int64]


@compiled
def train_steps(
    data: tuple[Array, Whole, Array, Array],
    order: Whole,
    begin: tuple[np.uint64, int, int],
    batch_size: int,
    parameters: tuple[Array, ...],
    settings: tuple[float, ...],
    scratch: tuple[Array, ...],
    losses: NDArray[np.float64],
    team: tuple[int, int, Whole, NDArray[np.float64], Array, Array],
) -> int:
    """As many steps as `losses` has places, or fewer if a loss is not finite.

    Every thread of a team calls this with the same arguments but `scratch` and its own number.

    Args:
        data: X (n, d) C-ordered, float32 or float64, as is every number below but the losses;
            labels (n,); soft targets (n, q), or (0, q) for hard ones; weights (n,) or (0,).
        order: (n,), in which the epoch of `begin` visits the rows; shuffled anew for each next
            one, as shuffling.permutation does.
        begin: the seed, the epoch counted from 0, and the place in its order. Below 0, the epoch
            is the only one: `order` ends the call and is never shuffled.
        batch_size: rows a step; the last step of an epoch may have fewer.
        parameters: W (q, d), b (q,), then the optimizer's slots in their shapes: velocities for
            SGD; first and second moments for Adam. Updated in place.
        settings: learning rate, momentum, weight decay, label smoothing, and for Adam beta1,
            beta2, epsilon and the steps it has made; beta2 = 0 is SGD.
        scratch: what the softmax of a block needs, see kernel_products.scratch.
        losses: (steps,), the mean loss of each minibatch in nats, written.
        team: this thread's number and how many they are; two counters, both 0; (threads, 2) for
            their losses and hits; (threads, q, d) and (threads, q) for their gradients.

    Returns:
        How many rows of the minibatches were classified rightly before their step; the first
        entries of `losses` are those of the steps made, the one that was not finite included, and
        the rest NaN.
    """
    me, threads, counters, parts, dW, db = team
    seed, epoch, place = begin
    n, hits, turns = len(order), 0, 0
    gradient = dW[me], db[me]
    for step in range(len(losses)):
        if place >= n:
            if epoch < 0:
                break
            place, epoch = 0, epoch + 1
            if me == 0:
                _shuffle(order, seed, epoch)
            turns = _meet(counters, threads, turns)
        end = min(place + batch_size, n)
        share = (end - place + threads - 1) // threads
        first, last = min(place + me * share, end), min(place + (me + 1) * share, end)
        loss, right = _gradient(
            data, order, (first, last), end - place, parameters, settings[3], scratch, gradient
        )
        parts[me, 0], parts[me, 1] = loss, right
        turns = _meet(counters, threads, turns)
        loss = 0.0
        for member in range(threads):
            loss += parts[member, 0]
            hits += int(parts[member, 1])
        losses[step] = loss / (end - place)
        finite = np.isfinite(loss)
        if finite:
            _update(parameters, dW, db, settings, step, (me, threads))
        turns = _meet(counters, threads, turns)
        place = end
        if not finite:
            break
    return hits


@compiled
def evaluate(
    data: tuple[Array, Whole, Array, Array],
    every: Whole,
    parameters: tuple[Array, Array],
    scratch: tuple[Array, ...],
) -> tuple[float, int]:
    """The losses of all rows, summed, in nats, and how many are classified rightly.

    Args:
        data: as for train_steps.
        every: the numbers of the rows, (n,).
        parameters: W (q, d) and b (q,).
        scratch: of one thread.
    """
    X, (W, b), (P, few) = data[0], parameters, (scratch[0], scratch[3])
    loss, hits = 0.0, 0
    for start in range(0, len(every), P.shape[1]):
        block = min(P.shape[1], len(every) - start)
        if X.shape[1] <= FEW_FEATURES:
            logits_of_few(X, every, start, block, W, P, few, scratch[4])
        else:
            logits(X, every, start, block, W, P)
        part, right = softmax_and_loss(data, every, start, block, b, 0.0, block, scratch)
        loss, hits = loss + part, hits + right
    return loss, hits


@compiled
def _gradient(
    data: tuple[Array, Whole, Array, Array],
    order: Whole,
    rows: tuple[int, int],
    batch: int,
    parameters: tuple[Array, ...],
    smoothing: float,
    scratch: tuple[Array, ...],
    gradient: tuple[Array, Array],
) -> tuple[float, int]:
    """Writes this thread's part of the gradient of the mean loss of a batch.

    Returns:
        The sum of the losses of its rows, and how many are classified rightly.
    """
    X, W, b = data[0], parameters[0], parameters[1]
    P, few = scratch[0], scratch[3]
    dW, db = gradient
    loss, hits, more = 0.0, 0, False
    narrow = X.shape[1] <= FEW_FEATURES
    for start in range(rows[0], rows[1], P.shape[1]):
        block = min(P.shape[1], rows[1] - start)
        if narrow:
            logits_of_few(X, order, start, block, W, P, few, scratch[4])
        else:
            logits(X, order, start, block, W, P)
        part, right = softmax_and_loss(data, order, start, block, b, smoothing, batch, scratch)
        if narrow:
            add_gradient_of_few(few, block, P, dW, db, more)
        else:
            add_gradient(X, order, start, block, P, dW, db, more)
        loss, hits, more = loss + part, hits + right, True
    if not more:
        dW[:] = dW.dtype.type(0)
        db[:] = db.dtype.type(0)
    return loss, hits


@compiled
def _update(
    parameters: tuple[Array, ...],
    dW: Array,
    db: Array,
    settings: tuple[float, ...],
    step: int,
    team: tuple[int, int],
) -> None:
    """The optimizer's update of this thread's share of the classes; b is not decayed."""
    W, b, W1, b1 = parameters[0], parameters[1], parameters[2], parameters[3]
    q, (me, threads) = len(b), team
    for k in range(q * me // threads, q * (me + 1) // threads):
        for other in range(1, threads):
            dW[0, k] += dW[other, k]
            db[0, k] += db[other, k]
        if settings[5] > 0:
            _adam(parameters, dW, db, k, settings, step)
        else:
            rate, momentum, decay = settings[0], settings[1], settings[2]
            b1[k] = momentum * b1[k] + db[0, k]
            b[k] -= rate * b1[k]
            for j in range(W.shape[1]):
                W1[k, j] = momentum * W1[k, j] + (dW[0, k, j] + decay * W[k, j])
                W[k, j] -= rate * W1[k, j]


@compiled
def _adam(
    parameters: tuple[Array, ...],
    dW: Array,
    db: Array,
    k: int,
    settings: tuple[float, ...],
    step: int,
) -> None:
    """Means m and v follow the gradient and its square; the step is rate m / (sqrt(v) + eps)."""
    W, b, mW, mb, vW, vb = parameters
    decay, beta1, beta2, epsilon = settings[2], settings[4], settings[5], settings[6]
    kind, steps = W.dtype.type, np.float64(settings[7]) + step + 1
    one = kind(1)
    rate = kind(np.float64(settings[0]) / (one - np.float64(beta1) ** steps))
    scale = kind(1 / np.sqrt(1 - np.float64(beta2) ** steps))
    mb[k] = beta1 * mb[k] + (one - beta1) * db[0, k]
    vb[k] = beta2 * vb[k] + (one - beta2) * db[0, k] * db[0, k]
    b[k] -= rate * mb[k] / (np.sqrt(vb[k]) * scale + epsilon)
    for j in range(W.shape[1]):
        g = dW[0, k, j] + decay * W[k, j]
        mW[k, j] = beta1 * mW[k, j] + (one - beta1) * g
        vW[k, j] = beta2 * vW[k, j] + (one - beta2) * g * g
        W[k, j] -= rate * mW[k, j] / (np.sqrt(vW[k, j]) * scale + epsilon)


@compiled
def _shuffle(order: Whole, seed: np.uint64, epoch: int) -> None:
    """Writes shuffling.permutation(len(order), seed, epoch)."""
    start = _mixed(_mixed(seed + _GOLDEN) + np.uint64(epoch))
    for i in range(len(order)):
        order[i] = i
    for i in range(len(order) - 1, 0, -1):
        number = _mixed(start + np.uint64(i) * _GOLDEN)
        j = np.int64(((number >> _32) * (np.uint64(i) + _ONE)) >> _32)
        order[i], order[j] = order[j], order[i]


@compiled
def _mixed(z: np.uint64) -> np.uint64:
    z = (z ^ (z >> _30)) * _FIRST
    z = (z ^ (z >> _27)) * _SECOND
    return z ^ (z >> _31)


@compiled
def _meet(counters: Whole, threads: int, turns: int) -> int:
    """Waits until every thread has come here once more; returns how often they have."""
    if threads == 1:
        return 0
    add_atomic(counters, 1)
    spins = 0
    while load_atomic(counters) < threads * (turns + 1):
        spins += 1
        if spins > _SPINS and give_way is not None:
            give_way()
    return turns + 1
