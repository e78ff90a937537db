"""Which device a run takes, why, and what happens when it fails. No GPU is needed."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from softmax_gui.training import devices
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import DeviceError, choose
from softmax_gui.training.engine import Engine
from softmax_gui.training.session import TrainingSession
from tests.training.worlds import blobs, measured


def torch_with(monkeypatch: pytest.MonkeyPatch, *, cuda: bool = False, mps: bool = False) -> None:
    fake = SimpleNamespace(
        __version__="2.0-fake",
        cuda=SimpleNamespace(is_available=lambda: cuda, get_device_name=lambda _: "Fake GPU"),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
    )
    monkeypatch.setattr(devices, "import_torch", lambda: fake)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_that_torch_on_the_cpu_trains_as_numpy_does(dtype: str) -> None:
    pytest.importorskip("torch")
    config = TrainConfig(learning_rate=0.05, momentum=0.9, weight_decay=0.01, dtype=dtype)
    models = []
    for device in ("numpy", "cpu"):
        session = TrainingSession(blobs(), TrainConfig(**{**vars(config), "device": device}))
        session.advance(steps=50)
        snapshot = measured(session)
        assert snapshot.device.kind == device
        models.append(snapshot)
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(models[0].model.W, models[1].model.W, atol=tolerance)
    assert models[0].train.correct == models[1].train.correct
    assert models[0].train.loss == pytest.approx(models[1].train.loss, abs=tolerance)


def test_that_a_torch_run_resumes_bit_by_bit() -> None:
    pytest.importorskip("torch")
    config = TrainConfig(device="cpu", dtype="float32", momentum=0.9)
    whole, first = TrainingSession(blobs(), config), TrainingSession(blobs(), config)
    whole.advance(steps=60)
    first.advance(steps=25)
    resumed = TrainingSession.resume(blobs(), first.checkpoint())
    resumed.advance(steps=35)
    assert resumed.snapshot().model.W.tobytes() == whole.snapshot().model.W.tobytes()


def test_that_small_steps_stay_on_numpy_and_torch_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(devices, "import_torch", lambda: pytest.fail("torch was imported"))
    device = choose("auto", step_flop=1e4)
    assert device.kind == "numpy"
    assert device.reason


def test_that_large_steps_take_a_gpu_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    torch_with(monkeypatch, cuda=True)
    assert choose("auto", step_flop=1e9).kind == "cuda"
    torch_with(monkeypatch, mps=True)
    assert choose("auto", step_flop=1e9).kind == "mps"
    torch_with(monkeypatch)
    assert choose("auto", step_flop=1e9).kind == "numpy"


def test_that_a_missing_torch_is_said_and_numpy_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # import torch raises ImportError
    with pytest.raises(DeviceError, match="torch could not be loaded"):
        choose("cpu", step_flop=1.0)
    session = TrainingSession(blobs(), TrainConfig(device="cpu"))
    assert session.snapshot().device.kind == "numpy"
    assert "torch could not be loaded" in session.notice
    session.advance(steps=5)
    assert session.snapshot().step == 5


def test_that_no_gpu_is_said_and_numpy_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    torch_with(monkeypatch)
    session = TrainingSession(blobs(), TrainConfig(device="cuda"))
    assert session.snapshot().device.kind == "numpy"
    assert "finds no CUDA GPU" in session.notice


def test_that_a_device_out_of_memory_gives_back_the_last_good_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch")
    session = TrainingSession(blobs(), TrainConfig(device="cpu", dtype="float32"))
    session.advance(steps=session._keeping)
    good = session.snapshot().model.W.tobytes()
    session.advance(steps=64)  # weights are good once the window after them was
    end = session.snapshot().step + 10
    kind = type(session._engine)
    run, failing = kind.run, [True]

    def run_out_of_memory(self: Engine, *arguments: Any) -> Any:
        if failing.pop() if failing else False:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return run(self, *arguments)

    monkeypatch.setattr(kind, "run", run_out_of_memory)
    kept: list[bytes] = []
    load = Engine.load

    def keep(self: Engine, state: Any) -> None:
        kept.append(state.W.tobytes())
        load(self, state)

    monkeypatch.setattr(Engine, "load", keep)
    session.advance(steps=10)
    assert good in kept
    assert session.snapshot().step == end
    assert session.snapshot().device.kind == "numpy"
    assert "out of memory" in session.notice


def test_that_a_device_can_be_changed_in_the_middle_of_a_run() -> None:
    pytest.importorskip("torch")
    session = TrainingSession(blobs(), TrainConfig(device="numpy"))
    session.advance(steps=30)
    before = session.snapshot()
    session.use_device("cpu")
    after = session.snapshot()
    assert after.device.kind == "cpu"
    assert after.step == 30
    np.testing.assert_array_equal(before.model.W, after.model.W)
    session.advance(steps=10)
    assert session.snapshot().step == 40


@pytest.mark.parametrize("broken", ["measure", "state", "weights", "load", "run"])
def test_that_a_device_lost_anywhere_leaves_a_run_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    pytest.importorskip("torch")
    session = TrainingSession(blobs(), TrainConfig(device="cpu"))
    kept = session._keeping  # steps between the weights it could come back to
    session.advance(steps=kept + 66)
    engine = session._engine

    def lost(*_: Any) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    whole = getattr(Engine, broken)
    monkeypatch.setattr(
        Engine, broken, lambda self, *a: lost() if self is engine else whole(self, *a)
    )
    session.advance(steps=200)
    session.measure()
    session.use_device("numpy")
    assert measured(session).device.kind == "numpy"
    assert np.isfinite(measured(session).train.loss)
    assert measured(session).step >= kept
