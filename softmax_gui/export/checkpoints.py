"""Checkpoints as safetensors: all that a run needs to go on bit by bit, and a weights file too."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from softmax_gui.core.dense import Dense
from softmax_gui.export.fields import arrays_of, description_of
from softmax_gui.export.model import TrainedModel
from softmax_gui.export.tensors import DESCRIPTION, in_order
from softmax_gui.files import FileProblem, atomic_write, read_bounded
from softmax_gui.i18n import tr
from softmax_gui.training.checkpoint import Checkpoint
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.course import Best, RunCheckpoint
from softmax_gui.training.devices import Device
from softmax_gui.training.engine import ParameterState
from softmax_gui.training.snapshot import Measurement
from softmax_gui.training.watch import DivergenceWatch

VERSION = 1
STATE = "softmax_gui_checkpoint"  # the key of the JSON text in the metadata
LIMIT_BYTES = 64 << 30
_DAMAGE = (
    safetensors.SafetensorError, ValueError, TypeError, AttributeError, OverflowError,
    RecursionError, struct.error,
)  # fmt: skip
_KIND, _ARRAY, _ITEMS = "@", "array", "items"  # marks of what JSON has no word for
# The only classes that are ever made from a file.
_CLASSES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        RunCheckpoint, Checkpoint, ParameterState, TrainConfig, Device, DivergenceWatch, Best,
        Dense, Measurement,
    )
}  # fmt: skip


def save_checkpoint(path: Path, state: RunCheckpoint, model: TrainedModel) -> None:
    """Writes a checkpoint whole or not at all; as a weights file it is `model`.

    Raises:
        FileProblem: it could not be written; an old file of that name is as it was.
    """
    atomic_write(path, checkpoint_bytes(state, model))


def checkpoint_bytes(state: RunCheckpoint, model: TrainedModel | None) -> bytes:
    """What save_checkpoint writes; without a model it is no weights file."""
    arrays: dict[str, np.ndarray] = {}
    record = {"version": VERSION, "state": to_record(state, "state", arrays)}
    metadata = {STATE: json.dumps(record, ensure_ascii=False)}
    if model is not None:
        metadata[DESCRIPTION] = json.dumps(description_of(model), ensure_ascii=False)
        arrays.update(arrays_of(model))
    return in_order(safetensors.numpy.save(arrays, metadata=metadata), metadata)


def load_checkpoint(path: Path) -> RunCheckpoint:
    """The state that save_checkpoint wrote, bit by bit; nothing in the file is ever run.

    Raises:
        FileProblem: it can't be read, is damaged, or another version of the program wrote it.
    """
    return checkpoint_in(read_bounded(path, LIMIT_BYTES), path.name)


def checkpoint_in(data: bytes, name: str) -> RunCheckpoint:
    """The state in the bytes of a checkpoint of that name.

    Raises:
        FileProblem: it is damaged, or another version of the program wrote it.
    """
    try:
        arrays = safetensors.numpy.load(data)
        length = struct.unpack("<Q", data[:8])[0]
        record = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][STATE])
        version = record["version"]
        if version != VERSION:
            message = tr("it is of version {found}, this program writes {ours}")
            raise ValueError(message.format(found=version, ours=VERSION))
        state = from_record(record["state"], arrays)
        if not isinstance(state, RunCheckpoint):
            raise TypeError(tr("it holds no run"))
    except KeyError as error:
        raise _not_usable(name, tr("it lacks {name}").format(name=error)) from None
    except _DAMAGE as error:
        raise _not_usable(name, str(error)) from None
    return state


def to_record(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """A value in JSON's types; its arrays go into `arrays` under names that begin with `name`.

    Raises:
        TypeError: a value of a class that no checkpoint holds.
    """
    kind = type(value).__name__
    if isinstance(value, np.ndarray):
        # The order in memory decides how BLAS sums, so it is kept.
        turned = value.flags.f_contiguous and not value.flags.c_contiguous
        arrays[name] = np.array(value.T if turned else value, order="C")
        return {_KIND: _ARRAY, "name": name, "turned": turned}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        items = [to_record(item, f"{name}.{i}", arrays) for i, item in enumerate(value)]
        return items if isinstance(value, list) else {_KIND: _ITEMS, "items": items}
    if isinstance(value, Mapping):
        return {key: to_record(item, f"{name}.{key}", arrays) for key, item in value.items()}
    if _CLASSES.get(kind) is not type(value):
        raise TypeError(f"{name} is a {kind}, which no checkpoint holds")
    names = [f.name for f in fields(value)]
    parts = {key: to_record(getattr(value, key), f"{name}.{key}", arrays) for key in names}
    return {_KIND: kind, **parts}


def from_record(record: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The value of which to_record made the record and the arrays.

    Raises:
        KeyError: an array or a field is missing.
        ValueError, TypeError: a class or a field unknown here, or a value out of its range.
    """
    if isinstance(record, list):
        return [from_record(item, arrays) for item in record]
    if not isinstance(record, dict):
        return record
    kind = record.get(_KIND)
    if kind == _ARRAY:
        array = arrays[record["name"]]
        return array.T if record["turned"] else array
    if kind == _ITEMS:
        return tuple(from_record(item, arrays) for item in record["items"])
    parts = {key: from_record(item, arrays) for key, item in record.items() if key != _KIND}
    if kind is None:
        return parts
    if kind not in _CLASSES:
        raise ValueError(tr('it holds a "{kind}", unknown here').format(kind=kind))
    return _made(_CLASSES[kind], parts)


def _made(kind: type[Any], parts: dict[str, Any]) -> Any:
    """An object of one of _CLASSES; a field added since the file was written takes its default."""
    known = {f.name: f.default is MISSING and f.default_factory is MISSING for f in fields(kind)}
    if missing := {name for name, needed in known.items() if needed} - parts.keys():
        raise KeyError(f"{kind.__name__}.{min(missing)}")
    if unknown := parts.keys() - known.keys():
        message = tr('it holds "{name}", unknown here')
        raise ValueError(message.format(name=f"{kind.__name__}.{min(unknown)}"))
    return kind(**parts)


def _not_usable(name: str, reason: str) -> FileProblem:
    message = tr("{name} can't be used to go on: {reason}.")
    return FileProblem(message.format(name=name, reason=reason.strip().rstrip(".")))
