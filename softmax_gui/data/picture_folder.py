"""The pictures of a folder and their classes, by sub-folders or a labels.csv; none is opened."""

from __future__ import annotations

import contextlib
import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from softmax_gui.data.options import ReadOptions, Watch, unwatched
from softmax_gui.data.picture_labels import labels_of
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".webp", ".tif", ".tiff")
)
LABELS_FILE = "labels.csv"
_IGNORED = frozenset(("thumbs.db", "desktop.ini", "__macosx", "icon\r"))
_NAMES_SAID = 10
_NAMES_BETWEEN = 256  # entries from one call of watch to the next


class EnoughNames(Exception):
    """Raised by a watch to end the listing; what was listed is taken."""


class PictureFile(NamedTuple):
    """A file that may be a picture, and its class; light, since there may be 100,000."""

    path: str
    name: str  # below the folder, with "/", composed: the same on every system
    label: str


@dataclass(frozen=True)
class PictureList:
    """What a folder holds, from names alone."""

    folder: str  # its name as it may stand in a sentence
    files: tuple[PictureFile, ...]
    notes: tuple[str, ...]
    complete: bool  # False: there are more names than were wanted


def is_picture_folder(path: str | os.PathLike[str]) -> bool:
    """Whether this is a folder with a labels.csv, or with pictures by name, at most one deep."""
    folder = Path(path)
    if not folder.is_dir():
        return False
    scan = _Scan(2000, unwatched)
    files, folders = scan.entries(folder)
    names = [name for name, _ in files]
    if any(name.lower() == LABELS_FILE for name in names) or any(map(_is_picture_name, names)):
        return True
    inner = [scan.entries(path) for _, path in folders[:50]]
    return any(_is_picture_name(name) for files, _ in inner for name, _ in files) or bool(
        inner and not names and any(files for files, _ in inner)
    )


def list_pictures(folder: Path, options: ReadOptions, watch: Watch, most: int) -> PictureList:
    """Lists the files of each class: of each sub-folder, and of the folders in it.

    Hidden files are passed over; so is a folder that a link leads to a second time, and what lies
    deeper.

    Args:
        folder: with sub-folders, or a labels.csv.
        options: for the labels.csv: encoding, delimiter, header, label_column.
        watch: called again and again with 0.
        most: names to look at.

    Raises:
        FileProblem: it cannot be listed, or has neither.
    """
    name = shown(folder.name or folder.resolve().name)
    scan = _Scan(most, watch)
    files, folders = scan.entries(folder)
    if scan.unreadable:
        text = tr("The folder {folder} cannot be read. Change its permissions or use a copy.")
        raise FileProblem(text.format(folder=name))
    table = next((path for file, path in files if file.lower() == LABELS_FILE), None)
    found = scan.walk(folders)
    if table is not None:
        found += [PictureFile(path, file, "") for file, path in files if path != table]
        labelled, notes = labels_of(Path(table), {file.name: file.path for file in found}, options)
        listed = [PictureFile(path, file, label) for file, path, label in labelled]
        return PictureList(name, tuple(listed), (*notes, *scan.notes()), scan.left > 0)
    loose = [file for file, _ in files if _is_picture_name(file)]
    if not found:
        text = tr(
            "The folder {folder} has no sub-folders with pictures. Put the pictures of each class "
            "into a sub-folder with the name of the class."
        )
        raise FileProblem(text.format(folder=name))
    notes = scan.notes()
    if loose:
        text = tr("{count} pictures in the folder itself belong to no class: {names}.")
        notes.append(text.format(count=len(loose), names=listed_names(loose)))
    return PictureList(name, tuple(found), tuple(notes), scan.left > 0)


def listed_names(names: list[str]) -> str:
    """The first ten names as they may stand in a sentence."""
    said = ", ".join(shown(name, 80) for name in names[:_NAMES_SAID])
    return f"{said}, …" if len(names) > _NAMES_SAID else said


class _Scan:
    """Looks at so many names at most, in an order that does not depend on the system."""

    def __init__(self, most: int, watch: Watch) -> None:
        self.left = most
        self.unreadable: list[str] = []
        self._watch = watch
        self._visited: set[tuple[int, int]] = set()
        self._again: list[str] = []
        self._deep: list[str] = []
        self._empty: list[str] = []

    def entries(self, folder: str | Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """The files and the folders in a folder, names composed and sorted; links come last."""
        files: list[tuple[str, str]] = []
        folders: list[tuple[bool, str, str]] = []
        try:
            there = os.stat(folder)  # noqa: PTH116 # no Path for each name
            self._visited.add((there.st_dev, there.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    if self.left <= 0:
                        break
                    self._count()
                    if entry.name.startswith(".") or entry.name.lower() in _IGNORED:
                        continue
                    if _is_folder(entry):
                        folders.append((entry.is_symlink(), _composed(entry.name), entry.path))
                    else:  # a pipe or a broken link too: it is left out by name later
                        files.append((_composed(entry.name), entry.path))
        except OSError:
            self.unreadable.append(_composed(Path(folder).name))
        return sorted(files), [(name, path) for _, name, path in sorted(folders)]

    def _count(self) -> None:
        self.left -= 1
        if self.left % _NAMES_BETWEEN == 0:
            try:
                self._watch(0.0)
            except EnoughNames:
                self.left = 0

    def walk(self, folders: list[tuple[str, str]]) -> list[PictureFile]:
        """The files of each class; two names that differ in composition alone are one class."""
        found: dict[str, list[PictureFile]] = {}
        for label, folder in folders:
            if self._seen(label, folder):
                continue
            files, inner = self.entries(folder)
            inside = [PictureFile(path, f"{label}/{name}", label) for name, path in files]
            for name, path in inner:
                below = f"{label}/{name}"
                if not self._seen(below, path):
                    files, deeper = self.entries(path)
                    inside += [PictureFile(p, f"{below}/{file}", label) for file, p in files]
                    self._deep += [f"{below}/{name}" for name, _ in deeper]
            found.setdefault(label, []).extend(inside)
        self._empty += [label for label, files in found.items() if not files]
        return [file for label in sorted(found) for file in found[label]]

    def notes(self) -> list[str]:
        """What was passed over."""
        said = (
            (self._empty, tr("Folders without a file, left out as classes: {names}.")),
            (self._deep, tr("Folders that lie too deep, not read: {names}.")),
            (self._again, tr("Links to a folder that was read already, not followed: {names}.")),
            (self.unreadable, tr("Folders that could not be read: {names}.")),
        )
        return [text.format(names=listed_names(names)) for names, text in said if names]

    def _seen(self, name: str, folder: str) -> bool:
        with contextlib.suppress(OSError):
            there = os.stat(folder)  # noqa: PTH116 # no Path for each name
            if (there.st_dev, there.st_ino) in self._visited:
                self._again.append(name)
                return True
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_picture_name(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 # no Path for each name


def _composed(name: str) -> str:
    """A name as it is on every system: macOS takes é apart, Linux leaves bytes undecoded."""
    if name.isascii():
        return name
    try:
        name.encode()
    except UnicodeEncodeError:
        name = os.fsencode(name).decode("utf-8", "replace")
    return unicodedata.normalize("NFC", name)
