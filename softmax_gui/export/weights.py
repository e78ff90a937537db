"""Save and load a TrainedModel: the format by the name's ending, on loading by the content."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.tables import CSV_MARK, csv_bytes, from_csv, from_json, json_bytes
from softmax_gui.export.tensors import (
    DESCRIPTION,
    from_npz,
    from_safetensors,
    npz_bytes,
    safetensors_bytes,
)
from softmax_gui.files import atomic_write, read_bounded
from softmax_gui.i18n import tr

FORMATS: dict[str, Callable[[TrainedModel], bytes]] = {
    ".safetensors": safetensors_bytes,
    ".npz": npz_bytes,
    ".json": json_bytes,
    ".csv": csv_bytes,
}
_ZIP = b"PK\x03\x04"
_NPZ_START = f"{DESCRIPTION}.npy".encode()
_BEFORE_TEXT = b"\xef\xbb\xbf \t\r\n"  # a byte order mark, blanks
LIMIT_BYTES = 2 << 30  # of a weights file; 1,000 classes of 100,000 features take 0.8 GB


def save_model(model: TrainedModel, path: Path) -> None:
    """Writes the model whole or not at all, in the format that the name's ending says.

    Raises:
        ModelProblem: an unknown ending.
        FileProblem: the file could not be written; an old file of that name is as it was.
    """
    writer = FORMATS.get(path.suffix.lower())
    if writer is None:
        message = tr("{name}: unknown ending. Use one of {known}.")
        raise ModelProblem(message.format(name=path.name, known=", ".join(FORMATS)))
    atomic_write(path, writer(model))


def load_model(path: Path) -> TrainedModel:
    """The model in a file, recognised by its content; nothing in the file is ever run.

    Raises:
        ModelProblem: damaged, pickled or no model; the sentence names the file.
        FileProblem: the file could not be read.
    """
    data = read_bounded(path, LIMIT_BYTES)
    try:
        return _reader(data)(data)
    except ModelProblem as problem:
        message = tr("{name} holds no usable weights. {problem}")
        raise ModelProblem(message.format(name=path.name, problem=problem)) from problem


def format_of(head: bytes) -> str | None:
    """The format whose weights begin with these bytes, as an ending without its dot; or None."""
    if head[:4] == _ZIP:
        # Ours begins with the description, which may be long; another program's with an array.
        return "npz" if any(name in head for name in (b"weight.npy", _NPZ_START)) else None
    if _is_safetensors(head):
        return "safetensors"
    text = head.lstrip(_BEFORE_TEXT)
    if text.startswith(CSV_MARK.encode()):
        return "csv"
    return "json" if text.startswith(b"{") else None


def _reader(data: bytes) -> Callable[[bytes], TrainedModel]:
    if not data:
        raise ModelProblem(tr("It is empty."))
    if data[:4] == _ZIP:
        if b"/data.pkl" in data[:4096]:
            raise ModelProblem(_pickled())
        return lambda content: from_npz(content, LIMIT_BYTES)
    if data[:2] in {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"}:
        raise ModelProblem(_pickled())
    if _is_safetensors(data):
        return from_safetensors
    start = data.lstrip(_BEFORE_TEXT)[:1]
    if start in {b"{", b"["}:
        return from_json
    if b"\0" in data[:4096]:
        raise ModelProblem(tr("It is none of {known}.").format(known=", ".join(FORMATS)))
    return from_csv


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
