"""Rows that stay on disk: the same numbers as in memory, or a sentence; never a crash."""

from __future__ import annotations

import os
import pickle
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_gui.data.stored import is_stored, open_stored
from softmax_gui.data.stored_rows import NpyArray, ShardedRows
from softmax_gui.files import FileProblem
from tests.data.stored_files import problem_with, save, save_shards, table

if TYPE_CHECKING:
    from pathlib import Path


def npy(header: str, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


def all_rows(rows: ShardedRows, start: int = 0, stop: int | None = None) -> Any:
    stop = rows.n if stop is None else stop
    out = np.empty((stop - start, rows.d), rows.dtype)
    rows.read(start, stop, out)
    return out


# -- what is read ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["<f4", "<f8", "<f2", ">f4", ">f8", "u1", "<i2", ">i4", "<i8", "?"]
)
def test_that_rows_of_each_type_are_those_of_the_file(tmp_path: Path, dtype: str) -> None:
    X, labels = table()
    X = (X * 10).astype(dtype)
    data = open_stored(save(tmp_path, X, labels))
    assert (data.n, data.d, data.q, data.rows.shape) == (1000, 5, 3, (1000, 5))
    assert data.rows.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(all_rows(data.rows), X)
    np.testing.assert_array_equal(all_rows(data.rows, 17, 400), X[17:400])
    np.testing.assert_array_equal(data.labels, labels)


def test_that_shards_with_labels_each_are_one_table(tmp_path: Path) -> None:
    X, labels = table()
    data = open_stored(save_shards(tmp_path, X, labels, [10, 10, 333, 990]))
    np.testing.assert_array_equal(all_rows(data.rows, 5, 995), X[5:995])
    np.testing.assert_array_equal(data.labels, labels)
    assert data.class_names == ("0", "1", "2")
    assert "1,000 x 5 float32" in data.notes[0]


def test_that_one_labels_file_serves_all_shards(tmp_path: Path) -> None:
    X, labels = table()
    for i, rows in enumerate(np.split(X, [400])):
        np.save(tmp_path / f"part-{i}.npy", rows)
    np.save(tmp_path / "labels.npy", labels)
    data = open_stored(tmp_path)
    np.testing.assert_array_equal(all_rows(data.rows), X)
    np.testing.assert_array_equal(data.labels, labels)


def test_that_labels_may_lie_anywhere(tmp_path: Path) -> None:
    X, labels = table()
    np.save(tmp_path / "embeddings.npy", X)
    np.save(tmp_path / "truth.npy", labels)
    data = open_stored(tmp_path / "embeddings.npy", tmp_path / "truth.npy")
    np.testing.assert_array_equal(data.labels, labels)
    in_folder = open_stored(tmp_path, tmp_path / "truth.npy")  # which is then no shard
    assert in_folder.rows.shape == X.shape


def test_that_pictures_are_rows_and_keep_their_shape(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (20, 4, 3)).astype(np.uint8)
    data = open_stored(save(tmp_path, pictures, np.arange(20) % 2))
    assert (data.d, data.image_shape, data.pixel_range) == (12, (4, 3), (0.0, 255.0))
    np.testing.assert_array_equal(all_rows(data.rows), pictures.reshape(20, 12))


@given(
    sizes=st.lists(st.integers(0, 7), min_size=1, max_size=5).filter(any),
    cut=st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
@settings(max_examples=30)
def test_that_any_range_over_any_shards_is_that_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], cut: tuple[int, int]
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    X = np.arange(3.0 * sum(sizes)).reshape(-1, 3)
    paths = []
    for i, part in enumerate(np.split(X, np.cumsum(sizes)[:-1])):
        np.save(folder / f"{i}.npy", part)
        paths.append(folder / f"{i}.npy")
    rows = ShardedRows.open(paths)
    start, stop = sorted(min(c, rows.n) for c in cut)
    np.testing.assert_array_equal(all_rows(rows, start, stop), X[start:stop])
    ranges = [(0, start), (stop, rows.n)]
    if start or stop < rows.n:
        rest = rows.part(ranges)
        np.testing.assert_array_equal(all_rows(rest), np.concatenate([X[:start], X[stop:]]))
        assert rest.place(0)[1] >= 1


def test_that_opening_takes_no_memory_for_the_rows(tmp_path: Path) -> None:
    path = save(tmp_path, np.zeros((4000, 512), np.float32), np.arange(4000) % 2)
    tracemalloc.start()
    data = open_stored(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert data.rows.nbytes == 8192000
    assert peak < 1_000_000


def test_that_a_file_of_rows_is_known_by_its_kind(tmp_path: Path) -> None:
    save(tmp_path, *table(10))
    assert is_stored(tmp_path)
    assert is_stored(tmp_path / "x.npy")
    assert not is_stored(tmp_path / "x.csv")


# -- what is refused -------------------------------------------------------------------------------


def test_that_a_header_that_lies_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967295, 4294967295), }"
    path.write_bytes(npy(text, bytes(64)))
    np.save(tmp_path / "y.npy", np.arange(4) % 2)
    tracemalloc.start()
    assert "damaged or cut short" in problem_with(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_that_a_pickle_is_never_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}, None]), allow_pickle=True)
    np.save(tmp_path / "y.npy", np.arange(2))
    assert "pickle" in problem_with(tmp_path / "x.npy")
    (tmp_path / "x.npy").write_bytes(pickle.dumps([1, 2]))
    assert "no .npy file" in problem_with(tmp_path / "x.npy")


@pytest.mark.parametrize(
    ("X", "sentence"),
    [
        (np.asfortranarray(np.ones((4, 3))), "column by column"),
        (np.ones(4), "shape (4,); numbers of shape (n, d) are needed"),
        (np.ones((4, 0)), "shape (4, 0)"),
        (np.ones((0, 3)), "no rows"),
        (np.ones((4, 3), complex), "complex128"),
        (np.full((4, 3), "a"), "<U1"),
        (np.ones((), float), "shape ()"),
    ],
)
def test_that_what_are_no_rows_is_refused(tmp_path: Path, X: Any, sentence: str) -> None:
    assert sentence in problem_with(save(tmp_path, X, np.arange(4) % 2))


def test_that_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, *table(100))
    os.truncate(path, 500)
    assert "damaged or cut short: 2,128 bytes expected, 500 there" in problem_with(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes here")
@pytest.mark.parametrize("name", ["x.npy", "y.npy"])
def test_that_a_pipe_is_no_file_of_rows(tmp_path: Path, name: str) -> None:
    path = save(tmp_path, *table(10))
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    assert "a device or a pipe" in problem_with(path)


def test_that_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    X, labels = table(100)
    save(tmp_path, X[:50], labels[:50], "-1")
    save(tmp_path, X[50:, :3], labels[50:], "-2")
    assert "x-2.npy has rows (3,) of float32, but x-1.npy has (5,)" in problem_with(tmp_path)
    save(tmp_path, X[50:].astype(float), labels[50:], "-2")
    assert "float64" in problem_with(tmp_path)
    save(tmp_path, X[50:], labels[51:], "-2")
    assert "x-2.npy has 50 rows, but y-2.npy has 49 labels" in problem_with(tmp_path)


def test_that_missing_files_are_named(tmp_path: Path) -> None:
    assert "holds no .npy file" in problem_with(tmp_path)
    assert "was not found" in problem_with(tmp_path / "nothing.npy")
    np.save(tmp_path / "x-1.npy", np.ones((3, 2)))
    assert "no labels for x-1.npy" in problem_with(tmp_path)
    np.save(tmp_path / "features.npy", np.ones((3, 2)))
    assert "no labels for features.npy" in problem_with(tmp_path / "features.npy")


def test_that_an_order_that_could_be_meant_otherwise_is_refused(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        np.save(tmp_path / f"part{number}.npy", np.ones((2, 2)))
    np.save(tmp_path / "labels.npy", np.arange(6) % 2)
    assert "part10.npy is sorted before part2.npy" in problem_with(tmp_path)


# -- files that do not stay ------------------------------------------------------------------------


def test_that_a_file_that_vanished_is_a_sentence(tmp_path: Path) -> None:
    path = save(tmp_path, *table(100))
    rows = open_stored(path).rows
    path.unlink()
    for act in (rows.look, lambda: all_rows(rows), lambda: rows.expect(0, 100)):
        with pytest.raises(FileProblem, match="vanished"):
            act()


def test_that_a_file_that_shrank_is_a_sentence(tmp_path: Path) -> None:
    path = save(tmp_path, *table(100))
    rows = open_stored(path).rows
    os.truncate(path, 500)
    for act in (rows.look, lambda: all_rows(rows)):
        with pytest.raises(FileProblem, match="changed while its rows were in use"):
            act()


def test_that_a_file_written_anew_is_a_sentence(tmp_path: Path) -> None:
    X, labels = table(100)
    path = save(tmp_path, X, labels)
    rows = open_stored(path).rows
    later = path.stat().st_mtime_ns + 10**9
    np.save(path, X + 1)  # of the same size
    os.utime(path, ns=(later, later))
    with pytest.raises(FileProblem, match="changed"):
        all_rows(rows)


def test_that_a_file_that_shrinks_under_the_reader_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path, *table(100))
    array = NpyArray(path)
    os.truncate(path, 500)
    monkeypatch.setattr(array, "_identity", (500, path.stat().st_mtime_ns))  # as if seen before
    with pytest.raises(FileProblem, match="changed"):
        array.read(0, 100, np.empty((100, 5), np.float32))


def test_that_rows_outside_the_data_are_an_error_of_the_program(tmp_path: Path) -> None:
    rows = open_stored(save(tmp_path, *table(100))).rows
    with pytest.raises(ValueError, match="rows 90 to 101 of 100"):
        all_rows(rows, 90, 101)
    array = NpyArray(tmp_path / "x.npy")
    with pytest.raises(ValueError, match="rows 0 to 4"):
        array.read(0, 4, np.empty((8, 5), np.float32)[::2])  # which reading would not fill
