"""The values of an .npy array from any stream: looked at by its header, read in blocks."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.options import unwatched
from softmax_gui.data.problems import AboveLimit
from softmax_gui.files import FileProblem, size_text
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from softmax_gui.data.npy import Header
    from softmax_gui.data.options import Watch

BLOCK_BYTES = 4 << 20  # between two words to the watch: some ms
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,  # encrypted, or packed in a way zipfile does not know
    ValueError,
)


def look_at_header(file: str, key: str, header: Header, limit_bytes: int) -> None:
    """Refuses by what a header says, before memory is taken for the numbers.

    Raises:
        FileProblem: objects, neither numbers nor texts, or above limit_bytes once in float64.
    """
    if header.dtype.kind == "O":
        raise FileProblem(pickle_sentence(file))
    if header.dtype.kind not in "biufSU" or header.dtype.itemsize == 0:
        text = tr("{file}: {key} holds {kind}, neither numbers nor texts.")
        raise FileProblem(text.format(file=file, key=key, kind=header.dtype))
    size = header.count * max(8, header.dtype.itemsize)
    if size > limit_bytes:
        text = tr(
            "{file}: {key} would take {size} of memory, more than the {limit} it may. "
            "Choose a part of it."
        )
        limit = size_text(limit_bytes)
        said = text.format(file=file, key=key, size=size_text(size), limit=limit)
        raise AboveLimit(said, size)


def read_values(
    stream: IO[bytes],
    header: Header,
    watch: Watch = unwatched,
    dtype: DTypeLike | None = None,
    rows: int | None = None,
) -> NDArray[Any]:
    """The array whose values begin here, C-contiguous, in this machine's byte order.

    Args:
        stream: stands at the first value.
        header: of the array, looked at before.
        watch: told the share done.
        dtype: of the result; None keeps the file's.
        rows: only the first of them; what stands behind is left unread.

    Raises:
        EOFError: fewer values than the header promises.
        Cancelled: by the watch.
    """
    native = header.dtype.newbyteorder("=") if dtype is None else np.dtype(dtype)
    if not header.shape:
        rows = None
    if rows is not None and header.fortran_order:
        return read_values(stream, header, watch, dtype)[:rows].copy()
    shape = header.shape if rows is None else (min(rows, header.shape[0]), *header.shape[1:])
    count = int(np.prod(shape, dtype=object)) if shape else 1
    # The result owns its memory, so that whoever keeps it need not copy it.
    values = np.empty(shape[::-1] if header.fortran_order else shape, native)
    flat = values.reshape(-1)
    step, size = max(1, BLOCK_BYTES // header.dtype.itemsize), header.dtype.itemsize
    for start in range(0, count, step):
        watch(start / count)
        wanted = min(step, count - start) * size
        data = stream.read(wanted)
        if len(data) != wanted:
            raise EOFError
        with np.errstate(invalid="ignore"):  # a signalling NaN
            flat[start : start + step] = np.frombuffer(data, header.dtype)
    watch(1.0)
    return np.ascontiguousarray(values.T) if header.fortran_order and shape else values


def pickle_sentence(file: str) -> str:
    """Why a pickle is never opened."""
    text = tr("{file} holds a Python pickle, which could run any program. Save it as plain arrays.")
    return text.format(file=file)
