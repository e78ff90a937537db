"""What the first MB of a table tells, before anything is loaded."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from softmax_gui.data.guesses import sorted_names
from softmax_gui.data.options import ReadOptions, unwatched
from softmax_gui.data.preview import ROWS_SHOWN, Preview
from softmax_gui.data.problems import wanted_bytes
from softmax_gui.data.split_notes import parts_note
from softmax_gui.data.table_cells import Cells
from softmax_gui.data.table_columns import Columns, Top, columns_to_learn, distinct
from softmax_gui.data.table_dataset import feature_names_of, labels_of, notes_of, parts_of
from softmax_gui.data.table_problems import NotTargets
from softmax_gui.data.table_reading import Table, read_rows_of, top_of
from softmax_gui.data.table_report import report
from softmax_gui.data.text_blocks import HEAD, TextFile
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr


def preview_of(text: TextFile, options: ReadOptions) -> Preview:
    """A Preview of a table, from its first MB; a refusal is its `problem`."""
    seen = Preview("table", guessed=options, exact=text.whole)
    try:
        if text.whole:
            text.count(unwatched)  # an encoding guessed wrong is guessed again
        top = top_of(text, options)
        seen = _with_top(seen, text, top, options)
        columns = columns_to_learn(top, options)
        return _with_rows(seen, text, top, columns, options)
    except (FileProblem, ValueError) as problem:
        said = str(problem) if isinstance(problem, FileProblem) else f"{text.file}: {problem}"
        return replace(seen, problem=said, wanted_bytes=wanted_bytes(problem))


def _with_top(seen: Preview, text: TextFile, top: Top, options: ReadOptions) -> Preview:
    dialect = top.dialect
    guessed = replace(
        options,
        header=dialect.header,
        delimiter=dialect.separator,
        decimal=dialect.decimal,
        encoding=text.codec,
        comment=dialect.comment,
    )
    rows = tuple(_shown_rows(top))
    names = tuple(distinct(top.header))
    notes = tuple(text.notes())
    return replace(seen, columns=names, rows=rows, guessed=guessed, notes=notes)


def _shown_rows(top: Top) -> Iterator[tuple[str, ...]]:
    for line in top.lines[:ROWS_SHOWN]:
        try:
            yield tuple(cell.strip() for cell in top.dialect.cells(line))
        except csv.Error:
            yield (line,)


def _with_rows(
    seen: Preview, text: TextFile, top: Top, columns: Columns, options: ReadOptions
) -> Preview:
    # As much as the first lines took: a header of very many columns is longer than the head.
    limit = None if text.whole else max(HEAD, text.done)
    try:
        table = _table(text, top, columns, options, limit)
    except NotTargets:
        if not columns.guessed:
            raise
        columns = columns_to_learn(top, options, targets=False)
        table = _table(text, top, columns, options, limit)
    notes = [*seen.notes, *notes_of(top, table)]
    names, X = feature_names_of(columns, table, notes)
    n = len(X)
    seen = replace(seen, n=_all_rows(text, n), d=len(names), guessed=_said(seen.guessed, columns))
    classes, problem = _classes(text, columns, table, options)
    labels = np.zeros(n, int)
    if columns.label is not None:
        labels = table.texts[columns.label].codes
    elif table.targets is not None:
        labels = table.targets.argmax(axis=1)
    notes += report(X, labels, names) if text.whole else []
    if columns.part is not None:
        name = columns.names[columns.part]
        parts = parts_of(text.file, name, table.texts[columns.part])
        notes.append(parts_note(name, parts, whole=text.whole))
    return replace(
        seen, q=len(classes), classes=classes, notes=tuple(notes), problem=problem or seen.problem
    )


def _table(
    text: TextFile, top: Top, columns: Columns, options: ReadOptions, limit: int | None
) -> Table:
    cells = Cells(text.file, columns, top.dialect, options.missing, comments=top.comments)
    return read_rows_of(text, top, cells, unwatched, limit=limit)


def _all_rows(text: TextFile, n: int) -> int:
    """The rows of the whole file, if they go on being as long as those seen."""
    return n if text.whole else round(n * text.size / max(text.done, 1))


def _said(guessed: ReadOptions, columns: Columns) -> ReadOptions:
    if columns.targets:
        names = tuple(columns.names[at] for at in columns.targets)
        return replace(guessed, target_columns=names, label_column=None)
    label = None if columns.label is None else columns.names[columns.label]
    return replace(guessed, label_column=label)


def _classes(
    text: TextFile, columns: Columns, table: Table, options: ReadOptions
) -> tuple[tuple[tuple[str, int], ...], str]:
    """(name, count) of each class seen, in order, and a refusal if there is one."""
    problem = ""
    if columns.label is None or table.targets is not None:
        labels, names, _ = labels_of(text.file, columns, table)
        counts = np.bincount(labels, minlength=len(names)).tolist()
        found = dict(zip(names, counts, strict=True))
    else:
        codes = table.texts[columns.label]
        counts = np.bincount(codes.codes, minlength=len(codes.names)).tolist()
        found = dict(zip(codes.names, counts, strict=True))
        try:
            labels_of(text.file, columns, table)
        except FileProblem as refusal:
            # A file sorted by class may have only one in its first MB.
            problem = str(refusal) if text.whole or len(found) > 1 else ""
    order = options.class_order or (sorted_names(found) if columns.label is not None else found)
    unnamed = [name for name in found if name not in order]
    if unnamed:
        said = tr('{file}: the class "{name}" is not in the wanted order. Name all classes: {all}.')
        every = ",".join(shown(name) for name in list(found)[:20])
        problem = problem or said.format(file=text.file, name=shown(unnamed[0]), all=every)
    return tuple((name, found.get(name, 0)) for name in (*order, *unnamed)), problem
