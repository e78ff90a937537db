"""Run folders while a run goes on: settings first, rows as they come, what is lost when it dies."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_gui.export import run_folder
from softmax_gui.export.checkpoints import load_checkpoint
from softmax_gui.export.run_folder import EARLIER, RunWriter
from softmax_gui.export.run_reader import FAILED, FINISHED, INTERRUPTED, RUNNING, read_status
from softmax_gui.export.runs import (
    CHECKPOINTS,
    CONFIG,
    METRICS,
    MODEL,
    STATUS,
    checkpoint_files,
)
from softmax_gui.files import FileProblem, atomic_write
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.course import Plan
from softmax_gui.training.run import Run, train
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import Snapshot
from tests.export.keeping import kept, save_run
from tests.training.worlds import blobs

CONFIG_OF_RUN = TrainConfig(learning_rate=0.1, batch_size=7, momentum=0.9, device="numpy")
EVERY = Plan(6, checkpoint_epochs=1)


def a_run(epochs: int = 1) -> Run:
    return train(blobs(), CONFIG_OF_RUN, epochs)


def steps_of(folder: Path) -> list[int]:
    lines = (folder / METRICS).read_text(encoding="utf-8").splitlines()
    return [int(line.split(",")[0]) for line in lines[1:]]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix}


def full(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_that_the_settings_are_there_before_the_first_step_and_the_status_says_it_runs(
    tmp_path: Path,
) -> None:
    with kept(tmp_path, a_run()):
        config = json.loads((tmp_path / CONFIG).read_bytes())
        status = read_status(tmp_path)
    assert (config["learning_rate"], config["n"], config["machine"]["cores"]) == (
        0.1, 240, os.cpu_count(),
    )  # fmt: skip
    assert (status.state, status.process, status.epochs) == (RUNNING, os.getpid(), 1)


def test_that_the_rows_are_appended_as_they_come_and_never_written_again(tmp_path: Path) -> None:
    seen: list[bytes] = []
    with kept(tmp_path, a_run()) as writer:

        def look(_snapshot: Snapshot) -> None:
            seen.append((tmp_path / METRICS).read_bytes())

        run = train(blobs(), CONFIG_OF_RUN, EVERY, keeper=writer, progress=look)
        writer.finish(run)
    for earlier, later in pairwise(seen):
        assert later.startswith(earlier)
    assert len(set(seen)) > 3
    assert steps_of(tmp_path) == run.snapshot.history.column("step").tolist()
    assert read_status(tmp_path).state == FINISHED


def test_that_the_newest_three_checkpoints_are_kept(tmp_path: Path) -> None:
    with kept(tmp_path, a_run()) as writer:
        train(blobs(), CONFIG_OF_RUN, EVERY, keeper=writer)
    steps = -(-blobs().train.n // 7)
    assert [step for step, _ in checkpoint_files(tmp_path)] == [4 * steps, 5 * steps, 6 * steps]


@pytest.mark.parametrize("settings", [
    {}, {"optimizer": "adam"}, {"dtype": "float32"}, {"device": "compiled"},
    {"device": "compiled", "optimizer": "adam", "threads": 1}])  # fmt: skip
def test_that_a_run_resumed_from_any_checkpoint_equals_one_that_was_never_stopped(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    if settings.get("device") == "compiled":
        pytest.importorskip("numba")
    config = replace(CONFIG_OF_RUN, **settings)
    whole = train(blobs(), config, EVERY)
    with kept(tmp_path, whole) as writer:
        train(blobs(), config, Plan(6, checkpoint_epochs=2), keeper=writer)
    for _, path in checkpoint_files(tmp_path)[:-1]:
        again = train(blobs(), config, EVERY, resume=load_checkpoint(path))
        assert again.snapshot.model.W.tobytes() == whole.snapshot.model.W.tobytes()
        assert again.snapshot.model.b.tobytes() == whole.snapshot.model.b.tobytes()
        assert again.snapshot.step == whole.snapshot.step


def test_that_a_resumed_run_continues_the_rows_from_the_step_of_its_checkpoint(
    tmp_path: Path,
) -> None:
    whole = a_run(6)
    with kept(tmp_path, whole) as writer:
        train(blobs(), CONFIG_OF_RUN, EVERY, keeper=writer)
    step, path = checkpoint_files(tmp_path)[0]
    before = [s for s in steps_of(tmp_path) if s < step]
    with kept(tmp_path, whole, resumed=step) as writer:
        assert [s for s, _ in checkpoint_files(tmp_path)] == [step]  # those after it are void
        run = train(blobs(), CONFIG_OF_RUN, EVERY, keeper=writer, resume=load_checkpoint(path))
        writer.finish(run)
    assert steps_of(tmp_path) == before + run.snapshot.history.column("step").tolist()
    assert len(before) > 3


def test_that_a_line_half_written_when_the_power_went_is_left_behind(tmp_path: Path) -> None:
    with kept(tmp_path, a_run()) as writer:
        train(blobs(), CONFIG_OF_RUN, EVERY, keeper=writer)
    step, path = checkpoint_files(tmp_path)[-1]
    with (tmp_path / METRICS).open("ab") as file:
        file.write(b"99999,1.2")
    with kept(tmp_path, a_run(), resumed=step) as writer:
        train(blobs(), CONFIG_OF_RUN, 7, keeper=writer, resume=load_checkpoint(path))
    assert 99999 not in steps_of(tmp_path)
    assert steps_of(tmp_path) == sorted(set(steps_of(tmp_path)))


def test_that_rows_forgotten_by_a_run_that_went_back_are_forgotten_in_the_file(
    tmp_path: Path,
) -> None:
    session = TrainingSession(blobs(), CONFIG_OF_RUN)
    with kept(tmp_path, a_run()) as writer:
        session.advance(steps=100)
        session.measure()
        writer.measured(session.snapshot())
        session.reset()
        session.advance(steps=3)
        session.measure()
        writer.measured(session.snapshot())
    assert steps_of(tmp_path)[0] == 0
    assert steps_of(tmp_path)[-1] == 3


def test_that_training_goes_on_with_a_full_disk_and_the_rows_come_when_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    real = os.fsync
    with kept(tmp_path, a_run(), say=said.append) as writer:
        monkeypatch.setattr(os, "fsync", full)
        run = train(blobs(), CONFIG_OF_RUN, EVERY, keeper=writer)
        assert checkpoint_files(tmp_path) == []
        monkeypatch.setattr(os, "fsync", real)
        writer.finish(run)
    assert len(said) == 1
    assert "no space left" in said[0]
    assert said[0].endswith("Training goes on.")
    assert steps_of(tmp_path) == run.snapshot.history.column("step").tolist()


def test_that_a_new_run_sets_an_earlier_one_aside_until_it_has_weights(tmp_path: Path) -> None:
    save_run(tmp_path, a_run(), "iris")
    earlier = (tmp_path / MODEL).read_bytes()
    with kept(tmp_path, a_run(2)) as writer:
        assert not (tmp_path / MODEL).exists()
        assert (tmp_path / EARLIER / MODEL).read_bytes() == earlier
        writer.finish(a_run(2))
    assert (tmp_path / MODEL).read_bytes() != earlier
    assert not (tmp_path / EARLIER).exists()


def test_that_a_run_that_fails_gives_the_folder_back_to_the_earlier_one(tmp_path: Path) -> None:
    save_run(tmp_path, a_run(), "iris")
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    before = contents(tmp_path)
    with kept(tmp_path, a_run(2)) as writer:
        writer.finish(replace(a_run(2), problem="Training diverged."))
    assert contents(tmp_path) == before
    with pytest.raises(KeyboardInterrupt), kept(tmp_path, a_run(2)):
        raise KeyboardInterrupt
    assert contents(tmp_path) == before
    assert not (tmp_path / EARLIER).exists()


def test_that_the_earlier_run_survives_two_runs_killed_before_they_had_weights(
    tmp_path: Path,
) -> None:
    save_run(tmp_path, a_run(), "iris")
    before = contents(tmp_path)
    for _ in range(2):
        with kept(tmp_path, a_run(2)) as writer:
            writer._ended = True  # killed: nobody says anything
    assert (tmp_path / EARLIER / MODEL).exists()
    with kept(tmp_path, a_run(2)) as writer:
        writer.finish(replace(a_run(2), problem="Training diverged."))
    assert contents(tmp_path) == before


def test_that_the_status_tells_how_a_run_ended(tmp_path: Path) -> None:
    run = a_run()
    with kept(tmp_path / "a", run) as writer:
        writer.finish(replace(run, ended="interrupted"))
    assert read_status(tmp_path / "a").state == INTERRUPTED
    assert json.loads((tmp_path / "a" / CONFIG).read_bytes())["interrupted"] is True
    with kept(tmp_path / "b", run) as writer:
        writer.finish(replace(run, problem="Training diverged."))
    status = read_status(tmp_path / "b")
    assert (status.state, status.sentence) == (FAILED, "Training diverged.")
    assert not (tmp_path / "b" / MODEL).exists()
    with pytest.raises(ValueError, match="odd"), kept(tmp_path / "c", run):
        raise ValueError("odd")
    assert read_status(tmp_path / "c").text == "The run failed: odd"


def test_that_a_run_elsewhere_that_goes_on_keeps_its_folder_and_one_long_silent_loses_it(
    tmp_path: Path,
) -> None:
    save_run(tmp_path, a_run(), "iris")
    status = json.loads((tmp_path / STATUS).read_bytes())
    elsewhere = {**status, "state": RUNNING, "host": "another machine"}
    atomic_write(tmp_path / STATUS, json.dumps(elsewhere).encode())
    with pytest.raises(FileProblem, match="Another run is writing into"), kept(tmp_path, a_run()):
        pytest.fail("took a folder in use")
    os.utime(tmp_path / STATUS, (0, 0))
    with kept(tmp_path, a_run()) as writer:
        writer.finish(a_run())
    assert read_status(tmp_path).state == FINISHED


def test_that_the_status_is_renewed_while_nothing_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "STATUS_S", 0.0)
    session = TrainingSession(blobs(), CONFIG_OF_RUN)
    session.advance(epochs=2)
    with kept(tmp_path, a_run()) as writer:
        writer.measured(session.snapshot())
        status = read_status(tmp_path)
    assert (status.step, status.epoch) == (session.snapshot().step, 2.0)


def test_that_event_files_are_written_on_request(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    run = a_run()
    settings = {"epochs": 1}
    with RunWriter(tmp_path, settings, run.split, events=True) as writer:
        writer.finish(run)
    (file,) = (tmp_path / "tensorboard").iterdir()
    assert file.stat().st_size > 100


def test_that_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    save_run(tmp_path, a_run(), "iris")
    left = [tmp_path / ".model.safetensors.999999999-0123abcd.tmp-softmax",
            tmp_path / CHECKPOINTS / ".step.999999999-0123abcd.tmp-softmax"]  # fmt: skip
    for path in left:
        path.touch()
    with kept(tmp_path, a_run(), resumed=0) as writer:
        writer.finish(a_run())
    assert not any(path.exists() for path in left) or os.name == "nt"
    assert np.isfinite(a_run().snapshot.model.W).all()
