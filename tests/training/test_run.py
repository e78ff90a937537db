"""A run as the command line drives it: its end, an early end, and which arithmetic it takes."""

from __future__ import annotations

import json
import math
import sys
import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, Split, feature_names
from softmax_gui.training import compiling
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.run import COMPILED_PAYS_S, SAVED_STEP_S, train
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import Snapshot
from tests.training.worlds import blobs, digits

NUMPY = TrainConfig(device="numpy")
FOR_EVER = 10**9  # epochs


@pytest.fixture
def not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has not loaded the compiled loop yet."""
    monkeypatch.setattr(compiling, "_loaded", {})


def after(questions: int) -> Callable[[], bool]:
    """Says that the run shall stop when asked so many times."""
    left = iter(range(questions))
    return lambda: next(left, None) is None


def singles() -> Split:
    """Two classes of one row each: both are trained on, none is left to validate with."""
    X = np.array([[0.0, 1.0], [1.0, 0.0]])
    return split(Dataset("two", X, np.array([0, 1]), ("a", "b"), feature_names(2)), seed=0)


def test_that_a_run_trains_its_epochs_and_measures_its_last_step() -> None:
    run = train(blobs(), NUMPY, 7)
    session = TrainingSession(blobs(), NUMPY)
    session.advance(epochs=7)
    assert run.snapshot.model.W.tobytes() == session.snapshot().model.W.tobytes()
    assert run.snapshot.measured_at == run.snapshot.step == session.snapshot().step
    assert run.snapshot.history.column("step")[-1] == run.snapshot.step
    assert (run.interrupted, run.problem) == (False, "")


def test_that_the_summary_has_the_figures_of_the_run_in_json() -> None:
    parts = digits()
    run = train(parts, NUMPY, 3)
    summary = json.loads(json.dumps(run.summary(), allow_nan=False))
    P = run.snapshot.model.probabilities(parts.validation.X)
    true = P[np.arange(parts.validation.n), parts.validation.labels]
    assert summary["validation_loss"] == pytest.approx(-np.log(true).mean(), rel=1e-12)
    right = P.argmax(axis=1) == parts.validation.labels
    assert summary["validation_accuracy"] == pytest.approx(right.mean(), rel=1e-12)
    steps = 3 * -(-parts.train.n // NUMPY.batch_size)
    assert (summary["steps"], summary["epochs"], summary["device"]) == (steps, 3.0, "numpy")
    assert summary["train_loss"] > 0.0
    assert 0.0 < summary["train_accuracy"] <= 1.0
    assert summary["seconds"] > 0.0


def test_that_a_part_without_rows_has_no_figures_instead_of_nan() -> None:
    summary = train(singles(), NUMPY, 2).summary()
    assert summary["validation_loss"] is summary["validation_accuracy"] is None
    assert summary["train_accuracy"] == 1.0
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


@pytest.mark.parametrize("device", ["numpy", "compiled"])
def test_that_a_run_stops_between_two_steps_when_it_is_asked_to(device: str) -> None:
    if device == "compiled":
        pytest.importorskip("numba")
    config = replace(NUMPY, device=device)
    told: list[Snapshot] = []
    run = train(blobs(), config, FOR_EVER, progress=told.append, stopped=lambda: len(told) == 2)
    assert run.interrupted
    session = TrainingSession(blobs(), config)
    session.advance(steps=run.snapshot.step)
    assert run.snapshot.step > 0
    assert run.snapshot.model.W.tobytes() == session.snapshot().model.W.tobytes()
    assert run.snapshot.measured_at == run.snapshot.step


def test_that_a_run_asked_to_stop_before_it_began_has_taken_no_step() -> None:
    run = train(blobs(), NUMPY, 1, stopped=after(0))
    assert run.interrupted
    assert run.snapshot.step == 0
    assert run.snapshot.train.loss == pytest.approx(np.log(3), rel=1e-12)


def test_that_progress_is_told_with_an_epoch_that_grows() -> None:
    told: list[Snapshot] = []
    train(blobs(), NUMPY, FOR_EVER, progress=told.append, stopped=after(4))
    epochs = [snapshot.epoch for snapshot in told]
    assert len(epochs) == 4
    assert epochs == sorted(set(epochs))


def test_that_a_run_that_diverges_ends_with_the_last_good_weights_and_a_sentence() -> None:
    run = train(blobs(), replace(NUMPY, learning_rate=1e9), 5)
    assert "diverged" in run.problem
    assert not run.interrupted
    assert np.isfinite(run.snapshot.model.W).all()
    assert run.snapshot.train.loss <= np.log(3) + 1e-12
    assert run.snapshot.measured_at == run.snapshot.step


def test_that_a_device_that_is_not_there_is_said_once_and_numpy_trains() -> None:
    said: list[str] = []
    absent = "cuda" if sys.platform == "darwin" else "mps"
    run = train(blobs(), replace(NUMPY, device=absent), 2, say=said.append)
    assert len(said) == 1
    assert "CPU (numpy)" in said[0]
    assert run.summary()["device"] == "numpy"


@pytest.mark.parametrize("data", [blobs, digits, singles])
def test_that_the_compiled_loop_gives_the_figures_of_numpy(data: Callable[[], Split]) -> None:
    pytest.importorskip("numba")
    plain = train(data(), NUMPY, 10).summary()
    fast = train(data(), replace(NUMPY, device="compiled"), 10).summary()
    assert fast["device"] == "compiled"
    for name in ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy"):
        assert fast[name] == (plain[name] and pytest.approx(plain[name], rel=1e-9, abs=1e-9))
    assert fast["steps"] == plain["steps"]


def test_that_a_long_run_takes_the_compiled_loop_and_a_short_one_leaves_it(
    not_loaded: None,
) -> None:
    pytest.importorskip("numba")
    parts, config = blobs(), TrainConfig(device="auto", batch_size=blobs().train.n)  # 1 an epoch
    pays = math.ceil(COMPILED_PAYS_S / SAVED_STEP_S)
    short = train(parts, config, pays // 2, stopped=after(1))
    assert short.summary()["device"] == "numpy"
    assert not compiling.ready("float64")
    begun: list[Snapshot] = []
    long = train(parts, config, pays, progress=begun.append, stopped=lambda: bool(begun))
    assert long.summary()["device"] == "compiled"


def test_that_who_waits_for_the_compiler_is_told_why_and_can_leave(
    not_loaded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    compiler = threading.Event()
    monkeypatch.setattr(compiling, "load", lambda _dtype: compiler.wait())  # a slow one
    monkeypatch.setattr("softmax_gui.training.run.LONG_S", 0.0)
    config = TrainConfig(device="compiled")
    with pytest.raises(KeyboardInterrupt):
        train(blobs(), config, 1, say=told.append, stopped=lambda: bool(told))
    compiler.set()
    assert told == ["The compiled loop is made ready for this machine; that is done once."]


def test_that_a_long_run_on_a_chosen_device_or_of_a_solver_leaves_the_compiled_loop(
    not_loaded: None,
) -> None:
    train(blobs(), NUMPY, FOR_EVER, stopped=after(0))
    train(blobs(), TrainConfig(solver="lbfgs"), FOR_EVER, stopped=after(0))
    assert not compiling.ready("float64")


def test_that_a_long_run_without_numba_goes_on_with_numpy_and_says_nothing(
    not_loaded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    for name in ("kernels", "kernel_products", "kernel_softmax", "pass_kernels", "simd"):
        monkeypatch.delitem(sys.modules, f"softmax_gui.core.{name}", raising=False)
    said: list[str] = []
    begun: list[Snapshot] = []
    run = train(blobs(), TrainConfig(), FOR_EVER, say=said.append, progress=begun.append,
                stopped=lambda: bool(begun))  # fmt: skip
    assert run.summary()["device"] == "numpy"
    assert said == []
