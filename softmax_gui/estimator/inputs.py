"""What an estimator is given: X, y and the weights of rows and classes, looked at once.

The sentences are English, as core's: their readers write Python, and tools look for some words.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.arrays import to_numpy
from softmax_gui.estimator.conventions import DataConversionWarning

Floats = NDArray[np.float64]

_BLOCK = 2**20  # entries looked at at a time: no second array of the size of X
_SUM = 1e-4  # how far a row of soft labels may be from 1: the rounding of float16 at many classes


@dataclass(frozen=True, eq=False)
class Answers:
    """What each row is to be answered with, and how much it counts.

    Attributes:
        classes: (q,), sorted; 0 to q - 1 for soft labels.
        truth: (n,) integers 0 to q - 1, or soft labels (n, q) with rows of sum 1.
        weights: (n,), or None where every row counts 1.
    """

    classes: NDArray[Any]
    truth: NDArray[Any]
    weights: Floats | None

    @property
    def q(self) -> int:
        """The number of classes."""
        return len(self.classes)

    @property
    def total(self) -> float:
        """The sum of the weights."""
        return float(len(self.truth) if self.weights is None else self.weights.sum())


def features(X: Any, dtype: str | None = None) -> NDArray[Any]:
    """X as a dense, finite float32 or float64 array (n, d).

    Args:
        X: anything that numpy or torch makes an array of.
        dtype: "float32", "float64", or None to keep either and make float64 of all others.

    Raises:
        TypeError: X is sparse, or an entry is no number.
        ValueError: another number of axes, nothing in it, or an entry that is not finite.
    """
    if hasattr(X, "tocsr") or getattr(X, "is_sparse", False):
        raise TypeError("Sparse X is not supported. Give a dense array, X.toarray() for example.")
    array = to_numpy(X)
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: X holds {array.dtype}.")
    if array.ndim != 2:
        raise ValueError(
            f"X must be (n, d), not an array of shape {array.shape}. Reshape your data:"
            " X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if it is one row."
        )
    for axis, what in enumerate(("sample(s)", "feature(s)")):
        if array.shape[axis] == 0:
            shape = array.shape
            raise ValueError(f"0 {what} (shape={shape}) while a minimum of 1 is required.")
    kept = array.dtype if array.dtype in (np.float32, np.float64) else np.float64
    with np.errstate(over="ignore"):  # too large for float32: told below
        array = array.astype(dtype or kept, copy=False)
    _look_at_numbers("X", array)
    return array


def feature_names(X: Any) -> NDArray[Any] | None:
    """The names (d,) of a table's columns, or None where it has none in words.

    Raises:
        TypeError: some names are texts and some are not.
    """
    names = list(getattr(X, "columns", ()))
    kinds = {isinstance(name, str) for name in names}
    if len(kinds) == 2:
        raise TypeError("Some column names of X are strings and some are not: make all strings.")
    return np.asarray(names, dtype=object) if kinds == {True} else None


def look_at_names(given: NDArray[Any] | None, fitted: NDArray[Any] | None, name: str) -> None:
    """Refuses column names other than those of the fit; warns where one of the two has none.

    Raises:
        ValueError: other names, or another order.
    """
    if given is None or fitted is None:
        if given is not None:
            warnings.warn(f"X has feature names, but {name} was fitted without.", stacklevel=4)
        elif fitted is not None:
            text = f"X does not have valid feature names, but {name} was fitted with feature names"
            warnings.warn(text, stacklevel=4)
        return
    if np.array_equal(given, fitted):
        return
    lines = ["The feature names should match those that were passed during fit."]
    for text, some, others in (
        ("Feature names unseen at fit time:", given, fitted),
        ("Feature names seen at fit time, yet now missing:", fitted, given),
    ):
        if odd := sorted(set(some) - set(others)):
            lines += [text, *(f"- {one}" for one in odd[:5]), *(["- ..."] if odd[5:] else [])]
    if len(lines) == 1:
        lines.append("Feature names must be in the same order as they were in fit.")
    raise ValueError("\n".join(lines) + "\n")


def answers(y: Any, n: int, sample_weight: Any, class_weight: Any, name: str) -> Answers:
    """y, sample_weight and class_weight, looked at and brought together.

    A row of soft labels t counts as q rows, one a class, of weights t_k: so class weights turn
    its t_k into c_k t_k, and its weight into the sum of them.

    Args:
        y: (n,) labels of any one kind, or (n, q) soft labels.
        n: rows of X.
        sample_weight: (n,), one number for all, or None.
        class_weight: None, "balanced", or a dict from classes to numbers.
        name: who asks, for the sentences.

    Raises:
        ValueError: one of them can't be used; the sentence says why.
    """
    classes, truth = _labels(y, n, name)
    weights = _sample_weights(sample_weight, n)
    counts = _class_counts(truth, weights, len(classes))
    if np.count_nonzero(counts) < 2:
        where = "the data" if weights is None else "the rows of positive sample_weight"
        raise ValueError(
            f"{name} needs samples of at least 2 classes, but {where} hold one class only:"
            f" {classes[int(np.argmax(counts))]}. Add rows of another class."
        )
    factors = _class_factors(class_weight, classes, counts)
    if factors is None:
        return Answers(classes, truth, weights)
    ones = np.ones(n) if weights is None else weights
    if truth.ndim == 1:
        return Answers(classes, truth, ones * factors[truth])
    scaled = truth * factors
    total = scaled.sum(axis=1)
    safe = np.where(total > 0.0, total, 1.0)[:, None]
    return Answers(classes, np.where(total[:, None] > 0.0, scaled / safe, truth), ones * total)


def _labels(y: Any, n: int, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """The classes (q,), and the labels (n,) as their places or soft labels (n, q)."""
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    array = to_numpy(y)
    if array.ndim == 2 and array.shape[1] == 1:
        text = "A column-vector y was passed when a 1d array was expected; y.ravel() is taken."
        warnings.warn(text, DataConversionWarning, stacklevel=4)
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise ValueError(f"y must be (n,) labels or (n, q) soft labels, not {array.shape}.")
    if len(array) != n:
        raise ValueError(f"X has {n} rows, but y has {len(array)}.")
    if array.ndim == 2:
        return np.arange(array.shape[1]), _soft_labels(array)
    return _hard_labels(array)


def _hard_labels(array: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    if array.dtype.kind == "O" and not any(isinstance(label, str) for label in array):
        array = np.array(array.tolist())  # numbers in boxes
    if array.dtype.kind == "f":
        _look_at_numbers("y", array)
        if (array != np.round(array)).any():
            raise ValueError(
                "Unknown label type: continuous. y holds numbers that are not whole; classes are"
                " whole numbers or names, probabilities have the shape (n, q)."
            )
    if array.ndim != 1 or array.dtype.kind == "c":
        raise ValueError(f"Unknown label type: {array.dtype} of shape {array.shape}.")
    try:
        return np.unique(array, return_inverse=True)
    except TypeError as error:
        kinds = ", ".join(sorted({type(label).__name__ for label in array}))
        raise ValueError(f"Unknown label type: y mixes {kinds}; one kind is wanted.") from error


def _soft_labels(array: NDArray[Any]) -> Floats:
    if array.dtype.kind not in "biuf":
        raise ValueError(f"Soft labels must be numbers, not {array.dtype}; labels must be (n,).")
    _look_at_numbers("y", array)
    targets = array.astype(np.float64)
    sums = targets.sum(axis=1)
    wrong = (targets < 0.0).any(axis=1) | (np.abs(sums - 1.0) > _SUM)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"Row {row} of y is no probabilities: its least entry is {targets[row].min():g}, its"
            f" sum {sums[row]:g}. Each row of soft labels is at least 0 with sum 1."
        )
    scaled: Floats = targets / sums[:, None]
    return scaled


def _sample_weights(sample_weight: Any, n: int) -> Floats | None:
    if sample_weight is None:
        return None
    weights = to_numpy(sample_weight).astype(np.float64)
    if weights.ndim == 0:
        weights = np.full(n, weights)
    if weights.shape != (n,):
        raise ValueError(f"sample_weight must be ({n},), one a row of X, not {weights.shape}.")
    _look_at_numbers("sample_weight", weights)
    if (weights < 0.0).any():
        row = int(np.argmax(weights < 0.0))
        raise ValueError(f"sample_weight is negative in row {row}: {weights[row]:g}.")
    if not weights.any():
        raise ValueError("sample_weight is zero in every row; at least one must be positive.")
    return weights


def _class_counts(truth: NDArray[Any], weights: Floats | None, q: int) -> Floats:
    """How much each class weighs in the rows, (q,)."""
    if truth.ndim == 1:
        return np.bincount(truth, weights, q).astype(np.float64)
    total: Floats = truth.sum(axis=0) if weights is None else weights @ truth
    return total


def _class_factors(class_weight: Any, classes: NDArray[Any], counts: Floats) -> Floats | None:
    """What class_weight multiplies the weight of each class by, (q,)."""
    if class_weight is None:
        return None
    if isinstance(class_weight, str) and class_weight == "balanced":
        share = counts.sum() / np.count_nonzero(counts)
        return np.array([share / count if count > 0.0 else 0.0 for count in counts.tolist()])
    if not isinstance(class_weight, dict):
        raise ValueError(f"class_weight is {class_weight!r}; wanted: None, 'balanced', or a dict.")
    named = [key for key in classes.tolist() if key in class_weight]
    if len(named) not in (len(classes), len(class_weight)):
        lost = [key for key in class_weight if key not in named]
        raise ValueError(f"class_weight names {lost}, but the classes are {classes.tolist()}.")
    factors = np.array([float(class_weight.get(key, 1.0)) for key in classes.tolist()])
    if not (np.isfinite(factors).all() and (factors >= 0.0).all()):
        raise ValueError(f"class_weight holds {factors.min():g}; wanted: finite numbers from 0.")
    if np.count_nonzero(factors * counts) < 2:
        raise ValueError("class_weight leaves fewer than 2 classes of positive weight.")
    return factors


def _look_at_numbers(name: str, array: NDArray[Any]) -> None:
    """Refuses NaN and infinity, with their count and the first place."""
    step = max(1, _BLOCK // max(1, array[0].size))
    count, first = 0, ""
    for start in range(0, len(array), step):
        block = array[start : start + step]
        finite = np.isfinite(block)
        if finite.all():
            continue
        count += int(finite.size - np.count_nonzero(finite))
        if not first:
            place = np.unravel_index(int(np.argmin(finite)), finite.shape)
            column = f", column {place[1]}" if array.ndim == 2 else ""
            first = f"row {start + place[0]}{column} ({block[place]})"
    if count:
        raise ValueError(
            f"{name} holds NaN or infinity {count} times, first in {first}, counted from 0."
            " Fill in or drop such rows."
        )
