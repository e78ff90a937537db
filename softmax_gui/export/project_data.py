"""What a project embeds: a small Dataset and drawn examples as NPZ, bit by bit, never a pickle."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from softmax_gui.core.dense import Dense
from softmax_gui.data.archives import Archive
from softmax_gui.data.dataset import Dataset, sealed
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.label_arrays import positions
from softmax_gui.data.npy import read_header
from softmax_gui.data.npy_values import DAMAGE, look_at_header, read_values
from softmax_gui.data.stored import Examples
from softmax_gui.export.datasets import dataset_npz, says_names
from softmax_gui.export.project_records import fitted
from softmax_gui.files import FileProblem
from softmax_gui.i18n import tr

EMBEDDED_BYTES = 8 << 20  # data of more are named by their place and fingerprint
LIMIT_BYTES = 1 << 30  # of memory for all the arrays of one archive
_TEXT_BYTES = 64  # a Python text, besides its characters
_BESIDE = {  # what no array holds, by the types of Dataset's fields
    "name": str, "floor": float | None, "validation_share": float, "notes": tuple[str, ...],
}  # fmt: skip


def embeddable(data: Examples) -> bool:
    """Whether the data are in memory and small enough to go into the project's file."""
    if not isinstance(data, Dataset):
        return False
    arrays = (data.X, data.labels, data.targets, data.weights, data.parts)
    numbers = sum(array.nbytes for array in arrays if array is not None)
    texts = sum(map(_text_bytes, (data.class_names, data.feature_names, data.groups or ())))
    named = says_names(data.class_names) * 4 * data.n * max(map(len, data.class_names))
    return numbers + texts + named <= EMBEDDED_BYTES


def dataset_members(data: Dataset) -> dict[str, bytes]:
    """The files that hold the arrays; what is no array is said by dataset_record."""
    members = {"data.npz": dataset_npz(data)}
    if data.truth is not None:
        members["truth.npz"] = npz(W=np.asarray(data.truth.W), b=np.asarray(data.truth.b))
    return members


def dataset_record(data: Dataset) -> dict[str, Any]:
    """What of a Dataset is no array, in JSON's types."""
    return {name: getattr(data, name) for name in _BESIDE}


def dataset_from(members: Mapping[str, bytes], record: Any) -> Dataset:
    """The Dataset of which the members and the record were made.

    Raises:
        FileProblem, ValueError: it does not fit together, is damaged or too large.
    """
    if not isinstance(record, dict) or record.keys() != _BESIDE.keys():
        raise ValueError(tr("it does not say what its data are"))
    beside = {name: fitted(record[name], hint, name) for name, hint in _BESIDE.items()}
    archive = _opened("data.npz", members)
    X, labels = (_array(archive, key) for key in ("X", "y"))
    class_names = archive.texts("class_names") or ()
    if labels.dtype.kind == "U":  # else places, which no name is looked for behind
        labels = positions(archive.file, "y", labels.ravel().tolist(), class_names)
    shape, limits = (archive.few_numbers(key, 2) for key in ("image_shape", "pixel_range"))
    return Dataset(
        X=sealed(X),
        labels=labels,
        class_names=class_names,
        feature_names=archive.texts("feature_names") or (),
        image_shape=None if shape is None else (int(shape[0]), int(shape[1])),
        pixel_range=None if limits is None else (limits[0], limits[1]),
        truth=_truth_in(members),
        targets=archive.numbers("targets"),
        weights=archive.numbers("sample_weight"),
        groups=archive.texts("groups"),
        parts=archive.numbers("parts"),
        **beside,
    )


def _truth_in(members: Mapping[str, bytes]) -> Dense | None:
    """The softmax regression the rows were drawn from, where there is one."""
    if "truth.npz" not in members:
        return None
    archive = _opened("truth.npz", members)
    return Dense(_array(archive, "W"), _array(archive, "b"))


def drawn_npz(drawn: DrawnSet) -> bytes:
    """Drawn examples; no pickle."""
    return npz(**drawn.to_arrays())


def drawn_from(members: Mapping[str, bytes]) -> DrawnSet:
    """The drawn examples in "drawn.npz".

    Raises:
        FileProblem, ValueError: damaged, too large, or no drawn examples.
    """
    archive = _opened("drawn.npz", members)
    return DrawnSet.from_arrays({name: archive.array(name) for name in archive.names})


def npz(**arrays: np.ndarray) -> bytes:
    """Arrays by name, packed."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    """One array."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def npy_numbers(name: str, content: bytes) -> np.ndarray:
    """The numbers of one .npy member, as float64.

    Raises:
        FileProblem, ValueError: damaged, pickled, or no numbers.
    """
    stream = io.BytesIO(content)
    try:
        header = read_header(stream)
        look_at_header(name, tr("the array"), header, LIMIT_BYTES)
        if header.count * header.dtype.itemsize == len(content) - stream.tell():
            return sealed(read_values(stream, header, dtype=np.float64))
    except FileProblem:
        raise
    except DAMAGE as error:
        raise ValueError(tr("{name} is damaged").format(name=name)) from error
    raise ValueError(tr("{name} is damaged").format(name=name))


def _opened(name: str, members: Mapping[str, bytes]) -> Archive:
    """One of the archives, all its arrays looked at before memory is taken for one."""
    if name not in members:
        raise ValueError(tr("it lacks {name}").format(name=name))
    archive = Archive(name, io.BytesIO(members[name]), LIMIT_BYTES)
    size = 0
    for key in archive.names:
        header = archive.header(key)
        text = _TEXT_BYTES if header.dtype.kind in "SU" else 8
        size += header.count * (header.dtype.itemsize + text)
    if size > LIMIT_BYTES:
        raise ValueError(tr("{name} would take too much memory").format(name=name))
    return archive


def _array(archive: Archive, key: str) -> np.ndarray:
    if key not in archive.names:
        raise ValueError(tr("it lacks {name}").format(name=f"{archive.file}, {key}"))
    return archive.array(key)


def _text_bytes(texts: tuple[str, ...]) -> int:
    """What numpy takes for them: each as long as the longest."""
    return 4 * len(texts) * max(map(len, texts), default=0)
