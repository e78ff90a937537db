"""The only two ways to a user's file: atomic_write and read_bounded; every failure a sentence."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT_BYTES = 1 << 30
_TEMPORARY = re.compile(r"\..*\.(\d+)-[0-9a-f]{8}\.tmp-softmax", re.DOTALL)
_ABANDONED_S = 3600.0  # Windows cannot ask after a process without ending it: age decides there
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES)


class FileProblem(ValueError):
    """What is wrong with a user's file, in one sentence: what, where, what to do.

    A ValueError, so that the edge that shows refused data shows this too, and no OSError, so that
    nothing that handles system calls words it a second time or puts "[Errno 28]" before it.
    """


def atomic_write(path: str | os.PathLike[str], data: bytes | Callable[[BinaryIO], None]) -> None:
    """Writes a file so that at every moment the old or the new one is there whole.

    A temporary file beside the target, fsync, rename, fsync of the folder. Permission bits stay,
    and a link stays a link to the file that is replaced.

    Args:
        path: the file to make or replace; its folder exists.
        data: the bytes, or a function that writes them to a binary file and leaves it open.

    Raises:
        FileProblem: it cannot be written; the old file, if there was one, is as it was.
    """
    target = Path(path)
    try:
        target = Path(os.path.realpath(target))
        _write_beside_and_rename(target, data)
    except OSError as error:
        raise FileProblem(why_not_written(target, error)) from error


def read_bounded(path: str | os.PathLike[str], limit_bytes: int = LIMIT_BYTES) -> bytes:
    """The bytes of a regular file, its kind and size looked at before and while it is read.

    Raises:
        FileProblem: no file, no regular file, not allowed, above limit_bytes, or changed meanwhile.
    """
    with regular_file(Path(path)) as descriptor:
        return _read_whole(Path(path), descriptor, limit_bytes)


def read_head(path: str | os.PathLike[str], size: int = 4096) -> bytes:
    """The first bytes of a regular file of any length, to see what it is.

    Raises:
        FileProblem: no file, no regular file, or not allowed.
    """
    with regular_file(Path(path)) as descriptor:
        return os.read(descriptor, size)


def remove_leftovers(folder: str | os.PathLike[str]) -> list[Path]:
    """Deletes what atomic_write left in a folder when its process was killed.

    Returns:
        The files deleted. One that belongs to a living process, or cannot be deleted, stays.
    """
    removed: list[Path] = []
    with contextlib.suppress(OSError):
        for file in Path(folder).iterdir():
            match = _TEMPORARY.fullmatch(file.name)
            if match and _abandoned(file, int(match[1])):
                with contextlib.suppress(OSError):
                    file.unlink()
                    removed.append(file)
    return removed


def shown(text: str, length: int = 40) -> str:
    """A text from a file as it may stand in a sentence: one line, no control marks, cut short."""
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return line if len(line) <= length else line[: length - 1] + "…"


def size_text(size: int) -> str:
    """A number of bytes as people read it: 3 kB, 1.5 MB."""
    if size < 1000:
        return f"{size} B"
    value, units = size / 1000, ["kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.3g} {units[0]}"


def _write_beside_and_rename(target: Path, data: bytes | Callable[[BinaryIO], None]) -> None:
    mode = _permission_bits(target)
    temporary = target.with_name(
        # The name is cut: with the ending it could be longer than a file system takes.
        f".{target.name[:40]}.{os.getpid()}-{secrets.token_hex(4)}.tmp-softmax"
    )
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if callable(data):
                data(file)
            else:
                file.write(data)
            file.flush()
            if mode is not None:
                temporary.chmod(mode)
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:  # Ctrl+C too leaves nothing behind
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _permission_bits(target: Path) -> int | None:
    """The bits a new file takes over; None where there is no old one."""
    try:
        there = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(there.st_mode):  # replacing /dev/null would take it from everybody
        raise OSError(errno.EINVAL, tr("it is a device or a pipe"))
    if not os.access(target, os.W_OK):  # a rename would ignore the protection
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return stat.S_IMODE(there.st_mode)


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself last through a power cut."""
    if sys.platform == "win32":  # no such call there
        return
    with _ignoring(_NO_FOLDER_SYNC):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _ignoring(codes: tuple[int, ...]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in codes:
            raise


@contextlib.contextmanager
def regular_file(path: Path) -> Iterator[int]:
    """An open descriptor to read, of which it was seen that it is no pipe, device or folder.

    Raises:
        FileProblem: it is one, is not there, or a call on it inside the block failed.
    """
    # O_NONBLOCK: opening a pipe must not wait for a writer that never comes.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not stat.S_ISREG(mode):
                text = tr("{file} is a device or a pipe, not a file. Choose a file.")
                raise FileProblem(text.format(file=shown(path.name)))
            yield descriptor
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FileProblem(why_not_read(path, error)) from error


def _read_whole(path: Path, descriptor: int, limit_bytes: int) -> bytes:
    before = os.fstat(descriptor)
    if before.st_size > limit_bytes:
        text = tr("{file} has {size}, more than the {limit} that can be read. Choose a part of it.")
        size, limit = size_text(before.st_size), size_text(limit_bytes)
        raise FileProblem(text.format(file=shown(path.name), size=size, limit=limit))
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        data = file.read(before.st_size + 1)  # one more: a file that grew is noticed
    after = os.fstat(descriptor)
    if len(data) != before.st_size or after.st_mtime_ns != before.st_mtime_ns:
        text = tr("{file} changed while it was read. Read it again when no program writes to it.")
        raise FileProblem(text.format(file=shown(path.name)))
    return data


def _abandoned(file: Path, process: int) -> bool:
    if process == os.getpid():
        return False
    if sys.platform == "win32":
        return time.time() - file.stat().st_mtime > _ABANDONED_S
    return not process_lives(process)


def process_lives(process: int) -> bool:
    """Whether a process of this machine is there; not to be asked on Windows, where it would end.

    Args:
        process: its number.
    """
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def why_not_written(target: Path, error: OSError) -> str:
    """The sentence for a file that could not be written."""
    if error.errno in _NO_SPACE:
        text = tr(
            "{file} could not be written: no space left on {folder} ({free} free). "
            "Free some space or choose another folder."
        )
    elif sys.platform == "win32" and isinstance(error, PermissionError) and target.exists():
        text = tr("{file} could not be written: another program has it open. Close it there first.")
    elif error.errno in _NOT_ALLOWED:
        text = tr(
            "{file} could not be written: {folder} or the file is write-protected. "
            "Choose another folder or change its permissions."
        )
    elif error.errno in (errno.ENOENT, errno.ENOTDIR):
        text = tr("{file} could not be written: there is no folder {folder}. Choose another one.")
    elif error.errno == errno.EISDIR:
        text = tr("{file} could not be written: it is a folder. Choose another name.")
    elif error.errno == errno.ENAMETOOLONG:
        text = tr("{file} could not be written: its name is too long. Choose a shorter one.")
    else:
        text = tr("{file} could not be written in {folder}: {reason}. Choose another place.")
    return text.format(
        file=shown(target.name),
        folder=shown(str(target.parent), 200),
        free=_free_text(target.parent),
        reason=error.strerror or str(error),
    )


def _free_text(folder: Path) -> str:
    try:
        return size_text(shutil.disk_usage(folder).free)
    except OSError:
        return "?"


def why_not_read(path: Path, error: OSError) -> str:
    """The sentence for a file that could not be read."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        text = tr("{file} was not found in {folder}. Check the name, or choose another file.")
    elif path.is_dir():  # Windows says "permission denied" for a folder
        text = tr("{file} is a folder, not a file. Choose a file in it.")
    elif error.errno in _NOT_ALLOWED:
        text = tr("{file} could not be read: you lack the permission. Change it or use a copy.")
    elif error.errno == errno.ENAMETOOLONG:
        text = tr("{file} could not be read: its name is too long. Choose another file.")
    else:
        text = tr("{file} could not be read from {folder}: {reason}. Use a copy on another disk.")
    return text.format(
        file=shown(path.name),
        folder=shown(str(path.parent.absolute()), 200),
        reason=error.strerror or str(error),
    )


def spreadsheet_safe(text: str) -> str:
    """A name as a CSV cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
