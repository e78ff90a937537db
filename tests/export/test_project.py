"""Projects: every bit comes back; what is damaged, new or meant to harm is refused."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from softmax_gui.data.readers import read_dataset
from softmax_gui.data.samples import load
from softmax_gui.data.stored import open_stored
from softmax_gui.export.project import (
    Project,
    embeddable,
    is_project,
    load_project,
)
from softmax_gui.export.weights import load_model
from softmax_gui.training.config import TrainConfig
from tests.data.stored_files import save, table
from tests.export.projects import (
    SMALL,
    a_project,
    bytes_of,
    contents,
    every_kind,
    members_of,
    saved,
    zipped,
)


def test_that_every_field_comes_back_bit_by_bit(tmp_path: Path) -> None:
    project = saved(tmp_path / "work.softmax")
    again = load_project(tmp_path / "work.softmax")
    assert contents(again) == contents(project)
    assert is_project(tmp_path / "work.softmax")


def test_that_saving_twice_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    project = replace(a_project(), dataset=every_kind(), checkpoint=None)
    for one in (a_project(), SMALL, project):
        found = set()
        for year in range(1, 13):  # of 12 files two would differ in the order of two keys
            monkeypatch.setattr("time.time", lambda year=year: year * 3.2e7)
            found.add(bytes_of(one))
        assert len(found) == 1


def test_that_embedded_data_come_back_bit_by_bit(tmp_path: Path) -> None:
    saved(tmp_path / "work.softmax", SMALL)
    again = load_project(tmp_path / "work.softmax")
    assert contents(again) == contents(SMALL)
    assert again.dataset is not None
    assert not again.dataset.X.flags.writeable


def test_that_a_new_project_has_no_run_and_nothing_drawn(tmp_path: Path) -> None:
    project = saved(tmp_path / "new.softmax", Project("2x2", TrainConfig()))
    again = load_project(tmp_path / "new.softmax")
    assert contents(again) == contents(project)
    assert again.history.shape == (0, 7)
    assert list(members_of(tmp_path / "new.softmax")) == ["project.json"]


def test_that_standard_tools_read_the_members(tmp_path: Path) -> None:
    project = saved(tmp_path / "work.softmax", replace(a_project(), dataset=every_kind(),
                                                       checkpoint=None))  # fmt: skip
    members = members_of(tmp_path / "work.softmax")
    record = json.loads(members["project.json"])
    assert (record["format"], record["config"]["solver"]) == ("softmax-gui project", "lbfgs")
    assert project.dataset is not None
    with np.load(io.BytesIO(members["data.npz"]), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["X"], project.dataset.X)
    with np.load(io.BytesIO(members["drawn.npz"]), allow_pickle=False) as arrays:
        assert arrays["pictures"].shape == (2, 2, 2)


def test_that_the_run_in_a_project_is_a_weights_file(tmp_path: Path) -> None:
    project = saved(tmp_path / "work.softmax")
    members = members_of(tmp_path / "work.softmax")
    (tmp_path / "run.safetensors").write_bytes(members["run.safetensors"])
    model = load_model(tmp_path / "run.safetensors")
    assert project.checkpoint is not None
    np.testing.assert_array_equal(model.dense.W, project.checkpoint.parameters.W)
    assert model.class_names == ("class 0", "class 1", "class 2")
    assert safetensors.numpy.load(members["run.safetensors"])["weight"].shape == (3, 5)
    np.testing.assert_array_equal(np.load(io.BytesIO(members["history.npy"])), project.history)


def test_that_the_data_in_a_project_are_a_data_file(tmp_path: Path) -> None:
    iris = load("iris")
    saved(tmp_path / "work.softmax", Project("iris", TrainConfig(), dataset=iris))
    (tmp_path / "data.npz").write_bytes(members_of(tmp_path / "work.softmax")["data.npz"])
    again = read_dataset(tmp_path / "data.npz")
    np.testing.assert_array_equal(again.X, iris.X)
    assert again.class_names == iris.class_names


def test_that_a_project_packed_again_by_another_program_opens(tmp_path: Path) -> None:
    project = saved(tmp_path / "a.softmax")
    members = dict(reversed(members_of(tmp_path / "a.softmax").items()))
    (tmp_path / "a.softmax").write_bytes(zipped(members | {"notes.txt": b"mine"}))
    assert contents(load_project(tmp_path / "a.softmax")) == contents(project)


def test_that_small_data_are_embedded_and_large_or_wordy_ones_are_not() -> None:
    small = every_kind()
    assert embeddable(small)
    assert embeddable(load("2x2"))
    assert not embeddable(replace(small, class_names=("1", "x" * 2_000_000)))
    rows = np.zeros((100_001, 10))
    names = tuple("abcdefghij")
    wide = replace(
        small, X=rows, labels=np.zeros(100_001, np.int64), feature_names=names, image_shape=None,
        targets=None, weights=None, groups=None, parts=None,
    )  # fmt: skip
    assert not embeddable(wide)


def test_that_rows_on_disk_are_named_and_not_embedded(tmp_path: Path) -> None:
    X, labels = table(9)
    assert not embeddable(open_stored(save(tmp_path, X, labels)))
