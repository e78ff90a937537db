"""Newton-CG: the optimum itself, on friendly and unfriendly features, resumable to the bit."""

import itertools
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest

from softmax_gui.core.lbfgs import lbfgs
from softmax_gui.core.newton_cg import forcing, newton_cg
from softmax_gui.core.objective import DenseObjective, Floats, finish
from softmax_gui.core.solvers import Iterate, choose_solver, prepare
from tests.core.problems import drawn, lowest, one_hot

Solver = Callable[..., Generator[Iterate | None, None, Iterate]]
both_solvers = pytest.mark.parametrize("solver", [newton_cg, lbfgs])

X, LABELS = drawn(300, 5, 3)
START = np.zeros((6, 3))


def _objective(features: Any = X, decay: float = 1e-2, **options: Any) -> DenseObjective:
    return DenseObjective(features, LABELS, 3, decay, **options)


@both_solvers
@pytest.mark.parametrize("decay", [0.0, 1e-6, 1e-2, 10.0])
def test_that_the_loss_is_the_lowest_there_is(solver: Solver, decay: float) -> None:
    expected, _ = lowest(X, one_hot(LABELS, 3), decay)
    last = finish(solver(_objective(decay=decay), START, tolerance=1e-10))
    assert expected * (1 - 1e-14) <= last.loss <= expected * (1 + 1e-9)


@both_solvers
@pytest.mark.parametrize("decay", [0.0, 1e-3])
def test_that_unfriendly_features_reach_their_optimum(solver: Solver, decay: float) -> None:
    scaled = np.column_stack([X, X[:, 0], np.full(300, 5.0)])  # a duplicate and a constant
    scaled[:, :5] *= [1e3, 1e-3, 1.0, 1.0, 10.0]
    expected, _ = lowest(scaled, one_hot(LABELS, 3), decay)
    last = finish(solver(_objective(scaled, decay), np.zeros((8, 3)), tolerance=1e-8))
    assert last.loss <= expected * (1 + 1e-6)


@both_solvers
def test_that_more_features_than_rows_are_no_trouble(solver: Solver) -> None:
    wide, labels = drawn(30, 100, 3)
    expected, _ = lowest(wide, one_hot(labels, 3), 1e-3)
    objective = DenseObjective(wide, labels, 3, 1e-3)
    last = finish(solver(objective, np.zeros((101, 3)), tolerance=1e-7))
    assert last.loss <= expected * (1 + 1e-6)


@both_solvers
def test_that_the_loss_falls_from_each_iterate_to_the_next(solver: Solver) -> None:
    found = [at for at in solver(_objective(), START, tolerance=1e-9) if at is not None]
    losses, passes = [at.loss for at in found], [at.passes for at in found]
    assert [at.iteration for at in found] == list(range(len(found)))
    assert all(a >= b for a, b in itertools.pairwise(losses))
    assert all(a < b for a, b in itertools.pairwise(passes))


@both_solvers
@pytest.mark.parametrize("stop", [1, 3])
def test_that_a_resumed_run_goes_on_bit_by_bit(solver: Solver, stop: int) -> None:
    whole = [at for at in solver(_objective(), START, tolerance=1e-9) if at is not None]
    left = finish(solver(_objective(), START, tolerance=1e-9, max_iterations=stop))
    rest = [at for at in solver(_objective(), START, tolerance=1e-9, resume=left) if at is not None]
    assert left.iteration == stop
    assert [at.loss for at in rest] == [at.loss for at in whole[stop:]]
    np.testing.assert_array_equal(rest[-1].theta, whole[-1].theta)


@both_solvers
def test_that_a_start_of_one_s_own_leads_to_the_same_loss(solver: Solver) -> None:
    expected, _ = lowest(X, one_hot(LABELS, 3), 1e-2)
    start = np.random.default_rng(0).normal(size=(6, 3))
    last = finish(solver(_objective(), start, tolerance=1e-9))
    assert last.loss <= expected * (1 + 1e-9)


@both_solvers
def test_that_a_vector_added_to_all_classes_stays_without_decay(solver: Solver) -> None:
    shift = np.arange(6.0)[:, np.newaxis]
    last = finish(solver(_objective(decay=0.0), START + shift, tolerance=1e-9))
    np.testing.assert_allclose(last.theta.mean(axis=1), shift[:, 0], atol=1e-9)


@both_solvers
def test_that_float32_products_end_within_float32_s_reach(solver: Solver) -> None:
    expected, _ = lowest(X.astype(np.float32).astype(float), one_hot(LABELS, 3), 1e-2)
    last = finish(solver(_objective(X.astype(np.float32)), START, tolerance=1e-12))
    assert last.loss <= expected * (1 + 1e-6)


@both_solvers
def test_that_it_notices_classes_that_a_plane_separates(solver: Solver) -> None:
    apart, labels = drawn(100, 5, 3, noise=0.0)
    objective = DenseObjective(apart, labels, 3)
    last = finish(solver(objective, START, tolerance=1e-9))
    assert last.separating is not None
    assert finish(objective.separated(last.separating)) == (0, 100)


@both_solvers
def test_that_it_yields_between_blocks_and_may_be_abandoned(solver: Solver) -> None:
    run = solver(_objective(), START)
    assert list(itertools.islice(run, 3)) == [None] * 3
    run.close()


@pytest.mark.parametrize("kind", ["cholesky", "sampled", "diagonal", "low-rank"])
@both_solvers
def test_that_every_preconditioner_leads_to_the_optimum(solver: Solver, kind: Any) -> None:
    expected, _ = lowest(X, one_hot(LABELS, 3), 1e-2)
    setup = finish(prepare(_objective(), kind))
    last = finish(solver(_objective(), START, tolerance=1e-9, setup=setup))
    assert last.loss <= expected * (1 + 1e-8)


def test_that_two_ranks_run_as_one_does() -> None:
    def doubled(array: Floats) -> Floats:
        return 2.0 * array

    alone = finish(newton_cg(_objective(), START, tolerance=1e-9))
    twin = finish(newton_cg(_objective(total=doubled), START, tolerance=1e-9))
    np.testing.assert_allclose(twin.theta, alone.theta, atol=1e-9)


def test_that_forcing_asks_for_more_as_the_gradient_falls() -> None:
    assert forcing(1.0, 0.0) == forcing(10.0, 1.0) == 0.25
    assert forcing(1e-3, 1.0) == 1e-3


@pytest.mark.parametrize(
    ("n", "d", "expected"),
    [
        (1797, 64, "cholesky"),
        (60_000, 784, "cholesky"),
        (10_000_000, 512, "sampled"),
        (1000, 20_000, "low-rank"),
        (1000, 1_000_000, "diagonal"),
    ],
)
def test_that_the_preconditioner_fits_the_shape(n: int, d: int, expected: str) -> None:
    choice = choose_solver(n, d, 10)
    assert choice.preconditioner == expected
    assert choice.reason.endswith(".")
