"""CSV and TSV: the same numbers back, or a sentence with row and column; no row ever lost."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from softmax_gui.data import tables
from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import ReadOptions
from softmax_gui.files import FileProblem

SMALL = "a,b,kind\n1,2,cat\n3.5,-4e-1,dog\n"


def read_table(file: str, text: str, label_column: str | None = None) -> Dataset:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file
        path.write_bytes(text.encode())
        return tables.read_table(path, ReadOptions(label_column=label_column))


def problem_with(text: str, label_column: str | None = None) -> str:
    with pytest.raises(FileProblem) as problem:
        read_table("t.csv", text, label_column)
    return str(problem.value)


def test_that_a_table_becomes_features_labels_and_names() -> None:
    table = read_table("t.csv", SMALL)
    assert table.X.tolist() == [[1.0, 2.0], [3.5, -0.4]]
    assert table.labels.tolist() == [0, 1]
    assert table.class_names == ("cat", "dog")
    assert table.feature_names == ("a", "b")
    assert (table.name, table.image_shape, table.pixel_range, table.notes) == (
        "t.csv",
        None,
        None,
        (),
    )


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        SMALL.replace("\n", "\r\n"),
        SMALL.replace("\n", "\r"),
        SMALL.rstrip("\n"),
        SMALL.replace(",", "\t"),
        SMALL.replace(",", ";"),
        SMALL.replace(",", ";").replace(".", ","),
        SMALL.replace(",", " , "),
        SMALL.replace("\n", ",\n"),
        SMALL.replace("kind\n", "kind,,\n"),
        SMALL.replace("\n", "\n\n,,\n"),
        'a,"b","kind"\n"1",2,"cat"\n3.5, "-4e-1",dog\n',
        "kind,a,b\ncat,1,2\ndog,3.5,-4e-1\n".replace("kind", "Class"),
        ",a,b,kind\n0,1,2,cat\n1,3.5,-4e-1,dog\n",
        "Id,a,b,kind\n1,1,2,cat\n2,3.5,-4e-1,dog\n",
        "# by hand\n" + SMALL.replace("\n3.5", "\n# and more\n3.5"),
    ],
)
def test_that_every_usual_way_of_writing_it_gives_the_same_table(text: str) -> None:
    table = read_table("t.csv", text)
    assert table.X.tolist() == [[1.0, 2.0], [3.5, -0.4]]
    assert table.feature_names == ("a", "b")
    assert [table.class_names[label] for label in table.labels] == ["cat", "dog"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b,kind\n1,2,cat\n1,cat\n", "t.csv, row 3: 2 columns, 3 expected. Check for a missing"),
        ("a,b,kind\n\n# x\n1,2,cat,4\n", "t.csv, row 4: 4 columns, 3 expected"),
        ("a,kind\n1,cat\ntwo,dog\n", 't.csv, row 3, column "a": "two" is not a finite number'),
        ("a,kind\n1,cat\n,dog\n", 'row 3, column "a": no value (""). Fill it in, delete'),
        ("a,kind\nNA,cat\n1,dog\n", 'row 2, column "a": no value ("NA")'),
        ("a,kind\n?,cat\n1,dog\n", 'row 2, column "a": no value ("?")'),
        ("a,kind\nnan,cat\n1,dog\n", 'row 2, column "a": no value ("nan")'),
        ("a,kind\ninf,cat\n1,dog\n", '"inf" is not a finite number'),
        ("a,b,kind\ninf,-inf,cat\n1,2,dog\n", 'column "a": "inf" is not a finite number'),
        ("a,kind\n1e309,cat\n1,dog\n", '"1e309" is not a finite number'),
        ("a,kind\ninfinity,cat\n1,dog\n", '"infinity" is not a finite number'),
        ("a,kind\n1_000,cat\n1,dog\n", '"1_000" is not a finite number'),
        ("a,kind\n٣,cat\n1,dog\n", '"٣" is not a finite number'),
        ("a,kind\n0x10,cat\n1,dog\n", '"0x10" is not a finite number'),
        ("a,kind\n1 000,cat\n1,dog\n", '"1 000" is not a finite number'),
        ('a,kind\n"1,5",cat\n1,dog\n', '"1,5" is not a finite number'),
        ("a;kind\n1.234,5;cat\n1;dog\n", '"1.234,5" is not a finite number'),
        ("a;kind\n1,5;cat\n2;dog\n2.5;dog\n", "row 4: numbers with a decimal comma (row 2) and"),
        ("a,kind\n1,cat\n1,\n", 'row 3, column "kind": no value ("")'),
        ("a,kind\n1,cat\n1,?\n", 'row 3, column "kind": no value ("?")'),
        ("a,kind\n1,cat\n2,cat\n", 'column "kind": all 2 rows have the label "cat". Two classes'),
        ("a,kind\n1,cat\n", "all 1 rows"),
        ("kind\ncat\ndog\n", 'row 1: only one column, "kind", was found. Separate'),
        ('a,kind\n1,"cat\n2,dog\n', "row 2: the quotation marks do not pair up within the row"),
        ('a,kind\n1,"cat"s\n2,dog\n', "row 2: the quotation marks do not pair up within the row"),
        ('a,"kind\n1,cat\n2,dog\n', "row 1: the quotation marks do not pair up within the row"),
        ('a,kind\n1,"' + "x" * 200_000 + '"\n', "row 2: the quotation marks do not pair up"),
        ("a,kind\n" + "1" * 200_000 + ",cat\n", "…" + '" is not a finite number'),
        ("a\x1b[2J,kind\nx,cat\n", 'column "a\N{REPLACEMENT CHARACTER}[2J"'),
    ],
)
def test_that_what_is_wrong_is_said_with_its_row_and_column(text: str, sentence: str) -> None:
    assert sentence in problem_with(text)
    assert "\n" not in problem_with(text)


def test_that_an_open_quote_among_many_rows_is_found_where_it_opens() -> None:
    rows = [f'{row},"name {row % 3}"' for row in range(2, 62)]
    rows[9] = rows[9].removesuffix('"')
    assert "t.csv, row 11: the quotation marks" in problem_with("\n".join(["a,kind", *rows]))


def test_that_numbers_that_are_a_quantity_are_not_taken_for_classes() -> None:
    prices = "a,price\n" + "".join(f"{row},{row * 1.37:.2f}\n" for row in range(60))
    assert 'column "price": 60 different numbers in 60 rows look like a quantity' in problem_with(
        prices
    )
    numbers = "a,price\n" + "".join(f"{row},{row * row}\n" for row in range(60))
    assert "60 different numbers in 60 rows look like a quantity" in problem_with(numbers)
    assert read_table("t.csv", "a,v\n" + "1,1.5\n2,2.5\n" * 30).class_names == ("1.5", "2.5")
    many = "a,number\n" + "".join(f"{row},{row % 100}\n" for row in range(300))
    assert read_table("t.csv", many).q == 100


def test_that_labels_are_told_apart_by_their_text_and_sorted_as_numbers_where_they_are() -> None:
    rows = ["10", "9", "-7", "007", "7", "1000"]
    table = read_table("t.csv", "a,y\n" + "".join(f"{row},{row}\n" for row in rows))
    assert table.class_names == ("-7", "007", "7", "9", "10", "1000")
    mixed = read_table("t.csv", "a,y\n1,10\n1,9\n1,b\n1,0.0\n1,0\n")
    assert mixed.class_names == ("0", "0.0", "10", "9", "b")
    assert read_table("t.csv", "a,y\n1,+\n1,-\n1,none\n").class_names == ("+", "-", "none")


def test_that_names_missing_or_used_twice_become_distinct() -> None:
    table = read_table("t.csv", "a,a,,a (2),kind\n1,2,3,4,x\n5,6,7,8,y\n")
    assert table.feature_names == ("a", "a (2)", "column 3", "a (2) (2)")


def test_that_the_label_column_is_the_named_the_evident_or_the_last_one() -> None:
    text = "x,label,y\n1,2,3\n4,5,6\n"
    assert read_table("t.csv", text).feature_names == ("x", "y")
    assert read_table("t.csv", text, "x").class_names == ("1", "4")
    assert read_table("t.csv", text.replace("label", "b")).class_names == ("3", "6")
    assert 'row 1: no column is named "z"' in problem_with(text, "z")


def test_that_only_the_ends_of_lines_end_a_row() -> None:
    for mark in "\x0b\x0c\x1c\x85\u2028":
        assert read_table("t.csv", f"a,y\n1,c{mark}t\n2,dog\n").class_names[0] == f"c{mark}t"


def test_that_a_comma_in_a_name_is_no_separator_where_there_is_a_semicolon() -> None:
    assert read_table("t.csv", "length, cm;y\n1;cat\n2;dog\n").feature_names == ("length, cm",)


def test_that_what_was_passed_over_is_noted() -> None:
    notes = read_table("t.csv", "Id,a,kind\n# x\n5,1,cat\n6,2,dog\n#y\n").notes
    assert notes == (
        "Comment lines skipped: 2.",
        'Column "Id" only counts the rows and is left out.',
    )
    kept = read_table("t.csv", "Id,a,kind\n5,1,cat\n7,2,dog\n")
    assert kept.feature_names == ("Id", "a")


@pytest.mark.parametrize(
    ("header", "cells", "image_shape", "pixel_range"),
    [
        ("x1,x2,x3,x4", "0,1,0.5,1", (2, 2), (0.0, 1.0)),
        ("pixel_0_0,pixel_0_1,pixel_1_0,pixel_1_1", "0,16,3,4", (2, 2), (0.0, 16.0)),
        ("1x1,1x2,2x1,2x2", "0,200,3,4", (2, 2), (0.0, 255.0)),
        ("pixel0,pixel1,pixel2,pixel3", "0,300,3,4", (2, 2), (0.0, 300.0)),
        ("pixel0,pixel1,pixel2,pixel3", "5,5,5,5", (2, 2), (5.0, 6.0)),
        ("x1,x2,x3,x4", "0,-1,0.5,1", None, None),
        ("x1,x2,x3", "0,1,0.5", None, None),
        ("a,b,c,d", "0,1,0.5,1", None, None),
        ("x1", "1", None, None),
    ],
)
def test_that_columns_named_like_the_pixels_of_a_square_are_a_picture(
    header: str,
    cells: str,
    image_shape: tuple[int, int] | None,
    pixel_range: tuple[float, float] | None,
) -> None:
    table = read_table("t.csv", f"{header},y\n{cells},cat\n{cells},dog\n")
    assert (table.image_shape, table.pixel_range) == (image_shape, pixel_range)


finite = st.floats(allow_nan=False, allow_infinity=False)
names = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="#\ufeff"), min_size=1
).filter(lambda name: name == name.strip() and not name.isnumeric())


@given(
    rows=st.lists(st.tuples(finite, finite, st.sampled_from([0, 1, 2])), min_size=3, max_size=9),
    classes=st.lists(names, min_size=3, max_size=3, unique=True),
    separator=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@example([(0.1, 1e-300, 0), (1e300, 1e300, 1), (-0.0, 5e-324, 2)], ["a", "b", "c"], ",", 0)
@example([(1.0, 2.0, 0), (1.0, 2.0, 1), (1.0, 2.0, 2)], ['"', ",", ";"], ";", 0)
def test_that_whatever_a_csv_writer_wrote_comes_back_bit_by_bit(
    rows: list[tuple[float, float, int]], classes: list[str], separator: str, quoting: int
) -> None:
    missing = {"?", "na", "n/a", "#n/a", "nan", "null"}
    if missing & {name.lower() for name in classes} or len({row[2] for row in rows}) < 2:
        return
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=separator, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["a", "b", "kind"])
    writer.writerows([repr(a), repr(b), classes[k]] for a, b, k in rows)
    table = read_table("t.csv", buffer.getvalue())
    written = np.array([row[:2] for row in rows])
    assert table.X.tobytes() == written.tobytes()
    assert [table.class_names[label] for label in table.labels] == [classes[k] for *_, k in rows]


@given(text=st.text(st.sampled_from('ab1.,;\t\n\r"#- _e'), max_size=60))
def test_that_no_text_does_worse_than_a_sentence(text: str) -> None:
    try:
        table = read_table("t.csv", text)
    except FileProblem:
        return
    assert table.q >= 2
    # without quotes and comments every row that is not blank counts, and none counts twice
    rows = [line for line in text.replace("\r", "\n").split("\n") if line.strip(' \t;,"')]
    assert table.n == sum(not line.startswith("#") for line in rows) - 1
