"""Labels in a file of their own: .npy, .npz, IDX, or a text with one label a line."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.archives import opened
from softmax_gui.data.idx_stream import is_idx
from softmax_gui.data.npy_file import npy_values
from softmax_gui.data.npy_values import pickle_sentence
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.text_encoding import guess_encoding
from softmax_gui.files import FileProblem, read_bounded, read_head, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL_NAMES = ("label", "labels", "class", "target", "targets", "y", "species")
_KEYS = ("y", "labels", "label", "target", "targets", "y_train")
_SAMPLE = 1 << 20  # bytes that tell the encoding
_LINE_LIMIT = 4096  # characters of a label


def read_label_array(options: ReadOptions, n: int) -> tuple[str, NDArray[Any]]:
    """The labels of n rows from the file options.labels, by what is in it.

    Returns:
        What a sentence calls them, and (n,) labels or (n, q) targets.

    Raises:
        FileProblem: no such file, another number of labels, or no labels in it.
    """
    path = Path(options.labels or "")
    y = label_values(path, options, n)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim not in (1, 2):
        text = tr("{file} has shape {shape}; one label a row is needed.")
        raise FileProblem(text.format(file=shown(path.name), shape=y.shape))
    if len(y) != n:
        text = tr("There are {n:,} rows, but {file} has {labels:,} labels. Choose their own.")
        raise FileProblem(text.format(n=n, file=shown(path.name), labels=len(y)))
    return shown(path.name), y


def label_values(path: Path, options: ReadOptions, n: int | None = None) -> NDArray[Any]:
    """All labels of a file; n, where it is known, tells a header line of a text from a label.

    Raises:
        FileProblem: it cannot be read, or holds no labels.
    """
    head = read_head(path)
    if head.startswith(b"PK"):
        return _of_archive(path, options)
    if head.startswith(b"\x93NUMPY"):
        return npy_values(path, options.limit_bytes)
    if is_idx(head):
        from softmax_gui.data.idx import read_idx_labels  # noqa: PLC0415 - it takes these labels

        return read_idx_labels(path, options.limit_bytes)
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        raise FileProblem(pickle_sentence(shown(path.name)))
    return np.array(_lines(path, options, n), str)


def found_labels(path: str | os.PathLike[str], options: ReadOptions) -> ReadOptions:
    """The options with the labels file that belongs to an .npy file by its name.

    Raises:
        FileProblem: there is none.
    """
    if options.labels is not None:
        return options
    from softmax_gui.data.stored import found_files  # noqa: PLC0415 - stored takes labels from here

    _, (labels,) = found_files(Path(path))
    return replace(options, labels=str(labels))


def _of_archive(path: Path, options: ReadOptions) -> NDArray[Any]:
    with opened(path, options) as archive:
        if options.y_key is not None and options.y_key in archive.names:
            return archive.array(options.y_key)
        usual = [key for key in _KEYS if key in archive.names]
        flat = [name for name, shape, _ in archive.described() if len(shape) == 1]
        if usual or len(flat) == 1:
            return archive.array((usual or flat)[0])
        text = tr("{file} holds {arrays}. Which are the labels? Choose the array.")
        raise archive.problem(text, arrays=archive.listed())


def _lines(path: Path, options: ReadOptions, n: int | None) -> list[str]:
    """One label a line; a header goes where it is said, or where it makes one line too many."""
    file = shown(path.name)
    lines = _decoded(path, options).splitlines()
    comment = "#" if options.comment is None else options.comment
    rows = [
        (at, line.strip())
        for at, line in enumerate(lines, 1)
        if not (comment and line.lstrip().startswith(comment))
    ]
    while rows and not rows[-1][1]:
        rows.pop()
    texts = [_cell(file, at, line) for at, line in rows]
    if texts and _has_header(texts, options.header, n):
        texts = texts[1:]
    return texts


def _decoded(path: Path, options: ReadOptions) -> str:
    data = read_bounded(path, options.limit_bytes)
    encoding = options.encoding
    if encoding is None:
        encoding = guess_encoding(data[:_SAMPLE])[0]
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        row = 1 + data[: getattr(error, "start", 0)].count(b"\n")
        text = tr("{file}, row {row}: this is no {encoding} text. Choose its encoding.")
        problem = text.format(file=shown(path.name), row=row, encoding=encoding)
        raise FileProblem(problem) from error


def _cell(file: str, row: int, line: str) -> str:
    """The one cell of a line, without its quotes."""
    if len(line) > 1 and line[0] == line[-1] == '"':
        line = line[1:-1].replace('""', '"')
    elif "\t" in line or ";" in line or "," in line:
        text = tr("{file}, row {row}: one label a line is needed, not several cells.")
        raise FileProblem(text.format(file=file, row=row))
    if not line or "\0" in line or len(line) > _LINE_LIMIT:
        text = tr("{file}, row {row}: there is no label.")
        raise FileProblem(text.format(file=file, row=row))
    return line


def _has_header(texts: list[str], header: bool | None, n: int | None) -> bool:
    if header is not None:
        return header
    if n is not None and len(texts) in (n, n + 1):
        return len(texts) > n and texts[0] not in texts[1:]
    return texts[0].lower() in LABEL_NAMES
