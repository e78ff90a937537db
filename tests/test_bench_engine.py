"""The engine's bench does what it says, on sizes so small that no time means anything."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_gui.core.objective import DenseObjective, finish
from tests.bench.engine import (
    command,
    gpu,
    machine,
    optimum,
    peers_numpy,
    problems,
    product,
    reference,
    solvers,
    table,
)
from tests.bench.engine.child import Steps, timed
from tests.bench.engine.contender import Contender, Missing, OutOfTime, Pin, interleave

SHAPE = problems.Shape(n=200, d=5, q=3, batch=16, epochs=3)
LIMIT_S = 50.0


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    """What a contender of minibatches is told."""
    folder = problems.store(tmp_path / "data", *problems.drawn(SHAPE.n, SHAPE.d, SHAPE.q))
    return {
        **asdict(SHAPE), "folder": folder, "repeat_s": 0.001, "threads": 1,
        "device": "numpy", "dtype": "float32",
    }  # fmt: skip


def numpy_steps(options: dict[str, Any]) -> Steps:
    return peers_numpy.WrittenOut(*problems.read(options["folder"]), options)


def torch_steps(way: str) -> Callable[[dict[str, Any]], Steps]:
    def make(options: dict[str, Any]) -> Steps:
        torch = pytest.importorskip("torch")
        from tests.bench.engine import peers_torch

        X, labels = problems.read(options["folder"])
        tensors = torch.from_numpy(X), torch.from_numpy(labels)
        steps: Steps = peers_torch.WAYS[way](torch, *tensors, SHAPE.q, {**options, "device": "cpu"})
        return steps

    return make


def perceptron_steps(options: dict[str, Any]) -> Steps:
    pytest.importorskip("sklearn")
    return peers_numpy.Perceptron(*problems.read(options["folder"]), options)


@pytest.mark.parametrize(
    "make",
    [
        product.Session, numpy_steps, perceptron_steps,
        torch_steps("tutorial"), torch_steps("tensors"), torch_steps("written out"),
    ],
    ids=["product", "numpy", "MLPClassifier", "tutorial", "tensors", "written-out"],
)  # fmt: skip
def test_that_every_contender_of_minibatches_minimises_the_same_loss(
    make: Callable[[dict[str, Any]], Steps], options: dict[str, Any]
) -> None:
    X, labels = problems.read(options["folder"])
    steps = make(options)
    at_zero = problems.mean_cross_entropy(X, labels, *steps.weights())
    assert at_zero == pytest.approx(np.log(SHAPE.q))
    assert steps.epochs(40) == 40 * SHAPE.n
    best = reference.find(reference.Problem(X, labels, SHAPE.q, 0.0)).value
    reached = problems.mean_cross_entropy(X, labels, *steps.weights())
    assert best <= reached <= best + 0.1 * (at_zero - best)


def test_that_a_repeat_tells_microseconds_a_step_and_the_loss_before(
    options: dict[str, Any],
) -> None:
    said: list[dict[str, Any]] = []
    answer = timed(numpy_steps(options), options, said.append)({})
    assert said[0]["loss"] < np.log(SHAPE.q)
    examples = said[0]["epochs_a_repeat"] * SHAPE.n
    assert answer["value"] == pytest.approx(1e6 * answer["seconds"] * SHAPE.batch / examples)


def test_that_the_reference_is_a_stationary_point_of_the_product_s_objective() -> None:
    X, labels = problems.drawn(300, 6, 4)
    found = reference.find(reference.Problem(X, labels, 4, 1e-3))
    objective = DenseObjective(X.astype(np.float64), labels, 4, 1e-3)
    value, gradient = finish(objective.value_and_gradient(found.theta))
    assert found.value == pytest.approx(value, rel=1e-12)
    assert np.abs(gradient).max() < 1e-6
    W, b = found.theta[:-1], found.theta[-1]
    assert problems.objective(X, labels, W, b, 1e-3) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("way", ["scikit-learn", "torch"])
def test_that_a_peer_is_given_the_setting_that_just_reaches_the_goal(
    way: str, tmp_path: Path
) -> None:
    pytest.importorskip({"scikit-learn": "sklearn"}.get(way, way))
    X, labels = problems.drawn(200, 5, 3)
    told = optimum.prepared(X, labels, [1e-2], tmp_path, brief=False)
    more = {"way": way, "dtype": "float64", "solver": "newton-cg", "history": 10, "threads": 1}
    said: list[dict[str, Any]] = []
    answer = solvers.make("peer", {**told, **more}, said.append)({})
    assert answer["above"] <= solvers.GOAL
    tries = [line["progress"] for line in said[:-1]]
    chosen = [step for step in tries if step["setting"] == said[-1]["setting"]]
    assert chosen[0]["above"] <= solvers.GOAL


def test_that_the_product_s_solver_is_judged_like_a_peer_s(tmp_path: Path) -> None:
    X, labels = problems.drawn(200, 5, 3)
    told = optimum.prepared(X.astype(np.float64), labels, [1e-2], tmp_path, brief=True)
    more = {"way": "product", "dtype": "float64", "threads": 1}
    said: list[dict[str, Any]] = []
    answer = solvers.make("product", {**told, **more}, said.append)({})
    assert -1e-12 < answer["above"] <= solvers.GOAL


def test_that_contenders_are_asked_in_turn_and_end_when_told(options: dict[str, Any]) -> None:
    pin = Pin.of(1)
    numpy_one = Contender("one", "peers_numpy", {**options, "way": "numpy"}, pin)
    other = Contender("other", "peers_numpy", {**options, "way": "numpy"}, pin)
    try:
        for contender in (numpy_one, other):
            contender.start(LIMIT_S)
        assert (numpy_one.note, other.note) == ("", "")
        assert numpy_one.report == other.report | {
            "epochs_a_repeat": numpy_one.report["epochs_a_repeat"]
        }
        interleave([numpy_one, other], 3, LIMIT_S)
    finally:
        numpy_one.close()
        other.close()
    assert len(numpy_one.answers) == len(other.answers) == 3
    assert len(table.ahead(numpy_one, other)) == 3
    with pytest.raises(Missing):
        numpy_one.ask(LIMIT_S)


def test_that_what_is_not_installed_is_a_note_and_no_failure(options: dict[str, Any]) -> None:
    if machine.facts("")["packages"]["jax"] != "not installed":
        pytest.skip("jax is installed here")
    jax = Contender("jax", "peers_jax", options, Pin.of(1))
    jax.start(LIMIT_S)
    jax.close()
    assert jax.note == "jax is not installed"
    interleave([jax], 2, LIMIT_S)
    assert jax.answers == []


def test_that_a_contender_without_an_answer_is_ended_at_its_limit(options: dict[str, Any]) -> None:
    slow = Contender("slow", "peers_numpy", {**options, "way": "numpy", "repeat_s": 1e9}, Pin.of(1))
    slow.start(1.0)  # one repeat of a billion seconds is being measured out
    assert slow.note == "not reached in 1 s"
    with pytest.raises((Missing, OutOfTime)):
        slow.ask(1.0)


def test_that_a_pin_names_as_many_cores_as_threads() -> None:
    pin = Pin.of(1)
    assert len(pin.cores) == 1
    assert pin.environment()["OPENBLAS_NUM_THREADS"] == "1"
    assert "1 thread" in str(pin)


@pytest.mark.parametrize(
    ("ratios", "wanted", "more", "verdict"),
    [
        ([5.0, 7.0, 6.0], 4.0, {}, "reached"),
        ([3.0, 3.5, 3.9], 4.0, {}, "not reached"),
        ([3.0], 4.0, {"bound": True}, "not shown within the limit"),
        ([5.0], 4.0, {"bound": True}, "reached"),
        ([1.2], 1.3, {"at_most": True}, "reached"),
        ([1.4], 1.3, {"at_most": True}, "not reached"),
        ([], 4.0, {}, "not measured"),
        ([2.0], None, {}, ""),
    ],
)
def test_that_a_row_is_judged_by_its_median_ratio(
    ratios: list[float], wanted: float | None, more: dict[str, bool], verdict: str
) -> None:
    row = table.Row("peer", [1.0], ratios, wanted, note="a note", detail={"loss": 0.5}, **more)
    assert row.verdict == verdict
    assert row.record().get("verdict", "") == verdict
    shown = "\n".join(table.Table("key", "title", "us", "1 thread", [row]).lines())
    assert verdict in shown
    assert "a note" in shown


def test_that_the_command_prints_and_keeps_what_it_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "gpu", lambda: "none")
    record = tmp_path / "engine.json"
    for only in ("gpu-2x2", "gpu-gradient,gpu-decays"):
        arguments = ["--quick", "--only", only, "--record", str(record)]
        assert command.main(arguments) == 0
    assert gpu.NONE in capsys.readouterr().out
    kept = json.loads(record.read_text(encoding="utf-8"))["tables"]
    assert set(kept) == {"gpu-2x2", "gpu-gradient", "gpu-decays"}
    facts = kept["gpu-2x2"]["machine"]
    assert facts["python"] == sys.version.split()[0]
    assert {"numpy", "numba", "torch", "scikit-learn", "jax"} <= set(facts["packages"])


def test_that_a_row_nobody_knows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "no such row"]) == 2
    assert "minibatch-2x2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "group", ["minibatch", "threads", "optimum", "decays", "window", "stored", "gpu"]
)
def test_that_every_group_of_the_issue_has_rows(group: str) -> None:
    assert any(name.startswith(group) for name in command.PARTS)
