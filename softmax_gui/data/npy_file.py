"""One .npy file: its header against its size on disk, its values in memory."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softmax_gui.data.npy import Header, read_header
from softmax_gui.data.npy_values import look_at_header, read_values
from softmax_gui.data.options import unwatched
from softmax_gui.files import FileProblem, regular_file, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from softmax_gui.data.options import Watch

_HEAD_BYTES = 12 + 10_000  # as much as data/npy.py lets a header have


def npy_header(path: str | os.PathLike[str], limit_bytes: int) -> Header:
    """The header of an .npy file, looked at against its size on disk.

    Raises:
        FileProblem: none, a pickle, too large, or a length that the header does not promise.
    """
    file = shown(Path(path).name)
    with regular_file(Path(path)) as descriptor:
        size = os.fstat(descriptor).st_size
        stream = io.BytesIO(os.read(descriptor, _HEAD_BYTES))
    try:
        header = read_header(stream)
    except (ValueError, struct.error) as error:
        text = tr("{file} is no .npy file. Save the rows with numpy.save.")
        raise FileProblem(text.format(file=file)) from error
    look_at_header(file, tr("the array"), header, limit_bytes)
    wanted = stream.tell() + header.count * header.dtype.itemsize
    if size != wanted:
        text = tr("{file} is damaged or cut short: {wanted:,} bytes expected, {size:,} there.")
        raise FileProblem(text.format(file=file, wanted=wanted, size=size))
    return header


def npy_values(
    path: str | os.PathLike[str],
    limit_bytes: int,
    watch: Watch = unwatched,
    dtype: type[np.generic] | None = None,
    rows: int | None = None,
) -> NDArray[Any]:
    """The values of an .npy file.

    Raises:
        FileProblem: see npy_header; or it changed while it was read.
        Cancelled: by the watch.
    """
    npy_header(path, limit_bytes if rows is None else 1 << 62)
    with (
        regular_file(Path(path)) as descriptor,
        os.fdopen(descriptor, "rb", closefd=False) as stream,
    ):
        try:
            return read_values(stream, read_header(stream), watch, dtype, rows)
        except (EOFError, ValueError, struct.error) as error:
            text = tr(
                "{file} changed while it was read. Read it again when no program writes to it."
            )
            raise FileProblem(text.format(file=shown(Path(path).name))) from error
