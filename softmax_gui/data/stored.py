"""Labelled rows that stay on disk, because they are larger than memory: .npy files.

What is taken:

- one file of rows (n, d) or pictures (n, height, width), C order, of floats or integers, and its
  labels: `x-NAME.npy` and `y-NAME.npy`, or any name and `labels.npy` beside it;
- a folder of shards with one labels file each: `x-00001.npy` and `y-00001.npy`, and so on;
- a folder of shards and one `labels.npy` for all, in the order of the shards' names.

Small and capital X and Y are the same; `labels_path` names any other file or folder of labels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from softmax_gui.data.dataset import Dataset, Integers, feature_names
from softmax_gui.data.label_files import label_values
from softmax_gui.data.options import ReadOptions, unwatched
from softmax_gui.data.stored_labels import LabelArray, read_labels
from softmax_gui.data.stored_rows import NpyArray, ShardedRows, memory_text
from softmax_gui.files import FileProblem, read_head, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from softmax_gui.data.options import Watch

_LABELS = "labels.npy"
_NPY = b"\x93NUMPY"
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, eq=False)
class StoredData:
    """Labelled examples on disk; like a Dataset, but for X, which is `rows`.

    Attributes:
        name: of the file or folder.
        rows: (n, d), read when they are asked for.
        labels: (n,), 0 to q - 1, in the narrowest unsigned type.
        class_names: q of them.
        notes: what was found, in sentences.
        validation_share: of the rows, to validate with.
    """

    name: str
    rows: ShardedRows
    labels: NDArray[np.unsignedinteger[Any]]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    validation_share: float = 0.2

    floor = None  # as a Dataset has them
    truth = None
    targets = None
    weights = None
    groups = None
    parts = None

    @property
    def n(self) -> int:
        """Rows."""
        return self.rows.n

    @property
    def d(self) -> int:
        """Features."""
        return self.rows.d

    @property
    def q(self) -> int:
        """Classes."""
        return len(self.class_names)

    @property
    def counts(self) -> Integers:
        """Rows of each class, (q,)."""
        return np.bincount(self.labels, minlength=self.q)

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """x1 to xd."""
        return feature_names(self.d)

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width, where the file holds pictures."""
        sides = self.rows.row_shape
        return (sides[0], sides[1]) if len(sides) == 2 else None

    @property
    def pixel_range(self) -> tuple[float, float] | None:
        """0 and 255 for pictures of bytes; of others black and white are not known."""
        return (0.0, 255.0) if self.image_shape and self.rows.dtype == np.uint8 else None


Examples: TypeAlias = Dataset | StoredData
"""Labelled examples, in memory or on disk."""


def open_stored(
    path: str | os.PathLike[str],
    labels_path: str | os.PathLike[str] | None = None,
    class_names: Sequence[str] | None = None,
    watch: Watch = unwatched,
) -> StoredData:
    """Opens rows that stay on disk: only headers and labels are read.

    Args:
        path: a .npy file or a folder of them; see the head of this module.
        labels_path: a .npy file or a folder of them, or any other file that label_files.py
            reads; None looks by the names.
        class_names: labels are positions in them; None takes the labels that are found, so pass
            them where a part of the rows may lack a class.
        watch: told how many of the labels are read; may end it.

    Raises:
        FileProblem: what is wrong, with the file.
        Cancelled: by the watch.
    """
    path = Path(path)
    x_paths, y_paths = found_files(path, None if labels_path is None else Path(labels_path))
    rows = ShardedRows.open(x_paths)
    y = [labels_in(y_path, rows.n) for y_path in y_paths]
    _look_at_counts(x_paths, y)
    labels, names = read_labels(y, class_names, watch)
    if len(labels) != rows.n:
        text = tr("{file} has {n:,} rows, but there are {labels:,} labels.")
        raise FileProblem(text.format(file=shown(path.name), n=rows.n, labels=len(labels)))
    labels.flags.writeable = False
    return StoredData(shown(path.name), rows, labels, names, (memory_text(rows),))


def is_stored(path: str | os.PathLike[str]) -> bool:
    """Whether open_stored is the way to open it: a .npy file, or a folder with one in it."""
    path = Path(path)
    if path.is_dir():
        return any(path.glob("*.npy"))
    return path.suffix.lower() == ".npy"


def found_files(path: Path, labels_path: Path | None = None) -> tuple[list[Path], list[Path]]:
    """Files of rows and files of labels, by their names.

    Raises:
        FileProblem: none of rows, or of labels.
    """
    if not path.is_dir():
        read_head(path, 1)  # says where there is no such file
    folder = path if path.is_dir() else path.parent
    x_paths = _shards(path) if path.is_dir() else [path]
    if labels_path is not None:
        y_paths = _shards(labels_path) if labels_path.is_dir() else [labels_path]
        x_paths = [x for x in x_paths if x not in y_paths]
    elif (one := folder / _LABELS).exists():
        x_paths, y_paths = [x for x in x_paths if x != one], [one]
    else:
        x_paths, y_paths = _pairs(x_paths)
    if not x_paths:
        text = tr("{folder} holds no .npy file with rows.")
        raise FileProblem(text.format(folder=shown(path.name)))
    if len(y_paths) == 1:
        _look_at_order(x_paths)
    return x_paths, y_paths


def labels_in(path: Path, n: int) -> NpyArray | LabelArray:
    """Labels on disk, or in memory where they are no .npy file.

    Raises:
        FileProblem: they can't be read.
    """
    if read_head(path, len(_NPY)) == _NPY:
        return NpyArray(path)
    return LabelArray(shown(path.name), label_values(path, ReadOptions(), n))


def _pairs(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """x-NAME.npy and y-NAME.npy, for each NAME; files of other names are left aside."""
    x_paths = [path for path in paths if path.name[:1] in "xX"] if len(paths) > 1 else list(paths)
    y_paths = []
    for x in x_paths:
        letters = {"x": "yY", "X": "Yy"}.get(x.name[0], "")
        partner = (x.with_name(letter + x.name[1:]) for letter in letters)
        y = next((y for y in partner if y.exists()), None)
        if y is None:
            text = tr(
                "There are no labels for {file}. Name the files x-….npy and y-….npy, or put "
                "the labels of all rows into {labels}, or choose a labels file."
            )
            raise FileProblem(text.format(file=shown(x.name), labels=_LABELS))
        y_paths.append(y)
    return x_paths, y_paths


def _shards(folder: Path) -> list[Path]:
    """The .npy files in a folder, sorted by name."""
    try:
        files = [file for file in folder.iterdir() if file.suffix.lower() == ".npy"]
    except OSError as error:
        text = tr("The folder {folder} could not be read: {reason}.")
        reason = error.strerror or str(error)
        raise FileProblem(text.format(folder=shown(folder.name), reason=reason)) from error
    return sorted((f for f in files if not f.name.startswith(".")), key=lambda f: f.name)


def _look_at_order(paths: Sequence[Path]) -> None:
    """Refuses shards whose order is one thing to a program and another to people."""
    as_people = sorted(
        paths,
        key=lambda path: _NUMBERS.sub(lambda number: number[0].zfill(20), path.name),
    )
    if as_people != list(paths):
        text = tr(
            "{first} is sorted before {second}, so one file of labels for all could be taken in "
            "the wrong order. Give the numbers in the names the same length."
        )
        culprit = next(i for i, path in enumerate(paths) if path != as_people[i])
        first, second = paths[culprit].name, as_people[culprit].name
        raise FileProblem(text.format(first=shown(first), second=shown(second)))


def _look_at_counts(x_paths: Sequence[Path], y: Sequence[NpyArray | LabelArray]) -> None:
    if len(y) != len(x_paths) or len(y) == 1:
        return  # then only the sums must agree
    for x_path, labels in zip(x_paths, y, strict=True):
        if (n := len(NpyArray(x_path))) != len(labels):
            text = tr("{file} has {n:,} rows, but {other} has {labels:,} labels.")
            raise FileProblem(
                text.format(file=shown(x_path.name), n=n, other=labels.name, labels=len(labels))
            )
