"""What every reader and generator hands over: a frozen Dataset, and its Split ready to train."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.data.ownership import Floats, Integers, read_only, sealed
from softmax_gui.data.scaling import Scaling
from softmax_gui.data.targets import (
    checked_groups,
    checked_parts,
    checked_targets,
    checked_weights,
)
from softmax_gui.files import shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from softmax_gui.core.models import Dense

__all__ = [
    "Dataset",
    "Floats",
    "Integers",
    "Part",
    "Scaling",
    "Split",
    "feature_names",
    "look_at_numbers",
    "look_at_share",
    "read_only",
    "sealed",
]
_LOOKED_AT = 1 << 20  # numbers at a time


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled examples as in the file; arrays are owned, read-only and finite.

    Raises:
        ValueError: no row, feature or class; two sizes that differ; a number that is not finite.
    """

    name: str
    X: Floats  # (n, d), in the file's units
    labels: Integers  # (n,), 0 to q - 1
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    image_shape: tuple[int, int] | None = None  # height, width of a row seen as a picture
    pixel_range: tuple[float, float] | None = None  # its black and white, in the file's units
    floor: float | None = None  # H(Y|X) in nats, where it is known
    validation_share: float = 0.2
    truth: Dense | None = None  # the softmax regression the rows were drawn from
    notes: tuple[str, ...] = ()  # what the reader did or saw, in sentences
    targets: Floats | None = None  # (n, q), soft labels; `labels` has the class of the largest
    weights: Floats | None = None  # (n,), how much each row counts, from 0; None counts all alike
    groups: tuple[str, ...] | None = None  # (n,), rows of one name stay on one side of a split
    parts: NDArray[np.int8] | None = None  # (n,), 0 to train on, 1 to validate, 2 to test

    def __post_init__(self) -> None:
        X, labels = np.asarray(self.X), np.asarray(self.labels)
        _look_at_sizes(X, labels, self.class_names, self.feature_names, self.image_shape)
        _look_at_names((*self.class_names, *self.feature_names))
        _look_at_labels(labels, self.class_names)
        object.__setattr__(self, "X", read_only(X, np.float64))
        object.__setattr__(self, "labels", read_only(labels, np.int64))
        look_at_numbers(self.X, self.feature_names)
        if self.targets is not None:
            targets = checked_targets(np.asarray(self.targets), self.labels, self.class_names)
            object.__setattr__(self, "targets", read_only(targets))
        if self.weights is not None:
            weights = checked_weights(np.asarray(self.weights), len(X))
            object.__setattr__(self, "weights", read_only(weights))
        if self.groups is not None:
            object.__setattr__(self, "groups", checked_groups(self.groups, len(X)))
        if self.parts is not None:
            parts = checked_parts(np.asarray(self.parts), len(X))
            object.__setattr__(self, "parts", read_only(parts, np.int8))
        black, white = self.pixel_range or (0.0, 1.0)
        if not -math.inf < black < white < math.inf:
            text = tr("Black {black} must be below white {white}, and both finite.")
            raise ValueError(text.format(black=black, white=white))
        look_at_share(self.validation_share)

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.X)

    @property
    def d(self) -> int:
        """Features."""
        return int(self.X.shape[1])

    @property
    def q(self) -> int:
        """Classes."""
        return len(self.class_names)

    @property
    def counts(self) -> Integers:
        """Rows of each class, (q,)."""
        return np.bincount(self.labels, minlength=self.q)


@dataclass(frozen=True, eq=False)
class Part:
    """Rows to train on or to validate with: scaled, in one block of memory, read-only."""

    X: Floats  # (n, d)
    labels: Integers  # (n,)
    targets: Floats | None = None  # (n, q), where the labels are soft
    weights: Floats | None = None  # (n,), where the rows do not count alike

    def __post_init__(self) -> None:
        for name in ("X", "labels", "targets", "weights"):
            array = getattr(self, name)
            if array is not None:
                object.__setattr__(self, name, read_only(array))

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.X)


@dataclass(frozen=True, eq=False)
class Split:
    """A Dataset cut in parts; the scaling was fitted on the training part alone."""

    train: Part
    validation: Part
    scaling: Scaling
    dataset: Dataset
    seed: int
    test: Part | None = None  # kept back: nobody looks at it before it is asked for
    notes: tuple[str, ...] = ()  # what to know of the parts, in sentences

    @property
    def n_train(self) -> int:
        """Rows trained on; of those that stay on disk `train` has but a sample."""
        return self.train.n


def feature_names(d: int) -> tuple[str, ...]:
    """x1 to xd, in the order of the vector."""
    return tuple(f"x{j}" for j in range(1, d + 1))


def look_at_share(share: float) -> None:
    """Refuses, with a ValueError, a validation share that leaves one part empty."""
    if not 0.0 < share < 1.0:
        text = tr("The validation share is {share}; it must lie between 0 and 1.")
        raise ValueError(text.format(share=share))


def _look_at_sizes(
    X: NDArray[Any],
    labels: NDArray[Any],
    class_names: tuple[str, ...],
    names: tuple[str, ...],
    image_shape: tuple[int, int] | None,
) -> None:
    if X.ndim != 2 or X.dtype.kind not in "biuf":
        text = tr("X must be a table of numbers, not an array {shape} of {kind}.")
        raise ValueError(text.format(shape=X.shape, kind=X.dtype))
    n, d = X.shape
    if n == 0 or d == 0 or not class_names:
        text = tr(
            "The data have {n} rows, {d} features and {q} classes; at least one each is needed."
        )
        raise ValueError(text.format(n=n, d=d, q=len(class_names)))
    if labels.shape != (n,):
        text = tr("The data have {n} rows, but the labels have shape {shape}.")
        raise ValueError(text.format(n=n, shape=labels.shape))
    if len(names) != d:
        text = tr("The data have {d} features, but {names} feature names.")
        raise ValueError(text.format(d=d, names=len(names)))
    if image_shape is not None and (min(image_shape) < 1 or math.prod(image_shape) != d):
        text = tr("A picture of {height} x {width} pixels does not fit {d} features.")
        raise ValueError(text.format(height=image_shape[0], width=image_shape[1], d=d))


def _look_at_names(names: tuple[str, ...]) -> None:
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            text = tr('The name "{name}" holds half a character, which no file could hold again.')
            raise ValueError(text.format(name=shown(ascii(name)))) from None
        if name.endswith("\0"):  # an array of texts drops it
            text = tr('The name "{name}" ends with a zero character, which a file would lose.')
            raise ValueError(text.format(name=shown(name)))


def _look_at_labels(labels: NDArray[Any], class_names: tuple[str, ...]) -> None:
    q = len(class_names)
    if labels.dtype.kind not in "iu":
        raise ValueError(tr("Labels must be whole numbers, not {kind}.").format(kind=labels.dtype))
    outside = np.flatnonzero((labels < 0) | (labels >= q))
    if len(outside):
        text = tr("Row {row} has the label {label}, but there are {q} classes, 0 to {last}.")
        row = int(outside[0])
        raise ValueError(text.format(row=row + 1, label=labels[row], q=q, last=q - 1))
    if len(set(class_names)) < q:
        twice = next(name for k, name in enumerate(class_names) if name in class_names[:k])
        raise ValueError(tr('Two classes have the name "{name}".').format(name=shown(twice)))


def look_at_numbers(X: Floats, names: tuple[str, ...]) -> None:
    """Refuses, with a ValueError that has row and column, X (n, d) that is not finite."""
    step = max(1, _LOOKED_AT // max(1, X.shape[1]))
    for start in range(0, len(X), step):  # an answer a number of all of X would be megabytes
        finite = np.isfinite(X[start : start + step])
        if not finite.all():
            at, column = map(int, np.unravel_index(int(np.argmin(finite)), finite.shape))
            row, name = start + at, shown(names[column])
            text = tr('Row {row}, column "{column}": {value} is not a finite number.')
            raise ValueError(text.format(row=row + 1, column=name, value=X[row, column]))
