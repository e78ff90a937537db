"""A labels.csv beside pictures: a file and its label a row."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.text_encoding import guess_encoding
from softmax_gui.files import FileProblem, read_bounded, shown
from softmax_gui.i18n import tr

_LIMIT_BYTES = 64 << 20
_HEAD = 1 << 16
_CELL_LIMIT = 4096  # characters: a quote that is never closed makes a longer cell
_FILE_COLUMNS = ("file", "filename", "file_name", "image", "picture", "path", "name", "id")
_LABEL_COLUMNS = ("label", "class", "target", "species", "category", "breed")
_NAMES_SAID = 10


def labels_of(
    table: Path, there: Mapping[str, str], options: ReadOptions
) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Name, path and label of each row whose picture is there, and sentences for the report.

    No path is taken from the table: its names are looked up among those that were listed.

    Args:
        table: the labels.csv.
        there: the listed files by their names.
        options: encoding, delimiter, header and label_column are used.

    Raises:
        FileProblem: no text, a row without a label, two labels for one picture.
    """
    rows = _rows(table, options)
    file = shown(table.name)
    known = _Known(there)
    header = options.header
    if header is None:
        header = bool(rows) and not any(known.find(cell) for cell in rows[0][1])
    names = [cell.strip().lower() for cell in rows[0][1]] if header and rows else []
    at = _column(names, _FILE_COLUMNS, 0)
    label_at = _label_column(file, names, options.label_column, 1 if at == 0 else 0)
    found: dict[str, tuple[str, str]] = {}
    missing = []
    for row, cells in rows[1:] if header else rows:
        if len(cells) <= max(at, label_at) or not cells[label_at].strip():
            text = tr("{file}, row {row}: a file and its label are needed.")
            raise FileProblem(text.format(file=file, row=row))
        name = known.find(cells[at])
        label = unicodedata.normalize("NFC", cells[label_at].strip())
        if name is None:
            missing.append(cells[at])
        elif found.setdefault(name, (there[name], label))[1] != label:
            text = tr("{file}, row {row}: {name} has another label in a row before.")
            raise FileProblem(text.format(file=file, row=row, name=shown(name, 80)))
    listed = [(name, path, label) for name, (path, label) in found.items()]
    if not listed:
        text = tr("{file} names no picture of its folder. Put the pictures beside it.")
        raise FileProblem(text.format(file=file))
    return listed, _notes(file, missing, len(there) - len(found))


def _notes(file: str, missing: list[str], unnamed: int) -> list[str]:
    notes = []
    if missing:
        text = tr("{count} pictures of {file} are not there: {names}.")
        names = ", ".join(shown(name, 80) for name in missing[:_NAMES_SAID])
        notes.append(text.format(count=len(missing), file=file, names=names))
    if unnamed:
        text = tr("{count} files are not in {file} and were left aside.")
        notes.append(text.format(count=unnamed, file=file))
    return notes


class _Known:
    """Finds a listed file by its name, or by its name without the ending."""

    def __init__(self, there: Mapping[str, str]) -> None:
        self._there = there
        self._stems: dict[str, str | None] = {}
        for name in there:
            stem = str(PurePosixPath(name).with_suffix("")) if name else name
            self._stems[stem] = None if stem in self._stems else name

    def find(self, cell: str) -> str | None:
        """The name in the list, None if there is none or more than one."""
        name = unicodedata.normalize("NFC", cell.strip().replace("\\", "/")).removeprefix("./")
        return name if name in self._there else self._stems.get(name)


def _column(names: list[str], usual: tuple[str, ...], default: int) -> int:
    return next((names.index(name) for name in usual if name in names), default)


def _label_column(file: str, names: list[str], wanted: str | None, default: int) -> int:
    if wanted is None:
        return _column(names, _LABEL_COLUMNS, default)
    if wanted.strip().lower() in names:
        return names.index(wanted.strip().lower())
    if wanted.isascii() and wanted.isdigit() and int(wanted) > 0:
        return int(wanted) - 1
    text = tr('{file} has no column "{name}".')
    raise FileProblem(text.format(file=file, name=shown(wanted)))


def _rows(table: Path, options: ReadOptions) -> list[tuple[int, list[str]]]:
    """The cells of each row that is not blank, with the number of its line."""
    file, text = shown(table.name), _text(table, options.encoding)
    first = text.split("\n", 1)[0]
    delimiter = options.delimiter or max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    rows = []
    try:
        for cells in reader:
            if any("\n" in cell or "\r" in cell or len(cell) > _CELL_LIMIT for cell in cells):
                raise csv.Error
            if any(cells):
                rows.append((reader.line_num, cells))
    except csv.Error as error:
        said = tr("{file}, row {row}: a quote is not closed, or a cell is too long.")
        raise FileProblem(said.format(file=file, row=1 + len(rows))) from error
    return rows


def _text(table: Path, encoding: str | None) -> str:
    data = read_bounded(table, _LIMIT_BYTES)
    if encoding is None:
        encoding, _ = guess_encoding(data[:_HEAD])
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        text = tr("{file} is no {encoding} text. Choose its encoding (cp949, latin-1).")
        raise FileProblem(text.format(file=shown(table.name), encoding=encoding)) from error
