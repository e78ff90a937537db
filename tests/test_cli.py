"""The command line: every command, from data to predictions, without a window."""

from __future__ import annotations

import csv
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from softmax_gui import __version__, cli
from softmax_gui.data.samples import load
from softmax_gui.export.runs import load_run_or_model
from softmax_gui.training import compiling
from tests.shell import Shell

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")

HEADLESS = """
import sys
from softmax_gui.cli import main
for line in sys.stdin.read().splitlines():
    assert main(line.split()) == 0, line
print(*sys.modules, file=sys.stderr)
"""


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@pytest.fixture
def run(shell: Shell, tmp_path: Path) -> Path:
    """A run on iris."""
    shell.done("train --data iris --epochs 30 --out", tmp_path / "RUN")
    return tmp_path / "RUN"


def metrics(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_that_train_ends_with_one_json_object_on_one_line(shell: Shell, tmp_path: Path) -> None:
    out = shell.done("train --data iris --epochs 3 --seed 0 --json --out", tmp_path / "RUN")
    assert out.count("\n") == 1
    result = json.loads(out, parse_constant=pytest.fail)  # NaN and Infinity are no JSON
    assert {*FIGURES, "steps", "seconds", "device"} <= set(result)
    assert result["steps"] == 3 * -(-result["n_train"] // 32)
    assert result["device"] in {"numpy", "compiled"}
    assert result["out"] == str(tmp_path / "RUN")


def test_that_the_same_seed_gives_the_same_json_but_for_the_seconds(shell: Shell) -> None:
    def result(seed: int) -> dict[str, object]:
        out = shell.done(f"train --data digits --epochs 2 --device numpy --json --seed {seed}")
        found: dict[str, object] = json.loads(out)
        assert isinstance(found.pop("seconds"), float)
        return found

    assert result(3) == result(3) != result(4)


def test_that_the_compiled_loop_gives_the_same_figures(shell: Shell) -> None:
    pytest.importorskip("numba")
    line = "train --data digits --epochs 5 --json --device"
    plain, fast = (json.loads(shell.done(f"{line} {name}")) for name in ("numpy", "compiled"))
    assert [fast[name] for name in FIGURES] == pytest.approx(
        [plain[name] for name in FIGURES], rel=1e-9
    )
    assert fast["device"] == "compiled"


def test_that_people_get_losses_with_a_unit_and_accuracies_with_counts(
    shell: Shell, tmp_path: Path
) -> None:
    out = shell.done("train --data iris --epochs 5 --device numpy --out", tmp_path / "RUN")
    for part in ("train", "validation"):
        line = rf"^{part} +\d\.\d{{4}} nat +\d+\.\d\d% \((\d+) of (\d+)\)$"
        assert re.search(line, out, re.MULTILINE), out
    assert "5 of 5 epochs, 20 steps" in out
    assert f"The run is in {tmp_path / 'RUN'}." in out
    assert not re.search(r"^floor", out, re.MULTILINE)


def test_that_the_2x2_world_tells_its_floor_and_that_nothing_was_kept(shell: Shell) -> None:
    out = shell.done("train --epochs 1 --device numpy")
    floor = load("2x2").floor
    assert re.search(rf"^floor +{floor:#.4g} nat", out, re.MULTILINE), out
    assert "not kept: --out RUN keeps them" in out


def test_that_a_device_that_is_not_there_gets_a_line_and_a_fallback(shell: Shell) -> None:
    absent = "cuda" if sys.platform == "darwin" else "mps"
    answer = shell(f"train --data iris --epochs 1 --json --device {absent}")
    assert (answer.code, json.loads(answer.out)["device"]) == (0, "numpy")
    assert answer.err.count("\n") == 1
    assert "CPU (numpy)" in answer.err


def test_that_the_validation_share_is_obeyed(shell: Shell) -> None:
    result = json.loads(shell.done("train --data iris --epochs 1 --validation-share 0.5 --json"))
    assert (result["n_train"], result["n_validation"]) == (75, 75)


def test_that_every_export_predicts_what_the_run_predicts(
    shell: Shell, run: Path, tmp_path: Path
) -> None:
    def table(model: Path) -> list[list[str]]:
        answer = shell("predict --data iris", model)
        assert answer.code == 0
        assert re.search(r": 150 rows, accuracy 9\d\.\d\d% \(\d+ of 150\)\.$", answer.err)
        return list(csv.reader(answer.out.splitlines()))

    expected = table(run)
    P = load_run_or_model(str(run)).probabilities(load("iris").X)
    np.testing.assert_allclose(np.array([r[2:5] for r in expected[1:]], float), P, atol=1e-11)
    for suffix in ("csv", "json", "npz", "safetensors"):
        target = tmp_path / f"x.{suffix}"
        shell.done(f"export {shlex.quote(str(run))} --to", target)
        assert table(target) == expected
        facts = json.loads(shell.done("info --json", target), parse_constant=pytest.fail)
        assert (facts["kind"], facts["format"], facts["q"]) == ("model", suffix, 3)


def test_that_predict_writes_the_same_table_to_a_file(
    shell: Shell, run: Path, tmp_path: Path
) -> None:
    printed = shell.done("predict --data iris", run)
    assert shell.done("predict --data iris", run, "--out", tmp_path / "p.csv") == ""
    assert (tmp_path / "p.csv").read_text(encoding="utf-8") == printed


def test_that_info_for_people_has_a_line_a_fact(shell: Shell, run: Path) -> None:
    lines = dict(re.split("  +", line, maxsplit=1) for line in shell.done("info iris").splitlines())
    assert (lines["n"], lines["classes"]) == ("150", "setosa (50), versicolor (50), virginica (50)")
    assert "image shape" not in lines
    assert re.search(r"^metrics validation accuracy +0\.9", shell.done("info", run), re.MULTILINE)


def test_that_help_fits_on_a_screen_and_tells_defaults(shell: Shell) -> None:
    commands = ["train", "sweep", "predict", "evaluate", "export", "info", "convert", "gui"]
    pages = [shell.done(f"{command} --help") for command in ("", *commands)]
    assert len(pages[1].splitlines()) <= 64  # a tall screen: train has many settings
    assert max(len(page.splitlines()) for page in pages if page != pages[1]) <= 46
    assert max(len(line) for page in pages for line in page.splitlines()) <= 80
    assert pages[1].count("default") >= 10
    assert "130" in pages[0]
    assert shell.done("--version") == f"softmax-gui {__version__}\n"


def test_that_no_command_without_a_window_imports_qt_or_torch(tmp_path: Path) -> None:
    run, weights = tmp_path / "RUN", tmp_path / "w.csv"
    lines = [f"train --data digits --epochs 1 --out {run}", f"predict {run} --data digits",
             f"export {run} --to {weights}", f"info {weights}", "info 2x2 --json"]  # fmt: skip
    command = [sys.executable, "-W", "error", "-c", HEADLESS]
    ran = subprocess.run(
        command, input="\n".join(lines), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stderr.splitlines()[-1].split())
    assert "softmax_gui.export.info" in loaded
    assert loaded.isdisjoint({"PySide6", "shiboken6", "pyqtgraph", "torch", "numba"})


def test_that_a_long_run_on_a_small_model_takes_the_compiled_loop(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba")
    monkeypatch.setattr("softmax_gui.training.run.COMPILED_PAYS_S", 1e-3)
    monkeypatch.setattr(compiling, "_loaded", {})
    out = shell.done("train --data iris --epochs 5 --json")
    assert json.loads(out)["device"] == "compiled"


def test_that_a_run_in_parts_equals_one_in_a_piece_bit_by_bit(shell: Shell, tmp_path: Path) -> None:
    options = (
        "--data digits --optimizer momentum --weight-decay 1e-3 --dtype float32 --device numpy"
    )
    shell.done(f"train {options} --epochs 3 --out", tmp_path / "whole")
    shell.done(f"train {options} --epochs 1 --out", tmp_path / "parts")
    for epochs in (2, 3):
        shell.done(f"train --epochs {epochs} --resume", tmp_path / "parts")
    whole, parts = (load_run_or_model(str(tmp_path / name)).dense for name in ("whole", "parts"))
    assert (whole.W.tobytes(), whole.b.tobytes()) == (parts.W.tobytes(), parts.b.tobytes())
    config = json.loads((tmp_path / "parts" / "config.json").read_bytes())
    assert (config["epochs"], config["momentum"], config["optimizer"]) == (3, 0.9, "sgd")
    steps = [int(row["step"]) for row in metrics(tmp_path / "parts")]
    assert steps == sorted(set(steps))
    assert steps[-1] == config["steps"]


@pytest.mark.parametrize(("option", "momentum"), [("", 0.9), ("--momentum 0.5", 0.5)])
def test_that_momentum_is_sgd_with_nine_tenths_unless_it_is_said(
    shell: Shell, tmp_path: Path, option: str, momentum: float
) -> None:
    shell.done(f"train --data iris --epochs 1 --optimizer momentum {option} --out", tmp_path)
    config = json.loads((tmp_path / "config.json").read_bytes())
    assert (config["optimizer"], config["momentum"]) == ("sgd", momentum)


def test_that_a_solver_prints_its_choice_and_its_certificate(shell: Shell) -> None:
    out = shell.done("train --data digits --solver auto --weight-decay 1e-3")
    assert re.search(r"^solver +newton-cg: .+\.$", out, re.MULTILINE), out
    certificate = (
        r"^result +optimum to within .+ \(at most \S+ nat above the lowest loss, gradient "
    )
    assert re.search(certificate, out, re.MULTILINE), out
    assert re.search(r"^\d+ iterations, \d+ passes over the rows in ", out, re.MULTILINE), out
    result = json.loads(shell.done("train --data iris --solver newton-cg --json"))
    assert result["certificate"]["verdict"] == "separable"
    assert "add weight decay" in result["certificate"]["text"]


def test_that_a_run_stopped_by_the_clock_is_done_and_keeps_its_weights(
    shell: Shell, tmp_path: Path
) -> None:
    line = "train --data iris --device numpy --epochs 1000000000 --stop-after 0.1s --out"
    out = shell.done(line, tmp_path)
    assert re.search(r"^Stopped by the clock at epoch ", out, re.MULTILINE), out
    assert load_run_or_model(str(tmp_path)).metrics["steps"] > 0
    assert json.loads((tmp_path / "config.json").read_bytes())["ended"] == "time"


def test_that_early_stopping_keeps_the_best_weights_and_says_of_which_epoch(
    shell: Shell, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    rows = [",".join(f"{x:.3f}" for x in rng.normal(size=20)) + f",{'abc'[i % 3]}"
            for i in range(60)]  # fmt: skip
    header = ",".join(f"x{j}" for j in range(20))
    (tmp_path / "noise.csv").write_text("\n".join([f"{header},label", *rows]), encoding="utf-8")
    line = "train --epochs 500 --learning-rate 0.05 --device numpy --early-stopping 5 --data"
    out = shell.done(line, tmp_path / "noise.csv", "--out", tmp_path / "RUN")
    (last, best), = re.findall(r"^Stopped early at epoch (\d+); .* of epoch (\d+)\.$", out,
                               re.MULTILINE)  # fmt: skip
    assert int(last) == int(best) + 5 < 500
    epochs = [row for row in metrics(tmp_path / "RUN") if float(row["epoch"]).is_integer()]
    lowest = min(float(row["validation_loss"]) for row in epochs)
    assert load_run_or_model(str(tmp_path / "RUN")).metrics["validation_loss"] == lowest
    again = shell.done("train --resume", tmp_path / "RUN")  # its patience goes on with it
    assert f"Stopped early at epoch {last};" in again


def test_that_event_files_are_in_the_run_folder(shell: Shell, tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    shell.done("train --data iris --epochs 2 --tensorboard --out", tmp_path)
    assert len(list((tmp_path / "tensorboard").iterdir())) == 1


def test_that_on_windows_a_torch_device_in_the_settings_loads_torch_before_qt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr("softmax_gui.training.devices.import_torch", lambda: loaded.append("torch"))
    monkeypatch.setattr("softmax_gui.gui.settings.settings_path", lambda: tmp_path / "s.json")
    assert not cli._torch_before_qt("win32")
    (tmp_path / "s.json").write_text('{"device": "cuda"}')
    assert not cli._torch_before_qt("linux")
    assert loaded == []
    assert cli._torch_before_qt("win32")
    assert loaded == ["torch"]
