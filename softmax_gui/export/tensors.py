"""Weights as safetensors (the default) and NPZ: binary, exact, without code in the file."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from softmax_gui.data.npy import read_header
from softmax_gui.export.fields import Contents, arrays_of, description_of, parsed_description
from softmax_gui.export.foreign import CLASS_NAMES
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.files import shown
from softmax_gui.i18n import tr

DESCRIPTION = "softmax_gui"  # the key of the JSON text, in both formats
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BOOL": "?",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1",
}  # fmt: skip


def safetensors_bytes(model: TrainedModel) -> bytes:
    """A safetensors file: weight (q, d), bias, shift, scale; the description in its metadata."""
    metadata = {DESCRIPTION: json.dumps(description_of(model), ensure_ascii=False)}
    return safetensors.numpy.save(arrays_of(model), metadata=metadata)


def in_order(data: bytes, metadata: Mapping[str, str]) -> bytes:
    """A safetensors file with its metadata in this order: the library's is another each time."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length]) | {"__metadata__": dict(metadata)}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the arrays begin at a multiple of 8
    return b"".join((struct.pack("<Q", len(text)), text, memoryview(data)[8 + length :]))


def safetensors_contents(data: bytes) -> Contents:
    """The arrays of a safetensors file, bfloat16 as float32, and its description, if it has one.

    Raises:
        ModelProblem: damaged; holes and overlaps are.
    """
    try:
        length = struct.unpack("<Q", data[:8])[0]
        header = parsed_description(data[8 : 8 + length])
        library: Any = safetensors  # which has no types
        arrays = dict(map(_tensor, library.deserialize(data)))
        metadata = header.get("__metadata__") or {}
    except ModelProblem:
        raise
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, struct.error) as error:
        raise ModelProblem(tr("It is damaged ({error}).").format(error=error)) from None
    text = metadata.get(DESCRIPTION)
    return arrays, parsed_description(text) if text else {}


def _tensor(item: tuple[str, dict[str, Any]]) -> tuple[str, np.ndarray]:
    name, view = item
    dtype, content = view["dtype"], view["data"]
    if dtype == "BF16":  # the upper half of a float32
        numbers = (np.frombuffer(content, np.uint16).astype(np.uint32) << 16).view(np.float32)
    elif dtype in _DTYPES:
        numbers = np.frombuffer(content, _DTYPES[dtype])
    else:
        message = tr('"{name}" has numbers of type {dtype}, unknown here.')
        raise ModelProblem(message.format(name=shown(name), dtype=dtype))
    return name, numbers.reshape(view["shape"])


def npz_bytes(model: TrainedModel) -> bytes:
    """An NPZ file: the arrays of the safetensors file, and the description as one text."""
    buffer = io.BytesIO()
    description = np.array(json.dumps(description_of(model), ensure_ascii=False))
    np.savez(buffer, allow_pickle=False, **{DESCRIPTION: description}, **arrays_of(model))
    return buffer.getvalue()


def npz_contents(data: bytes, limit_bytes: int) -> Contents:
    """The arrays of an NPZ file and its description; pickles are refused, sizes looked at first.

    Raises:
        ModelProblem: damaged, pickled, or larger unpacked than `limit_bytes`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > limit_bytes:
                message = tr("Unpacked it is larger than {limit:,} bytes.")
                raise ModelProblem(message.format(limit=limit_bytes))
            arrays = {
                name.removesuffix(".npy"): _member(name.removesuffix(".npy"), archive.read(name))
                for name in archive.namelist()
            }
    except ModelProblem:
        raise
    except Exception as error:  # noqa: BLE001 - numpy and zipfile raise whatever the bytes provoke
        raise ModelProblem(tr("It is damaged ({error}).").format(error=error)) from None
    text = arrays.pop(DESCRIPTION, None)
    return arrays, parsed_description(str(text)) if text is not None else {}


def npy_array(content: bytes) -> np.ndarray:
    """The array in an .npy file, whose header is held to the bytes before memory is taken.

    Raises:
        ValueError: damaged, pickled, or a header that speaks of more than is there.
    """
    with io.BytesIO(content) as stream:
        header = read_header(stream)
        if header.count * header.dtype.itemsize > len(content) - stream.tell():
            raise ValueError(tr("its header speaks of more than is there"))
        stream.seek(0)
        array: np.ndarray = np.load(stream, allow_pickle=False)
    return array


def _member(name: str, content: bytes) -> np.ndarray:
    try:
        return npy_array(content)
    except ValueError as error:
        if name in CLASS_NAMES and "pickle" in str(error):
            message = tr(
                'Its "{name}" is a Python pickle, which is never opened. Save it as text:'
                " {name}=model.classes_.astype(str)."
            )
            raise ModelProblem(message.format(name=name)) from None
        raise
