"""Lines of a table to numbers and texts: quick where all is plain, else cell by cell.

A row of the file is a line of the file: a quote that opens in a line must close in it, because
the csv module takes everything up to the next quote, or the end, for one cell.
"""

from __future__ import annotations

import csv
import math
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from softmax_gui.data.guesses import MISSING, NUMBER
from softmax_gui.data.ownership import Floats
from softmax_gui.data.table_columns import SUM_TOLERANCE, Columns
from softmax_gui.data.table_dialect import Dialect, is_blank
from softmax_gui.data.table_numbers import parsed
from softmax_gui.data.table_problems import NotTargets, cell_problem, quotes_problem
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

_OTHER_SPACE = re.compile(r"[^\S \n]")
_ENDLESS = frozenset({"inf", "infinity"})

Rows: TypeAlias = tuple[Floats, tuple[Sequence[str], ...]]
"""Numbers (k, d + q), NaN where a mean is to come, and one text a row for each column of texts."""


@dataclass
class Cells:
    """Reads blocks of lines, one after the other; counts what it passes over."""

    file: str
    columns: Columns
    dialect: Dialect
    missing: str  # one of MISSING_WAYS
    to_learn: bool = True  # then every row needs a label
    comments: int = 0
    dropped: int = 0  # rows
    filled: int = 0  # rows
    holes: int = 0  # cells
    _commas: int = 0  # the first row with each decimal mark; 0: none
    _points: int = 0
    _plain: dict[str, str] = field(default_factory=dict)  # texts as written: as meant

    def read(self, row: int, text: str) -> Rows:
        r"""The rows in lines that each end in "\n"; row is that of the first, counted from 1.

        Raises:
            FileProblem: what is wrong, with its row and column.
        """
        lines = text[:-1].split("\n")
        quick = self._quick(row, text, lines)
        return quick if quick is not None else self._careful(row, lines)

    def _quick(self, row: int, text: str, lines: list[str]) -> Rows | None:
        """All lines at once; None where anything is not as plain as can be."""
        comment = self.dialect.comment
        if '"' in text or (comment and (text.startswith(comment) or f"\n{comment}" in text)):
            return None
        if self.dialect.decimal == "," and "." in text:  # which might be mixed
            return None
        separator = self.dialect.separator
        if separator == " ":
            if _OTHER_SPACE.search(text):
                return None
            lines = [" ".join(line.split()) for line in lines]
        lines = self._of_equal_length(text, lines)
        parts = self._quick_texts(lines, separator) if lines else None
        if parts is None:
            return None
        written, texts = parts
        if self.dialect.decimal == ",":
            written = [line.replace(",", ".") for line in written]
        X = parsed(written, separator, self.columns.numbers)
        if X is None or not np.isfinite(X).all() or not self._are_targets(X).all():
            return None  # what is wrong, and where, is said by the careful way
        self._note_marks(row, text, lines)
        return X, texts

    def _are_targets(self, X: Floats) -> NDArray[np.bool_]:
        """Whether the targets of each row are probabilities, (k,)."""
        targets = X[:, len(self.columns.features) :]
        if not targets.shape[1]:
            return np.ones(len(X), bool)
        inside = ((targets >= 0.0) & (targets <= 1.0)).all(axis=1)
        sums: Floats = targets.sum(axis=1)
        good: NDArray[np.bool_] = inside & (np.abs(sums - 1.0) <= SUM_TOLERANCE)
        return good

    def _of_equal_length(self, text: str, lines: list[str]) -> list[str]:
        """The lines, without separators at their ends; none where their cells differ in number."""
        separator, last = self.dialect.separator, len(self.columns.names) - 1
        needed = max(self.columns.numbers) + (last in self.columns.texts)
        # As many separators as there must be, and the last cell needed: had one line a cell too
        # many, another had one too few, and that would be missed.
        if separator != " " and needed == last and text.count(separator) == last * len(lines):
            return lines
        if any(line.count(separator) != last for line in lines):
            lines = [line.rstrip(separator) for line in lines]
            if any(line.count(separator) != last for line in lines):
                return []
        return lines

    def _quick_texts(
        self, lines: list[str], separator: str
    ) -> tuple[list[str], tuple[Sequence[str], ...]] | None:
        """What is left of the lines without a text at their end, and the columns of texts."""
        found, left, last = [], lines, len(self.columns.names) - 1
        for at in self.columns.texts:
            if at == last:
                cut = [line.rpartition(separator) for line in lines]
                left, texts = [part[0] for part in cut], [part[2] for part in cut]
            else:
                cells = [line.split(separator, at + 1) for line in lines]
                if any(len(row) <= at for row in cells):
                    return None
                texts = [row[at] for row in cells]
            meant = self._meant(texts)
            if meant is None:
                return None
            found.append(meant)
        return left, tuple(found)

    def _meant(self, texts: list[str]) -> list[str] | None:
        """Texts without blanks around them; None where one says that it is missing."""
        if len(self._plain) > 100_000:  # texts that hardly ever come again
            self._plain.clear()
        if not self._plain.keys() >= set(texts):
            new = {text: text.strip() for text in texts}
            if self.to_learn and any(text.lower() in MISSING for text in new.values()):
                return None
            self._plain.update(new)
        return [self._plain[text] for text in texts]

    def _note_marks(self, row: int, text: str, lines: list[str]) -> None:
        """The first row with a decimal mark, which a sentence about mixed ones names."""
        mark = self.dialect.decimal
        noted = self._commas if mark == "," else self._points
        if noted or self.dialect.separator == "," or mark not in text:
            return
        for number, line in enumerate(lines, row):
            if mark in line:
                cells = line.split(self.dialect.separator)
                if any(mark in cells[at] for at in self.columns.numbers):
                    self._commas, self._points = (
                        (number, self._points) if mark == "," else (self._commas, number)
                    )
                    return

    def _careful(self, first: int, lines: list[str]) -> Rows:
        columns, values, n = self.columns, array("d"), 0
        texts: tuple[list[str], ...] = tuple([] for _ in columns.texts)
        for row, line in enumerate(lines, first):
            if self.dialect.is_comment(line):
                self.comments += 1
                continue
            if is_blank(line):
                continue
            cells = self._cells(row, line)
            found = self._row(row, line, cells)
            if found is None:
                self.dropped += 1
                continue
            values.extend(found)
            for column, at in zip(texts, columns.texts, strict=True):
                column.append(cells[at].strip())
            n += 1
        return np.array(values, float).reshape(n, len(columns.numbers)), texts

    def _cells(self, row: int, line: str) -> list[str]:
        try:
            cells = self.dialect.cells(line)
        except csv.Error as error:
            raise quotes_problem(self.file, row) from error
        width = len(self.columns.names)
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            return cells[:width]
        if len(cells) != width:
            text = tr(
                "{file}, row {row}: {columns} columns, {expected} expected. "
                "Check for a missing separator, or a separator inside a cell."
            )
            raise self._problem(text, row=row, columns=len(cells), expected=width)
        return cells

    def _row(self, row: int, line: str, cells: list[str]) -> list[float] | None:
        """The numbers of a row; None leaves it out, as the user wants it."""
        holes = 0
        for at in self.columns.texts if self.to_learn else ():
            if cells[at].strip().lower() in MISSING:
                if self.missing == "refuse":
                    raise self._cell_problem(row, at, cells[at].strip())
                holes += 1
        numbers = self._numbers(row, line, [cells[at] for at in self.columns.numbers])
        empty = sum(map(math.isnan, numbers)) if self.missing != "refuse" else 0
        # A mean stands for a number, not for a class or a probability.
        features = len(self.columns.features)
        unknown = holes or any(map(math.isnan, numbers[features:]))
        if empty or holes:
            self.holes += empty + holes
            if unknown or self.missing == "drop":
                return None
            self.filled += 1
        if self.columns.targets and not self._are_targets(np.array([numbers]))[0]:
            first, last = (self.columns.names[self.columns.targets[at]] for at in (0, -1))
            text = tr(
                '{file}, row {row}: the targets in the columns "{first}" to "{last}" must lie '
                "between 0 and 1 and sum to 1; they sum to {sum:.6g}."
            )
            named = {"file": self.file, "row": row, "first": shown(first), "last": shown(last)}
            raise NotTargets(text.format(**named, sum=math.fsum(numbers[features:])))
        return numbers

    def _numbers(self, row: int, line: str, cells: list[str]) -> list[float]:
        written = cells if self.dialect.separator == "," else self._with_points(row, cells)
        try:
            numbers = list(map(float, written))
        except ValueError:
            numbers = [math.nan]
        # float() also takes infinity, 1_000 and the digits of other scripts.
        if not math.isfinite(sum(numbers)) or (_unusual(line) and _unusual("".join(written))):
            places = zip(self.columns.numbers, cells, written, strict=True)
            numbers = [self._number(row, at, cell, text) for at, cell, text in places]
        if self._commas and self._points:
            text = tr(
                "{file}, row {row}: numbers with a decimal comma (row {commas}) and with a point "
                "(row {points}) are mixed. Write all of them one way."
            )
            raise self._problem(text, row=row, commas=self._commas, points=self._points)
        return numbers

    def _number(self, row: int, at: int, cell: str, written: str) -> float:
        text = written.strip()
        if NUMBER.fullmatch(text):
            number = float(text)
            if math.isfinite(number):
                return number
            text = "inf"
        lowered = text.lower()
        if self.missing == "refuse" or not (lowered in MISSING or lowered.lstrip("+-") in _ENDLESS):
            raise self._cell_problem(row, at, cell.strip())
        return math.nan

    def _with_points(self, row: int, cells: list[str]) -> list[str]:
        """Decimal commas to points; both in one file would leave open what 1.500 means."""
        commas = any("," in cell for cell in cells)
        points = any("." in cell for cell in cells)
        if self.dialect.decimal_said and self.dialect.decimal == ".":
            return cells
        self._commas = self._commas or row * commas
        self._points = self._points or row * points
        if points and self.dialect.decimal_said and self._text_free(cells):
            self._commas = self._commas or row
        return [cell.replace(",", ".") for cell in cells] if self._commas else cells

    @staticmethod
    def _text_free(cells: list[str]) -> bool:
        return any("." in cell and NUMBER.fullmatch(cell.strip()) for cell in cells)

    def _cell_problem(self, row: int, at: int, cell: str) -> FileProblem:
        return cell_problem(self.file, row, self.columns.names[at], cell)

    def _problem(self, text: str, **values: object) -> FileProblem:
        return FileProblem(text.format(file=self.file, **values))


def _unusual(text: str) -> bool:
    return "_" in text or not text.isascii()
