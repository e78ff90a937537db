"""How a table is written: separator, decimal mark, comments, whether a first row names columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from softmax_gui.data.guesses import MISSING, NUMBER
from softmax_gui.data.options import ReadOptions

LABEL_NAMES = ("label", "labels", "class", "target", "species")
COMMENTS = ("#", "%", "//")
_SEPARATORS = ("\t", ";", "|", ",")
_QUOTED = re.compile(r'"[^"]*"')
_SPACES = re.compile(" +")
_LINES = 200  # looked at for a guess
_MANY = 20  # rows from which on a text that does not come again is no label
_COUNTED = 4  # as many columns named 0, 1, 2, ... are a header, not numbers


@dataclass(frozen=True)
class Dialect:
    """How the lines of a table become cells."""

    separator: str  # " " stands for runs of spaces
    decimal: str  # "." or ","; said by the user, or first seen
    comment: str  # what a comment line begins with; "" for none
    header: bool
    decimal_said: bool = False

    def cells(self, line: str) -> list[str]:
        """The cells of a line, without quotes.

        Raises:
            csv.Error: quotes that do not pair up within the line, or a cell of 131,072 characters.
        """
        return cells_of(line, self.separator)

    def is_comment(self, line: str) -> bool:
        """Whether a line is passed over as a comment."""
        return bool(self.comment) and line.startswith(self.comment)


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of a line, without quotes.

    Raises:
        csv.Error: quotes that do not pair up within the line, or a cell of 131,072 characters.
    """
    if separator == " ":
        line = line.strip(" ")
    if '"' in line:
        reader = csv.reader([line], delimiter=separator, strict=True, skipinitialspace=True)
        return next(reader)
    return _SPACES.split(line) if separator == " " else line.split(separator)


def is_blank(line: str) -> bool:
    """Whether there is nothing in a line but separators and empty quotes."""
    return not line.strip(' \t\n;,|"')


def guess_comment(lines: Sequence[str], options: ReadOptions) -> str:
    """What comment lines begin with: the first line that begins so says it, else "#"."""
    if options.comment is not None:
        return options.comment
    first = next((line for line in lines if not is_blank(line)), "")
    return next((mark for mark in COMMENTS if first.startswith(mark)), COMMENTS[0])


def guess_dialect(
    lines: Sequence[str], comment: str, options: ReadOptions, wanted: Sequence[str] = ()
) -> Dialect:
    """The dialect of a table from its first lines of content, where the user does not say it.

    Args:
        lines: at least one; no blank line and no comment.
        comment: see guess_comment.
        options: what the user says.
        wanted: names of columns; a first line that has them all is a header.
    """
    seen = [_QUOTED.sub('""', line) for line in lines[:_LINES]]
    separator = options.delimiter or _separator(seen, options.decimal)
    rows = [row for line in lines[:_LINES] if (row := _stripped(line, separator))]
    decimal = options.decimal or _decimal(rows[1:] or rows, separator)
    header = options.header
    if header is None:
        named = bool(wanted) and set(rows[0] if rows else ()) >= set(wanted)
        header = named or not _all_data(rows, decimal)
    return Dialect(separator, decimal, comment, header, options.decimal is not None)


def _separator(lines: Sequence[str], decimal: str | None) -> str:
    """The one that cuts all lines alike; else the one that cuts the first line most."""
    marks = [mark for mark in _SEPARATORS if mark != decimal]
    counts = {mark: [line.count(mark) for line in lines] for mark in marks}
    commas = counts.get(",", [0])[0]
    for mark in marks:
        first = counts[mark][0]
        # Decimal commas may be one more than the separators between them.
        if first and set(counts[mark]) == {first} and commas <= first + 1:
            return mark
    cuts = [_SPACES.split(line.strip(" ")) for line in lines]
    spaced = len(cuts[0]) > 1 and {len(cells) for cells in cuts} == {len(cuts[0])}
    numbers = sum(_kind(cell, ",") == "number" for cell in cuts[0])
    # Commas that do not cut all lines alike may be decimal marks between spaces.
    only_commas = all(not counts[mark][0] for mark in marks if mark != ",")
    if spaced and only_commas and (not commas or 2 * numbers >= len(cuts[0])):
        return " "
    best = max(("\t", ";", ",", "|"), key=lambda mark: counts.get(mark, [0])[0])
    return best if best in marks and counts[best][0] else next(iter(marks[::-1]))


def _stripped(line: str, separator: str) -> list[str]:
    try:
        return [cell.strip() for cell in cells_of(line, separator)]
    except csv.Error:
        return []


def _decimal(rows: Sequence[Sequence[str]], separator: str) -> str:
    if separator == ",":
        return "."
    for row in rows:
        for cell in row:
            if NUMBER.fullmatch(cell.replace(",", ".")) and ("," in cell or "." in cell):
                return "," if "," in cell else "."
    return "."


def _all_data(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether the first row looks like all below it, so that it names nothing."""
    if not rows or any(cell.lower() in LABEL_NAMES for cell in rows[0]):
        return False
    first, below = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    if _counted(first) and below and below[0] != first:
        return False
    kinds = [_kind(cell, decimal) for cell in first]
    while len(kinds) > 1 and kinds[-1] == "missing":
        kinds.pop()
    if "number" not in kinds or kinds[0] == "missing":
        return False
    columns = range(len(kinds))
    numeric = [
        all(_kind(row[at], decimal) != "text" for row in below)
        and any(_kind(row[at], decimal) == "number" for row in below)
        for at in columns
    ]
    if not below:
        return all(kind == "number" for kind in kinds[:-1])
    texts = [at for at in columns if kinds[at] == "text"]
    # A text above numbers is a name; one text beside numbers is the label of the first row.
    named = any(numeric[at] or _comes_once(first[at], [row[at] for row in below]) for at in texts)
    return not named and 2 * len(texts) <= len(kinds)


def _comes_once(name: str, below: Sequence[str]) -> bool:
    """Whether many cells below repeat each other but none this one."""
    return len(below) >= _MANY and name not in below and 2 * len(set(below)) < len(below)


def _kind(cell: str, decimal: str) -> str:
    if cell.lower() in MISSING:
        return "missing"
    written = cell.replace(",", ".") if decimal == "," else cell
    return "number" if NUMBER.fullmatch(written) else "text"


def _counted(first: Sequence[str]) -> bool:
    """Whether the cells count from 0 or 1, as names that a program gave to columns."""
    names = [cell for cell in first if cell]
    if names and not NUMBER.fullmatch(names[-1]):
        names.pop()  # the name of the label
    return len(names) >= _COUNTED and any(
        names == [str(start + at) for at in range(len(names))] for start in (0, 1)
    )
