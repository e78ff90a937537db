"""The compiled loop is the plain step, many times over, on one thread or several."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")
from softmax_gui.core.kernel_products import BLOCK_ROWS, BLOCK_ROWS_OF_FEW, FEW_FEATURES, compiled
from softmax_gui.core.kernel_softmax import _exp as kernel_exp
from softmax_gui.core.shuffling import permutation
from tests.core import loop
from tests.core.loop import How, Problem, Run, draw, plain

pytestmark = [pytest.mark.usefixtures("loop_compiled"), pytest.mark.timeout(func_only=True)]
both_types = pytest.mark.parametrize("dtype", ["float64", "float32"])
TOLERANCE = {"float64": 1e-11, "float32": 1e-4}


def agree(found: Run, expected: Run, tolerance: float) -> None:
    """Two writings of one run, to rounding."""
    np.testing.assert_allclose(found.losses, expected.losses, rtol=tolerance, atol=tolerance)
    assert abs(found.hits - expected.hits) <= expected.unsure
    np.testing.assert_allclose(found.W, expected.W, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(found.b, expected.b, rtol=tolerance, atol=tolerance)
    assert found.slots.keys() == expected.slots.keys()
    for name, slot in expected.slots.items():
        np.testing.assert_allclose(found.slots[name], slot, rtol=tolerance, atol=tolerance)


def steps_of(n: int, batch_size: int, epochs: int) -> int:
    return epochs * -(-n // batch_size)


ways = st.builds(
    How, optimizer=st.sampled_from(["sgd", "adam"]), momentum=st.sampled_from([0.0, 0.9]),
    weight_decay=st.sampled_from([0.0, 0.1]), smoothing=st.sampled_from([0.0, 0.2]),
)  # fmt: skip


@st.composite
def runs(draw_one: st.DrawFn) -> tuple[Problem, How, int]:
    """A problem, a way to train that is stable on it, and steps of up to three epochs and a bit."""
    n, d = draw_one(st.integers(1, 40)), draw_one(st.integers(1, 70))
    q = draw_one(st.integers(1, 23))
    how, size = draw_one(ways), draw_one(st.integers(1, n + 5))
    soft, weighted, seed = draw_one(st.tuples(st.booleans(), st.booleans(), st.integers(0, 999)))
    rate = 0.02 if how.optimizer == "adam" else (1 - how.momentum) / (d + 1)
    how = replace(how, learning_rate=rate, batch_size=size, seed=seed)
    steps = draw_one(st.integers(1, steps_of(n, size, 3) + 1))
    return draw(n, d, q, seed, soft, weighted), how, steps


@both_types
@settings(max_examples=60)
@given(run=runs())
def test_that_the_loop_is_the_plain_step_to_rounding_through_every_epoch(
    dtype: str, run: tuple[Problem, How, int]
) -> None:
    problem, how, steps = run
    problem = problem.astype(dtype)
    found = loop.compiled(problem, how, steps)
    agree(found, plain(problem.astype("float64"), how, steps), TOLERANCE[dtype])


@both_types
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(
    ("d", "q", "size"),
    [
        (20, 1000, 16),
        (FEW_FEATURES, 7, 2 * BLOCK_ROWS_OF_FEW + 3),
        (FEW_FEATURES + 1, 7, 2 * BLOCK_ROWS + 3),
        (784, 10, BLOCK_ROWS),
    ],
)
def test_that_many_classes_many_features_and_batches_of_several_blocks_are_no_exception(
    dtype: str, optimizer: str, d: int, q: int, size: int
) -> None:
    problem, how = draw(2 * size + 9, d, q, 1).astype(dtype), How(optimizer, 0.01, batch_size=size)
    expected = plain(problem.astype("float64"), how, 20)
    agree(loop.compiled(problem, how, 20), expected, TOLERANCE[dtype])


@both_types
@settings(max_examples=15)
@given(run=runs())
def test_that_each_number_of_threads_repeats_bit_by_bit_and_all_agree_to_rounding(
    dtype: str, run: tuple[Problem, How, int]
) -> None:
    problem, how, steps = run
    problem = problem.astype(dtype)
    expected = plain(problem.astype("float64"), how, steps)
    for threads in (1, 2, 3):
        found = loop.compiled(problem, how, steps, threads)
        assert found.bits == loop.compiled(problem, how, steps, threads).bits
        agree(found, expected, TOLERANCE[dtype])


@pytest.mark.parametrize("threads", [1, 2])
def test_that_the_neighbours_of_the_arrays_in_memory_change_no_bit(threads: int) -> None:
    random = np.random.default_rng(3)
    problem, how = draw(28, 40, 9, 1).astype("float32"), How("sgd", 0.01, 0.9, batch_size=7)
    bits, between = loop.compiled(problem, how, 4, threads).bits, []
    for _ in range(300):  # a twentieth of them differed where scratch had neighbours
        between.append(np.empty(random.integers(1, 3000), np.uint8))
        assert loop.compiled(problem, how, 4, threads).bits == bits


@pytest.mark.parametrize("threads", [1, 2])
@given(run=runs(), cut=st.integers(0, 130))
@settings(max_examples=30)
def test_that_a_run_cut_anywhere_goes_on_bit_by_bit(
    threads: int, run: tuple[Problem, How, int], cut: int
) -> None:
    problem, how, steps = run
    cut = min(cut, steps)
    whole = loop.compiled(problem, how, steps, threads)
    first = loop.compiled(problem, how, cut, threads)
    epoch, batches = divmod(cut, steps_of(len(problem.X), how.batch_size, 1))
    begin = epoch, batches * how.batch_size
    rest = loop.compiled(problem, how, steps - cut, threads, begin, first)
    joined = np.concatenate([first.losses, rest.losses])
    assert replace(rest, losses=joined, hits=first.hits + rest.hits).bits == whole.bits


@both_types
@pytest.mark.parametrize("d", [3, 40])
def test_that_a_tie_goes_to_the_first_class(dtype: str, d: int) -> None:
    random = np.random.default_rng(2)
    X = random.integers(-2, 3, (200, d)).astype(dtype)
    W = random.integers(-1, 2, (d, 4)).astype(dtype)[:, [0, 1, 2, 1, 0]]  # 3 is 1 again, 4 is 0
    b, labels = np.zeros(5, dtype), random.integers(0, 5, 200)
    right = int(((X @ W).argmax(1) == labels).sum())
    assert not ((X @ W).argmax(1) > 2).any()
    how = How(learning_rate=1e-9, batch_size=200)
    assert loop.compiled(Problem(X, labels, W, b), how, 1).hits == right
    at_zero = Problem(X, labels, 0 * W, b)
    assert loop.compiled(at_zero, how, 1).hits == int((labels == 0).sum())


@both_types
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("d", [5, 33])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_that_a_feature_out_of_bounds_ends_the_call_at_its_step_with_the_weights_as_they_were(
    dtype: str, threads: int, d: int, bad: float
) -> None:
    problem, how, begin = draw(50, d, 4, 3), How(batch_size=8, momentum=0.5), (0, 8)
    row = permutation(50, how.seed, 0)[3]  # the call begins after it, and meets it in epoch 1
    problem.X[row, d - 1] = bad
    good = 6 + int(np.argmax(permutation(50, how.seed, 1) == row)) // 8
    problem = problem.astype(dtype)
    found = loop.compiled(problem, how, 30, threads, begin)
    assert np.isfinite(found.losses[:good]).all()
    assert not np.isfinite(found.losses[good])
    assert np.isnan(found.losses[good + 1 :]).all()
    before = loop.compiled(problem, how, good, threads, begin)
    assert [found.W.tobytes(), found.b.tobytes()] == [before.W.tobytes(), before.b.tobytes()]
    assert found.slots["vW"].tobytes() == before.slots["vW"].tobytes()


@both_types
@pytest.mark.parametrize("hidden", range(4))
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", [5, 33])
def test_that_a_weight_that_is_nan_is_found_whatever_its_class(
    dtype: str, hidden: int, weighted: bool, d: int
) -> None:
    problem = draw(50, d, 4, 3, weighted=weighted)
    problem.W[d // 2, hidden] = np.nan
    for threads in (1, 2):
        found = loop.compiled(problem.astype(dtype), How(batch_size=50), 1, threads)
        assert np.isnan(found.losses[0])


@both_types
def test_that_an_epoch_below_zero_ends_with_its_order(dtype: str) -> None:
    problem, how = draw(20, 6, 3, 0).astype(dtype), How(batch_size=8)
    found = loop.compiled(problem, how, 10, begin=(-1, 8))
    assert np.isfinite(found.losses[:2]).all()
    assert np.isnan(found.losses[2:]).all()


@compiled
def exponentials(x: Any, y: Any) -> None:
    for i in range(len(x)):
        y[i] = kernel_exp(x[i])


@pytest.mark.parametrize(("dtype", "lowest"), [("float64", -708.0), ("float32", -87.0)])
def test_that_exp_is_right_to_the_rounding_of_x_down_to_the_smallest_normal_number(
    dtype: str, lowest: float
) -> None:
    x = np.concatenate([np.linspace(-800, 0, 400_001), np.linspace(-1, 0, 100_001)]).astype(dtype)
    y = np.empty_like(x)
    exponentials(x, y)
    wide, unit = x.astype("float64"), np.finfo(dtype)
    normal, exact = x >= lowest, np.exp(wide)
    bound = (2.0 + np.abs(wide) / 4) * float(unit.eps) * exact
    assert (np.abs(y - exact)[normal] <= bound[normal]).all()
    assert (y[~normal] < 2 * unit.tiny).all()
    assert (y >= unit.tiny).all()
    assert y[-1] == 1.0


@both_types
def test_that_exp_keeps_nan_and_takes_minus_infinity_for_what_is_lowest(dtype: str) -> None:
    x = np.array([np.nan, -np.inf, -0.0] * 11, dtype)
    y = np.empty_like(x)
    exponentials(x, y)
    assert np.isnan(y[::3]).all()
    assert (y[1::3] < 2 * np.finfo(dtype).tiny).all()
    assert (y[2::3] == 1.0).all()
