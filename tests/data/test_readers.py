"""Files read by their content, to learn from or for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import read_dataset, read_rows
from softmax_gui.files import FileProblem

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_that_unicode_with_or_without_its_mark_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "동물.csv"
    file.write_text("밝기,종류\n1,고양이\n2,강아지\n", encoding)
    table = read_dataset(file)
    assert (table.name, table.feature_names) == ("동물.csv", ("밝기",))
    assert table.class_names == ("강아지", "고양이")


def test_that_korean_windows_text_is_not_garbled_and_a_wrong_encoding_is_refused(
    tmp_path: Path,
) -> None:
    file = tmp_path / "old.csv"
    for end in ("\r", "\r\n", "\n"):
        file.write_bytes(f"x,종류{end}1,고양이{end}2,강아지{end}".encode("cp949"))
        assert read_dataset(file).class_names == ("강아지", "고양이")
        with pytest.raises(FileProblem, match=r"old\.csv, row 1"):
            read_dataset(file, ReadOptions(encoding="utf-8"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "a.csv is empty. Choose a file with a header"),
        (b"\xef\xbb\xbf\n \n,,\n", "a.csv is empty"),
        (b"# only a comment\n", "a.csv is empty"),
        (b"a,kind\n", "a.csv has a header, but no row below it"),
        (b"a,kind\n1,c\0t\n", "a.csv is no text: row 2 has a zero byte. Choose a CSV, TSV or NPZ"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.csv is a single picture, which holds no table"),
        (b"\x80\x04\x95\x0b\0\0\0", "a.csv holds a Python pickle, which could run any program"),
        (b"PK\x03\x04 and nothing more", "a.csv is damaged or cut short"),
    ],
)
def test_that_the_content_decides_and_not_the_name(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(FileProblem) as problem:
        read_dataset(tmp_path / "a.csv")
    assert sentence in str(problem.value)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a,b,kind\n1,2,cat\n3,4,cat\n", ["cat", "cat"]),
        ("a,b\n1,2\n3,4\n", None),
        ("b,Species,a\n2,?,1\n4,dog,3\n", ["?", "dog"]),
        ("remark,b,a\nx,2,1\ny,4,3\n", None),
        ("label,b,a,remark\nx,2,1,y\n,4,3,z\n", ["x", ""]),
        ("x1,x2\n1,2\n3,4\n", None),
        ("x1,x2,y\n1,2,5\n3,4,6\n", ["5", "6"]),
        ("label,x1,x2\n7,1,2\n8,3,4\n", ["7", "8"]),
    ],
)
def test_that_rows_for_a_model_are_taken_by_its_feature_names_or_by_position(
    tmp_path: Path, text: str, labels: list[str] | None
) -> None:
    (tmp_path / "new.csv").write_text(text)
    X, found = read_rows(tmp_path / "new.csv", ("a", "b"))
    assert X.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert found == labels


def test_that_rows_that_fit_no_model_come_with_the_columns_they_have(tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("x1,x2,x3,x4\n1,2,3,4\n")
    assert read_rows(tmp_path / "new.csv", ("a", "b"))[0].shape == (1, 4)
    (tmp_path / "new.csv").write_text("b,a\nx,1\n")
    with pytest.raises(FileProblem, match=r'new\.csv, row 2, column "b": "x" is not a finite'):
        read_rows(tmp_path / "new.csv", ("a", "b"))
