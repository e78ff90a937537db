"""What a user can do wrong on the command line: the right exit code, one line, nothing lost."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import pytest

from softmax_gui.commands import files
from softmax_gui.export.run_folder import LOCK
from softmax_gui.growing import held_alone
from softmax_gui.resources import resource
from tests.shell import Shell

ENDLESS = "--data iris --device numpy --epochs 1000000000"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def full(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def run(shell: Shell, tmp_path: Path) -> Path:
    """A run on iris."""
    shell.done("train --data iris --epochs 30 --out", tmp_path / "RUN")
    return tmp_path / "RUN"


@pytest.mark.parametrize(
    "option",
    ["--epochs 0", "--epochs -3", "--epochs many", "--epochs 1.5", "--learning-rate -1",
     "--learning-rate 0", "--learning-rate nan", "--learning-rate inf", "--learning-rate x",
     "--seed -1", "--seed 0.5", "--momentum 1", "--weight-decay -0.1", "--batch-size 0",
     "--batch-size 99999999999999999999", "--device tpu", "--dtype int8", "--validation-share 1",
     "--validation-share nan", "--validation-share x", "--data ''", "--out ''", "--epoch 5",
     "--unknown"],
)  # fmt: skip
def test_that_a_wrong_option_is_code_2_and_one_line_that_names_it(
    shell: Shell, option: str
) -> None:
    sentence = shell.refused(2, f"train {option}").replace("_", "-")
    assert option.split(maxsplit=1)[0].removeprefix("--") in sentence
    assert sentence.endswith("--help)")


@pytest.mark.parametrize("line", ["fly", "predict", "predict RUN", "export RUN", "info", "info ''",
                                  "export RUN --to w.pt", "export RUN --to w"])  # fmt: skip
def test_that_a_wrong_command_is_code_2_and_one_line(shell: Shell, line: str) -> None:
    assert "softmax-gui" in shell.refused(2, line)


def test_that_what_cannot_be_read_is_code_1_and_one_line_that_names_it(
    shell: Shell, tmp_path: Path
) -> None:
    broken, one, folder = (tmp_path / name for name in ("broken.csv", "one.csv", "folder"))
    broken.write_text("a,b,label\n1,2,x\n3,y\n", encoding="utf-8")
    one.write_text("a,b,label\n1,2,x\n3,4,x\n", encoding="utf-8")
    folder.mkdir()
    assert "broken.csv, row 3" in shell.refused(1, "train --data", broken)
    assert "all 2 rows have the label" in shell.refused(1, "train --data", one)
    assert "none.csv was not found" in shell.refused(1, "train --data", tmp_path / "none.csv")
    assert 'no sample "digit"' in shell.refused(1, "train --data digit")
    assert "broken.csv, row 3" in shell.refused(1, "info", broken)
    assert "has no sub-folders with pictures" in shell.refused(1, "train --data", folder)
    assert "no run folder" in shell.refused(1, "info", folder)
    assert "no run folder" in shell.refused(1, "predict --data iris", folder)
    assert "holds no usable weights" in shell.refused(1, "predict --data iris", one)


@pytest.mark.parametrize("options", ["--learning-rate 1e9", "--batch-size 1 --momentum 0.99"])
def test_that_a_run_that_diverges_is_code_1_with_a_rate_that_works_and_replaces_nothing(
    shell: Shell, run: Path, options: str
) -> None:
    before = contents(run)
    sentence = shell.refused(1, f"train --data iris --epochs 30 {options} --out", run)
    assert "diverged" in sentence
    assert "learning rate of 0." in sentence
    assert contents(run) == before


def test_that_a_folder_is_looked_at_before_a_long_run_and_not_after_it(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    assert "can't be made" in shell.refused(1, f"train {ENDLESS} --out", tmp_path / "file")
    assert "can't be made" in shell.refused(1, f"train {ENDLESS} --out", tmp_path / "file" / "x")
    monkeypatch.setattr(os, "access", lambda *_: False)  # chmod does not bind the superuser
    assert "can't be made" in shell.refused(1, f"train {ENDLESS} --out", tmp_path)


def test_that_a_full_disk_is_said_before_the_training_and_not_after_it(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", full)
    sentence = shell.refused(1, f"train {ENDLESS} --out", tmp_path / "RUN")
    assert "no space left" in sentence


def test_that_a_disk_that_fills_up_is_code_1_and_the_figures_are_shown_all_the_same(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = 2 if sys.platform == "win32" else 4  # settings and status; folders are synced too
    synced = iter(range(before))

    def full_later(descriptor: int) -> None:
        if next(synced, None) is None:
            full(descriptor)

    monkeypatch.setattr(os, "fsync", full_later)
    answer = shell("train --data iris --epochs 2 --json --out", tmp_path / "RUN")
    assert answer.code == 1
    said = answer.err.splitlines()
    assert all("no space left" in line for line in said)
    assert "Training goes on" in said[0]
    assert len(said) == 2
    assert json.loads(answer.out)["out"] is None


def test_that_predict_never_replaces_what_it_reads(shell: Shell, run: Path, tmp_path: Path) -> None:
    data = tmp_path / "mine.csv"
    data.write_bytes(resource("samples", "iris.csv").read_bytes())
    before = data.read_bytes()
    assert "would replace" in shell.refused(2, "predict", run, "--data", data, "--out", data)
    assert data.read_bytes() == before


def test_that_other_features_or_no_folder_to_write_to_are_code_1(
    shell: Shell, run: Path, tmp_path: Path
) -> None:
    assert "64 features, the model wants 4" in shell.refused(1, "predict --data digits", run)
    nowhere = tmp_path / "nowhere" / "x"
    assert "no folder" in shell.refused(1, "predict --data iris", run, "--out", nowhere)
    assert "no folder" in shell.refused(1, "export", run, "--to", nowhere.with_suffix(".csv"))


def test_that_a_name_from_a_file_cannot_command_the_terminal(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,label\n1,2,\x1b[31mred\n3,4,y\n", encoding="utf-8")
    out = shell.done("info", tmp_path / "t.csv")
    assert "[31mred (1)" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "option", ["--stop-after 0", "--stop-after soon", "--stop-after -5m", "--stop-after inf",
               "--checkpoint-every 0", "--checkpoint-every 1.5", "--checkpoint-every 0s",
               "--early-stopping 0", "--optimizer lion", "--momentum 0.5 --optimizer adam",
               "--solver best", "--label-smoothing 1", "--class-weight some", "--threads -1",
               "--tolerance 0", "--phm-order -2", "--tensorboard", "--checkpoint-every 5",
               "--resume ''"],
)  # fmt: skip
def test_that_a_wrong_option_of_a_long_run_is_code_2_too(shell: Shell, option: str) -> None:
    sentence = shell.refused(2, f"train {option}").replace("_", "-")
    assert option.split(maxsplit=1)[0].removeprefix("--") in sentence


def test_that_a_run_goes_on_with_what_it_began_with_or_says_what_changed(
    shell: Shell, tmp_path: Path
) -> None:
    data, run = tmp_path / "mine.csv", tmp_path / "RUN"
    rows = [f"{i},{i * i % 7},{'xyz'[i % 3]}" for i in range(40)]
    data.write_text("\n".join(["a,b,label", *rows]), encoding="utf-8")
    shell.done("train --epochs 3 --batch-size 8 --device numpy --out", run, "--data", data)
    resume = f"train --epochs 5 --resume {run} "
    changed = shell.refused(1, f"{resume} --batch-size 4 --seed 7 --epochs 9")
    assert "batch_size was 8, now 4" in changed
    assert "seed was 0, now 7" in changed
    assert "epochs" not in changed
    assert "leave --out away" in shell.refused(2, f"{resume} --out elsewhere")
    assert "has done its 3 epochs" in shell.refused(1, f"train --resume {run}")
    data.write_text("\n".join(["a,b,label", *rows[:-1]]), encoding="utf-8")
    assert "n was 40, now 39" in shell.refused(1, resume)
    data.write_text("\n".join(["a,b,label", *rows[:-1], "39,5,x"]), encoding="utf-8")
    assert "the rows are others" in shell.refused(1, resume)
    data.write_text("\n".join(["a,b,label", *rows]), encoding="utf-8")
    assert json.loads(shell.done(f"{resume} --batch-size 8 --json"))["epochs"] == 5.0


def test_that_there_must_be_a_run_with_a_checkpoint_to_go_on(shell: Shell, tmp_path: Path) -> None:
    assert "config.json was not found" in shell.refused(1, "train --resume", tmp_path)
    shell.done("train --data iris --epochs 1 --out", tmp_path)
    for path in (tmp_path / "checkpoints").iterdir():
        path.unlink()
    assert "holds no checkpoint" in shell.refused(1, "train --resume", tmp_path)
    (tmp_path / "config.json").write_text("[", encoding="utf-8")
    assert "config.json" in shell.refused(1, "train --resume", tmp_path)


def test_that_a_checkpoint_cut_short_is_said_and_the_one_before_serves(
    shell: Shell, run: Path
) -> None:
    shell.done(f"train --resume {run} --epochs 40 --checkpoint-every 5")
    newest = max((run / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:-40])
    answer = shell(f"train --resume {run} --epochs 50 --json")
    assert (answer.code, json.loads(answer.out)["epochs"]) == (0, 50.0)
    assert answer.err.count("\n") == 1
    assert f"{newest.name} can't be used to go on" in answer.err


def test_that_two_runs_never_write_into_one_folder(shell: Shell, tmp_path: Path) -> None:
    shell.done("train --data iris --epochs 1 --out", tmp_path)
    before = contents(tmp_path)
    with held_alone(tmp_path / LOCK) as alone:
        assert alone
        for option in ("--out", "--resume"):
            sentence = shell.refused(1, f"train --data iris --epochs 2 {option}", tmp_path)
            assert "Another run is writing into" in sentence
    assert contents(tmp_path) == before
    shell.done("train --data iris --epochs 2 --resume", tmp_path)


def test_that_batches_larger_than_the_data_take_them_all_and_say_so(shell: Shell) -> None:
    answer = shell("train --data iris --epochs 2 --batch-size 5000 --json")
    assert (answer.code, json.loads(answer.out)["steps"]) == (0, 2)
    assert "5,000 is more than the 120 rows to train on" in answer.err


def test_that_early_stopping_without_rows_to_validate_with_is_refused(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "two.csv").write_text("a,b,label\n1,2,x\n3,4,y\n", encoding="utf-8")
    sentence = shell.refused(1, "train --early-stopping --data", tmp_path / "two.csv")
    assert "needs rows to validate with" in sentence


def test_that_ctrl_c_before_training_is_code_130(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "facts_of", interrupted)
    assert shell.refused(130, "info iris") == "softmax-gui: Interrupted."


def test_that_a_fault_of_our_own_is_one_line_too(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "facts_of", lambda *_: 1 // 0)
    assert "ZeroDivisionError" in shell.refused(1, "info iris")
