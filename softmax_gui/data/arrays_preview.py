"""What the headers and first rows of NPZ and NPY files tell, before they are loaded."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.archive_data import archive_dataset
from softmax_gui.data.archives import Archive, opened
from softmax_gui.data.arrays_file import as_rows, read_npy
from softmax_gui.data.guesses import pixel_range_of
from softmax_gui.data.label_arrays import labelled
from softmax_gui.data.label_files import found_labels, label_values
from softmax_gui.data.npy_file import npy_header, npy_values
from softmax_gui.data.npy_values import look_at_header
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.preview import ROWS_SHOWN, Preview
from softmax_gui.data.problems import said_with, wanted_bytes
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COLUMNS_SHOWN = 20
_LABELS_READ = 1 << 20  # as many are counted in some 0.2 s
_READ_WHOLE = 1 << 20  # bytes: whatever reading would refuse in these is told before


def look_at_archive(path: str | os.PathLike[str], options: ReadOptions) -> Preview:
    """The arrays of an NPZ, and what its features and labels lead to.

    Raises:
        FileProblem: it is damaged, or no NPZ of arrays.
    """
    with opened(path, options) as archive:
        seen = Preview("arrays", exact=False, keys=tuple(archive.described()), guessed=options)
        try:
            seen = _look_at_pair(archive, seen)
            with said_with(archive.file):
                _look_further(archive, seen.guessed.x_key or "", options)
            return seen
        except (FileProblem, ValueError) as problem:
            return replace(seen, problem=str(problem), wanted_bytes=wanted_bytes(problem))


def look_at_npy(path: str | os.PathLike[str], options: ReadOptions) -> Preview:
    """The matrix of an .npy file, and the labels that belong to it.

    Raises:
        FileProblem: it is damaged, or no .npy file.
    """
    header = npy_header(path, 1 << 62)
    file = shown(Path(path).name)
    seen = Preview("npy", exact=False, guessed=options,
                   keys=((tr("the array"), header.shape, str(header.dtype)),))  # fmt: skip
    first = npy_values(path, 1 << 62, rows=ROWS_SHOWN) if not header.fortran_order else None
    try:
        if first is None:
            first = npy_values(path, options.limit_bytes)[:ROWS_SHOWN]
        n, d = (*header.shape, 0)[0], _features(header.shape)
        seen = with_rows(replace(seen, n=n, d=d), file, first)
        options = found_labels(path, options)
        y = label_values(Path(options.labels or ""), options, n)
        seen = _with_labels(replace(seen, guessed=options), file, y, n, None)
        if header.count * header.dtype.itemsize <= _READ_WHOLE:
            with said_with(file):
                read_npy(path, options)
        return seen
    except (FileProblem, ValueError) as problem:
        return replace(seen, problem=str(problem), wanted_bytes=wanted_bytes(problem))


def _look_further(archive: Archive, x_key: str, options: ReadOptions) -> None:
    """Refuses as reading will: by the size of much, by reading the whole of a little."""
    look_at_header(archive.file, x_key, archive.header(x_key), options.limit_bytes)
    headers = [archive.header(key) for key, *_ in archive.described()]
    if sum(header.count * header.dtype.itemsize for header in headers) <= _READ_WHOLE:
        archive_dataset(archive, options)


def _look_at_pair(archive: Archive, seen: Preview) -> Preview:
    options = seen.guessed
    if options.labels is not None:
        x_key, y_key = archive.features_key(options), None
    else:
        x_key, y_key = archive.pair(options)
    shape = archive.header(x_key).shape
    guessed = replace(options, x_key=x_key, y_key=y_key)
    seen = replace(seen, n=shape[0] if shape else 0, d=_features(shape), guessed=guessed)
    first = archive.array(x_key, np.float64, rows=ROWS_SHOWN)
    stated = archive.few_numbers("image_shape", 2)
    sides = (int(stated[0]), int(stated[1])) if stated else None
    seen = with_rows(seen, archive.file, first, sides)
    if y_key is None:
        y = label_values(Path(options.labels or ""), options, seen.n)
    elif (labels := archive.header(y_key).shape) and labels[0] > _LABELS_READ:
        y = archive.array(y_key, rows=_LABELS_READ)
    else:
        y = archive.array(y_key)
    notes: tuple[str, ...] = ()
    if "x_test" in archive.names and x_key == "x_train":
        notes = (tr("The test rows of x_test are added and keep their part."),)
    seen = replace(seen, notes=notes)
    return _with_labels(seen, archive.file, y, seen.n, archive.texts("class_names"))


def _features(shape: tuple[int, ...]) -> int:
    d = 1
    for side in shape[1:]:
        d *= side
    return d if len(shape) > 1 else 0


def with_rows(
    seen: Preview, file: str, first: NDArray[Any], sides: tuple[int, int] | None = None
) -> Preview:
    """With the first rows, as numbers or as pictures.

    Args:
        seen: what is known.
        file: for a sentence.
        first: some rows of the file, (k, ...).
        sides: height and width of a picture, where they are known.

    Raises:
        FileProblem: neither rows nor pictures.
    """
    X, own = as_rows(file, tr("the array"), first)
    sides = own or sides
    cells = X[:, :_COLUMNS_SHOWN].tolist()
    rows = tuple(tuple(f"{value:.6g}" for value in row) for row in cells)
    pictures = _pictures(X, first, sides)
    names = tuple(str(i + 1) for i in range(len(pictures)))
    return replace(seen, rows=rows, pictures=pictures, picture_names=names)


def _pictures(
    X: NDArray[Any], first: NDArray[Any], sides: tuple[int, int] | None
) -> tuple[NDArray[np.uint8], ...]:
    if not X.size or not (sides or (first.ndim == 4 and first.shape[3] == 3)):
        return ()
    shape = (len(X), *sides) if sides else first.shape
    if X.size != int(np.prod(shape)):
        return ()
    values = np.nan_to_num(X.astype(np.float64))
    low, high = pixel_range_of(values)
    gray = np.clip((values - low) / (high - low), 0.0, 1.0).reshape(shape)
    return tuple(np.asarray(np.rint(255.0 * gray), np.uint8))


def _with_labels(
    seen: Preview, file: str, y: NDArray[Any], n: int, names: tuple[str, ...] | None
) -> Preview:
    """Classes and counts, as far as the labels were read."""
    whole = len(y) <= _LABELS_READ
    if whole and len(y) != n:
        text = tr("{file}: there are {n:,} rows, but {labels:,} labels.")
        raise FileProblem(text.format(file=file, n=n, labels=len(y)))
    part = y[:_LABELS_READ]
    found = labelled(file, tr("the labels"), part, len(part), names)
    counts = np.bincount(found.labels, minlength=len(found.class_names)).tolist()
    pairs = list(zip(found.class_names, counts, strict=True))
    order = seen.guessed.class_order or found.class_names
    place = {name: k for k, name in enumerate(order)}
    pairs.sort(key=lambda pair: place.get(pair[0], len(place)))
    guessed = replace(seen.guessed, class_order=tuple(name for name, _ in pairs))
    return replace(seen, q=len(pairs), classes=tuple(pairs), exact=whole, guessed=guessed)
