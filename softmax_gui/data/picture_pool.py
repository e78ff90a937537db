"""Work on many files on all cores, that ends at once when the user cancels."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import count as numbers_from

from softmax_gui.data.options import Watch

_WATCH_S = 0.04  # from one call of watch to the next
_END_S = 0.1  # waited for threads when it was cancelled; each ends at its next read


class Stopped(Exception):
    """In a thread of the pool: the reading was cancelled."""


class Stop:
    """Tells threads to end, and keeps them from taking memory for large pictures all at once."""

    def __init__(self, budget: int) -> None:
        self._event = threading.Event()
        self._free = budget
        self._budget = budget
        self._changed = threading.Condition()

    def set(self) -> None:
        """Ends what is running."""
        self._event.set()

    def look(self) -> None:
        """Raises Stopped where the work is to end."""
        if self._event.is_set():
            raise Stopped

    @contextmanager
    def holding(self, pixels: int) -> Iterator[None]:
        """Waits until so many pixels may be in memory beside those of the other threads."""
        wanted = min(pixels, self._budget)
        with self._changed:
            while self._free < wanted:
                self.look()
                self._changed.wait(_WATCH_S)
            self._free -= wanted
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()


class WatchedBytes(io.BytesIO):
    """A file in memory whose reading ends when the work does: a decoder asks for it in pieces."""

    def __init__(self, data: bytes, stop: Stop) -> None:
        super().__init__(data)
        self._stop = stop

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        self._stop.look()
        return super().read(size)


def on_all_cores(count: int, work: Callable[[int], None], stop: Stop, watch: Watch) -> None:
    """Calls work(0) to work(count - 1), in threads, and tells the share done all the while.

    Args:
        count: how often.
        work: gives up the GIL for most of its time.
        stop: that work looks at.
        watch: called 10 times a second or more; what it raises ends the work.
    """
    turn, done = numbers_from(), [0] * _threads()

    def share(thread: int) -> None:
        for index in iter(lambda: next(turn), None):  # next() of a count is one step to the GIL
            if index >= count:
                return
            stop.look()
            work(index)
            done[thread] += 1

    pool = ThreadPoolExecutor(len(done), "picture")
    try:
        running = {pool.submit(share, thread) for thread in range(len(done))}
        while running:
            watch(sum(done) / max(count, 1))
            finished, running = wait(running, _WATCH_S, "FIRST_COMPLETED")
            for future in finished:
                future.result()
        pool.shutdown()
    except BaseException:  # Ctrl+C too leaves no thread at work
        stop.set()
        wait(running, _END_S)
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    watch(1.0)


def _threads() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, cores)
