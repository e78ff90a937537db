"""The data that a project names: a fingerprint of the files, and whether they are the same now."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from softmax_gui.data.contents import IDX, NPY, kind_of
from softmax_gui.data.idx_names import pairs_with
from softmax_gui.data.label_files import found_labels
from softmax_gui.data.options import ReadOptions, Watch, unwatched
from softmax_gui.files import FileProblem, regular_file, shown, size_text
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from softmax_gui.export.project import Project

SURE_BYTES = 1 << 30  # above it an unchanged size and time are taken for unchanged bytes
_BLOCK_BYTES = 1 << 22  # some ms between two words to the watch
_OF_THE_SYSTEM = {"thumbs.db", "desktop.ini"}  # file managers leave them where they like


@dataclass(frozen=True)
class Fingerprint:
    """Tells whether files are still those that they were.

    Attributes:
        size: bytes, of all files.
        sha256: of the bytes of one file; of several, or a folder, of the lines that the program
            sha256sum says of them.
        mtime_ns: when the newest was changed, in nanoseconds.

    Raises:
        ValueError: a value out of its range.
    """

    size: int
    sha256: str
    mtime_ns: int

    def __post_init__(self) -> None:
        known = len(self.sha256) == 64 and set(self.sha256) <= set("0123456789abcdef")
        if self.size < 0 or not known:
            raise ValueError(tr("its fingerprint of the data is none"))


def fingerprint_of(
    path: Path,
    watch: Watch = unwatched,
    *,
    options: ReadOptions | None = None,
    known: Fingerprint | None = None,
) -> Fingerprint:
    """The fingerprint of a file or folder, and of the labels that are read with it.

    Args:
        path: the file or folder.
        watch: told the share done; may end it.
        options: how the file is read: names a second file with labels, if there is one.
        known: an earlier one, taken again where sizes and times have not changed since.

    Raises:
        FileProblem: it can't be read.
        Cancelled: by the watch.
    """
    files = _files(path, options)
    size, mtime_ns = _looked_at(files)
    if known is not None and (known.size, known.mtime_ns) == (size, mtime_ns):
        return known
    lines, done = [], 0
    for name, file in files:
        digest = hashlib.sha256()
        for block in _blocks(file):
            digest.update(block)
            done += len(block)
            watch(min(1.0, done / max(1, size)))
        lines.append(f"{digest.hexdigest()}  {name}\n")
    if done != size or _looked_at(files) != (size, mtime_ns):
        text = tr("{file} changed while it was read. Read it again when no program writes to it.")
        raise FileProblem(text.format(file=shown(path.name)))
    if len(files) == 1 and not path.is_dir():
        return Fingerprint(size, lines[0].split()[0], mtime_ns)
    return Fingerprint(size, hashlib.sha256("".join(lines).encode()).hexdigest(), mtime_ns)


def look_for(project: Project, path: Path, watch: Watch = unwatched) -> str:
    """Whether the data at `path` are those of the project.

    Args:
        project: names its data and has their fingerprint; without one nothing is looked at.
        path: where they are now, the project's own place or another.
        watch: told the share done; may end it.

    Returns:
        "" when they are, else the sentence that says what differs.

    Raises:
        Cancelled: by the watch.
    """
    then, name = project.fingerprint, shown(path.name)
    if then is None:
        return ""
    here = moved(project, path)
    own = str(path) == project.source
    if not _there(path):
        text = tr("{file} is no longer in {folder}. Choose the place where it is now.")
        return text.format(file=name, folder=shown(str(path.parent), 200))
    try:
        size, mtime_ns = _looked_at(_files(path, here.options))
        if size != then.size:
            return _changed(name, own=own, sizes=(size, then.size))
        if own and size > SURE_BYTES and mtime_ns == then.mtime_ns:
            return ""
        now = fingerprint_of(path, watch, options=here.options)
    except FileProblem as problem:
        return str(problem)
    return "" if now.sha256 == then.sha256 else _changed(name, own=own, sizes=None)


def moved(project: Project, path: Path) -> Project:
    """The project with its data at another place, and their labels beside them if they went too."""
    options = project.options
    if options is not None and options.labels and not _there(Path(options.labels)):
        beside = path.parent / Path(options.labels).name
        if _there(beside):
            options = replace(options, labels=str(beside))
    return replace(project, source=str(path), options=options)


def place_of(source: str, way: str, folder: Path) -> str:
    """The place of data that may have moved together with a project.

    Args:
        source: their absolute place when the project was saved.
        way: from the project's folder to them; "" where there is none.
        folder: of the project now.
    """
    remote = source.startswith(("\\\\", "//"))  # asking for it would make a connection
    if not way or remote or Path(way).is_absolute() or _there(Path(source)):
        return source
    there = Path(os.path.normpath(folder.absolute() / way))
    return str(there) if _there(there) else source


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        return False


def _changed(name: str, *, own: bool, sizes: tuple[int, int] | None) -> str:
    if sizes is not None:
        text = tr("{file} has changed since the project was saved: {now} instead of {then}.")
        if not own:
            text = tr("{file} is not the data of the project: {now} instead of {then}.")
        now, then = map(size_text, sizes)
        if now == then:
            now, then = (tr("{size:,} bytes").format(size=size) for size in sizes)
        return text.format(file=name, now=now, then=then)
    text = tr("{file} has changed since the project was saved: its size is the same.")
    if not own:
        text = tr("{file} is not the data of the project: its size is the same, its contents not.")
    return text.format(file=name)


def _files(path: Path, options: ReadOptions | None) -> list[tuple[str, Path]]:
    """All files that are read, with the names they go by, in the order of these."""
    if path.is_dir():
        found = [(_name(file.relative_to(path)), file) for file in _in_folder(path)]
        if options is not None and options.labels:
            found.append((f"../{_name(Path(Path(options.labels).name))}", Path(options.labels)))
        return sorted(found)
    beside = dict.fromkeys(file for file in _beside(path, options) if file != path)
    return [(_name(Path(file.name)), file) for file in (path, *beside)]


def _beside(path: Path, options: ReadOptions | None) -> list[Path]:
    """The labels, and other parts of the set, that a reader takes with a file."""
    options = options or ReadOptions()
    if options.labels:
        return [Path(options.labels)]
    with suppress(FileProblem):  # the reader will say so
        kind = kind_of(path)
        if kind == NPY:
            return [Path(found_labels(path, options).labels or path)]
        if kind == IDX:
            return [
                file
                for pair in pairs_with(path, holds_labels=False)
                for file in (pair.images, pair.labels)
                if file is not None
            ]
    return []


def _in_folder(folder: Path) -> Iterator[Path]:
    """Regular files, hidden ones left out; a link to a folder is not followed, so it ends."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(place, name)
            if not name.startswith(".") and name.lower() not in _OF_THE_SYSTEM and file.is_file():
                yield file


def _name(path: Path) -> str:
    """The same on every system: with slashes, and letters composed."""
    text = unicodedata.normalize("NFC", path.as_posix())
    return text.encode(errors="backslashreplace").decode()


def _looked_at(files: list[tuple[str, Path]]) -> tuple[int, int]:
    """Bytes of all, and when the newest was changed."""
    size, newest = 0, 0
    for _, file in files:
        with regular_file(file) as descriptor:
            there = os.fstat(descriptor)
            size, newest = size + there.st_size, max(newest, there.st_mtime_ns)
    return size, newest


def _blocks(path: Path) -> Iterator[bytes]:
    with regular_file(path) as descriptor:
        while block := os.read(descriptor, _BLOCK_BYTES):
            yield block
