"""The numbers of one IDX file, plain or gzip, block by block: no size it declares is believed."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui.data.dataset import Floats
from softmax_gui.data.options import Watch
from softmax_gui.files import FileProblem, regular_file, shown, size_text
from softmax_gui.i18n import tr

_TYPES = {
    code: np.dtype(name)
    for code, name in ((8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8"))
}
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20  # bytes: some milliseconds, so that Cancel is quick
_PACKED_BLOCK = 1 << 16
_DEFLATE_RATIO = 1032  # no byte of a deflate stream yields more (zlib's technical notes)
_MOST_SIDES = 8


@dataclass(frozen=True)
class IdxHeader:
    """What a file says of itself; its size was seen not to contradict that.

    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats.
    """

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def file(self) -> str:
        """Its name as it may stand in a sentence."""
        return shown(self.path.name)

    @property
    def count(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)  # Python's integers: 2^32 cubed does not wrap round

    @property
    def d(self) -> int:
        """Numbers a row."""
        return math.prod(self.shape[1:])


def is_idx(head: bytes) -> bool:
    """Whether the first bytes of a file are those of an IDX file, plain or gzip."""
    if head.startswith(_GZIP):
        try:
            head = zlib.decompressobj(31).decompress(head, 4)
        except zlib.error:
            return False
    return (
        len(head) >= 4 and head[:2] == b"\0\0" and head[2] in _TYPES and 1 <= head[3] <= _MOST_SIDES
    )


def read_idx_header(path: Path) -> IdxHeader:
    """The type and shape of an IDX file, held against the size of the file.

    Raises:
        FileProblem: no file, no IDX, or a size that cannot be.
    """
    with _opened(path) as stream:
        return stream.header


def read_numbers(header: IdxHeader, out: Floats, watch: Watch) -> None:
    """Fills out (m,) with the first m numbers; where that is all of them, none may follow.

    Raises:
        FileProblem: cut short, damaged, or changed since its header was read.
    """
    with _opened(header.path) as stream, np.errstate(invalid="ignore"):  # a signalling NaN
        if stream.header != header:
            raise stream.damaged()
        size, position = header.dtype.itemsize, 0
        while position < len(out):
            wanted = min(_BLOCK // size, len(out) - position)
            data = stream.read(wanted * size, partial(watch, position / len(out)))
            out[position : position + wanted] = np.frombuffer(data, header.dtype)
            position += wanted
            watch(position / len(out))
        if len(out) == header.count:
            stream.look_at_end()


@contextmanager
def _opened(path: Path) -> Iterator[_Stream]:
    with regular_file(path) as descriptor:
        stream = _Stream(path, descriptor)
        try:
            yield stream
        except (EOFError, zlib.error) as error:
            raise stream.damaged() from error


class _Stream:
    """The bytes of a file, unpacked where it is gzip, that stands behind its header."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._size = os.fstat(descriptor).st_size
        self._packed = os.read(descriptor, 2) == _GZIP
        os.lseek(descriptor, 0, os.SEEK_SET)
        plain = _blocks(descriptor, _PACKED_BLOCK if self._packed else _BLOCK)
        self._blocks = _unpacked(plain) if self._packed else plain
        self._rest = b""
        try:
            self.header = self._read_header()
        except (EOFError, zlib.error) as error:
            raise self.damaged() from error

    def read(self, size: int, ping: Callable[[], None] = lambda: None) -> bytes:
        """The next bytes, just so many; ping is called before each block."""
        parts, missing = [self._rest], size - len(self._rest)
        while missing > 0:
            ping()
            block = next(self._blocks, None)
            if block is None:
                raise EOFError
            parts.append(block)
            missing -= len(block)
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]

    def look_at_end(self) -> None:
        """Refuses bytes after the last number; a gzip's checksum is looked at here too."""
        if self._rest or any(self._blocks):  # a block of zeros is true as well: it is not empty
            raise self.damaged()

    def damaged(self) -> FileProblem:
        """The refusal of a file that is not whole."""
        text = tr("{file} is damaged or cut short. Copy or download it again.")
        return FileProblem(text.format(file=shown(self._path.name)))

    def _read_header(self) -> IdxHeader:
        magic = self.read(4)
        if not is_idx(magic):
            text = tr("{file} is no IDX file: it begins with the bytes {bytes}. Choose another.")
            raise FileProblem(text.format(file=shown(self._path.name), bytes=magic.hex(" ")))
        sizes = np.frombuffer(self.read(4 * magic[3]), ">u4")
        header = IdxHeader(self._path, _TYPES[magic[2]], tuple(map(int, sizes)))
        self._look_at_size(header, 4 + 4 * magic[3])
        return header

    def _look_at_size(self, header: IdxHeader, header_size: int) -> None:
        """Holds the declared size against the file's, before memory is taken."""
        declared = header_size + header.count * header.dtype.itemsize
        if self._packed:
            held = _DEFLATE_RATIO * self._size
            text = tr(
                "{file} declares {declared}, but {packed} of gzip cannot hold them. It is damaged "
                "or cut short: download it again."
            )
            wrong = declared > held
        else:
            text = tr(
                "{file} declares {declared}, but holds {held} bytes. It is damaged or cut short: "
                "download it again."
            )
            held, wrong = self._size, declared != self._size
        if wrong:
            declared_text = tr("{shape} numbers, {count} bytes").format(
                shape=" x ".join(map(str, header.shape)), count=declared
            )
            packed = size_text(self._size)
            raise FileProblem(
                text.format(file=header.file, declared=declared_text, held=held, packed=packed)
            )


def _blocks(descriptor: int, size: int) -> Iterator[bytes]:
    while block := os.read(descriptor, size):
        yield block


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """What a gzip holds, at most _BLOCK at a time, however well it was packed."""
    decoder = zlib.decompressobj(31)
    for packed in blocks:
        rest = packed
        while not decoder.eof:
            yield decoder.decompress(rest, _BLOCK)
            rest = decoder.unconsumed_tail
            if not rest:
                break
        if decoder.eof and (decoder.unused_data or rest).strip(b"\0"):
            raise EOFError  # something else follows the end
    if not decoder.eof:
        raise EOFError
