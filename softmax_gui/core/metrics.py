"""How good the predictions are: accuracy, confusion matrix, calibration.

The prediction is the most probable class, the first of equals. A row whose largest entry is not
finite predicts nothing: it is never correct and stands in no cell of the confusion matrix.
"""

import math

import numpy as np

from softmax_gui.core.arrays import (
    Array,
    as_floating,
    as_type_of,
    namespace,
    require_last_axis,
    row_max,
    widened,
)


def accuracy(probabilities: Array, labels: Array) -> float:
    """The share of examples whose most probable class is their label.

    Args:
        probabilities: (n, q), or logits, which have the same order.
        labels: (n,), integers in 0..q-1.

    Returns:
        A number in [0, 1]; NaN if there are no examples.

    Raises:
        ValueError: the shapes do not fit, or a label is no integer or out of range.
    """
    p, labels = _checked(probabilities, labels)
    return int(_correct(p, labels)[0].sum()) / len(p) if len(p) else math.nan


def confusion_matrix(probabilities: Array, labels: Array) -> Array:
    """How many examples of each class are predicted as which.

    Args:
        probabilities: (n, q), or logits.
        labels: (n,), integers in 0..q-1.

    Returns:
        (q, q) integers: rows are true classes, columns predicted ones.

    Raises:
        ValueError: the shapes do not fit, or a label is no integer or out of range.
    """
    p, labels = _checked(probabilities, labels)
    q, xp = p.shape[1], namespace(p)
    predicts = xp.isfinite(row_max(p))[:, 0]
    cells = (labels * q + p.argmax(axis=1))[predicts]
    return xp.bincount(cells, minlength=q * q).reshape(q, q)


def expected_calibration_error(probabilities: Array, labels: Array, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy, over bins of equal width in the confidence.

    ECE = sum_m |B_m| / n * |accuracy(B_m) - confidence(B_m)|, where the confidence of a row is
    its largest probability and bin m of M holds ((m - 1) / M, m / M], the first one 0 as well.
    Empty bins contribute nothing.

    Args:
        probabilities: (n, q), entries in [0, 1].
        labels: (n,), integers in 0..q-1.
        bins: M, at least 1.

    Returns:
        A number in [0, 1]; NaN if there are no examples or a row is undefined.

    Raises:
        ValueError: the shapes do not fit, a label is no integer or out of range, there are no
            bins, or an entry is no probability.

    Source: Guo et al. (2017), On calibration of modern neural networks.
    """
    if bins < 1:
        raise ValueError(f"At least one bin is needed, not {bins}.")
    p, labels = _checked(probabilities, labels)
    if bool(((p < 0.0) | (p > 1.0 + 1e-6)).any()):
        raise ValueError("The calibration error needs probabilities between 0 and 1, not logits.")
    if len(p) == 0:
        return math.nan
    xp = namespace(p)
    correct, confidence = _correct(p, labels)
    edges = xp.arange(1, bins, dtype=p.dtype, device=p.device) / bins
    index = xp.searchsorted(edges, confidence)  # how many edges lie below: right ends belong
    wide = widened(confidence)
    gaps = xp.bincount(index, weights=as_type_of(correct, wide) - wide, minlength=bins)
    return float(abs(gaps).sum()) / len(p)  # |sum over B_m of correct - confidence| needs no |B_m|


def _correct(p: Array, labels: Array) -> tuple[Array, Array]:
    """Which rows are predicted right, and the largest entry of each: both (n,)."""
    largest = row_max(p)[:, 0]
    return (p.argmax(axis=1) == labels) & namespace(p).isfinite(largest), largest


def _checked(probabilities: Array, labels: Array) -> tuple[Array, Array]:
    """The probabilities as a floating (n, q), the labels as int64 (n,) beside them."""
    p = as_floating(probabilities)
    xp = namespace(p)
    require_last_axis(p)
    if namespace(labels) is np and xp is not np:
        labels = np.array(labels)  # a copy: torch warns of numpy's read-only arrays
    labels = xp.asarray(labels, device=p.device)
    if p.ndim != 2 or tuple(labels.shape) != tuple(p.shape[:1]):
        raise ValueError(
            f"probabilities {tuple(p.shape)} and labels {tuple(labels.shape)} "
            "must be (n, q) and (n,)."
        )
    if len(p) == 0:
        return p, xp.zeros(0, dtype=xp.int64, device=p.device)
    if "int" not in str(labels.dtype):
        raise ValueError(f"Labels must be integers, not {labels.dtype}.")
    labels = xp.asarray(labels, dtype=xp.int64)  # bytes would overflow in labels * q
    low, high, q = int(labels.min()), int(labels.max()), p.shape[1]
    if low < 0 or high >= q:
        culprit = low if low < 0 else high
        raise ValueError(f"Label {culprit} is out of range: {q} classes have labels 0 to {q - 1}.")
    return p, labels
