"""A table from its first line to its arrays: columns planned, rows counted, memory taken once."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from softmax_gui.data.options import ReadOptions, Watch
from softmax_gui.data.ownership import Floats, Integers
from softmax_gui.data.problems import AboveLimit
from softmax_gui.data.table_cells import Cells
from softmax_gui.data.table_columns import Columns, Top
from softmax_gui.data.table_dialect import guess_comment, guess_dialect, is_blank
from softmax_gui.data.table_problems import quotes_problem
from softmax_gui.data.text_blocks import TextFile, changed
from softmax_gui.files import FileProblem, shown, size_text
from softmax_gui.i18n import tr

_ROWS = 4096  # of a block that is looked at or moved at once
_MOST_COLUMNS = 1 << 20  # to look at the names of more would take a minute, which nothing ends
_READ = 0.85  # the share of the time that reading the rows takes, after counting them


@dataclass
class Codes:
    """Texts as numbers in the order in which they first came."""

    places: dict[str, int] = field(default_factory=dict)
    blocks: list[Integers] = field(default_factory=list)

    def add(self, texts: Sequence[str]) -> None:
        """Takes the texts of more rows."""
        places = self.places
        for text in dict.fromkeys(texts):
            places.setdefault(text, len(places))
        self.blocks.append(np.fromiter((places[text] for text in texts), np.int32, len(texts)))

    @property
    def names(self) -> list[str]:
        """The different texts."""
        return list(self.places)

    @property
    def codes(self) -> Integers:
        """The place in names of each row's text, (n,)."""
        return np.concatenate(self.blocks).astype(np.int64) if self.blocks else np.zeros(0, int)

    def texts(self) -> tuple[str, ...]:
        """The text of each row."""
        names = self.names
        return tuple(names[code] for block in self.blocks for code in block.tolist())


@dataclass
class Table:
    """What was read: numbers, targets, texts, and how."""

    cells: Cells
    X: Floats  # (n, d)
    targets: Floats | None  # (n, q), as written
    texts: dict[int, Codes]  # by column


def top_of(text: TextFile, options: ReadOptions, wanted: Sequence[str] = ()) -> Top:
    """The dialect and header of a table, from its first lines.

    Raises:
        FileProblem: there is no line of content, or the header cannot be taken apart.
    """
    comment, comments, lines = _first_lines(text, options)
    if not lines:
        problem = tr("{file} is empty. Choose a file with a header and rows below it.")
        raise FileProblem(problem.format(file=text.file))
    row, contents = lines[0][0], [line for _, line in lines]
    _look_at_width(text.file, row, contents[0])
    dialect = guess_dialect(contents, comment, options, wanted)
    try:
        header = [cell.strip() for cell in dialect.cells(contents[0])]
    except csv.Error as error:
        raise quotes_problem(text.file, row) from error
    while header and not header[-1]:  # a separator at the end of every row
        header.pop()
    below = contents[1:]
    if not dialect.header:
        header, below = [f"column {number}" for number in range(1, len(header) + 1)], contents
    return Top(text.file, row, tuple(header), dialect, tuple(below), comments)


def below_header(text: TextFile, top: Top, limit: int | None = None) -> Iterator[tuple[int, str]]:
    """Blocks of lines from the first row on."""
    start = top.row + top.dialect.header
    for first, found in text.blocks(limit):
        row, block = first, found
        if row < start:
            lines = block.split("\n", start - row)
            if len(lines) <= start - row:
                continue
            row, block = start, lines[-1]
        if block:
            yield row, block


def read_rows_of(
    text: TextFile, top: Top, cells: Cells, watch: Watch, *, limit: int | None = None
) -> Table:
    """All rows of the table, or those in the first bytes.

    Args:
        text: the file.
        top: its start.
        cells: reads its lines.
        watch: told the share done; may end the reading.
        limit: bytes after which to stop; None reads the whole file.

    Raises:
        FileProblem: no row, or what is wrong with one; more than options.limit_bytes of numbers.
    """
    lines, characters = text.count(watch) if limit is None else (limit, limit)
    columns = cells.columns
    d, q = len(columns.features), len(columns.targets)
    # A row has at least a separator or line end a column: a file of blank lines takes no memory.
    capacity = min(lines, characters // len(columns.names) + 1)
    _look_at_size(text, capacity, d + q)
    X, targets = np.empty((capacity, d)), np.empty((capacity, q))
    texts = {at: Codes() for at in columns.texts}
    n = 0
    for row, block in below_header(text, top, limit):
        numbers, found = cells.read(row, block)
        end = n + len(numbers)
        if end > capacity:
            raise changed(text.file)
        X[n:end], targets[n:end] = numbers[:, :d], numbers[:, d:]
        for codes, column in zip(texts.values(), found, strict=True):
            codes.add(column)
        n = end
        watch(min(0.1 + _READ * text.done / max(text.size, 1), 1.0))
    text.look_unchanged()
    _look_at_rows(text.file, n, cells)
    X.resize((n, d), refcheck=False)  # in place: what was not needed was never touched
    targets.resize((n, q), refcheck=False)
    if cells.filled:
        _fill(text.file, X, columns)
    return Table(cells, X, targets if q else None, texts)


def without_first_column(X: Floats) -> Floats:
    """X (n, d) without its first column, moved within its own memory."""
    n, d = X.shape
    flat = X.reshape(-1)
    for start in range(0, n, _ROWS):
        block = X[start : start + _ROWS, 1:].copy()
        flat[start * (d - 1) : start * (d - 1) + block.size] = block.reshape(-1)
    del flat
    X.resize((n, d - 1), refcheck=False)
    return X


def cells_notes(cells: Cells) -> list[str]:
    """What was passed over, left out or filled in."""
    notes = []
    if cells.comments:
        notes.append(tr("Comment lines skipped: {count}.").format(count=cells.comments))
    if cells.dropped:
        text = tr("{rows:,} rows with {holes:,} missing or infinite values were left out.")
        holes = cells.holes if not cells.filled else cells.dropped
        notes.append(text.format(rows=cells.dropped, holes=holes))
    if cells.filled:
        text = tr(
            "{holes:,} missing or infinite values in {rows:,} rows became the mean of their column."
        )
        holes = cells.holes - cells.dropped
        notes.append(text.format(rows=cells.filled, holes=holes))
    return notes


def _first_lines(text: TextFile, options: ReadOptions) -> tuple[str, int, list[tuple[int, str]]]:
    """The comment mark, the comments above the first line of content, and rows and lines of it."""
    lines: list[tuple[int, str]] = []
    comment, comments = options.comment, 0
    for first, block in text.blocks():
        for row, line in enumerate(block[:-1].split("\n"), first):
            if is_blank(line):
                continue
            if comment is None:
                comment = guess_comment([line], options)
            if not _is_above(line, comment):
                lines.append((row, line))
            elif not lines:
                comments += 1
        if len(lines) > 1:  # more than a header
            break
    return comment or "", comments, lines


def _look_at_width(file: str, row: int, line: str) -> None:
    """Refuses a line of more cells than any table has, before they are made."""
    width = 1 + max(map(line.count, "\t;,| "))
    if width > _MOST_COLUMNS:
        text = tr(
            "{file}, row {row}: {columns:,} columns, more than the {limit:,} that a table may "
            "have. Save the rows as .npy, or choose a part of the columns."
        )
        limit = _MOST_COLUMNS
        raise FileProblem(text.format(file=file, row=row, columns=width, limit=limit))


def _is_above(line: str, comment: str) -> bool:
    return is_blank(line) or (bool(comment) and line.startswith(comment))


def _look_at_size(text: TextFile, rows: int, width: int) -> None:
    size, limit = rows * width * 8, text.options.limit_bytes
    if size > limit:
        problem = tr(
            "{file} has {rows:,} rows of {columns:,} numbers, which take {size}; the limit is "
            "{limit}. Raise it in the settings, or choose a part of the file."
        )
        said = problem.format(
            file=text.file,
            rows=rows,
            columns=width,
            size=size_text(size),
            limit=size_text(limit),
        )
        raise AboveLimit(said, size)


def _look_at_rows(file: str, n: int, cells: Cells) -> None:
    if n:
        return
    if cells.dropped:
        text = tr("{file}: every row has a missing value; dropping them leaves none. Fill them.")
    else:
        text = tr("{file} has a header, but no row below it. Add rows.")
    raise FileProblem(text.format(file=file))


def _fill(file: str, X: Floats, columns: Columns) -> None:
    """Puts the mean of its column where a number is missing."""
    sums, counts = np.zeros(X.shape[1]), np.zeros(X.shape[1], int)
    blocks = [X[start : start + _ROWS] for start in range(0, len(X), _ROWS)]
    peak = max(float(np.nanmax(np.abs(block), initial=0.0)) for block in blocks)
    scale = 2.0 ** max(math.frexp(peak)[1] - 1, -1000)
    for block in blocks:
        sums += np.nansum(block / scale, axis=0)  # scaled: a sum of large numbers stays finite
        counts += np.isfinite(block).sum(axis=0)
    if not counts.all():
        text = tr('{file}, column "{column}": no row has a value, so there is no mean to fill in.')
        name = columns.names[columns.features[int(counts.argmin())]]
        raise FileProblem(text.format(file=file, column=shown(name)))
    means = sums / counts * scale
    for block in blocks:
        np.copyto(block, means, where=np.isnan(block))
