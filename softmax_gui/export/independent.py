"""A second reader of exported weights, run in a process of its own; it knows nothing of ours.

    python -I independent.py < questions > answers

A question is a line of JSON with "path", "ending" and "bytes", then so many bytes of inputs (n, d)
as .npy; none asks about the inputs before. An answer is a line of JSON with "reader", "versions"
and "bytes", then the probabilities (n, q) as .npy.
It imports the standard library, numpy and what the file asks for; never the rest of this program,
so that an error in a writer cannot be undone by the same error in its reader.
"""

from __future__ import annotations

import csv
import io
import json
import runpy
import sys
from typing import Any

import numpy as np


def answer(path: str, ending: str, X: np.ndarray) -> tuple[np.ndarray, str, str]:
    """Probabilities (n, q) of X (n, d) by what is in the file, who read it, and its versions."""
    if ending == ".onnx":
        return _by_onnx(path, X)
    if ending == ".py":
        predictor = runpy.run_path(path, run_name="predictor")
        return predictor["probabilities"](X), "the predictor itself", _version(np)
    read = {
        ".safetensors": _safetensors, ".pt.safetensors": _safetensors,
        ".npz": _npz, ".json": _json, ".csv": _csv,
    }[ending]  # fmt: skip
    arrays, kind, reader, versions = read(path)
    return _probabilities(arrays, kind, X), reader, versions


def _safetensors(path: str) -> tuple[dict[str, Any], str, str, str]:
    import safetensors as library  # noqa: PLC0415 - each format needs a reader of its own

    with library.safe_open(path, framework="numpy") as file:
        kind = json.loads(file.metadata()["softmax_gui"])["scaling"]
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    return arrays, kind, "safetensors", f"{_version(library)}, {_version(np)}"


def _npz(path: str) -> tuple[dict[str, Any], str, str, str]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in ("weight", "bias", "shift", "scale")}
        kind = json.loads(str(file["softmax_gui"]))["scaling"]
    return arrays, kind, "numpy", _version(np)


def _json(path: str) -> tuple[dict[str, Any], str, str, str]:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - the smallest reader there is
        value = json.load(file)
    arrays = {name: np.array(value[name], float) for name in ("weight", "bias", "shift", "scale")}
    return arrays, value["scaling"], "json", _python()


def _csv(path: str) -> tuple[dict[str, Any], str, str, str]:
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123 - as above
        value = json.loads(file.readline().split("model ", 1)[1])
        _, *rows = csv.reader(file)
    numbers = np.array([[float(cell) for cell in row[1:]] for row in rows])
    arrays = {"bias": numbers[:, 0], "weight": numbers[:, 1:]}
    arrays |= {name: np.array(value[name], float) for name in ("shift", "scale")}
    return arrays, value["scaling"], "csv", _python()


def _by_onnx(path: str, X: np.ndarray) -> tuple[np.ndarray, str, str]:
    library: Any
    try:
        import onnxruntime  # noqa: PLC0415 - as above

        library = onnxruntime
    except ImportError:
        import onnx  # noqa: PLC0415 - as above

        library = onnx
        from onnx.reference import ReferenceEvaluator  # noqa: PLC0415 - as above

        session: Any = ReferenceEvaluator(path)
        dtype = library.helper.tensor_dtype_to_np_dtype(
            session.input_types_[0].tensor_type.elem_type
        )
        reader = "onnx reference evaluator"
    else:
        settings = library.SessionOptions()
        settings.intra_op_num_threads, settings.log_severity_level = 1, 3
        session = library.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        dtype = np.float64 if "double" in session.get_inputs()[0].type else np.float32
        reader = "onnxruntime"
    with np.errstate(all="ignore"):
        (P,) = session.run(["probabilities"], {"features": X.astype(dtype)})
    return P, reader, f"{_version(library)}, {_version(np)}"


def _probabilities(arrays: dict[str, Any], kind: str, X: np.ndarray) -> np.ndarray:
    if kind == "unit length":
        sizes = np.abs(X).max(axis=1, keepdims=True)
        X = X / np.where(sizes > 0, sizes, 1)
        lengths = np.sqrt((X * X).sum(axis=1, keepdims=True))
        X = X / np.where(lengths > 0, lengths, 1)
    weight = arrays["weight"]
    x = (X - arrays.get("shift", 0.0)) / arrays.get("scale", 1.0)
    z = x.astype(weight.dtype) @ weight.T + arrays["bias"]  # in float32 as a Linear computes
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _version(module: Any) -> str:
    return f"{module.__name__} {module.__version__}"


def _python() -> str:
    return f"Python {sys.version.split()[0]}, {_version(np)}"


def main() -> None:
    """Answers one question after the other, until there are no more."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    X = np.zeros((0, 0))
    while line := questions.readline():
        asked = json.loads(line)
        if asked["bytes"]:
            X = np.load(io.BytesIO(questions.read(asked["bytes"])), allow_pickle=False)
        with np.errstate(all="ignore"):
            P, reader, versions = answer(asked["path"], asked["ending"], X)
        text = io.BytesIO()
        np.save(text, np.asarray(P), allow_pickle=False)
        head = {"reader": reader, "versions": versions, "bytes": len(text.getvalue())}
        answers.write(json.dumps(head).encode() + b"\n" + text.getvalue())
        answers.flush()


if __name__ == "__main__":
    main()
