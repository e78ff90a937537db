"""Rows, orders and engines on a device with too little room, and what is left behind."""

from __future__ import annotations

import gc
import math
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from softmax_gui.training import gpu, gpu_order, gpu_rows
from softmax_gui.training.devices import TorchBackend
from softmax_gui.training.gpu_rows import Resident
from tests.training.gpu_worlds import CONFIG, Played, assert_same, engine, plain, soft
from tests.training.worlds import blobs

torch = pytest.importorskip("torch")


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


def test_that_an_order_without_room_on_the_device_is_made_in_main_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, failing = gpu_order.orders, [True]

    def full_once(*arguments: Any) -> Any:
        if failing.pop() if failing else False:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return make(*arguments)

    mine, theirs = engine(blobs(), CONFIG), plain(blobs(), CONFIG)
    monkeypatch.setattr(gpu_order, "orders", full_once)
    for e in (mine, theirs):
        e.run(0, 30, CONFIG, math.inf)
    assert failing == []
    assert_same(mine.state(), theirs.state(), 1e-12)


def test_that_a_device_too_small_for_anything_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(gpu, "Trained", full)
    with pytest.raises(torch.OutOfMemoryError):
        engine(blobs(), CONFIG)


def test_that_an_engine_left_behind_is_freed_without_the_garbage_collector() -> None:
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
