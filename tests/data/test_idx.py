"""IDX: the same numbers back, files found by name, damage and lies named before memory goes."""

from __future__ import annotations

import gzip
import math
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from softmax_gui.data.idx import (
    is_idx,
    look_at_idx,
    read_idx,
    read_idx_labels,
    read_idx_rows,
)
from softmax_gui.data.options import Cancelled, ReadOptions
from softmax_gui.files import FileProblem
from tests.data.idx_files import CODES, LABELS, PICTURES, idx, pair, refusal


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte"),
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz"),
        ("emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte"),
        ("qmnist-train-images-idx3-ubyte", "qmnist-train-labels-idx1-int"),
        ("pets.idx3-ubyte", "pets.idx1-ubyte"),
    ],
)
def test_that_the_other_file_is_found_by_name(tmp_path: Path, images: str, labels: str) -> None:
    pair(tmp_path, images, labels)
    for given_file in (images, labels):
        data = read_idx(tmp_path / given_file)
        assert data.X.tolist() == PICTURES.reshape(4, 12).tolist()
        assert (data.class_names, data.labels.tolist()) == (("1", "3"), [1, 0, 1, 0])
        assert (data.image_shape, data.parts) == ((3, 4), None)


def test_that_the_pixels_of_mnist_lie_between_0_and_255(tmp_path: Path) -> None:
    data = read_idx(pair(tmp_path))
    assert data.pixel_range == (0.0, 255.0)
    assert not data.X.flags.writeable
    assert data.notes == ("train-images-idx3-ubyte with the labels in train-labels-idx1-ubyte.",)


@pytest.mark.parametrize("given_file", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_that_a_test_pair_beside_follows_as_the_test_part(tmp_path: Path, given_file: str) -> None:
    pair(tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(PICTURES[:2] + 100))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS[:2]))
    data = read_idx(tmp_path / given_file)
    assert data.X[:, 0].tolist() == [0, 12, 24, 36, 100, 112]
    assert data.parts is not None
    assert data.parts.tolist() == [0, 0, 0, 0, 2, 2]
    assert data.notes[1] == "t10k-images-idx3-ubyte: 2 rows, the test part."


def test_that_a_damaged_test_pair_is_left_aside_and_said(tmp_path: Path) -> None:
    path = pair(tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(PICTURES)[:-1])
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS))
    data = read_idx(path)
    assert data.n == 4
    assert "t10k-images-idx3-ubyte beside it is left aside" in data.notes[1]
    assert "download it again" in data.notes[1]
    assert "damaged" in refusal(tmp_path / "t10k-images-idx3-ubyte")


def test_that_files_of_the_same_kind_go_together_where_both_kinds_are_there(tmp_path: Path) -> None:
    path = pair(tmp_path)
    packed = pair(tmp_path, "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    assert "train-labels-idx1-ubyte." in read_idx(path).notes[0]
    assert "train-labels-idx1-ubyte.gz" in read_idx(packed).notes[0]


def test_that_the_labels_file_may_be_named_and_be_a_text(tmp_path: Path) -> None:
    path = pair(tmp_path)
    (tmp_path / "other").write_bytes(idx(np.array([7, 8, 9, 7])))
    (tmp_path / "words.txt").write_text("cat\ndog\ncat\nnewt\n")
    data = read_idx(path, ReadOptions(labels=str(tmp_path / "other")))
    assert data.class_names == ("7", "8", "9")
    data = read_idx(path, ReadOptions(labels=str(tmp_path / "words.txt")))
    assert data.class_names == ("cat", "dog", "newt")
    order = ReadOptions(labels=str(tmp_path / "words.txt"), class_order=("newt", "dog", "cat"))
    assert read_idx(path, order).labels.tolist() == [2, 1, 2, 0]


def test_that_the_order_of_classes_is_as_wanted(tmp_path: Path) -> None:
    path = pair(tmp_path)
    data = read_idx(path, ReadOptions(class_order=("3", "1")))
    assert (data.class_names, data.labels.tolist()) == (("3", "1"), [0, 1, 0, 1])
    assert 'the class "1" is not in the order' in refusal(path, ReadOptions(class_order=("3",)))


@pytest.mark.parametrize("kind", sorted(CODES))
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_that_numbers_of_every_type_come_back(kind: str, data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(4, 3), (4, 2, 3), (4, 1), (4, 2, 2, 1)]))
    allow = {"allow_nan": False, "allow_infinity": False} if "f" in kind else {}
    made = data.draw(arrays(np.dtype(kind), shape, elements=allow or None))
    packed = data.draw(st.booleans())
    folder = Path(tempfile.mkdtemp())
    try:
        content = idx(made, kind)
        (folder / "images").write_bytes(gzip.compress(content) if packed else content)
        (folder / "labels").write_bytes(idx(LABELS))
        read = read_idx(folder / "images")
        assert read.X.tolist() == made.astype(float).reshape(4, -1).tolist()
        assert read.image_shape == (shape[1:3] if len(shape) > 2 else None)
    finally:
        shutil.rmtree(folder)


def test_that_reading_is_watched_and_ends_when_cancelled(tmp_path: Path) -> None:
    path = pair(tmp_path)
    shares: list[float] = []
    read_idx(path, watch=shares.append)
    assert shares == sorted(shares)
    assert math.isclose(shares[-1], 1.0)

    def cancel(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        read_idx(path, watch=cancel)


def test_that_a_preview_shows_the_first_pictures_and_counts_the_labels(tmp_path: Path) -> None:
    path = pair(tmp_path)
    seen = look_at_idx(path)
    assert (seen.kind, seen.n, seen.d, seen.q, seen.exact) == ("idx", 4, 12, 2, True)
    assert seen.classes == (("1", 2), ("3", 2))
    assert [picture.tolist() for picture in seen.pictures] == PICTURES.tolist()
    assert seen.picture_names == ("1: 3", "2: 1", "3: 3", "4: 1")
    assert seen.problem == ""
    path.write_bytes(idx(PICTURES[:3]))
    assert "has 3 pictures, but" in look_at_idx(path).problem
    with pytest.raises(FileProblem, match="not found"):
        look_at_idx(tmp_path / "nothing")


def test_that_a_preview_shows_vectors_as_rows(tmp_path: Path) -> None:
    path = pair(tmp_path)
    path.write_bytes(idx(np.array([[1.5, -2.0]] * 4), ">f4"))
    seen = look_at_idx(path)
    assert (seen.rows[0], seen.pictures, seen.d) == (("1.5", "-2"), (), 2)


def test_that_rows_for_a_model_need_no_labels_nor_two_classes(tmp_path: Path) -> None:
    path = pair(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS * 0))
    rows, labels = read_idx_rows(path)
    assert rows.tolist() == PICTURES.reshape(4, 12).tolist()
    assert labels == ["0"] * 4
    assert read_idx_labels(tmp_path / "train-labels-idx1-ubyte", 1 << 20).tolist() == [0] * 4
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    assert read_idx_rows(path)[1] is None


def test_that_colour_pictures_are_rows_of_red_green_blue(tmp_path: Path) -> None:
    path = pair(tmp_path)
    path.write_bytes(idx(np.arange(48).reshape(4, 2, 2, 3)))
    data = read_idx(path)
    assert (data.d, data.image_shape) == (12, None)
    assert "row by row, red green blue" in data.notes[1]


def test_that_an_idx_file_is_known_by_its_first_bytes() -> None:
    assert is_idx(idx(PICTURES)[:4])
    assert is_idx(gzip.compress(idx(PICTURES))[:40])
    for head in (b"", b"\0\0\x08", b"\0\0\x08\0", b"\0\0\x0a\x01", b"\x1f\x8b\x08", b"a,b\n1,2"):
        assert not is_idx(head)
