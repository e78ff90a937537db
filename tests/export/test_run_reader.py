"""Following a run folder: half lines, files that begin anew, runs that die, disks that go away."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.export import run_reader
from softmax_gui.export.run_reader import (
    DEAD,
    FAILED,
    FINISHED,
    INTERRUPTED,
    RUNNING,
    SILENT,
    UNKNOWN,
    RunReader,
    RunStatus,
)
from softmax_gui.export.runs import CONFIG, METRICS, MODEL, STATUS, checkpoint_files
from softmax_gui.export.weights import load_model
from softmax_gui.files import FileProblem, atomic_write
from softmax_gui.growing import append
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.course import Plan
from softmax_gui.training.history import COLUMNS
from softmax_gui.training.run import Run, train
from softmax_gui.training.snapshot import Snapshot
from tests.export.keeping import kept, save_run
from tests.training.worlds import blobs

SETTINGS = TrainConfig(batch_size=7, device="numpy")
HEADER = ",".join(COLUMNS).encode() + b"\n"


def a_run(epochs: int = 3) -> Run:
    return train(blobs(), SETTINGS, epochs)


def status_file(folder: Path, **changes: object) -> None:
    status = json.loads((folder / STATUS).read_bytes())
    atomic_write(folder / STATUS, json.dumps({**status, **changes}).encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that goes on: its files, its metrics empty but for the header."""
    save_run(tmp_path, a_run(), "iris")
    (tmp_path / METRICS).write_bytes(HEADER)
    status_file(tmp_path, state=RUNNING)
    return tmp_path


def line(step: int) -> bytes:
    return f"{step},0.5,1.5,1.25,0.5,,\n".encode()


def steps(reader: RunReader) -> list[float]:
    rows = reader.poll().rows
    assert rows.shape == (len(rows), len(COLUMNS))
    return [float(row[0]) for row in rows]


def test_that_a_reader_beside_the_run_gets_every_row_once(tmp_path: Path) -> None:
    rows: list[np.ndarray] = []
    states: list[str] = []
    with kept(tmp_path, a_run()) as writer:
        reader = RunReader(tmp_path)

        def look(_snapshot: Snapshot) -> None:
            news = reader.poll()
            rows.append(news.rows)
            states.append(news.status.state)

        plan = Plan(5, checkpoint_epochs=1)
        run = train(blobs(), SETTINGS, plan, keeper=writer, progress=look)
        writer.finish(run)
    last = reader.poll()
    np.testing.assert_array_equal(np.vstack([*rows, last.rows]), run.snapshot.history.rows)
    assert set(states) == {RUNNING}
    assert (last.status.state, last.weights) == (FINISHED, tmp_path / MODEL)
    assert len(reader.poll().rows) == 0


def test_that_the_newest_weights_are_those_of_the_last_checkpoint_and_at_the_end_of_the_run(
    tmp_path: Path,
) -> None:
    seen: list[float] = []
    with kept(tmp_path, a_run()) as writer:
        reader = RunReader(tmp_path)
        assert reader.poll().weights is None

        def look(snapshot: Snapshot) -> None:
            weights = reader.poll().weights
            if weights is not None:
                assert load_model(weights).metrics["steps"] == snapshot.step
                seen.append(snapshot.step)

        plan = Plan(3, checkpoint_epochs=1)
        writer.finish(train(blobs(), SETTINGS, plan, keeper=writer, progress=look))
    assert len(seen) == 3
    assert reader.poll().weights == tmp_path / MODEL


def test_that_a_half_written_line_waits_for_its_end(folder: Path) -> None:
    reader = RunReader(folder)
    assert steps(reader) == []
    whole = line(10) + line(20)
    for place in range(len(whole)):
        (folder / METRICS).write_bytes(HEADER + whole[: place + 1])
        expected = {len(line(10)) - 1: [10.0], len(whole) - 1: [20.0]}
        assert steps(reader) == expected.get(place, [])


def test_that_even_a_header_half_written_is_waited_for(folder: Path) -> None:
    (folder / METRICS).write_bytes(HEADER[:9])
    reader = RunReader(folder)
    assert steps(reader) == []
    (folder / METRICS).write_bytes(HEADER + line(1))
    assert steps(reader) == [1.0]


def test_that_empty_cells_are_nan_and_columns_are_found_by_name(folder: Path) -> None:
    (folder / METRICS).write_bytes(b"extra,train_loss,step\nx,0.25,7\n")
    (row,) = RunReader(folder).poll().rows
    known = dict(zip(COLUMNS, row.tolist(), strict=True))
    assert (known["step"], known["train_loss"]) == (7.0, 0.25)
    assert np.isnan(known["validation_loss"])


def test_that_a_line_that_a_fault_of_the_disk_has_left_is_passed_over(folder: Path) -> None:
    append(folder / METRICS, line(1) + b"\0\0\0\0\n" + b"2,x,,,,,\n" + b"3\n" + line(4))
    assert steps(RunReader(folder)) == [1.0, 4.0]


def test_that_rows_that_begin_anew_are_said_to(folder: Path) -> None:
    append(folder / METRICS, line(1) + line(2) + line(3))
    reader = RunReader(folder)
    assert not reader.poll().restarted
    atomic_write(folder / METRICS, HEADER + line(1))  # shorter
    news = reader.poll()
    assert (news.restarted, news.rows[:, 0].tolist()) == (True, [1.0])
    atomic_write(folder / METRICS, HEADER + line(5) + line(6))  # longer, and another
    news = reader.poll()
    assert (news.restarted, news.rows[:, 0].tolist()) == (True, [5.0, 6.0])
    append(folder / METRICS, line(7))
    news = reader.poll()
    assert (news.restarted, news.rows[:, 0].tolist()) == (False, [7.0])


def test_that_a_long_file_comes_in_pieces(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_reader, "POLL_BYTES", 2 * len(HEADER))
    append(folder / METRICS, b"".join(line(step) for step in range(50)))
    reader, found = RunReader(folder), []
    while new := steps(reader):
        assert len(new) < 20
        found += new
    assert found == list(range(50))


def test_that_a_run_whose_process_is_gone_is_dead_and_one_elsewhere_silent_after_a_minute(
    folder: Path,
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert RunReader(folder).poll().status.state == RUNNING
    status_file(folder, process=gone.pid)
    if sys.platform != "win32":
        status = RunReader(folder).poll().status
        assert status.state == DEAD
        assert "--resume goes on" in status.text
    status_file(folder, host="another machine", process=gone.pid)
    assert RunReader(folder).poll().status.state == RUNNING
    os.utime(folder / STATUS, (0, 0))
    reader = RunReader(folder)
    assert reader.poll().status.state == SILENT
    status_file(folder, step=5)  # it was only slow, or its clock wrong
    os.utime(folder / STATUS, (0, 0))
    assert reader.poll().status.state == RUNNING


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"state": 1, "step": "x"}', b"\xff"]
)
def test_that_a_status_that_cannot_be_read_is_unknown(folder: Path, content: bytes) -> None:
    (folder / STATUS).write_bytes(content)
    assert RunReader(folder).poll().status == RunStatus(UNKNOWN)
    assert run_reader.read_status(folder) == RunStatus(UNKNOWN)


def test_that_a_disk_that_goes_away_ends_nothing(folder: Path, tmp_path: Path) -> None:
    append(folder / METRICS, line(1))
    reader = RunReader(folder)
    assert steps(reader) == [1.0]
    away = tmp_path.with_name(f"{tmp_path.name}-away")
    folder.rename(away)
    news = reader.poll()
    assert (len(news.rows), news.restarted, news.weights) == (0, False, None)
    assert news.status.state == UNKNOWN
    away.rename(folder)
    append(folder / METRICS, line(2))
    assert steps(reader) == [2.0]


def test_that_a_new_run_in_the_folder_is_followed_too(tmp_path: Path) -> None:
    save_run(tmp_path, a_run(), "iris")
    with kept(tmp_path, a_run()) as writer:
        writer.finish(a_run())
    reader = RunReader(tmp_path)
    first = reader.poll().rows
    again = train(blobs(seed=2), SETTINGS, 4)
    with kept(tmp_path, again) as writer:
        writer.finish(again)
    news = reader.poll()
    assert news.restarted
    np.testing.assert_array_equal(news.rows, again.snapshot.history.rows)
    assert len(first) > 3


def test_that_each_state_has_a_sentence() -> None:
    one = RunStatus(RUNNING, "It went wrong.", socket.gethostname(), 1, 5, 1.5, 20, 3.0)
    states = (RUNNING, SILENT, DEAD, FINISHED, INTERRUPTED, FAILED, UNKNOWN)
    texts = [replace(one, state=state).text for state in states]
    assert len(set(texts)) == len(states)
    assert all(text.endswith(".") for text in texts)
    assert texts[0] == f"The run goes on at {socket.gethostname()}: epoch 1.5 of 20."


def test_that_a_folder_without_settings_is_no_run_and_damaged_ones_are_said(
    tmp_path: Path, folder: Path
) -> None:
    with pytest.raises(FileProblem, match=r"holds no config\.json, so it is no run folder"):
        RunReader(tmp_path / "nowhere")
    reader = RunReader(folder)
    assert reader.settings()["batch_size"] == 7
    for content in (b"{", b"[]", b"[" * 100_000):
        (folder / CONFIG).write_bytes(content)
        with pytest.raises(FileProblem, match=r"config\.json in .* is damaged"):
            reader.settings()
    shutil.rmtree(folder)
    with pytest.raises(FileProblem, match="was not found"):
        reader.settings()


def test_that_files_of_others_among_the_checkpoints_are_passed_over(folder: Path) -> None:
    for name in ("step-1.safetensors", "notes.txt", ".step-000000001.safetensors.9.tmp-softmax"):
        (folder / "checkpoints" / name).touch()
    assert checkpoint_files(folder) == []
