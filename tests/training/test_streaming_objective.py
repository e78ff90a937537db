"""The objective over rows on disk is that of the same rows in memory, to rounding."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from softmax_gui.core.newton_cg import newton_cg
from softmax_gui.core.objective import DenseObjective, finish
from softmax_gui.data.stored import open_stored
from softmax_gui.data.stored_split import StoredSplit, stored_split
from softmax_gui.training import streaming_objective
from softmax_gui.training.streaming_objective import StoredObjective
from tests.data.stored_files import save_shards, table

if TYPE_CHECKING:
    from pathlib import Path

D, Q = 5, 3
THETA = np.random.default_rng(1).normal(size=(D + 1, Q))
V = np.random.default_rng(2).normal(size=(D + 1, Q))


@pytest.fixture
def split(tmp_path: Path) -> StoredSplit:
    X, labels = table(600, D, Q)
    return stored_split(open_stored(save_shards(tmp_path, X, labels, [100, 333])), 0)


def stored(split: StoredSplit, dtype: str = "float64", **keywords: Any) -> StoredObjective:
    return StoredObjective(
        split.numbers(dtype), split.train.labels, Q, 0.1, block_bytes=64 * D * 8, **keywords
    )


def dense(split: StoredSplit, **keywords: Any) -> DenseObjective:
    X = split.numbers("float64").sample([(0, split.train.n)])
    return DenseObjective(X, split.train.labels.astype(np.int64), Q, 0.1, **keywords)


def reading_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "reading"]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_that_each_pass_is_that_of_the_rows_in_memory(
    split: StoredSplit,
    monkeypatch: pytest.MonkeyPatch,
    kept: bool,
    smoothing: float,
    weighted: bool,
) -> None:
    monkeypatch.setattr(streaming_objective, "KEPT_BYTES", 10**9 if kept else 0)
    weights = np.array([0.5, 1.0, 3.0]) if weighted else None
    on_disk = stored(split, label_smoothing=smoothing, class_weights=weights)
    of_rows = None if weights is None else weights[split.train.labels]
    in_memory = dense(split, label_smoothing=smoothing, sample_weight=of_rows)
    loss, gradient = finish(on_disk.value_and_gradient(THETA))
    wanted_loss, wanted_gradient = finish(in_memory.value_and_gradient(THETA))
    assert loss == pytest.approx(wanted_loss, rel=1e-10)
    np.testing.assert_allclose(gradient, wanted_gradient, rtol=1e-9)
    for work in ("gram", "first_moments", "second_moments", "least_curvature"):
        found, wanted = finish(getattr(on_disk, work)()), finish(getattr(in_memory, work)())
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12, err_msg=work)
    for _ in range(2):
        found = finish(on_disk.curvature_product(V))
        np.testing.assert_allclose(found, finish(in_memory.curvature_product(V)), rtol=1e-9)
    assert on_disk.weight == pytest.approx(in_memory.weight)
    assert not reading_threads()


def test_that_a_gram_matrix_of_some_rows_is_near_that_of_all(split: StoredSplit) -> None:
    whole, some = finish(stored(split).gram()), finish(stored(split).gram(240))
    assert not np.array_equal(whole, some)
    np.testing.assert_allclose(some, whole, atol=0.3)
    np.testing.assert_array_equal(some, finish(stored(split).gram(240)))


def test_that_another_decay_shares_the_rows(split: StoredSplit) -> None:
    one = stored(split)
    other = one.with_decay(1.0)
    loss, gradient = finish(one.value_and_gradient(THETA))
    heavier, steeper = finish(other.value_and_gradient(THETA))
    W = THETA[:-1]
    assert heavier - loss == pytest.approx(0.45 * np.vdot(W, W))
    np.testing.assert_allclose(steeper[:-1] - gradient[:-1], 0.9 * W, rtol=1e-9)


def test_that_float32_reads_as_float64_where_it_is_asked_to(split: StoredSplit) -> None:
    narrow = stored(split, "float32")
    rough, _ = finish(narrow.value_and_gradient(THETA))
    exact, _ = finish(narrow.widened().value_and_gradient(THETA))
    wanted, _ = finish(dense(split).value_and_gradient(THETA))
    assert exact == pytest.approx(wanted, rel=1e-12)
    assert rough == pytest.approx(wanted, rel=1e-5)
    wide = stored(split)
    assert wide.widened() is wide
    assert wide.narrowed().dtype == np.float32
    assert wide.narrowed().with_decay(2.0).widened().weight_decay == 2.0


def test_that_a_solver_finds_the_same_optimum(split: StoredSplit) -> None:
    start = np.zeros((D + 1, Q))
    on_disk = finish(newton_cg(stored(split), start, tolerance=1e-10))
    in_memory = finish(newton_cg(dense(split), start, tolerance=1e-10))
    np.testing.assert_allclose(on_disk.theta, in_memory.theta, atol=1e-6)
    assert on_disk.loss == pytest.approx(in_memory.loss, rel=1e-10)
    assert not reading_threads()


def test_that_ranks_with_their_own_shards_sum_to_the_whole(split: StoredSplit) -> None:
    """Two ranks, one after the other: what each adds is what `total` is handed."""
    parts: list[np.ndarray] = []
    for start, stop in ((0, 200), (200, split.train.n)):
        share = stored(split.share(start, stop)).with_decay(0.0)
        loss, gradient = finish(share.value_and_gradient(THETA))
        parts.append(np.append(gradient.ravel(), loss) * share.weight)
    mean = sum(parts) / split.train.n
    loss, gradient = finish(stored(split).with_decay(0.0).value_and_gradient(THETA))
    np.testing.assert_allclose(mean, np.append(gradient.ravel(), loss), rtol=1e-10)


def test_that_a_pass_left_early_ends_the_reading(split: StoredSplit) -> None:
    work = stored(split).value_and_gradient(THETA)
    next(work)
    assert len(reading_threads()) == 1
    work.close()
    assert not reading_threads()


def test_that_a_pass_over_probabilities_alone_reads_nothing(
    split: StoredSplit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bias is settled from them in several passes."""
    on_disk, in_memory = stored(split), dense(split)
    made: list[Any] = []
    reader = on_disk.reader

    def counted() -> Any:
        made.append(reader())
        return made[-1]

    monkeypatch.setattr(on_disk, "reader", counted)
    targets = np.bincount(split.train.labels) / split.train.n
    found = finish(on_disk.settled(THETA, targets))
    wanted = finish(in_memory.settled(THETA, targets))
    assert (found[0], found[2]) == pytest.approx((wanted[0], wanted[2]), rel=1e-10)
    np.testing.assert_allclose(found[1], wanted[1], atol=1e-10)
    np.testing.assert_allclose(found[3], wanted[3], atol=1e-10)
    assert len(made) == 2  # for the first logits and the last gradient
