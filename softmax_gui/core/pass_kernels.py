"""A solver's pass over a block of rows, compiled: losses, probabilities, gradient and curvature.

The second writing of Block's numpy in blocks.py, by the tiles of the minibatch loop. Some 64 rows
at a time go through logits, softmax and their part of the sum while they are in the cache, so that
X is read once a pass. Sums are in the type of the products, over the rows of one block.
"""

from __future__ import annotations

from softmax_gui.core.arrays import Array
from softmax_gui.core.kernel_products import (
    FEW_FEATURES,
    Whole,
    add_gradient,
    add_gradient_of_few,
    compiled,
    gather,
    logits,
    logits_of_few,
)
from softmax_gui.core.kernel_softmax import exponentials, to_gradient


@compiled
def softmax_pass(
    data: tuple[Array, Whole, Array, Array],
    order: Whole,
    rows: tuple[int, int, int, bool],
    parameters: tuple[Array, Array],
    smoothing: float,
    P: Array,
    scratch: tuple[Array, ...],
    sums: tuple[Array, Array],
    parts: tuple[bool, bool],
) -> float:
    """Writes P of some rows of a block, or reads it, and their part of the sum of gradients.

    Args:
        data: X C-ordered, in the type of all numbers below, and of the whole block labels (rows,),
            any where there are soft targets (rows, q), which are (0, q) otherwise, and weights
            (rows,) or (0,).
        order: 0, 1, ... as far as there are rows.
        rows: the first of them in the block, the one after the last, which row of the block X
            begins with, and whether `sums` are added to.
        parameters: W (q, d) and b (q,).
        smoothing: eps of hard labels.
        P: (q, rows) of the whole block.
        scratch: of one thread, kernel_products.scratch.
        sums: sum_i s_i (p_i - y_i) x_i' (q, d) and the same of x_i = 1 (q,).
        parts: whether P is written, else it is taken as it is; and whether the sums are.

    Returns:
        The sum of the rows' losses in nats, where P is written.
    """
    (first, last, base, more), (W, b) = rows, parameters
    X, Z, totals = data[0], scratch[0], scratch[2]
    loss, one = 0.0, Z.dtype.type(1)
    for start in range(first, last, Z.shape[1]):
        block = min(Z.shape[1], last - start)
        if parts[0]:
            _logits(X, order, start - base, block, W, scratch)
            loss += exponentials(data, order, start, block, b, smoothing, scratch)[0]
            for k in range(len(P)):
                for i in range(block):
                    P[k, start + i] = Z[k, i] / totals[i]
        else:
            for i in range(block):
                totals[i] = one
            for k in range(len(P)):
                for i in range(block):
                    Z[k, i] = P[k, start + i]
            if X.shape[1] <= FEW_FEATURES:
                gather(X, order, start - base, block, scratch[3])
        if parts[1]:
            to_gradient(data, order, start, block, smoothing, 1, Z, totals)
            _add(X, order, start - base, block, scratch, sums, more or start > first)
    return loss


@compiled
def curvature_pass(
    data: tuple[Array, Whole, Array, Array],
    order: Whole,
    rows: tuple[int, int, int, bool],
    direction: tuple[Array, Array],
    P: Array,
    scratch: tuple[Array, ...],
    sums: tuple[Array, Array],
) -> None:
    """Writes sum_i s_i (diag p_i - p_i p_i') V' xt_i xt_i' into `sums`, or adds it.

    The arguments are those of softmax_pass, but for V as rows (q, d) and its bias (q,); P (q, rows)
    is the last one it wrote.
    """
    (first, last, base, more), (V, b) = rows, direction
    X, weights, U, mean = data[0], data[3], scratch[0], scratch[1]
    for start in range(first, last, U.shape[1]):
        block = min(U.shape[1], last - start)
        _logits(X, order, start - base, block, V, scratch)
        for i in range(block):
            mean[i] = mean.dtype.type(0)
        for k in range(len(b)):
            for i in range(block):
                U[k, i] += b[k]
                mean[i] += P[k, start + i] * U[k, i]
        for k in range(len(b)):
            for i in range(block):
                U[k, i] = (U[k, i] - mean[i]) * P[k, start + i]
        if len(weights):
            for k in range(len(b)):
                for i in range(block):
                    U[k, i] *= weights[start + i]
        _add(X, order, start - base, block, scratch, sums, more or start > first)


@compiled
def _logits(
    X: Array, order: Whole, at: int, rows: int, W: Array, scratch: tuple[Array, ...]
) -> None:
    if X.shape[1] <= FEW_FEATURES:
        logits_of_few(X, order, at, rows, W, scratch[0], scratch[3], scratch[4])
    else:
        logits(X, order, at, rows, W, scratch[0])


@compiled
def _add(
    X: Array, order: Whole, at: int, rows: int, scratch: tuple[Array, ...],
    sums: tuple[Array, Array], more: bool,
) -> None:  # fmt: skip
    if X.shape[1] <= FEW_FEATURES:
        add_gradient_of_few(scratch[3], rows, scratch[0], sums[0], sums[1], more)
    else:
        add_gradient(X, order, at, rows, scratch[0], sums[0], sums[1], more)
