"""What a preview of arrays says before they are loaded is what reading them gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import preview, read_dataset
from softmax_gui.files import FileProblem

X = np.arange(120.0).reshape(30, 2, 2)
Y = np.arange(30) % 3


def test_that_a_preview_of_an_npz_tells_arrays_sizes_classes_and_pictures(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=X, labels=Y, other=np.ones((5, 2)))
    seen = preview(tmp_path / "a.npz")
    data = read_dataset(tmp_path / "a.npz")
    assert (seen.kind, seen.n, seen.d, seen.q, seen.exact, seen.problem) == (
        "arrays", data.n, data.d, data.q, True, ""
    )  # fmt: skip
    assert seen.classes == (("0", 10), ("1", 10), ("2", 10))
    assert ("images", (30, 2, 2), "float64") in seen.keys
    assert (seen.guessed.x_key, seen.guessed.y_key) == ("images", "labels")
    assert [picture.shape for picture in seen.pictures] == [(2, 2)] * 20
    assert len(seen.rows) == len(seen.picture_names) == 20


def test_that_a_preview_of_an_npy_file_finds_its_labels_and_says_what_is_missing(
    tmp_path: Path,
) -> None:
    np.save(tmp_path / "x-a.npy", X.reshape(30, 4))
    assert "labels" in preview(tmp_path / "x-a.npy").problem
    np.save(tmp_path / "y-a.npy", Y)
    seen = preview(tmp_path / "x-a.npy")
    assert (seen.kind, seen.n, seen.d, seen.q, seen.problem) == ("npy", 30, 4, 3, "")
    np.save(tmp_path / "few.npy", Y[:7])
    problem = preview(tmp_path / "x-a.npy", ReadOptions(labels=str(tmp_path / "few.npy"))).problem
    assert "30" in problem
    assert "7" in problem


def test_that_a_refusal_is_the_problem_of_a_preview_and_no_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 and nothing more")
    assert "damaged or cut short" in preview(tmp_path / "a.npz").problem
    np.savez(tmp_path / "b.npz", first=X, second=X, y=Y)
    seen = preview(tmp_path / "b.npz")
    assert "choose which arrays" in seen.problem
    assert len(seen.keys) == 3
    with pytest.raises(FileProblem, match="was not found"):
        preview(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x7fELF\x02\x01\0\0", "is a program"),
        (b"MZ\x90\0\x03", "is a program"),
        (b"%PDF-1.7", "is a PDF document"),
        (b"\x1f\x8b\x08\0\0", "packed with gzip"),
        (b"cos\nsystem\n(S'true'\ntR.", "Python pickle"),
        (b"\x80\x05.", "Python pickle"),
    ],
)
def test_that_what_holds_no_table_is_named_by_its_content(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(FileProblem, match=sentence):
        read_dataset(tmp_path / "a.csv")


def test_that_a_parquet_file_is_read_or_its_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1PAR1")
    with pytest.raises(
        FileProblem, match=r"a\.parquet (is a Parquet file, which needs|is damaged)"
    ):
        read_dataset(tmp_path / "a.parquet")


def test_that_a_parquet_table_reads_like_the_same_csv(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"a": [1.0, None, 3.0], "e": [[1, 2], [3, 4], [5, 6]],
                         "who": ["p", "q", "p"], "kind": ["x", "y", "x"]})  # fmt: skip
    parquet.write_table(table, tmp_path / "a.parquet")
    data = read_dataset(tmp_path / "a.parquet", ReadOptions(missing="mean", group_column="who"))
    assert data.X.tolist() == [[1.0, 1.0, 2.0], [2.0, 3.0, 4.0], [3.0, 5.0, 6.0]]
    assert (data.feature_names, data.class_names) == (("a", "e1", "e2"), ("x", "y"))
    assert data.groups == ("p", "q", "p")
    seen = preview(tmp_path / "a.parquet", ReadOptions(group_column="who"))
    assert (seen.n, seen.classes, seen.problem) == (3, (("x", 2), ("y", 1)), "")
