"""numpy or torch: what differs between them, so that each formula is written once.

`axis`, `keepdims` and operators mean the same to both; what does not is gathered here. torch is
never imported: an array can only be a tensor if somebody imported torch before.
"""

import sys
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""A numpy array or a torch tensor. `Any`, since the two share no type and torch may be absent."""

_FEW = 32  # classes up to which numpy's maximum is faster over columns than along rows


def namespace(array: Array) -> Any:
    """The module whose functions take `array`: torch for a tensor, numpy for all else."""
    if isinstance(array, np.ndarray):
        return np
    torch = sys.modules.get("torch")
    tensor = getattr(torch, "Tensor", None)  # absent while another thread is importing torch
    return torch if tensor is not None and isinstance(array, tensor) else np


def as_floating(array: Array) -> Array:
    """`array` in a type fit for formulas: float32 and above as it is, no copy.

    float16 and bfloat16 become float32, integers and booleans float64 (float32 on a device that
    has no float64), Python numbers and sequences a numpy array.

    Raises:
        TypeError: the entries are no real numbers.
    """
    xp = namespace(array)
    if xp is not np:
        if array.dtype in (xp.float32, xp.float64):
            return array
        if array.is_complex():
            raise TypeError(f"Real numbers are needed, not {array.dtype}.")
        half = array.is_floating_point() or not _has_float64(array)
        return array.to(xp.float32 if half else xp.float64)
    array = np.asarray(array)
    kind = array.dtype.kind
    if kind == "f":
        return array if array.dtype.itemsize >= 4 else array.astype(np.float32)
    if kind not in "biu":
        raise TypeError(f"Real numbers are needed, not {array.dtype}.")
    return array.astype(np.float64)


def as_type_of(array: Array, reference: Array) -> Array:
    """`array` in the type of `reference`, without a copy where it has it already."""
    if namespace(reference) is np:
        return np.asarray(array).astype(reference.dtype, copy=False)
    return array.to(reference.dtype)


def widened(array: Array) -> Array:
    """`array` in float64 at least, where its device has it; no copy where it is already."""
    if namespace(array) is np:
        return array if array.dtype.itemsize >= 8 else array.astype(np.float64)
    return array.double() if _has_float64(array) else array


def row_max(array: Array) -> Array:
    """The maximum along the last axis, kept as an axis of one; a constant to autograd.

    Softmax does not change with the number subtracted, so no gradient has to pass through it.
    NaN where a row holds NaN.
    """
    if namespace(array) is not np:
        return array.detach().amax(axis=-1, keepdims=True)
    if array.ndim == 2 and array.shape[1] <= _FEW < len(array):  # 3 times faster at 60,000 x 10
        return np.ascontiguousarray(array.T).max(axis=0)[:, np.newaxis]
    return array.max(axis=-1, keepdims=True)


def row_sum(array: Array) -> Array:
    """The sum along the last axis, kept as an axis of one."""
    if namespace(array) is not np:
        return array.sum(axis=-1, keepdims=True)
    return np.einsum("...i->...", array)[..., np.newaxis]  # 4 times faster than sum at q = 10


def to_numpy(array: Array) -> np.ndarray[Any, Any]:
    """`array` as a numpy array in main memory, sharing it where possible."""
    return np.asarray(array if namespace(array) is np else array.detach().cpu().numpy())


def require_last_axis(array: Array) -> None:
    """Refuse what has nothing along its last axis.

    Raises:
        ValueError: `array` is 0-d, or its last axis is empty.
    """
    if array.ndim == 0 or array.shape[-1] == 0:
        shape = tuple(array.shape)
        raise ValueError(f"At least one entry is needed along the last axis, got shape {shape}.")


def _has_float64(tensor: Array) -> bool:
    return bool(tensor.device.type != "mps")
