"""A file of labelled examples to a Dataset, by what is in the file, not by its name."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from softmax_gui.data.archives import pickle_sentence, read_archive, read_archive_rows
from softmax_gui.data.tables import read_table, read_table_rows
from softmax_gui.files import FileProblem, read_bounded, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from softmax_gui.data.dataset import Dataset, Floats

LIMIT_BYTES = 256 << 20  # as text and as numbers it takes some four times that in memory

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_dataset(path: str | os.PathLike[str], label_column: str | None = None) -> Dataset:
    """Reads a CSV or TSV with a header, or an NPZ.

    Args:
        path: the file.
        label_column: for a table, the name of the column with the labels; None takes one named
            label, class, target or species, or else the last.

    Raises:
        FileProblem: what is wrong, with file, row and column.
    """
    return dataset_in(read_bounded(path, LIMIT_BYTES), shown(Path(path).name), label_column)


def read_rows(
    path: str | os.PathLike[str], feature_names: Sequence[str]
) -> tuple[Floats, list[str] | None]:
    """Reads rows for a model: like read_dataset, but labels may be alike, unknown or not there.

    Args:
        path: the file.
        feature_names: those of the model, by which a table's columns are chosen and ordered; a
            table that has not all of them is taken by position.

    Returns:
        X (n, d) in the file's units, whatever d it has, and the names of the n labels or None.

    Raises:
        FileProblem: what is wrong, with file, row and column.
    """
    file, data = shown(Path(path).name), read_bounded(path, LIMIT_BYTES)
    with _said_with(file):
        if data.startswith(_ZIP):
            return read_archive_rows(file, data)
        return read_table_rows(file, _text(file, data), feature_names)


def dataset_in(data: bytes, file: str, label_column: str | None = None) -> Dataset:
    """What read_dataset finds in the bytes of a file of that name.

    Raises:
        FileProblem: what is wrong, with file, row and column.
    """
    with _said_with(file):
        if data.startswith(_ZIP):
            return read_archive(file, data)
        return read_table(file, _text(file, data), label_column)


@contextmanager
def _said_with(file: str) -> Iterator[None]:
    """Puts the name of the file before what a Dataset refuses."""
    try:
        yield
    except FileProblem:
        raise
    except ValueError as error:
        raise FileProblem(f"{file}: {error}") from error


def _text(file: str, data: bytes) -> str:
    """UTF-8 with or without its mark, or UTF-16 with one; anything else is refused by its row."""
    if data.startswith(_PICKLES):
        raise FileProblem(pickle_sentence(file))
    encoding = "utf-16" if data.startswith(_UTF_16) else "utf-8-sig"
    if encoding == "utf-8-sig" and b"\0" in data:
        text = tr(
            "{file} is no text: row {row} has a zero byte. Choose a CSV, TSV or NPZ file with "
            "features and labels."
        )
        raise FileProblem(text.format(file=file, row=_row(data, data.index(b"\0"))))
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        text = tr(
            "{file}, row {row}: byte 0x{byte:02X} is not {encoding} text. "
            "Save the file as UTF-8, or choose a CSV, TSV or NPZ file."
        )
        row, byte = _row(data, error.start), data[error.start]
        name = "UTF-16" if encoding == "utf-16" else "UTF-8"
        raise FileProblem(text.format(file=file, row=row, byte=byte, encoding=name)) from error


def _row(data: bytes, position: int) -> int:
    """The row of the file, counted from 1, that a byte lies in."""
    before = data[:position]
    return 1 + max(before.count(b"\n"), before.count(b"\r"))
