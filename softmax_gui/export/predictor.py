"""A model as one Python file that predicts with numpy alone.

Names of any content and all arrays stand in five lines, as JSON and base64 between quotes; the
rest is the same to the letter in every predictor, which is how one is known before it is run.
"""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np

from softmax_gui.export.fields import Contents, arrays_of, description_of, parsed_description
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.predictor_text import HEAD, MARK, NAMES, TAIL
from softmax_gui.export.tensors import npy_array
from softmax_gui.i18n import tr

__all__ = ["MARK", "is_predictor", "predictor_bytes", "predictor_contents"]
_LINE = re.compile(rb'([A-Z]+) = ("(?:[^"\\\r\n]|\\["\\])*")')
_DATA = re.compile(
    rb'(?:[A-Z]+ = "(?:[ !#-\[\]-\x7f]|\\["\\])*"\n)+'
)  # plain ASCII, no other escape


def predictor_bytes(model: TrainedModel) -> bytes:
    """The text of a predictor: `python predictor.py rows.csv`, or import it."""
    texts = {"DESCRIPTION": json.dumps(description_of(model))}  # ASCII, so repr adds no escape
    texts |= {name.upper(): _base64(array) for name, array in arrays_of(model).items()}
    # Of JSON only quotes and backslashes need a backslash, which Python reads the same.
    lines = [f"{name} = {json.dumps(texts[name])}\n" for name in NAMES]
    return (HEAD + "".join(lines) + TAIL).encode()


def predictor_contents(data: bytes) -> Contents:
    """The arrays and the description in a predictor, which is read and never run.

    Raises:
        ModelProblem: a line of data is missing or damaged.
    """
    found = {
        match[1].decode(): match[2] for match in map(_LINE.fullmatch, data.split(b"\n")) if match
    }
    if missing := [name for name in NAMES if name not in found]:
        message = tr("It lacks its line {name}: it is cut off or was changed.")
        raise ModelProblem(message.format(name=missing[0]))
    try:
        texts = {name: str(json.loads(found[name])) for name in NAMES}
        arrays = {name.lower(): _array(texts[name]) for name in NAMES[1:]}
    except Exception as error:  # noqa: BLE001 - numpy raises whatever the bytes provoke
        raise ModelProblem(tr("It is damaged ({error}).").format(error=error)) from None
    return arrays, parsed_description(texts["DESCRIPTION"])


def is_predictor(data: bytes) -> bool:
    """Whether a file is a predictor as we write it, to the letter: only such a one may be run."""
    head, tail = HEAD.encode(), TAIL.encode()
    if not (data.startswith(head) and data.endswith(tail)):
        return False
    middle = data[len(head) : len(data) - len(tail)]
    names = [line.partition(b" ")[0].decode() for line in middle.split(b"\n")[:-1]]
    return tuple(names) == NAMES and _DATA.fullmatch(middle) is not None


def _base64(array: np.ndarray) -> str:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return base64.b64encode(buffer.getvalue()).decode()


def _array(text: str) -> np.ndarray:
    return npy_array(base64.b64decode(text, validate=True))
