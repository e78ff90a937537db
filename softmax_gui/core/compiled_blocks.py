"""Block of blocks.py by the compiled passes, on one thread or several.

Importing this module imports numba; training/compiling.py hands `Passes` out once they are
compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.arrays import Array
from softmax_gui.core.blocks import Block, Floats, Parameters, Scratch
from softmax_gui.core.kernel_products import scratch as make_scratch
from softmax_gui.core.pass_kernels import curvature_pass, softmax_pass

T = TypeVar("T")

Rows = tuple[int, int, int, bool]  # the first, the one after the last, that of X, whether to add

ROOM_BYTES = 2**19  # of rows converted at a time: they stay in the cache
TEAM_PAYS = 5_000_000  # multiply-adds of a block, some 0.2 ms: a thread is woken for each


class Passes:
    """Compiled passes: makes blocks, and owns the threads and the scratch that they run on.

    Args:
        threads: at most; the same number repeats a result bit by bit.
    """

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads - 1, "passes") if threads > 1 else None
        self._members: dict[tuple[int, int, Any], list[Member]] = {}

    def block(
        self, X: Any, labels: Any, targets: Any, weights: Any, smoothing: float, dtype: Any
    ) -> Block:
        """A block as Block's arguments say; numpy's where the loops can't read X in place."""
        plain = Block(X, labels, targets, weights, smoothing, dtype)
        if isinstance(X, np.ndarray) and not _readable(X, np.dtype(dtype)):
            return plain
        return CompiledBlock(self, X, labels, targets, weights, smoothing, dtype)

    def members(self, rows: int, d: int, q: int, dtype: Any) -> list[Member]:
        """Those who share the work of so many rows."""
        key = d, q, np.dtype(dtype)
        if key not in self._members:
            self._members[key] = [Member(d, q, key[2]) for _ in range(self.threads)]
        pays = rows * d * q >= TEAM_PAYS
        return self._members[key] if pays else self._members[key][:1]

    def together(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """Does all tasks at once, the first on this thread; the results in their order."""
        pool, waiting = self._pool, cast("list[Future[T]]", [])
        if pool is None or len(tasks) == 1:
            return [task() for task in tasks]
        try:
            waiting += (pool.submit(task) for task in tasks[1:])
        except RuntimeError:  # no more threads: one after the other gives the same
            started = len(waiting) + 1
            return [tasks[0](), *(one.result() for one in waiting), *(t() for t in tasks[started:])]
        return [tasks[0](), *(one.result() for one in waiting)]


class Member:
    """What one thread needs: scratch, room for converted rows, and its sums."""

    def __init__(self, d: int, q: int, dtype: np.dtype[Any]) -> None:
        self.scratch = make_scratch(d, q, dtype)
        self.sums = np.zeros((q, d), dtype), np.zeros(q, dtype)
        self._room = np.zeros((0, d), dtype)

    def pieces(self, X: NDArray[Any], first: int, last: int) -> Iterator[tuple[Array, Rows]]:
        """X of these rows in the type of the products, piece by piece where it has another."""
        d, dtype = X.shape[1], self._room.dtype
        if X.dtype == dtype:
            yield X, (first, last, 0, False)
            return
        step = self.scratch[0].shape[1]
        step *= max(1, ROOM_BYTES // (step * d * dtype.itemsize))
        if len(self._room) < step:
            self._room = np.zeros((step, d), dtype)
        for start in range(first, last, step):
            stop = min(start + step, last)
            self._room[: stop - start] = X[start:stop]
            yield self._room, (start, stop, start, start > first)


class CompiledBlock(Block):
    """A Block whose passes over X are compiled; X is float32 or float64 and lies row by row."""

    def __init__(
        self,
        passes: Passes,
        X: Any,
        labels: Any,
        targets: Any,
        weights: Any,
        smoothing: float,
        dtype: Any,
    ) -> None:
        if isinstance(X, np.ndarray) and not X.flags.writeable:
            X = np.asarray(_Writeable(X))  # which nothing here writes to
        super().__init__(X, labels, targets, weights, smoothing, dtype)
        self._passes = passes
        rows, kind = len(X), np.dtype(dtype)
        self._order = np.arange(rows)
        self._hard = np.zeros(rows, np.int64) if labels is None else labels.astype(np.int64)
        given = self._given[0]  # smoothed
        self._soft = np.zeros((0, 0), kind) if given is None else np.ascontiguousarray(given, kind)
        self._eps = kind.type(smoothing if given is None else 0.0)
        none = np.zeros(0, kind)
        self._counted = none if weights is None else np.ascontiguousarray(weights, kind)

    def softmax(self, parameters: Parameters, scratch: Scratch, out: Array) -> float:
        """As Block.softmax."""
        del scratch  # each member has its own
        return self._softmax(parameters, out, (True, False))[0]

    def softmax_and_gradient(
        self, parameters: Parameters, scratch: Scratch, out: Array
    ) -> tuple[float, Array, Floats]:
        """As Block.softmax_and_gradient, in one pass over X."""
        del scratch  # each member has its own
        loss, members = self._softmax(parameters, out, (True, True))
        return loss, *_summed(members)

    def gradient(self, P: Array, scratch: Scratch) -> tuple[Array, Floats]:
        """As Block.gradient."""
        del scratch  # each member has its own
        unused = Parameters.of(np.zeros((1, 0)), self._dtype)
        return _summed(self._softmax(unused, P, (False, True))[1])

    def curvature(self, P: Array, direction: Parameters, scratch: Scratch) -> tuple[Array, Floats]:
        """As Block.curvature."""
        del scratch  # each member has its own
        (X, *data), order = self._data(), self._order

        def work(member: Member, first: int, last: int) -> None:
            for part, rows in member.pieces(X, first, last):
                curvature_pass(
                    (part, *data), order, rows, direction.rows, P, member.scratch, member.sums
                )

        return _summed(self._shared(len(P), X, work)[1])

    def _softmax(
        self, parameters: Parameters, P: Array, parts: tuple[bool, bool]
    ) -> tuple[float, list[Member]]:
        (X, *data), order = self._data(), self._order

        def work(member: Member, first: int, last: int) -> float:
            loss = 0.0
            for part, rows in member.pieces(X, first, last):
                loss += softmax_pass(
                    (part, *data), order, rows, parameters.rows, self._eps, P, member.scratch,
                    member.sums, parts,
                )  # fmt: skip
            return loss

        losses, members = self._shared(len(P), X, work)
        return sum(losses), members

    def _shared(
        self, q: int, X: NDArray[Any], work: Callable[[Member, int, int], T]
    ) -> tuple[list[T], list[Member]]:
        """Lets each member do its share of the rows; returns what they found, and who they are."""
        n, d = X.shape
        members = self._passes.members(n, d, q, self._dtype)
        step = members[0].scratch[0].shape[1]
        each = -(-n // (len(members) * step)) * step  # whole blocks of scratch
        shares = [(first, min(first + each, n)) for first in range(0, n, each)]
        members = members[: len(shares)]
        tasks = [partial(work, member, *rows) for member, rows in zip(members, shares, strict=True)]
        return self._passes.together(tasks), members

    def _data(self) -> tuple[NDArray[Any], ...]:
        """What the loops read; X of rows on disk is read now."""
        X = self._X if isinstance(self._X, np.ndarray) else self.X
        return X, self._hard, self._soft, self._counted


def _readable(X: NDArray[Any], dtype: np.dtype[Any]) -> bool:
    """Whether the loops know such an array, as it is or to be converted."""
    wider = X.dtype == np.float32 and dtype == np.float64
    return X.flags.c_contiguous and X.flags.aligned and bool(X.dtype == dtype or wider)


class _Writeable:
    """Names read-only memory as if it were not: for numba that would be a type of its own."""

    def __init__(self, X: NDArray[Any]) -> None:
        self.held = X
        about = X.__array_interface__
        self.__array_interface__ = {**about, "data": (about["data"][0], False)}


def _summed(members: list[Member]) -> tuple[Array, Floats]:
    """The sums of all, in the first one's buffer; those of x_i = 1 in float64."""
    W, b = members[0].sums[0], members[0].sums[1].astype(np.float64)
    for member in members[1:]:
        W += member.sums[0]
        b += member.sums[1]
    return W, b
