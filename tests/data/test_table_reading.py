"""What becomes of the cells of a table: missing ones, labels, targets, groups; and of memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import Cancelled, ReadOptions
from softmax_gui.data.tables import look_at_table, read_table, read_table_rows
from softmax_gui.files import FileProblem

GAPS = "a,b,y\n1,2,cat\n,4,dog\n3,nan,cat\n5,inf,dog\n7,6,\n9,1,dog\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


def read(file: Path, text: str, **said: Any) -> Dataset:
    file.write_text(text, "utf-8", newline="")
    return read_table(file, ReadOptions(**said))


def problem_with(file: Path, text: str, **said: Any) -> str:
    with pytest.raises(FileProblem) as problem:
        read(file, text, **said)
    return str(problem.value)


def test_that_missing_cells_are_refused_dropped_or_filled_as_asked(file: Path) -> None:
    assert 'row 3, column "a": no value' in problem_with(file, GAPS)
    assert "means filled in" in problem_with(file, GAPS)
    dropped = read(file, GAPS, missing="drop")
    assert dropped.X.tolist() == [[1, 2], [9, 1]]
    assert dropped.notes == ("4 rows with 4 missing or infinite values were left out.",)
    filled = read(file, GAPS, missing="mean")
    assert filled.X.tolist() == [[1, 2], [4.5, 4], [3, 7 / 3], [5, 7 / 3], [9, 1]]
    assert filled.notes == (
        "1 rows with 1 missing or infinite values were left out.",
        "3 missing or infinite values in 3 rows became the mean of their column.",
    )
    for way in ("drop", "mean"):
        assert '"x" is not a finite' in problem_with(file, "a,y\nx,c\n1,d\n", missing=way)
    assert "every row has a missing" in problem_with(file, "a,y\n?,c\n,d\n", missing="drop")
    assert "no mean to fill in" in problem_with(file, "a,b,y\n?,1,c\n,2,d\n", missing="mean")


def test_that_the_label_column_goes_by_name_or_number(file: Path) -> None:
    text = "a,b,c\n1,2,3\n4,5,6\n"
    for said, names in (("b", ("2", "5")), ("1", ("1", "4")), ("-1", ("3", "6"))):
        assert read(file, text, label_column=said).class_names == names
    for said in ("0", "4", "-4", "z"):
        assert f'no column is named "{said}"' in problem_with(file, text, label_column=said)


def test_that_one_hot_columns_are_labels_and_soft_ones_stay_soft(file: Path) -> None:
    hot = "x,cat,dog,hen\n5,1,0,0\n6,0,1,0\n7,0,0,1\n"
    data = read(file, hot)
    assert (data.class_names, data.labels.tolist()) == (("cat", "dog", "hen"), [0, 1, 2])
    assert data.targets is None
    assert "One-hot" in data.notes[0]
    soft = read(file, hot.replace("1,0,0", "0.5,0.25,0.25"))
    assert soft.targets is not None
    assert soft.targets[0].tolist() == [0.5, 0.25, 0.25]
    assert "Soft labels" in soft.notes[0]
    chosen = read(file, "cat,dog,x\n1,0,5\n0,1,6\n", target_columns=("dog", "cat"))
    assert (chosen.class_names, chosen.feature_names) == (("dog", "cat"), ("x",))
    wrong = problem_with(file, "cat,dog,x\n1,0,5\n0.5,1,6\n", target_columns=("dog", "cat"))
    assert "row 3: the targets" in wrong


def test_that_targets_guessed_wrong_from_the_start_are_features_after_all(file: Path) -> None:
    rows = "".join(f"5.{k},{k % 2},{1 - k % 2}\n" for k in range(200_000))
    data = read(file, "x,a,y\n" + rows + "5,1,1\n")
    assert (data.d, data.q, data.targets) == (2, 2, None)


def test_that_groups_and_parts_are_no_features(file: Path) -> None:
    text = "who,a,part,y\np,1,train,cat\nq,2,Test,dog\np,3,val,cat\n"
    data = read(file, text, group_column="who", split_column="part")
    assert data.feature_names == ("a",)
    assert data.groups == ("p", "q", "p")
    assert data.parts is not None
    assert data.parts.tolist() == [0, 2, 1]
    bad = problem_with(file, text.replace("val", "x"), group_column="who", split_column="part")
    assert '"x" in row 3 of the data is no part' in bad
    twice = problem_with(file, text, group_column="y", label_column="y")
    assert "chosen for two purposes" in twice


def test_that_a_look_says_how_many_rows_a_column_puts_into_each_part(file: Path) -> None:
    row = "1,2,train,cat\n3,4,test,dog\n1,1,train,dog\n"
    said = ReadOptions(split_column="part")
    file.write_text("a,b,part,y\n" + row)
    whole = 'Rows by the column "part": 2 train, 0 validation, 1 test.'
    assert whole in look_at_table(file, said).notes
    file.write_text("a,b,part,y\n" + row * 100_000)
    seen = look_at_table(file, said)
    assert not seen.exact
    assert any(note.startswith('The first rows by the column "part"') for note in seen.notes)


def test_that_a_reading_of_rows_for_a_model_can_be_cancelled(file: Path) -> None:
    def cancel(_: float) -> None:
        raise Cancelled

    file.write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(Cancelled):
        read_table_rows(file, ("a", "b"), watch=cancel)


def test_that_classes_come_in_the_order_asked_for(file: Path) -> None:
    text = "a,y\n1,cat\n2,dog\n3,hen\n"
    data = read(file, text, class_order=("hen", "cat", "dog"))
    assert [data.class_names[label] for label in data.labels] == ["cat", "dog", "hen"]
    assert data.class_names == ("hen", "cat", "dog")
    assert '"hen" is not in the wanted order' in problem_with(
        file, text, class_order=("cat", "dog")
    )


def test_that_what_tells_nothing_is_reported(file: Path) -> None:
    data = read(file, "a,b,c,d,y\n1,7,1,0,u\n2,7,2,5,v\n2,7,2,5,v\n2,7,2,5,u\n")
    assert data.notes == (
        "Constant columns, which tell nothing apart: 1 (b).",
        "Columns that repeat an earlier one: 1 (c).",
        "Rows that repeat an earlier one, label and all: 1.",
    )


@pytest.mark.parametrize(
    "text", ["a,b,y\n1,2,c\n1,2,3,d\n1,d\n", "a,b,y\n1,2\n1,2,3,d\n", "y,a,b\nc,1\nd,1,2,3\n"]
)
def test_that_a_cell_too_many_does_not_make_up_for_one_too_few(file: Path, text: str) -> None:
    assert "columns, 3 expected" in problem_with(file, text)


@pytest.mark.parametrize(
    "odd", ["1_0", "infinity", "٣", "0x1F", "1d5", "1 0", "1e309", "(1)", "1j"]
)
def test_that_the_quick_way_takes_nothing_that_the_careful_way_refuses(
    file: Path, odd: str
) -> None:
    rows = ["1,2,cat", "3,4,dog"] * 50
    rows[70] = f"{odd},4,dog"
    text = "\n".join(["a,b,y", *rows])
    assert f'row 72, column "a": "{odd}" is not a finite number' in problem_with(file, text)


def test_that_both_ways_give_the_same_bits(file: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3)) * 10.0 ** rng.integers(-300, 300, (300, 3))
    lines = [",".join([*map(repr, row), "cd"[k % 2]]) for k, row in enumerate(X.tolist())]
    quick = read(file, "a,b,c,y\n" + "\n".join(lines))
    careful = read(file, "a,b,c,y\n" + "\n".join(f'{line[:-1]}"{line[-1]}"' for line in lines))
    assert quick.X.tobytes() == careful.X.tobytes() == X.tobytes()


def test_that_a_watch_ends_the_reading_at_once_and_hears_of_its_progress(file: Path) -> None:
    file.write_text("a,y\n" + "".join(f"{k % 9},{k % 2}\n" for k in range(300_000)))
    shares: list[float] = []
    data = read_table(file, watch=shares.append)
    assert data.n == 300_000
    assert shares == sorted(shares)
    assert (min(shares) >= 0.0, shares[-1], len(shares) > 8) == (True, 1.0, True)

    def cancel(share: float) -> None:
        if share > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        read_table(file, watch=cancel)


def test_that_more_numbers_than_allowed_are_refused_before_memory_is_taken(file: Path) -> None:
    assert "the limit is 100 B. Raise it" in problem_with(
        file, "a,y\n" + "1,c\n2,d\n" * 9, limit_bytes=100
    )


def test_that_a_preview_of_a_large_file_estimates_its_rows(file: Path) -> None:
    file.write_text("a,b,y\n" + "".join(f"{k % 97},{k % 7},c{k % 3}\n" for k in range(300_000)))
    look = look_at_table(file)
    assert not look.exact
    assert look.n == pytest.approx(300_000, rel=0.01)
    assert (look.d, look.q, look.problem) == (2, 3, "")
    assert look.guessed.label_column == "y"
    assert (look.columns, len(look.rows), look.rows[1]) == (("a", "b", "y"), 20, ("1", "1", "c1"))


def test_that_a_preview_says_what_reading_would_refuse(file: Path) -> None:
    file.write_text("a,y\n1,c\nx,d\n")
    look = look_at_table(file)
    assert 'row 3, column "a": "x" is not a finite' in look.problem
    assert look.rows == (("1", "c"), ("x", "d"))
    with pytest.raises(FileProblem, match="was not found"):
        look_at_table(file.with_name("other.csv"))


def test_that_rows_for_a_model_find_one_hot_labels(file: Path) -> None:
    file.write_text("b,a,cat,dog,hen\n2,1,0,1,0\n4,3,1,0,0\n")
    X, labels = read_table_rows(file, ("a", "b"))
    assert X.tolist() == [[1, 2], [3, 4]]
    assert labels == ["dog", "cat"]


def test_that_a_pipe_or_folder_is_no_table(tmp_path: Path) -> None:
    for path in (tmp_path, Path(os.devnull)):
        with pytest.raises(FileProblem):
            read_table(path)
