"""The order of the rows made in bulk: the same as one swap after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.core.shuffling import permutation
from softmax_gui.training import gpu_order
from softmax_gui.training.gpu_order import Schedule, orders

torch = pytest.importorskip("torch")


@given(
    n=st.integers(1, 300),
    seed=st.one_of(st.integers(0, 5), st.just(2**63 + 11)),
    first=st.integers(0, 1000),
)
def test_that_bulk_orders_are_the_permutations_of_core(n: int, seed: int, first: int) -> None:
    made = orders(torch, n, seed, first, 3, "cpu").numpy()
    for epoch in range(3):
        np.testing.assert_array_equal(made[epoch], permutation(n, seed, first + epoch))


def test_that_a_long_order_is_the_same_too() -> None:
    made = orders(torch, 20_000, 1, 4, 1, "cpu").numpy()[0]
    np.testing.assert_array_equal(made, permutation(20_000, 1, 4))


@pytest.mark.parametrize(("n", "batch", "start"), [(10, 4, 0), (10, 5, 30), (10, 4, 13), (7, 9, 2)])
def test_that_a_schedule_says_what_the_plain_loop_visits(n: int, batch: int, start: int) -> None:
    plan = Schedule.of(torch, n, 3, start, batch, torch.zeros(1), host=True)
    at = start
    for step in range(min(plan.steps, 12)):
        assert plan.step_at(3, at, batch) == step
        epoch, place = divmod(at, n)
        rows = permutation(n, 3, epoch)[place : place + batch]
        mine = plan.rows[step * batch : (step + 1) * batch].numpy()
        np.testing.assert_array_equal(mine[: len(rows)], rows)
        assert (mine[len(rows) :] == n).all()
        assert float(plan.share[step]) == pytest.approx(1.0 / len(rows))
        assert plan.examples(step, 1) == len(rows)
        at += len(rows)
    np.testing.assert_array_equal(plan.host, plan.rows.numpy())


def test_that_a_schedule_knows_no_other_steps() -> None:
    plan = Schedule.of(torch, 10, 3, 20, 4, torch.zeros(1))
    assert plan.step_at(3, 19, 4) is None  # before it
    assert plan.step_at(3, 22, 4) is None  # in the middle of a minibatch
    assert plan.step_at(4, 20, 4) is None  # another seed
    assert plan.step_at(3, 20, 5) is None  # another batch size
    assert plan.step_at(3, 20 + 10 * gpu_order.AT_ONCE, 4) is None  # past its end
