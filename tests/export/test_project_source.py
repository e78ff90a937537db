"""The data that a project names: known again where they went, and known when they changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.data.options import Cancelled, ReadOptions
from softmax_gui.export import project_source
from softmax_gui.export.project import (
    Project,
    fingerprint_of,
    load_project,
    look_for,
    moved,
    save_project,
)
from softmax_gui.files import FileProblem
from softmax_gui.training.config import TrainConfig


def of(path: Path, options: ReadOptions | None = None) -> Project:
    fingerprint = fingerprint_of(path, options=options)
    return Project(str(path), TrainConfig(), fingerprint=fingerprint, options=options)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "data" / "fruit.csv"
    file.parent.mkdir()
    file.write_text("a,b,kind\n" + "1,2,x\n3,4,y\n" * 20)
    return file


def test_that_the_fingerprint_of_a_file_is_what_sha256sum_says(table: Path) -> None:
    found = fingerprint_of(table)
    assert found.sha256 == hashlib.sha256(table.read_bytes()).hexdigest()
    assert (found.size, found.mtime_ns) == (table.stat().st_size, table.stat().st_mtime_ns)


def test_that_data_in_their_place_are_known_again_though_touched(table: Path) -> None:
    project = of(table)
    os.utime(table, ns=(0, 0))
    assert look_for(project, table) == ""


def test_that_a_sample_is_looked_for_nowhere(tmp_path: Path) -> None:
    assert look_for(Project("iris", TrainConfig()), tmp_path / "iris") == ""


def test_that_a_change_is_said_with_both_sizes(table: Path) -> None:
    project = of(table)
    table.write_text(table.read_text() + "5,6,x\n" * 1000)
    assert look_for(project, table) == (
        "fruit.csv has changed since the project was saved: 6.25 kB instead of 249 B."
    )


def test_that_a_change_of_one_byte_is_said_though_size_and_time_are_the_same(table: Path) -> None:
    project, then = of(table), table.stat().st_mtime_ns
    table.write_text(table.read_text().replace("3", "7"))
    os.utime(table, ns=(then, then))
    assert look_for(project, table) == (
        "fruit.csv has changed since the project was saved: its size is the same."
    )


def test_that_sizes_alike_in_round_numbers_are_said_exactly(table: Path) -> None:
    table.write_bytes(bytes(1_000_000))
    project = of(table)
    table.write_bytes(bytes(1_000_001))
    assert "1,000,001 bytes instead of 1,000,000 bytes" in look_for(project, table)


def test_that_a_file_that_is_gone_is_said_with_its_folder(table: Path) -> None:
    project = of(table)
    table.unlink()
    sentence = look_for(project, table)
    assert sentence.startswith("fruit.csv is no longer in ")
    assert sentence.endswith("data. Choose the place where it is now.")


def test_that_a_moved_file_is_known_by_its_contents_and_another_is_not(
    table: Path, tmp_path: Path
) -> None:
    project = of(table)
    new = table.rename(tmp_path / "other name.txt")
    other = tmp_path / "x.csv"
    other.write_text("a")
    assert look_for(project, new) == ""
    assert moved(project, new).source == str(new)
    assert look_for(project, other) == "x.csv is not the data of the project: 1 B instead of 249 B."
    other.write_bytes(bytes(249))
    assert "its size is the same, its contents not" in look_for(project, other)
    assert "could not be read" in look_for(project, tmp_path) or look_for(project, tmp_path)


def test_that_data_that_went_along_with_the_project_are_found(table: Path, tmp_path: Path) -> None:
    project = of(table)
    here = tmp_path / "work.softmax"
    save_project(here, project)
    assert load_project(here).source == str(table)
    there = tmp_path / "stick"
    there.mkdir()
    shutil.move(here, there)
    shutil.move(table.parent, there)
    again = load_project(there / "work.softmax")
    assert again.source == str(there / "data" / "fruit.csv")
    assert look_for(again, Path(again.source)) == ""


def test_that_data_found_nowhere_keep_their_place(table: Path, tmp_path: Path) -> None:
    save_project(tmp_path / "work.softmax", of(table))
    table.unlink()
    assert load_project(tmp_path / "work.softmax").source == str(table)
    long = replace(of(tmp_path / "work.softmax"), source="/" + "x" * 5000)
    save_project(tmp_path / "b.softmax", long)
    assert load_project(tmp_path / "b.softmax").source == long.source
    assert "is no longer in" in look_for(long, Path(long.source))


def test_that_a_folder_is_known_by_names_and_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    for name in ("cat/1.png", "cat/2.png", "dog/가.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    project = of(folder)
    assert look_for(project, folder) == ""
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "cat" / "Thumbs.db").write_bytes(b"x")
    if os.name == "posix":
        (folder / "loop").symlink_to(folder)
    assert look_for(project, folder) == ""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, symlinks=True)
    decomposed = unicodedata.normalize("NFD", "가.png")
    (copy / "dog" / "가.png").rename(copy / "dog" / decomposed)  # as another system writes it
    assert look_for(project, copy) == ""
    (folder / "cat" / "1.png").rename(folder / "dog" / "1.png")
    assert "pictures has changed since the project was saved" in look_for(project, folder)


def test_that_labels_in_a_second_file_count_too(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.arange(12.0).reshape(6, 2))
    np.save(tmp_path / "labels.npy", np.arange(6) % 2)
    project = of(tmp_path / "rows.npy")
    assert look_for(project, tmp_path / "rows.npy") == ""
    np.save(tmp_path / "labels.npy", np.arange(6) % 3)
    assert "rows.npy has changed" in look_for(project, tmp_path / "rows.npy")


def test_that_a_labels_file_that_went_along_is_found(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    np.save(old / "rows.npy", np.arange(12.0).reshape(6, 2))
    (old / "names.txt").write_text("a\nb\n" * 3)
    project = of(old / "rows.npy", ReadOptions(labels=str(old / "names.txt")))
    old.rename(new)
    assert look_for(project, new / "rows.npy") == ""
    options = moved(project, new / "rows.npy").options
    assert options is not None
    assert options.labels == str(new / "names.txt")
    (new / "names.txt").unlink()
    assert "names.txt was not found" in look_for(project, new / "rows.npy")


def test_that_a_fingerprint_is_taken_again_only_when_something_changed(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fingerprint_of(table)
    with monkeypatch.context() as patch:
        patch.delattr(project_source, "_blocks")
        assert fingerprint_of(table, known=first) is first
        patch.setattr(project_source, "SURE_BYTES", 10)  # a large file in its place is believed
        assert look_for(of_known(table, first), table) == ""
    os.utime(table, ns=(1, 1))
    assert fingerprint_of(table, known=first) == replace(first, mtime_ns=1)


def of_known(path: Path, fingerprint: project_source.Fingerprint) -> Project:
    return Project(str(path), TrainConfig(), fingerprint=fingerprint)


def test_that_taking_it_can_be_watched_and_ended(table: Path) -> None:
    table.write_bytes(bytes(20_000_000))
    shares: list[float] = []
    fingerprint_of(table, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) == 5

    def end(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fingerprint_of(table, end)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pipes among its files")
def test_that_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileProblem, match="a device or a pipe"):
        fingerprint_of(tmp_path / "pipe", options=ReadOptions(labels=str(tmp_path / "pipe")))
