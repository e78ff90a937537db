"""Arrays that nobody can write to: copied only where somebody still could."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]


def read_only(array: NDArray[Any], dtype: type[np.generic] | None = None) -> NDArray[Any]:
    """The array, C-contiguous, that nobody can write to; copied only where somebody could."""
    owned = np.ascontiguousarray(array, dtype)
    if owned.base is not None or (owned is array and owned.flags.writeable):
        owned = owned.copy()
    return sealed(owned)


def sealed(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, given away by its maker: read-only from now on, and so never copied."""
    array.flags.writeable = False
    return array
