"""NaN and infinite numbers of arrays: refused, their rows left out, or filled with a mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.dataset import look_at_numbers
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def without_missing(
    file: str, X: NDArray[Any], names: Sequence[str], way: str
) -> tuple[NDArray[Any], NDArray[np.bool_] | None, list[str]]:
    """X (n, d) with finite numbers alone, as the user wants it.

    Args:
        file: its name, for a sentence.
        X: float64, owned by the caller; filled in place.
        names: of the features.
        way: one of options.MISSING_WAYS.

    Returns:
        X; which rows are kept (n,), None for all; and notes with counts.

    Raises:
        FileProblem: nothing is left of the rows or of a column.
        ValueError: a number that is not finite, where these are refused.
    """
    if way == "refuse":
        look_at_numbers(X, tuple(names))
        return X, None, []
    finite = np.isfinite(X)
    holes = int(finite.size - np.count_nonzero(finite))
    if not holes:
        return X, None, []
    rows = finite.all(axis=1)
    affected = int(len(rows) - np.count_nonzero(rows))
    if way == "drop":
        if affected == len(X):
            text = tr(
                "{file}: every row has a missing value; dropping them leaves none. Fill them."
            )
            raise FileProblem(text.format(file=file))
        text = tr("{rows:,} rows with {holes:,} missing or infinite values were left out.")
        return X[rows], rows, [text.format(rows=affected, holes=holes)]
    counts = finite.sum(axis=0)
    if not counts.all():
        text = tr('{file}, column "{column}": no row has a value, so there is no mean to fill in.')
        raise FileProblem(text.format(file=file, column=shown(names[int(counts.argmin())])))
    means = np.where(finite, X, 0.0).sum(axis=0) / counts
    for column in np.flatnonzero(counts < len(X)):
        X[~finite[:, column], column] = means[column]
    text = tr(
        "{holes:,} missing or infinite values in {rows:,} rows became the mean of their column."
    )
    return X, None, [text.format(rows=affected, holes=holes)]
