"""NPZ: arrays by name, each looked at by its header before memory is taken; never a pickle."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.dataset import (
    Dataset,
    Floats,
    feature_names,
    look_at_numbers,
    read_only,
)
from softmax_gui.data.guesses import pixel_range_of, to_classes
from softmax_gui.data.npy import Header, read_header
from softmax_gui.data.targets import checked_targets
from softmax_gui.files import FileProblem, shown, size_text
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LIMIT_BYTES = 512 << 20  # of one array once it is float64 or text; MNIST takes 376 MB

_PAIRS = (
    ("X", "y"),
    ("x", "y"),
    ("data", "target"),
    ("images", "labels"),
    ("x_train", "y_train"),
)
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,  # encrypted, or packed in a way zipfile does not know
    ValueError,
)


def read_archive(file: str, data: bytes) -> Dataset:
    """Features and labels under one of the usual pairs of names.

    X may be (n, d) or pictures (n, height, width), y the labels (n,) or the probabilities of the
    classes (n, q); class_names, feature_names, image_shape, pixel_range and sample_weight are
    used where they are there.

    Raises:
        FileProblem: damaged, pickled, too large, or no such pair.
    """
    archive = _Archive(file, data)
    features_key, labels_key = archive.keys(_PAIRS)
    X, image_shape = archive.rows(features_key)
    targets = archive.targets(labels_key, len(X))
    if targets is None:
        labels, class_names = archive.classes(labels_key, len(X))
    else:
        labels, class_names = targets.argmax(axis=1), archive.names_of(labels_key, targets)
    names = archive.texts("feature_names")
    return Dataset(
        name=file,
        X=X,
        labels=labels,
        class_names=class_names,
        feature_names=feature_names(X.shape[1]) if names is None else names,
        image_shape=image_shape,
        pixel_range=archive.pixel_range(X) if image_shape and X.size else None,
        notes=archive.notes(features_key, labels_key, targets),
        targets=targets,
        weights=archive.numbers("sample_weight"),
    )


def read_archive_rows(file: str, data: bytes) -> tuple[Floats, list[str] | None]:
    """Rows for a model, X (n, d), and the names of their n labels if there are any.

    Raises:
        FileProblem: damaged, pickled, too large, or no features.
        ValueError: a number that is not finite.
    """
    archive = _Archive(file, data)
    features_key, *labels_keys = archive.keys((*_PAIRS, *((key,) for key, _ in _PAIRS)))
    X, _ = archive.rows(features_key)
    X = read_only(X, np.float64)
    look_at_numbers(X, feature_names(X.shape[1]))
    if not labels_keys:
        return X, None
    targets = archive.targets(labels_keys[0], len(X))
    if targets is not None:
        names, labels = archive.names_of(labels_keys[0], targets), targets.argmax(axis=1)
        checked_targets(targets, labels, names)
        return X, [names[label] for label in labels.tolist()]
    texts = archive.labels(labels_keys[0], len(X))
    class_names = archive.texts("class_names")
    if class_names is None:
        return X, texts
    labels = archive.positions(labels_keys[0], texts, class_names)
    return X, [class_names[label] for label in labels.tolist()]


class _Archive:
    """A ZIP file of arrays; nothing is unpacked by name, no declared size is believed."""

    def __init__(self, file: str, data: bytes) -> None:
        self.file = file
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _DAMAGE as error:
            raise self._damaged() from error
        self._names = [name.removesuffix(".npy") for name in self._zip.namelist()]

    def keys(self, choices: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
        """The first of these choices whose names are all there."""
        for names in choices:
            if set(names) <= set(self._names):
                return names
        if any(name.endswith(".pkl") for name in self._names):
            raise FileProblem(pickle_sentence(self.file))
        if "xl/workbook.xml" in self._names:
            text = tr("{file} is a spreadsheet. Save it as CSV and open that.")
            raise self._problem(text)
        text = tr(
            "{file} holds {names}, but no features and labels under the names X and y. "
            "Save them under these names."
        )
        raise self._problem(text, names=shown(", ".join(self._names) or "-", 80))

    def numbers(self, key: str) -> NDArray[Any] | None:
        """The numbers of that name, None if there are none."""
        return self._numbers(key) if key in self._names else None

    def _numbers(self, key: str) -> NDArray[Any]:
        array = self._array(key)
        if array.dtype.kind not in "biuf":
            text = tr("{file}: {key} holds {kind} instead of numbers. Save it as numbers.")
            raise self._problem(text, key=key, kind=array.dtype)
        return array

    def rows(self, key: str) -> tuple[NDArray[Any], tuple[int, int] | None]:
        """The features as (n, d), and the shape of a picture if it says so."""
        X = self._numbers(key)
        if X.ndim == 4 and X.shape[3] == 1:
            X = X[..., 0]
        if X.ndim not in (2, 3):
            text = tr("{file}: {key} has shape {shape}; (n, d) or (n, height, width) is needed.")
            raise self._problem(text, key=key, shape=X.shape)
        if X.ndim == 3:
            return X.reshape(len(X), X.shape[1] * X.shape[2]), (X.shape[1], X.shape[2])
        sides = self._few_numbers("image_shape", 2)
        if sides is None:
            return X, None
        if min(sides) < 1 or sides != [int(side) for side in sides]:
            raise self._problem(tr("{file}: image_shape must hold a height and a width."))
        return X, (int(sides[0]), int(sides[1]))

    def pixel_range(self, X: NDArray[Any]) -> tuple[float, float]:
        """Black and white, stated or guessed."""
        stated = self._few_numbers("pixel_range", 2)
        return pixel_range_of(X) if stated is None else (stated[0], stated[1])

    def classes(self, key: str, n: int) -> tuple[NDArray[Any], tuple[str, ...]]:
        """Labels (n,) and the names of the classes."""
        texts, names = self.labels(key, n), self.texts("class_names")
        labels, found = to_classes(self.file, key, texts) if n else (np.zeros(0, int), ())
        return (labels, found) if names is None else (self.positions(key, texts, names), names)

    def targets(self, key: str, n: int) -> NDArray[Any] | None:
        """Soft or one-hot labels (n, q), None if there are others; whole numbers are 0 or 1."""
        y = self._array(key)
        if y.ndim != 2 or len(y) != n or y.shape[1] < 2 or y.dtype.kind not in "biuf":
            return None
        return y if y.dtype.kind == "f" or ((y == 0) | (y == 1)).all() else None

    def names_of(self, key: str, targets: NDArray[Any]) -> tuple[str, ...]:
        """The classes that the columns of targets (n, q) stand for."""
        names, q = self.texts("class_names"), targets.shape[1]
        if names is not None and len(names) != q:
            text = tr("{file}: {key} has {q} columns, but class_names has {names} names.")
            raise self._problem(text, key=key, q=q, names=len(names))
        return names or tuple(map(str, range(q)))

    def labels(self, key: str, n: int) -> list[str]:
        """The label of each of n rows as a text."""
        y = self._array(key)
        if y.shape == (n, 1):
            y = y[:, 0]
        if y.shape != (n,):
            text = tr("{file}: {n} rows, but {key} has shape {shape}; one label a row is needed.")
            raise self._problem(text, n=n, key=key, shape=y.shape)
        if y.dtype.kind == "f" and all(
            value.is_integer() and abs(value) < 2.0**53 for value in y.astype(float).tolist()
        ):
            y = y.astype(np.int64)
        return self._as_texts(key, y)

    def positions(self, key: str, texts: list[str], names: tuple[str, ...]) -> NDArray[np.int64]:
        """Labels (n,) that are positions in class_names, or names out of it."""
        index = {name: label for label, name in enumerate(names)}
        if not set(texts) <= index.keys():
            index = {str(label): label for label in range(len(names))}
        strange = sorted(set(texts) - index.keys())
        if strange:
            text = tr("{file}: the label {label} in {key} is none of the {q} in class_names.")
            raise self._problem(text, label=shown(strange[0]), key=key, q=len(names))
        return np.array([index[text] for text in texts], np.int64)

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list of names, None if there is none."""
        if key not in self._names:
            return None
        return tuple(self._as_texts(key, self._array(key).ravel()))

    def notes(self, features: str, labels: str, targets: NDArray[Any] | None) -> tuple[str, ...]:
        """What was left aside, and what was taken as what."""
        notes = []
        if features == "x_train" and "x_test" in self._names:
            notes.append(tr("Only x_train and y_train are used; x_test stays aside."))
        if targets is not None:
            text = tr("Each row of {key} is taken as the probabilities of {q} classes.")
            notes.append(text.format(key=labels, q=targets.shape[1]))
        if "sample_weight" in self._names:
            notes.append(tr("The rows count as sample_weight says."))
        return tuple(notes)

    def _as_texts(self, key: str, array: NDArray[Any]) -> list[str]:
        if array.dtype.kind in "iuU":
            return [str(value) for value in array.tolist()]
        if array.dtype.kind == "b":
            return [str(int(value)) for value in array.tolist()]
        if array.dtype.kind == "S":
            return [bytes(value).decode("utf-8") for value in array.tolist()]
        text = tr("{file}: {key} must hold whole numbers or texts, not {kind}.")
        raise self._problem(text, key=key, kind=array.dtype)

    def _few_numbers(self, key: str, count: int) -> list[float] | None:
        if key not in self._names:
            return None
        values = self._numbers(key).astype(float).ravel()
        if len(values) != count or not np.isfinite(values).all():
            text = tr("{file}: {key} must hold {count} numbers.")
            raise self._problem(text, key=key, count=count)
        return [float(value) for value in values]

    def _array(self, key: str) -> NDArray[Any]:
        try:
            with self._zip.open(f"{key}.npy") as stream:
                header = read_header(stream)
                self._look_at(key, header)
                size = header.count * header.dtype.itemsize
                data = stream.read(size)
                if len(data) != size or stream.read(1):
                    raise self._damaged()
        except FileProblem:
            raise
        except (*_DAMAGE, KeyError) as error:
            raise self._damaged() from error
        flat: NDArray[Any] = np.frombuffer(data, header.dtype)
        return flat.reshape(header.shape, order="F" if header.fortran_order else "C")

    def _look_at(self, key: str, header: Header) -> None:
        """Refuses by what the header says, before the numbers are read."""
        if header.dtype.kind == "O":
            raise FileProblem(pickle_sentence(self.file))
        if header.dtype.kind not in "biufSU" or header.dtype.itemsize == 0:
            text = tr("{file}: {key} holds {kind}, neither numbers nor texts.")
            raise self._problem(text, key=key, kind=header.dtype)
        size = header.count * max(8, header.dtype.itemsize)
        if size > LIMIT_BYTES:
            text = tr(
                "{file}: {key} would take {size} of memory, more than the {limit} it may. "
                "Choose a part of it."
            )
            raise self._problem(text, key=key, size=size_text(size), limit=size_text(LIMIT_BYTES))

    def _damaged(self) -> FileProblem:
        return self._problem(tr("{file} is damaged or cut short. Copy or download it again."))

    def _problem(self, text: str, **values: object) -> FileProblem:
        return FileProblem(text.format(file=self.file, **values))


def pickle_sentence(file: str) -> str:
    """Why a pickle is never opened."""
    text = tr("{file} holds a Python pickle, which could run any program. Save it as plain arrays.")
    return text.format(file=file)
