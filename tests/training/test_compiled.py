"""The compiled loop in a run: the same learning, repeatable, taken only before the first step."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.training import compiled
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import DeviceError
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.watch import TrainingDiverged
from tests.training.worlds import blobs, measured

CONFIG = TrainConfig(
    learning_rate=0.05, batch_size=16, momentum=0.5, weight_decay=1e-3, device="compiled"
)


@pytest.fixture
def not_loaded() -> Iterator[None]:
    """As in a process that has not loaded the loop yet."""
    compiled.load.cache_clear()
    yield
    compiled.load.cache_clear()


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 1e-4)])
def test_that_the_compiled_run_learns_what_the_plain_run_learns(
    dtype: str, tolerance: float
) -> None:
    pytest.importorskip("numba")
    fast = TrainingSession(blobs(), replace(CONFIG, dtype=dtype))
    plain = TrainingSession(blobs(), replace(CONFIG, dtype=dtype, device="numpy"))
    for session in (fast, plain):
        session.advance(steps=150)
    assert measured(fast).device.kind == "compiled"
    np.testing.assert_allclose(
        measured(fast).model.W, measured(plain).model.W, rtol=tolerance, atol=tolerance
    )
    assert measured(fast).train.loss == pytest.approx(measured(plain).train.loss, rel=tolerance)
    assert measured(fast).examples == measured(plain).examples


def test_that_a_compiled_run_resumes_and_repeats_bit_by_bit() -> None:
    pytest.importorskip("numba")
    whole, first = TrainingSession(blobs(), CONFIG), TrainingSession(blobs(), CONFIG)
    whole.advance(steps=100)
    first.advance(steps=37)
    resumed = TrainingSession.resume(blobs(), first.checkpoint())
    resumed.advance(steps=63)
    assert resumed.snapshot().model.W.tobytes() == whole.snapshot().model.W.tobytes()


def test_that_a_compiled_run_that_diverges_is_taken_back() -> None:
    pytest.importorskip("numba")
    session = TrainingSession(blobs(), CONFIG)
    good = session.snapshot().model.W.tobytes()
    session.advance(steps=64)
    session.adjust(learning_rate=1e9)
    with pytest.raises(TrainingDiverged):
        session.advance(steps=100)
    assert session.snapshot().model.W.tobytes() == good


def test_that_a_session_takes_the_loop_before_its_first_step_and_never_later(
    not_loaded: None,
) -> None:
    pytest.importorskip("numba")
    begun, waiting = (TrainingSession(blobs(), TrainConfig()) for _ in range(2))
    begun.advance(steps=1)
    compiled.load()
    begun.reset()  # the same session again: the same bits again
    for session in (begun, waiting):
        session.advance(steps=1)
    assert begun.snapshot().device.kind == "numpy"
    assert waiting.snapshot().device.kind == "compiled"
    assert TrainingSession(blobs(), TrainConfig()).snapshot().device.kind == "compiled"


def test_that_a_large_model_stays_with_the_matrix_products(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("numba")
    compiled.load()
    monkeypatch.setattr(compiled, "LARGEST", 10)
    assert TrainingSession(blobs(), TrainConfig()).snapshot().device.kind == "numpy"


def test_that_without_numba_numpy_trains_and_says_so(
    not_loaded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "softmax_gui.core.kernels", raising=False)
    with pytest.raises(DeviceError, match="can't be used"):
        compiled.load()
    session = TrainingSession(blobs(), CONFIG)
    assert session.snapshot().device.kind == "numpy"
    assert "training goes on with CPU (numpy)" in session.notice


def test_that_a_process_of_its_own_compiles_and_the_thread_then_loads(
    not_loaded: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("numba")
    started: list[list[str]] = []

    class Child:
        def __init__(self, command: list[str], **_: object) -> None:
            started.append(command)

        def wait(self) -> None:
            """At once."""

        terminate = wait

    monkeypatch.setattr(compiled, "_cache", lambda: tmp_path / "empty")
    monkeypatch.setattr(subprocess, "Popen", Child)
    thread = compiled.prepare()
    assert thread is not None
    thread.join(60)
    assert started[0][0] == sys.executable
    assert compiled.ready()
    assert compiled.prepare() is None


def test_that_where_no_process_can_be_started_the_thread_loads_all_the_same(
    not_loaded: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("numba")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError("no process here")

    monkeypatch.setattr(compiled, "_cache", lambda: tmp_path / "empty")
    monkeypatch.setattr(subprocess, "Popen", refused)
    thread = compiled.prepare()
    assert thread is not None
    thread.join(60)
    assert compiled.ready()
