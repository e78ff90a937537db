"""A Dataset as an NPZ or a CSV that read_dataset reads back equal."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.guesses import MISSING
from softmax_gui.data.options import ReadOptions
from softmax_gui.files import FileProblem, shown, spreadsheet_safe
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PARTS = ("train", "validation", "test")


def dataset_npz(data: Dataset) -> bytes:
    """Features, labels, names and all that goes with the rows; no pickle.

    `y` holds places in class_names, or the names themselves where a place could be taken for the
    name of another class: readers try the names first.
    """
    arrays: dict[str, Any] = {
        "X": data.X,
        "y": _label_array(data),
        "class_names": np.array(data.class_names, str),
        "feature_names": np.array(data.feature_names, str),
    }
    for name, values in (
        ("targets", data.targets), ("sample_weight", data.weights), ("parts", data.parts),
        ("image_shape", data.image_shape), ("pixel_range", data.pixel_range),
    ):  # fmt: skip
        if values is not None:
            arrays[name] = np.asarray(values)
    if data.groups is not None:
        arrays["groups"] = np.array(data.groups, str)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def says_names(class_names: Sequence[str]) -> bool:
    """Whether the name of a class is the place of another one, as in ("1", "0")."""
    places = {str(place): place for place in range(len(class_names))}
    return any(places.get(name, place) != place for place, name in enumerate(class_names))


def _label_array(data: Dataset) -> NDArray[Any]:
    """What stands for the class of each row, (n,)."""
    if says_names(data.class_names):
        return np.array(data.class_names, str)[data.labels]
    return data.labels


def dataset_csv(data: Dataset) -> tuple[bytes, ReadOptions]:
    """A table with a header, numbers to the last bit, and how it is to be read.

    Raises:
        FileProblem: a name or weights that a table cannot hold.
    """
    if data.weights is not None:
        raise FileProblem(tr("A table cannot hold the weights of the rows. Write .npz instead."))
    names = list(data.feature_names)
    own = [_free(name, names) for name in _own_names(data)]
    cells = {*(data.groups or ()), *(data.class_names if data.targets is None else ())}
    for name in (*names, *own, *data.class_names, *sorted(cells)):
        if not _survives(name) or (name in cells and name.lower() in MISSING):
            text = tr('The name "{name}" would not survive in a table. Write .npz instead.')
            raise FileProblem(text.format(name=shown(name)))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*names, *own])
    for i, row in enumerate(data.X.tolist()):
        writer.writerow([*map(repr, row), *_own_cells(data, i)])
    return buffer.getvalue().encode(), _needed(data, own)


def _survives(name: str) -> bool:
    """Whether a cell with this text is read as it was written."""
    whole = bool(name) and name == name.strip() and name.isprintable()
    return whole and spreadsheet_safe(name) == name


def _own_names(data: Dataset) -> list[str]:
    beside = [name for name, there in (("group", data.groups), ("split", data.parts))
              if there is not None]  # fmt: skip
    return [*beside, *(data.class_names if data.targets is not None else ("label",))]


def _own_cells(data: Dataset, i: int) -> list[str]:
    beside = [] if data.groups is None else [data.groups[i]]
    if data.parts is not None:
        beside.append(_PARTS[int(data.parts[i])])
    if data.targets is not None:
        return [*beside, *map(repr, data.targets[i].tolist())]
    return [*beside, data.class_names[int(data.labels[i])]]


def _needed(data: Dataset, own: list[str]) -> ReadOptions:
    at = (data.groups is not None) + (data.parts is not None)
    soft = data.targets is not None
    return ReadOptions(
        label_column=None if soft else own[at],
        target_columns=tuple(own[at:]) if soft else (),
        group_column=own[0] if data.groups is not None else None,
        split_column=own[at - 1] if data.parts is not None else None,
        class_order=() if soft else data.class_names,
        header=True,
        delimiter=",",
        decimal=".",
        encoding="utf-8",
        comment="",
        limit_bytes=1 << 62,
    )


def _free(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name
