"""Rows that stay on disk: one .npy file or many in a row, read where they are asked for.

By ordinary reads, never by mapping: to touch a page of a mapping that the file has lost kills the
process. Each read opens the file and looks whether it is still the one that was opened first.
"""

from __future__ import annotations

import contextlib
import errno
import io
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.archives import pickle_sentence
from softmax_gui.data.npy import Header, read_header
from softmax_gui.files import FileProblem, read_head, shown, size_text
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_HEAD_BYTES = 12 + 10_000  # as much as data/npy.py lets a header have
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_READ_BYTES = 1 << 30  # Windows and Linux take less than 2 GB at once


class NpyArray:
    """One array of a .npy file: its header looked at, its numbers left on disk.

    Attributes:
        path: the file.
        shape: as in the file; at least one axis.
        dtype: as in the file: numbers, or texts.

    Raises:
        FileProblem: no such file, no .npy, a pickle, Fortran order, or a length that the header
            does not promise.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        header, self._offset = _header(self.path)
        self.shape, self.dtype = header.shape, header.dtype
        self.row_bytes = math.prod(header.shape[1:]) * header.dtype.itemsize
        self._identity = _identity(self.path.stat())
        if (size := self._identity[0]) != (wanted := self._offset + len(self) * self.row_bytes):
            text = tr("{file} is damaged or cut short: {wanted:,} bytes expected, {size:,} there.")
            raise FileProblem(text.format(file=self.name, wanted=wanted, size=size))

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def name(self) -> str:
        """The name of the file, as it may stand in a sentence."""
        return shown(self.path.name)

    def read(self, start: int, stop: int, out: NDArray[Any]) -> None:
        """Fills `out`, C-contiguous and of this dtype, with the rows start to stop - 1.

        Raises:
            FileProblem: the file changed, shrank, vanished or cannot be read.
        """
        fits = out.flags.c_contiguous and out.nbytes == (stop - start) * self.row_bytes
        if not fits or not 0 <= start <= stop <= len(self):
            raise ValueError(f"rows {start} to {stop} of {len(self)} into {out.shape}")
        view = out.reshape(-1).view(np.uint8).data
        with self._file() as file:
            file.seek(self._offset + start * self.row_bytes)
            while view:
                got = file.readinto(view[:_READ_BYTES])
                if not got:
                    raise self._changed()
                view = view[got:]

    def expect(self, start: int, stop: int) -> None:
        """Tells the system that these rows are read soon, where it can be told.

        Stretches of 4 MB from all over a file come twice as fast so, as fast as in a row.
        """
        if hasattr(os, "posix_fadvise"):
            with self._file() as file:
                place, size = self._offset + start * self.row_bytes, (stop - start) * self.row_bytes
                os.posix_fadvise(file.fileno(), place, size, os.POSIX_FADV_WILLNEED)

    def look(self) -> None:
        """Raises FileProblem if the file is not the one that was opened, by size and time."""
        with self._said():
            if _identity(self.path.stat()) != self._identity:
                raise self._changed()

    @contextlib.contextmanager
    def _file(self) -> Iterator[io.FileIO]:
        with self._said(), io.FileIO(os.open(self.path, _FLAGS)) as file:
            if _identity(os.fstat(file.fileno())) != self._identity:
                raise self._changed()
            yield file

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except FileProblem:
            raise
        except OSError as error:
            folder = shown(str(self.path.parent.absolute()), 200)
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                text = tr("{file} vanished from {folder} while its rows were in use.")
            else:
                text = tr("{file} in {folder} could not be read on: {reason}.")
            reason = error.strerror or str(error)
            problem = text.format(file=self.name, folder=folder, reason=reason)
            raise FileProblem(problem) from error

    def _changed(self) -> FileProblem:
        text = tr("{file} changed while its rows were in use. Open it again to train on it.")
        return FileProblem(text.format(file=self.name))


@dataclass(frozen=True)
class Piece:
    """The rows start to stop - 1 of one file."""

    array: NpyArray
    start: int
    stop: int


class ShardedRows:
    """Rows (n, d) of one file or of many, one after the other, all of one d and dtype.

    Raises:
        FileProblem: no rows of numbers, no row, no feature, or two files that do not fit.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = tuple(piece for piece in pieces if piece.start < piece.stop)
        for piece in pieces:
            _look_at_rows(piece.array, pieces[0].array)
        if not self._pieces:
            raise FileProblem(tr("The data have no rows."))
        first = self._pieces[0].array
        self.dtype, self.row_shape = first.dtype, first.shape[1:]
        self.d = first.row_bytes // first.dtype.itemsize
        self._ends = np.cumsum([piece.stop - piece.start for piece in self._pieces])

    @classmethod
    def open(cls, paths: Sequence[Path]) -> ShardedRows:
        """The whole files, in this order."""
        arrays = [NpyArray(path) for path in paths]
        return cls([Piece(array, 0, len(array)) for array in arrays])

    @property
    def n(self) -> int:
        """Rows."""
        return int(self._ends[-1])

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d)."""
        return self.n, self.d

    @property
    def nbytes(self) -> int:
        """What the rows take on disk."""
        return self.n * self.d * self.dtype.itemsize

    @property
    def files(self) -> int:
        """How many files they are in."""
        return len({piece.array.path for piece in self._pieces})

    def __len__(self) -> int:
        return self.n

    def read(self, start: int, stop: int, out: NDArray[Any]) -> None:
        """Fills `out` (stop - start, d), C-contiguous, with the rows start to stop - 1.

        Raises:
            FileProblem: a file changed, shrank, vanished or cannot be read.
        """
        filled = 0
        for piece in self._within(start, stop):
            count = piece.stop - piece.start
            piece.array.read(piece.start, piece.stop, out[filled : filled + count])
            filled += count

    def expect(self, start: int, stop: int) -> None:
        """Tells the system that these rows are read soon."""
        for piece in self._within(start, stop):
            piece.array.expect(piece.start, piece.stop)

    def look(self) -> None:
        """Raises FileProblem if a file is not the one that was opened, by size and time."""
        for array in {piece.array.path: piece.array for piece in self._pieces}.values():
            array.look()

    def part(self, ranges: Sequence[tuple[int, int]]) -> ShardedRows:
        """The rows of these ranges, one after the other."""
        return ShardedRows([piece for range_ in ranges for piece in self._within(*range_)])

    def place(self, row: int) -> tuple[str, int]:
        """The name of the file a row is in, and its number there, counted from 1."""
        (piece,) = self._within(row, row + 1)
        return piece.array.name, piece.start + 1

    def _within(self, start: int, stop: int) -> Iterator[Piece]:
        if not 0 <= start <= stop <= self.n:
            raise ValueError(f"rows {start} to {stop} of {self.n}")
        index = int(np.searchsorted(self._ends, start, side="right"))
        while start < stop:
            piece, end = self._pieces[index], int(self._ends[index])
            upto = min(stop, end)
            yield Piece(piece.array, piece.stop - (end - start), piece.stop - (end - upto))
            start, index = upto, index + 1


def _header(path: Path) -> tuple[Header, int]:
    """The header and where the numbers begin; refuses what could not be read in rows."""
    stream, file = io.BytesIO(read_head(path, _HEAD_BYTES)), shown(path.name)
    try:
        header = read_header(stream)
    except (ValueError, struct.error) as error:
        text = tr("{file} is no .npy file. Save the rows with numpy.save.")
        raise FileProblem(text.format(file=file)) from error
    if header.dtype.kind == "O":
        raise FileProblem(pickle_sentence(file))
    if header.dtype.kind not in "biufSU" or header.dtype.itemsize == 0 or not header.shape:
        text = tr("{file} holds {kind} of shape {shape}, no rows of numbers or texts.")
        raise FileProblem(text.format(file=file, kind=header.dtype, shape=header.shape))
    if header.fortran_order and sum(size != 1 for size in header.shape) > 1:
        text = tr(
            "{file} holds its numbers column by column. Save it row by row, with "
            "numpy.ascontiguousarray, so that its rows can be read from disk."
        )
        raise FileProblem(text.format(file=file))
    return header, stream.tell()


def _look_at_rows(array: NpyArray, first: NpyArray) -> None:
    if len(array.shape) < 2 or array.row_bytes == 0 or array.dtype.kind not in "biuf":
        text = tr("{file} holds {kind} of shape {shape}; numbers of shape (n, d) are needed.")
        raise FileProblem(text.format(file=array.name, kind=array.dtype, shape=array.shape))
    if array.dtype.itemsize > 8:
        text = tr("{file} holds {kind}; numbers of at most 64 bits are needed.")
        raise FileProblem(text.format(file=array.name, kind=array.dtype))
    if (array.shape[1:], array.dtype) != (first.shape[1:], first.dtype):
        text = tr("{file} has rows {shape} of {kind}, but {other} has {rows} of {type}.")
        here = {"file": array.name, "shape": array.shape[1:], "kind": array.dtype}
        there = {"other": first.name, "rows": first.shape[1:], "type": first.dtype}
        raise FileProblem(text.format(**here, **there))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns  # no inode: some network shares number them anew


def memory_text(rows: ShardedRows) -> str:
    """The rows in words: 2,500,000 x 1,024 float32, 10.2 GB in 3 files."""
    text = tr("{n:,} x {d:,} {kind}, {size} in {files} files")
    if rows.files == 1:
        text = tr("{n:,} x {d:,} {kind}, {size} in one file")
    size = size_text(rows.nbytes)
    return text.format(n=rows.n, d=rows.d, kind=rows.dtype, size=size, files=rows.files)
