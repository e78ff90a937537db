"""Drawn examples among opened pictures: classes joined by name, pixels in the units of the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from softmax_gui.data.assignment import TRAIN
from softmax_gui.data.dataset import Dataset, Floats
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.stored import Examples
from softmax_gui.i18n import tr

_LOOKED_AT = 1 << 20  # numbers at a time
_DIGITS = 9  # of a share


def why_not_mixable(dataset: Examples, drawn: DrawnSet) -> str:
    """The sentence that says why these can't be mixed, "" where they can."""
    shape, own = dataset.image_shape, drawn.image_shape
    if not isinstance(dataset, Dataset):
        return tr("These rows stay on disk: nothing can be added to them.")
    if not drawn.m:
        return tr("There is no example yet. Draw a picture and add it first.")
    if shape is None:
        return tr("The data at hand are no gray pictures, so drawn pictures do not fit among them.")
    if shape != own:
        text = tr(
            "Your examples have {own_height} × {own_width} pixels, the data at hand {height} ×"
            " {width}: they do not fit together."
        )
        return text.format(own_height=own[0], own_width=own[1], height=shape[0], width=shape[1])
    return ""


def mixed(dataset: Examples, drawn: DrawnSet) -> Dataset:
    """The rows of a dataset, then the drawn examples.

    Classes are joined by name; new ones come last. Black and white are those of the file. A drawn
    example counts as a row does on average, is a group of its own, and is trained on where the
    file says of each row what it is for. The floor and the truth are known no longer.

    Raises:
        ValueError: the sentence of why_not_mixable.
    """
    problem = why_not_mixable(dataset, drawn)
    if problem or not isinstance(dataset, Dataset):
        raise ValueError(problem)
    own = drawn.pruned()
    names, Y = _joined(dataset, own)
    note = tr("Rows at the end that were drawn by hand: {m}.").format(m=own.m)
    name = dataset.name
    return replace(
        dataset,
        name=name if name.endswith(_name_of("")) else _name_of(name),
        X=np.concatenate([dataset.X, _in_units(dataset, own.pictures.reshape(own.m, -1))]),
        labels=np.concatenate([dataset.labels, Y.argmax(axis=1)]),
        class_names=names,
        floor=None,
        truth=None,
        notes=(*dataset.notes, note),
        targets=_targets(dataset, Y),
        weights=_weights(dataset, own.m),
        groups=_groups(dataset, own.m),
        parts=_parts(dataset, own.m),
    )


def _joined(dataset: Dataset, drawn: DrawnSet) -> tuple[tuple[str, ...], Floats]:
    """The q classes of both by name, and the targets (m, q) of the drawn examples."""
    new = tuple(name for name in drawn.class_names if name not in dataset.class_names)
    names = (*dataset.class_names, *new)
    Y = np.zeros((drawn.m, len(names)))
    Y[:, [names.index(name) for name in drawn.class_names]] = drawn.targets
    return names, Y


def _name_of(name: str) -> str:
    """What data with drawn examples among them are called."""
    return tr("{name} + drawn").format(name=name)


def not_among(dataset: Dataset, drawn: DrawnSet) -> DrawnSet:
    """The drawn examples that are no rows of the data yet, with the same pixels and label.

    Of one that was drawn twice the second is not, where there is but one such row.
    """
    at = {name: place for place, name in enumerate(dataset.class_names)}
    shared = [k for k, name in enumerate(drawn.class_names) if name in at]
    Y = np.zeros((drawn.m, dataset.q))
    Y[:, [at[drawn.class_names[k]] for k in shared]] = drawn.targets[:, shared]
    marks = _marks(_in_units(dataset, drawn.pictures.reshape(drawn.m, -1)))
    there: Counter[tuple[bytes, bytes]] = Counter()
    for row, mark in _rows_with(set(marks), dataset.X):
        there[mark, _shares(_target(dataset, row))] += 1
    new = []
    for row, mark in enumerate(marks):
        key = mark, _shares(Y[row])
        if there[key]:
            there[key] -= 1
        else:
            new.append(row)
    return replace(drawn, pictures=drawn.pictures[new], targets=drawn.targets[new])


def _rows_with(marks: set[bytes], X: Floats) -> Iterator[tuple[int, bytes]]:
    """The rows whose pixels have one of the marks."""
    step = max(1, _LOOKED_AT // X.shape[1])
    for start in range(0, len(X), step):
        for row, mark in enumerate(_marks(X[start : start + step]), start):
            if mark in marks:
                yield row, mark


def _marks(X: Floats) -> list[bytes]:
    """What rows of equal numbers share."""
    return [row.tobytes() for row in X + 0.0]  # -0.0 becomes 0.0


def _shares(target: Floats) -> bytes:
    """What equal targets (q,) share, also when they were scaled to sum to 1 meanwhile."""
    return np.round(target, _DIGITS).tobytes()


def _target(dataset: Dataset, row: int) -> Floats:
    """The share (q,) of each class in a row."""
    if dataset.targets is not None:
        return np.array(dataset.targets[row])
    target: Floats = np.zeros(dataset.q)
    target[dataset.labels[row]] = 1.0
    return target


def _in_units(dataset: Dataset, pixels: Floats) -> Floats:
    """Pixels (m, d) in [0, 1] as the file has them."""
    black, white = dataset.pixel_range or (0.0, 1.0)
    return (1.0 - pixels) * black + pixels * white  # both ends exact


def _targets(dataset: Dataset, Y: Floats) -> Floats | None:
    """Of all rows (n + m, q), None where every label is hard; Y (m, q) is of the drawn ones."""
    if dataset.targets is None and ((Y == 0.0) | (Y == 1.0)).all():
        return None
    first = np.zeros((dataset.n, Y.shape[1]))
    if dataset.targets is None:
        first[np.arange(dataset.n), dataset.labels] = 1.0
    else:
        first[:, : dataset.q] = dataset.targets
    return np.concatenate([first, Y])


def _weights(dataset: Dataset, m: int) -> Floats | None:
    weights = dataset.weights
    return None if weights is None else np.append(weights, np.full(m, weights.mean()))


def _groups(dataset: Dataset, m: int) -> tuple[str, ...] | None:
    if dataset.groups is None:
        return None
    mark = "drawn"
    while any(group.startswith(mark) for group in set(dataset.groups)):
        mark += "_"
    return (*dataset.groups, *(f"{mark} {row}" for row in range(1, m + 1)))


def _parts(dataset: Dataset, m: int) -> NDArray[np.int8] | None:
    return None if dataset.parts is None else np.append(dataset.parts, np.full(m, TRAIN, np.int8))
