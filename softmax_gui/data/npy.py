"""The header of an .npy array, read by pattern: nothing in it is evaluated, no size believed."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

_FIELDS = {
    "descr": re.compile(
        r"""['"]descr['"]\s*:\s*['"]([<>|=]?[b-zA-Z]\d{0,9}(?:\[\w{1,9}\])?)['"]"""
    ),
    "fortran_order": re.compile(r"""['"]fortran_order['"]\s*:\s*(True|False)\s*[,}]"""),
    "shape": re.compile(r"""['"]shape['"]\s*:\s*\(((?:\d{1,19}L?,? ?)*)\)\s*[,}]"""),
}
_HEADER_LIMIT = 10_000


@dataclass(frozen=True)
class Header:
    """What an array says of itself before its numbers come."""

    dtype: np.dtype[Any]
    fortran_order: bool
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many values."""
        return math.prod(self.shape)  # Python's integers: 2^32 cubed does not wrap round


def read_header(stream: IO[bytes]) -> Header:
    """The header at the start of a stream, which then stands at the first value.

    Raises:
        ValueError: it is none.
    Source: NumPy enhancement proposal 1, "A simple file format for NumPy arrays".
    """
    magic = stream.read(8)
    if magic[:6] != b"\x93NUMPY" or magic[6:7] not in (b"\x01", b"\x02", b"\x03"):
        raise ValueError("no .npy header")
    wide = magic[6] > 1
    (length,) = struct.unpack("<I" if wide else "<H", stream.read(4 if wide else 2))
    if length > _HEADER_LIMIT:
        raise ValueError(f"header of {length} bytes")
    text = stream.read(length).decode("latin-1")
    descr, fortran, shape = (pattern.search(text) for pattern in _FIELDS.values())
    if not (descr and fortran and shape):
        raise ValueError("unknown .npy header")
    try:
        dtype = np.dtype(descr[1])
    except TypeError as error:
        raise ValueError(descr[1]) from error
    sizes = tuple(int(size) for size in re.findall(r"\d+", shape[1]))
    return Header(dtype, fortran[1] == "True", sizes)
