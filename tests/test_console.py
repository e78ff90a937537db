"""The terminal: the bar, signals, and readers or disks that will not take any more."""

from __future__ import annotations

import json
import os
import random
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from softmax_gui.cli import main
from softmax_gui.console import SIGNALS, prepare_streams, say, signals_noted
from softmax_gui.export.checkpoints import load_checkpoint
from softmax_gui.export.run_reader import DEAD, INTERRUPTED, SILENT, RunReader, read_status
from softmax_gui.export.runs import CONFIG, checkpoint_files, load_run_or_model

ROOT = Path(__file__).resolve().parent.parent
ENDLESS = ["train", "--data", "iris", "--device", "numpy", "--epochs", "1000000000"]


@contextmanager
def child(*arguments: str, **settings: object) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process of its own, ended and closed whatever happens."""
    command = [sys.executable, "-W", "error", "-m", "softmax_gui", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, **settings) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def seen_until_its_end(screen: int, process: subprocess.Popen[bytes], number: int = 0) -> str:
    """What a process writes to a terminal; it gets the signal when the bar has been drawn."""
    seen = b""
    while True:
        try:
            piece = os.read(screen, 4096)
        except OSError:  # Linux: nobody has the terminal open any more
            piece = b""
        if not piece:
            return seen.decode()
        seen += piece
        if number and b"left" in seen:
            process.send_signal(number)
            number = 0


def last_screen(text: str) -> list[str]:
    """The lines a terminal shows after the text: a carriage return writes over its line."""
    lines = [""]
    for part in text.replace("\r\n", "\n").split("\n"):
        for piece in part.split("\r"):
            lines[-1] = piece + lines[-1][len(piece) :]
        lines[-1] = lines[-1].rstrip()
        lines.append("")
    return [line for line in lines if line]


@contextmanager
def a_terminal() -> Iterator[tuple[int, int]]:
    """The screen to read and the end that a process takes for its terminal."""
    pty = pytest.importorskip("pty")  # Windows has none
    screen, end = pty.openpty()
    try:
        yield screen, end
    finally:
        os.close(screen)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_that_a_signal_ends_training_with_the_weights_so_far(tmp_path: Path, number: int) -> None:
    run = tmp_path / "RUN"
    with (
        a_terminal() as (screen, end),
        child(*ENDLESS, "--json", "--out", str(run), stderr=end) as process,
    ):
        os.close(end)
        seen = seen_until_its_end(screen, process, number)
        assert process.stdout is not None
        result = json.loads(process.stdout.read())
        assert process.wait() == 130
    (sentence,) = last_screen(seen)
    assert sentence.startswith("softmax-gui: Interrupted at epoch")
    assert result["interrupted"]
    assert result["steps"] > 0
    model, config = load_run_or_model(str(run)), json.loads((run / CONFIG).read_bytes())
    assert model.metrics["steps"] == config["steps"] == result["steps"]
    assert model.metrics["train_loss"] == result["train_loss"] < 1.0
    ((step, _),) = checkpoint_files(run)
    assert step == result["steps"]
    assert read_status(run).state == INTERRUPTED


def test_that_what_a_signal_ended_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    run, line = tmp_path / "RUN", ["--data", "iris", "--device", "numpy", "--json"]
    with (
        a_terminal() as (screen, end),
        child("train", *line, "--epochs", "1000000000", "--out", str(run), stderr=end) as process,
    ):
        os.close(end)
        seen_until_its_end(screen, process, signal.SIGTERM)
        assert process.stdout is not None
        epochs = int(json.loads(process.stdout.read())["epochs"]) + 3
        assert process.wait() == 130
    assert main(["train", "--resume", str(run), "--epochs", str(epochs), "--json"]) == 0
    whole = tmp_path / "WHOLE"
    assert main(["train", *line, "--epochs", str(epochs), "--out", str(whole)]) == 0
    again, once = load_run_or_model(str(run)).dense, load_run_or_model(str(whole)).dense
    assert (again.W.tobytes(), again.b.tobytes()) == (once.W.tobytes(), once.b.tobytes())


def test_that_kill_9_leaves_a_run_that_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    run, moments = tmp_path / "RUN", random.Random(0)
    line = ["--data", "iris", "--device", "numpy"]
    arguments = [*line, "--epochs", "1000000000", "--checkpoint-every", "1", "--out", str(run)]
    with child("train", *arguments, stderr=subprocess.DEVNULL) as process:
        while len(checkpoint_files(run)) < 3:
            assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(moments.uniform(0.0, 0.05))
    reader = RunReader(run)
    assert reader.poll().status.state == (SILENT if sys.platform == "win32" else DEAD)
    _, newest = checkpoint_files(run)[-1]
    state = load_checkpoint(newest).session
    epochs = state.examples // 120 + 2
    assert main(["train", "--resume", str(run), "--epochs", str(epochs)]) == 0
    whole = tmp_path / "WHOLE"
    assert main(["train", *line, "--epochs", str(epochs), "--out", str(whole)]) == 0
    again, once = load_run_or_model(str(run)).dense, load_run_or_model(str(whole)).dense
    assert again.W.tobytes() == once.W.tobytes()
    steps = reader.poll().rows[:, 0]
    assert (steps[1:] > steps[:-1]).all()
    assert list(run.glob("**/*.tmp-softmax")) == [] or sys.platform == "win32"


def test_that_the_bar_is_drawn_on_a_terminal_and_gone_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("softmax_gui.training.course.SLICE_S", 0.0)  # drawn at every step
    with a_terminal() as (screen, end), os.fdopen(end, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        code = main(["train", "--data", "iris", "--epochs", "4", "--device", "numpy", "--json"])
        piece = b""
        while select.select([screen], [], [], 0.0)[0]:  # the kernel hands it over in pieces
            piece += os.read(screen, 65536)
    seen = piece.decode()
    assert code == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 16
    drawn = seen.split("\r")
    assert re.match(r"\[##\.{8}\] 1\.0 of 4 epochs, validation \d\.\d+ nat, 1 s left$", drawn[4])
    assert max(map(len, drawn)) < 80  # a longer one would wrap, and could not be drawn over
    assert last_screen(seen) == []


def test_that_without_a_terminal_nothing_is_drawn() -> None:
    arguments = ["train", "--data", "iris", "--epochs", "2", "--json"]
    with child(*arguments, stderr=subprocess.PIPE) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert out.count(b"\n") == 1


def test_that_a_reader_that_goes_ends_the_command_in_silence(tmp_path: Path) -> None:
    assert main(["train", "--data", "digits", "--epochs", "1", "--out", str(tmp_path)]) == 0
    arguments = ["predict", str(tmp_path), "--data", "digits"]
    with child(*arguments, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # as head does
        err = process.stderr.read()
        assert process.wait() == 1
    assert err == b""


def test_that_an_output_that_is_full_is_one_line() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("a device of Linux")
    command = [sys.executable, "-m", "softmax_gui", "info", "iris"]
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert "No space left" in ran.stderr


def test_that_the_first_signal_is_noted_and_the_second_acts_as_ever() -> None:
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = [signal.getsignal(number) for number in numbers]
    with signals_noted() as stopped:
        assert not stopped()
        signal.raise_signal(signal.SIGINT)
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(number) for number in numbers] == before


def test_that_a_signal_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a shell
    try:
        with signals_noted() as stopped:
            signal.raise_signal(signal.SIGINT)
            assert not stopped()
    finally:
        signal.signal(signal.SIGINT, before)


def test_that_a_name_no_encoding_has_is_written_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    prepare_streams()
    say("The file \udcff고양이\nis not there.")
    assert capsys.readouterr().err == "softmax-gui: The file \\udcff고양이 is not there.\n"
