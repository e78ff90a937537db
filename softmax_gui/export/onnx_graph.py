"""Weights as an ONNX graph: scaling, Gemm, Softmax, and the names of the classes.

It needs the package onnx, which is asked for on demand: nothing else here is protobuf.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from softmax_gui.export.fields import Contents, arrays_of, description_of, parsed_description
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.files import shown, size_text
from softmax_gui.i18n import tr

OPSET, IR_VERSION = 17, 8  # of 2022: read by every runtime since
INPUT, LABEL, PROBABILITIES = "features", "label", "probabilities"
PRODUCER = "softmax-gui"
LIMIT_BYTES = 1_900_000_000  # protobuf takes 2 GiB a message
# After the version: the producer's name or version, the graph, or the operators' version.
_SECOND_FIELDS = frozenset({b"\x12", b"\x1a", b"\x3a", b"\x42"})
_ARRAYS = ("weight", "bias", "shift", "scale")


class OnnxNotAvailable(ModelProblem):
    """The package onnx is not installed or can't be loaded; the sentence says what to do."""


def onnx_bytes(model: TrainedModel, dtype: str = "float32") -> bytes:
    """An ONNX file: features (n, d) in the data's units to label (n,) and probabilities (n, q).

    Each field of the description is an entry of metadata_props, as JSON text.

    Args:
        model: the model.
        dtype: "float32" or "float64", of the features, the weights and the arithmetic.

    Raises:
        OnnxNotAvailable: without the package onnx.
        ModelProblem: a number is too large for the type, the weights for the format, or a name
            can't be told by its readers.
    """
    onnx = _onnx()
    _look_at_names(model.class_names)
    arrays = {name: _as(array, dtype) for name, array in arrays_of(model).items()}
    if not arrays["scale"].all():
        message = tr("A scaling is too small for {dtype}.")
        raise ModelProblem(message.format(dtype=dtype))
    size = sum(array.nbytes for array in arrays.values())
    if size > LIMIT_BYTES:
        message = tr("ONNX takes at most {limit} of weights, these are {size}.")
        limit = size_text(LIMIT_BYTES)
        raise ModelProblem(message.format(limit=limit, size=size_text(size)))
    graph = _graph(onnx, model, arrays)
    opset = onnx.helper.make_opsetid("", OPSET)
    file = onnx.helper.make_model(
        graph, opset_imports=[opset], ir_version=IR_VERSION,
        producer_name=PRODUCER, producer_version=model.version,
    )  # fmt: skip
    fields = {**description_of(model), "dtype": dtype}
    texts = {key: json.dumps(value, ensure_ascii=False) for key, value in fields.items()}
    onnx.helper.set_model_props(file, texts)
    onnx.checker.check_model(file)
    content: bytes = file.SerializeToString()
    return content


def _look_at_names(class_names: tuple[str, ...]) -> None:
    """Refuses a name that runtimes would cut, as they hold texts up to a zero character."""
    for place, name in enumerate(class_names, 1):
        if "\0" in name:
            message = tr(
                'The name "{name}" of class {place} holds a zero character, which no ONNX file can '
                "hold. Rename the class, or choose another format."
            )
            raise ModelProblem(message.format(name=shown(name), place=place))


def onnx_contents(data: bytes) -> Contents:
    """The arrays and the description in an ONNX file that onnx_bytes wrote.

    Raises:
        OnnxNotAvailable: without the package onnx.
        ModelProblem: damaged, or another program's graph.
    """
    onnx = _onnx()
    try:
        file = onnx.load_model_from_string(data)
        tensors = [one for one in file.graph.initializer if one.name in _ARRAYS]
        if any(one.data_location == onnx.TensorProto.EXTERNAL for one in tensors):
            raise ModelProblem(tr("Its weights lie in another file."))
        arrays = {one.name: np.asarray(onnx.numpy_helper.to_array(one)) for one in tensors}
        texts = {entry.key: entry.value for entry in file.metadata_props}
    except ModelProblem:
        raise
    except Exception as error:  # noqa: BLE001 - protobuf raises whatever the bytes provoke
        raise ModelProblem(tr("It is damaged ({error}).").format(error=shown(str(error)))) from None
    # A value need not be an object, which parsed_description wants.
    fields = {key: parsed_description(f'{{"value": {texts[key]}}}') for key in texts}
    return arrays, {key: field.get("value") for key, field in fields.items()}


def is_onnx(head: bytes) -> bool:
    """Whether these bytes begin as a model of ours or of the usual programs does."""
    return head[:1] == b"\x08" and head[2:3] in _SECOND_FIELDS


def _graph(onnx: Any, model: TrainedModel, arrays: dict[str, np.ndarray]) -> Any:
    helper, tensor = onnx.helper, onnx.helper.make_tensor_value_info
    number = helper.np_dtype_to_tensor_dtype(arrays["weight"].dtype)
    nodes, constants, x = [], {"weight": arrays["weight"], "bias": arrays["bias"]}, INPUT

    def add(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    if model.per_row:
        constants["tiny"] = np.array(np.finfo(arrays["weight"].dtype).tiny, arrays["weight"].dtype)
        x = _add_unit_length(add, x)
    if arrays["shift"].any():
        constants["shift"] = arrays["shift"]
        x = add("Sub", [x, "shift"], "shifted")
    if (arrays["scale"] != 1.0).any():
        constants["scale"] = arrays["scale"]
        x = add("Div", [x, "scale"], "scaled")
    add("Gemm", [x, "weight", "bias"], "logits", transB=1)
    add("Softmax", ["logits"], PROBABILITIES, axis=1)
    add("ArgMax", ["logits"], "place", axis=1, keepdims=0)
    add("Gather", ["class_names", "place"], LABEL, axis=0)
    d, q = model.dense.d, model.dense.q
    names = [name.encode() for name in model.class_names]
    return helper.make_graph(
        nodes, "softmax_regression",
        [tensor(INPUT, number, ["n", d])],
        [tensor(LABEL, onnx.TensorProto.STRING, ["n"]), tensor(PROBABILITIES, number, ["n", q])],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()]
        + [helper.make_tensor("class_names", onnx.TensorProto.STRING, [q], names)],
    )  # fmt: skip


def _add_unit_length(add: Any, x: str) -> str:
    """Each row by its norm: by its largest number first, whose square could overflow."""
    add("Abs", [x], "sizes")
    add("ReduceMax", ["sizes"], "peak", axes=[1], keepdims=1)
    add("Max", ["peak", "tiny"], "safe_peak")  # a row of zeros stays
    add("Div", [x, "safe_peak"], "bounded")
    add("ReduceL2", ["bounded"], "norm", axes=[1], keepdims=1)
    add("Max", ["norm", "tiny"], "safe_norm")
    return str(add("Div", ["bounded", "safe_norm"], "unit"))


def _as(array: np.ndarray, dtype: str) -> np.ndarray:
    with np.errstate(over="ignore", under="ignore"):
        numbers = array.astype(dtype)
    if not np.isfinite(numbers).all():
        message = tr("A weight is too large for {dtype}.")
        raise ModelProblem(message.format(dtype=dtype))
    return numbers


def _onnx() -> Any:
    try:
        import onnx  # noqa: PLC0415 - an extra
        import onnx.numpy_helper  # noqa: PLC0415 - as above
    except ImportError as error:
        text = tr(
            "ONNX files need the package onnx, which could not be loaded ({error})."
            ' Install it: pip install "softmax-gui[onnx]".'
        )
        raise OnnxNotAvailable(text.format(error=error)) from error
    return onnx
