"""The softmax of the compiled step: from a block's logits to loss and gradient in the logits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from softmax_gui.core.arrays import Array
from softmax_gui.core.kernel_products import Whole, compiled
from softmax_gui.core.simd import power_of_two

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.121944400546905827679e-4  # 9 bits: k times it is exact
_LARGE = 1e150  # two of them are still finite


@compiled
def softmax_and_loss(
    data: tuple[Array, Whole, Array, Array],
    order: Whole,
    place: int,
    rows: int,
    b: Array,
    smoothing: float,
    batch: int,
    scratch: tuple[Array, ...],
) -> tuple[float, int]:
    """From logits without b to the gradient in the logits of the mean loss of `batch` rows.

    Returns:
        The sum of the losses in nats, and how many rows are classified rightly, ties to the first.
    """
    loss, hits = exponentials(data, order, place, rows, b, smoothing, scratch)
    to_gradient(data, order, place, rows, smoothing, batch, scratch[0], scratch[2])
    return loss, hits


@compiled
def exponentials(
    data: tuple[Array, Whole, Array, Array],
    order: Whole,
    place: int,
    rows: int,
    b: Array,
    smoothing: float,
    scratch: tuple[Array, ...],
) -> tuple[float, int]:
    """From logits without b to exp(logits - top), whose totals are left in scratch[2].

    Returns:
        As softmax_and_loss.
    """
    P, top, factor = scratch[0], scratch[1], scratch[2]
    zero, q = P.dtype.type(0), len(b)
    for i in range(rows):
        P[0, i] += b[0]
        top[i] = P[0, i]
        factor[i] = zero
    for k in range(1, q):
        for i in range(rows):
            P[k, i] += b[k]
            top[i] = P[k, i] if P[k, i] > top[i] else top[i]
    loss, hits = _of_targets(data, order, place, rows, smoothing, P, top)
    for k in range(q):
        for i in range(rows):
            P[k, i] = _exp(P[k, i] - top[i])
            factor[i] += P[k, i]
    return loss + _logs(data[3], order, place, rows, factor), hits


@compiled
def _of_targets(
    data: tuple[Array, Whole, Array, Array],
    order: Whole,
    place: int,
    rows: int,
    smoothing: float,
    P: Array,
    top: Array,
) -> tuple[float, int]:
    """Sum of weight (top - targets . logits), and how many rows have their label on top."""
    _, labels, targets, weights = data
    q, loss, hits = len(P), 0.0, 0
    for i in range(rows):
        row = order[place + i]
        label = labels[row]
        found = P[label, i]
        if found >= top[i]:
            hits += 1
            for k in range(label):
                if P[k, i] >= top[i]:
                    hits -= 1
                    break
        if len(targets):
            found = P.dtype.type(0)
            for k in range(q):
                found += targets[row, k] * P[k, i]
        if smoothing > 0:
            mean = P.dtype.type(0)
            for k in range(q):
                mean += P[k, i]
            found = (1 - smoothing) * found + smoothing * mean / q
        part = np.float64(top[i] - found)
        loss += weights[row] * part if len(weights) else part
    return loss, hits


@compiled
def _logs(weights: Array, order: Whole, place: int, rows: int, totals: Array) -> float:
    """Sum of weight log(total); without weights one logarithm of their product, as far as it goes.

    A logarithm costs as much as the whole row of a small model.
    """
    loss, product = 0.0, 1.0
    if len(weights):
        for i in range(rows):
            loss += weights[order[place + i]] * math.log(totals[i])
        return loss
    for i in range(rows):
        product *= totals[i]
        if product > _LARGE:
            loss += math.log(product)
            product = 1.0
    return loss + math.log(product)


@compiled
def to_gradient(
    data: tuple[Array, Whole, Array, Array],
    order: Whole,
    place: int,
    rows: int,
    smoothing: float,
    batch: int,
    P: Array,
    factor: Array,
) -> None:
    """P = exp(logits - top) and their totals become weight (softmax - targets) / batch."""
    _, labels, targets, weights = data
    q, kind = len(P), P.dtype.type
    share = kind(1) / kind(batch)
    even, keep = share * kind(smoothing) / kind(q), share * (kind(1) - kind(smoothing))
    for i in range(rows):
        factor[i] = share / factor[i]
    for k in range(q):
        for i in range(rows):
            P[k, i] = P[k, i] * factor[i] - even
    if len(targets):
        _subtract(targets, order, place, rows, keep, P)
    else:
        for i in range(rows):
            P[labels[order[place + i]], i] -= keep
    if len(weights):
        for k in range(q):
            for i in range(rows):
                P[k, i] *= weights[order[place + i]]


@compiled
def _subtract(targets: Array, order: Whole, place: int, rows: int, factor: float, P: Array) -> None:
    """P[k, i] -= factor targets[order[place + i], k]."""
    for i in range(rows):
        for k in range(len(P)):
            P[k, i] -= factor * targets[order[place + i], k]


def _exp(x: Any) -> Any:
    """The exponential of x <= 0 to rounding, by Taylor's series about the nearest multiple of ln 2.

    Written out because the system's own takes one number at a time. NaN stays NaN; what would be
    a subnormal number becomes the smallest normal one.
    """
    raise NotImplementedError  # numba takes one of the two below


@overload(_exp, jit_options={"fastmath": {"contract"}})  # k ln 2 in two parts must stay so
def _exp_of_its_type(x: Any) -> Callable[[Any], Any]:
    return _exp_32 if x == types.float32 else _exp_64


def _exp_32(x: Any) -> Any:
    lowest, one = np.float32(-87.0), np.float32(1.0)
    x = lowest if x < lowest else x  # max() might drop NaN
    k = np.floor(x * np.float32(_LOG2_E) + np.float32(0.5))
    r = x - k * np.float32(_LN2_HIGH) - k * np.float32(_LN2_LOW)
    y = np.float32(1 / 5040)
    y = y * r + np.float32(1 / 720)
    y = y * r + np.float32(1 / 120)
    y = y * r + np.float32(1 / 24)
    y = y * r + np.float32(1 / 6)
    y = y * r + np.float32(1 / 2)
    y = y * (r * r) + r + one
    return y * power_of_two(np.int32(k), one)


def _exp_64(x: Any) -> Any:
    x = -708.0 if x < -708.0 else x
    k = np.floor(x * _LOG2_E + 0.5)
    r = x - k * _LN2_HIGH - k * _LN2_LOW
    y = 1 / 6227020800
    y = y * r + 1 / 479001600
    y = y * r + 1 / 39916800
    y = y * r + 1 / 3628800
    y = y * r + 1 / 362880
    y = y * r + 1 / 40320
    y = y * r + 1 / 5040
    y = y * r + 1 / 720
    y = y * r + 1 / 120
    y = y * r + 1 / 24
    y = y * r + 1 / 6
    y = y * r + 1 / 2
    y = y * (r * r) + r + 1.0
    return y * power_of_two(np.int64(k), 1.0)
