"""CSV and TSV: every row checked, none lost in silence, each refusal with its row and column.

A row of the file is a line of the file: a quote that opens in a line must close in it, because
the csv module takes everything up to the next quote, or the end, for one cell.
"""

from __future__ import annotations

import csv
import io
import math
import re
from array import array
from typing import TYPE_CHECKING

import numpy as np

from softmax_gui.data.dataset import Dataset, Floats, sealed
from softmax_gui.data.guesses import (
    MISSING,
    NUMBER,
    image_shape_of,
    pixel_range_of,
    to_classes,
)
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LABEL_NAMES = ("label", "labels", "class", "target", "species")
_COUNTER_NAMES = ("", "id", "index", "unnamed: 0")
_SEPARATORS = ("\t", ";", ",")  # the first of those that give most columns


def read_table(file: str, text: str, label_column: str | None = None) -> Dataset:
    """The rows below a header; the label in the named, an evidently named, or the last column.

    Raises:
        FileProblem: anything but a header and rows of as many finite numbers and one label.
    """
    table = _Table(file, text)
    label_at = table.label_column(label_column)
    columns = [at for at in range(len(table.names)) if at != label_at]
    X, texts = table.read(columns, label_at)
    names, notes = [table.names[at] for at in columns], table.notes()
    if table.header[columns[0]].lower() in _COUNTER_NAMES and _counts_rows(X):
        note = tr('Column "{column}" only counts the rows and is left out.')
        notes.append(note.format(column=shown(names[0])))
        names, X = names[1:], X[:, 1:]
    labels, class_names = to_classes(file, table.names[label_at], texts)
    image_shape = image_shape_of(names, X)
    return Dataset(
        name=file,
        X=X,
        labels=sealed(labels),
        class_names=class_names,
        feature_names=tuple(names),
        image_shape=image_shape,
        pixel_range=pixel_range_of(X) if image_shape else None,
        notes=tuple(notes),
    )


def read_table_rows(file: str, text: str, wanted: Sequence[str]) -> tuple[Floats, list[str] | None]:
    """Rows for a model whose features have the wanted names, and their labels if there are any.

    Columns are taken by these names, in this order; if not all are there, by position. What they
    leave over may hold the label: an evidently named or the last column.

    Returns:
        X (n, d), where d is not the wanted number if no column fits; the n labels, or None.

    Raises:
        FileProblem: anything but a header and rows of as many finite numbers.
    """
    table = _Table(file, text)
    columns, label_at = table.columns_for(wanted)
    X, texts = table.read(columns, label_at, to_learn=False)
    return X, None if label_at is None else texts


class _Table:
    """One pass over the lines of a file."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.comments = 0
        self._commas, self._points = 0, 0  # the first row with each decimal mark; 0: none
        self._lines = self._content(text)
        row, line = next(self._lines, (0, ""))
        if not row:
            raise self._problem(
                tr("{file} is empty. Choose a file with a header and rows below it.")
            )
        self._separator = _separator(line)
        self._header_row = row
        self.header = [cell.strip() for cell in self._cells(row, line)]
        while self.header and not self.header[-1]:  # a separator at the end of every row
            self.header.pop()
        self.names = _distinct(self.header)

    def read(
        self, columns: Sequence[int], label_at: int | None, *, to_learn: bool = True
    ) -> tuple[Floats, list[str]]:
        """The numbers (n, d) of these columns and the texts (n,) of the label column, if any.

        Only rows to learn from must have a label.
        """
        values, labels, n = array("d"), [], 0
        self._read_names = [self.names[at] for at in columns]
        for row, line in self._lines:
            cells = self._cells(row, line)
            if len(cells) != len(self.names):
                cells = self._without_empty_end(row, cells)
            if label_at is not None:
                label = cells[label_at].strip()
                if to_learn and label.lower() in MISSING:
                    raise self._cell_problem(row, self.names[label_at], label)
                labels.append(label)
            values.extend(self._numbers(row, line, [cells[at] for at in columns]))
            n += 1
        if not n:
            raise self._problem(tr("{file} has a header, but no row below it. Add rows."))
        return np.array(values, float).reshape(n, len(columns)), labels

    def notes(self) -> list[str]:
        """What was passed over."""
        if not self.comments:
            return []
        return [tr("Comment lines skipped: {count}.").format(count=self.comments)]

    def _content(self, text: str) -> Iterator[tuple[int, str]]:
        # Not splitlines: it also breaks at form feeds and other marks inside a cell.
        for row, line in enumerate(io.StringIO(text, newline=None), start=1):
            if line.startswith("#"):
                self.comments += 1
            elif line.strip(' \t\n;,"'):
                yield row, line.rstrip("\n")

    def _cells(self, row: int, line: str) -> list[str]:
        if '"' not in line:
            return line.split(self._separator)
        try:
            return next(
                csv.reader([line], delimiter=self._separator, strict=True, skipinitialspace=True)
            )
        except csv.Error as error:
            text = tr(
                "{file}, row {row}: the quotation marks do not pair up within the row, "
                "or a quoted cell is longer than 131,072 characters. Close or remove the quote."
            )
            raise self._problem(text, row=row) from error

    def _without_empty_end(self, row: int, cells: list[str]) -> list[str]:
        width = len(self.names)
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            return cells[:width]
        text = tr(
            "{file}, row {row}: {columns} columns, {expected} expected. "
            "Check for a missing separator, or a separator inside a cell."
        )
        raise self._problem(text, row=row, columns=len(cells), expected=width)

    def _numbers(self, row: int, line: str, cells: list[str]) -> list[float]:
        written = self._with_points(row, cells) if self._separator == ";" else cells
        try:
            numbers = list(map(float, written))
        except ValueError:
            numbers = [math.nan]
        # float() also takes infinity, 1_000 and the digits of other scripts.
        if not math.isfinite(sum(numbers)) or (_unusual(line) and _unusual("".join(written))):
            for column, cell, number in zip(self._read_names, cells, written, strict=True):
                if not NUMBER.fullmatch(number.strip()) or not math.isfinite(float(number)):
                    raise self._cell_problem(row, column, cell.strip())
        if self._commas and self._points:
            text = tr(
                "{file}, row {row}: numbers with a decimal comma (row {commas}) and with a point "
                "(row {points}) are mixed. Write all of them one way."
            )
            raise self._problem(text, row=row, commas=self._commas, points=self._points)
        return numbers

    def _with_points(self, row: int, cells: list[str]) -> list[str]:
        """Decimal commas to points; both in one file would leave open what 1.500 means."""
        self._commas = self._commas or row * any("," in cell for cell in cells)
        self._points = self._points or row * any("." in cell for cell in cells)
        return [cell.replace(",", ".") for cell in cells] if self._commas else cells

    def columns_for(self, wanted: Sequence[str]) -> tuple[list[int], int | None]:
        """Where the wanted features stand, and the label if there is one."""
        at = {name: position for position, name in enumerate(self.names)}
        evident, last = self._evident_label(), len(self.names) - 1
        if at.keys() >= set(wanted):
            columns = [at[name] for name in wanted]
        else:  # other names: the position counts, as in a row of pixels
            columns = [position for position in at.values() if position != evident]
            if evident is None and len(columns) == len(wanted) + 1:
                columns.pop()
        left_over = set(at.values()).difference(columns)
        return columns, next((label for label in (evident, last) if label in left_over), None)

    def label_column(self, wanted: str | None) -> int:
        """Where the label of a table to learn from stands."""
        row, header = self._header_row, self.header
        if len(header) < 2:
            text = tr(
                '{file}, row {row}: only one column, "{name}", was found. '
                "Separate features and label by a comma, a semicolon or a tab."
            )
            raise self._problem(text, row=row, name=shown(header[0]))
        if wanted is not None:
            if wanted not in header:
                text = tr('{file}, row {row}: no column is named "{name}". Choose one that is.')
                raise self._problem(text, row=row, name=shown(wanted))
            return header.index(wanted)
        evident = self._evident_label()
        if evident is not None:
            return evident
        if all(NUMBER.fullmatch(name) for name in header[:-1]):
            text = tr(
                "{file}, row {row}: numbers where the names of the columns are expected. "
                "Add a first row with names."
            )
            raise self._problem(text, row=row)
        return len(header) - 1

    def _evident_label(self) -> int | None:
        lowered = [name.lower() for name in self.header]
        return next((lowered.index(name) for name in _LABEL_NAMES if name in lowered), None)

    def _cell_problem(self, row: int, column: str, cell: str) -> FileProblem:
        if cell.lower() in MISSING:
            text = tr(
                '{file}, row {row}, column "{column}": no value ("{cell}"). '
                "Fill it in, or delete the row."
            )
        else:
            text = tr(
                '{file}, row {row}, column "{column}": "{cell}" is not a finite number. '
                "Write it like 1234.5, or leave the column out."
            )
        return self._problem(text, row=row, column=shown(column), cell=shown(cell))

    def _problem(self, text: str, **values: object) -> FileProblem:
        return FileProblem(text.format(file=self.file, **values))


def _separator(header: str) -> str:
    outside_quotes = re.sub(r'"[^"]*"', "", header)
    return max(_SEPARATORS, key=outside_quotes.count)


def _distinct(header: list[str]) -> list[str]:
    """Names for columns without one, and numbers behind a name that comes again."""
    names: dict[str, int] = {}  # and how often each has come
    for number, name in enumerate(header, start=1):
        distinct = first = name or f"column {number}"
        while distinct in names:
            names[first] += 1
            distinct = f"{first} ({names[first]})"
        names[distinct] = 1
    return list(names)


def _unusual(text: str) -> bool:
    return "_" in text or not text.isascii()


def _counts_rows(X: Floats) -> bool:
    n, d = X.shape
    return d > 1 and n > 1 and bool((X[:, 0] == X[0, 0] + np.arange(n)).all())
