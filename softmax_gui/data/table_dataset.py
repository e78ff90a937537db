"""What was read of a table to a Dataset: labels or targets, groups, parts, a report."""

from __future__ import annotations

import numpy as np

from softmax_gui.data.dataset import Dataset, Floats, Integers, sealed
from softmax_gui.data.guesses import codes_to_classes, image_shape_of, pixel_range_of
from softmax_gui.data.options import Watch
from softmax_gui.data.table_columns import Columns, Top
from softmax_gui.data.table_reading import Codes, Table, cells_notes, without_first_column
from softmax_gui.data.table_report import report
from softmax_gui.data.text_blocks import TextFile
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

_COUNTER_NAMES = ("", "id", "index", "unnamed: 0")
_PARTS = {"train": 0, "training": 0, "validation": 1, "val": 1, "valid": 1, "test": 2}


def dataset_of(text: TextFile, top: Top, table: Table, watch: Watch) -> Dataset:
    """A Dataset of all rows of a table; takes its arrays over.

    Raises:
        FileProblem: a single class, a quantity instead of classes, a part with another name.
    """
    columns, notes = table.cells.columns, text.notes() + notes_of(top, table)
    names, X = feature_names_of(columns, table, notes)
    labels, class_names, targets = labels_of(text.file, columns, table)
    group, part = columns.group, columns.part
    image_shape = image_shape_of(names, X)
    notes += report(X, labels, names, lambda: watch(1.0))
    return Dataset(
        name=text.file,
        X=sealed(X),
        labels=sealed(labels),
        class_names=class_names,
        feature_names=tuple(names),
        image_shape=image_shape,
        pixel_range=pixel_range_of(X) if image_shape else None,
        notes=tuple(notes),
        targets=targets,
        groups=None if group is None else table.texts[group].texts(),
        parts=None if part is None else parts_of(text.file, columns.names[part], table.texts[part]),
    )


def notes_of(top: Top, table: Table) -> list[str]:
    """What was passed over and what was guessed."""
    columns, notes = table.cells.columns, cells_notes(table.cells)
    if not top.dialect.header:
        notes.append(tr("No header was found: the columns are named by their numbers."))
        width = len(columns.names)
        if columns.label is not None and columns.label not in (width - 1, columns.group):
            text = tr('The labels are taken from "{column}".')
            notes.append(text.format(column=columns.names[columns.label]))
    if table.targets is not None:
        text = (
            tr("One-hot labels were found in the last {q} columns, whose names are the classes.")
            if _one_hot(table.targets)
            else tr("Soft labels were found in the last {q} columns, whose names are the classes.")
        )
        if columns.guessed:
            notes.append(text.format(q=len(columns.targets)))
    return notes


def feature_names_of(columns: Columns, table: Table, notes: list[str]) -> tuple[list[str], Floats]:
    """The features' names, and X without a column that only counts the rows; adds a note on it."""
    names, X = [columns.names[at] for at in columns.features], table.X
    if columns.header[columns.features[0]].lower() in _COUNTER_NAMES and _counts_rows(X):
        note = tr('Column "{column}" only counts the rows and is left out.')
        notes.append(note.format(column=shown(names[0])))
        return names[1:], without_first_column(X)
    return names, X


def labels_of(
    file: str, columns: Columns, table: Table
) -> tuple[Integers, tuple[str, ...], Floats | None]:
    """Labels (n,), class names and, where labels are soft, targets (n, q).

    Raises:
        FileProblem: a single class, or a quantity instead of classes.
    """
    if table.targets is None:
        at = columns.label if columns.label is not None else 0
        codes = table.texts[at]
        labels, names = codes_to_classes(file, columns.names[at], codes.names, codes.codes)
        return labels, names, None
    labels = table.targets.argmax(axis=1).astype(np.int64)
    names = tuple(columns.names[at] for at in columns.targets)
    return labels, names, None if _one_hot(table.targets) else table.targets


def _one_hot(targets: Floats) -> bool:
    return bool(((targets == 0.0) | (targets == 1.0)).all())


def parts_of(file: str, column: str, codes: Codes) -> np.ndarray:
    """The part of each row, (n,): 0 to train on, 1 to validate with, 2 to test with.

    Args:
        file: for a sentence.
        column: for a sentence.
        codes: the words in that column.

    Raises:
        FileProblem: a word that names no part.
    """
    numbers = []
    for name in codes.names:
        part = _PARTS.get(name.lower())
        if part is None:
            row = int(np.argmax(codes.codes == codes.names.index(name))) + 1
            text = tr(
                '{file}, column "{column}": "{name}" in row {row} of the data is no part. '
                "Write train, validation or test."
            )
            said = text.format(file=file, column=shown(column), name=shown(name), row=row)
            raise FileProblem(said)
        numbers.append(part)
    return np.array(numbers, np.int8)[codes.codes]


def _counts_rows(X: Floats) -> bool:
    n, d = X.shape
    return d > 1 and n > 1 and bool((X[:, 0] == X[0, 0] + np.arange(n)).all())
