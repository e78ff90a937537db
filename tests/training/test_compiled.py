"""The compiled loop in a run: the same learning, taken only before the first step."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from softmax_gui.data.dataset import Split
from softmax_gui.training import compiled, compiling
from softmax_gui.training.compiled import TEAM_PAYS, threads_for
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import cores
from softmax_gui.training.session import TrainingSession
from tests.training.worlds import blobs, measured

pytestmark = [pytest.mark.usefixtures("loop_compiled"), pytest.mark.timeout(func_only=True)]
CONFIG = TrainConfig(
    learning_rate=0.05, batch_size=16, momentum=0.5, weight_decay=1e-3, device="compiled"
)


@pytest.fixture
def not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has not loaded the loop yet."""
    monkeypatch.setattr(compiling, "_loaded", {})


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 1e-4)])
@pytest.mark.parametrize(("d", "q"), [(5, 3), (40, 20)])
def test_that_the_compiled_run_learns_what_the_plain_run_learns(
    d: int, q: int, dtype: str, tolerance: float
) -> None:
    parts, config = blobs(d=d, q=q), replace(CONFIG, dtype=dtype)
    fast = TrainingSession(parts, config)
    plain = TrainingSession(parts, replace(config, device="numpy"))
    for session in (fast, plain):
        session.advance(steps=150)
    one, other = measured(fast), measured(plain)
    assert one.device.kind == "compiled"
    np.testing.assert_allclose(one.model.W, other.model.W, rtol=tolerance, atol=tolerance)
    assert one.train.loss == pytest.approx(other.train.loss, rel=tolerance)
    assert (one.step, one.examples) == (other.step, other.examples)


def test_that_a_session_takes_the_loop_before_its_first_step_and_never_later(
    not_loaded: None,
) -> None:
    begun, waiting = (TrainingSession(blobs(), TrainConfig()) for _ in range(2))
    begun.advance(steps=1)
    compiling.load("float64")
    begun.reset()  # the same session again: the same bits again
    for session in (begun, waiting):
        session.advance(steps=1)
    assert begun.snapshot().device.kind == "numpy"
    assert waiting.snapshot().device.kind == "compiled"
    assert TrainingSession(blobs(), TrainConfig()).snapshot().device.kind == "compiled"


def test_that_a_loop_of_another_type_is_not_taken(not_loaded: None) -> None:
    compiling.load("float32")
    session = TrainingSession(blobs(), TrainConfig())
    session.advance(steps=1)
    assert session.snapshot().device.kind == "numpy"


def test_that_a_large_model_takes_the_loop_too(not_loaded: None) -> None:
    compiling.load("float64")
    session = TrainingSession(blobs(n=2000, d=300, q=200), TrainConfig(batch_size=8))
    session.advance(steps=3)
    assert session.snapshot().device.kind == "compiled"


def test_that_without_numba_numpy_trains_and_says_so(
    not_loaded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    for name in ("kernels", "kernel_products", "kernel_softmax", "simd"):
        monkeypatch.delitem(sys.modules, f"softmax_gui.core.{name}", raising=False)
    session = TrainingSession(blobs(), CONFIG)
    assert session.snapshot().device.kind == "numpy"
    assert "The compiled loop can't be used" in session.notice
    assert "training goes on with CPU (numpy)" in session.notice
    session.advance(steps=5)
    assert session.snapshot().step == 5


def split_of(batch: int) -> Split:
    return blobs(n=2 * batch, d=100, q=50)


def test_that_a_team_is_taken_where_it_pays_or_as_large_as_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compiled, "cores", lambda: 4)
    pays = TEAM_PAYS // (100 * 50)  # rows
    few, many = replace(CONFIG, batch_size=pays - 1), replace(CONFIG, batch_size=pays)
    assert threads_for(split_of(pays), few) == 1
    assert threads_for(split_of(pays), many) == 4
    assert threads_for(split_of(pays // 4), many) == 1  # a batch has no more rows than there are
    assert threads_for(split_of(pays), replace(few, threads=3)) == 3


def test_that_a_session_says_how_many_threads_it_has_and_keeps_them_when_resumed() -> None:
    session = TrainingSession(blobs(), replace(CONFIG, threads=3))
    session.advance(steps=5)
    assert session.snapshot().device.threads == 3
    kept = replace(session.checkpoint(), config=replace(CONFIG, threads=0))
    assert TrainingSession.resume(blobs(), kept).snapshot().device.threads == 3


def test_that_some_core_is_there() -> None:
    assert cores() >= 1


def test_that_a_snapshot_tells_the_loss_and_the_hits_of_the_minibatches_since_the_last() -> None:
    session = TrainingSession(blobs(n=120), replace(CONFIG, learning_rate=1e-12, batch_size=96))
    assert session.snapshot().minibatches is None
    session.advance(epochs=1)
    found, whole = session.snapshot().minibatches, measured(session).train
    assert found is not None
    assert (found.correct, found.total) == (32, 96)  # all logits were 0: the first class
    assert found.loss == pytest.approx(np.log(3), rel=1e-9)
    assert whole.total == found.total
    assert session.snapshot().minibatches is None


def test_that_numpy_counts_no_hits() -> None:
    session = TrainingSession(blobs(), replace(CONFIG, device="numpy"))
    session.advance(steps=5)
    assert session.snapshot().minibatches is None
