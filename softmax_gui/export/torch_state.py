"""Weights as the state_dict of a torch.nn.Linear, in a safetensors file: no pickle, no torch."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import safetensors.numpy

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Scaling
from softmax_gui.export.fields import arrays_of, description_of
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.tensors import DESCRIPTION
from softmax_gui.i18n import tr

LAYOUT = "torch state_dict"
ORIENTATION = (
    "weight is (q, d), a row a class, as in torch.nn.Linear, with the scaling folded in:"
    " logits = x @ weight.T + bias with x in the units of the data file"
)
_LOADER = """\
import torch, safetensors.torch
state = safetensors.torch.load_file("model.pt.safetensors")
layer = torch.nn.Linear(*reversed(state["weight"].shape), dtype=state["weight"].dtype)
layer.load_state_dict(state)
probabilities = torch.softmax(layer({x}), dim=1)  # x (n, d), in the units of the data file
"""


def loader_text(model: TrainedModel) -> str:
    """Five lines of Python that make a torch.nn.Linear of the file and use it."""
    x = "torch.nn.functional.normalize(x, eps=1e-30)" if model.per_row else "x"
    return _LOADER.format(x=x)


def torch_state_bytes(model: TrainedModel, dtype: str = "float32") -> bytes:
    """A safetensors file of "weight" (q, d) and "bias" (q,) alone; the rest is metadata.

    Shift and scale are folded into both, so that the layer takes what is in the data file; the
    division by a row's norm, which is not linear, is in the loader.

    Raises:
        ModelProblem: a number is too large for the type.
    """
    folded = _folded(model)
    arrays = {
        name: _as(array, dtype)
        for name, array in arrays_of(folded).items()
        if name in ("weight", "bias")
    }
    metadata = {
        "format": "pt",
        "loader": loader_text(model),
        DESCRIPTION: json.dumps(_description(model, folded), ensure_ascii=False),
    }
    return safetensors.numpy.save(arrays, metadata=metadata)


def _folded(model: TrainedModel) -> TrainedModel:
    """The same model for features as in the data file, or divided by their norm."""
    W, b, scaling = model.dense.W, model.dense.b, model.scaling
    with np.errstate(all="ignore"):
        W_folded = W / scaling.scale[:, None]
        b_folded = b - (scaling.shift / scaling.scale) @ W
    if not (np.isfinite(W_folded).all() and np.isfinite(b_folded).all()):
        raise ModelProblem(tr("With its scaling folded in its weights become too large."))
    kind, d = scaling.kind if model.per_row else "none", model.dense.d
    return TrainedModel(
        dense=Dense(W_folded, b_folded),
        class_names=model.class_names,
        feature_names=model.feature_names,
        scaling=Scaling(np.zeros(d), np.ones(d), kind),
        image_shape=model.image_shape,
        pixel_range=model.pixel_range,
        data=model.data,
        metrics=model.metrics,
        version=model.version,
        parity=model.parity,
    )


def _description(model: TrainedModel, folded: TrainedModel) -> dict[str, Any]:
    scaling = model.scaling
    record = {
        "kind": scaling.kind,
        "shift": scaling.shift.tolist(),
        "scale": scaling.scale.tolist(),
    }
    description = {**description_of(folded), "layout": LAYOUT, "folded_scaling": record}
    if not model.per_row:
        description["orientation"] = ORIENTATION
    return description


def _as(array: np.ndarray, dtype: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        numbers = array.astype(dtype)
    if not np.isfinite(numbers).all():
        message = tr("A weight is too large for {dtype}.")
        raise ModelProblem(message.format(dtype=dtype))
    return numbers
