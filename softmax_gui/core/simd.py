"""Vector instructions for the compiled loop: tiles of the two skinny products, and a barrier.

LLVM vectorises a plain loop, but keeps no tile of sums in registers: a product written as loops
runs at a third of the machine's rate, one built of the tiles below at 90 %. Each function emits
the loop over one tile with explicit vectors and fused multiply-adds:

    logit tile      4 rows of X times up to 5 rows of W      P = X W'     (q, rows)
    gradient tile   up to 5 classes times 1 or 4 vectors     dW = G X     (q, d)

Sources: Goto and van de Geijn (2008), Anatomy of high-performance matrix multiplication; LLVM
Language Reference Manual.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_FEATURES = llvm.get_host_cpu_features()
_WIDEST = bool(_FEATURES.get("avx512f"))
_VECTOR_BYTES = 64 if _WIDEST else 32 if _FEATURES.get("avx2") else 16
_MANY_REGISTERS = _WIDEST or llvm.get_default_triple().startswith(("aarch64", "arm64"))
_LINE_BYTES = 64  # of the cache

ROWS = 4  # of X a logit tile takes
CLASSES = 5 if _MANY_REGISTERS else 3  # a tile takes at most: its sums shall fit the registers
VECTORS = 4  # of a row a wide gradient tile takes

_INT, _LANE = ir.IntType(64), ir.IntType(32)
_BYTE_POINTER = ir.IntType(8).as_pointer()
_ZERO = ir.Constant(_INT, 0)


def lanes(itemsize: int) -> int:
    """Numbers in one vector; at least 4, since a tile's four sums are written as one."""
    return max(4, _VECTOR_BYTES // itemsize)


LANES_32, LANES_64 = lanes(4), lanes(8)


class _Emitter:
    """Writes instructions on C-ordered arrays of one floating type."""

    def __init__(self, context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> None:
        dtype = signature.args[0].dtype
        self.builder, self.bits = builder, dtype.bitwidth
        self.lanes = lanes(self.bits // 8)
        self.vector = ir.VectorType(context.get_value_type(dtype), self.lanes)
        self.arguments = [
            context.make_array(kind)(context, builder, value)
            if isinstance(kind, types.Array)
            else value
            for kind, value in zip(signature.args, values, strict=True)
        ]

    def row(self, matrix: Any, index: Any, more: int = 0) -> Any:
        """The address of row index + more."""
        if more:
            index = self.builder.add(index, ir.Constant(_INT, more))
        _, width = cgutils.unpack_tuple(self.builder, matrix.shape)
        return self.builder.gep(matrix.data, [self.builder.mul(index, width)])

    def at(self, row: Any, column: Any) -> Any:
        """The address of a column, a number or a value, in a row."""
        column = ir.Constant(_INT, column) if isinstance(column, int) else column
        return self.builder.gep(row, [column])

    def load(self, address: Any) -> Any:
        """The vector at an address, which need not be aligned."""
        place = self.builder.bitcast(address, self.vector.as_pointer())
        value = self.builder.load(place)
        value.align = self.bits // 8
        return value

    def store(self, value: Any, address: Any) -> None:
        """Writes a vector of any length."""
        place = self.builder.bitcast(address, value.type.as_pointer())
        self.builder.store(value, place).align = self.bits // 8

    def sums(self, count: int) -> list[Any]:
        """So many sums, 0 at first, that LLVM keeps in registers."""
        slots = [cgutils.alloca_once(self.builder, self.vector) for _ in range(count)]
        for slot in slots:
            self.builder.store(ir.Constant(self.vector, [0.0] * self.lanes), slot)
        return slots

    def add_product(self, total: Any, one: Any, other: Any) -> None:
        """Adds one * other to a sum, rounded once."""
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        name = f"llvm.fma.v{self.lanes}f{self.bits}"
        fma = cgutils.get_or_insert_function(self.builder.module, kind, name)
        self.builder.store(self.builder.call(fma, [one, other, self.builder.load(total)]), total)

    def splat(self, address: Any) -> Any:
        """The number at an address in every lane."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(
            undefined, self.builder.load(address), ir.Constant(_LANE, 0)
        )
        return self._shuffle(first, undefined, [0] * self.lanes)

    def sums_of_four(self, slots: Sequence[Any]) -> Any:
        """The sums over the lanes of four vectors, as one vector of four."""
        n, total = self.lanes, [self.builder.load(slot) for slot in slots]
        even = [i if i % 2 == 0 else n + i - 1 for i in range(n)]  # a0 b0 a2 b2 ...
        low = [g + i for g in range(0, n, 4) for i in (0, 1, n, n + 1)]
        ab = self._add_shuffled(total[0], total[1], even, [i + 1 for i in even])
        cd = self._add_shuffled(total[2], total[3], even, [i + 1 for i in even])
        abcd = self._add_shuffled(ab, cd, low, [i + 2 for i in low])
        while n > 4:
            n //= 2
            abcd = self._add_shuffled(abcd, abcd, range(n), range(n, 2 * n))
        return abcd

    def _add_shuffled(self, a: Any, b: Any, one: Sequence[int], other: Sequence[int]) -> Any:
        return self.builder.fadd(self._shuffle(a, b, one), self._shuffle(a, b, other))

    def _shuffle(self, a: Any, b: Any, pattern: Sequence[int]) -> Any:
        mask = ir.Constant(ir.VectorType(_LANE, len(pattern)), list(pattern))
        return self.builder.shuffle_vector(a, b, mask)


def _make_logit_tile(classes: int) -> Any:
    @intrinsic
    def logit_tile(_typing, X, r0, r1, r2, r3, W, k, P, column, width):  # type: ignore[no-untyped-def]
        def emit(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
            to = _Emitter(context, builder, signature, values)
            X, r0, r1, r2, r3, W, k, P, column, width = to.arguments
            rows = [to.row(X, r) for r in (r0, r1, r2, r3)]
            weights = [to.row(W, k, c) for c in range(classes)]
            sums = to.sums(ROWS * classes)
            step = ir.Constant(_INT, to.lanes)
            with cgutils.for_range_slice(builder, _ZERO, width, step, _INT) as (j, _):
                x = [to.load(to.at(row, j)) for row in rows]
                for c, weight in enumerate(weights):
                    w = to.load(to.at(weight, j))
                    for r in range(ROWS):
                        to.add_product(sums[c * ROWS + r], x[r], w)
            for c in range(classes):
                four = to.sums_of_four(sums[c * ROWS : (c + 1) * ROWS])
                to.store(four, to.at(to.row(P, k, c), column))
            return context.get_dummy_value()

        i = types.intp
        return types.void(X, i, i, i, i, W, i, P, i, i), emit

    return logit_tile


def _make_gradient_tile(classes: int, vectors: int) -> Any:
    @intrinsic
    def gradient_tile(_typing, X, order, place, rows, G, k, dW, j, more):  # type: ignore[no-untyped-def]
        def emit(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
            to = _Emitter(context, builder, signature, values)
            X, order, place, rows, G, k, dW, j, more = to.arguments
            tile = [
                (c, to.at(to.at(to.row(dW, k, c), j), v * to.lanes))
                for c in range(classes)
                for v in range(vectors)
            ]
            factors = [to.row(G, k, c) for c in range(classes)]
            sums = to.sums(len(tile))
            with builder.if_then(more):
                for total, (_, address) in zip(sums, tile, strict=True):
                    builder.store(to.load(address), total)
            with cgutils.for_range(builder, rows) as loop:
                visit = builder.gep(order.data, [builder.add(place, loop.index)])
                row = to.at(to.row(X, builder.load(visit)), j)
                x = [to.load(to.at(row, v * to.lanes)) for v in range(vectors)]
                g = [to.splat(to.at(factor, loop.index)) for factor in factors]
                for place_in_tile, (c, _) in enumerate(tile):
                    to.add_product(sums[place_in_tile], x[place_in_tile % vectors], g[c])
            for total, (_, address) in zip(sums, tile, strict=True):
                to.store(builder.load(total), address)
            return context.get_dummy_value()

        i = types.intp
        return types.void(X, order, i, i, G, i, dW, i, types.boolean), emit

    return gradient_tile


# P[k + c, column : column + 4] = X[r0, r1, r2, r3][:width] . W[k + c, :width] for c < 1 to 5
logit_tile_1, logit_tile_2, logit_tile_3, logit_tile_4, logit_tile_5 = map(
    _make_logit_tile, range(1, 6)
)
# dW[k + c, j:] = sum_i G[k + c, i] X[order[place + i], j:] for one vector of the row, or four;
# added to what dW holds if `more`
narrow_tile_1, narrow_tile_2, narrow_tile_3, narrow_tile_4, narrow_tile_5 = (
    _make_gradient_tile(classes, 1) for classes in range(1, 6)
)
wide_tile_1, wide_tile_2, wide_tile_3, wide_tile_4, wide_tile_5 = (
    _make_gradient_tile(classes, VECTORS) for classes in range(1, 6)
)


@intrinsic
def prefetch_row(_typing, X, row):  # type: ignore[no-untyped-def]
    """Asks for the cache lines of X[row], which will be wanted soon."""

    def emit(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
        to = _Emitter(context, builder, signature, values)
        X, row = to.arguments
        _, width = cgutils.unpack_tuple(builder, X.shape)
        start, step = to.row(X, row), ir.Constant(_INT, 8 * _LINE_BYTES // to.bits)
        kind = ir.FunctionType(ir.VoidType(), [_BYTE_POINTER, _LANE, _LANE, _LANE])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        with cgutils.for_range_slice(builder, _ZERO, width, step, _INT) as (j, _):
            place = builder.bitcast(to.at(start, j), _BYTE_POINTER)
            builder.call(prefetch, [place, _LANE(0), _LANE(2), _LANE(1)])  # to read, into L2
        return context.get_dummy_value()

    return types.void(X, types.intp), emit


@intrinsic
def power_of_two(_typing, k, like):  # type: ignore[no-untyped-def]
    """2^k in the type of `like`, k within its exponents: the bits of the number itself."""

    def emit(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
        kind = signature.args[1]
        whole = ir.IntType(kind.bitwidth)
        bias, shift = (127, 23) if kind.bitwidth == 32 else (1023, 52)
        biased = builder.add(values[0], ir.Constant(whole, bias))
        bits = builder.shl(biased, ir.Constant(whole, shift))
        return builder.bitcast(bits, context.get_value_type(kind))

    return like(types.int32 if like.bitwidth == 32 else types.int64, like), emit


@intrinsic
def add_atomic(_typing, cell, amount):  # type: ignore[no-untyped-def]
    """cell[0] += amount, seen by every thread at once; returns what cell[0] was."""

    def emit(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
        cells = context.make_array(signature.args[0])(context, builder, values[0])
        return builder.atomic_rmw("add", cells.data, values[1], "seq_cst")

    return types.int64(cell, types.int64), emit


@intrinsic
def load_atomic(_typing, cell):  # type: ignore[no-untyped-def]
    """cell[0] as the last thread that added to it left it."""

    def emit(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
        cells = context.make_array(signature.args[0])(context, builder, values[0])
        return builder.load_atomic(cells.data, "acquire", 8)

    return types.int64(cell), emit


# Lets another thread have the core; where the system has no such call, waiting costs a core.
give_way = types.ExternalFunction("sched_yield", types.int32()) if sys.platform != "win32" else None
