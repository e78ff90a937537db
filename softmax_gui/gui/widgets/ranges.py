"""Rounded numbers for scales: ranges that change in steps, ticks at 1-2-5, short texts."""

from __future__ import annotations

import math

_TINY = 1e-9  # of a spacing: a tick that misses an end by rounding still counts


_COARSE = (1, 2, 5, 10, 20)
_FINE = (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 20)  # on 1-2-5 a largest weight of 2.1 looks pale


def rounded_up(value: float, marks: tuple[float, ...] = _COARSE) -> float:
    """The smallest of `marks` times a power of ten that is at least `value`; 1 for 0."""
    if not 0 < value < math.inf:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * m for m in marks if power * m >= value * (1 - _TINY))


def steady_limit(current: float, largest: float) -> float:
    """The end of a scale for numbers up to `largest`: it grows at once and shrinks late.

    A scale at its smallest rounded value would flicker where the largest number swings about
    a step; it gives way only when a quarter of the smaller scale would stay free.
    """
    wanted = rounded_up(largest, _FINE)
    return current if wanted < current <= rounded_up(1.25 * largest, _FINE) else wanted


def spacing(span: float, most: int) -> float:
    """The 1-2-5 distance that cuts `span` into at most `most` parts."""
    return rounded_up(span / max(most, 1))


def outward(low: float, high: float, most: int = 10) -> tuple[float, float]:
    """The range moved outward to multiples of its 1-2-5 spacing: a tenth of it stays free."""
    if not high > low:
        high = low + (abs(low) or 1.0)
    step = spacing(high - low, most)
    return math.floor(low / step + _TINY) * step, math.ceil(high / step - _TINY) * step


def outward_log(low: float, high: float) -> tuple[float, float]:
    """The exponents of the range of positive numbers moved outward to 1, 2 or 5 times 10**k."""
    top = math.log10(rounded_up(high))
    bottom = -math.log10(rounded_up(1 / low))  # 1, 2, 5 mirror into themselves
    return (bottom, top) if top > bottom else (bottom - 1, top)


def steady_range(
    current: tuple[float, float] | None, wanted: tuple[float, float]
) -> tuple[float, float]:
    """`wanted`, or `current` as long as it holds `wanted` and is not much too wide."""
    if current is None or wanted[0] < current[0] or wanted[1] > current[1]:
        return wanted
    fills = wanted[1] - wanted[0] > 0.6 * (current[1] - current[0])
    return current if fills else wanted


def ticks(low: float, high: float, most: int) -> dict[float, str]:
    """Places and texts of at most `most` + 1 ticks between the ends of a plain axis."""
    if not 0 < high - low < math.inf:
        return {}
    step = spacing(high - low, most)
    first, last = math.ceil(low / step - _TINY), math.floor(high / step + _TINY)
    if last - first > 2 * most:  # the numbers are too large for so small a step
        return {}
    places = [i * step for i in range(first, last + 1)]
    largest = max(abs(low), abs(high))
    return {place: _tick_text(place, step, largest) for place in places}


def log_ticks(low: float, high: float, most: int) -> dict[float, str]:
    """The same for an axis of log10: `low`, `high` and the places are exponents."""
    if not 0 < high - low < 600:
        return {}
    stride = max(1, math.ceil((high - low) / max(most, 1)))
    marks = (1, 2, 5) if 3 * (high - low) <= most else (1,)
    decades = range(math.floor(low), math.ceil(high) + 1, 1)
    places = [k + math.log10(mark) for k in decades if k % stride == 0 for mark in marks]
    kept = [p for p in places if low - _TINY <= p <= high + _TINY]
    if len(kept) < 2 and abs(low) < 300 and abs(high) < 300:
        inside = ticks(10.0**low, 10.0**high, most)
        return {math.log10(value): text for value, text in inside.items() if value > 0}
    return {place: short(10.0**place) for place in kept}


def _tick_text(value: float, step: float, largest: float) -> str:
    unit, name = _unit(largest)
    if step < 1e-4 or largest >= 1e12:
        digits = max(0, math.floor(math.log10(largest)) - math.floor(math.log10(step)))
        return _plain(f"{value:.{digits}e}") if value else "0"
    decimals = max(0, -math.floor(math.log10(step / unit) + _TINY))
    return f"{value / unit:.{decimals}f}{name if value else ''}" if value else "0"


def _unit(largest: float) -> tuple[float, str]:
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if largest >= (1e4 if unit == 1e3 else unit):
            return unit, name
    return 1.0, ""


def short(value: float) -> str:
    """A number by itself in few characters: 20k, 1.5M, 0.001, 1e-4, 3e12."""
    size = abs(value)
    if size and not 1e-3 * (1 - _TINY) <= size < 1e12:
        return _plain(f"{value:.3e}")
    unit, name = _unit(size * (1 + _TINY))
    return f"{value / unit:.4g}{name}"


def _plain(exponential: str) -> str:
    """Turns 2.000e-05 into 2e-5."""
    mantissa, exponent = exponential.split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def significant(value: float, digits: int = 4) -> str:
    """A measured number with that many significant digits, trailing zeros kept: 0.2000, 12.50."""
    if not math.isfinite(value):
        return str(value)
    text = f"{value:#.{digits}g}"
    return text.rstrip(".") if "e" not in text else text


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Moves places apart until neighbours are `gap` apart, each as little as possible.

    Places that touch become a block about their mean (pooling adjacent violators); all stay
    between `low` and `high` where there is room.

    Args:
        wanted: the places, ascending.
        gap: the smallest distance.
        low: the smallest place.
        high: the largest place.
    """
    blocks: list[tuple[float, int]] = []  # mean of (place - index * gap), how many
    for index, place in enumerate(wanted):
        mean, size = place - index * gap, 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, size = (before * many + mean * size) / (many + size), many + size
        blocks.append((mean, size))
    top = max(low, high - (len(wanted) - 1) * gap)
    flat = [min(max(mean, low), top) for mean, size in blocks for _ in range(size)]
    return [place + index * gap for index, place in enumerate(flat)]
