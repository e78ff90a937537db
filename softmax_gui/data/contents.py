"""What a file is, by its first bytes and never by its name."""

from __future__ import annotations

import os
import re
from pathlib import Path

from softmax_gui.data.idx_stream import is_idx
from softmax_gui.data.npy_values import pickle_sentence
from softmax_gui.data.pictures import is_picture_folder
from softmax_gui.files import FileProblem, read_head, shown
from softmax_gui.i18n import N_, tr

TABLE, ARCHIVE, NPY, IDX, PICTURES, PARQUET = "table", "arrays", "npy", "idx", "pictures", "parquet"
_A_RUN = "config.json"  # every run folder has one
_PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_TEXT_PICKLE = re.compile(rb"[(\]}]*[lptd0]*c[A-Za-z_][\w.]*\n[\w.]+\n")
_GZIP = b"\x1f\x8b"
# Beginnings of files that people choose by mistake, and what these are.
_OTHERS = (
    ((b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"#!"), N_("a program")),
    ((b"%PDF",), N_("a PDF document")),
    ((b"\x89HDF\r\n",), N_("an HDF5 file")),
    ((b"SQLite format 3\0",), N_("a database")),
    ((b"\xd0\xcf\x11\xe0",), N_("an old spreadsheet or document")),
    ((b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"), N_("a packed file")),
    ((b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*"), N_("a single picture")),
)
_TEXT_TOO = (b"MZ", b"BM", b"BZh", b"Rar!", b"GIF8")  # a table may begin so


def kind_of(path: str | os.PathLike[str]) -> str:
    """One of TABLE, ARCHIVE, NPY, IDX, PICTURES and PARQUET.

    Raises:
        FileProblem: no file, a folder without pictures, a pickle, a program, or another known
            kind that holds no table.
    """
    path = Path(path)
    if path.is_dir():
        return _kind_of_folder(path)
    head, file = read_head(path), shown(path.name)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ARCHIVE
    if head.startswith(b"\x93NUMPY"):
        return NPY
    if head.startswith(b"PAR1"):
        return PARQUET
    if is_idx(head):
        return IDX
    if head.startswith(_PICKLES) or _TEXT_PICKLE.match(head):
        raise FileProblem(pickle_sentence(file))
    _look_at_others(file, head)
    return TABLE


def holds_data(folder: Path) -> bool:
    """Whether a folder holds pictures, IDX or .npy files, and is no run."""
    try:
        return kind_of(folder) in {PICTURES, IDX, NPY} and not (folder / _A_RUN).exists()
    except FileProblem:
        return False


def _kind_of_folder(path: Path) -> str:
    if is_picture_folder(path):
        return PICTURES
    if any(path.glob("*.npy")):
        return NPY
    if any(path.glob("*-ubyte*")):
        return IDX
    text = tr(
        "The folder {folder} has no sub-folders with pictures, one a class. "
        "Choose such a folder, or a file in it."
    )
    raise FileProblem(text.format(folder=shown(path.name or str(path))))


def _look_at_others(file: str, head: bytes) -> None:
    if head.startswith(_GZIP):
        text = tr("{file} is packed with gzip, and no IDX file. Unpack it and open what is in it.")
        raise FileProblem(text.format(file=file))
    binary = b"\0" in head
    for starts, what in _OTHERS:
        begins = next((start for start in starts if head.startswith(start)), None)
        if begins is None or (begins in _TEXT_TOO and not binary):
            continue
        text = tr("{file} is {what}, which holds no table. Choose a CSV, NPZ, IDX or NPY file.")
        raise FileProblem(text.format(file=file, what=tr(what)))
