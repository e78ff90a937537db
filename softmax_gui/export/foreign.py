"""Weights that another program wrote: their names, what their rows are, one row made two.

A LogisticRegression of scikit-learn is opened after
    np.savez("model.npz", coef_=model.coef_, intercept_=model.intercept_,
             classes_=model.classes_.astype(str))
and, where a StandardScaler came before it, with shift=scaler.mean_, scale=scaler.scale_ too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from softmax_gui.export.fields import Contents
from softmax_gui.export.model import ModelProblem
from softmax_gui.files import shown
from softmax_gui.i18n import tr

ROWS_ARE_CLASSES, ROWS_ARE_FEATURES = "(q, d)", "(d, q)"
ORIENTATIONS = (ROWS_ARE_CLASSES, ROWS_ARE_FEATURES)
WEIGHT_NAMES = ("weight", "weights", "W", "w", "coef_", "coef", "coefs", "kernel")
BIAS_NAMES = ("bias", "biases", "b", "intercept_", "intercept")
_LAYERS = (".weight", "/kernel"), (".bias", "/bias")  # fc.weight, linear.weight, dense/kernel
SHIFT_NAMES, SCALE_NAMES = ("shift", "mean_", "mean"), ("scale", "scale_", "std")
CLASS_NAMES = ("classes", "classes_", "class_names")
ARRAY_NAMES = (*WEIGHT_NAMES, *BIAS_NAMES, *SHIFT_NAMES, *SCALE_NAMES)
# scikit-learn alone uses this name, and says that a row is a class.
_ROWS_ARE_CLASSES_IN = ("coef_",)


class Ambiguous(ModelProblem):
    """Weights whose rows could be classes or features: whoever opens them must say which.

    Attributes:
        shape: as it lies in the file.
        shapes: (q, d) by each of ORIENTATIONS.
    """

    def __init__(self, shape: tuple[int, int], file: str = "The file") -> None:
        self.shape, (rows, columns) = shape, shape
        self.shapes = {ROWS_ARE_CLASSES: (rows, columns), ROWS_ARE_FEATURES: (columns, rows)}
        message = tr(
            "{file} holds weights of {rows} x {columns}: {rows} classes of {columns} features, or"
            " {columns} classes of {rows} features? Say which."
        )
        super().__init__(message.format(file=file, rows=rows, columns=columns))


def arranged(
    contents: Contents, *, orientation: str | None = None, features: int | None = None
) -> Contents:
    """Another program's arrays under our names, weight as (q, d), a binary model as two classes.

    Args:
        contents: arrays and description as they were read.
        orientation: one of ORIENTATIONS; None leaves it to the biases and the data.
        features: d of the data at hand, if there are any.

    Raises:
        Ambiguous: the rows could be either, and nobody said.
        ModelProblem: no weights, more than one array of them, or sizes that do not fit.
    """
    if orientation not in (None, *ORIENTATIONS):
        raise ValueError(f"orientation {orientation!r}, one of {ORIENTATIONS} expected")
    arrays, description = dict(contents[0]), dict(contents[1])
    name, weight = _found(arrays)
    bias_name = _bias_name(arrays, name)
    bias = np.atleast_1d(_checked(arrays[bias_name], bias_name)) if bias_name else None
    weight = _checked(weight, name)
    classes = _class_names(arrays, description)
    if weight.ndim == 1:  # of a binary model
        weight, orientation = weight[None, :], ROWS_ARE_CLASSES
    if weight.ndim != 2:
        message = tr('"{name}" has shape {shape} and type {dtype}; wanted: {ndim} axes of numbers.')
        message = message.format(name=name, shape=weight.shape, dtype=weight.dtype, ndim=2)
        raise ModelProblem(message)
    if not weight.size:
        q, d = weight.shape
        raise ModelProblem(tr("The weights are empty ({q} x {d}).").format(q=q, d=d))
    if orientation is None:
        said = description.get("orientation")
        known = ROWS_ARE_CLASSES if name in _ROWS_ARE_CLASSES_IN else said
        orientation = _orientation(weight.shape, bias, features, known)
    if orientation == ROWS_ARE_FEATURES:
        weight = weight.T
    bias = np.zeros(len(weight)) if bias is None else bias
    if bias.shape != (len(weight),):
        raise ModelProblem(_no_fit(bias, weight.shape))
    if len(weight) == 1 and len(classes) != 1:
        weight, bias = _two_rows(weight), _two_rows(bias)
    shown_names = _names_of(description, orientation, classes)
    return {"weight": weight, "bias": bias, **_scaling_of(arrays)}, shown_names


def _orientation(
    shape: tuple[int, ...], bias: np.ndarray | None, features: int | None, known: Any
) -> str:
    """The only one of the two that fits the biases and the data."""
    rows, columns = shape
    fits = []
    for orientation, (q, d) in zip(ORIENTATIONS, ((rows, columns), (columns, rows)), strict=True):
        if (bias is None or bias.shape == (q,)) and features in (None, d):
            fits.append(orientation)
    if not fits:
        if bias is not None and len(bias) not in shape:
            raise ModelProblem(_no_fit(bias, shape))
        message = tr("Its weights are {rows} x {columns}; the data have {d} features.")
        raise ModelProblem(message.format(rows=rows, columns=columns, d=features))
    if known in fits:
        return str(known)
    if len(fits) > 1:
        raise Ambiguous((rows, columns))
    return fits[0]


def is_array_name(name: str) -> bool:
    """Whether it names weights, biases, a shift or a scale."""
    return name in ARRAY_NAMES or name.endswith((*_LAYERS[0], *_LAYERS[1]))


def _found(arrays: dict[str, np.ndarray]) -> tuple[str, np.ndarray]:
    """The one array of weights; of two layers neither is softmax regression."""
    known = [name for name in arrays if name in WEIGHT_NAMES or name.endswith(_LAYERS[0])]
    if len(known) == 1:
        return known[0], arrays[known[0]]
    listed = ", ".join(shown(name) for name in (known or sorted(arrays))[:8]) or tr("none")
    if known:
        message = tr("It has more than one array of weights ({found}). Keep one layer alone.")
    else:
        message = tr('No array "weight" (found: {found}).')
    raise ModelProblem(message.format(found=listed))


def _bias_name(arrays: dict[str, np.ndarray], weight: str) -> str:
    """The bias that belongs to the weights of that name; "" where there is none."""
    own = weight.removesuffix("weight") + "bias"
    own = weight.removesuffix("kernel") + "bias" if weight.endswith("kernel") else own
    known = [name for name in dict.fromkeys((own, *BIAS_NAMES)) if name in arrays]
    if len(known) > 1:
        message = tr("It has more than one array of biases ({found}). Keep one.")
        raise ModelProblem(message.format(found=", ".join(known)))
    return known[0] if known else ""


def _checked(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind not in "fiu":
        message = tr('"{name}" has shape {shape} and type {dtype}; wanted: numbers.')
        message = message.format(name=shown(name), shape=array.shape, dtype=array.dtype)
        raise ModelProblem(message)
    with np.errstate(invalid="ignore"):  # a signalling NaN
        numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise ModelProblem(tr("A weight or bias is not a finite number."))
    return numbers


def named(contents: Contents) -> Contents:
    """The same, with class names that lie in an array of their own in the description."""
    arrays, description = contents
    if not arrays.keys() & set(CLASS_NAMES):
        return contents
    return arrays, {**description, "classes": _class_names(arrays, description)}


def _class_names(arrays: dict[str, np.ndarray], description: dict[str, Any]) -> list[str]:
    found = next((arrays[name] for name in CLASS_NAMES if name in arrays), None)
    if found is None:
        names = description.get("classes") or []
        return [str(name) for name in names] if isinstance(names, list) else []
    return [_class_name(value) for value in np.ravel(found).tolist()]


def _class_name(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, float) and value.is_integer():  # scikit-learn keeps 0.0 and 1.0
        return str(int(value))
    return str(value)


def _names_of(description: dict[str, Any], orientation: str, classes: list[str]) -> dict[str, Any]:
    """The description with the names that a table had in its first column and row."""
    rows, columns = description.pop("rows", []), description.pop("columns", [])
    if orientation == ROWS_ARE_FEATURES:
        rows, columns = columns, rows
    names = {"classes": classes or rows, "features": columns}
    kept = {key: value for key, value in description.items() if key != "orientation"}
    return {**kept, **{key: value for key, value in names.items() if value}}


def _scaling_of(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = {}
    for ours, names in (("shift", SHIFT_NAMES), ("scale", SCALE_NAMES)):
        for name in names:
            if name in arrays:
                found[ours] = _checked(arrays[name], name)
    return found


def _two_rows(row: np.ndarray) -> np.ndarray:
    """One logit z says sigmoid(z) of the second class: softmax of (0, z)."""
    return np.concatenate([np.zeros_like(row), row])


def _no_fit(bias: np.ndarray, shape: tuple[int, ...]) -> str:
    message = tr("{bias} biases fit neither side of weights of {rows} x {columns}.")
    return message.format(bias=bias.size, rows=shape[0], columns=shape[1])
