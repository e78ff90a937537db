"""The PHM layer: its counts, its products and its gradients against numpy.kron and autograd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from softmax_gui.core import models
from softmax_gui.core.losses import cross_entropy, dense_gradient, one_hot
from softmax_gui.core.optimizers import MinibatchState, fresh_slots, minibatch_step
from softmax_gui.core.phm import (
    PHM,
    PhmState,
    phm_best_order,
    phm_gradient,
    phm_orders,
    phm_parameter_count,
    phm_step,
    phm_turning_point,
)
from softmax_gui.core.softmax import softmax
from softmax_gui.core.stability import smoothness
from tests.core.oracle import both_libraries, both_precisions, central_difference, make, numpy_of

Floats: TypeAlias = NDArray[Any]
SHAPES = [(6, 4, 1), (6, 4, 2), (12, 8, 4), (9, 3, 3), (4, 4, 4), (40, 20, 2)]
every_shape = pytest.mark.parametrize(("d", "q", "order"), SHAPES)


@dataclass(frozen=True)
class How:
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.0
    weight_decay: float = 0.0


def layer(d: int, q: int, order: int, library: str = "numpy", dtype: str = "float64") -> PHM:
    rng = np.random.default_rng(0)
    A, S = rng.normal(size=(order,) * 3), rng.normal(size=(order, d // order, q // order))
    return PHM(*(make(library, array, dtype) for array in (A, S, rng.normal(size=q))))


def by_kron(phm: PHM) -> Floats:
    total = np.zeros((phm.d, phm.q))
    for A, S in zip(numpy_of(phm.A), numpy_of(phm.S), strict=True):
        total += np.kron(A, S)
    return total


def state_of(phm: PHM, optimizer: str = "sgd") -> PhmState:
    state = PhmState(phm.A, phm.S, phm.b, {})
    state.slots = fresh_slots(optimizer, state.parameters)
    return state


def examples(n: int, d: int, q: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, d))
    return X, one_hot((X @ rng.normal(size=(d, q))).argmax(axis=1), q)


@pytest.mark.parametrize(
    ("d", "q", "order", "count"),
    [
        (784, 10, 2, 3928),
        (784, 10, 1, 7841),
        (64, 64, 4, 1088),
        (64, 64, 8, 1024),
        (64, 64, 16, 4352),  # more than the 4096 of a dense layer
        (8, 4, 2, 24),
        (4, 3, 1, 13),  # one more than the 12 of a dense layer
        (10**6, 1000, 1000, 10**9 + 10**6),
    ],
)
def test_that_a_layer_counts_its_weights_exactly(d: int, q: int, order: int, count: int) -> None:
    assert phm_parameter_count(d, q, order) == count
    assert models.phm_parameter_count is phm_parameter_count


@every_shape
def test_that_the_count_is_that_of_the_numbers_stored(d: int, q: int, order: int) -> None:
    phm = layer(d, q, order)
    assert phm_parameter_count(d, q, order) == phm.A.size + phm.S.size
    assert phm.parameter_count == phm.A.size + phm.S.size + phm.b.size
    assert (phm.d, phm.q, phm.order) == (d, q, order)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_that_the_orders_are_the_common_divisors(d: int, q: int) -> None:
    wanted = tuple(m for m in range(1, min(d, q) + 1) if d % m == 0 and q % m == 0)
    assert phm_orders(d, q) == wanted


@pytest.mark.parametrize("order", [3, 0, -2, 1.5, 64, "2", None, float("nan")])
def test_that_an_order_that_does_not_divide_both_is_refused_with_those_that_do(order: Any) -> None:
    with pytest.raises(ValueError, match=r"784 features and 10 classes.*Possible: 1, 2\.$") as no:
        phm_parameter_count(784, 10, order)
    assert f"the order {order}, which" in str(no.value)
    with pytest.raises(ValueError, match=r"Possible: 1, 2\.$"):
        PHM.initial(784, 10, order, 0)


@pytest.mark.parametrize(("d", "q"), [(0, 3), (3, 0), (-4, 2)])
def test_that_a_layer_without_features_or_classes_is_refused(d: int, q: int) -> None:
    with pytest.raises(ValueError, match=f"not {d} and {q}"):
        phm_orders(d, q)


def test_that_the_count_turns_at_the_fourth_root() -> None:
    assert phm_turning_point(64, 64) == pytest.approx(6.0787, abs=5e-5)
    assert [phm_best_order(d, q) for d, q in [(64, 64), (784, 10), (4, 3), (8, 4)]] == [8, 2, 1, 2]
    counts = [phm_parameter_count(64, 64, order) for order in phm_orders(64, 64)]
    assert counts == [4097, 2056, 1088, 1024, 4352, 32896, 262208]


@every_shape
@both_libraries
@both_precisions
def test_that_the_layer_is_the_sum_of_kronecker_products(
    library: str, dtype: str, d: int, q: int, order: int
) -> None:
    phm = layer(d, q, order, library, dtype)
    W, tolerance = by_kron(phm), 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(numpy_of(phm.W), W, rtol=tolerance, atol=tolerance)
    assert numpy_of(phm.W).dtype == dtype
    X = np.random.default_rng(2).normal(size=(50, d))
    wanted = X @ W + numpy_of(phm.b)
    for rows in (X, X[:1], X[:4], X[:0], X[0]):  # by W, by the factors, none, one alone
        logits = numpy_of(phm.logits(make(library, rows, dtype)))
        assert logits.dtype == dtype
        np.testing.assert_allclose(
            logits,
            wanted[0] if rows.ndim == 1 else wanted[: len(rows)],
            rtol=tolerance,
            atol=tolerance,
        )
    dense = phm.dense()
    np.testing.assert_allclose(
        numpy_of(dense.probabilities(make(library, X, dtype))), softmax(wanted), atol=tolerance
    )


def test_that_pixels_as_bytes_and_lists_are_taken() -> None:
    phm = layer(40, 20, 2)
    pixels = np.random.default_rng(0).integers(0, 256, size=(3, 40), dtype=np.uint8)
    wanted = pixels.astype(float) @ by_kron(phm) + phm.b
    np.testing.assert_allclose(phm.logits(pixels), wanted, rtol=1e-12)
    np.testing.assert_allclose(phm.logits(pixels.tolist()), wanted, rtol=1e-12)


@pytest.mark.parametrize("shape", [(5,), (2, 5), (), (1, 1, 4), (20,)])
def test_that_other_features_than_the_layer_knows_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^X must be \(n, 40\) or \(40,\) for this model, not"):
        layer(40, 20, 2).logits(np.zeros(shape))


@pytest.mark.parametrize(
    ("A", "S", "b"),
    [
        ((2, 2, 2), (2, 3, 2), (3,)),
        ((2, 2, 3), (2, 3, 2), (4,)),
        ((3, 3, 3), (2, 3, 2), (4,)),
        ((2, 2, 2), (2, 3), (4,)),
        ((2, 2, 2), (2, 0, 2), (4,)),
        ((0, 0, 0), (0, 1, 1), (0,)),
    ],
)
def test_that_shapes_that_do_not_fit_are_all_named(A: Any, S: Any, b: Any) -> None:
    with pytest.raises(ValueError, match=r"^A must be \(order, order, order\), S ") as refusal:
        PHM(np.zeros(A), np.zeros(S), np.zeros(b))
    assert f"got A {A}, S {S} and b {b}." in str(refusal.value)


@every_shape
def test_that_the_gradients_agree_with_central_differences(d: int, q: int, order: int) -> None:
    phm, dW = layer(d, q, order), np.random.default_rng(3).normal(size=(d, q))
    dA, dS = phm_gradient(phm, dW)  # of the sum of dW * W, which is linear in each factor

    def of_A(A: Floats) -> Any:
        return (dW * PHM(A, phm.S, phm.b).W).sum()

    def of_S(S: Floats) -> Any:
        return (dW * PHM(phm.A, S, phm.b).W).sum()

    np.testing.assert_allclose(dA, central_difference(of_A, phm.A), rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(dS, central_difference(of_S, phm.S), rtol=1e-7, atol=1e-7)


@every_shape
@pytest.mark.parametrize(
    "how", [How(learning_rate=0.01, weight_decay=0.3), How("adam", 0.02), How(momentum=0.8)]
)
def test_that_training_is_that_of_torch_by_autograd(d: int, q: int, order: int, how: How) -> None:
    torch = pytest.importorskip("torch")
    X, Y = (make("torch", array) for array in examples(20, d, q))
    state = state_of(layer(d, q, order, "torch"), how.optimizer)
    A, S, b = (array.clone().requires_grad_() for array in state.parameters.values())
    optimizer = (
        torch.optim.Adam([A, S, b], lr=how.learning_rate)
        if how.optimizer == "adam"
        else torch.optim.SGD([A, S, b], lr=how.learning_rate, momentum=how.momentum)
    )
    for _ in range(10):
        W = sum(torch.kron(A[i], S[i]) for i in range(order))
        loss = torch.nn.functional.cross_entropy(X @ W + b, Y)
        optimizer.zero_grad()
        (loss + how.weight_decay / 2 * (W**2).sum()).backward()
        optimizer.step()
        assert float(phm_step(state, X, Y, how)) == pytest.approx(loss.item(), rel=1e-11)
    for found, wanted in zip(state.parameters.values(), (A, S, b), strict=True):
        np.testing.assert_allclose(numpy_of(found), numpy_of(wanted), rtol=1e-10, atol=1e-10)


def test_that_training_is_descent_along_finite_differences() -> None:
    X, Y = examples(30, 8, 4)
    state = state_of(PHM.initial(8, 4, 2, seed=5))
    theta = np.concatenate([array.ravel() for array in state.parameters.values()])

    def loss(theta: Floats) -> Any:
        W = by_kron(PHM(theta[:8].reshape(2, 2, 2), theta[8:24].reshape(2, 4, 2), theta[24:]))
        return cross_entropy(X @ W + theta[24:], Y)[0] + 0.05 * (W**2).sum()

    for _ in range(15):
        theta = theta - 0.5 * central_difference(loss, theta)
        phm_step(state, X, Y, How(learning_rate=0.5, weight_decay=0.1))
    found = np.concatenate([array.ravel() for array in state.parameters.values()])
    np.testing.assert_allclose(found, theta, atol=1e-7)


@both_libraries
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@every_shape
def test_that_training_comes_down_from_the_loss_of_a_guess(
    library: str, optimizer: str, d: int, q: int, order: int
) -> None:
    X, Y = (make(library, array) for array in examples(200, d, q))
    start = PHM.initial(d, q, order, seed=0)
    state = state_of(PHM(*(make(library, a) for a in (start.A, start.S, start.b))), optimizer)
    losses = [float(phm_step(state, X, Y, How(optimizer, 0.1))) for _ in range(50)]
    assert losses[0] == pytest.approx(np.log(q), rel=1e-14)
    assert losses[-1] < 0.9 * losses[0]
    assert state.step == 50


@pytest.mark.parametrize("order", [1, 2, 4])
def test_that_a_step_from_the_start_safe_for_a_dense_layer_is_safe_here(order: int) -> None:
    X, Y = examples(100, 12, 8)
    X *= [100, 10, 1, 0.1] * 3
    how = How(learning_rate=1 / smoothness(X))
    state = state_of(PHM.initial(12, 8, order, seed=0))
    before = phm_step(state, X, Y, how)
    assert cross_entropy(state.layer.logits(X), Y)[0] < before


def test_that_order_1_takes_the_same_first_step_as_a_dense_layer() -> None:
    X, Y = examples(50, 6, 4)
    dense = MinibatchState(np.zeros((6, 4)), np.zeros(4), {})
    dense.slots = fresh_slots("sgd", dense.parameters)
    state = state_of(PHM.initial(6, 4, 1, seed=3))
    minibatch_step(dense, X, Y, How())
    phm_step(state, X, Y, How())
    np.testing.assert_allclose(state.layer.W, dense.W, rtol=1e-13)


def test_that_zeros_everywhere_are_a_saddle_and_the_start_is_none() -> None:
    X, Y = examples(50, 6, 4)
    dW, _ = dense_gradient(X, cross_entropy(np.zeros((50, 4)), Y)[1])
    zeros = PHM(np.zeros((2, 2, 2)), np.zeros((2, 3, 2)), np.zeros(4))
    assert [np.abs(g).max() for g in phm_gradient(zeros, dW)] == [0.0, 0.0]
    start = PHM.initial(6, 4, 2, seed=0)
    assert np.abs(phm_gradient(start, dW)[1]).max() > 0.01
    assert np.abs(start.W).max() == 0.0
    flat = start.A.reshape(2, 4)
    np.testing.assert_allclose(flat @ flat.T, np.eye(2), atol=1e-15)


def test_that_a_seed_decides_the_start() -> None:
    first, again, other = (PHM.initial(6, 4, 2, seed) for seed in (1, 1, 2))
    assert first.A.tobytes() == again.A.tobytes()
    assert first.A.tobytes() != other.A.tobytes()


def test_that_a_gradient_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"dW must be \(6, 4\) for this layer, not \(4, 6\)"):
        phm_gradient(layer(6, 4, 2), np.zeros((4, 6)))


def test_that_weights_that_diverged_give_nan_without_a_warning() -> None:
    phm = PHM(np.full((2, 2, 2), 1e300), np.full((2, 3, 2), 1e300), np.zeros(4))
    assert not np.isfinite(phm.W).any()
    assert not np.isfinite(phm.logits(np.ones((1, 6)))).any()
