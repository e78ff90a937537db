"""IDX files, as MNIST comes in: pictures and labels paired by name, a test set found beside."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from softmax_gui.data.dataset import (
    Dataset,
    Floats,
    Integers,
    feature_names,
    look_at_numbers,
    sealed,
)
from softmax_gui.data.guesses import pixel_range_of, to_classes
from softmax_gui.data.idx_names import pairs_with
from softmax_gui.data.idx_plan import (
    IdxPlan,
    fitting_labels,
    look_at_labels_shape,
    plan_of,
)
from softmax_gui.data.idx_stream import is_idx, read_idx_header, read_numbers
from softmax_gui.data.label_arrays import Labelling, label_texts, labelled
from softmax_gui.data.label_files import read_label_array
from softmax_gui.data.options import ReadOptions, Watch, unwatched
from softmax_gui.data.picture_rows import empty_rows, in_class_order, look_at_memory
from softmax_gui.data.preview import ROWS_SHOWN, Preview
from softmax_gui.data.problems import said_with, wanted_bytes
from softmax_gui.files import FileProblem, read_head, shown
from softmax_gui.i18n import tr

__all__ = ["is_idx", "look_at_idx", "read_idx", "read_idx_labels", "read_idx_rows"]

_GUESS = ReadOptions()
_LABELS_COUNTED = 1_000_000
_NUMBERS_SHOWN = 1 << 20
_COLUMNS_SHOWN = 30


def read_idx(path: Path, options: ReadOptions = _GUESS, watch: Watch = unwatched) -> Dataset:
    """Reads pictures or vectors and their labels, given either file; others are found by name.

    Where the files of another part (train, validation, test) lie in the same folder, its rows
    follow and Dataset.parts says which is which.

    Args:
        path: a file of pictures, vectors or labels, plain or gzip.
        options: labels names the labels file; class_order and limit_bytes are used.
        watch: told the share done.

    Raises:
        FileProblem: what is wrong, and with which file.
    """
    file, plan = shown(path.name), plan_of(path, options)
    X = empty_rows(file, plan.n, plan.d, options.limit_bytes)
    labelling = _labelling(file, plan, plan.n, options)
    start = 0
    for part in plan.parts:
        stop = start + part.n
        read_numbers(part.images, X[start:stop].reshape(-1), _part_of(watch, start, stop, plan.n))
        if part.images.dtype.kind == "f":
            _look_at_rows(part.images.file, X[start:stop])
        start = stop
    shape = plan.image_shape
    with said_with(file):
        return Dataset(
            name=file,
            X=sealed(X),
            labels=labelling.labels,
            class_names=labelling.class_names,
            feature_names=feature_names(plan.d),
            image_shape=shape,
            pixel_range=None if shape is None else _pixel_range(X),
            notes=plan.notes,
            targets=labelling.targets,
            parts=_parts(plan) if len(plan.parts) > 1 else None,
        )


def look_at_idx(path: Path, options: ReadOptions = _GUESS) -> Preview:
    """What reading would come to: the headers, the first pictures, the counts of the labels.

    Raises:
        FileProblem: the file is not there or no regular file; what else is wrong is told in it.
    """
    read_head(path, 1)
    preview = Preview("idx", guessed=options)
    try:
        plan = plan_of(path, options)
        preview = replace(
            preview,
            n=plan.n,
            d=plan.d,
            notes=plan.notes,
            # Naming the labels would say that no other part is wanted.
            guessed=options,
        )
        look_at_memory(shown(path.name), plan.n, plan.d, options.limit_bytes)
        return _with_rows(_with_classes(preview, plan, options), plan)
    except FileProblem as problem:
        return replace(preview, problem=str(problem), wanted_bytes=wanted_bytes(problem))


def _with_classes(preview: Preview, plan: IdxPlan, options: ReadOptions) -> Preview:
    """Adds the classes, as far as they are counted."""
    labelling = _labelling(shown(plan.parts[0].images.path.name), plan, _LABELS_COUNTED, options)
    names, numbers = labelling.class_names, labelling.labels
    counts = np.bincount(numbers, minlength=len(names)).tolist()
    return replace(
        preview,
        q=len(names),
        exact=len(numbers) == plan.n,
        classes=tuple(zip(names, counts, strict=True)),
        guessed=replace(options, class_order=names),
        picture_names=tuple(
            f"{row + 1}: {names[label]}" for row, label in enumerate(numbers[:ROWS_SHOWN].tolist())
        ),
    )


def _with_rows(preview: Preview, plan: IdxPlan) -> Preview:
    """Adds the first rows, as pictures where they are some."""
    images, shape = plan.parts[0].images, plan.image_shape
    count = min(ROWS_SHOWN, plan.parts[0].n, _NUMBERS_SHOWN // plan.d)
    if count == 0:  # a row of millions of numbers is not shown
        return replace(preview, picture_names=())
    X = np.empty((count, plan.d))
    read_numbers(images, X.reshape(-1), unwatched)
    _look_at_rows(images.file, X)
    if shape is None:
        rows = tuple(tuple(f"{value:g}" for value in row[:_COLUMNS_SHOWN]) for row in X.tolist())
        return replace(preview, rows=rows, picture_names=())
    black, white = _pixel_range(X)
    with np.errstate(all="ignore"):  # 1e308 and -1e308 have no difference
        gray = np.clip(np.nan_to_num((X - black) / (white - black)), 0.0, 1.0)
    pictures = np.rint(255.0 * gray).astype(np.uint8)
    names = preview.picture_names[:count]
    return replace(preview, pictures=tuple(pictures.reshape(count, *shape)), picture_names=names)


def read_idx_rows(
    path: Path,
    options: ReadOptions = _GUESS,
    watch: Watch = unwatched,
) -> tuple[Floats, list[str] | None]:
    """Reads the rows of one file for a model: X (n, d), and its labels if they lie beside it.

    Raises:
        FileProblem: what is wrong, and with which file.
    """
    images = read_idx_header(path)
    file = images.file
    if len(images.shape) < 2:
        text = tr("{file} holds labels, no pictures. Choose the file of the pictures.")
        raise FileProblem(text.format(file=file))
    X = empty_rows(file, images.shape[0], images.d, options.limit_bytes)
    read_numbers(images, X.reshape(-1), watch)
    _look_at_rows(file, X)
    if options.labels is not None and not is_idx(read_head(options.labels)):
        key, y = read_label_array(options, len(X))
        return X, label_texts(file, key, y, len(X))
    beside = options.labels or pairs_with(path, holds_labels=False)[0].labels
    if beside is None:
        return X, None
    labels = fitting_labels(images, read_idx_header(Path(beside)))
    values = np.empty(labels.count)
    read_numbers(labels, values, unwatched)
    return X, list(map(str, _whole(labels.file, values).tolist()))


def read_idx_labels(path: Path, limit_bytes: int) -> Integers:
    """The labels (n,) in a file of their own.

    Raises:
        FileProblem: damaged, too large, or not one whole number a row.
    """
    header = read_idx_header(path)
    look_at_memory(header.file, header.count, 1, limit_bytes)
    look_at_labels_shape(header)
    values = np.empty(header.count)
    read_numbers(header, values, unwatched)
    return _whole(header.file, values)


def _labelling(file: str, plan: IdxPlan, most: int, options: ReadOptions) -> Labelling:
    """The labels of the first rows of each part, most of them at most."""
    headers = [part.labels for part in plan.parts if part.labels is not None]
    if not headers:
        key, y = read_label_array(options, plan.n)
        found = labelled(file, key, y, plan.n)
        order = in_class_order(file, found.class_names, options.class_order)
        return (
            found
            if order == found.class_names or found.targets is not None
            else _moved(found, order)
        )
    blocks = [np.empty(min(header.count, most)) for header in headers]
    for header, block in zip(headers, blocks, strict=True):
        read_numbers(header, block, unwatched)
    return _classes(headers[0].file, np.concatenate(blocks), options.class_order)


def _classes(file: str, values: Floats, order: tuple[str, ...]) -> Labelling:
    """Classes that are whole numbers."""
    found, places = np.unique(_whole(file, values), return_inverse=True)
    texts = list(map(str, found.tolist()))
    to_classes(file, tr("label"), [texts[place] for place in places.tolist()])
    names = in_class_order(file, texts, order)
    position = np.array([names.index(text) for text in texts], np.int64)
    return Labelling(position[places], names)


def _moved(found: Labelling, order: tuple[str, ...]) -> Labelling:
    position = np.array([order.index(name) for name in found.class_names], np.int64)
    return Labelling(position[found.labels], order)


def _look_at_rows(file: str, X: Floats) -> None:
    with said_with(file):
        look_at_numbers(X, feature_names(X.shape[1]))


def _whole(file: str, values: Floats) -> Integers:
    whole = np.isfinite(values) & (np.floor(values) == values) & (np.abs(values) < 2.0**53)
    if not whole.all():
        row = int(np.argmin(whole))
        text = tr("{file}: label {row} is {value}; a whole number is needed.")
        raise FileProblem(text.format(file=file, row=row + 1, value=values[row]))
    return values.astype(np.int64)


def _pixel_range(X: Floats) -> tuple[float, float]:
    low, high = pixel_range_of(np.array([X.min(), X.max()]))  # as of all, without a second X
    if low < high:
        return low, high
    return (math.nextafter(low, -math.inf), low) if low > 0.0 else (low, math.nextafter(low, 1.0))


def _parts(plan: IdxPlan) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    return np.repeat([np.int8(part.part) for part in plan.parts], [part.n for part in plan.parts])


def _part_of(watch: Watch, start: int, stop: int, n: int) -> Watch:
    return lambda share: watch((start + share * (stop - start)) / n)
