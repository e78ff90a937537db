"""A file of labelled examples to a Dataset, by what is in the file, not by its name."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from softmax_gui.data.archive_data import archive_dataset, read_archive, read_archive_rows
from softmax_gui.data.archives import Archive
from softmax_gui.data.arrays_file import read_npy, read_npy_rows
from softmax_gui.data.arrays_preview import look_at_archive, look_at_npy
from softmax_gui.data.class_order import in_order
from softmax_gui.data.contents import ARCHIVE, IDX, NPY, PARQUET, PICTURES, TABLE, kind_of
from softmax_gui.data.idx import look_at_idx, read_idx, read_idx_rows
from softmax_gui.data.options import ReadOptions, unwatched
from softmax_gui.data.parquet import look_at_parquet, read_parquet
from softmax_gui.data.pictures import look_at_pictures, read_pictures
from softmax_gui.data.preview import Preview
from softmax_gui.data.problems import said_with, wanted_bytes
from softmax_gui.data.stored_opening import look_at_stored, open_rows, stays_on_disk
from softmax_gui.data.tables import look_at_table, read_table, read_table_rows
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    import os

    from softmax_gui.data.dataset import Dataset, Floats
    from softmax_gui.data.options import Watch
    from softmax_gui.data.stored import Examples

_USUAL = ReadOptions()


def _look_at_npy(path: Path, options: ReadOptions) -> Preview:
    return (look_at_stored if stays_on_disk(path, options) else look_at_npy)(path, options)


_READERS: dict[str, Callable[[Path, ReadOptions, Watch], Dataset]] = {
    ARCHIVE: read_archive,
    NPY: read_npy,
    IDX: read_idx,
    PICTURES: read_pictures,
    PARQUET: read_parquet,
    TABLE: read_table,
}
_LOOKS: dict[str, Callable[[Path, ReadOptions], Preview]] = {
    ARCHIVE: look_at_archive,
    NPY: _look_at_npy,
    IDX: look_at_idx,
    PICTURES: look_at_pictures,
    PARQUET: look_at_parquet,
    TABLE: look_at_table,
}
_ROWS: dict[str, Callable[[Path, ReadOptions], tuple[Floats, list[str] | None]]] = {
    ARCHIVE: read_archive_rows,
    NPY: read_npy_rows,
    IDX: read_idx_rows,
}


def read_dataset(
    path: str | os.PathLike[str], options: ReadOptions = _USUAL, watch: Watch = unwatched
) -> Dataset:
    """Reads a CSV, TSV, NPZ, NPY, IDX or Parquet file, or a folder of pictures.

    Args:
        path: the file or folder.
        options: what the user says of it; the rest is guessed.
        watch: told the share done; may end the reading.

    Raises:
        FileProblem: what is wrong, with file, row and column.
        Cancelled: by the watch.
    """
    with said_with(_name(path)):
        return in_order(_read(Path(path), options, watch), options.class_order)


def open_data(
    path: str | os.PathLike[str], options: ReadOptions = _USUAL, watch: Watch = unwatched
) -> Examples:
    """As read_dataset, but rows of .npy files too large for options.limit_bytes stay on disk.

    Args:
        path: the file or folder; of .npy files a folder of shards, too.
        options: what the user says of it; the rest is guessed.
        watch: told the share done; may end the reading.

    Raises:
        FileProblem: what is wrong, with file, row and column.
        Cancelled: by the watch.
    """
    path = Path(path)
    with said_with(_name(path)):
        if kind_of(path) == NPY and stays_on_disk(path, options):
            return open_rows(path, options, watch)
    return read_dataset(path, options, watch)


def read_rows(
    path: str | os.PathLike[str],
    feature_names: Sequence[str],
    options: ReadOptions = _USUAL,
    watch: Watch = unwatched,
) -> tuple[Floats, list[str] | None]:
    """Reads rows for a model: like read_dataset, but labels may be alike, unknown or not there.

    Args:
        path: the file.
        feature_names: those of the model, by which a table's columns are chosen and ordered; a
            table that has not all of them is taken by position.
        options: what the user says of it; the rest is guessed.
        watch: told the share done; may end the reading.

    Returns:
        X (n, d) in the file's units, whatever d it has, and the names of the n labels or None.

    Raises:
        FileProblem: what is wrong, with file, row and column.
    """
    path = Path(path)
    with said_with(_name(path)):
        kind = kind_of(path)
        if kind == TABLE:
            return read_table_rows(path, feature_names, options, watch)
        if kind in _ROWS:
            return _ROWS[kind](_idx_in(path) if kind == IDX else path, options)
        data = _read(path, options, watch)
        return data.X, [data.class_names[label] for label in data.labels.tolist()]


def preview(path: str | os.PathLike[str], options: ReadOptions = _USUAL) -> Preview:
    """What reading would lead to, from the first MB alone.

    Args:
        path: the file or folder.
        options: what the user says of it; the rest is guessed.

    Returns:
        A Preview; `problem` has the sentence of a refusal that the start of the file calls for.

    Raises:
        FileProblem: there is no such file, or it may not be read.
    """
    path = Path(path)
    if not path.exists():
        kind_of(path)  # says why
    kind = TABLE
    try:
        with said_with(_name(path)):
            kind = kind_of(path)
            return _look(path, kind, options)
    except FileProblem as problem:
        return Preview(kind=kind, exact=False, guessed=options, problem=str(problem),
                       wanted_bytes=wanted_bytes(problem))  # fmt: skip


def dataset_in(data: bytes, file: str, options: ReadOptions = _USUAL) -> Dataset:
    """What read_dataset finds in the bytes of an NPZ file of that name.

    Raises:
        FileProblem: what is wrong.
    """
    with said_with(file):
        archive = Archive(file, io.BytesIO(data), options.limit_bytes)
        return in_order(archive_dataset(archive, options), options.class_order)


def _read(path: Path, options: ReadOptions, watch: Watch) -> Dataset:
    kind = kind_of(path)
    if options.labels is not None and kind not in {ARCHIVE, NPY, IDX}:
        text = tr("{file} has its labels in it; a labels file goes with .npy, .npz and IDX files.")
        raise FileProblem(text.format(file=_name(path)))
    return _READERS[kind](_idx_in(path) if kind == IDX else path, options, watch)


def _look(path: Path, kind: str, options: ReadOptions) -> Preview:
    return _LOOKS[kind](_idx_in(path) if kind == IDX else path, options)


def _idx_in(path: Path) -> Path:
    """An IDX file, or the pictures of the training set in a folder of them."""
    if not path.is_dir():
        return path
    files = sorted(path.glob("*-ubyte*"))
    pictures = [file for file in files if "images" in file.name] or files
    return next((file for file in pictures if file.name.startswith("train")), pictures[0])


def _name(path: str | os.PathLike[str]) -> str:
    return shown(Path(path).name or str(path))
