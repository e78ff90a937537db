"""A fault at the n-th write, sync or rename of every writer: the old file or the new one, whole."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.cli import main
from softmax_gui.commands.data import Source
from softmax_gui.commands.recipe import write_recipe
from softmax_gui.core.models import Dense
from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Scaling
from softmax_gui.data.samples import load
from softmax_gui.export.checkpoints import load_checkpoint, save_checkpoint
from softmax_gui.export.model import TrainedModel
from softmax_gui.export.project import Project, save_project
from softmax_gui.export.runs import STATUS, checkpoint_files, load_run_or_model, trained_model
from softmax_gui.export.weights import EXPORTS, load_model, save_model
from softmax_gui.files import FileProblem, atomic_write
from softmax_gui.growing import append
from softmax_gui.gui.settings import Settings, save_settings
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.course import Best, Plan, RunCheckpoint
from softmax_gui.training.run import Run, train
from softmax_gui.training.session import TrainingSession
from tests.export.keeping import kept
from tests.export.models import a_model
from tests.faults import faults
from tests.training.worlds import blobs, measured

CONFIG = TrainConfig(learning_rate=0.1, batch_size=7, device="numpy")
both_ways = pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])


@dataclass(frozen=True)
class Writer:
    """Writes one of two contents to a file, deterministically."""

    name: str
    write: Callable[[Path, int], None]


def _model(which: int) -> TrainedModel:
    return replace(a_model(seed=which), class_names=("cat", "dog", "cow"))


def _weights(ending: str) -> Writer:
    def write(path: Path, which: int) -> None:
        save_model(_model(which), path, ending=ending, verify=False)

    return Writer(f"weights{ending}", write)


@cache
def _state(steps: int) -> tuple[RunCheckpoint, TrainedModel]:
    """Kept, as the seconds of another run would differ."""
    session = TrainingSession(blobs(), CONFIG)
    session.advance(steps=steps)
    now = measured(session)
    best = Best(now.model, now.step, now.examples, session.epoch, now.train, now.validation)
    return RunCheckpoint(session.checkpoint(), best), trained_model(now, session.split)


def _write_checkpoint(path: Path, which: int) -> None:
    save_checkpoint(path, *_state(3 + which))


def _command(*line: str | Path) -> None:
    """A command line, whose refusal is a sentence on stderr and exit code 1."""
    code = main([*map(str, line)])
    if code:
        raise FileProblem(f"exit code {code}")


def _project(path: Path, which: int) -> None:
    state, model = _state(3 + which)
    save_project(path, Project("iris", CONFIG, checkpoint=state.session, model=model))


def _convert(ending: str) -> Writer:
    def write(path: Path, which: int) -> None:
        _command("convert", ("2x2", "iris")[which], "--to", path)

    return Writer(f"data{ending}", write)


def _predict(path: Path, which: int) -> None:
    model = path.parent.parent / f"model {which}.npz"
    if not model.exists():
        iris = load("iris")
        dense = Dense(np.eye(iris.d, iris.q) * (which + 0.5), np.zeros(3))
        scaling = Scaling.identity(iris.d)
        made = TrainedModel(dense, iris.class_names, iris.feature_names, scaling)
        save_model(made, model, verify=False)
    _command("predict", model, "--data", "iris", "--out", path)


@cache
def _iris_run(epochs: int) -> Run:
    return train(split(load("iris"), seed=0), CONFIG, epochs)


def _recipe(path: Path, which: int) -> None:
    ran = _iris_run(1 + which)
    write_recipe(str(path), Source("iris", 0, 0.2, 0.0, "standardise"), ran.split, ran, 0)


def _settings(path: Path, which: int) -> None:
    trouble = save_settings(path, Settings(theme=("dark", "light")[which]))
    if trouble:
        raise FileProblem(trouble)


WRITERS = [
    *(_weights(ending) for ending in EXPORTS),
    _convert(".npz"),
    _convert(".csv"),
    Writer("checkpoint.safetensors", _write_checkpoint),
    Writer("predictions.csv", _predict),
    Writer("recipe.json", _recipe),
    Writer("settings.json", _settings),
    Writer("project.softmax", _project),
]


def _content(path: Path) -> object:
    """What a file holds; safetensors writes the texts of its header in any order."""
    data = path.read_bytes()
    if path.suffix == ".softmax":
        with zipfile.ZipFile(path) as archive:
            return [(name, _part(name, archive.read(name))) for name in archive.namelist()]
    return _part(path.name, data)


def _part(name: str, data: bytes) -> object:
    if not name.endswith(".safetensors"):
        return data
    length = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:length]), data[length:]


@both_ways
@pytest.mark.parametrize("there", [True, False], ids=["replacing", "making"])
@pytest.mark.parametrize("writer", WRITERS, ids=[writer.name for writer in WRITERS])
def test_that_a_fault_at_the_nth_call_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, writer: Writer, there: bool, lasting: bool
) -> None:
    if writer.name.endswith(".onnx"):
        pytest.importorskip("onnx")
    folder = tmp_path / "here"
    folder.mkdir()
    target = folder / writer.name
    contents = []
    for which in (0, 1):
        writer.write(target, which)
        shutil.copyfile(target, tmp_path / f"kept {which}")
        contents.append(_content(target))
    old, new = contents
    assert old != new

    def before() -> None:
        target.unlink(missing_ok=True)
        if there:
            shutil.copyfile(tmp_path / "kept 0", target)

    def act() -> None:
        writer.write(target, 1)

    tries = 0
    for through in faults(folder, act, lasting=lasting, expected=FileProblem, before=before):
        tries += 1
        assert set(folder.iterdir()) <= {target}
        assert _content(target) in (old, new) if target.exists() else not there
        assert not through or _content(target) == new
    assert tries > 4  # opened, written, synced, renamed, and the folder synced


def test_that_an_export_with_its_certificate_is_whole_or_not_there(tmp_path: Path) -> None:
    target, old = tmp_path / "weights.safetensors", b"old"

    def before() -> None:
        target.write_bytes(old)

    def act() -> None:
        save_model(_model(1), target)

    for through in faults(tmp_path, act, lasting=True, expected=FileProblem, before=before):
        assert list(tmp_path.iterdir()) == [target]
        if target.read_bytes() != old:
            assert load_model(target).parity is not None
        assert not through or target.read_bytes() != old


@both_ways
def test_that_rows_appended_to_a_file_are_all_there_or_none(tmp_path: Path, lasting: bool) -> None:
    target, old, new = tmp_path / "metrics.csv", b"step,loss\n1,0.5\n", b"2,0.25\n3,0.125\n" * 500

    def before() -> None:
        target.write_bytes(old)

    def act() -> None:
        append(target, new)

    tries = 0
    for through in faults(tmp_path, act, lasting=lasting, expected=FileProblem, before=before):
        tries += 1
        assert target.read_bytes() in (old, old + new)
        assert not through or target.read_bytes() == old + new
    assert tries > 2


@both_ways
def test_that_a_run_folder_keeps_the_earlier_run_until_the_new_one_has_weights(
    tmp_path: Path, lasting: bool
) -> None:
    folder, before = tmp_path / "run", tmp_path / "before"
    earlier, run = train(blobs(), CONFIG, 1), train(blobs(), CONFIG, 2)
    with kept(before, earlier) as writer:
        writer.finish(earlier)
    weights = [one.snapshot.model.W.tobytes() for one in (earlier, run)]

    def again() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(before, folder)

    def act() -> None:
        with kept(folder, run) as writer:
            writer.finish(train(blobs(), CONFIG, Plan(2, checkpoint_epochs=1), keeper=writer))

    tries = 0
    for through in faults(folder, act, lasting=lasting, expected=FileProblem, before=again):
        tries += 1
        assert not list(folder.rglob("*.tmp-softmax"))
        for _, path in checkpoint_files(folder):
            load_checkpoint(path)
        found = load_run_or_model(str(folder)).dense.W.tobytes()
        assert found in weights or checkpoint_files(folder)
        assert found != weights[0] or _of_run(folder) == _of_run(before)
        assert not through or found == weights[1]
    assert tries > 20


def _of_run(folder: Path) -> dict[str, bytes]:
    """All of a run but when it last said that it lives."""
    files = [path for path in folder.rglob("*.*") if path.is_file() and path.name[0] != "."]
    return {path.name: path.read_bytes() for path in files if path.name != STATUS}


def test_that_the_bytes_of_a_figure_replace_an_older_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "figure.svg"

    def act() -> None:
        atomic_write(target, b"<svg/>" * 9_000)

    def old() -> None:
        target.write_bytes(b"old")

    for through in faults(tmp_path, act, lasting=False, expected=FileProblem, before=old):
        assert list(tmp_path.iterdir()) == [target]
        assert target.read_bytes() in (b"old", b"<svg/>" * 9_000)
        assert not through or target.read_bytes() != b"old"
