"""A path of weight decays gives what each of them gives alone, in fewer passes."""

import itertools

import numpy as np
import pytest

from softmax_gui.core.objective import DenseObjective, finish
from softmax_gui.core.optimum import find_optimum
from softmax_gui.core.path import _start, decay_path, path_steps
from softmax_gui.core.solvers import Iterate
from tests.core.problems import drawn, lowest, one_hot

X, LABELS = drawn(300, 5, 3)
DECAYS = list(np.geomspace(1.0, 1e-5, 8))


@pytest.mark.parametrize("solver", ["newton-cg", "lbfgs"])
def test_that_each_optimum_of_a_path_is_that_of_its_decay(solver: str) -> None:
    path = decay_path(X, LABELS, 3, DECAYS, solver=solver)
    for decay, found in zip(DECAYS, path, strict=True):
        best, _ = lowest(X, one_hot(LABELS, 3), decay)
        assert found.certificate.verdict == "optimum"
        assert found.certificate.loss <= best * (1 + 1e-6)


def test_that_warm_starts_save_passes() -> None:
    path = decay_path(X, LABELS, 3, DECAYS)
    alone = [find_optimum(X, LABELS, 3, weight_decay=decay) for decay in DECAYS]
    assert sum(found.passes for found in path) < sum(found.passes for found in alone)


def test_that_the_weights_grow_as_the_decay_falls() -> None:
    norms = [float(np.linalg.norm(found.W)) for found in decay_path(X, LABELS, 3, DECAYS)]
    assert all(a < b for a, b in itertools.pairwise(norms))


def test_that_a_path_may_end_without_decay() -> None:
    *_, last = decay_path(X, LABELS, 3, [1e-2, 0.0])
    best, _ = lowest(X, one_hot(LABELS, 3), 0.0)
    assert last.certificate.loss <= best * (1 + 1e-6)


def test_that_a_path_of_float32_rows_is_certified_too() -> None:
    path = decay_path(X.astype(np.float32), LABELS, 3, DECAYS)
    assert {found.certificate.verdict for found in path} == {"optimum"}


def test_that_weights_and_absent_classes_pass_through() -> None:
    s = np.random.default_rng(0).random(300)
    names = np.array([0, 2, 3])[LABELS]
    (found,) = decay_path(X, names, 4, [1e-2], sample_weight=s)
    expected = find_optimum(X, names, 4, weight_decay=1e-2, sample_weight=s)
    np.testing.assert_allclose(found.W, expected.W, atol=1e-12)


def test_that_a_path_can_be_left_at_any_time() -> None:
    steps = path_steps(X, LABELS, 3, DECAYS)
    assert next(steps) is None
    steps.close()


@pytest.mark.parametrize("decays", [[], [1e-3, 1e-2], [1.0, 1.0]])
def test_that_decays_must_descend(decays: list[float]) -> None:
    with pytest.raises(ValueError, match="must descend"):
        decay_path(X, LABELS, 3, decays)


def test_that_a_negative_decay_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        decay_path(X, LABELS, 3, [1.0, -1.0])


def test_that_what_l_bfgs_remembers_is_told_of_the_next_decay() -> None:
    theta = np.random.default_rng(4).normal(size=(X.shape[1] + 1, 3))
    there = theta + 0.1 * np.random.default_rng(5).normal(size=theta.shape)
    before, after = (DenseObjective(X, LABELS, 3, decay) for decay in (1.0, 0.1))
    change = [finish(F.value_and_gradient(t))[1] for F in (before, after) for t in (theta, there)]
    memory = {"steps": (there - theta)[None], "changes": (change[1] - change[0])[None]}
    at = Iterate(theta, 0.0, 0.0, 3, 5, memory)
    start = _start(there, at, 0.1 - 1.0)
    np.testing.assert_allclose(start.state["changes"][0], change[3] - change[2], atol=1e-12)
    np.testing.assert_array_equal(start.theta, there)
    assert (start.iteration, start.passes) == (0, 0)
