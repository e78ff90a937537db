"""What to know of the parts of a split before one trusts a figure of them, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.assignment import TEST, TRAIN, VALIDATION, groups_in_several
from softmax_gui.data.scaling import RANGE, STANDARDISED, Scaling
from softmax_gui.files import shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softmax_gui.data.dataset import Dataset, Floats

_FEW_ROWS = 5
_LISTED = 5
_LARGE, _SMALL = 1e18, 1e-18  # whose squares, too, float32 can still hold


def notes_on_parts(dataset: Dataset, parts: NDArray[np.int8]) -> tuple[str, ...]:
    """Classes that have no row to train on, or under five in a part, and groups cut by the file.

    Args:
        dataset: of n rows.
        parts: (n,), the part of each row.
    """
    notes = []
    for part in np.unique(np.append(parts, (TRAIN, VALIDATION))).tolist():
        counts = np.bincount(dataset.labels[parts == part], minlength=dataset.q)
        few = counts < _FEW_ROWS
        if part == TRAIN and not counts.all():
            names = _listed(dataset.class_names, counts == 0)
            text = tr("No row to train on belongs to {classes}: no model can learn that.")
            notes.append(text.format(classes=names))
            few &= counts > 0
        if few.any():
            text = {
                TRAIN: tr("Under {few} rows to train on belong to {classes}."),
                VALIDATION: tr("Under {few} rows to validate with belong to {classes}."),
                TEST: tr("Under {few} rows to test with belong to {classes}."),
            }[part]
            names = _listed(dataset.class_names, few, counts)
            notes.append(text.format(few=_FEW_ROWS, classes=names))
    if dataset.parts is not None and (cut := groups_in_several(dataset, parts)):
        text = tr("By the parts given in the file {count} groups lie in several parts.")
        notes.append(text.format(count=cut))
    return tuple(notes)


def parts_note(column: str, parts: NDArray[np.int8], *, whole: bool) -> str:
    """How many rows a column of a table puts into each part.

    Args:
        column: its name.
        parts: (n,), the part of each row seen.
        whole: whether these are all rows of the table.
    """
    text = tr(
        'Rows by the column "{column}": {train:,} train, {validation:,} validation, {test:,} test.'
    )
    if not whole:
        text = tr(
            'The first rows by the column "{column}": {train:,} train, {validation:,} '
            "validation, {test:,} test."
        )
    train, validation, test = (int((parts == part).sum()) for part in (TRAIN, VALIDATION, TEST))
    return text.format(column=shown(column), train=train, validation=validation, test=test)


def notes_on_sizes(X: Floats, names: tuple[str, ...], scaling: Scaling) -> tuple[str, ...]:
    """Features of very large or very small numbers, and those that are constant.

    Args:
        X: (n, d), the rows of the training part in the file's units.
        names: of the features.
        scaling: as fitted on them.
    """
    low, high = X.min(axis=0), X.max(axis=0)
    peak, notes = np.maximum(high, -low), []
    scaled = scaling.kind in (RANGE, STANDARDISED)
    odd = (peak >= _LARGE) | ((peak > 0.0) & (peak <= _SMALL))
    if odd.any():
        first = int(np.argmax(odd))
        text = (
            tr("Numbers of size {size:.0e} in {names}: they were scaled in 64 bits.")
            if scaled
            else tr("Numbers of size {size:.0e} in {names}: standardise them to train on them.")
        )
        notes.append(text.format(names=_listed(names, odd), size=peak[first]))
    if scaled and (constant := low == high).any():
        text = tr("The same in all rows to train on, and so taken to 0: {names}.")
        notes.append(text.format(names=_listed(names, constant)))
    return tuple(notes)


def _listed(names: tuple[str, ...], which: NDArray[Any], counts: NDArray[Any] | None = None) -> str:
    """The first few of the names that a mask picks, and how many more there are."""
    picked = np.flatnonzero(which).tolist()
    quoted = [
        f'"{shown(names[k])}"' + ("" if counts is None else f" ({counts[k]})")
        for k in picked[:_LISTED]
    ]
    if len(picked) > _LISTED:
        quoted.append(tr("{count:,} more").format(count=len(picked) - _LISTED))
    return ", ".join(quoted)
