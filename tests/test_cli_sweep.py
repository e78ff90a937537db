"""softmax-gui sweep: the table, the choices, what is kept, and what is refused."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_gui.commands import sweep
from softmax_gui.core.optimum import find_optimum
from softmax_gui.data.batches import split
from softmax_gui.data.samples import load
from softmax_gui.export.runs import load_run_or_model
from softmax_gui.training.sweep import sweep_steps
from tests.shell import Shell

THREE = "--decays 1,0.01,0.0001"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def test_that_each_weight_decay_has_a_line_and_the_choices_are_marked(shell: Shell) -> None:
    out = shell.done("sweep --data iris --decays 5")
    rows = [line for line in out.splitlines() if re.match(r"\d", line)]
    assert len(rows) == 5
    assert "judged by 30 other rows" in out
    assert out.count("best") == out.count("one standard error") == 1
    assert [float(row.split()[0]) for row in rows] == sorted(
        (float(row.split()[0]) for row in rows), reverse=True
    )
    assert all(re.search(r"\d\.\d+ ± \d\.\d+ +\d+\.\d\d%", row) for row in rows)
    assert "--out FOLDER keeps" in out


def test_that_the_json_has_every_figure_and_the_losses_are_those_of_the_optimum(
    shell: Shell,
) -> None:
    out = shell.done(f"sweep --data digits {THREE} --json")
    assert out.count("\n") == 1
    found = json.loads(out, parse_constant=pytest.fail)
    parts = split(load("digits"), 0)
    for row, decay in zip(found["rows"], (1.0, 0.01, 0.0001), strict=True):
        optimum = find_optimum(parts.train.X, parts.train.labels, 10, weight_decay=decay)
        logits = parts.validation.X @ optimum.W + optimum.b
        log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        loss = -log_p[np.arange(len(log_p)), parts.validation.labels].mean()
        assert row["decay"] == decay
        assert row["validation_loss"] == pytest.approx(loss, rel=1e-3)
        assert row["certificate"]["verdict"] == "optimum"
    losses = [row["validation_loss"] for row in found["rows"]]
    assert found["best"] == int(np.argmin(losses)) == found["chosen"]
    assert found["one_standard_error"] <= found["best"]


@pytest.mark.parametrize("choice", ["best", "one-se"])
def test_that_the_chosen_weights_are_kept_and_predict(
    shell: Shell, tmp_path: Path, choice: str
) -> None:
    line = f"sweep --data digits --choose {choice} --json --out"
    found = json.loads(shell.done(line, tmp_path / "s"))
    assert found["chosen"] == found["best" if choice == "best" else "one_standard_error"]
    assert found["best"] != found["one_standard_error"]
    model = load_run_or_model(str(tmp_path / "s"))
    row = found["rows"][found["chosen"]]
    assert float(np.linalg.norm(model.dense.W)) == pytest.approx(row["norm"], rel=1e-12)
    assert model.metrics["weight_decay"] == row["decay"] == found["weight_decay"]
    assert model.metrics["validation_loss"] == row["validation_loss"]
    table = json.loads((tmp_path / "s" / "sweep.json").read_bytes())
    assert table == {name: value for name, value in found.items() if name != "out"}
    assert "accuracy 9" in shell("predict --data digits", tmp_path / "s").err


def test_that_folds_judge_by_all_rows_and_repeat_with_the_seed(shell: Shell) -> None:
    line = f"sweep --data iris --folds 4 {THREE} --json --seed"
    one, again, other = (json.loads(shell.done(f"{line} {seed}")) for seed in (1, 1, 2))
    assert one == again != other
    assert one["folds"] == 4
    accuracy = [row["validation_accuracy"] * 150 for row in one["rows"]]
    assert accuracy == pytest.approx(np.round(accuracy))  # all 150 rows were judged
    assert "judged by 4 folds" in shell.done(f"sweep --data iris --folds 4 {THREE}")


@pytest.mark.parametrize("option", ["--decays x", "--decays 1,-1", "--decays ''", "--decays inf,1",
                                    "--folds 0", "--folds x", "--solver best", "--tolerance -1",
                                    "--solver minibatch", "--choose worst"])  # fmt: skip
def test_that_a_wrong_option_is_code_2_and_one_line(shell: Shell, option: str) -> None:
    assert option.split(maxsplit=1)[0].removeprefix("--") in shell.refused(2, f"sweep {option}")


def test_that_what_cannot_be_judged_or_kept_is_a_sentence(shell: Shell, tmp_path: Path) -> None:
    assert "2 to 150 folds" in shell.refused(1, "sweep --data iris --folds 151")
    assert "2 to 150 folds" in shell.refused(1, "sweep --data iris --folds 1")
    (tmp_path / "two.csv").write_text("a,b,label\n1,2,x\n3,4,y\n", encoding="utf-8")
    sentence = shell.refused(1, "sweep --data", tmp_path / "two.csv")
    assert "--folds judges by the rows at hand" in sentence
    shell.done("train --data iris --epochs 1 --out", tmp_path / "RUN")
    before = (tmp_path / "RUN" / "model.safetensors").read_bytes()
    assert "holds a run" in shell.refused(1, "sweep --data iris --out", tmp_path / "RUN")
    assert (tmp_path / "RUN" / "model.safetensors").read_bytes() == before
    (tmp_path / "file").touch()
    assert "can't be made" in shell.refused(1, "sweep --data iris --out", tmp_path / "file")


def test_that_a_sweep_that_is_stopped_keeps_what_is_done(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any, **options: Any) -> Iterator[Any]:
        """Ctrl+C when the second is done."""
        for place, item in enumerate(done for done in sweep_steps(*args, **options) if done):
            yield item
            if place == 0:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(sweep, "sweep_steps", interrupted)
    answer = shell("sweep --data iris --json --out", tmp_path)
    found = json.loads(answer.out)
    assert answer.code == 130
    assert (len(found["rows"]), found["interrupted"]) == (2, True)
    assert "Interrupted after 2 weight decays" in answer.err
    assert load_run_or_model(str(tmp_path)).metrics["weight_decay"] == found["weight_decay"]
