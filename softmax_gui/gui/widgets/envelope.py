"""A long series kept so that drawing it costs as much as the plot has pixels."""

from __future__ import annotations

from itertools import count, pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

_BASE = 64  # points in a bucket of the lowest kept level: minima and maxima add 1/16 to y
_LARGEST = 2**32 - 1


class _Buffer:
    """An array that grows at its end; its room doubles, so that a point costs O(1)."""

    def __init__(self, dtype: DTypeLike = np.float64) -> None:
        self._room, self._used = np.empty(1024, dtype), 0

    def __len__(self) -> int:
        return self._used

    @property
    def values(self) -> NDArray[np.generic]:
        """What was appended: a view, good until the next append."""
        return self._room[: self._used]

    def append(self, values: NDArray[np.generic]) -> None:
        end = self._used + len(values)
        if end > len(self._room):
            room = np.empty(1 << (end - 1).bit_length(), self._room.dtype)
            room[: self._used] = self.values
            self._room = room
        self._room[self._used : end] = values
        self._used = end

    def truncate(self, length: int) -> None:
        self._used = min(self._used, length)


class Envelope:
    """A series of points (x, y), with the minimum and maximum of every 64, 128, 256, ... points.

    x never decreases. A y that is not finite breaks the line; a break narrower than what one
    bucket of the drawing covers is not seen. Integer steps take 4 bytes each, other x take 8.
    """

    def __init__(self) -> None:
        self.clear()

    def __len__(self) -> int:
        return len(self._y)

    def clear(self) -> None:
        """Forgets every point and gives the memory back."""
        self._x, self._y = _Buffer(np.uint32), _Buffer()
        self._levels: list[tuple[_Buffer, _Buffer]] = []  # level k: buckets of 64 * 2**k points

    def extend(self, x: ArrayLike, y: ArrayLike) -> None:
        """Appends points; amortised O(number of new points).

        Args:
            x: (m,), finite, nowhere below the x before it.
            y: (m,), any values; NaN and infinity break the line.

        Raises:
            ValueError: the lengths differ, or an x is not finite or below the one before.
        """
        steps, values = np.atleast_1d(x), np.atleast_1d(np.asarray(y, np.float64))
        if steps.shape != values.shape or steps.ndim != 1:
            raise ValueError(f"x {steps.shape}, y {values.shape}: two equal lengths expected")
        if not len(steps):
            return
        if not np.isfinite(steps).all():
            raise ValueError("x has an entry that is not finite")
        known = self._x.values[-1:]
        if (np.diff(np.concatenate([known.astype(np.float64), steps])) < 0).any():
            raise ValueError(f"x decreases after {known[-1] if len(known) else steps[0]}")
        self._widen(steps)
        self._x.append(steps)
        self._y.append(values)
        self._fill_levels()

    def truncate(self, x: float) -> None:
        """Forgets the points above x, for a run taken back to an earlier step."""
        length = self._index(x, right=True)
        self._x.truncate(length)
        self._y.truncate(length)
        for k, level in enumerate(self._levels):
            for buffer in level:
                buffer.truncate(length // (_BASE << k))

    def points(self) -> tuple[NDArray[np.generic], NDArray[np.float64]]:
        """Copies of every x (m,), whole steps as integers, and y (m,), as they were given."""
        return self._x.values.copy(), np.array(self._y.values, np.float64)

    def span(self, above: float = -np.inf) -> tuple[float, float] | None:
        """The first and the last x above a value, or None while there is none."""
        first = self._index(above, right=True)
        return (self._point(first)[0], self._point(-1)[0]) if first < len(self) else None

    def last(self) -> tuple[float, float] | None:
        """The last point, or None while there is none."""
        return self._point(-1) if len(self) else None

    def nearest(self, x: float) -> tuple[float, float] | None:
        """The point whose x is closest, the last of equals, or None while there is none."""
        if not len(self):
            return None
        index = self._index(x, right=True)
        around = range(max(index - 1, 0), min(index + 1, len(self)))
        return min((self._point(i) for i in around), key=lambda point: abs(point[0] - x))

    def visible(
        self, x_low: float, x_high: float, pixels: int, *, log_x: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A polyline that looks like every point between two x on that many pixels.

        Few points come as they are, one more on each side so that the line reaches the edges;
        many come as the minimum and the maximum of each bucket, at most about 2 * pixels
        points. The last point of the series is exact in either case.

        Args:
            x_low: left edge of the picture.
            x_high: right edge of the picture.
            pixels: its width, at least 1.
            log_x: x will be drawn as log10 x: points left of 1 are as wide as all between 1
                and 10, so each piece of the axis gets buckets of its own size.

        Returns:
            x (m,), never decreasing, and y (m,), NaN where the line breaks.
        """
        start = max(self._index(x_low, right=False) - 1, 0)
        stop = min(self._index(x_high, right=True) + 1, len(self))
        if stop <= start:
            return np.empty(0), np.empty(0)
        cuts = [start, stop]
        if log_x and x_high > max(x_low, 0.0):
            edges = np.geomspace(max(x_low, x_high * 1e-12), x_high, 17)[1:-1]
            inside = [self._index(edge, right=False) for edge in edges]
            cuts = sorted({start, stop, *(i for i in inside if start < i < stop)})
        share = max(pixels // (16 if log_x else 1), 1)
        pieces = [self._polyline(i, j, share) for i, j in pairwise(cuts)]
        if stop == len(self):
            pieces.append((self._x.values[-1:].astype(np.float64), self._finite(-1, None)))
        return np.concatenate([x for x, _ in pieces]), np.concatenate([y for _, y in pieces])

    def _polyline(
        self, start: int, stop: int, pixels: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        level = max((stop - start - 1) // pixels, 0).bit_length()  # 2**level points a bucket
        if level <= 1:
            return self._x.values[start:stop].astype(np.float64), self._finite(start, stop)
        # Buckets are cut at multiples of their size: they stand still while points arrive.
        first, last = -(-start >> level), stop >> level
        head = min(first << level, stop)
        tail = max(last << level, head)
        parts = (
            self._bucket(start, head),
            self._buckets(first, max(first, last), level),
            self._bucket(tail, stop),
        )
        lows, highs = (np.concatenate(ends) for ends in zip(*parts, strict=True))
        edges = np.unique([start, stop, *range(head, tail + 1, 1 << level)])
        at, end = edges[:-1], edges[1:] - 1
        x, y = np.empty((len(at), 2)), np.empty((len(at), 2))
        x[:, 0], x[:, 1] = self._x.values[at], self._x.values[end]
        falls = self._y.values[at] > self._y.values[end]
        y[:, 0], y[:, 1] = np.where(falls, highs, lows), np.where(falls, lows, highs)
        return x.ravel(), y.ravel()

    def _bucket(self, start: int, stop: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Minimum and maximum of the points `start` to `stop`, (1,) each, or (0,) for none."""
        y = self._finite(start, stop)
        low, high = np.fmin.reduce(y, initial=np.nan), np.fmax.reduce(y, initial=np.nan)
        return np.full(min(len(y), 1), low), np.full(min(len(y), 1), high)

    def _buckets(
        self, first: int, stop: int, level: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Minima and maxima of the whole buckets `first` to `stop` of 2**level points."""
        kept = level - (_BASE.bit_length() - 1)
        if kept >= len(self._levels) > 0:
            kept = len(self._levels) - 1
        if kept < 0 or not self._levels:
            lows = highs = self._finite(first << level, stop << level)
            halvings = level
        else:
            halvings = level - kept - (_BASE.bit_length() - 1)
            some = slice(first << halvings, stop << halvings)
            lows, highs = (np.asarray(b.values[some], np.float64) for b in self._levels[kept])
        return _halved(lows, np.fmin, halvings), _halved(highs, np.fmax, halvings)

    def _fill_levels(self) -> None:
        for k in count():
            due = len(self) // (_BASE << k)
            if k == len(self._levels):
                if not due:
                    return
                self._levels.append((_Buffer(), _Buffer()))
            lows, highs = self._levels[k]
            done = len(lows)
            if due == done:
                return  # and so it is on every level above
            if k == 0:
                new = new_high = self._finite(done * _BASE, due * _BASE)
            else:
                some = slice(2 * done, 2 * due)
                new, new_high = (np.asarray(b.values[some]) for b in self._levels[k - 1])
            halvings = 1 if k else _BASE.bit_length() - 1
            lows.append(_halved(new, np.fmin, halvings))
            highs.append(_halved(new_high, np.fmax, halvings))

    def _widen(self, steps: NDArray[np.generic]) -> None:
        """Keeps x in 8 bytes from the first one on that is no whole number below 2**32."""
        if self._x.values.dtype == np.float64:
            return
        numbers = steps.astype(np.float64)
        if (np.floor(numbers) != numbers).any() or numbers[0] < 0 or numbers[-1] > _LARGEST:
            wide = _Buffer()
            wide.append(self._x.values)
            self._x = wide

    def _index(self, x: float, *, right: bool) -> int:
        """How many points lie below x, or up to x where `right`."""
        known = self._x.values
        if known.dtype == np.float64:
            return int(np.searchsorted(known, x, "right" if right else "left"))
        # A float needle would copy the whole column to float64 at every call.
        if x < 0 or x > _LARGEST:
            return 0 if x < 0 else len(known)
        needle = np.uint32(np.floor(x) if right else np.ceil(x))
        return int(np.searchsorted(known, needle, "right" if right else "left"))

    def _finite(self, start: int, stop: int | None) -> NDArray[np.float64]:
        y = np.asarray(self._y.values[start:stop], np.float64)
        return np.where(np.isfinite(y), y, np.nan)

    def _point(self, index: int) -> tuple[float, float]:
        return self._x.values[index].item(), self._y.values[index].item()


def _halved(values: NDArray[np.float64], pick: np.ufunc, times: int) -> NDArray[np.float64]:
    """Every 2**times neighbours as one: fmin and fmax pass over NaN, unless all are NaN."""
    for _ in range(times):
        values = pick(values[0::2], values[1::2])
    return values


def joined(
    series: Sequence[tuple[NDArray[np.generic], NDArray[np.float64]]],
) -> Iterator[tuple[float | None, ...]]:
    """Rows (x, one y for each series), ascending in x; None where a series has no such point.

    A series that has an x more than once gets that many rows.
    """
    keys = []
    for x, _ in series:
        again = np.arange(len(x)) - np.searchsorted(x, x)
        keys.append(x.astype(np.float64) + 1j * again)  # complex numbers sort by x, then by again
    rows, place = np.unique(np.concatenate(keys), return_inverse=True)
    ends = np.cumsum([len(x) for x, _ in series])
    columns = []
    for (_, y), at in zip(series, np.split(place, ends[:-1]), strict=True):
        column = np.full(len(rows), None, dtype=object)
        column[at] = y
        columns.append(column)
    whole = all(np.issubdtype(x.dtype, np.integer) for x, _ in series)
    steps = rows.real.astype(np.int64) if whole else rows.real
    return zip(steps.tolist(), *columns, strict=True)
