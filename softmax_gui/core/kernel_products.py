"""The products of the compiled step on a block of rows: its logits, and its part of the gradient.

P (q, rows) holds a block's logits, then its probabilities, then the gradient in its logits: a row
a class, so that every loop over it runs along the examples and fills the vectors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from softmax_gui.core.arrays import Array
from softmax_gui.core.simd import (
    CLASSES,
    LANES_32,
    LANES_64,
    ROWS,
    VECTORS,
    logit_tile_1,
    logit_tile_2,
    logit_tile_3,
    logit_tile_4,
    logit_tile_5,
    narrow_tile_1,
    narrow_tile_2,
    narrow_tile_3,
    narrow_tile_4,
    narrow_tile_5,
    prefetch_row,
    wide_tile_1,
    wide_tile_2,
    wide_tile_3,
    wide_tile_4,
    wide_tile_5,
)

FEW_FEATURES = 16  # up to so many, a block is gathered as (d, rows)
BLOCK_ROWS_OF_FEW = 256
BLOCK_ROWS = 64  # of a block, at most: with them the two products reach 94 % of sgemm
_BLOCK_ENTRIES = 2**16  # of P, at most: 256 kB in float32
_ROOM_BYTES = 4096  # around an array of scratch: more than a row of P
_AHEAD = 16  # rows between the one computed on and the one asked for from memory


Whole = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compiles without the GIL; cached in numba's cache folder.

    Sums may be reordered and multiply-adds fused; NaN and infinity keep their meaning, because the
    session looks for them.
    """
    fast = {"reassoc", "contract", "arcp", "nsz"}
    return cast(F, njit(nogil=True, cache=True, error_model="numpy", fastmath=fast)(function))


def scratch(d: int, q: int, dtype: Any) -> tuple[Array, ...]:
    """What one thread needs for a block: P (q, rows), two (rows,), few features (d, rows).

    And the numbers of the features, (d,), where they are few.
    """
    few = d if d <= FEW_FEATURES else 0
    most = BLOCK_ROWS_OF_FEW if few else BLOCK_ROWS
    rows = max(16, min(most, _BLOCK_ENTRIES // q // 16 * 16))  # whole vectors
    shapes = (q, rows), (rows,), (rows,), (few, rows)
    return *(_apart(shape, np.dtype(dtype)) for shape in shapes), np.arange(few)


def _apart(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Zeros with room around them.

    A compiled loop looks whether its arrays may overlap, generously, and takes one number at a
    time if so: then sums round otherwise, and neighbours in memory would decide the last bit.
    """
    room, size = _ROOM_BYTES // dtype.itemsize, math.prod(shape)
    return np.zeros(room + size + room, dtype)[room : room + size].reshape(shape)


@compiled
def logits(X: Array, order: Whole, place: int, rows: int, W: Array, P: Array) -> None:
    """P[k, i] = W[k] . X[order[place + i]], by tiles of four rows; b comes later."""
    q, d = W.shape
    width = d - d % (LANES_32 if W.itemsize == 4 else LANES_64)
    last = place + rows - 1
    for i in range(0, rows, ROWS):
        for ahead in range(place + i + _AHEAD, min(place + i + _AHEAD + ROWS, len(order))):
            prefetch_row(X, order[ahead])
        r0, r1 = order[place + i], order[min(place + i + 1, last)]
        r2, r3 = order[min(place + i + 2, last)], order[min(place + i + 3, last)]
        k = 0
        for tiles in range((q + CLASSES - 1) // CLASSES, 0, -1):
            classes = (q - k + tiles - 1) // tiles
            _logit_tile(classes, X, r0, r1, r2, r3, W, k, P, i, width)
            k += classes
    if width < d:
        _add_last_logits(X, order, place, rows, W, P, width)


@compiled
def _logit_tile(
    classes: int, X: Array, r0: int, r1: int, r2: int, r3: int, W: Array, k: int, P: Array,
    column: int, width: int,
) -> None:  # fmt: skip
    if classes == 5:
        logit_tile_5(X, r0, r1, r2, r3, W, k, P, column, width)
    elif classes == 4:
        logit_tile_4(X, r0, r1, r2, r3, W, k, P, column, width)
    elif classes == 3:
        logit_tile_3(X, r0, r1, r2, r3, W, k, P, column, width)
    elif classes == 2:
        logit_tile_2(X, r0, r1, r2, r3, W, k, P, column, width)
    else:
        logit_tile_1(X, r0, r1, r2, r3, W, k, P, column, width)


@compiled
def _add_last_logits(
    X: Array, order: Whole, place: int, rows: int, W: Array, P: Array, width: int
) -> None:
    """Adds what the features from `width` on, which fill no vector, contribute."""
    for i in range(rows):
        row = order[place + i]
        for k in range(len(W)):
            for j in range(width, W.shape[1]):
                P[k, i] += X[row, j] * W[k, j]


@compiled
def add_gradient(
    X: Array, order: Whole, place: int, rows: int, G: Array, dW: Array, db: Array, more: bool
) -> None:
    """dW[k] = sum_i G[k, i] X[order[place + i]] and db[k] = sum_i G[k, i]; added if `more`."""
    q, d = dW.shape
    lanes = LANES_32 if dW.itemsize == 4 else LANES_64
    width = d - d % lanes
    wide, k = width - width % (VECTORS * lanes), 0
    for tiles in range((q + CLASSES - 1) // CLASSES, 0, -1):
        classes = (q - k + tiles - 1) // tiles
        for j in range(0, wide, VECTORS * lanes):
            _wide_tile(classes, X, order, place, rows, G, k, dW, j, more)
        for j in range(wide, width, lanes):
            _narrow_tile(classes, X, order, place, rows, G, k, dW, j, more)
        k += classes
    zero = dW.dtype.type(0)
    for k in range(q):
        db[k] = (db[k] if more else zero) + G[k, :rows].sum()
        for j in range(width, d):  # what fills no vector
            total = dW[k, j] if more else zero
            for i in range(rows):
                total += G[k, i] * X[order[place + i], j]
            dW[k, j] = total


@compiled
def _wide_tile(
    classes: int, X: Array, order: Whole, place: int, rows: int, G: Array, k: int, dW: Array,
    j: int, more: bool,
) -> None:  # fmt: skip
    if classes == 5:
        wide_tile_5(X, order, place, rows, G, k, dW, j, more)
    elif classes == 4:
        wide_tile_4(X, order, place, rows, G, k, dW, j, more)
    elif classes == 3:
        wide_tile_3(X, order, place, rows, G, k, dW, j, more)
    elif classes == 2:
        wide_tile_2(X, order, place, rows, G, k, dW, j, more)
    else:
        wide_tile_1(X, order, place, rows, G, k, dW, j, more)


@compiled
def _narrow_tile(
    classes: int, X: Array, order: Whole, place: int, rows: int, G: Array, k: int, dW: Array,
    j: int, more: bool,
) -> None:  # fmt: skip
    if classes == 5:
        narrow_tile_5(X, order, place, rows, G, k, dW, j, more)
    elif classes == 4:
        narrow_tile_4(X, order, place, rows, G, k, dW, j, more)
    elif classes == 3:
        narrow_tile_3(X, order, place, rows, G, k, dW, j, more)
    elif classes == 2:
        narrow_tile_2(X, order, place, rows, G, k, dW, j, more)
    else:
        narrow_tile_1(X, order, place, rows, G, k, dW, j, more)


@compiled
def logits_of_few(
    X: Array, order: Whole, place: int, rows: int, W: Array, P: Array, few: Array, every: Whole
) -> None:
    """logits() for few features; leaves the block in `few` (d, rows), zeros up to whole vectors.

    Then the products change places: P is a sum over the features, `every` one of them in order,
    and the gradient one over the examples.
    """
    q, d = W.shape
    lanes = LANES_32 if W.itemsize == 4 else LANES_64
    gather(X, order, place, rows, few)
    width, k = _whole_vectors(rows, lanes), 0
    for tiles in range((q + CLASSES - 1) // CLASSES, 0, -1):
        classes = (q - k + tiles - 1) // tiles
        for i in range(0, width, lanes):
            _narrow_tile(classes, few, every, 0, d, W, k, P, i, False)
        k += classes


@compiled
def gather(X: Array, order: Whole, place: int, rows: int, few: Array) -> None:
    """few[j, i] = X[order[place + i], j], zeros up to whole vectors."""
    lanes = LANES_32 if few.itemsize == 4 else LANES_64
    for i in range(rows):
        row = order[place + i]
        for j in range(len(few)):
            few[j, i] = X[row, j]
    for i in range(rows, _whole_vectors(rows, lanes)):
        for j in range(len(few)):
            few[j, i] = few.dtype.type(0)


@compiled
def add_gradient_of_few(few: Array, rows: int, G: Array, dW: Array, db: Array, more: bool) -> None:
    """add_gradient() for the block that logits_of_few gathered."""
    q, d = dW.shape
    zero, lanes = dW.dtype.type(0), LANES_32 if dW.itemsize == 4 else LANES_64
    width = _whole_vectors(rows, lanes)
    for k in range(q):
        total = db[k] if more else zero
        for i in range(rows):
            total += G[k, i]
        db[k] = total
        for i in range(rows, width):
            G[k, i] = zero
    if more or d < ROWS:
        for k in range(q):
            for j in range(d):
                total = dW[k, j] if more else zero
                for i in range(rows):
                    total += G[k, i] * few[j, i]
                dW[k, j] = total
        return
    k = 0
    for tiles in range((q + CLASSES - 1) // CLASSES, 0, -1):
        classes = (q - k + tiles - 1) // tiles
        for start in range(0, d, ROWS):
            j = min(start, d - ROWS)  # the last may overlap the one before
            _logit_tile(classes, few, j, j + 1, j + 2, j + 3, G, k, dW, j, width)
        k += classes


@compiled
def _whole_vectors(rows: int, lanes: int) -> int:
    return (rows + lanes - 1) // lanes * lanes
