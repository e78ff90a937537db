"""Arrays of features and labels as a Dataset; an NPY matrix with its labels beside it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.dataset import Dataset, Floats, feature_names, read_only, sealed
from softmax_gui.data.guesses import pixel_range_of
from softmax_gui.data.label_arrays import Labelling, label_texts, labelled
from softmax_gui.data.label_files import found_labels, read_label_array
from softmax_gui.data.missing import without_missing
from softmax_gui.data.npy_file import npy_header, npy_values
from softmax_gui.data.options import ReadOptions, unwatched
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softmax_gui.data.options import Watch


@dataclass(frozen=True, eq=False)
class RowArrays:
    """What a file of arrays says of its rows; see Dataset."""

    X: NDArray[Any]  # (n, d), float64, owned
    y: NDArray[Any] | None = None
    image_shape: tuple[int, int] | None = None
    pixel_range: tuple[float, float] | None = None
    class_names: tuple[str, ...] | None = None
    feature_names: tuple[str, ...] | None = None
    targets: NDArray[Any] | None = None
    weights: NDArray[Any] | None = None
    groups: tuple[str, ...] | None = None
    parts: NDArray[Any] | None = None


def as_rows(file: str, key: str, X: NDArray[Any]) -> tuple[NDArray[Any], tuple[int, int] | None]:
    """Features as (n, d), and the shape of a gray picture if they say so.

    Raises:
        FileProblem: neither (n, d) nor pictures.
    """
    if X.ndim == 4 and X.shape[3] == 1:
        X = X[..., 0]
    if X.ndim == 2:
        return X, None
    if X.ndim == 3:
        return X.reshape(len(X), X.shape[1] * X.shape[2]), (X.shape[1], X.shape[2])
    if X.ndim == 4 and X.shape[3] in (3, 4):
        return X.reshape(len(X), X.shape[1] * X.shape[2] * X.shape[3]), None
    text = tr("{file}: {key} has shape {shape}; (n, d) or (n, height, width) is needed.")
    raise FileProblem(text.format(file=file, key=key, shape=X.shape))


def dataset_of(
    file: str,
    key: str,
    y: NDArray[Any] | Labelling,
    arrays: RowArrays,
    options: ReadOptions,
    notes: tuple[str, ...] = (),
) -> Dataset:
    """Features and labels put together, missing values dealt with.

    Args:
        file: the name of the dataset.
        key: what the labels are called.
        y: the labels, (n,), or targets (n, q); or what they are, where that is known.
        arrays: the features and what is known of them; `arrays.y` is not looked at.
        options: how missing values are taken.
        notes: what is known already, in sentences.

    Raises:
        FileProblem, ValueError: what does not fit.
    """
    n, d = arrays.X.shape
    names = arrays.feature_names or feature_names(d)
    found = y
    if not isinstance(found, Labelling):
        found = labelled(file, key, found, n, arrays.class_names)
    if arrays.targets is None:
        arrays = replace(arrays, targets=found.targets)
    X, kept, holes = without_missing(file, arrays.X, names, options.missing)
    owned = sealed(np.ascontiguousarray(X)) if X.base is None else X
    black_white = arrays.pixel_range
    if black_white is None and arrays.image_shape and X.size:
        black_white = pixel_range_of(X)
    if kept is not None:
        arrays = _of_rows(arrays, kept)
    return Dataset(
        name=file,
        X=owned,
        labels=found.labels if kept is None else found.labels[kept],
        class_names=found.class_names,
        feature_names=names,
        image_shape=arrays.image_shape,
        pixel_range=black_white,
        notes=(*notes, *holes),
        targets=arrays.targets,
        weights=arrays.weights,
        groups=arrays.groups,
        parts=arrays.parts,
    )


def _of_rows(arrays: RowArrays, kept: NDArray[np.bool_]) -> RowArrays:
    """What is said of the rows that are kept, (n,); what does not fit them stays as it is."""

    def taken(values: NDArray[Any] | None) -> NDArray[Any] | None:
        return values if values is None or len(values) != len(kept) else values[kept]

    groups = arrays.groups
    if groups is not None and len(groups) == len(kept):
        groups = tuple(group for group, stays in zip(groups, kept.tolist(), strict=True) if stays)
    return replace(
        arrays,
        targets=taken(arrays.targets),
        weights=taken(arrays.weights),
        groups=groups,
        parts=taken(arrays.parts),
    )


def read_npy(
    path: str | os.PathLike[str], options: ReadOptions, watch: Watch = unwatched
) -> Dataset:
    """An .npy matrix in memory, labels from options.labels or the file found by its name.

    Raises:
        FileProblem: damaged, pickled, too large, or no labels.
        ValueError: what a Dataset refuses.
        Cancelled: by the watch.
    """
    file = shown(Path(path).name)
    X, sides = as_rows(file, tr("the array"), _values(path, options, watch))
    options = found_labels(path, options)
    key, y = read_label_array(options, len(X))
    return dataset_of(file, key, y, RowArrays(X, image_shape=sides), options)


def read_npy_rows(
    path: str | os.PathLike[str], options: ReadOptions
) -> tuple[Floats, list[str] | None]:
    """Rows for a model, X (n, d), and the names of their n labels if options.labels has them.

    Raises:
        FileProblem: damaged, pickled or too large.
        ValueError: a number that is not finite.
    """
    file = shown(Path(path).name)
    X, _ = as_rows(file, tr("the array"), _values(path, options, unwatched))
    n = len(X)
    X, kept, _ = without_missing(file, X, feature_names(X.shape[1]), options.missing)
    if options.labels is None:
        return read_only(X, np.float64), None
    key, y = read_label_array(options, n)
    texts = label_texts(file, key, y, n)
    if kept is not None:
        texts = [text for text, stays in zip(texts, kept.tolist(), strict=True) if stays]
    return read_only(X, np.float64), texts


def _values(path: str | os.PathLike[str], options: ReadOptions, watch: Watch) -> NDArray[Any]:
    """Numbers as float64."""
    header = npy_header(path, options.limit_bytes)
    if header.dtype.kind not in "biuf":
        text = tr("{file}: {key} holds {kind} instead of numbers. Save it as numbers.")
        file = shown(Path(path).name)
        raise FileProblem(text.format(file=file, key=tr("the array"), kind=header.dtype))
    return npy_values(path, options.limit_bytes, watch, np.float64)
