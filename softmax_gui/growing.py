"""Files that grow while others read them: append, read on from a place, hold a folder alone."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from softmax_gui.files import FileProblem, regular_file, why_not_written

if TYPE_CHECKING:
    from collections.abc import Iterator

_BINARY = getattr(os, "O_BINARY", 0)


def append(path: Path, data: bytes) -> None:
    """Adds bytes to the end of a file, all of them or none; makes the file.

    Who reads meanwhile may see a part of them. A power cut may take the last of them; the rest of
    the file is never written again.

    Raises:
        FileProblem: they could not be written; the file is as long as before.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _BINARY, 0o666)
        try:
            _write_all(descriptor, data)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FileProblem(why_not_written(path, error)) from error


def read_on(path: Path, start: int, limit_bytes: int) -> bytes:
    """The bytes of a regular file from place `start` on, at most `limit_bytes`.

    Raises:
        FileProblem: no file, no regular file, or not allowed.
    """
    with regular_file(path) as descriptor:
        os.lseek(descriptor, start, os.SEEK_SET)
        pieces: list[bytes] = []
        while limit_bytes > 0 and (piece := os.read(descriptor, min(limit_bytes, 1 << 20))):
            pieces.append(piece)
            limit_bytes -= len(piece)
        return b"".join(pieces)


@contextlib.contextmanager
def held_alone(lock: Path) -> Iterator[bool]:
    """Whether this process alone holds the lock; the system frees it when the process ends.

    Args:
        lock: an empty file, made where it is not there and left there.

    Raises:
        FileProblem: the file can't be made.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise FileProblem(why_not_written(lock, error)) from error
    try:
        yield _locked(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    length = os.fstat(descriptor).st_size
    written = 0
    try:
        while written < len(data):  # a short write is no error
            written += os.write(descriptor, data[written:])
    except BaseException:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, length)
        raise


def _locked(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - of Windows

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - of all but Windows

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks: the status file must do
        return True
    return True
