"""Folders of pictures: classes, links, odd names, a table of labels, the preview."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.pictures import is_picture_folder, look_at_pictures, read_pictures
from softmax_gui.files import FileProblem
from tests.data.picture_files import GRAY, pets, refusal, save


def test_that_a_folder_of_nothing_or_of_one_class_is_refused(tmp_path: Path) -> None:
    assert "has no sub-folders with pictures" in refusal(tmp_path)
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.png").write_bytes(b"x")
    assert "None of 1 files in" in refusal(tmp_path)
    save(tmp_path / "cat" / "b.png", GRAY)
    assert 'has pictures of one class, "cat"' in refusal(tmp_path)
    pets(tmp_path)
    assert "more than the 100 B allowed" in refusal(tmp_path, ReadOptions(limit_bytes=100))


def test_that_nested_folders_are_read_one_deep_and_links_do_not_loop(tmp_path: Path) -> None:
    pets(tmp_path)
    save(tmp_path / "cat" / "more" / "a.png", GRAY)
    save(tmp_path / "cat" / "more" / "deep" / "a.png", GRAY)
    (tmp_path / "cat" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "again").symlink_to(tmp_path / "dog", target_is_directory=True)
    (tmp_path / "dog" / "self").symlink_to(tmp_path / "dog" / "self")
    data = read_pictures(tmp_path)
    assert data.counts.tolist() == [3, 2]
    said = " ".join(data.notes)
    assert "too deep, not read: cat/more/deep." in said
    assert "not followed: cat/loop, again." in said
    assert "dog/self" in said


def test_that_hidden_files_and_those_of_file_managers_are_passed_over(tmp_path: Path) -> None:
    pets(tmp_path)
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini", "._0.png"):
        (tmp_path / "cat" / name).write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    data = read_pictures(tmp_path)
    assert (data.n, data.notes) == (4, ())


def test_that_names_are_the_same_composed_or_not(tmp_path: Path) -> None:
    pets(tmp_path)
    for form in ("NFC", "NFD"):
        save(tmp_path / unicodedata.normalize(form, "고양이") / f"{form}.png", GRAY)
    data = read_pictures(tmp_path)
    assert data.class_names == ("cat", "dog", "고양이")
    assert data.counts.tolist() == [2, 2, 2]


def test_that_the_order_of_classes_is_as_wanted(tmp_path: Path) -> None:
    data = read_pictures(pets(tmp_path), ReadOptions(class_order=("dog", "cat")))
    assert (data.class_names, data.labels.tolist()) == (("dog", "cat"), [1, 1, 0, 0])


def test_that_a_pipe_among_pictures_is_left_out(tmp_path: Path) -> None:
    pets(tmp_path)
    os.mkfifo(tmp_path / "cat" / "pipe.png")
    data = read_pictures(tmp_path)
    assert data.n == 4
    assert "cat/pipe.png (it cannot be read)" in data.notes[0]


def test_that_labels_may_stand_in_a_table(tmp_path: Path) -> None:
    for i in range(4):
        save(tmp_path / "sub" / f"{i}.png", GRAY + i)
    table = "file,label\nsub/0.png,고양이\nsub\\1,개\nsub/2.png,개\ngone.png,개\n"
    (tmp_path / "labels.csv").write_bytes(table.encode("cp949"))
    data = read_pictures(tmp_path)
    assert (data.class_names, data.labels.tolist()) == (("개", "고양이"), [1, 0, 0])
    assert data.X[:, 0].tolist() == [0, 1, 2]
    said = " ".join(data.notes)
    assert "1 pictures of labels.csv are not there: gone.png." in said
    assert "1 files are not in labels.csv" in said


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("sub/0.png", "labels.csv, row 1: a file and its label"),
        ("sub/0.png,a\nsub/0.png,b\n", "row 2: sub/0.png has another label"),
        ('sub/0.png,a\n"sub/1.png,b\n', "a quote is not closed"),
        ("../../etc/passwd,a\n", "names no picture of its folder"),
        ("", "names no picture of its folder"),
    ],
)
def test_that_a_table_that_does_not_fit_is_refused_by_its_row(
    tmp_path: Path, table: str, sentence: str
) -> None:
    save(tmp_path / "sub" / "0.png", GRAY)
    (tmp_path / "labels.csv").write_text(table)
    assert sentence in refusal(tmp_path)


def test_that_a_preview_has_counts_size_and_pictures_of_every_class(tmp_path: Path) -> None:
    pets(tmp_path, 15)
    seen = look_at_pictures(tmp_path)
    assert (seen.kind, seen.n, seen.d, seen.q, seen.exact) == ("pictures", 30, 24, 2, True)
    assert seen.classes == (("cat", 15), ("dog", 15))
    assert seen.guessed.picture_size == (4, 6)
    assert seen.guessed.colour == "gray"
    assert set(seen.picture_names[:2]) == {"cat/0.png", "dog/0.png"}
    assert {picture.shape for picture in seen.pictures} == {(4, 6)}
    assert seen.problem == ""


def test_that_a_preview_tells_what_reading_would_refuse(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "0.png", GRAY)
    assert "one class" in look_at_pictures(tmp_path).problem
    with pytest.raises(FileProblem):
        look_at_pictures(tmp_path / "nothing")


def test_that_a_folder_of_pictures_is_known(tmp_path: Path) -> None:
    assert not is_picture_folder(tmp_path)
    (tmp_path / "x.npy").write_bytes(b"x")
    assert not is_picture_folder(tmp_path)
    assert not is_picture_folder(tmp_path / "x.npy")
    assert is_picture_folder(pets(tmp_path))
