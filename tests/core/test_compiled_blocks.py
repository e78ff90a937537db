"""The compiled passes are numpy's, on one thread or several, from whatever X they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")
from softmax_gui.core import compiled_blocks
from softmax_gui.core import objective as objective_module
from softmax_gui.core.compiled_blocks import CompiledBlock, Passes
from softmax_gui.core.objective import DenseObjective, finish
from tests.core.problems import Floats

pytestmark = [pytest.mark.usefixtures("loop_compiled"), pytest.mark.timeout(func_only=True)]
KINDS = [("float32", "float32"), ("float64", "float64"), ("float32", "float64")]
TOLERANCE = {"float64": 1e-12, "float32": 2e-5}


@pytest.fixture
def everyone_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks, and several threads for each of them."""
    monkeypatch.setattr(objective_module, "block_rows", lambda _: 256)
    monkeypatch.setattr(compiled_blocks, "TEAM_PAYS", 0)
    monkeypatch.setattr(compiled_blocks, "ROOM_BYTES", 2**14)


@st.composite
def problems(draw: st.DrawFn) -> dict[str, Any]:
    """Rows, targets of either kind, weights or none."""
    n, d = draw(st.integers(1, 300)), draw(st.integers(1, 70))
    q, random = draw(st.integers(2, 13)), np.random.default_rng(draw(st.integers(0, 999)))
    soft = draw(st.booleans())
    weights = random.random(n) * (random.random(n) > 0.2) + 1e-3 if draw(st.booleans()) else None
    return {
        "X": random.normal(size=(n, d)), "q": q, "sample_weight": weights,
        "targets": random.dirichlet(np.ones(q), n) if soft else random.integers(0, q, n),
        "label_smoothing": draw(st.sampled_from([0.0, 0.1])), "weight_decay": 0.3,
    }  # fmt: skip


def seen(problem: dict[str, Any], kinds: tuple[str, str], passes: Passes | None) -> list[Floats]:
    """The loss, with its gradient and alone, that and a product with the Hessian, away from 0."""
    data = problem | {"X": problem["X"].astype(kinds[0], copy=False)}
    objective = DenseObjective(**data, dtype=kinds[1], passes=passes)
    random = np.random.default_rng(3)
    theta, V = random.normal(size=(2, objective.d + 1, objective.q)) / np.sqrt(objective.d)
    loss, gradient = finish(objective.value_and_gradient(theta))
    product = finish(objective.curvature_product(V))
    kept = finish(objective._gradient_at(theta))  # from the probabilities alone
    again, *_ = finish(objective.settled(theta, np.full(objective.q, 1 / objective.q)))
    return [np.array([loss, again]), gradient, product, kept]


def close(found: list[Floats], expected: list[Floats], kind: str) -> None:
    for one, other in zip(found, expected, strict=True):
        scale = max(1e-3, float(np.abs(other).max()))
        np.testing.assert_allclose(one / scale, other / scale, atol=TOLERANCE[kind])


@pytest.mark.parametrize("kinds", KINDS)
@settings(max_examples=40)
@given(problem=problems())
def test_that_all_a_solver_asks_for_is_what_numpy_says(
    kinds: tuple[str, str], problem: dict[str, Any]
) -> None:
    close(seen(problem, kinds, Passes()), by_numpy(problem, kinds), kinds[1])


def by_numpy(problem: dict[str, Any], kinds: tuple[str, str]) -> list[Floats]:
    """In float64, of the numbers as they are stored."""
    stored = problem["X"].astype(kinds[0]).astype(np.float64)
    return seen(problem | {"X": stored}, ("float64", "float64"), None)


def large(n: int = 1100, d: int = 37, q: int = 7) -> dict[str, Any]:
    random = np.random.default_rng(1)
    return {"X": random.normal(size=(n, d)), "targets": random.integers(0, q, n), "q": q}


@pytest.mark.usefixtures("everyone_works")
@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("d", [4, 37])
def test_that_each_number_of_threads_gives_numpys_figures_and_the_same_bits_again(
    kinds: tuple[str, str], threads: int, d: int
) -> None:
    problem = large(d=d)
    found = seen(problem, kinds, Passes(threads))
    close(found, by_numpy(problem, kinds), kinds[1])
    again = seen(problem, kinds, Passes(threads))
    assert [one.tobytes() for one in found] == [one.tobytes() for one in again]


@pytest.mark.usefixtures("everyone_works")
def test_that_without_more_threads_the_one_there_is_gives_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem, passes = large(), Passes(3)
    expected = seen(problem, KINDS[0], passes)

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(passes._pool, "submit", refuse)
    found = seen(problem, KINDS[0], passes)
    assert [one.tobytes() for one in found] == [one.tobytes() for one in expected]


def test_that_a_nan_among_the_features_reaches_the_loss() -> None:
    problem = large()
    problem["X"][700, 3] = np.nan
    objective = DenseObjective(**problem, passes=Passes())
    loss, gradient = finish(objective.value_and_gradient(np.zeros((38, 7))))
    assert np.isnan(loss)
    assert np.isnan(gradient[3]).any()


def test_that_read_only_rows_are_read_in_place_and_left_alone() -> None:
    X = np.asarray(large()["X"], np.float32)
    before = X.copy()
    X.flags.writeable = False
    (block,) = DenseObjective(X, large()["targets"], 7, passes=Passes())._blocks[:1]
    assert isinstance(block, CompiledBlock)
    assert np.shares_memory(block.X, X)
    problem = large() | {"X": X}
    close(seen(problem, KINDS[0], Passes()), seen(problem, KINDS[1], None), "float32")
    np.testing.assert_array_equal(X, before)
    assert not X.flags.writeable


@pytest.mark.parametrize("other", ["columns first", "every second", "half precision"])
def test_that_rows_the_loops_cant_read_are_left_to_numpy(other: str) -> None:
    problem = large()
    X = problem["X"]
    shapes: dict[str, Floats] = {
        "columns first": np.asfortranarray(X),
        "every second": np.repeat(X, 2, axis=1)[:, ::2],
        "half precision": X.astype(np.float16),
    }
    problem["X"] = shapes[other]
    objective = DenseObjective(**problem, dtype=np.float64, passes=Passes())
    assert not isinstance(objective._blocks[0], CompiledBlock)
    plain = DenseObjective(**problem, dtype=np.float64)
    theta = np.random.default_rng(0).normal(size=(38, 7))
    loss, _ = finish(objective.value_and_gradient(theta))
    assert loss == finish(plain.value_and_gradient(theta))[0]


def test_that_the_same_f_in_another_type_keeps_the_passes() -> None:
    wide = DenseObjective(**large(), passes=Passes())
    for other in (wide.narrowed(), wide.narrowed().widened(), wide.with_decay(1.0)):
        assert isinstance(other._blocks[0], CompiledBlock)
    narrow = DenseObjective(**large() | {"X": large()["X"].astype(np.float32)}, passes=Passes())
    assert isinstance(narrow.widened()._blocks[0], CompiledBlock)
