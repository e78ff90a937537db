"""Save and load a TrainedModel: the format by the name's ending, on loading by the content."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from softmax_gui.export.fields import FORMAT, Contents, model_of
from softmax_gui.export.foreign import Ambiguous, arranged, named
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.onnx_graph import is_onnx, onnx_bytes, onnx_contents
from softmax_gui.export.parity import Parity, certified
from softmax_gui.export.predictor import MARK, predictor_bytes, predictor_contents
from softmax_gui.export.tables import CSV_MARK, csv_bytes, csv_contents, json_bytes, json_contents
from softmax_gui.export.tensors import (
    DESCRIPTION,
    npz_bytes,
    npz_contents,
    safetensors_bytes,
    safetensors_contents,
)
from softmax_gui.export.torch_state import torch_state_bytes
from softmax_gui.files import atomic_write, read_bounded
from softmax_gui.i18n import tr

Writer: TypeAlias = Callable[[TrainedModel], bytes]

# Formats that give every bit back, scaling and weights apart.
FORMATS: dict[str, Writer] = {
    ".safetensors": safetensors_bytes,
    ".npz": npz_bytes,
    ".json": json_bytes,
    ".csv": csv_bytes,
}
# And those for other programs: float32 where that is enough, else float64.
EXPORTS: dict[str, Writer] = {
    **FORMATS,
    ".pt.safetensors": torch_state_bytes,
    ".onnx": onnx_bytes,
    ".py": predictor_bytes,
}
FORMAT_NAMES = {
    ".safetensors": "safetensors", ".npz": "NumPy NPZ", ".json": "JSON", ".csv": "CSV",
    ".pt.safetensors": "PyTorch state_dict", ".onnx": "ONNX", ".py": "Python",
}  # fmt: skip
_PRECISE: dict[str, Writer] = {
    ".pt.safetensors": partial(torch_state_bytes, dtype="float64"),
    ".onnx": partial(onnx_bytes, dtype="float64"),
}
_ZIP = b"PK\x03\x04"
_NPZ_STARTS = (b"weight.npy", b"coef_.npy", b"kernel.npy", f"{DESCRIPTION}.npy".encode())
_BEFORE_TEXT = b"\xef\xbb\xbf \t\r\n"  # a byte order mark, blanks
LIMIT_BYTES = 2 << 30  # of a weights file; 1,000 classes of 100,000 features take 0.8 GB


def ending_of(path: Path) -> str:
    """The ending of a weights file's name, in small letters: ".onnx", ".pt.safetensors"."""
    name = path.name.lower()
    return next((e for e in (".pt.safetensors",) if name.endswith(e)), path.suffix.lower())


def save_model(
    model: TrainedModel,
    path: Path,
    *,
    ending: str | None = None,
    test_inputs: np.ndarray | None = None,
    verify: bool = True,
) -> Parity | None:
    """Writes the model whole or not at all, after another program has read it and agreed.

    Args:
        model: the model.
        path: the file to make or replace.
        ending: one of EXPORTS; None takes that of the name.
        test_inputs: (n, d) in the data's units, for the certificate, for example rows of the
            validation part; others are drawn besides, see parity.py.
        verify: whether to have it read back in a process of its own, which takes about 0.5 s.

    Returns:
        The certificate, which the file's description has too as "parity"; None without one.

    Raises:
        ModelProblem: an unknown ending, a package that is missing, or probabilities that differ.
        FileProblem: the file could not be written; an old file of that name is as it was.
    """
    ending = ending_of(path) if ending is None else ending
    writer = EXPORTS.get(ending)
    if writer is None:
        message = tr("{name}: unknown ending. Use one of {known}.")
        raise ModelProblem(message.format(name=path.name, known=", ".join(EXPORTS)))
    plain = replace(model, parity=None)
    if not verify:
        atomic_write(path, writer(plain))
        return None
    try:
        data, parity = certified(plain, writer, ending, test_inputs)
    except ModelProblem:  # it differs, or a number is too large for float32
        if ending not in _PRECISE:
            raise
        data, parity = certified(plain, _PRECISE[ending], ending, test_inputs)
    atomic_write(path, data)
    return parity


def load_model(
    path: Path, *, orientation: str | None = None, features: int | None = None
) -> TrainedModel:
    """The model in a file, recognised by its content; nothing in the file is ever run.

    Args:
        path: one of EXPORTS, or weights of another program, see foreign.py.
        orientation: "(q, d)" or "(d, q)", the answer to an Ambiguous.
        features: d of the data at hand: tells rows from columns, and lets any CSV table in.

    Raises:
        Ambiguous: the rows could be classes or features; call again with an orientation.
        ModelProblem: damaged, pickled or no model; the sentence names the file.
        FileProblem: the file could not be read.
    """
    data = read_bounded(path, LIMIT_BYTES)
    foreign = orientation is not None or features is not None
    try:
        contents = _contents(data, foreign=foreign)
        if _is_ours(contents, foreign=foreign):
            return model_of(*named(contents))
        return model_of(*arranged(contents, orientation=orientation, features=features))
    except Ambiguous as question:
        raise Ambiguous(question.shape, path.name) from None
    except ModelProblem as problem:
        message = tr("{name} holds no usable weights. {problem}")
        raise ModelProblem(message.format(name=path.name, problem=problem)) from problem


def format_of(head: bytes) -> str | None:
    """The format whose weights begin with these bytes, as an ending without its dot; or None."""
    if head[:4] == _ZIP:
        # Ours begins with the description, which may be long; another program's with an array.
        return "npz" if any(name in head for name in _NPZ_STARTS) else None
    if _is_safetensors(head):
        return "safetensors"
    if head.startswith(MARK):
        return "py"
    if is_onnx(head):
        return "onnx"
    text = head.lstrip(_BEFORE_TEXT)
    if text.startswith(CSV_MARK.encode()):
        return "csv"
    return "json" if text.startswith(b"{") else None


def _is_ours(contents: Contents, *, foreign: bool) -> bool:
    """Whether "weight" is (q, d): we wrote it, or nothing speaks against it."""
    arrays, description = contents
    if description.get("format") == FORMAT:
        return True
    weight, bias = arrays.get("weight"), arrays.get("bias")
    if foreign or weight is None or weight.ndim != 2:
        return False
    return bias is None or bias.shape == weight.shape[:1]


def _contents(data: bytes, *, foreign: bool) -> Contents:
    if not data:
        raise ModelProblem(tr("It is empty."))
    if data[:4] == _ZIP:
        if b"/data.pkl" in data[:4096]:
            raise ModelProblem(_pickled())
        return npz_contents(data, LIMIT_BYTES)
    if _is_safetensors(data):  # first: a header of 640 bytes begins as a pickle does
        return safetensors_contents(data)
    if data[:2] in {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"}:
        raise ModelProblem(_pickled())
    if data.startswith(MARK):
        return predictor_contents(data)
    if is_onnx(data):
        return onnx_contents(data)
    start = data.lstrip(_BEFORE_TEXT)[:1]
    if start in {b"{", b"["}:
        return json_contents(data)
    if b"\0" in data[:4096] and not data.startswith(CSV_MARK.encode()):
        raise ModelProblem(tr("It is none of {known}.").format(known=", ".join(EXPORTS)))
    return csv_contents(data, foreign=foreign)


def _pickled() -> str:
    return tr(
        "It is a Python pickle, which can run code, so it is never opened."
        " Save the weights as safetensors instead."
    )


def _is_safetensors(data: bytes) -> bool:
    length = int.from_bytes(data[:8], "little")
    if not 2 <= length <= 100_000_000 or data[8:9] != b"{":
        return False
    if len(data) < 8 + length:
        return True  # cut off: the reader will say so
    try:
        return isinstance(json.loads(data[8 : 8 + length]), dict)
    except (ValueError, RecursionError):
        return True  # a damaged header
