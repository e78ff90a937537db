"""Recording on CUDA, seen through a CUDA that only keeps a diary; and a GPU that fails in a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from softmax_gui.data.dataset import Split
from softmax_gui.training import engines, gpu_rows
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import Device, TorchBackend
from softmax_gui.training.engine import Engine
from softmax_gui.training.gpu import TorchEngine
from softmax_gui.training.gpu_graph import CudaRecorder, keeps_with_tf32, tensor_float_32
from softmax_gui.training.gpu_rows import Resident, Streamed
from softmax_gui.training.session import TrainingSession
from tests.training.worlds import blobs, measured

torch = pytest.importorskip("torch")
CONFIG = TrainConfig(learning_rate=0.05, batch_size=16, device="cpu", dtype="float32")


class Diary:
    """Stands for torch.cuda: streams and events write down what is asked of them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.here = "main"
        self.capturing = False
        diary = self

        class Stream:
            def __init__(self, _: Any = None, name: str = "side") -> None:
                self.name = name

            def wait_stream(self, other: Stream) -> None:
                diary.lines.append(f"{self.name} waits for {other.name}")

            def wait_event(self, event: Event) -> None:
                diary.lines.append(f"{self.name} waits for {event.name}")

        class Event:
            count = 0

            def __init__(self) -> None:
                self.name = f"event {Event.count}"
                Event.count += 1

            def record(self) -> None:
                diary.lines.append(f"{self.name} on {diary.here}")

            def synchronize(self) -> None:
                diary.lines.append(f"host waits for {self.name}")

        class CUDAGraph:
            def replay(self) -> None:
                diary.lines.append("replay")

        self.Stream, self.Event, self.CUDAGraph = Stream, Event, CUDAGraph

    @contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        before, self.here = self.here, stream.name
        yield
        self.here = before

    @contextmanager
    def graph(self, _: Any, *, stream: Any, **options: Any) -> Iterator[None]:
        assert options["capture_error_mode"] == "thread_local"
        self.capturing = True
        with self.stream(stream):
            yield
        self.capturing = False

    def current_stream(self) -> Any:
        return self.Stream(name=self.here)

    def graph_pool_handle(self) -> int:
        return 1


class Torch:
    """torch, but for its cuda."""

    def __init__(self, cuda: Diary) -> None:
        self.cuda = cuda

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


def test_that_work_is_warmed_up_on_the_stream_it_is_recorded_on_and_leaves_no_trace() -> None:
    diary, array = Diary(), torch.zeros(3)

    def work() -> None:
        state = "recorded" if diary.capturing else "done"
        diary.lines.append(f"{state} on {diary.here}")
        if not diary.capturing:  # what is recorded does not happen
            array.add_(1.0)

    replay = CudaRecorder(Torch(diary), "cuda")(work, [array])
    assert not array.any()
    replay()
    assert diary.lines == [
        "side waits for main", "done on side", "main waits for side", "recorded on side", "replay",
    ]  # fmt: skip


def test_that_blocks_are_sent_ahead_and_no_copy_is_overwritten_in_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    diary = Diary()

    def unpinned(*shape: int, pin_memory: bool, **place: Any) -> Any:
        assert pin_memory
        return torch.zeros(*shape, **place)

    backend = TorchBackend("cpu", "float64")
    backend.torch = Torch(diary)
    backend.torch.zeros = unpinned
    monkeypatch.setattr(gpu_rows, "_on_cuda", lambda _: True)
    X = np.arange(20.0).reshape(10, 2)
    streamed = Streamed(X, backend)
    out = torch.empty(3, gpu_rows.width(2), dtype=torch.float64)
    for rows in ([1, 4, 10], [9, 0, 2], [5, 5, 5]):
        streamed.take(np.array(rows), out)
    np.testing.assert_array_equal(out[:, :3], [[10.0, 11.0, 1.0]] * 3)
    # Events by lane: 0 sent and 1 used of the one, 2 sent and 3 used of the other.
    assert diary.lines == [
        "event 1 on main",
        "host waits for event 2", "side waits for event 3", "event 2 on side",
        "main waits for event 2",
        "event 3 on main",  # the copy out of that lane is queued
        "host waits for event 0", "side waits for event 1", "event 0 on side",
        "main waits for event 0",
        "event 1 on main",
        "host waits for event 2", "side waits for event 3", "event 2 on side",
        "main waits for event 2",
    ]  # fmt: skip


def test_that_tf32_is_put_back_as_it_was_whatever_happens() -> None:
    products = torch.backends.cuda.matmul
    before = products.allow_tf32

    def fail() -> None:
        with tensor_float_32(torch, not before):
            assert products.allow_tf32 is not before
            raise ValueError("in between")

    with pytest.raises(ValueError, match="in between"):
        fail()
    assert products.allow_tf32 is before


@pytest.mark.parametrize(("off", "keeps"), [(5e-4, True), (5e-3, False), (math.nan, False)])
def test_that_tf32_is_taken_only_where_the_gradient_keeps_three_digits(
    off: float, keeps: bool
) -> None:
    def gradient() -> Any:
        error = off if torch.backends.cuda.matmul.allow_tf32 else 0.0
        return torch.ones(4, 3) * (1.0 + error)

    assert keeps_with_tf32(torch, gradient) is keeps


def on_torch(monkeypatch: pytest.MonkeyPatch) -> list[TorchEngine]:
    """Sessions take the torch engine where they take torch at all."""
    made: list[TorchEngine] = []
    plain = engines._plain

    def take(split: Split, config: TrainConfig, device: Device) -> Engine:
        if device.kind == "numpy":
            return plain(split, config, device)
        made.append(TorchEngine(split, TorchBackend(device.kind, config.dtype), config))
        return made[-1]

    monkeypatch.setattr(engines, "_plain", take)
    return made


def test_that_a_session_learns_on_it_what_it_learns_on_numpy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = on_torch(monkeypatch)
    config = replace(CONFIG, dtype="float64", momentum=0.5, weight_decay=1e-3)
    mine = TrainingSession(blobs(), config)
    theirs = TrainingSession(blobs(), replace(config, device="numpy"))
    for session in (mine, theirs):
        session.advance(steps=150)
        session.advance(epochs=2)
    assert made
    a, b = measured(mine), measured(theirs)
    assert (a.step, a.examples, a.device.kind) == (b.step, b.examples, "cpu")
    np.testing.assert_allclose(a.model.W, b.model.W, atol=1e-12)
    assert a.train.loss == pytest.approx(b.train.loss, rel=1e-12)
    mine.adjust(optimizer="adam", batch_size=9)
    mine.advance(steps=70, seconds=30.0)
    assert measured(mine).step == a.step + 70


def test_that_a_gpu_out_of_memory_at_some_step_gives_back_the_last_good_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_torch(monkeypatch)
    session = TrainingSession(blobs(), CONFIG)
    session.advance(steps=1200)
    good = session._good.parameters.W.tobytes()
    left, softmax = [37], torch.softmax

    def run_out(*arguments: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return softmax(*arguments)

    monkeypatch.setattr(torch, "softmax", run_out)
    loaded: list[bytes] = []
    load: Callable[..., None] = Engine.load

    def keep(self: Engine, state: Any) -> None:
        loaded.append(state.W.tobytes())
        load(self, state)

    monkeypatch.setattr(Engine, "load", keep)
    session.advance(steps=100)
    assert left == [-1]
    assert good in loaded
    snapshot = measured(session)
    assert snapshot.device.kind == "numpy"
    assert "out of memory" in session.notice
    assert np.isfinite(snapshot.train.loss)


def test_that_a_gpu_without_room_even_for_blocks_leaves_the_run_to_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = on_torch(monkeypatch)

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 90 GiB.")

    monkeypatch.setattr(Resident, "__init__", full)
    monkeypatch.setattr(Streamed, "__init__", full)
    session = TrainingSession(blobs(), CONFIG)
    assert made == []
    assert session.snapshot().device.kind == "numpy"
    assert "out of memory" in session.notice
    session.advance(steps=5)
    assert session.snapshot().step == 5


@pytest.mark.parametrize("broken", ["run", "measure", "load"])
def test_that_a_gpu_lost_anywhere_leaves_a_run_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    made = on_torch(monkeypatch)
    session = TrainingSession(blobs(), CONFIG)
    session.advance(steps=130)

    def lost(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(made[0], broken, lost)
    session.advance(steps=1200)
    session.measure()
    session.reset()
    session.advance(steps=10)
    assert measured(session).device.kind == "numpy"
    assert np.isfinite(measured(session).train.loss)
