"""Between the tints of a picture, the numbers of its file, and what a model sees of it.

The editor and every picture on screen have tints: 0 is black, 1 is white. The file has them
between its own black and white; the model sees the file's numbers scaled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softmax_gui.data.assignment import TRAIN, assigned
from softmax_gui.data.scaling import RANGE

if TYPE_CHECKING:
    from softmax_gui.data.cut import Cut
    from softmax_gui.data.dataset import Dataset, Floats, Integers, Split

_TOLD_APART_BY = 8  # features that tell most rows of one class apart


def model_input(split: Split, vector: Floats) -> Floats:
    """What the model sees of what is drawn or typed.

    Args:
        split: the data whose scaling holds.
        vector: (d,), tints of a picture, else a row in the file's units.
    """
    if split.dataset.image_shape is None:
        return split.scaling.apply(vector)
    if _sees_tints(split):
        return vector
    black, white = split.dataset.pixel_range or (0.0, 1.0)
    return split.scaling.apply(black + vector * (white - black))


def drawn_row(split: Split, x: Floats, label: int) -> Floats:
    """What the editor shows of a row that the model sees as x (d,): the other way round.

    Args:
        split: the data.
        x: (d,), a row of one of its parts.
        label: its class.

    Returns:
        (d,), tints of a picture, else the row in the file's units.
    """
    picture, scaling = split.dataset.image_shape is not None, split.scaling
    if picture and _sees_tints(split):
        return np.array(x, dtype=np.float64)
    row = _row_in_file(split, x, label) if scaling.per_row else scaling.undo(x)
    if row is None:
        return _brightened(x) if picture else scaling.undo(x)
    return _tints(split, row) if picture else row


def mean_pictures(split: Split, cut: Cut) -> Floats | None:
    """The mean training picture of each class, (q, h, w) of tints; None for a table.

    Args:
        split: the data.
        cut: how their parts were made.
    """
    shape, train, q = split.dataset.image_shape, split.train, split.dataset.q
    if shape is None:
        return None
    if not split.scaling.per_row:
        means = _class_means(train.X, train.labels, q)
        tints = means if _sees_tints(split) else _tints(split, split.scaling.undo(means))
    elif (data := _in_memory(split)) is not None and train.n:
        share = data.validation_share if cut.validation_share is None else cut.validation_share
        parts = assigned(data, split.seed, share, cut.test_share)
        labels = np.where(parts == TRAIN, data.labels, -1)
        tints = _tints(split, _class_means(data.X, labels, q))
    else:
        tints = _brightened(_class_means(train.X, train.labels, q))
    return tints.reshape(-1, *shape)


def _sees_tints(split: Split) -> bool:
    """Whether the model sees 0 for black and 1 for white."""
    return split.scaling.kind == RANGE


def _tints(split: Split, X: Floats) -> Floats:
    """Rows (..., d) in the file's units as tints; what lies beyond black or white is that."""
    black, white = split.dataset.pixel_range or (0.0, 1.0)
    return np.clip((X - black) / (white - black), 0.0, 1.0)


def _brightened(X: Floats) -> Floats:
    """Directions (..., d) as tints whose brightest pixel is white: nobody knows how bright."""
    peak = np.abs(X).max(axis=-1, keepdims=True)
    return np.clip(X / np.where(peak == 0.0, 1.0, peak), 0.0, 1.0)


def _class_means(X: Floats, labels: Integers, q: int) -> Floats:
    """The mean row of each class, (q, d); zeros where there is none."""
    means = np.zeros((q, X.shape[1]))
    for label in range(q):
        rows = X[labels == label]
        means[label] = rows.sum(axis=0) / max(1, len(rows))
    return means


def _in_memory(split: Split) -> Dataset | None:
    """The dataset, unless its rows stay on disk."""
    return split.dataset if hasattr(split.dataset, "X") else None


def _row_in_file(split: Split, x: Floats, label: int) -> Floats | None:
    """The row of a class, as in the file, whose direction is x (d,); None if nobody knows."""
    if (data := _in_memory(split)) is None or not x.any():
        return None
    some = np.argsort(np.abs(x))[-_TOLD_APART_BY:]
    rows = np.flatnonzero(data.labels == label)
    few = data.X[np.ix_(rows, some)]
    apart = np.abs(few * x[some[-1]] - few[:, -1:] * x[some]).max(axis=1)
    near = rows[apart <= 1e-9 * np.abs(few).max(axis=1)]
    alike = np.isclose(split.scaling.apply(data.X[near]), x, rtol=0.0, atol=1e-12).all(axis=1)
    return np.array(data.X[near[np.argmax(alike)]]) if alike.any() else None
