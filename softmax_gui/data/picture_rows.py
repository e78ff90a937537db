"""The memory for rows of numbers, asked for once, and the classes of rows in their order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from softmax_gui.data.dataset import Floats
from softmax_gui.data.problems import AboveLimit
from softmax_gui.files import FileProblem, shown, size_text
from softmax_gui.i18n import tr

_NAME_BYTES = 72  # of a feature, beside its numbers


def empty_rows(file: str, n: int, d: int, limit_bytes: int) -> Floats:
    """X (n, d), not filled yet: no memory is touched before numbers come.

    Raises:
        FileProblem: it would take more than the limit, or than the machine has.
    """
    look_at_memory(file, n, d, limit_bytes)
    try:
        return np.empty((n, d))
    except MemoryError as error:
        text = tr(
            "{file}: there is no memory for {n:,} rows of {d:,} numbers, {size}. Close other "
            "programs, or choose a part of it."
        )
        raise FileProblem(text.format(file=file, n=n, d=d, size=size_text(8 * n * d))) from error


def look_at_memory(file: str, n: int, d: int, limit_bytes: int) -> None:
    """Refuses rows that are none, or that would take more than the limit.

    Raises:
        FileProblem: with both sizes.
    """
    if n == 0 or d == 0:
        text = tr("{file} holds {n} rows of {d} numbers; there is nothing to learn from.")
        raise FileProblem(text.format(file=file, n=n, d=d))
    size = 8 * n * d + _NAME_BYTES * d
    if size > limit_bytes:
        text = tr(
            "{file}: {n:,} rows of {d:,} numbers would take {size} of memory, more than the "
            "{limit} allowed. Raise the limit, or choose a part of it."
        )
        sizes = {"size": size_text(size), "limit": size_text(limit_bytes)}
        raise AboveLimit(text.format(file=file, n=n, d=d, **sizes), size)


def in_class_order(file: str, names: Iterable[str], order: Sequence[str]) -> tuple[str, ...]:
    """Names sorted, as numbers where all are whole numbers, or in the order that is wanted.

    Args:
        file: for a sentence.
        names: of the classes that have rows.
        order: these names and perhaps others, which no row has; () sorts.

    Raises:
        FileProblem: a class that the order leaves out.
    """
    there = set(names)
    if order:
        missing = sorted(there.difference(order))
        if missing:
            text = tr(
                '{file}: the class "{name}" is not in the order of classes {order}. Name it there.'
            )
            listed = shown(", ".join(order), 80)
            raise FileProblem(text.format(file=file, name=shown(missing[0]), order=listed))
        return tuple(order)
    if all(_is_whole(name) for name in there):
        return tuple(sorted(there, key=lambda name: (int(name), name)))
    return tuple(sorted(there))


def _is_whole(name: str) -> bool:
    digits = name.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 18
