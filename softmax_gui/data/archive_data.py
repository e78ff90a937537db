"""The arrays of an NPZ as a Dataset, or as rows for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.archives import PAIRS, Archive, opened
from softmax_gui.data.arrays_file import RowArrays, as_rows, dataset_of
from softmax_gui.data.dataset import Dataset, Floats, feature_names, read_only
from softmax_gui.data.label_arrays import label_texts, positions, target_names, targets_in
from softmax_gui.data.label_files import read_label_array
from softmax_gui.data.missing import without_missing
from softmax_gui.data.options import ReadOptions, unwatched
from softmax_gui.data.targets import checked_targets
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from softmax_gui.data.options import Watch

_OTHER_PARTS = {"x_train": (("x_val", 1), ("x_test", 2)), "X_train": (("X_val", 1), ("X_test", 2))}


def read_archive(
    path: str | os.PathLike[str], options: ReadOptions, watch: Watch = unwatched
) -> Dataset:
    """Features and labels under the chosen, the usual, or the only possible names.

    X may be (n, d), pictures (n, height, width) or (n, height, width, 3), y the labels (n,) or
    the probabilities of the classes (n, q); class_names, feature_names, image_shape, pixel_range,
    sample_weight, targets, groups and parts are used where they are there. x_val and x_test are
    appended to x_train, and Dataset.parts says which rows are whose.

    Raises:
        FileProblem: damaged, pickled, too large, or no such pair.
        ValueError: what a Dataset refuses.
        Cancelled: by the watch.
    """
    with opened(path, options, watch) as archive:
        return archive_dataset(archive, options, watch)


def archive_dataset(archive: Archive, options: ReadOptions, watch: Watch = unwatched) -> Dataset:
    """What read_archive finds in an open archive."""
    if options.labels is not None:
        x_key, y_key = archive.features_key(options), ""
    else:
        x_key, y_key = archive.pair(options)
    arrays, notes = _rows(archive, x_key, y_key)
    watch(1.0)
    n = len(arrays.X)
    key, y = y_key, arrays.y
    if y is None:
        key, y = read_label_array(options, n)
    elif targets_in(y, n) is not None:
        text = tr("Each row of {key} is taken as the probabilities of {q} classes.")
        notes.append(text.format(key=key, q=y.shape[1]))
    if "sample_weight" in archive.names:
        notes.append(tr("The rows count as sample_weight says."))
    watch(1.0)
    return dataset_of(archive.file, key, y, arrays, options, tuple(notes))


def read_archive_rows(
    path: str | os.PathLike[str], options: ReadOptions
) -> tuple[Floats, list[str] | None]:
    """Rows for a model, X (n, d), and the names of their n labels if there are any.

    Raises:
        FileProblem: damaged, pickled, too large, or no features.
        ValueError: a number that is not finite.
    """
    with opened(path, options) as archive:
        x_key, y_key = _for_a_model(archive, options)
        X = as_rows(archive.file, x_key, archive.array(x_key, np.float64))[0]
        names = archive.texts("feature_names") or feature_names(X.shape[1])
        X, kept, _ = without_missing(archive.file, X, names, options.missing)
        texts = _texts(archive, y_key, options, len(X) if kept is None else len(kept))
    if texts is not None and kept is not None:
        texts = [text for text, stays in zip(texts, kept.tolist(), strict=True) if stays]
    return read_only(X, np.float64), texts


def _for_a_model(archive: Archive, options: ReadOptions) -> tuple[str, str | None]:
    """The features, and the labels if there are any."""
    there = set(archive.names)
    if options.x_key is None and options.y_key is None:
        for x, y in PAIRS:
            if {x, y} <= there:
                return x, y
        return archive.features_key(options), None
    if options.x_key is not None and options.y_key is None and options.x_key in there:
        partner = next((y for x, y in PAIRS if x == options.x_key and y in there), None)
        return options.x_key, partner
    return archive.pair(options)


def _texts(archive: Archive, key: str | None, options: ReadOptions, n: int) -> list[str] | None:
    """The label of each of n rows."""
    if options.labels is not None:
        key, y = read_label_array(options, n)
    elif key is None:
        return None
    else:
        y = archive.array(key)
    names = archive.texts("class_names")
    targets = targets_in(y, n)
    if targets is not None:
        found, labels = target_names(archive.file, key, targets, names), targets.argmax(axis=1)
        checked_targets(targets, labels, found)
        return [found[label] for label in labels.tolist()]
    texts = label_texts(archive.file, key, y, n)
    if names is None:
        return texts
    return [names[label] for label in positions(archive.file, key, texts, names).tolist()]


def _rows(archive: Archive, x_key: str, y_key: str) -> tuple[RowArrays, list[str]]:
    """Features, labels and what is said beside them; train, validation and test in a row."""
    notes: list[str] = []
    X, sides = as_rows(archive.file, x_key, archive.array(x_key, np.float64))
    y = archive.array(y_key) if y_key else None
    given = archive.numbers("parts")
    parts = np.zeros(len(X), np.int8) if given is None else given
    for name, part in _OTHER_PARTS.get(x_key, ()) if y is not None else ():
        labels = "y" + name[1:]
        if name not in archive.names:
            continue
        if labels not in archive.names:
            notes.append(tr("{key} has no labels and stays aside.").format(key=name))
            continue
        more, _ = as_rows(archive.file, name, archive.array(name, np.float64))
        X, y = _appended(archive, name, X, more), _joined(y, archive.array(labels))
        parts = np.append(parts, np.full(len(more), part, np.int8))
        text = tr("The {n:,} rows of {key} keep their part: {part}.")
        word = (tr("train"), tr("validation"), tr("test"))[part]
        notes.append(text.format(n=len(more), key=name, part=word))
    return _beside(archive, X, y, sides, parts if given is not None or parts.any() else None), notes


def _beside(
    archive: Archive,
    X: NDArray[Any],
    y: NDArray[Any] | None,
    sides: tuple[int, int] | None,
    parts: NDArray[Any] | None,
) -> RowArrays:
    stated = archive.few_numbers("image_shape", 2) if sides is None else None
    if stated is not None:
        if min(stated) < 1 or stated != [int(side) for side in stated]:
            raise archive.problem(tr("{file}: image_shape must hold a height and a width."))
        sides = (int(stated[0]), int(stated[1]))
    limits = archive.few_numbers("pixel_range", 2)
    return RowArrays(
        X=X,
        y=y,
        image_shape=sides,
        pixel_range=None if limits is None else (limits[0], limits[1]),
        class_names=archive.texts("class_names"),
        feature_names=archive.texts("feature_names"),
        targets=archive.numbers("targets"),
        weights=archive.numbers("sample_weight"),
        groups=archive.texts("groups"),
        parts=parts,
    )


def _appended(archive: Archive, key: str, X: NDArray[Any], more: NDArray[Any]) -> NDArray[Any]:
    if X.shape[1] != more.shape[1]:
        text = tr("{file}: {key} has {found} features, the rows to train on have {d}.")
        raise archive.problem(text, key=key, found=more.shape[1], d=X.shape[1])
    return np.concatenate([X, more])


def _joined(one: NDArray[Any] | None, other: NDArray[Any]) -> NDArray[Any]:
    if one is None or one.shape[1:] != other.shape[1:]:
        return other  # counts differ then, and that is said
    return np.concatenate([one, other])
