"""Nothing but files.py and growing.py opens a user's file; the exceptions stand here, with why."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import softmax_gui

ROOT = Path(softmax_gui.__file__).parent
KEEPERS = {"files.py", "growing.py"}
# Methods of a path that read or write what is in a file.
OF_PATHS = {"read_text", "read_bytes", "write_text", "write_bytes", "touch"}
# Functions that open what they are given a name of.
CALLS = {
    "open", "io.open", "os.open", "os.fdopen", "codecs.open", "io.FileIO", "tempfile.mkstemp",
    "np.load", "np.save", "np.savez", "np.savez_compressed", "np.fromfile", "np.memmap",
    "np.loadtxt", "np.savetxt", "np.genfromtxt", "np.lib.format.open_memmap", "mmap.mmap",
    "zipfile.ZipFile", "gzip.open", "gzip.GzipFile", "bz2.open", "lzma.open", "tarfile.open",
    "shutil.copy", "shutil.copyfile", "shutil.copytree", "shutil.move", "Image.open",
    "safetensors.safe_open", "safetensors.numpy.load_file", "safetensors.numpy.save_file",
    "onnx.load", "onnx.save", "pickle.load", "pickle.loads", "torch.load", "torch.save",
    "QFile", "QSaveFile", "QSettings", "QImage.load", "QImageReader", "parquet.ParquetFile",
    "parquet.read_table",
}  # fmt: skip
NEVER = {
    "pickle.load",
    "pickle.loads",
    "torch.load",
    "eval",
    "exec",
    "shelve.open",
    "marshal.loads",
}

# file, call: why it opens no user's file by a name, or is watched otherwise
ALLOWED = {
    ("console.py", "os.open"): "the null device",
    ("i18n.py", ".open"): "a text of the program",
    ("gui/app.py", ".open"): "the program's own report of a crash, held open for faulthandler",
    ("training/compiling.py", ".read_bytes"): "the program's own source",
    ("training/compiling.py", ".touch"): "a mark in the program's own cache",
    ("data/table_numbers.py", "np.loadtxt"): "lines in memory",
    ("data/archives.py", "os.fdopen"): "a descriptor of files.regular_file",
    ("data/archives.py", "zipfile.ZipFile"): "a stream of files.regular_file",
    ("data/npy_file.py", "os.fdopen"): "a descriptor of files.regular_file",
    ("data/parquet.py", "os.fdopen"): "a descriptor of files.regular_file",
    ("data/parquet.py", "parquet.ParquetFile"): "a stream of files.regular_file",
    ("data/picture_decoding.py", "os.fdopen"): "a descriptor of files.regular_file",
    ("data/stored_rows.py", "os.open"): "rows that stay on disk: read in pieces, its identity "
    "looked at each time",
    ("data/stored_rows.py", "io.FileIO"): "that descriptor",
    ("export/tensors.py", "zipfile.ZipFile"): "bytes in memory",
    ("export/tensors.py", "np.load"): "bytes in memory",
    ("export/datasets.py", "np.savez_compressed"): "a buffer in memory",
    ("export/tensors.py", "np.savez"): "a buffer in memory",
    ("export/project_data.py", "np.save"): "a buffer in memory",
    ("export/project_data.py", "np.savez_compressed"): "a buffer in memory",
    ("export/project_members.py", "os.fdopen"): "a descriptor of files.regular_file",
    ("export/project_members.py", "zipfile.ZipFile"): "a stream of files.regular_file, or one that "
    "files.atomic_write gives",
    ("export/predictor.py", "np.save"): "a buffer in memory",
    ("export/parity.py", ".write_bytes"): "a temporary folder that nobody else sees",
    ("export/independent.py", "open"): "the other reader: it must not share our code",
    ("export/independent.py", "library.safe_open"): "the other reader",
    ("export/independent.py", "np.load"): "the other reader",
    ("export/independent.py", "np.save"): "a buffer in memory",
    ("export/second_reader.py", "np.load"): "bytes in memory",
    ("export/second_reader.py", "np.save"): "a buffer in memory",
}  # fmt: skip


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dotted(node: ast.expr) -> str:
    """The written name of what is called: np.load, .open of some object, open."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([*([node.id] if isinstance(node, ast.Name) else [""]), *reversed(parts)])


def openings(tree: ast.Module, *, dialogs: bool = False) -> Iterator[tuple[int, str]]:
    """Line and name of each call that opens a file by its name, or may.

    Args:
        tree: of a module.
        dialogs: whether .open() without a word may be that of a dialog.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called, last = dotted(node.func), dotted(node.func).rpartition(".")[2]
        if called in CALLS or called.endswith(".safe_open"):
            yield node.lineno, called
        elif isinstance(node.func, ast.Attribute) and last in OF_PATHS:
            yield node.lineno, f".{last}"
        elif isinstance(node.func, ast.Attribute) and last == "open" and _has_mode(node, dialogs):
            yield node.lineno, ".open"


def _has_mode(call: ast.Call, dialogs: bool) -> bool:
    """Whether .open() is that of a path: its first argument says how, if it has one."""
    if not call.args:
        return not dialogs or bool(call.keywords)
    first = call.args[0]
    return isinstance(first, ast.Constant) and isinstance(first.value, str) and len(first.value) < 4


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_that_only_files_py_and_growing_py_open_what_a_user_names(path: Path) -> None:
    name = name_of(path)
    found = openings(ast.parse(path.read_bytes()), dialogs=name.startswith("gui/"))
    strange = [f"line {line}: {call}" for line, call in found if (name, call) not in ALLOWED]
    assert name in KEEPERS or not strange


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_that_nothing_is_ever_unpickled_or_evaluated(path: Path) -> None:
    tree = ast.parse(path.read_bytes())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not NEVER & {dotted(call.func) for call in calls}
    for call in calls:
        for word in call.keywords:
            said = word.value.value if isinstance(word.value, ast.Constant) else None
            assert word.arg != "allow_pickle" or said is False
        if dotted(call.func) == "np.load":  # whose own default may change
            assert "allow_pickle" in {word.arg for word in call.keywords}


def test_that_each_exception_is_still_one() -> None:
    there = {
        (name_of(path), call)
        for path in modules()
        for _, call in openings(ast.parse(path.read_bytes()), dialogs=True)
    }
    assert set(ALLOWED) <= there


def test_that_the_search_finds_what_it_must() -> None:
    text = """
open('x')
Path('x').read_text()
path.open('rb')
np.load(p, allow_pickle=True)
os.open(p, 0)
zipfile.ZipFile(p)
(folder / 'x').write_bytes(b'')
path.open()
self._zip.open(name)
"""
    assert [call for _, call in openings(ast.parse(text))] == [
        "open", ".read_text", ".open", "np.load", "os.open", "zipfile.ZipFile", ".write_bytes",
        ".open",
    ]  # fmt: skip
