"""Soft labels and weights of the rows: looked at once, when a Dataset takes them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.files import shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from softmax_gui.data.dataset import Floats, Integers

_SUM_TOLERANCE = 1e-3  # what half precision or three decimals leave of a sum of 1
_SUM_ROUNDING = 1e-9  # below it a row is left as it is


def checked_targets(
    targets: NDArray[Any], labels: Integers, class_names: tuple[str, ...]
) -> Floats:
    """Soft labels as float64, rows that sum to 1 to within 0.001 scaled to do so.

    Args:
        targets: (n, q), the probability of each class in each row.
        labels: (n,), a class of the largest target of each row.
        class_names: q of them.

    Raises:
        ValueError: what does not fit, with its row counted from 1.
    """
    n, q = len(labels), len(class_names)
    if targets.shape != (n, q) or targets.dtype.kind not in "biuf":
        text = tr(
            "The data have {n} rows and {q} classes; targets of {shape} {kind} do not fit them."
        )
        raise ValueError(text.format(n=n, q=q, shape=targets.shape, kind=targets.dtype))
    with np.errstate(invalid="ignore"):  # a signalling NaN
        Y = np.asarray(targets, np.float64)
    inside = (Y >= 0.0) & (Y <= 1.0)  # NaN is not
    if not inside.all():
        row, k = map(int, np.unravel_index(int(np.argmin(inside)), Y.shape))
        text = tr('Row {row}, class "{name}": the target {value} is not between 0 and 1.')
        raise ValueError(text.format(row=row + 1, name=shown(class_names[k]), value=Y[row, k]))
    sums = Y.sum(axis=1)
    off = np.abs(sums - 1.0)
    if off.max() > _SUM_TOLERANCE:
        row = int(np.argmax(off > _SUM_TOLERANCE))
        text = tr("Row {row}: the targets sum to {sum:.6g} instead of 1.")
        raise ValueError(text.format(row=row + 1, sum=sums[row]))
    _look_at_labels(Y, labels, class_names)
    return Y / sums[:, np.newaxis] if off.max() > _SUM_ROUNDING else Y


def checked_weights(weights: NDArray[Any], n: int) -> Floats:
    """Weights (n,) of the rows as float64.

    Raises:
        ValueError: what does not fit, with its row counted from 1.
    """
    if weights.shape != (n,) or weights.dtype.kind not in "biuf":
        text = tr("The data have {n} rows; weights of {shape} {kind} do not fit them.")
        raise ValueError(text.format(n=n, shape=weights.shape, kind=weights.dtype))
    with np.errstate(invalid="ignore"):  # a signalling NaN
        s = np.asarray(weights, np.float64)
    usable = (s >= 0.0) & np.isfinite(s)
    if not usable.all():
        row = int(np.argmin(usable))
        text = tr("Row {row} has the weight {weight}; a finite number from 0 is needed.")
        raise ValueError(text.format(row=row + 1, weight=s[row]))
    if not s.any():
        raise ValueError(tr("All weights are 0; at least one row must count."))
    return s


def checked_groups(groups: Sequence[Any], n: int) -> tuple[str, ...]:
    """The group of each of n rows, as texts.

    Raises:
        ValueError: there are not n of them, or one is no text.
    """
    if len(groups) != n:
        text = tr("The data have {n} rows, but {groups} group names.")
        raise ValueError(text.format(n=n, groups=len(groups)))
    names = tuple(groups)
    for name in set(names):
        if isinstance(name, str) and name.endswith("\0"):  # an array of texts drops it
            text = tr('The group "{name}" ends with a zero character, which a file would lose.')
            raise ValueError(text.format(name=shown(name)))
        if not isinstance(name, str):
            text = tr("The name of a group must be a text, not {name}.")
            raise ValueError(text.format(name=shown(repr(name))))
    return names


def checked_parts(parts: NDArray[Any], n: int) -> NDArray[Any]:
    """The part (n,) of each row: 0 to train on, 1 to validate with, 2 to test with.

    Raises:
        ValueError: what does not fit, with its row counted from 1.
    """
    if parts.shape != (n,) or parts.dtype.kind not in "iu":
        text = tr("The data have {n} rows; parts of {shape} {kind} do not fit them.")
        raise ValueError(text.format(n=n, shape=parts.shape, kind=parts.dtype))
    known = (parts >= 0) & (parts <= 2)
    if not known.all():
        row = int(np.argmin(known))
        text = tr("Row {row} has the part {part}; 0 trains, 1 validates, 2 tests.")
        raise ValueError(text.format(row=row + 1, part=parts[row]))
    return parts


def _look_at_labels(Y: Floats, labels: Integers, class_names: tuple[str, ...]) -> None:
    """The label is the class of the largest target; of several as large, any."""
    largest = Y.max(axis=1) == Y[np.arange(len(Y)), labels]
    if not largest.all():
        row = int(np.argmin(largest))
        text = tr('Row {row} has the label "{label}", but its largest target is that of "{name}".')
        label, name = class_names[labels[row]], class_names[int(Y[row].argmax())]
        raise ValueError(text.format(row=row + 1, label=shown(label), name=shown(name)))
