"""The ZIP around a project: fixed members, each looked at before memory is taken for it."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, BinaryIO

from softmax_gui.data.npy_values import DAMAGE
from softmax_gui.files import FileProblem, atomic_write, read_head, regular_file, shown, size_text
from softmax_gui.i18n import tr

PROJECT = "project.json"  # always the first
LIMIT_BYTES = (1 << 32) - 1  # of the file: what a ZIP holds without its extension for more
FREE_BYTES = 1 << 28  # what members may always unpack to, all together
RATIO = 8  # beyond that, to so many times the file: what we write is not packed twice
_TEXT_BYTES = 1 << 24  # of project.json
_BLOCK_BYTES = 1 << 20
_END = struct.Struct("<4s4H2LH")  # PKWARE, APPNOTE.TXT, section 4.3.16
_END_MARK, _WIDE_MARK, _WIDE_BYTES = b"PK\x05\x06", b"PK\x06\x07", 20
_MOST_MEMBERS, _MOST_DIRECTORY = 64, 1 << 16
_DATE = (1980, 1, 1, 0, 0, 0)  # the same project gives the same bytes
_NAME_AT = 30  # of the first member, in its header


def write_members(path: Path, members: Mapping[str, bytes]) -> None:
    """Writes the members whole or not at all, in their order; text packed, the rest as it is.

    Raises:
        FileProblem: it could not be written, or would be too large to be read again.
    """
    size = sum(map(len, members.values()))
    if size > LIMIT_BYTES - _MOST_DIRECTORY:
        text = tr("{file} would take {size}, more than the {limit} that a project may have.")
        limit = size_text(LIMIT_BYTES)
        raise FileProblem(text.format(file=shown(path.name), size=size_text(size), limit=limit))
    atomic_write(path, lambda file: _write(file, members))


def read_members(path: Path) -> dict[str, bytes]:
    """All members by their names; those with a path are refused, none is ever unpacked to disk.

    Raises:
        FileProblem: it can't be read, is no project, is damaged, or unpacks to far too much.
    """
    file = shown(path.name)
    with (
        regular_file(path) as descriptor,
        os.fdopen(descriptor, "rb", closefd=False) as stream,
    ):
        size = os.fstat(descriptor).st_size
        if size > LIMIT_BYTES:
            raise _not_a_project(file)
        try:
            _look_at_end(stream, size)
            with zipfile.ZipFile(stream) as archive:
                members = archive.infolist()
                _look_at_members(file, members, size)
                return {member.filename: _content(archive, member) for member in members}
        except FileProblem:
            raise
        except DAMAGE as error:
            if not _begins_like_one(path):
                raise _not_a_project(file) from error
            raise damaged(file) from error


def is_project(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a project, by its first bytes.

    Raises:
        FileProblem: it can't be read.
    """
    end = _NAME_AT + len(PROJECT)
    head = read_head(path, end)
    return head.startswith(b"PK\x03\x04") and head[_NAME_AT:end] == PROJECT.encode()


def damaged(file: str, reason: str = "") -> FileProblem:
    """The sentence for a project that is not whole."""
    if not reason:
        text = tr("{file} is damaged or cut short. Use a copy of it, or an earlier one.")
        return FileProblem(text.format(file=file))
    text = tr("{file} can't be opened as a project: {reason}. Use a copy of it, or an earlier one.")
    return FileProblem(text.format(file=file, reason=reason.strip().rstrip(".")))


def _not_a_project(file: str) -> FileProblem:
    text = tr("{file} is no project of this program. Choose a .softmax file.")
    return FileProblem(text.format(file=file))


def _begins_like_one(path: Path) -> bool:
    return read_head(path, 4).startswith(b"PK")


def _write(file: BinaryIO, members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name, _DATE)
            packed = name.endswith(".json")
            member.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            member.external_attr = 0o644 << 16
            archive.writestr(member, content)


def _look_at_end(stream: IO[bytes], size: int) -> None:
    """Refuses a directory of more entries than any project has, before zipfile reads them all.

    Raises:
        ValueError: it has, or the end of the file is not that of a plain ZIP.
    """
    stream.seek(max(0, size - _END.size - _WIDE_BYTES))
    tail = stream.read(_END.size + _WIDE_BYTES)
    mark, _, _, _, entries, length, _, comment = _END.unpack(tail[-_END.size :])
    wide = tail[: -_END.size].startswith(_WIDE_MARK)
    if mark != _END_MARK or comment or wide:
        raise ValueError("no plain end")
    if entries > _MOST_MEMBERS or length > _MOST_DIRECTORY:
        raise ValueError("directory too large")
    stream.seek(0)


def _look_at_members(file: str, members: list[zipfile.ZipInfo], size: int) -> None:
    names = [member.filename for member in members]
    if PROJECT not in names:
        raise _not_a_project(file)
    strange = [name for name in names if {"/", "\\", ":", "\0"} & set(name) or ".." in name]
    if strange:
        text = tr("it holds {name}, a file in a folder").format(name=shown(strange[0]))
        raise damaged(file, text)
    if len(set(names)) < len(names):
        raise damaged(file, tr("it holds two files of one name"))
    for member in members:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged(file, tr("it is packed in an unusual way"))
    unpacked, limit = sum(member.file_size for member in members), max(FREE_BYTES, RATIO * size)
    text_size = members[names.index(PROJECT)].file_size
    if unpacked > limit or text_size > _TEXT_BYTES:
        text = tr("it would unpack to {size}, far more than such a file holds")
        raise damaged(file, text.format(size=size_text(unpacked)))


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """In blocks: read() at one go would unpack what a lying size hides."""
    buffer = io.BytesIO()
    with archive.open(member) as stream:
        while block := stream.read(_BLOCK_BYTES):
            buffer.write(block)
    if buffer.tell() != member.file_size:
        raise EOFError
    return buffer.getvalue()
