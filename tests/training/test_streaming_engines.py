"""Which engine rows on disk get: minibatches of any model, and solvers that read."""

from __future__ import annotations

import importlib.util
import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from softmax_gui.core.objective import DenseObjective, finish
from softmax_gui.data.stored import open_stored
from softmax_gui.data.stored_split import StoredSplit, stored_split
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import Device
from softmax_gui.training.engine import Engine, ParameterState
from softmax_gui.training.streaming import StreamingEngine
from softmax_gui.training.streaming_engines import (
    HeldCompiledEngine,
    HeldEngine,
    HeldPhmEngine,
    StoredSolverEngine,
    stored_engine,
)
from tests.data.stored_files import save_shards, table

if TYPE_CHECKING:
    from pathlib import Path

NUMPY = Device("numpy", "CPU", "chosen")


@pytest.fixture
def split(tmp_path: Path) -> StoredSplit:
    """500 rows of 6 features and 3 classes in two files."""
    X, labels = table(500, d=6)
    return stored_split(open_stored(save_shards(tmp_path, X, labels, [100])), 0)


def closed(engine: Engine) -> None:
    if isinstance(engine, StreamingEngine):
        engine.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "reading"]


def went_on(engine: Engine, config: TrainConfig, most: int = 400) -> int:
    """Runs until it is finished or so many examples were seen; returns how many."""
    at = 0
    while not engine.finished and at < most:
        at += engine.run(at, 5, config, math.inf).examples
    return at


@pytest.mark.parametrize(("changes", "kind"), [({}, HeldEngine), ({"phm_order": 3}, HeldPhmEngine)])
def test_that_minibatches_of_each_model_learn_from_disk(
    split: StoredSplit, changes: dict[str, Any], kind: type
) -> None:
    config = TrainConfig(learning_rate=0.2, batch_size=16, **changes)
    engine = stored_engine(split, config, NUMPY)
    assert isinstance(engine, StreamingEngine)
    assert isinstance(engine.inner, kind)
    assert engine.n == 400
    before = engine.measure("validation").loss
    went_on(engine, config, 2000)
    assert engine.measure("validation").loss < 0.8 * before
    assert not engine.finished
    closed(engine)


@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs numba")
def test_that_the_compiled_loop_leaves_a_core_to_the_reader(
    split: StoredSplit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("softmax_gui.training.compiled.TEAM_PAYS", 0)
    for module in ("compiled", "streaming_engines"):
        monkeypatch.setattr(f"softmax_gui.training.{module}.cores", lambda: 2)
    device = Device("compiled", "CPU", "chosen")
    for wanted, taken in ((0, 1), (2, 2)):
        engine = stored_engine(split, TrainConfig(threads=wanted), device)
        assert isinstance(engine, StreamingEngine)
        assert isinstance(engine.inner, HeldCompiledEngine)
        assert engine.inner.threads == taken
        closed(engine)


@pytest.mark.parametrize("solver", ["newton-cg", "lbfgs", "auto"])
@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_that_a_solver_goes_to_the_optimum_of_the_rows_on_disk(
    split: StoredSplit, solver: str, class_weight: str
) -> None:
    config = TrainConfig(solver=solver, weight_decay=0.01, class_weight=class_weight)
    engine = stored_engine(split, config, NUMPY)
    assert isinstance(engine, StoredSolverEngine)
    passed = went_on(engine, config, 100_000)
    assert engine.finished
    assert passed % 400 == 0  # whole passes over the training rows
    assert engine.certificate is not None
    assert engine.certificate.verdict == "optimum"
    labels = split.train.labels.astype(np.int64)
    counts = np.bincount(labels)
    weights = None if class_weight == "none" else (400 / (3 * counts))[labels]
    X = split.numbers("float64").sample([(0, 400)])
    W, b = engine.weights()
    objective = DenseObjective(X, labels, 3, 0.01, weights)
    _, gradient = finish(objective.value_and_gradient(np.vstack([W, b])))
    assert np.abs(gradient).max() < 1e-3
    closed(engine)


def test_that_a_solver_left_before_its_end_leaves_no_thread(split: StoredSplit) -> None:
    config = TrainConfig(solver="newton-cg", weight_decay=0.01)
    engine = stored_engine(split, config, NUMPY)
    assert engine.run(0, 1, config, 0.0).steps == 0  # the deadline is long past
    engine.load(ParameterState.zeros(6, 3))
    closed(engine)
