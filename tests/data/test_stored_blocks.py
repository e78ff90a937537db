"""Blocks read ahead: every row once, in an order that is a pure function; no thread outlives."""

from __future__ import annotations

import gc
import threading
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.data.dataset import Scaling
from softmax_gui.data.stored import StoredData, open_stored
from softmax_gui.data.stored_blocks import BlockReader
from softmax_gui.data.stored_layout import (
    STRETCHES,
    Layout,
    row_order,
    shuffled_tasks,
    tasks_in_order,
)
from softmax_gui.data.stored_numbers import Numbers
from softmax_gui.files import FileProblem
from tests.data.stored_files import save, save_shards, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

sizes = st.builds(
    Layout.of, n=st.integers(1, 300), row_bytes=st.integers(1, 40), block_bytes=st.integers(1, 400)
)


@pytest.fixture
def data(tmp_path: Path) -> StoredData:
    """500 rows in three files: feature j of row i is 10 i + j."""
    X = (np.arange(500.0)[:, np.newaxis] * 10 + np.arange(4)).astype(np.float32)
    return open_stored(save_shards(tmp_path, X, np.arange(500) % 7, [100, 250]))


def reader(data: StoredData, tasks: Any = None, **keywords: Any) -> BlockReader:
    layout = Layout.of(data.n, 16, 16 * 64)
    numbers = keywords.pop("numbers", None) or Numbers(data.rows, "float32")
    tasks = tasks_in_order(layout) if tasks is None else tasks(layout)
    return BlockReader(numbers, data.labels, tasks, layout, **keywords)


def reading_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "reading"]


# -- which rows are visited when -------------------------------------------------------------------


@given(layout=sizes, seed=st.integers(0, 5), epoch=st.integers(0, 5))
def test_that_an_epoch_visits_every_row_once(layout: Layout, seed: int, epoch: int) -> None:
    for blocks in (layout.shuffled(seed, epoch), layout.in_order()):
        rows = [row for block in blocks for start, stop in block for row in range(start, stop)]
        assert sorted(rows) == list(range(layout.n))
        assert all(sum(b - a for a, b in block) <= layout.block_rows for block in blocks)
        assert all(len(block) <= STRETCHES for block in blocks)


@given(layout=sizes, seed=st.integers(0, 5), epoch=st.integers(0, 5), share=st.floats(0, 0.999))
def test_that_an_epoch_can_be_entered_at_any_place(
    layout: Layout, seed: int, epoch: int, share: float
) -> None:
    place = int(share * layout.n)
    whole = list(islice(shuffled_tasks(layout, seed, epoch), len(layout.in_order()) + 1))
    (entered,) = islice(shuffled_tasks(layout, seed, epoch, place), 1)
    assert entered.first <= place < entered.first + entered.rows
    assert entered in whole
    assert (whole[-1].epoch, whole[-1].first) == (epoch + 1, 0)  # and on with the next epoch
    assert entered == next(shuffled_tasks(layout, seed, epoch, place))


def test_that_order_and_mixture_change_with_seed_and_epoch() -> None:
    layout = Layout.of(5000, 1, 256)
    assert layout.shuffled(0, 0) == layout.shuffled(0, 0)
    assert layout.shuffled(0, 0) != layout.shuffled(0, 1) != layout.shuffled(1, 0)
    first = layout.shuffled(0, 0)[0]
    assert first == sorted(first)  # as the disk likes it
    assert max(a for a, _ in first) - min(a for a, _ in first) > 2500  # from all over the rows
    assert sorted(row_order(9, 0, 1, 2).tolist()) == list(range(9))
    assert row_order(99, 0, 1, 2).tolist() != row_order(99, 0, 1, 3).tolist()


def test_that_a_block_has_a_power_of_two_of_rows_or_a_single_one() -> None:
    assert Layout.of(10**7, 4 * 256) == Layout(10**7, 1 << 16, 1 << 12)
    assert Layout.of(60_000, 4 * 784) == Layout(60_000, 1 << 14, 1 << 10)
    assert Layout.of(3, 400_000_000) == Layout(3, 1, 1)


# -- reading ahead ---------------------------------------------------------------------------------


def test_that_blocks_hold_the_rows_of_their_tasks(data: StoredData) -> None:
    seen, layout = [], Layout.of(data.n, 16, 16 * 64)
    with reader(data, lambda layout: islice(shuffled_tasks(layout, 3), 9)) as blocks:
        for block in blocks:
            rows = np.concatenate([np.arange(a, b) for a, b in block.task.ranges])
            np.testing.assert_array_equal(block.X[:, 0], 10 * rows)
            np.testing.assert_array_equal(block.labels, rows % 7)
            assert block.labels.dtype == np.int64
            order = row_order(len(rows), 3, block.task.epoch, block.task.index)
            np.testing.assert_array_equal(block.order, order)
            if block.task.epoch == 0:
                seen.extend(rows[block.order].tolist())
    assert len(layout.in_order()) == 8
    assert sorted(seen) == list(range(500))
    assert seen != sorted(seen)
    assert not reading_threads()


def test_that_a_pass_in_order_is_the_table(data: StoredData) -> None:
    with reader(data) as blocks:
        X = np.concatenate([block.X.copy() for block in blocks])
    np.testing.assert_array_equal(X[:, 0], 10 * np.arange(500))


def test_that_only_a_few_blocks_are_read_ahead(data: StoredData) -> None:
    """And that the reader goes on when one is asked for."""
    read: list[int] = []
    waits = threading.Event()

    class Watched(Numbers):
        def read(self, start: int, stop: int, out: Any) -> None:
            read.append(start)
            super().read(start, stop, out)
            if len(read) == 3 * STRETCHES:
                waits.set()

    with reader(data, numbers=Watched(data.rows, "float32")) as blocks:
        assert waits.wait(10)
        block = blocks.next()
        assert block is not None
        assert block.X[0, 0] == 0
        again = blocks.next()  # which gives the first buffer back
        assert again is not None
        assert again.X[0, 0] == 640
        assert max(read) < 64 * 5


def test_that_an_error_of_the_reader_arrives_and_stays(data: StoredData) -> None:
    class Broken(Numbers):
        def read(self, start: int, stop: int, out: Any) -> None:
            if start >= 128:
                raise RuntimeError("broken")
            super().read(start, stop, out)

    with reader(data, numbers=Broken(data.rows, "float32")) as blocks:
        first, second = blocks.next(), blocks.next()
        assert first is not None
        assert second is not None
        for _ in range(2):
            with pytest.raises(RuntimeError, match="broken"):
                blocks.next()
    assert not reading_threads()


def test_that_a_file_that_vanishes_between_epochs_is_a_sentence(
    data: StoredData, tmp_path: Path
) -> None:
    (tmp_path / "x-00001.npy").unlink()
    with (
        reader(data, lambda layout: shuffled_tasks(layout, 0)) as blocks,
        pytest.raises(FileProblem, match=r"x-00001\.npy vanished"),
    ):
        blocks.next()


def test_that_a_disk_that_does_not_answer_is_a_sentence(data: StoredData) -> None:
    answer = threading.Event()

    class Stuck(Numbers):
        def read(self, start: int, stop: int, out: Any) -> None:
            answer.wait()

    blocks = reader(data, numbers=Stuck(data.rows, "float32"), patience_s=0.01)
    with pytest.raises(FileProblem, match="has not answered"):
        blocks.next()
    answer.set()
    blocks.close()
    assert not reading_threads()


def test_that_nobody_waits_past_a_deadline(data: StoredData) -> None:
    answer = threading.Event()

    class Slow(Numbers):
        def read(self, start: int, stop: int, out: Any) -> None:
            answer.wait()
            super().read(start, stop, out)

    with reader(data, numbers=Slow(data.rows, "float32")) as blocks:
        assert blocks.next(time.monotonic()) is None
        answer.set()
        block = blocks.next()
        assert block is not None
        assert block.X[1, 0] == 10


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_that_closing_ends_the_thread_at_any_moment(data: StoredData, taken: int) -> None:
    blocks = reader(data, lambda layout: shuffled_tasks(layout, 0))
    for _ in range(taken):
        blocks.next()
    blocks.close()
    blocks.close()
    assert not reading_threads()
    with pytest.raises(StopIteration):
        blocks.next()


def test_that_a_reader_nobody_knows_any_more_ends_its_thread(data: StoredData) -> None:
    blocks = reader(data, lambda layout: shuffled_tasks(layout, 0))
    blocks.next()
    del blocks
    gc.collect()
    assert not reading_threads()


def test_that_a_loop_left_early_ends_the_thread(data: StoredData) -> None:
    def first(blocks: BlockReader) -> Iterator[Any]:
        with blocks:
            yield from blocks

    loop = first(reader(data))
    next(loop)
    loop.close()  # type: ignore[attr-defined]
    assert not reading_threads()


def test_that_memory_that_is_not_there_is_said_with_its_size(
    data: StoredData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise MemoryError

    numbers = Numbers(data.rows, "float32")
    monkeypatch.setattr(np, "empty", refuse)
    with pytest.raises(MemoryError, match=r"1\.02 kB is needed 3 times"):
        reader(data, numbers=numbers)


# -- numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<f2", ">f4", "u1", "<i8"])
@pytest.mark.parametrize("wanted", ["float32", "float64"])
def test_that_numbers_are_those_of_the_scaled_table(
    tmp_path: Path, dtype: str, wanted: str
) -> None:
    X, labels = table(300)
    X = np.abs(X * 10).astype(dtype)
    data = open_stored(save(tmp_path, X, labels))
    scaling = Scaling.standardise(X.astype(float))
    out = np.empty((200, 5), wanted)
    Numbers(data.rows, wanted).read(50, 250, out)
    np.testing.assert_array_equal(out, X[50:250].astype(wanted))
    Numbers(data.rows, wanted, scaling).read(50, 250, out)
    np.testing.assert_array_equal(out, scaling.apply(X[50:250].astype(float)).astype(wanted))
    sample = Numbers(data.rows, wanted).sample([(3, 5), (299, 300)])
    np.testing.assert_array_equal(sample, X[[3, 4, 299]].astype(wanted))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_that_numbers_that_are_not_finite_are_counted_and_found(
    tmp_path: Path, value: float
) -> None:
    X, labels = np.ones((300, 5)), np.arange(300) % 2
    X[170, 3] = X[180] = value
    data = open_stored(save_shards(tmp_path, X, labels, [100]))
    with pytest.raises(FileProblem) as problem:
        Numbers(data.rows, "float32").read(100, 300, np.empty((200, 5), np.float32))
    sentence = str(problem.value)
    assert sentence.startswith("x-00001.npy, row 71, feature 4: not a finite number of type")
    assert "6 such values" in sentence


def test_that_a_sum_that_overflows_is_no_fault_of_the_numbers(tmp_path: Path) -> None:
    X = np.full((4, 2), 3e38, np.float32)
    data = open_stored(save(tmp_path, X, np.arange(4) % 2))
    out = np.empty_like(X)
    Numbers(data.rows, "float32").read(0, 4, out)
    np.testing.assert_array_equal(out, X)
