"""Projects whose parts no version wrote or do not fit together: refused in a sentence."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_gui.export.project import is_project, load_project
from softmax_gui.files import FileProblem
from tests.export.projects import (
    a_project,
    every_kind,
    members_of,
    rewritten,
    saved,
    zipped,
)

LIMIT_BYTES = 40_000_000


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda r: r.update(version=2, program="9.1"), r"newer version of the program \(9\.1\)"),
        (lambda r: r.update(version="1"), "is no project of this program"),
        (lambda r: {"weights": []}, "is no project of this program"),
        (lambda r: [r], "no JSON object"),
        (lambda r: r.pop("config") and None, "it lacks config"),
        (lambda r: r["config"].update(seed=-1), "seed is -1"),
        (lambda r: r["config"].update(seed="1"), "TrainConfig.seed is 1, of another kind"),
        (lambda r: r["config"].update(momentum=True), "TrainConfig.momentum is True, of another"),
        (lambda r: r["config"].update(run="ls"), 'it holds "TrainConfig.run", unknown here'),
        (lambda r: r["cut"].update(scaling="log"), "log is no scaling"),
        (lambda r: r["world"].update(distinctness=99), "distinctness is 99"),
        (lambda r: r["options"].update(encoding="rot13"), 'no encoding "rot13"'),
        (lambda r: r["options"].update(class_order=[1]), "ReadOptions.class_order is 1"),
        (lambda r: r["options"].update(picture_size=[1, 2, 3]), "ReadOptions.picture_size"),
        (
            lambda r: r["fingerprint"].update(sha256="../../x"),
            "its fingerprint of the data is none",
        ),
        (lambda r: r["fingerprint"].pop("size") and None, "it lacks Fingerprint.size"),
        (lambda r: r.update(view={"a": 1}), "view is 1, of another kind"),
        (lambda r: r.update(source=["x"]), "source is"),
        (lambda r: r.update(dataset={}), "it does not say what its data are"),
    ],
)
def test_that_what_no_version_wrote_is_refused_in_a_sentence(
    tmp_path: Path, change: Any, sentence: str
) -> None:
    saved(tmp_path / "work.softmax")
    rewritten(tmp_path / "work.softmax", change)
    with pytest.raises(FileProblem, match=rf"^work\.softmax .*{sentence}"):
        load_project(tmp_path / "work.softmax")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"[" * 100_000, "its description is no JSON object"),
        (b'{"format": 1, "format": 2}', 'it has "format" twice'),
        (b'{"format": NaN}', "it holds NaN for a number"),
        (b"\xff\xfe{", "can't be opened as a project"),
        (b"", "can't be opened as a project"),
    ],
)
def test_that_odd_json_is_refused(tmp_path: Path, text: bytes, sentence: str) -> None:
    (tmp_path / "p.softmax").write_bytes(zipped({"project.json": text}))
    with pytest.raises(FileProblem, match=rf"^p\.softmax .*{sentence}"):
        load_project(tmp_path / "p.softmax")


def test_that_a_number_out_of_range_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "p.softmax")
    members = members_of(tmp_path / "p.softmax")
    text = members["project.json"].replace(b'"distinctness": 3.5', b'"distinctness": 1e999')
    (tmp_path / "p.softmax").write_bytes(zipped(members | {"project.json": text}))
    with pytest.raises(FileProblem, match=r"World\.distinctness is not a finite number"):
        load_project(tmp_path / "p.softmax")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../evil.json", "a file in a folder"),
        ("/etc/passwd", "a file in a folder"),
        ("C:evil", "a file in a folder"),
        ("..", "a file in a folder"),
    ],
)
def test_that_a_member_with_a_path_is_refused_and_nothing_is_written(
    tmp_path: Path, name: str, sentence: str
) -> None:
    file = tmp_path / "in" / "p.softmax"
    file.parent.mkdir()
    saved(file)
    file.write_bytes(zipped(members_of(file) | {name: b"x"}))
    with pytest.raises(FileProblem, match=rf"p\.softmax can't be opened .*{sentence}"):
        load_project(file)
    assert list(tmp_path.rglob("*")) == [file.parent, file]


def test_that_two_members_of_one_name_and_unusual_packing_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "p.softmax"
    saved(file)
    members = members_of(file)
    file.write_bytes(zipped(members, zipfile.ZIP_LZMA))
    with pytest.raises(FileProblem, match="it is packed in an unusual way"):
        load_project(file)
    twin = {"project.json": members["project.json"], "project.jsoN": members["project.json"]}
    file.write_bytes(zipped(twin).replace(b"project.jsoN", b"project.json"))
    with pytest.raises(FileProblem, match="two files of one name"):
        load_project(file)


@pytest.mark.parametrize("kept", [0, 1, 21, 22, 0.1, 0.5, 0.9, -1])
def test_that_a_file_cut_short_is_refused(tmp_path: Path, kept: float) -> None:
    file = tmp_path / "p.softmax"
    saved(file)
    data = file.read_bytes()
    file.write_bytes(data[: int(kept * len(data))] if 0 < kept < 1 else data[: int(kept)])
    with pytest.raises(FileProblem, match=r"^p\.softmax is (damaged|no project)"):
        load_project(file)


def test_that_other_files_are_named_as_none(tmp_path: Path) -> None:
    (tmp_path / "a.softmax").write_text("x,y\n1,2\n" * 50)
    (tmp_path / "b.softmax").write_bytes(zipped({"X.npy": b"", "y.npy": b""}))
    for name in ("a.softmax", "b.softmax"):
        assert not is_project(tmp_path / name)
        with pytest.raises(FileProblem, match=rf"{name} is no project of this program. Choose a "):
            load_project(tmp_path / name)
    with pytest.raises(FileProblem, match=r"c\.softmax was not found"):
        load_project(tmp_path / "c.softmax")
    with pytest.raises(FileProblem, match="is a folder"):
        load_project(tmp_path)


def test_that_a_run_of_other_data_is_refused(tmp_path: Path) -> None:
    project = a_project()
    saved(tmp_path / "p.softmax", replace(project, dataset=every_kind()))
    with pytest.raises(FileProblem, match="is for 5 features and 3 classes, the data have 6 and 2"):
        load_project(tmp_path / "p.softmax")


@pytest.mark.parametrize(
    "change",
    [
        {"step": -1},
        {"step": "1"},
        {"examples": 1 << 63},
        {"seconds": float("nan")},
        {"config": None},
        {"device": "numpy"},
        {"watch": 1},
        {"parameters": None},
    ],
)
def test_that_a_run_of_odd_values_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    project = a_project()
    assert project.checkpoint is not None
    odd = replace(project.checkpoint, **change)
    saved(tmp_path / "p.softmax", replace(project, checkpoint=odd))
    with pytest.raises(FileProblem, match="its run holds values of another kind than expected"):
        load_project(tmp_path / "p.softmax")


@pytest.mark.parametrize(
    "change",
    [
        {"b": np.zeros(4)},
        {"W": np.zeros(15)},
        {"slots": {"vW": np.zeros((3, 3)), "vb": np.zeros(3)}},
    ],
)
def test_that_weights_that_do_not_fit_together_are_refused(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    project = a_project()
    assert project.checkpoint is not None
    parameters = replace(project.checkpoint.parameters, **change)
    odd = replace(project.checkpoint, parameters=parameters)
    saved(tmp_path / "p.softmax", replace(project, checkpoint=odd))
    with pytest.raises(FileProblem, match="the weights of its run do not fit together"):
        load_project(tmp_path / "p.softmax")


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (np.zeros((3, 6)), r"its history has shape \(3, 6\)"),
        (np.zeros((3, 7)), "the steps of its history do not rise"),
        (np.full((1, 7), np.nan), "the steps of its history do not rise"),
    ],
)
def test_that_a_history_of_no_run_is_refused(
    tmp_path: Path, rows: np.ndarray, sentence: str
) -> None:
    saved(tmp_path / "p.softmax", replace(a_project(), history=rows))
    with pytest.raises(FileProblem, match=sentence):
        load_project(tmp_path / "p.softmax")


def test_that_a_pickle_inside_is_never_opened(tmp_path: Path) -> None:
    file = tmp_path / "p.softmax"
    saved(file)
    buffer = io.BytesIO()
    np.save(buffer, np.array([print], object), allow_pickle=True)
    members = members_of(file)
    for name in ("drawn.npz", "history.npy"):
        content = zipped({"pictures.npy": buffer.getvalue()})
        content = content if name == "drawn.npz" else buffer.getvalue()
        file.write_bytes(zipped(members | {name: content}))
        with pytest.raises(FileProblem, match="holds a Python pickle"):
            load_project(file)
