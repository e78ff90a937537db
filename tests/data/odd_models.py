"""Odd and damaged weights files: FAULTS 14, 15, 18, 27 and 28, traps T4 to T6."""

from __future__ import annotations

import json
import pickle
import struct
from typing import Any

import numpy as np

from tests.data.odd_arrays import flood, npz, zipped
from tests.data.odd_files import LYING, MODEL, Loads, Odd, Refused, holding
from tests.data.odd_numpy import Payload, header, lying, npy

W = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
GOOD = Loads(0, 3, 2, ("cat", "dog"))
SAID = {"format": "softmax-gui model 1", "classes": ["cat", "dog"]}


def odd_files() -> list[Odd]:
    """All of them."""
    return [*_tensors(), *_texts(), *_archives()]


def _odd(
    name: str, data: bytes | str, expected: Loads | Refused, limits: str = "usual", **options: Any
) -> Odd:
    if isinstance(expected, Refused):
        expected = Refused(f"^model {name} holds .*({expected.words})")
    return Odd(f"model {name}", holding(data), expected, options, MODEL, limits)


def tensors(described: dict[str, Any], content: bytes, length: int | None = None) -> bytes:
    """A safetensors file with a header of one's own."""
    text = json.dumps(described).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + content


def _weight(start: int = 0, end: int = 48, shape: tuple[int, ...] = (2, 3)) -> dict[str, Any]:
    return {"dtype": "F64", "shape": list(shape), "data_offsets": [start, end]}


def _bias(start: int = 48, end: int = 64) -> dict[str, Any]:
    return {"dtype": "F64", "shape": [2], "data_offsets": [start, end]}


def _tensors() -> list[Odd]:
    body, bias = W.tobytes(), np.array([0.5, -0.5]).tobytes()
    named = {"__metadata__": {"softmax_gui": json.dumps({"classes": ["cat", "dog"]})}}
    both = {**named, "weight": _weight(), "bias": _bias()}
    nan, infinite = W.copy(), W.copy()
    nan[0, 1], infinite[1, 2] = np.nan, -np.inf
    good, damaged = tensors(both, body + bias), Refused("is damaged")
    twice = b'{"weight":%s,"weight":%s}' % ((json.dumps(_weight()).encode(),) * 2)
    nested = b'{"__metadata__":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    return [
        _odd("good.safetensors", good, GOOD),
        _odd("nan.safetensors", tensors(both, nan.tobytes() + bias), Refused("not a finite")),
        _odd("infinite.safetensors", tensors(both, infinite.tobytes() + bias),
             Refused("not a finite")),
        _odd("signalling.safetensors", tensors(
            {"weight": {**_weight(0, 24), "dtype": "F32"}}, b"\0\0\xa0\x7f" * 6),
             Refused("not a finite")),
        _odd("cut.safetensors", good[:-1], damaged),
        _odd("header cut.safetensors", good[:30], Refused("damaged|not JSON")),
        _odd("more.safetensors", good + b"x", damaged),
        _odd("hole.safetensors", tensors({"weight": _weight(), "bias": _bias(56, 72)},
                                         body + bytes(8) + bias), damaged),
        _odd("overlap.safetensors", tensors({"weight": _weight(), "bias": _bias(40, 56)},
                                            body + bias), damaged),
        _odd("outside.safetensors", tensors({"weight": _weight(0, 1 << 40, (1 << 37,))}, body),
             damaged, LYING),
        _odd("wraps.safetensors", tensors({"weight": _weight(0, 48, (2**32 - 1,) * 3)}, body),
             damaged, LYING),
        _odd("shape.safetensors", tensors({"weight": _weight(0, 48, (2, 4))}, body), damaged),
        _odd("lying header.safetensors", tensors(both, body + bias, 90_000_000), Refused(
            "damaged|not JSON"), LYING),
        _odd("twice.safetensors", struct.pack("<Q", len(twice)) + twice + body,
             Refused('has "weight" twice')),
        _odd("nested.safetensors", struct.pack("<Q", len(nested)) + nested,
             Refused("not JSON|damaged"), LYING),
        _odd("no weight.safetensors", tensors({"x": _weight()}, body),
             Refused('No array "weight"')),
        _odd("three biases.safetensors", tensors(
            {"weight": _weight(), "bias": {**_bias(48, 80), "shape": [4]}}, body + bytes(32)),
             Refused("4 biases fit neither")),
        _odd("three axes.safetensors", tensors({"weight": _weight(0, 48, (1, 2, 3))}, body),
             Refused("shape \\(1, 2, 3\\)")),
    ]  # fmt: skip


def _texts() -> list[Odd]:
    def as_json(**more: Any) -> str:
        return json.dumps({**SAID, "weight": W.tolist(), "bias": [0, 1], **more})

    good = as_json()
    table = "class,bias,a,b,c\ncat,0,1,2,3\ndog,1,4,5,6\n"
    return [
        _odd("good.json", good, GOOD),
        _odd("good.csv", table, GOOD),
        _odd("with mark.json", b"\xef\xbb\xbf" + good.encode(), GOOD),
        _odd("1e999.json", good.replace("6.0", "1e999"), Refused("not a finite")),
        _odd("nan.json", good.replace("6.0", "NaN"), Refused("not a finite")),
        _odd("twice.json", good[:-1] + ', "weight": [[1, 2, 3], [4, 5, 6]]}', Refused("twice")),
        _odd("nested.json", '{"weight": ' + "[" * 100_000, Refused("not JSON"), LYING),
        _odd("a list.json", "[1, 2]", Refused("not a JSON object")),
        _odd("cut.json", good[:-9], Refused("not JSON")),
        _odd("ragged.json", as_json(weight=[[1, 2], [3]]), Refused("not a table of numbers")),
        _odd("words.json", as_json(weight=[["a", "b"]]), Refused("not a table of numbers")),
        _odd("long number.json", good.replace("6.0", "9" * 5_000), Refused("not JSON|not a tab")),
        _odd("three names.json", as_json(classes=["a", "b", "c"]), Refused("3 class names, 2")),
        _odd("half a character.json", as_json(classes=["a", "\ud800"]), Refused("half a char")),
        _odd("names no list.json", as_json(classes={"a": 1}), Refused("not a list of names")),
        _odd("empty.json", "", Refused("It is empty")),
        _odd("word.csv", table.replace("5", "x"), Refused('row 3, column b: "x" is not a number')),
        _odd("under_line.csv", table.replace("5", "1_0"), Refused("row 3, column b")),
        _odd("other digits.csv", table.replace("5", "١"), Refused("row 3, column b")),
        _odd("nan.csv", table.replace("5", "nan"), Refused("not a finite")),
        _odd("cell too few.csv", table.replace(",5", ""), Refused("row 3: 4 columns, 5")),
        _odd("quote.csv", table + '"bird,1,2,3\n', Refused("table can't be read|row 4")),
        _odd("a table of data.csv", "a,b,y\n1,2,cat\n", Refused('the columns "class" and "bias"')),
        _odd("noise.safetensors", bytes(range(256)) * 9, Refused("")),
    ]  # fmt: skip


def _archives() -> list[Odd]:
    held = npy(np.array([[Payload(), 1.0]], object))
    body = W.tobytes()
    pickled, y = Refused("pickle"), np.array(["cat", "dog"])
    zeros = flood((300_000, 1_000), name="weight")
    sizes = lying(header("(1000000000, 3)"), body)
    return [
        _odd("good.npz", npz(weight=W, bias=np.zeros(2), classes=y), GOOD),
        _odd("transposed.npz", npz(W=W.T, b=np.zeros(2), classes=y), GOOD),
        _odd("either.npz", npz(W=W, classes=y), Refused("Say which")),
        _odd("either said.npz", npz(W=W.T, classes=y), GOOD, orientation="(d, q)"),
        _odd("other data.npz", npz(W=W, b=np.zeros(2)), Refused("2 x 3; the data have 7"),
             features=7),
        _odd("sklearn.npz", npz(coef_=W, intercept_=np.zeros(2), classes_=y), GOOD),
        _odd("nan.npz", npz(weight=W * np.nan, bias=np.zeros(2)), Refused("not a finite")),
        _odd("texts.npz", npz(weight=W.astype(str), bias=np.zeros(2)), Refused("type <U32")),
        _odd("empty.npz", npz(weight=np.zeros((0, 3)), bias=np.zeros(0)), Refused("empty")),
        _odd("cut.npz", npz(weight=W)[:-9], Refused("damaged")),
        _odd("objects.npz", zipped({"weight.npy": held}), Refused("damaged|pickle"), LYING),
        _odd("lying.npz", zipped({"weight.npy": sizes}), Refused("more than is there"), LYING),
        _odd("up.npz", zipped({"../../weight.npy": npy(W)}), Refused('No array "weight"')),
        Odd("model flood.npz", zeros, Refused("^model flood.npz holds .* larger than"),
            kind=MODEL),
        _odd("torch.pt", zipped({"archive/data.pkl": pickle.dumps(Payload())}), pickled),
        _odd("old.pt", pickle.dumps(Payload(), 2), pickled),
        _odd("joblib.pkl", pickle.dumps(Payload(), 4), pickled),
    ]  # fmt: skip
