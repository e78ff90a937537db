"""Good files with bytes flipped, cut out or put in at random: read, or refused in a sentence."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.data.readers import preview, read_dataset
from softmax_gui.export.model import ModelProblem
from softmax_gui.export.weights import EXPORTS, load_model, save_model
from softmax_gui.files import FileProblem
from tests.data.idx_files import idx
from tests.data.odd_arrays import ROWS, Y, npz
from tests.data.odd_idx import LABELS, PICTURES
from tests.data.odd_numpy import npy
from tests.data.odd_texts import KOREAN
from tests.export.models import a_model

MOST_BYTES = 64 << 20  # of a few hundred bytes nothing needs more
GOOD = {
    "t.csv": KOREAN.encode(),
    "cp949.csv": KOREAN.encode("cp949"),
    "utf-16.csv": KOREAN.encode("utf-16"),
    "quoted.csv": b'"a","b","y"\n"1","2","cat"\n"3","4","d""g"\n' * 2,
    "soft.csv": b"a,p,q\n1,0.25,0.75\n2,1,0\n3,0.5,0.5\n4,0.9,0.1\n",
    "plain.npz": npz(X=ROWS, y=Y, class_names=np.array(["cat", "dog"])),
    "packed.npz": npz(True, X=ROWS, y=Y, sample_weight=np.ones(4)),
    "a.npy": npy(ROWS),
    "x-images-idx3-ubyte": idx(PICTURES),
    "y-images-idx3-ubyte.gz": gzip.compress(idx(PICTURES)),
}


def damaged(data: bytes, moments: random.Random) -> bytes:
    """One to three places of a file are changed."""
    content = bytearray(data)
    for _ in range(moments.randint(1, 3)):
        at = moments.randrange(len(content) + 1)
        kind = moments.randrange(5)
        if kind == 0:
            del content[at : at + moments.choice((1, 1, 4, 100))]
        elif kind == 1:
            content[at:at] = moments.randbytes(moments.choice((1, 4)))
        elif kind == 2:
            content[at:at] = content[moments.randrange(len(content) + 1) :][:40]
        elif kind == 3:
            content[at : at + 4] = b"\xff" * len(content[at : at + 4])
        elif at < len(content):
            content[at] ^= 1 << moments.randrange(8)
        if not content:
            break
    return bytes(content)


def fault_of(read: Callable[[], object]) -> str:
    """What is wrong with it: it may answer, or say one sentence, in little memory."""
    said = ""
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read()
    except (FileProblem, ModelProblem) as problem:
        said = str(problem)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    if "\n" in said:
        return f"more than one line: {said}"
    return f"took {peak} bytes" if peak >= MOST_BYTES else ""


def seeds(count: int) -> Iterator[tuple[int, random.Random]]:
    for seed in range(count):
        yield seed, random.Random(seed)


@pytest.mark.parametrize("name", GOOD)
def test_that_damaged_data_are_read_or_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    path, labels = tmp_path / name, tmp_path / name.replace("images-idx3", "labels-idx1")
    (tmp_path / "a_labels.csv").write_bytes(b"cat\ndog\ncat\ndog\n")
    for seed, moments in seeds(60):
        if "idx3" in name:
            labels.write_bytes(idx(LABELS))
        path.write_bytes(damaged(GOOD[name], moments))
        assert not fault_of(lambda: read_dataset(path)), seed
        assert not fault_of(lambda: preview(path)), seed


@pytest.mark.parametrize("ending", EXPORTS)
def test_that_damaged_weights_are_read_or_refused_in_a_sentence(
    tmp_path: Path, ending: str
) -> None:
    if ending == ".onnx":
        pytest.importorskip("onnx")
    path = tmp_path / f"w{ending}"
    save_model(a_model(), path, verify=False)
    good = path.read_bytes()
    for seed, moments in seeds(60):
        path.write_bytes(damaged(good, moments))
        assert not fault_of(lambda: load_model(path)), seed


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP", "TIFF"])
def test_that_a_damaged_picture_is_read_or_left_out_by_name(tmp_path: Path, kind: str) -> None:
    pytest.importorskip("PIL")
    from tests.data.odd_pictures import _encoded, pets

    pets(tmp_path)
    path, good = tmp_path / "cat" / "x.png", _encoded(kind)
    for seed, moments in seeds(60):
        path.write_bytes(damaged(good, moments))
        data = read_dataset(tmp_path)
        assert data.n == 5 or any("cat/x.png" in note for note in data.notes), seed
