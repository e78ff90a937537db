"""SGD and Adam against torch's own, on whole runs of minibatches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from softmax_gui.core.losses import cross_entropy, dense_gradient, smoothed
from softmax_gui.core.optimizers import (
    MinibatchState,
    adam_update,
    fresh_slots,
    minibatch_step,
    sgd_update,
    update,
)
from tests.core.oracle import both_libraries, make, numpy_of

Floats: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class How:
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.0
    weight_decay: float = 0.0


EVERY_WAY = [
    How(),
    How(momentum=0.9),
    How(weight_decay=0.3),
    How(momentum=0.7, weight_decay=0.01),
    How("adam", 0.01),
    How("adam", 0.05, weight_decay=0.2),
]
every_way = pytest.mark.parametrize("how", EVERY_WAY, ids=str)


def problem(dtype: str = "float64") -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """X, soft targets, weights of the examples, W and b to start from."""
    rng = np.random.default_rng(0)
    X, targets, weights = rng.normal(size=(60, 5)), rng.dirichlet(np.ones(4), 60), rng.random(60)
    W, b = rng.normal(size=(5, 4)), rng.normal(size=4)
    X, targets, weights, W, b = (a.astype(dtype) for a in (X, targets, weights, W, b))
    return X, targets, weights, W, b


def trained(how: How, library: str = "numpy", dtype: str = "float64") -> MinibatchState:
    X, targets, weights, W, b = (make(library, array, dtype) for array in problem(dtype))
    state = MinibatchState(W, b, fresh_slots(how.optimizer, {"W": W, "b": b}))
    for start in [*range(0, 60, 7)] * 5:
        rows = slice(start, start + 7)
        minibatch_step(state, X[rows], targets[rows], how, weights[rows])
    return state


def trained_by_torch(how: How) -> tuple[Floats, Floats]:
    torch = pytest.importorskip("torch")
    X, targets, weights, W, b = map(torch.from_numpy, problem())
    W, b = W.requires_grad_(), b.requires_grad_()
    groups = [{"params": [W], "weight_decay": how.weight_decay}, {"params": [b]}]
    if how.optimizer == "adam":
        optimizer = torch.optim.Adam(groups, lr=how.learning_rate)
    else:
        optimizer = torch.optim.SGD(groups, lr=how.learning_rate, momentum=how.momentum)
    for start in [*range(0, 60, 7)] * 5:
        rows = slice(start, start + 7)
        losses = torch.nn.functional.cross_entropy(X[rows] @ W + b, targets[rows], reduction="none")
        optimizer.zero_grad()
        (losses * weights[rows]).mean().backward()
        optimizer.step()
    return numpy_of(W), numpy_of(b)


@every_way
@both_libraries
def test_that_a_run_ends_where_that_of_torch_does(library: str, how: How) -> None:
    state, (W, b) = trained(how, library), trained_by_torch(how)
    np.testing.assert_allclose(numpy_of(state.W), W, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(numpy_of(state.b), b, rtol=1e-12, atol=1e-12)
    assert state.step == 45


@every_way
@both_libraries
def test_that_single_precision_stays_single_and_near(library: str, how: How) -> None:
    single, double = trained(how, library, "float32"), trained(how)
    for name in ("W", "b"):
        found = numpy_of(getattr(single, name))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, getattr(double, name), atol=2e-5)
    assert {numpy_of(slot).dtype for slot in single.slots.values()} == {np.dtype("float32")}


@both_libraries
def test_that_a_step_returns_the_loss_before_it_without_the_penalty(library: str) -> None:
    X, targets, weights, W, b = (make(library, array) for array in problem())
    wanted = float(cross_entropy(X @ W + b, targets, weights)[0])
    state = MinibatchState(W, b, fresh_slots("adam", {"W": W, "b": b}))
    loss = minibatch_step(state, X, targets, How("adam", weight_decay=3.0), weights)
    assert float(loss) == wanted
    assert float(minibatch_step(state, X, targets, How("adam"), weights)) < wanted


@both_libraries
def test_that_arrays_are_updated_in_place(library: str) -> None:
    X, targets, _, W, b = (make(library, array) for array in problem())
    before = numpy_of(W).copy()
    state = MinibatchState(W, b, fresh_slots("adam", {"W": W, "b": b}))
    slots = dict(state.slots)
    minibatch_step(state, X, targets, How("adam"))
    assert state.W is W
    assert state.b is b
    assert all(state.slots[name] is slot for name, slot in slots.items())
    assert (numpy_of(W) != before).all()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_that_a_weight_without_gradient_stays_where_it_is(optimizer: str) -> None:
    W, b = np.ones((2, 2)), np.ones(2)
    state = MinibatchState(W, b, fresh_slots(optimizer, {"W": W, "b": b}))
    for _ in range(3):
        update(state, {"W": np.zeros((2, 2)), "b": np.zeros(2)}, How(optimizer))
    assert W.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert b.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_that_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient(
    size: float,
) -> None:
    W, b = np.zeros((1, 2)), np.zeros(2)
    state = MinibatchState(W, b, fresh_slots("adam", {"W": W, "b": b}))
    adam_update(state, {"W": size * np.array([[1.0, -2.0]]), "b": np.zeros(2)}, 0.1, 0.0, 1)
    np.testing.assert_allclose(W, [[-0.1, 0.1]], rtol=2e-2)


def test_that_the_bias_is_free_of_the_penalty() -> None:
    W, b = np.ones((1, 2)), np.ones(2)
    state = MinibatchState(W, b, fresh_slots("sgd", {"W": W, "b": b}))
    sgd_update(state, {"W": np.zeros((1, 2)), "b": np.zeros(2)}, 0.5, weight_decay=1.0)
    assert (W.tolist(), b.tolist()) == ([[0.5, 0.5]], [1.0, 1.0])


@pytest.mark.parametrize(("optimizer", "other"), [("sgd", "adam"), ("adam", "sgd")])
def test_that_slots_of_another_optimizer_are_refused(optimizer: str, other: str) -> None:
    state = MinibatchState(np.zeros((2, 2)), np.zeros(2), {})
    state.slots = fresh_slots(other, state.parameters)
    with pytest.raises(ValueError, match=f"The slots of {optimizer} are .*'vb'.*, not"):
        update(state, {"W": np.zeros((2, 2)), "b": np.zeros(2)}, How(optimizer))


def test_that_adam_on_smoothed_labels_of_all_rows_comes_down_to_the_optimum() -> None:
    X, targets, _, W, b = problem()
    targets = smoothed(np.eye(4)[targets.argmax(axis=1)], 0.1)
    state = MinibatchState(W, b, fresh_slots("adam", {"W": W, "b": b}))
    for _ in range(2000):
        minibatch_step(state, X, targets, How("adam", 0.02))
    dW, db = dense_gradient(X, cross_entropy(X @ W + b, targets)[1])
    np.testing.assert_allclose(dW, 0.0, atol=1e-6)
    np.testing.assert_allclose(db, 0.0, atol=1e-6)
