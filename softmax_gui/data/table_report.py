"""What to know of a table before training: columns that say nothing, rows that come again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from softmax_gui.data.ownership import Floats, Integers
from softmax_gui.files import shown
from softmax_gui.i18n import tr

_ROWS = 4096  # a block: some MB
_NAMED = 5


def report(
    X: Floats, labels: Integers, names: Sequence[str], watch: Callable[[], None] = lambda: None
) -> list[str]:
    """Sentences on constant columns, columns like another, and rows that come again.

    Args:
        X: (n, d).
        labels: (n,); rows are alike if their labels are, too.
        names: of the features.
        watch: asked between blocks; may end it.
    """
    if len(X) < 2:
        return []
    constant = np.ones(X.shape[1], bool)
    for start in range(0, len(X), _ROWS):
        watch()
        constant &= (X[start : start + _ROWS] == X[0]).all(axis=0)
    columns, rows = _hashes(X, labels, watch)
    notes = []
    if constant.any():
        text = tr("Constant columns, which tell nothing apart: {count:,} ({names}).")
        notes.append(text.format(count=int(constant.sum()), names=_some(names, constant)))
    twice = _copies(X, columns, constant)
    if twice.any():
        text = tr("Columns that repeat an earlier one: {count:,} ({names}).")
        notes.append(text.format(count=int(twice.sum()), names=_some(names, twice)))
    rows.sort()  # in place: np.unique would take a table of its own
    again = int(np.count_nonzero(rows[1:] == rows[:-1]))
    if again:
        text = tr("Rows that repeat an earlier one, label and all: {count:,}.")
        notes.append(text.format(count=again))
    return notes


def _hashes(
    X: Floats, labels: Integers, watch: Callable[[], None]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """A number of 64 bits for each column and each row: sums modulo 2^64, in any order the same."""
    n, d = X.shape
    rng = np.random.default_rng(0)
    of_columns = rng.integers(0, 1 << 63, d, np.uint64) * np.uint64(2) + np.uint64(1)
    columns, rows = np.zeros(d, np.uint64), np.empty(n, np.uint64)
    for start in range(0, n, _ROWS):
        watch()
        block = (X[start : start + _ROWS] + 0.0).view(np.uint64)  # -0.0 becomes 0.0
        # Whole numbers have zeros for their low bits, which a product would never mix.
        block ^= (block >> np.uint64(29)) ^ (block >> np.uint64(47))
        of_rows = rng.integers(0, 1 << 63, len(block), np.uint64) * np.uint64(2) + np.uint64(1)
        columns += of_rows @ block
        part = labels[start : start + _ROWS].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        rows[start : start + _ROWS] = block @ of_columns + part
    return columns, rows


def _copies(
    X: Floats, hashes: NDArray[np.uint64], constant: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which columns, constant ones aside, are as one before them."""
    first: dict[int, int] = {}
    twice = np.zeros(X.shape[1], bool)
    for at in np.flatnonzero(~constant).tolist():
        before = first.setdefault(int(hashes[at]), at)
        twice[at] = before != at and bool((X[:, before] == X[:, at]).all())
    return twice


def _some(names: Sequence[str], which: NDArray[np.bool_]) -> str:
    places = np.flatnonzero(which)
    listed = ", ".join(shown(names[at]) for at in places[:_NAMED].tolist())
    return listed if len(places) <= _NAMED else f"{listed}, …"
