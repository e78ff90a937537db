"""Training on rows that stay on disk: as in memory, repeatable, and gone on with anywhere."""

from __future__ import annotations

import gc
import importlib.util
import math
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from softmax_gui.core.softmax import softmax
from softmax_gui.data.stored import open_stored
from softmax_gui.data.stored_layout import Layout, row_order
from softmax_gui.data.stored_split import StoredSplit, stored_split
from softmax_gui.files import FileProblem
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import NumpyBackend, TorchBackend
from softmax_gui.training.engine import ParameterState
from softmax_gui.training.streaming import StreamingEngine, class_weights
from softmax_gui.training.streaming_engines import HeldCompiledEngine, HeldEngine
from tests.data.stored_files import save_shards, table

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = 64  # rows
CONFIG = TrainConfig(learning_rate=0.1, batch_size=16, momentum=0.5, weight_decay=0.01, seed=4)
compiled = pytest.param(
    HeldCompiledEngine,
    marks=pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs numba"),
)
torch = pytest.param(
    "cpu",  # torch there
    marks=pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch"),
)
both = pytest.mark.parametrize("kind", [HeldEngine, compiled])


@pytest.fixture
def split(tmp_path: Path) -> StoredSplit:
    """500 rows of 5 features and 3 classes in three files; 400 to train on."""
    X, labels = table(500)
    return stored_split(open_stored(save_shards(tmp_path, X, labels, [100, 333])), 0)


def engine(
    split: StoredSplit, config: TrainConfig = CONFIG, kind: Any = HeldEngine, rows: int = BLOCK
) -> StreamingEngine:
    small = split.in_memory()
    inner: HeldEngine | HeldCompiledEngine
    if kind is HeldEngine:
        inner = HeldEngine(small, NumpyBackend(config.dtype), config)
    elif kind == "cpu":
        inner = HeldEngine(small, TorchBackend(kind, config.dtype), config)
    else:
        inner = HeldCompiledEngine(small, config)
    row_bytes = split.dataset.d * np.dtype(config.dtype).itemsize
    return StreamingEngine(split, inner, config, block_bytes=rows * row_bytes)


def trained(
    engine: StreamingEngine, at: int, examples: int, config: TrainConfig = CONFIG, most: int = 7
) -> np.ndarray:
    """Trains from `at` until so many examples were seen; returns the losses."""
    losses, end = [np.zeros(0)], at + examples
    while at < end:
        steps = min(most, math.ceil((end - at) / config.batch_size))
        progress = engine.run(at, steps, config, math.inf)
        at += progress.examples
        losses.append(progress.losses)
    assert at == end
    return np.concatenate(losses)


def same(one: ParameterState, other: ParameterState) -> bool:
    arrays = [(one.W, other.W), (one.b, other.b)]
    arrays += [(one.slots[name], other.slots[name]) for name in one.slots]
    return one.steps == other.steps and all(np.array_equal(a, b) for a, b in arrays)


def reading_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "reading"]


def by_hand(split: StoredSplit, config: TrainConfig, epochs: int) -> tuple[Any, Any, list[float]]:
    """W, b and losses of SGD written out, over the same blocks, all rows in memory."""
    n, q = split.train.n, split.dataset.q
    X = split.numbers(config.dtype).sample([(0, n)])
    Y = np.eye(q)[split.train.labels]
    weights = class_weights(split.train, q, config.class_weight)
    s = np.ones(n) if weights is None else weights[split.train.labels]
    Y = (1 - config.label_smoothing) * Y + config.label_smoothing / q
    W, b, vW, vb = np.zeros((X.shape[1], q)), np.zeros(q), 0.0, 0.0
    losses = []
    layout = Layout.of(n, X.shape[1] * 8, BLOCK * X.shape[1] * 8)
    for epoch in range(epochs):
        for index, ranges in enumerate(layout.shuffled(config.seed, epoch)):
            rows = np.concatenate([np.arange(start, stop) for start, stop in ranges])
            rows = rows[row_order(len(rows), config.seed, epoch, index)]
            for first in range(0, len(rows), config.batch_size):
                batch = rows[first : first + config.batch_size]
                P = softmax(X[batch] @ W + b)
                losses.append(-(s[batch] * (Y[batch] * np.log(P)).sum(axis=1)).mean())
                R = s[batch, np.newaxis] * (P - Y[batch]) / len(batch)
                vW = config.momentum * vW + X[batch].T @ R + config.weight_decay * W
                vb = config.momentum * vb + R.sum(axis=0)
                W, b = W - config.learning_rate * vW, b - config.learning_rate * vb
    return W, b, losses


# -- the same as in memory -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [HeldEngine, compiled, torch])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"batch_size": 10},  # which does not divide a block
        {"batch_size": 1000},  # more than a block has
        {"label_smoothing": 0.2, "class_weight": "balanced"},
    ],
)
def test_that_two_epochs_from_disk_are_those_written_out(
    split: StoredSplit, kind: Any, changes: dict[str, Any]
) -> None:
    config = TrainConfig(**{**vars(CONFIG), **changes})
    streamed = engine(split, config, kind)
    losses = trained(streamed, 0, 2 * split.train.n, config)
    W, b, wanted = by_hand(split, config, 2)
    np.testing.assert_allclose(losses, wanted, rtol=1e-9)
    np.testing.assert_allclose(streamed.weights()[0], W, atol=1e-10)
    np.testing.assert_allclose(streamed.weights()[1], b, atol=1e-10)
    streamed.close()


@both
def test_that_training_learns_and_samples_tell_it(split: StoredSplit, kind: Any) -> None:
    streamed = engine(split, kind=kind)
    before = streamed.measure("train"), streamed.measure("validation")
    assert before[0].loss == pytest.approx(math.log(3))
    assert (before[0].total, before[1].total) == (400, 100)
    trained(streamed, 0, 5 * split.train.n)
    after = streamed.measure("train"), streamed.measure("validation")
    assert after[0].loss < 0.5 * before[0].loss
    assert after[1].accuracy > 0.8
    streamed.close()


# -- repeatable ------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("stopped_at", [16, 48, 64, 112, 400, 448, 16 * 37])
def test_that_a_resumed_run_is_the_uninterrupted_one_bit_by_bit(
    split: StoredSplit, kind: Any, optimizer: str, stopped_at: int
) -> None:
    config = TrainConfig(**{**vars(CONFIG), "optimizer": optimizer, "dtype": "float32"})
    whole, first, second = (engine(split, config, kind) for _ in range(3))
    losses = trained(whole, 0, 800, config)
    begun = trained(first, 0, stopped_at, config, most=1)
    second.load(first.state())
    rest = trained(second, stopped_at, 800 - stopped_at, config)
    np.testing.assert_array_equal(losses, [*begun, *rest])
    assert same(whole.state(), second.state())
    for one in (whole, first, second):
        one.close()


def test_that_going_back_reads_from_there(split: StoredSplit) -> None:
    """As after a divergence: the same engine, an earlier place."""
    streamed = engine(split)
    trained(streamed, 0, 160)
    kept = streamed.state()
    once = trained(streamed, 160, 480)
    streamed.load(kept)
    again = trained(streamed, 160, 480)
    np.testing.assert_array_equal(once, again)
    assert len(reading_threads()) == 1
    streamed.close()


def test_that_another_seed_is_another_order(split: StoredSplit) -> None:
    streamed = engine(split)
    zeros = streamed.state()
    first = trained(streamed, 0, 64)
    streamed.load(zeros)
    other = trained(streamed, 0, 64, TrainConfig(**{**vars(CONFIG), "seed": 5}))
    assert not np.array_equal(first, other)
    streamed.close()


def test_that_the_batch_size_may_change_within_a_block(split: StoredSplit) -> None:
    streamed = engine(split)
    streamed.run(0, 1, CONFIG, math.inf)
    larger = TrainConfig(**{**vars(CONFIG), "batch_size": 40})
    assert streamed.run(16, 1, larger, math.inf).examples == 40
    assert streamed.run(56, 1, larger, math.inf).examples == 8  # to the end of the block
    assert streamed.run(64, 1, larger, math.inf).examples == 40
    streamed.close()


# -- the clock, the disk, the thread ---------------------------------------------------------------


def test_that_a_deadline_ends_a_run_early(split: StoredSplit) -> None:
    streamed = engine(split)
    progress = streamed.run(0, 10_000, CONFIG, time.monotonic())
    assert progress.steps <= 1
    assert progress.examples == 16 * progress.steps
    streamed.close()


def test_that_a_slow_disk_does_not_hold_a_run_past_its_deadline(
    split: StoredSplit, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()
    read = split.train.X.read

    def slow(start: int, stop: int, out: Any) -> None:
        answer.wait()
        read(start, stop, out)

    monkeypatch.setattr(split.train.X, "read", slow)
    streamed = engine(split)
    progress = streamed.run(0, 5, CONFIG, time.monotonic())
    assert (progress.steps, progress.examples, progress.correct) == (0, 0, None)
    answer.set()
    assert streamed.run(0, 5, CONFIG, math.inf).steps == 5
    streamed.close()


def test_that_a_file_that_changes_stops_the_run_with_a_sentence(
    split: StoredSplit, tmp_path: Path
) -> None:
    """And the weights of the steps before stay, and training goes on once it is back."""
    streamed = engine(split)
    trained(streamed, 0, 16)
    streamed.close()
    moved = tmp_path / "x-00001.npy"
    moved.rename(tmp_path / "elsewhere")
    before = streamed.state()
    with pytest.raises(FileProblem, match="vanished"):
        trained(streamed, 16, 400)
    assert same(streamed.state(), before)
    assert not reading_threads()
    (tmp_path / "elsewhere").rename(moved)
    streamed.load(before)
    assert len(trained(streamed, 16, 384)) > 0
    streamed.close()


def test_that_a_number_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    X, labels = table(500)
    folder = save_shards(tmp_path, X, labels, [250])
    split = stored_split(open_stored(folder), 0, sample_bytes=40, scaling="none")
    X[400] = np.nan  # the samples have one row each
    save_shards(tmp_path, X, labels, [250])
    broken = stored_split(open_stored(folder), 0, sample_bytes=40, scaling="none")
    assert broken.train.n == split.train.n
    streamed = engine(broken)
    with pytest.raises(FileProblem, match=r"x-00001\.npy, row 151, feature 1.* 5 such"):
        trained(streamed, 0, split.train.n)
    assert not reading_threads()


def test_that_steps_made_before_a_problem_are_told(split: StoredSplit) -> None:
    """Else the count of examples would fall behind the weights."""
    streamed = engine(split)
    read, left = split.train.X.read, [16 * 4]  # stretches: four blocks

    def ending(start: int, stop: int, out: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise FileProblem("The disk is gone.")
        read(start, stop, out)

    split.train.X.read = ending  # type: ignore[method-assign]
    progress = streamed.run(0, 1000, CONFIG, math.inf)
    assert 0 < progress.examples < 400
    assert progress.examples % BLOCK == 0
    with pytest.raises(FileProblem, match="gone"):
        streamed.run(progress.examples, 1000, CONFIG, math.inf)


def test_that_a_forgotten_engine_ends_its_thread(split: StoredSplit) -> None:
    streamed = engine(split)
    streamed.run(0, 1, CONFIG, math.inf)
    assert len(reading_threads()) == 1
    del streamed
    gc.collect()
    assert not reading_threads()
