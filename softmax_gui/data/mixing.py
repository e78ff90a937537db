"""Drawn examples among opened pictures: classes joined by name, pixels in the units of the file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from softmax_gui.data.assignment import TRAIN
from softmax_gui.data.dataset import Dataset, Floats
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.stored import Examples
from softmax_gui.i18n import tr


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
    new = tuple(name for name in own.class_names if name not in dataset.class_names)
    names = (*dataset.class_names, *new)
    Y = np.zeros((own.m, len(names)))
    Y[:, [names.index(name) for name in own.class_names]] = own.targets
    note = tr("Rows at the end that were drawn by hand: {m}.").format(m=own.m)
    return replace(
        dataset,
        name=tr("{name} + drawn").format(name=dataset.name),
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
