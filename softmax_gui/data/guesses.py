"""What a file does not say outright: its classes in order, whether a row is a picture."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from softmax_gui.data.dataset import Floats, Integers

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MISSING = frozenset({"", "?", "na", "n/a", "#n/a", "nan", "null"})

_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_PIXEL = re.compile(r"(x|px|pixel)[ _]?\d+([_x]\d+)?|\d+x\d+", re.ASCII | re.IGNORECASE)
_MANY_CLASSES = 20  # above this, numbers may be a quantity and are looked at twice


def to_classes(file: str, column: str, texts: Sequence[str]) -> tuple[Integers, tuple[str, ...]]:
    """Labels (n,) and class names, from one text a row: "007" and "7" are two classes.

    Names are sorted, as numbers where all are whole numbers.

    Raises:
        FileProblem: a single class, or a quantity instead of classes.
    """
    places: dict[str, int] = {}
    codes = np.fromiter(
        (places.setdefault(text, len(places)) for text in texts), np.int64, len(texts)
    )
    return codes_to_classes(file, column, list(places), codes)


def codes_to_classes(
    file: str, column: str, names: Sequence[str], codes: Integers
) -> tuple[Integers, tuple[str, ...]]:
    """Labels (n,) and class names, from the place of each row's text in names.

    Args:
        file: for sentences.
        column: for sentences.
        names: the different texts, in any order.
        codes: (n,), from 0.

    Raises:
        FileProblem: a single class, or a quantity instead of classes.
    """
    _look_at_classes(file, column, set(names), len(codes))
    ordered = sorted_names(names)
    index = {name: label for label, name in enumerate(ordered)}
    return np.array([index[name] for name in names])[codes], ordered


def sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    """Class names in order: as numbers where all are whole numbers, else as texts."""
    different = set(names)
    if all(_WHOLE.fullmatch(name) for name in different):
        return tuple(sorted(different, key=lambda name: (int(name), name)))
    return tuple(sorted(different))


def image_shape_of(names: Sequence[str], X: Floats) -> tuple[int, int] | None:
    """A square, where the columns are named like pixels and hold no negative number."""
    side = math.isqrt(len(names))
    like_pixels = side > 1 and side * side == len(names) and all(map(_PIXEL.fullmatch, names))
    return (side, side) if like_pixels and X.min() >= 0.0 else None


def pixel_range_of(X: NDArray[Any]) -> tuple[float, float]:
    """Black and white: 0 and 1, 0 and 255, or else the smallest and largest value there is."""
    low, high = float(X.min()), float(X.max())
    if low >= 0.0 and high <= 1.0:
        return 0.0, 1.0
    # Digits of 0 to 16 are no dark picture of 0 to 255.
    if low >= 0.0 and 16.0 < high <= 255.0 and (np.floor(X) == X).all():
        return 0.0, 255.0
    return (low, high) if low < high else (low, low + 1.0)


def _look_at_classes(file: str, column: str, names: set[str], n: int) -> None:
    if len(names) == 1:
        text = tr(
            '{file}, column "{column}": all {n} rows have the label "{name}". '
            "Two classes or more are needed to tell them apart."
        )
        name = shown(next(iter(names)))
        raise FileProblem(text.format(file=file, column=shown(column), n=n, name=name))
    numbers = len(names) > _MANY_CLASSES and all(NUMBER.fullmatch(name) for name in names)
    fractions = numbers and not all(float(name).is_integer() for name in names)
    if numbers and (fractions or 2 * len(names) > n):
        text = tr(
            '{file}, column "{column}": {count} different numbers in {n} rows look like a '
            "quantity, not a class: regression? Choose a label column that names classes."
        )
        raise FileProblem(text.format(file=file, column=shown(column), count=len(names), n=n))
