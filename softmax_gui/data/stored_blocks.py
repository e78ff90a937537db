"""Blocks of stored rows, read by a thread ahead of the computation into a few buffers."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from softmax_gui.data.stored_layout import Layout, Task, row_order
from softmax_gui.files import FileProblem, size_text
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from softmax_gui.data.stored_rows import ShardedRows

RING = 3  # buffers: one is computed on, one is full, one is being filled
PATIENCE_S = 10.0  # without a single stretch; then the disk is taken for lost
_CLOSING_S = 1.0


@dataclass(frozen=True, eq=False)
class Block:
    """Rows in memory: X and labels are the reader's, good until its next block is asked for.

    Attributes:
        task: which rows, of which place.
        X: (rows, d), in the type and scale asked for.
        labels: (rows,).
        order: (rows,), in which to visit them.
    """

    task: Task
    X: NDArray[Any]
    labels: NDArray[np.int64]
    order: NDArray[np.int64]


class RowReader(Protocol):
    """What turns rows of a disk into numbers: data/stored_numbers.py."""

    rows: ShardedRows
    dtype: np.dtype[Any]

    def read(self, start: int, stop: int, out: NDArray[Any]) -> None:
        """Fills `out` (stop - start, d)."""


@dataclass
class _Ring:
    """What reader and consumer share."""

    free: queue.SimpleQueue[NDArray[Any] | None] = field(default_factory=queue.SimpleQueue)
    full: queue.SimpleQueue[tuple[Block, NDArray[Any]] | BaseException | None] = field(
        default_factory=queue.SimpleQueue
    )
    stop: threading.Event = field(default_factory=threading.Event)
    reading_since: float | None = None  # a read that did not come back yet


class BlockReader:
    """Blocks, in the order of their tasks, read by a thread of its own into a few buffers.

    An error of the reader is raised where the next block is asked for. The thread ends with
    close(), with the last task, with an error, or when nobody knows this object any more.

    Args:
        numbers: reads rows.
        labels: (n,), of these rows.
        tasks: which blocks; may be endless.
        layout: how long a block can be.
        patience_s: how long a single read may take.
    """

    def __init__(
        self,
        numbers: RowReader,
        labels: NDArray[Any],
        tasks: Iterator[Task],
        layout: Layout,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._ring, self._patience_s = _Ring(), patience_s
        self._lent: NDArray[Any] | None = None
        self._over: BaseException | None = None
        shape = min(layout.block_rows, layout.n), numbers.rows.d
        for _ in range(RING):
            self._ring.free.put(_buffer(shape, numbers.dtype))
        work = _fill, (self._ring, numbers, labels, tasks)
        self._thread = threading.Thread(target=work[0], args=work[1], name="reading", daemon=True)
        self._thread.start()
        # A daemon, because nothing joins it before the interpreter ends; the finalizer does.
        self._finalizer = weakref.finalize(self, _close, self._ring, self._thread)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Block]:
        while True:
            try:
                block = self.next()
            except StopIteration:
                return
            if block is not None:
                yield block

    def next(self, deadline: float = float("inf")) -> Block | None:
        """The next block; None when time.monotonic() reaches `deadline` before it is there.

        Raises:
            StopIteration: there is none.
            FileProblem: a file changed, vanished, or does not answer; a number is not finite.
        """
        if self._lent is not None:
            self._ring.free.put(self._lent)
            self._lent = None
        if self._over is not None:
            raise self._over
        while True:
            with contextlib.suppress(queue.Empty):
                got = self._ring.full.get(timeout=self._wait_s(deadline))
                return self._taken(got)
            self._look_at_patience()
            if time.monotonic() >= deadline:
                return None

    def close(self) -> None:
        """Ends the thread and waits for it; may be called twice."""
        self._finalizer()
        self._over = StopIteration()

    def _wait_s(self, deadline: float) -> float:
        return max(0.0, min(deadline - time.monotonic(), self._patience_s / 4))

    def _taken(self, got: tuple[Block, NDArray[Any]] | BaseException | None) -> Block:
        if isinstance(got, tuple):
            block, self._lent = got
            return block
        self._over = StopIteration() if got is None else got
        raise self._over

    def _look_at_patience(self) -> None:
        since = self._ring.reading_since
        if since is not None and time.monotonic() - since > self._patience_s:
            text = tr(
                "The disk with the rows has not answered for {seconds:.0f} s. Look whether it is "
                "still there, then go on."
            )
            self._over = FileProblem(text.format(seconds=self._patience_s))
            raise self._over


def _fill(ring: _Ring, numbers: RowReader, labels: NDArray[Any], tasks: Iterator[Task]) -> None:
    """The thread: a task, a free buffer, its stretches, and on to the consumer."""
    epoch = -1
    try:
        task = next(tasks, None)
        while task is not None:
            following = next(tasks, None)
            buffer = ring.free.get()
            if buffer is None or ring.stop.is_set():
                return
            if task.epoch != epoch:
                numbers.rows.look()
                epoch = task.epoch
                _expect(numbers, task)
            if following is not None:
                _expect(numbers, following)
            if not _read(ring, numbers, task, buffer):
                return
            ring.full.put((_block(task, buffer, labels), buffer))
            task = following
        ring.full.put(None)
    except BaseException as error:  # noqa: BLE001 - raised again where blocks are asked for
        ring.full.put(error)


def _read(ring: _Ring, numbers: RowReader, task: Task, buffer: NDArray[Any]) -> bool:
    """Fills the buffer; False when it is to end."""
    filled = 0
    for start, stop in task.ranges:
        if ring.stop.is_set():
            return False
        ring.reading_since = time.monotonic()
        numbers.read(start, stop, buffer[filled : filled + stop - start])
        ring.reading_since = None
        filled += stop - start
    return True


def _expect(numbers: RowReader, task: Task) -> None:
    for start, stop in task.ranges:
        numbers.rows.expect(start, stop)


def _block(task: Task, buffer: NDArray[Any], labels: NDArray[Any]) -> Block:
    rows = task.rows
    of_rows = np.concatenate([labels[start:stop] for start, stop in task.ranges])
    if task.seed is None:
        order = np.arange(rows)
    else:
        order = row_order(rows, task.seed, task.epoch, task.index)
    return Block(task, buffer[:rows], of_rows.astype(np.int64), order)


def _close(ring: _Ring, thread: threading.Thread) -> None:
    ring.stop.set()
    ring.free.put(None)
    if thread is not threading.current_thread():
        thread.join(_CLOSING_S)  # not for ever: a disk that is gone may never answer


def _buffer(shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    try:
        return np.empty(shape, dtype)
    except MemoryError:
        text = tr("There is no memory for a block of rows: {size} is needed {times} times.")
        size = size_text(shape[0] * shape[1] * dtype.itemsize)
        raise MemoryError(text.format(size=size, times=RING)) from None
