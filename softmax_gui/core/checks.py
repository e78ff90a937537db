"""What a solver must be able to count on; what does not hold is said in one sentence."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Sequence

import numpy as np

from softmax_gui.core.arrays import Array
from softmax_gui.i18n import tr

VECTORS = 12  # arrays like theta that a solver holds at once
_GB = 2.0**30


def check_problem(
    X: Array,
    targets: Array,
    q: int,
    sample_weight: Array | None,
    label_smoothing: float,
    tolerance: float,
) -> tuple[Array, Array, Array | None]:
    """The arrays as numpy arrays, once all of it holds.

    Raises:
        ValueError: the sentence says what does not.
    """
    X, targets = np.asarray(X), np.asarray(targets)
    weights = None if sample_weight is None else np.asarray(sample_weight)
    check_features(X)
    check_targets(targets, len(X), q)
    check_weights(weights, len(X))
    check_numbers(label_smoothing, tolerance)
    check_memory(X.shape[1], q)
    return X, targets, weights


def check_features(X: Array) -> None:
    """Refuse a matrix that is none, is empty or holds NaN or inf.

    Raises:
        ValueError: the sentence counts the entries that are not finite and names the first.
    """
    if X.ndim != 2 or 0 in X.shape:
        text = tr("The features must be a matrix of rows and columns, not of shape {shape}.")
        raise ValueError(text.format(shape=tuple(X.shape)))
    with np.errstate(all="ignore"):
        if np.isfinite(X.sum(dtype=np.float64)):
            return
    bad = ~np.isfinite(X)
    count = int(np.count_nonzero(bad))
    if count:
        row, column = (int(i) for i in np.argwhere(bad)[0])
        text = tr(
            "{count} features are not finite numbers, the first in row {row}, column {column}."
        )
        raise ValueError(text.format(count=count, row=row + 1, column=column + 1))


def check_targets(targets: Array, n: int, q: int) -> None:
    """Refuse targets that are neither (n,) labels in 0 to q - 1 nor (n, q) distributions.

    Raises:
        ValueError: the sentence says what is wrong.
    """
    if targets.shape not in ((n,), (n, q)):
        text = tr("{rows} rows of {classes} classes need that many labels, not shape {shape}.")
        raise ValueError(text.format(rows=n, classes=q, shape=tuple(targets.shape)))
    if targets.ndim == 1:
        if targets.dtype.kind not in "iu":
            raise ValueError(tr("Labels are whole numbers from 0."))
        if int(targets.min()) < 0 or int(targets.max()) >= q:
            text = tr("A label is outside 0 to {last}.")
            raise ValueError(text.format(last=q - 1))
    elif not (targets >= 0.0).all() or np.abs(targets.sum(axis=1) - 1.0).max() > 1e-5:
        raise ValueError(tr("Each row of soft labels must be probabilities that sum to 1."))


def check_weights(sample_weight: Array | None, n: int) -> None:
    """Refuse weights that are not (n,), finite, not negative and not all 0.

    Raises:
        ValueError: the sentence says what is wrong.
    """
    if sample_weight is None:
        return
    if sample_weight.shape != (n,):
        text = tr("{rows} rows need as many weights, not shape {shape}.")
        raise ValueError(text.format(rows=n, shape=tuple(sample_weight.shape)))
    if not (sample_weight >= 0.0).all() or not 0.0 < float(sample_weight.sum()) < math.inf:
        raise ValueError(tr("Weights of rows must be finite, not negative, and not all 0."))


def check_numbers(label_smoothing: float, tolerance: float) -> None:
    """Refuse numbers out of their range.

    Raises:
        ValueError: the sentence names it.
    """
    if not 0.0 <= label_smoothing < 1.0:
        text = tr("The label smoothing must be at least 0 and below 1, not {value}.")
        raise ValueError(text.format(value=label_smoothing))
    if not 0.0 < tolerance < math.inf:
        text = tr("The tolerance must be a positive finite number, not {value}.")
        raise ValueError(text.format(value=tolerance))


def check_path(decays: Sequence[float]) -> None:
    """Refuse weight decays that are negative, not finite, none, or do not descend.

    Raises:
        ValueError: the sentence says what is wrong.
    """
    for value in decays:
        if not 0.0 <= value < math.inf:
            text = tr("The weight decay must be finite and not negative, not {value}.")
            raise ValueError(text.format(value=value))
    if not len(decays) or any(a <= b for a, b in itertools.pairwise(decays)):
        raise ValueError(tr("The weight decays of a path must descend, and be at least one."))


def check_memory(d: int, q: int, available: float | None = None) -> None:
    """Refuse a problem whose weights alone leave no room for a solver.

    Args:
        d: features.
        q: classes.
        available: bytes; None asks the machine.

    Raises:
        ValueError: the sentence says what would be needed.
    """
    needed = 8.0 * VECTORS * (d + 1) * q
    room = physical_memory() if available is None else available
    if needed > room:
        text = tr(
            "{features} features and {classes} classes need {needed:.0f} GB of memory; "
            "this machine has {room:.0f} GB."
        )
        raise ValueError(text.format(features=d, classes=q, needed=needed / _GB, room=room / _GB))


def physical_memory() -> float:
    """In bytes; inf where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * float(os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return math.inf
