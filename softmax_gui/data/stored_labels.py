"""The labels of stored rows: the classes in them, and each row's in the fewest bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.options import unwatched
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from softmax_gui.data.options import Watch
    from softmax_gui.data.stored_rows import NpyArray

_CHUNK = 1 << 22  # labels in memory at a time: 1e9 rows have 8 GB of them
_COUNTED = 1 << 20  # whole numbers from a range so narrow are counted, not sorted
_MANY_CLASSES = 20  # above this, numbers may be a quantity and are looked at twice
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


@dataclass(frozen=True, eq=False)
class LabelArray:
    """Labels in memory that are read like those of an NpyArray."""

    name: str
    values: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """(n,) or (n, 1)."""
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Numbers or texts."""
        return self.values.dtype

    @property
    def row_bytes(self) -> int:
        """Of a label."""
        return self.values.dtype.itemsize

    def __len__(self) -> int:
        return len(self.values)

    def read(self, start: int, stop: int, out: NDArray[Any]) -> None:
        """Fills `out` with the labels start to stop - 1."""
        out[:] = self.values[start:stop].reshape(out.shape)


def read_labels(
    arrays: Sequence[NpyArray | LabelArray],
    class_names: Sequence[str] | None = None,
    watch: Watch = unwatched,
) -> tuple[NDArray[np.unsignedinteger[Any]], tuple[str, ...]]:
    """The labels (n,) of all files, one after the other, and the class names.

    Args:
        arrays: (n_i,) or (n_i, 1) each: whole numbers, also as floats, or texts.
        class_names: None takes what is found, sorted; else labels are positions in these names,
            or texts out of them.
        watch: told the share done, chunk by chunk; may end it.

    Returns:
        Labels in the narrowest unsigned type that holds q - 1, and the q names.

    Raises:
        FileProblem: one class, a quantity, fractions, or a label that is none of class_names.
    """
    for array in arrays:
        _look_at_array(array)
    n = sum(map(len, arrays))
    found, filled = [], 0
    for array in arrays:
        for chunk in _chunks(array):
            found.append(_different(chunk))
            filled += len(chunk)
            watch(filled / (2 * n))
    values = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    names, at = _classes(arrays[0].name, values, n, class_names)
    labels = np.empty(n, np.min_scalar_type(max(1, len(names) - 1)))
    filled = 0
    for array in arrays:
        for chunk in _chunks(array):
            labels[filled : filled + len(chunk)] = _positions(chunk, values, at)
            filled += len(chunk)
            watch(0.5 + filled / (2 * n))
    return labels, names


def _different(chunk: NDArray[Any]) -> NDArray[Any]:
    """The labels that come in a chunk, each once."""
    if chunk.dtype.kind == "i" and int(chunk.max()) - (low := int(chunk.min())) < _COUNTED:
        return np.flatnonzero(np.bincount(chunk - low)) + low
    return np.unique(chunk)


def _chunks(array: NpyArray | LabelArray) -> Iterator[NDArray[Any]]:
    """The labels of a file as int64 or texts."""
    step = max(1, _CHUNK * 8 // max(8, array.row_bytes))
    for start in range(0, len(array), step):
        raw = np.empty(min(step, len(array) - start), array.dtype)
        array.read(start, start + len(raw), raw)
        yield _plain(array, start, raw)


def _plain(array: NpyArray | LabelArray, start: int, raw: NDArray[Any]) -> NDArray[Any]:
    if raw.dtype.kind == "S":
        try:
            return np.char.decode(raw, "utf-8")
        except UnicodeDecodeError as error:
            text = tr("{file}: a label is no UTF-8 text. Save the labels as numbers or as texts.")
            raise FileProblem(text.format(file=array.name)) from error
    if raw.dtype.kind == "U":
        return raw
    with np.errstate(invalid="ignore"):  # what is no whole number is found right below
        whole = raw.astype(np.int64)
    strange = np.flatnonzero(whole.astype(raw.dtype) != raw)
    if len(strange):
        row = int(strange[0])
        text = tr("{file}, row {row:,}: the label {label} is no whole number.")
        raise FileProblem(text.format(file=array.name, row=start + row + 1, label=raw[row]))
    return whole


def _classes(
    file: str, values: NDArray[Any], n: int, class_names: Sequence[str] | None
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The names, and for each of these values its position among them."""
    texts = [str(value) for value in values.tolist()]
    if class_names is None:
        _look_at_classes(file, texts, n, numbers=values.dtype.kind == "i")
        order = np.arange(len(texts))
        if all(map(_WHOLE.fullmatch, texts)):
            order = np.array(sorted(order, key=lambda i: (int(texts[i]), texts[i])))
        at = np.empty(len(texts), np.int64)
        at[order] = np.arange(len(texts))
        return tuple(texts[i] for i in order), at
    index = {name: label for label, name in enumerate(class_names)}
    if not set(texts) <= index.keys():
        index = {str(label): label for label in range(len(class_names))}
    strange = [text for text in texts if text not in index]
    if strange:
        text = tr("{file}: the label {label} is none of the {q} classes.")
        problem = text.format(file=file, label=shown(strange[0]), q=len(class_names))
        raise FileProblem(problem)
    return tuple(class_names), np.array([index[text] for text in texts], np.int64)


def _positions(
    chunk: NDArray[Any], values: NDArray[Any], at: NDArray[np.int64]
) -> NDArray[np.int64]:
    same = np.arange(len(values))
    if values.dtype.kind == "i" and np.array_equal(values, same) and np.array_equal(at, same):
        return chunk  # as they mostly are: 0 to q - 1
    return at[np.searchsorted(values, chunk)]


def _look_at_array(array: NpyArray | LabelArray) -> None:
    if array.shape not in {(len(array),), (len(array), 1)}:
        text = tr("{file} has shape {shape}; one label a row is needed.")
        raise FileProblem(text.format(file=array.name, shape=array.shape))


def _look_at_classes(file: str, texts: list[str], n: int, *, numbers: bool) -> None:
    if len(texts) == 1:
        text = tr('{file}: all {n:,} rows have the label "{name}". Two classes or more are needed.')
        raise FileProblem(text.format(file=file, n=n, name=shown(texts[0])))
    if numbers and len(texts) > _MANY_CLASSES and 2 * len(texts) > n:
        text = tr(
            "{file}: {count:,} different numbers in {n:,} rows look like a quantity, not a class."
        )
        raise FileProblem(text.format(file=file, count=len(texts), n=n))
