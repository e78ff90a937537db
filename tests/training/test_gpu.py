"""The torch engine on the CPU: the plain steps, in chunks, recorded or not, sent in blocks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from softmax_gui.core.arrays import Array
from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, Split, feature_names
from softmax_gui.training import gpu, gpu_rows
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import NumpyBackend, TorchBackend
from softmax_gui.training.engine import Engine, ParameterState
from softmax_gui.training.gpu import TorchEngine
from softmax_gui.training.gpu_rows import Resident
from tests.training.worlds import blobs

torch = pytest.importorskip("torch")

CONFIG = TrainConfig(
    learning_rate=0.05, batch_size=16, momentum=0.5, weight_decay=1e-3, device="cpu"
)
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


def soft(weighted: bool = True) -> Split:
    """Soft labels, rows that do not count alike, some not at all."""
    random = np.random.default_rng(3)
    X, targets = random.normal(size=(90, 4)), random.dirichlet(np.ones(3), size=90)
    weights = np.where(random.random(90) < 0.2, 0.0, random.random(90)) if weighted else None
    data = Dataset(
        "soft", X, targets.argmax(1), ("a", "b", "c"), feature_names(4),
        targets=targets, weights=weights,
    )  # fmt: skip
    return split(data, seed=0)


def engine(data: Split, config: TrainConfig, **options: Any) -> TorchEngine:
    return TorchEngine(data, TorchBackend("cpu", config.dtype), config, **options)


def plain(data: Split, config: TrainConfig) -> Engine:
    return Engine(data, NumpyBackend(config.dtype), config)


class Played:
    """Records by keeping the work: `calls` counts how often it was recorded and played."""

    def __init__(self) -> None:
        self.recorded: list[int] = []
        self.played = 0

    def __call__(self, work: Callable[[], None], changed: list[Array]) -> Callable[[], None]:
        before = [array.clone() for array in changed]
        work()  # as the real one warms up
        for array, old in zip(changed, before, strict=True):
            array.copy_(old)
        self.recorded.append(len(changed))

        def play() -> None:
            self.played += 1
            work()

        return play


def assert_same(mine: ParameterState, theirs: ParameterState, tolerance: float) -> None:
    assert mine.steps == theirs.steps
    assert mine.slots.keys() == theirs.slots.keys()
    pairs = [(mine.W, theirs.W), (mine.b, theirs.b)]
    pairs += [(mine.slots[name], theirs.slots[name]) for name in theirs.slots]
    for array, wanted in pairs:
        assert array.shape == wanted.shape
        np.testing.assert_allclose(array, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("optimizer", "dtype", "momentum", "decay", "smoothing"),
    [
        *product(["sgd", "adam"], ["float64", "float32"], [0.0, 0.9], [1e-2], [0.1]),
        ("sgd", "float64", 0.0, 0.0, 0.0),
        ("adam", "float64", 0.0, 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("labels", ["hard", "soft"])
@pytest.mark.parametrize("record", [None, Played])
def test_that_its_steps_are_the_plain_ones(
    optimizer: str,
    dtype: str,
    momentum: float,
    decay: float,
    smoothing: float,
    labels: str,
    record: Any,
) -> None:
    data = soft() if labels == "soft" else blobs()
    config = replace(
        CONFIG, optimizer=optimizer, dtype=dtype, momentum=momentum, weight_decay=decay,
        label_smoothing=smoothing,
    )  # fmt: skip
    mine, theirs = engine(data, config, recorder=record), plain(data, config)
    one, other = (e.run(0, 75, config, math.inf) for e in (mine, theirs))
    assert_same(mine.state(), theirs.state(), TOLERANCE[dtype])
    np.testing.assert_allclose(
        one.losses, other.losses, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
    )
    assert (one.examples, one.steps) == (other.examples, other.steps)
    for part in ("train", "validation"):
        a, b = mine.measure(part), theirs.measure(part)
        assert (a.correct, a.total) == (b.correct, b.total)
        assert a.loss == pytest.approx(b.loss, rel=1e-5 if dtype == "float32" else 1e-12)


def test_that_class_weights_count_as_in_the_plain_steps() -> None:
    config = replace(CONFIG, class_weight="balanced")
    data = blobs(n=200, q=7)
    mine, theirs = engine(data, config), plain(data, config)
    for e in (mine, theirs):
        e.run(0, 40, config, math.inf)
    assert_same(mine.state(), theirs.state(), 1e-12)


@pytest.mark.parametrize("batch", [1, 7, 150, 192, 1000])
def test_that_any_batch_size_and_any_place_in_an_epoch_will_do(batch: int) -> None:
    config = replace(CONFIG, batch_size=batch)
    mine, theirs = engine(blobs(), config), plain(blobs(), config)
    for at in (0, 100, 5 * 192 + 3):
        one, other = (e.run(at, 11, config, math.inf) for e in (mine, theirs))
        assert one.examples == other.examples
        np.testing.assert_allclose(one.losses, other.losses, rtol=1e-12)
    assert_same(mine.state(), theirs.state(), 1e-12)


def test_that_settings_change_between_calls_without_another_graph() -> None:
    recorders: list[Played] = []

    def recorder() -> Played:
        recorders.append(Played())
        return recorders[-1]

    mine, theirs = engine(blobs(), CONFIG, recorder=recorder), plain(blobs(), CONFIG)
    at = 0
    for config in (
        CONFIG, replace(CONFIG, learning_rate=0.01), replace(CONFIG, momentum=0.9),
        replace(CONFIG, weight_decay=0.1),
    ):  # fmt: skip
        one, _ = (e.run(at, 64, config, math.inf) for e in (mine, theirs))
        at += one.examples
    assert_same(mine.state(), theirs.state(), 1e-12)
    assert len(recorders) == 1
    graphs = len(recorders[0].recorded)
    assert graphs <= 4  # of 64, 16, 4 and 1 steps
    config = replace(CONFIG, batch_size=8)
    for e in (mine, theirs):
        e.run(at, 10, config, math.inf)
    assert_same(mine.state(), theirs.state(), 1e-12)
    assert len(recorders) == 2  # another batch size makes graphs of its own
    assert len(recorders[0].recorded) == graphs


def test_that_many_steps_are_one_replay() -> None:
    played = Played()
    config = replace(CONFIG, batch_size=2)
    mine = engine(blobs(), config, recorder=lambda: played)
    mine.run(0, 640, config, math.inf)
    assert played.played <= 640 // gpu.GRAPH_STEPS + 2


def test_that_a_run_goes_on_bit_by_bit_from_its_state() -> None:
    for optimizer in ("sgd", "adam"):
        config = replace(CONFIG, optimizer=optimizer, dtype="float32", batch_size=7)
        whole, first, second = (engine(blobs(), config) for _ in range(3))
        whole.run(0, 60, config, math.inf)
        seen = first.run(0, 23, config, math.inf).examples
        second.load(first.state())
        second.run(seen, 37, config, math.inf)
        for mine, wanted in zip(second.weights(), whole.weights(), strict=True):
            assert mine.tobytes() == wanted.tobytes()
        assert second.state().steps == whole.state().steps


def test_that_slots_of_another_optimizer_are_not_taken() -> None:
    sgd, adam = (engine(blobs(), replace(CONFIG, optimizer=name)) for name in ("sgd", "adam"))
    sgd.run(0, 20, CONFIG, math.inf)
    adam.run(0, 20, replace(CONFIG, optimizer="adam"), math.inf)
    adam.load(sgd.state())
    state = adam.state()
    assert state.steps == 0
    assert not any(slot.any() for slot in state.slots.values())
    np.testing.assert_array_equal(state.W, sgd.state().W)


def test_that_hits_of_the_minibatches_are_counted() -> None:
    config = replace(CONFIG, learning_rate=1e-300, momentum=0.0, weight_decay=0.0)
    mine = engine(blobs(), config)
    mine.run(0, 12, replace(config, learning_rate=0.1), math.inf)  # an epoch
    measured = mine.measure("train")
    again = mine.run(192, 12, config, math.inf)
    assert again.examples == 192
    assert again.correct == measured.correct
    assert again.losses.mean() == pytest.approx(measured.loss)


def test_that_a_call_queues_no_more_than_fits_before_the_deadline() -> None:
    mine = engine(blobs(), CONFIG)
    mine._seconds_a_step = 0.002
    assert mine._allowed(1000, time.monotonic() + 60.0, CONFIG) == int(gpu.SLICE_S / 0.002)
    assert mine._allowed(1000, time.monotonic() - 1.0, CONFIG) == 1
    assert mine._allowed(1000, math.inf, CONFIG) == 1000
    assert mine._allowed(2, time.monotonic() + 60.0, CONFIG) == 2


def test_that_a_batch_of_all_rows_needs_no_copy_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "CHUNK_BYTES", 1)
    for data in (blobs(), soft()):
        config = replace(CONFIG, batch_size=10_000)
        mine, theirs = engine(data, config), plain(data, config)
        assert isinstance(mine._features, Resident)
        assert mine._chunk_for(config).X.data_ptr() == mine._features.X.data_ptr()
        for at in (0, data.train.n // 3):  # from the middle of an epoch too
            one, other = (e.run(at, 5, config, math.inf) for e in (mine, theirs))
            np.testing.assert_allclose(one.losses, other.losses, rtol=1e-12)
            assert one.examples == other.examples
        assert_same(mine.state(), theirs.state(), 1e-12)


def test_that_data_without_room_on_the_device_are_streamed_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []

    def full(self: Resident, *_: Any) -> None:
        made.append(1)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 90 GiB.")

    monkeypatch.setattr(Resident, "__init__", full)
    for data in (blobs(), soft()):
        mine, theirs = engine(data, CONFIG, recorder=Played), plain(data, CONFIG)
        assert mine.streams
        assert "in blocks from main memory" in mine.notice
        at = 0
        for batch in (16, 16, 50):  # the lanes grow
            config = replace(CONFIG, batch_size=batch)
            one, other = (e.run(at, 30, config, math.inf) for e in (mine, theirs))
            np.testing.assert_allclose(one.losses, other.losses, rtol=1e-12)
            at += one.examples
        assert_same(mine.state(), theirs.state(), 1e-12)
        for part in ("train", "validation"):
            assert mine.measure(part).loss == pytest.approx(theirs.measure(part).loss, rel=1e-12)
            assert mine.measure(part).correct == theirs.measure(part).correct
    assert len(made) == 2


def test_that_measuring_in_many_blocks_is_measuring_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = engine(blobs(), CONFIG)
    mine.run(0, 30, CONFIG, math.inf)
    whole = mine.measure("train")
    monkeypatch.setattr(gpu, "MEASURED_ENTRIES", 21)
    blocks = mine.measure("train")
    assert blocks.loss == pytest.approx(whole.loss, rel=1e-13)
    assert (blocks.correct, blocks.total) == (whole.correct, whole.total)


def test_that_a_device_too_small_for_anything_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(gpu, "Trained", full)
    with pytest.raises(torch.OutOfMemoryError):
        engine(blobs(), CONFIG)


def test_that_an_engine_left_behind_is_freed_without_the_garbage_collector() -> None:
    import gc
    import weakref

    mine = engine(blobs(), CONFIG, recorder=Played)
    mine.run(0, 20, CONFIG, math.inf)
    theta = weakref.ref(mine._trained.theta)
    gc.disable()
    try:
        del mine
        assert theta() is None
    finally:
        gc.enable()


def test_that_room_is_asked_for_before_the_driver_makes_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend = TorchBackend("cpu", "float32")
    monkeypatch.setattr(gpu_rows, "_on_cuda", lambda _: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (1000, 2000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 300)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 100)
    gpu_rows.look_for_room(backend, 250)  # 1,000 bytes of 1,200
    with pytest.raises(torch.OutOfMemoryError, match="are wanted"):
        gpu_rows.look_for_room(backend, 300)
