"""An array of labels as classes: texts, whole numbers with gaps, or a probability a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.guesses import codes_to_classes, to_classes
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TARGETS_SUM = 1e-3  # how far from 1 a row of targets may sum


@dataclass(frozen=True, eq=False)
class Labelling:
    """Labels (n,), the q classes they stand for, and targets (n, q) where they are soft."""

    labels: NDArray[Any]
    class_names: tuple[str, ...]
    targets: NDArray[Any] | None = None


def labelled(
    file: str, key: str, y: NDArray[Any], n: int, names: tuple[str, ...] | None = None
) -> Labelling:
    """What an array of labels says of n rows.

    Args:
        file: its name, for a sentence.
        key: the name of the array.
        y: (n,), (n, 1), or targets (n, q).
        n: rows there are.
        names: of the classes; labels are then positions in them, or names out of them.

    Raises:
        FileProblem: another number of rows, one class, a quantity, or a label out of names.
    """
    targets = targets_in(y, n)
    if targets is not None:
        return Labelling(targets.argmax(axis=1), target_names(file, key, targets, names), targets)
    y = label_values(file, key, y, n)
    if names is not None:
        return Labelling(positions(file, key, as_texts(file, key, y), names), names)
    if not n:
        return Labelling(np.zeros(0, np.int64), ())
    if y.dtype.kind in "iu":  # some hundred times as fast as by texts
        values, codes = np.unique(y, return_inverse=True)
        different = as_texts(file, key, values)
        return Labelling(*codes_to_classes(file, key, different, codes.astype(np.int64)))
    return Labelling(*to_classes(file, key, as_texts(file, key, y)))


def targets_in(y: NDArray[Any], n: int) -> NDArray[Any] | None:
    """Soft or one-hot labels (n, q), None if there are others; whole numbers are 0 or 1."""
    if y.ndim != 2 or len(y) != n or y.shape[1] < 2 or y.dtype.kind not in "biuf":
        return None
    return y if y.dtype.kind == "f" or ((y == 0) | (y == 1)).all() else None


def target_names(
    file: str, key: str, targets: NDArray[Any], names: tuple[str, ...] | None
) -> tuple[str, ...]:
    """The classes that the columns of targets (n, q) stand for.

    Raises:
        FileProblem: another number of names.
    """
    q = targets.shape[1]
    if names is not None and len(names) != q:
        text = tr("{file}: {key} has {q} columns, but class_names has {names} names.")
        raise FileProblem(text.format(file=file, key=key, q=q, names=len(names)))
    return names or tuple(map(str, range(q)))


def label_texts(file: str, key: str, y: NDArray[Any], n: int) -> list[str]:
    """The label of each of n rows as a text.

    Raises:
        FileProblem: another number of labels, or values that name no class.
    """
    return as_texts(file, key, label_values(file, key, y, n))


def label_values(file: str, key: str, y: NDArray[Any], n: int) -> NDArray[Any]:
    """The labels of n rows as (n,), fractions that are whole numbers as such.

    Raises:
        FileProblem: another number of labels.
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 1 and len(y) != n:
        text = tr("{file}: there are {n:,} rows, but {key} has {labels:,} labels.")
        raise FileProblem(text.format(file=file, n=n, key=key, labels=len(y)))
    if y.shape != (n,):
        text = tr("{file}: {n} rows, but {key} has shape {shape}; one label a row is needed.")
        raise FileProblem(text.format(file=file, n=n, key=key, shape=y.shape))
    if y.dtype.kind == "f" and _are_whole(y):
        y = y.astype(np.int64)
    return y


def _are_whole(y: NDArray[Any]) -> bool:
    """Whether fractions (n,) are whole numbers that float64 can tell apart; NaN is none."""
    with np.errstate(invalid="ignore"):  # a signalling NaN
        wide = y.astype(np.float64)
    return bool(((np.floor(wide) == wide) & (np.abs(wide) < 2.0**53)).all())


def as_texts(file: str, key: str, array: NDArray[Any]) -> list[str]:
    """Whole numbers, true and false, or texts as texts.

    Raises:
        FileProblem: other values, or bytes that are no UTF-8.
    """
    kind = array.dtype.kind
    if kind in "iuU":
        return [str(value) for value in array.tolist()]
    if kind == "b":
        return [str(int(value)) for value in array.tolist()]
    if kind == "S":
        try:
            return [bytes(value).decode("utf-8") for value in array.tolist()]
        except UnicodeDecodeError as error:
            text = tr("{file}: {key} holds a text that is not UTF-8. Save it as numbers or texts.")
            raise FileProblem(text.format(file=file, key=key)) from error
    text = tr("{file}: {key} must hold whole numbers or texts, not {kind}.")
    if kind == "f":
        text = tr("{file}: {key} holds numbers that are not whole: regression? Labels are classes.")
    raise FileProblem(text.format(file=file, key=key, kind=array.dtype))


def positions(file: str, key: str, texts: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    """Labels (n,) that are positions in class_names, or names out of it.

    Raises:
        FileProblem: one that is neither.
    """
    index = {name: label for label, name in enumerate(names)}
    if not set(texts) <= index.keys():
        index = {str(label): label for label in range(len(names))}
    strange = sorted(set(texts) - index.keys())
    if strange:
        text = tr("{file}: the label {label} in {key} is none of the {q} in class_names.")
        label = shown(strange[0])
        raise FileProblem(text.format(file=file, label=label, key=key, q=len(names)))
    return np.array([index[text] for text in texts], np.int64)
