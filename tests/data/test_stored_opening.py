"""Rows of .npy files are opened in memory or on disk by their size, after a first look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import Cancelled, ReadOptions
from softmax_gui.data.readers import open_data, preview, read_dataset
from softmax_gui.data.stored import StoredData
from softmax_gui.files import FileProblem
from tests.data.stored_files import save, save_shards, table

SMALL = ReadOptions(limit_bytes=30_000)  # 1,000 rows of 5 numbers take 40,000


def sparse(folder: Path, n: int, d: int) -> Path:
    """A .npy file of n rows of zeros that takes no room on disk, and its labels."""
    header = {"descr": "<f4", "fortran_order": False, "shape": (n, d)}
    with (folder / "x-large.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 4 * n * d)
    np.save(folder / "y-large.npy", (np.arange(n) % 3).astype(np.uint8))
    return folder / "x-large.npy"


def test_that_rows_above_the_limit_stay_on_disk_and_say_so(tmp_path: Path) -> None:
    path = save(tmp_path, *table(1000))
    data = open_data(path, SMALL)
    assert isinstance(data, StoredData)
    assert (data.n, data.d, data.q) == (1000, 5, 3)
    assert "1,000 x 5 float32, 20 kB in one file" in data.notes[0]
    assert "40 kB, more than the limit of 30 kB: they stay on disk" in data.notes[1]


def test_that_rows_below_the_limit_are_read_as_they_always_were(tmp_path: Path) -> None:
    path = save(tmp_path, *table(1000))
    data, wanted = open_data(path), read_dataset(path)
    assert isinstance(data, Dataset)
    np.testing.assert_array_equal(data.X, wanted.X)
    np.testing.assert_array_equal(data.labels, wanted.labels)


def test_that_a_folder_of_small_shards_becomes_one_table_in_memory(tmp_path: Path) -> None:
    X, labels = table(1000)
    data = open_data(save_shards(tmp_path, X, labels, [300, 600]))
    assert isinstance(data, Dataset)
    np.testing.assert_array_equal(data.X, X.astype(float))
    np.testing.assert_array_equal(data.labels, labels)
    assert data.class_names == ("0", "1", "2")
    assert "in 3 files" in data.notes[0]


def test_that_a_folder_of_large_shards_stays_on_disk(tmp_path: Path) -> None:
    X, labels = table(1000)
    data = open_data(save_shards(tmp_path, X, labels, [300, 600]), SMALL)
    assert isinstance(data, StoredData)
    assert data.counts.tolist() == np.bincount(labels).tolist()


def test_that_an_order_of_classes_that_are_numbers_swaps_no_labels(tmp_path: Path) -> None:
    X, labels = table(20, q=2)
    data = open_data(save_shards(tmp_path, X, labels, [9]), ReadOptions(class_order=("1", "0")))
    assert isinstance(data, Dataset)
    assert data.class_names == ("1", "0")
    assert [int(data.class_names[label]) for label in data.labels] == labels.tolist()


def test_that_missing_values_of_small_shards_are_dealt_with_as_asked(tmp_path: Path) -> None:
    X, labels = table(10)
    X[3, 1] = np.nan
    folder = save_shards(tmp_path, X, labels, [5])
    with pytest.raises(FileProblem, match="Row 4"):
        open_data(folder)
    data = open_data(folder, ReadOptions(missing="drop"))
    assert data.n == 9


def test_that_rows_on_disk_cannot_be_left_out_or_filled(tmp_path: Path) -> None:
    path = save(tmp_path, *table(1000))
    with pytest.raises(FileProblem, match="taken as they are"):
        open_data(path, ReadOptions(limit_bytes=30_000, missing="mean"))


def test_that_a_look_says_what_opening_leads_to(tmp_path: Path) -> None:
    X, labels = table(1000)
    path = save(tmp_path, X, labels)
    seen, data = preview(path, SMALL), open_data(path, SMALL)
    assert (seen.kind, seen.n, seen.d, seen.q) == ("npy", data.n, data.d, data.q)
    assert (seen.exact, seen.problem) == (True, "")
    assert seen.notes == data.notes
    counted = zip(data.class_names, data.counts.tolist(), strict=True)
    assert seen.classes == tuple(counted)
    assert seen.guessed.labels == str(tmp_path / "y.npy")
    assert seen.rows[0] == tuple(f"{value:.6g}" for value in X[0].astype(float).tolist())


def test_that_a_look_at_shards_counts_the_labels_of_all(tmp_path: Path) -> None:
    X, labels = table(1000)
    seen = preview(save_shards(tmp_path, X, labels, [300, 600]), SMALL)
    assert (seen.n, seen.d, seen.q, seen.problem) == (1000, 5, 3, "")
    assert [count for _, count in seen.classes] == np.bincount(labels).tolist()


def test_that_a_file_of_ten_gigabytes_is_looked_at_and_opened_by_its_header(
    tmp_path: Path,
) -> None:
    path = sparse(tmp_path, 4_882_812, 512)
    seen, data = preview(path), open_data(path)
    assert isinstance(data, StoredData)
    assert (seen.n, data.n, data.rows.nbytes) == (4_882_812, 4_882_812, 9_999_998_976)
    assert seen.classes == (("0", 1627604), ("1", 1627604), ("2", 1627604))


def test_that_a_look_at_rows_whose_labels_are_short_tells_both_numbers(tmp_path: Path) -> None:
    X, labels = table(1000)
    seen = preview(save(tmp_path, X, labels[:-1]), SMALL)
    assert "1,000 rows, but 999 labels" in seen.problem


def test_that_the_order_of_classes_is_kept_on_disk(tmp_path: Path) -> None:
    X, labels = table(1000)
    path = save(tmp_path, X, np.array(["a", "b", "c"])[labels])
    options = ReadOptions(limit_bytes=30_000, class_order=("c", "a", "b"))
    data = open_data(path, options)
    assert data.class_names == ("c", "a", "b")
    assert preview(path, options).classes[0] == ("c", int((labels == 2).sum()))
    np.testing.assert_array_equal(data.labels, np.array([1, 2, 0])[labels])


def test_that_pictures_of_bytes_on_disk_are_shown_as_pictures(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    path = save(tmp_path, random.integers(0, 256, (1000, 4, 4), np.uint8), np.arange(1000) % 2)
    seen = preview(path, SMALL)
    assert len(seen.pictures) == 20
    assert seen.pictures[0].shape == (4, 4)


def test_that_a_matrix_stored_by_columns_is_read_into_memory(tmp_path: Path) -> None:
    X, labels = table(1000)
    np.save(tmp_path / "x.npy", np.asfortranarray(X))
    np.save(tmp_path / "y.npy", labels)
    data = open_data(tmp_path / "x.npy")
    assert isinstance(data, Dataset)
    np.testing.assert_array_equal(data.X, X.astype(float))
    with pytest.raises(FileProblem, match="more than the"):
        open_data(tmp_path / "x.npy", SMALL)


def test_that_opening_rows_on_disk_can_be_ended(tmp_path: Path) -> None:
    def end(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        open_data(save(tmp_path, *table(1000)), SMALL, end)
