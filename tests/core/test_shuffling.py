"""The order of an epoch: a permutation, fair, and the same in both writings."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.core.shuffling import permutation


@given(n=st.integers(0, 300), seed=st.integers(0, 2**64), epoch=st.integers(0, 2**40))
def test_that_an_epoch_visits_every_row_once_in_an_order_that_seed_and_epoch_decide(
    n: int, seed: int, epoch: int
) -> None:
    order = permutation(n, seed, epoch)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(n))
    np.testing.assert_array_equal(order, permutation(n, seed, epoch))
    if n > 100:
        assert order.tolist() != permutation(n, seed, epoch + 1).tolist()
        assert order.tolist() != permutation(n, seed + 1, epoch).tolist()
        assert permutation(n, seed + 1, epoch).tolist() != permutation(n, seed, epoch + 1).tolist()


def test_that_the_order_of_a_seed_is_the_same_on_every_machine() -> None:
    assert permutation(8, 0, 0).tolist() == [5, 4, 7, 1, 2, 6, 3, 0]
    assert permutation(8, 2**64 - 1, 3).tolist() == [0, 4, 5, 7, 3, 1, 6, 2]


# chi-square of k - 1 degrees of freedom has the mean k - 1 and the deviation sqrt(2 (k - 1));
# six deviations are passed by chance once in some ten million times
def unfair(counts: np.ndarray) -> bool:
    k, mean = counts.size, counts.mean()
    chi_square = float(((counts - mean) ** 2 / mean).sum())
    return bool(abs(chi_square - (k - 1)) > 6 * np.sqrt(2 * (k - 1)))


@pytest.mark.parametrize("what", ["seeds", "epochs"])
def test_that_all_orders_of_four_rows_are_equally_frequent(what: str) -> None:
    place = {order: k for k, order in enumerate(permutations(range(4)))}
    counts = np.zeros(24)
    for k in range(6000):
        seed, epoch = (k, 0) if what == "seeds" else (7, k)
        counts[place[tuple(permutation(4, seed, epoch).tolist())]] += 1
    assert not unfair(counts)


def test_that_every_row_comes_to_every_place_equally_often() -> None:
    n, counts = 17, np.zeros((17, 17))
    for epoch in range(4000):
        counts[np.arange(n), permutation(n, 3, epoch)] += 1
    assert not unfair(counts)


@pytest.mark.usefixtures("loop_compiled")
@pytest.mark.timeout(func_only=True)
@pytest.mark.parametrize("n", [1, 2, 3, 1000])
def test_that_the_compiled_loop_shuffles_exactly_so(n: int) -> None:
    pytest.importorskip("numba")
    from softmax_gui.core.kernels import _shuffle

    for seed in (0, 1, 2**63, 2**64 - 1):
        for epoch in (0, 1, 2**40):
            order = np.full(n, -1)
            _shuffle(order, np.uint64(seed), epoch)
            np.testing.assert_array_equal(order, permutation(n, seed, epoch))
