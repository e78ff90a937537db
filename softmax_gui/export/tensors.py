"""Weights as safetensors (the default) and NPZ: binary, exact, without code in the file."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import numpy as np
import safetensors
import safetensors.numpy

from softmax_gui.export.fields import arrays_of, description_of, model_of, parsed_description
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.i18n import tr

DESCRIPTION = "softmax_gui"  # the key of the JSON text, in both formats


def safetensors_bytes(model: TrainedModel) -> bytes:
    """A safetensors file: weight (q, d), bias, shift, scale; the description in its metadata."""
    metadata = {DESCRIPTION: json.dumps(description_of(model), ensure_ascii=False)}
    return safetensors.numpy.save(arrays_of(model), metadata=metadata)


def from_safetensors(data: bytes) -> TrainedModel:
    """The model in a safetensors file; one without our description gets plain names.

    Raises:
        ModelProblem: damaged, or no weights in it.
    """
    try:
        arrays = safetensors.numpy.load(data)
        length = struct.unpack("<Q", data[:8])[0]
        metadata = json.loads(data[8 : 8 + length]).get("__metadata__", {})
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelProblem(tr("It is damaged ({error}).").format(error=error)) from None
    text = metadata.get(DESCRIPTION)
    return model_of(arrays, parsed_description(text) if text else {})


def npz_bytes(model: TrainedModel) -> bytes:
    """An NPZ file: the arrays of the safetensors file, and the description as one text."""
    buffer = io.BytesIO()
    description = np.array(json.dumps(description_of(model), ensure_ascii=False))
    np.savez(buffer, allow_pickle=False, **{DESCRIPTION: description}, **arrays_of(model))
    return buffer.getvalue()


def from_npz(data: bytes, limit_bytes: int) -> TrainedModel:
    """The model in an NPZ file; pickled arrays are refused, sizes are looked at first.

    Raises:
        ModelProblem: damaged, pickled, larger unpacked than `limit_bytes`, or no weights in it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > limit_bytes:
                message = tr("Unpacked it is larger than {limit:,} bytes.")
                raise ModelProblem(message.format(limit=limit_bytes))
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except ModelProblem:
        raise
    except Exception as error:  # noqa: BLE001 - numpy and zipfile raise whatever the bytes provoke
        raise ModelProblem(tr("It is damaged ({error}).").format(error=error)) from None
    text = arrays.pop(DESCRIPTION, None)
    return model_of(arrays, parsed_description(str(text)) if text is not None else {})
