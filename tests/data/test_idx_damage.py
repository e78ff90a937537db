"""IDX files that are damaged, lie or do not fit: a sentence, and little memory."""

from __future__ import annotations

import contextlib
import gzip
import shutil
import tempfile
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.idx import (
    look_at_idx,
    read_idx,
)
from softmax_gui.data.options import ReadOptions
from softmax_gui.files import FileProblem
from tests.data.idx_files import LABELS, PICTURES, idx, pair, refusal


@given(content=st.binary(max_size=60) | st.binary(max_size=40).map(lambda b: b"\0\0\x08\x02" + b))
@settings(max_examples=100, deadline=None)
def test_that_random_bytes_give_a_dataset_or_a_sentence(content: bytes) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "images").write_bytes(content)
        (folder / "labels").write_bytes(idx(LABELS))
        for name in ("images", "labels"):
            with contextlib.suppress(FileProblem):
                assert isinstance(read_idx(folder / name), Dataset)
        assert look_at_idx(folder / "images").kind == "idx"
    finally:
        shutil.rmtree(folder)


def test_that_a_file_that_is_cut_is_named_at_every_length(tmp_path: Path) -> None:
    path = pair(tmp_path, "images.gz", "labels.gz")
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert "images.gz" in refusal(path)


def test_that_a_flipped_byte_in_gzip_is_found_or_harmless(tmp_path: Path) -> None:
    path = pair(tmp_path, "images.gz", "labels.gz")
    whole = bytearray(path.read_bytes())
    for at in range(12, len(whole)):
        flipped = bytearray(whole)
        flipped[at] ^= 0x10
        path.write_bytes(bytes(flipped))
        try:
            same = read_idx(path).X.tolist() == PICTURES.reshape(4, 12).tolist()
        except FileProblem as problem:
            same = "images.gz" in str(problem)
        assert same, at  # the last bits of the last byte before the sum mean nothing


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (idx(PICTURES)[:-5], "64 bytes, but holds 59 bytes. It is damaged or cut short: download"),
        (idx(PICTURES) + b"more", "64 bytes, but holds 68 bytes"),
        (idx(PICTURES)[:9], "damaged or cut short"),
        (idx(PICTURES[:3]), "has 3 pictures, but train-labels-idx1-ubyte has 4 labels"),
        (idx(PICTURES[:0]), "has 0 pictures, but train-labels-idx1-ubyte has 4 labels"),
        (idx(PICTURES[:, :0]), "holds 4 rows of 0 numbers"),
        (idx(PICTURES.reshape(4, 3, 2, 2)), "has the shape 4 x 3 x 2 x 2"),
        (b"\0\0\x07\x01" + bytes(20), "is no IDX file: it begins with the bytes 00 00 07 01"),
        (b"hello, world", "is no IDX file"),
        (b"\x1f\x8b and no more", "damaged or cut short"),
        (gzip.compress(idx(PICTURES)) + b"more", "damaged or cut short"),
        (idx(np.full((4, 2), np.nan), ">f8"), 'Row 1, column "x1": nan is not a finite number'),
    ],
)
def test_that_what_does_not_fit_is_refused_with_its_numbers(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = pair(tmp_path)
    path.write_bytes(content)
    assert sentence in refusal(path)
    assert "train-images-idx3-ubyte" in refusal(path)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (idx(LABELS * 0 + 1), 'all 4 rows have the label "1"'),
        (idx(LABELS + 0.5, ">f4"), "label 1 is 3.5; a whole number is needed"),
        (idx(np.eye(4)), "has the shape 4 x 4; one label a row is needed"),
    ],
)
def test_that_labels_that_name_no_classes_are_refused(
    tmp_path: Path, labels: bytes, sentence: str
) -> None:
    path = pair(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(labels)
    assert sentence in refusal(path)


def test_that_pictures_without_labels_and_labels_without_pictures_are_refused(
    tmp_path: Path,
) -> None:
    path = pair(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").rename(tmp_path / "elsewhere")
    assert "Name the file with the labels" in refusal(path)
    assert "there are no pictures" in refusal(tmp_path / "elsewhere")
    assert "was not found" in refusal(tmp_path / "nothing")


@pytest.mark.parametrize("packed", [False, True])
def test_that_a_size_that_cannot_be_is_refused_before_memory_is_taken(
    tmp_path: Path, packed: bool
) -> None:
    path = pair(tmp_path)
    lie = b"\0\0\x08\x03" + b"\xff" * 12 + bytes(100)  # (2^32 - 1)^3 wraps round in 64 bits
    path.write_bytes(gzip.compress(lie) if packed else lie)
    tracemalloc.start()
    sentence = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "4294967295 x 4294967295 x 4294967295 numbers" in sentence
    assert peak < 20 << 20


def test_that_a_flood_of_zeros_in_gzip_ends_where_the_header_or_the_limit_says(
    tmp_path: Path,
) -> None:
    path = pair(tmp_path, "images.gz", "labels.gz")
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    flood = packer.compress(idx(PICTURES))
    flood += b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    path.write_bytes(flood)
    tracemalloc.start()
    assert "damaged" in refusal(path)
    header = b"\0\0\x08\x03" + np.array([4, 5000, 10000], ">u4").tobytes()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    flood = packer.compress(header)
    flood += b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    path.write_bytes(flood)
    assert "more than the 1.07 GB allowed" in refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20


def test_that_the_limit_can_be_raised_and_lowered(tmp_path: Path) -> None:
    path = pair(tmp_path)
    assert "more than the 500 B allowed" in refusal(path, ReadOptions(limit_bytes=500))
    assert read_idx(path, ReadOptions(limit_bytes=5000)).n == 4
