"""Tables in every usual dialect and encoding: guessed right, obeyed when told, never garbled."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.tables import look_at_table, read_table
from softmax_gui.files import FileProblem

KOREAN = "밝기,길이,종류\n1,2.5,고양이\n2,3.5,강아지\n3,0.5,고양이\n"


def table(content: str | bytes, written: str = "utf-8", **said: object) -> Dataset:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(written))
        return read_table(path, replace(ReadOptions(), **said))  # type: ignore[arg-type]


def problem_with(content: str | bytes, written: str = "utf-8", **said: object) -> str:
    with pytest.raises(FileProblem) as problem:
        table(content, written, **said)
    return str(problem.value)


def names_of(data: Dataset) -> list[str]:
    return [data.class_names[label] for label in data.labels]


@pytest.mark.parametrize(
    ("encoding", "noted"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("utf-16-le", "UTF-16 LE"),
        ("utf-16-be", "UTF-16 BE"),
        ("cp949", "CP949"),
    ],
)
def test_that_the_encoding_is_guessed_and_obeyed_and_a_guess_is_noted(
    encoding: str, noted: str
) -> None:
    guessed = table(KOREAN, encoding)
    assert guessed.class_names == ("강아지", "고양이")
    assert guessed.feature_names == ("밝기", "길이")
    assert noted in " ".join(guessed.notes)
    assert bool(guessed.notes) == bool(noted)
    assert table(KOREAN, encoding, encoding=encoding).class_names == ("강아지", "고양이")


def test_that_western_text_is_latin_1_and_not_korean() -> None:
    for word in ("Ärger", "é", "naïve", "Œuvre €", "Übergröße"):
        encoding = "cp1252" if "€" in word else "latin-1"
        data = table(f"a,{word}\n1,{word}\n2,dog\n", encoding)
        assert word in data.class_names
        assert len(data.notes) == 1


def test_that_korean_far_below_an_ascii_start_is_found() -> None:
    rows = "".join(f"{k},{k % 7},{'cat' if k % 2 else 'dog'}\n" for k in range(120_000))
    data = table("a,b,y\n" + rows + "1,2,고양이\n", "cp949")
    assert data.class_names == ("cat", "dog", "고양이")


def test_that_a_damaged_or_wrongly_named_encoding_is_refused_by_its_row() -> None:
    damaged = KOREAN.encode().replace("강".encode(), b"\xea\xff\x95")
    assert "t.csv, row 3: byte 0xEA is not UTF-8 text" in problem_with(damaged)
    assert "row 1: byte" in problem_with(KOREAN, "cp949", encoding="utf-8")
    assert "no text" in problem_with(bytes([200, 1, 2, 3, 250] * 20))


@pytest.mark.parametrize("separator", ["\t", ";", ",", "|", " ", "   "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_that_separators_and_line_ends_are_guessed(separator: str, end: str) -> None:
    rows = [["a", "b", "y"], ["1", "2.5", "cat"], ["-3e2", "4", "dog"], ["5", "6", "cat"]]
    text = end.join(separator.join(row) for row in rows) + end
    data = table(text)
    assert data.X.tolist() == [[1.0, 2.5], [-300.0, 4.0], [5.0, 6.0]]
    assert names_of(data) == ["cat", "dog", "cat"]
    told = table(text, delimiter=separator[0], header=True, decimal=".", comment="")
    assert told.X.tolist() == data.X.tolist()


@pytest.mark.parametrize("separator", ["\t", ";", "|", " "])
@pytest.mark.parametrize("header", ["a{0}b{0}y\n", ""])
def test_that_decimal_commas_are_guessed(separator: str, header: str) -> None:
    lines = ["1,5 0,25 cat", "2,5 1 dog", "-3,5 1e3 cat"]
    text = header.format(separator) + "".join(f"{line.replace(' ', separator)}\n" for line in lines)
    data = table(text)
    assert data.X.tolist() == [[1.5, 0.25], [2.5, 1.0], [-3.5, 1000.0]]
    assert table(text, decimal=",").X.tolist() == data.X.tolist()


def test_that_mixed_decimal_marks_are_refused_in_any_order() -> None:
    comma, point = "1,5;cat\n", "2.5;dog\n"
    assert "decimal comma (row 2)" in problem_with("a;y\n" + comma + point)
    assert "(row 3) and with a point (row 2)" in problem_with("a;y\n" + point + comma)
    assert '"1,5" is not a finite' in problem_with("a;y\n" + comma + point, decimal=".")
    assert "are mixed" in problem_with("a;y\n2.5;cat\n3.5;dog\n", decimal=",")


@pytest.mark.parametrize(
    ("text", "header", "d"),
    [
        ("5.1,3.5,1\n4.9,3.0,2\n5.0,2.0,1\n", False, 2),
        ("5.1,3.5,cat\n4.9,3.0,dog\n", False, 2),
        ("cat,1,2\ndog,3,4\ncat,5,6\n", False, 2),
        ("0,1,2,3,4\n9,8,7,6,1\n9,8,7,6,0\n", True, 4),
        ("0,1,label\n9,8,1\n9,8,0\n", True, 2),
        (",0,1,y\n0,9,8,a\n1,7,6,b\n", True, 2),
        ("a,b,y\n1,2,1\n3,4,0\n", True, 2),
    ],
)
def test_that_a_first_row_like_all_others_is_no_header(text: str, header: bool, d: int) -> None:
    data = table(text)
    assert data.d == d
    assert data.n == text.count("\n") - header
    if not header:
        assert data.feature_names[-1].startswith("column ")


def test_that_a_header_said_to_be_there_or_not_is_believed() -> None:
    text = "1,2,3\n4,5,6\n7,8,9\n"
    assert table(text, header=True).feature_names == ("1", "2")
    assert table(text, header=False).n == 3
    assert '"a" is not a finite number' in problem_with("a,y\n1,2\n", header=False)


@pytest.mark.parametrize("mark", ["#", "%", "//"])
def test_that_comment_lines_are_skipped_and_counted(mark: str) -> None:
    data = table(f"{mark} by hand\na,y\n1,cat\n{mark}1,2,3\n2,dog\n")
    assert data.n == 2
    assert data.notes == ("Comment lines skipped: 2.",)
    kept = table(f"a,y\n1,{mark}\n2,b\n", comment="")
    assert mark in kept.class_names


def test_that_trailing_separators_marks_and_blank_lines_change_nothing() -> None:
    data = table("\ufeffa,a,y,\r\n1,2,cat,\r\n\r\n,,,\r\n3,4,dog,\r\n")
    assert (data.feature_names, data.d, data.n) == (("a", "a (2)"), 2, 2)


floats = st.floats(allow_nan=False, allow_infinity=False)
words = st.sampled_from(["cat", "dog", "hen", "고양이", "강아지", "007", "7", "a b"])


@given(
    rows=st.lists(st.tuples(floats, floats, floats, words), min_size=2, max_size=12),
    separator=st.sampled_from(["\t", ";", ",", "|"]),
    decimal=st.sampled_from([".", ","]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    place=st.integers(0, 3),
    quoted=st.booleans(),
    said=st.booleans(),
)
def test_that_a_table_comes_back_bit_by_bit_from_every_dialect(
    rows: list[tuple[float, float, float, str]],
    separator: str,
    decimal: str,
    encoding: str,
    end: str,
    place: int,
    quoted: bool,
    said: bool,
) -> None:
    if len({row[3] for row in rows}) < 2 or separator == decimal:
        return
    lines = [["밝기", "b", "c"]] + [
        [repr(x).replace(".", decimal) for x in row[:3]] for row in rows
    ]
    for line, name in zip(lines, ["Label", *(row[3] for row in rows)], strict=True):
        line.insert(place, f'"{name}"' if quoted else name)
    text = end.join(separator.join(line) for line in lines)
    options = {"encoding": encoding, "delimiter": separator, "decimal": decimal} if said else {}
    data = table(text, encoding, **options)
    assert data.X.tobytes() == np.array([row[:3] for row in rows]).tobytes()
    assert names_of(data) == [row[3] for row in rows]


pieces = st.sampled_from([b"1", b"2.5", b",", b";", b"\t", b"\n", b"\r", b'"', b"a", b"nan", b"#"])


@given(content=st.binary(max_size=80) | st.lists(pieces, max_size=40).map(b"".join))
def test_that_no_bytes_do_worse_than_a_sentence(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(content)
        look = look_at_table(path)
        try:
            data = read_table(path)
        except FileProblem as problem:
            said = str(problem)
        else:
            said = ""
    assert said == look.problem
    if said:
        return
    assert (look.n, look.d, look.q) == (data.n, data.d, data.q)
    assert look.notes == data.notes
