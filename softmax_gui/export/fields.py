"""The fields every weights format carries, to and from plain arrays and one JSON text."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, TypeAlias, TypeVar

import numpy as np

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Scaling, feature_names
from softmax_gui.export.model import (
    ORIENTATION,
    PIXEL_ORDER,
    UNIT_ORIENTATION,
    ModelProblem,
    TrainedModel,
    unnamed_classes,
)
from softmax_gui.files import shown
from softmax_gui.i18n import tr

FORMAT = "softmax-gui model"

T = TypeVar("T", int, float)
Contents: TypeAlias = tuple[dict[str, np.ndarray], dict[str, Any]]  # arrays, description


def arrays_of(model: TrainedModel) -> dict[str, np.ndarray]:
    """Weight (q, d), bias (q,), shift (d,), scale (d,), all float64."""
    return {
        "weight": np.ascontiguousarray(model.dense.W.T, dtype=np.float64),
        "bias": np.asarray(model.dense.b, dtype=np.float64),
        "shift": np.asarray(model.scaling.shift, dtype=np.float64),
        "scale": np.asarray(model.scaling.scale, dtype=np.float64),
    }


def description_of(model: TrainedModel) -> dict[str, Any]:
    """Everything but the arrays, in JSON's types."""
    return {
        "format": FORMAT,
        "version": model.version,
        "classes": list(model.class_names),
        "features": list(model.feature_names),
        "image_shape": list(model.image_shape) if model.image_shape else None,
        "pixel_order": PIXEL_ORDER if model.image_shape else None,
        "pixel_range": list(model.pixel_range) if model.pixel_range else None,
        "orientation": UNIT_ORIENTATION if model.per_row else ORIENTATION,
        "scaling": model.scaling.kind,
        "data": model.data,
        "metrics": model.metrics,
        "parity": model.parity,
    }


def model_of(arrays: dict[str, np.ndarray], description: dict[str, Any]) -> TrainedModel:
    """The model from its arrays and description; what a foreign file leaves out is filled in.

    Raises:
        ModelProblem: an array is missing, has another shape or is no number; a field of the
            description can't be used.
    """
    weight = _numbers(arrays, "weight", 2)
    q, d = weight.shape
    if not q or not d:
        raise ModelProblem(tr("The weights are empty ({q} x {d}).").format(q=q, d=d))
    bias = _numbers(arrays, "bias", 1) if "bias" in arrays else np.zeros(q)
    if bias.shape != (q,):
        message = tr("{bias} biases for {q} rows of weights.")
        raise ModelProblem(message.format(bias=len(bias), q=q))
    shift = _numbers(arrays, "shift", 1) if "shift" in arrays else np.zeros(d)
    scale = _numbers(arrays, "scale", 1) if "scale" in arrays else np.ones(d)
    try:
        scaling = Scaling(shift, scale, str(description.get("scaling") or "none"))
    except ValueError as error:
        raise ModelProblem(str(error)) from None
    return TrainedModel(
        dense=Dense(np.ascontiguousarray(weight.T), bias),
        class_names=_names(description, "classes") or unnamed_classes(q),
        feature_names=_names(description, "features") or feature_names(d),
        scaling=scaling,
        image_shape=_pair(description, "image_shape", int),
        pixel_range=_pair(description, "pixel_range", float),
        data=str(description.get("data") or ""),
        metrics=_metrics(description),
        version=str(description.get("version") or ""),
        parity=_parity(description),
    )


def parsed_description(text: str | bytes) -> dict[str, Any]:
    """The description from its JSON text.

    Raises:
        ModelProblem: no JSON object, or a name twice in one.
    """
    try:
        value = json.loads(text, object_pairs_hook=_without_repeats)
    except ModelProblem:
        raise
    except (ValueError, RecursionError) as error:  # 100,000 brackets: RecursionError
        raise ModelProblem(
            tr("Its description is not JSON ({error}).").format(error=error)
        ) from None
    if not isinstance(value, dict):
        raise ModelProblem(tr("Its description is not a JSON object."))
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, whose last of two equal names would win in silence."""
    value = dict(pairs)
    if len(value) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ModelProblem(tr('It has "{name}" twice.').format(name=shown(twice)))
    return value


def _parity(description: dict[str, Any]) -> dict[str, Any] | None:
    parity = description.get("parity")
    return parity if isinstance(parity, dict) else None


def _numbers(arrays: dict[str, np.ndarray], name: str, ndim: int) -> np.ndarray:
    if name not in arrays:
        found = ", ".join(sorted(arrays)[:8]) or tr("none")
        message = tr('No array "{name}" (found: {found}).')
        raise ModelProblem(message.format(name=name, found=found))
    array = arrays[name]
    if array.ndim != ndim or array.dtype.kind not in "fiu":
        message = tr('"{name}" has shape {shape} and type {dtype}; wanted: {ndim} axes of numbers.')
        raise ModelProblem(
            message.format(name=name, shape=array.shape, dtype=array.dtype, ndim=ndim)
        )
    with np.errstate(invalid="ignore"):  # a signalling NaN, refused with the others
        return array.astype(np.float64)


def _names(description: dict[str, Any], key: str) -> tuple[str, ...]:
    names = description.get(key) or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ModelProblem(tr('"{key}" is not a list of names.').format(key=key))
    return tuple(names)


def _pair(description: dict[str, Any], key: str, kind: type[T]) -> tuple[T, T] | None:
    pair = description.get(key)
    if pair is None:
        return None
    if not (isinstance(pair, list) and len(pair) == 2 and all(type(n) is kind for n in pair)):
        raise ModelProblem(tr('"{key}" is not a pair of numbers.').format(key=key))
    return pair[0], pair[1]


def _metrics(description: dict[str, Any]) -> dict[str, float]:
    metrics = description.get("metrics") or {}
    if not isinstance(metrics, dict):
        raise ModelProblem(tr('"metrics" is not a table of numbers.'))
    try:
        return {str(k): float(v) for k, v in metrics.items() if isinstance(v, int | float)}
    except OverflowError:  # a whole number of 400 digits
        raise ModelProblem(tr('"metrics" is not a table of numbers.')) from None
