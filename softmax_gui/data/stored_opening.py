"""Rows of .npy files in memory or on disk, by their size; and a first look at those on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.arrays_file import RowArrays, dataset_of
from softmax_gui.data.arrays_preview import with_rows
from softmax_gui.data.label_arrays import Labelling
from softmax_gui.data.npy_file import npy_header
from softmax_gui.data.options import ReadOptions, unwatched
from softmax_gui.data.preview import ROWS_SHOWN, Preview
from softmax_gui.data.stored import found_files, labels_in, open_stored
from softmax_gui.data.stored_labels import LabelArray, read_labels
from softmax_gui.data.stored_rows import ShardedRows, memory_text
from softmax_gui.files import FileProblem, shown, size_text
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from softmax_gui.data.dataset import Dataset
    from softmax_gui.data.options import Watch
    from softmax_gui.data.stored import Examples, StoredData
    from softmax_gui.data.stored_rows import NpyArray

_UNLIMITED = 1 << 62  # bytes
_BLOCK_BYTES = 4 << 20  # some ms
_SHOWN_BYTES = 16 << 20  # a row of more is not shown
_LABEL_BYTES = 64 << 20  # as many are looked at in some 0.2 s
_LABELS_READ = 1 << 20  # of more than that


def stays_on_disk(path: Path, options: ReadOptions) -> bool:
    """Whether an .npy file is opened row by row: a folder of shards, or more than the limit.

    A matrix stored column by column is none to be read by rows.

    Raises:
        FileProblem: damaged, or no .npy file.
    """
    if path.is_dir():
        return True
    header = npy_header(path, _UNLIMITED)
    return not header.fortran_order and _wide(header.count) > options.limit_bytes


def open_rows(path: Path, options: ReadOptions, watch: Watch = unwatched) -> Examples:
    """Rows of .npy files: on disk where they would take more than the limit, else in memory.

    Args:
        path: a .npy file or a folder of them, as stored.py takes them.
        options: labels, class_order, missing and limit_bytes are used.
        watch: told the share done; may end the reading.

    Raises:
        FileProblem: what is wrong, with the file.
        Cancelled: by the watch.
    """
    stored = open_stored(path, options.labels, options.class_order or None, watch)
    if _wide(stored.n * stored.d) <= options.limit_bytes:
        return _in_memory(stored, options, watch)
    if options.missing != "refuse":
        text = tr(
            "{file}: rows that stay on disk are taken as they are, so missing values can't be left"
            " out or filled in. Refuse them, or raise the limit."
        )
        raise FileProblem(text.format(file=stored.name))
    watch(1.0)
    return replace(stored, notes=(*stored.notes, _on_disk(stored.rows, options)))


def look_at_stored(path: Path, options: ReadOptions) -> Preview:
    """What open_rows would lead to, from headers, the first rows and the labels.

    Raises:
        FileProblem: a file is damaged, or none that holds rows.
    """
    labels = None if options.labels is None else Path(options.labels)
    x_paths, y_paths = found_files(path, labels)
    rows = ShardedRows.open(x_paths)
    shape = rows.n, *rows.row_shape
    seen = Preview("npy", rows.n, rows.d, guessed=options, notes=(memory_text(rows),),
                   keys=((tr("the array"), shape, str(rows.dtype)),))  # fmt: skip
    if _wide(rows.n * rows.d) > options.limit_bytes:
        seen = replace(seen, notes=(*seen.notes, _on_disk(rows, options)))
    try:
        seen = with_rows(seen, shown(path.name), _first(rows))
        seen = _with_classes(seen, [labels_in(y, rows.n) for y in y_paths])
        if len(y_paths) == 1:
            seen = replace(seen, guessed=replace(seen.guessed, labels=str(y_paths[0])))
        return seen
    except (FileProblem, ValueError) as problem:
        return replace(seen, problem=str(problem))


def _in_memory(stored: StoredData, options: ReadOptions, watch: Watch) -> Dataset:
    """Small shards are read as one table."""
    X = np.empty((stored.n, stored.d))
    step = max(1, _BLOCK_BYTES // (8 * stored.d))
    for start in range(0, stored.n, step):
        watch(start / stored.n)
        block = np.empty((min(step, stored.n - start), stored.d), stored.rows.dtype)
        stored.rows.read(start, start + len(block), block)
        X[start : start + len(block)] = block
    watch(1.0)
    arrays = RowArrays(X, image_shape=stored.image_shape)
    found = Labelling(stored.labels, stored.class_names)  # places, even where a name is a number
    return dataset_of(stored.name, tr("the labels"), found, arrays, options, stored.notes)


def _first(rows: ShardedRows) -> NDArray[Any]:
    """The first rows as they are in the file."""
    row_bytes = rows.d * rows.dtype.itemsize
    first = np.empty((min(ROWS_SHOWN, rows.n, _SHOWN_BYTES // row_bytes), rows.d), rows.dtype)
    rows.read(0, len(first), first)
    return first.reshape(len(first), *rows.row_shape)


def _with_classes(seen: Preview, arrays: Sequence[NpyArray | LabelArray]) -> Preview:
    """Classes and counts: of all rows, or of the first where there are very many."""
    if (n := sum(map(len, arrays))) != seen.n:
        text = tr("There are {n:,} rows, but {labels:,} labels.")
        raise FileProblem(text.format(n=seen.n, labels=n))
    whole = sum(len(one) * one.row_bytes for one in arrays) <= _LABEL_BYTES
    if not whole:
        head = np.empty((min(_LABELS_READ, len(arrays[0])), *arrays[0].shape[1:]), arrays[0].dtype)
        arrays[0].read(0, len(head), head)
        arrays = [LabelArray(arrays[0].name, head)]
    labels, names = read_labels(arrays, seen.guessed.class_order or None)
    counts = np.bincount(labels, minlength=len(names)).tolist()
    classes = tuple(zip(names, counts, strict=True))
    guessed = replace(seen.guessed, class_order=names)
    return replace(seen, q=len(names), classes=classes, exact=whole, guessed=guessed)


def _on_disk(rows: ShardedRows, options: ReadOptions) -> str:
    text = tr(
        "In memory the rows would take {size}, more than the limit of {limit}: they stay on disk"
        " and are read block by block while the model trains."
    )
    size = size_text(_wide(rows.n * rows.d))
    return text.format(size=size, limit=size_text(options.limit_bytes))


def _wide(count: int) -> int:
    """Bytes of so many numbers in memory, as float64."""
    return 8 * count
