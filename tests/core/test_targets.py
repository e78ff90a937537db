"""Weights of the examples in the cross-entropy; one-hot and smoothed targets."""

import mpmath
import numpy as np
import pytest

from softmax_gui.core.losses import cross_entropy, one_hot, smoothed
from tests.core import oracle
from tests.core.oracle import (
    assert_right,
    both_libraries,
    both_precisions,
    exact,
    make,
    numpy_of,
)

UNIFORM = np.full((4, 3), 1 / 3)


@both_libraries
@both_precisions
def test_that_whole_weights_are_rows_that_come_so_often(library: str, dtype: str) -> None:
    rng = np.random.default_rng(0)
    logits, targets = 5 * rng.normal(size=(40, 6)), rng.dirichlet(np.ones(6), size=40)
    often = rng.integers(0, 4, size=40)
    rows = np.repeat(np.arange(40), often)
    loss, dlogits = cross_entropy(
        make(library, logits, dtype), make(library, targets, dtype), make(library, often)
    )
    repeated, of_each = cross_entropy(logits[rows], targets[rows])
    share = len(rows) / 40  # one mean is over 40 rows, the other over all repetitions
    summed = np.zeros((40, 6))
    np.add.at(summed, rows, share * of_each)
    tolerance = oracle.RELATIVE[dtype]
    np.testing.assert_allclose(numpy_of(loss), share * repeated, rtol=tolerance)
    np.testing.assert_allclose(numpy_of(dlogits), summed, rtol=tolerance, atol=tolerance)
    assert numpy_of(loss).dtype == numpy_of(dlogits).dtype == dtype


@both_libraries
def test_that_a_weighted_loss_is_right_to_the_promised_digits(library: str) -> None:
    rng = np.random.default_rng(0)
    logits, targets, s = 5 * rng.normal(size=(9, 4)), np.eye(4)[[0, 1, 2] * 3], rng.random(9)
    loss, _ = cross_entropy(make(library, logits), make(library, targets), make(library, s))
    log_p = [oracle.log_softmax(exact(row)) for row in logits]
    terms = [weight * log_p[i][i % 3] for i, weight in enumerate(exact(s))]
    assert_right(loss, -mpmath.fsum(terms) / 9, "float64")


def test_that_the_weighted_gradient_is_that_of_autograd() -> None:
    rng = np.random.default_rng(0)
    logits = make("torch", 3 * rng.normal(size=(20, 5))).requires_grad_()
    targets, s = make("torch", rng.dirichlet(np.ones(5), size=20)), make("torch", rng.random(20))
    loss, dlogits = cross_entropy(logits, targets, s)
    loss.backward()
    np.testing.assert_allclose(numpy_of(logits.grad), numpy_of(dlogits), rtol=1e-12, atol=1e-17)


@both_libraries
@both_precisions
def test_that_weights_of_1_change_no_bit(library: str, dtype: str) -> None:
    rng = np.random.default_rng(0)
    logits = make(library, rng.normal(size=(30, 4)), dtype)
    targets = make(library, np.eye(4)[rng.integers(4, size=30)], dtype)
    weighted = cross_entropy(logits, targets, make(library, [1] * 30))
    for one, other in zip(weighted, cross_entropy(logits, targets), strict=True):
        np.testing.assert_array_equal(numpy_of(one), numpy_of(other))


@both_libraries
def test_that_a_row_of_weight_0_may_hold_anything(library: str) -> None:
    logits = make(library, [[np.nan, 0.0], [-np.inf, 0.0], [0.0, 0.0]])
    targets, s = make(library, [[1.0, 0.0]] * 3), make(library, [0.0, 0.0, 3.0])
    loss, dlogits = cross_entropy(logits, targets, s)
    assert float(loss) == pytest.approx(np.log(2), rel=1e-15)
    assert numpy_of(dlogits).tolist() == [[0.0, 0.0], [0.0, 0.0], [-0.5, 0.5]]


@pytest.mark.parametrize("shape", [(3,), (4, 1), ()])
def test_that_weights_that_are_not_one_a_row_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^4 examples need as many weights, not ") as refusal:
        cross_entropy(UNIFORM, UNIFORM, np.ones(shape))
    assert str(shape) in str(refusal.value)


@both_libraries
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_that_one_hot_targets_are_1_at_the_label(library: str, dtype: str) -> None:
    targets = one_hot(make(library, [2, 0, 0], dtype), 3)
    assert numpy_of(targets).tolist() == [[0, 0, 1], [1, 0, 0], [1, 0, 0]]
    assert numpy_of(targets).dtype == np.float64
    like = make(library, [0.5], "float32")
    assert numpy_of(one_hot(make(library, [1], dtype), 2, like)).dtype == np.float32


@both_libraries
@pytest.mark.parametrize("label", [-1, 3])
def test_that_a_label_of_no_class_is_refused_with_its_row(library: str, label: int) -> None:
    with pytest.raises(ValueError, match=f"^Row 1 has the label {label}, outside 0 to 2\\.$"):
        one_hot(make(library, [2, label], "int64"), 3)


@both_libraries
@both_precisions
def test_that_smoothed_targets_share_eps_among_all_classes(library: str, dtype: str) -> None:
    found = smoothed(make(library, [[1, 0, 0, 0], [0.5, 0.5, 0, 0]], dtype), 0.2)
    wanted = [[0.85, 0.05, 0.05, 0.05], [0.45, 0.45, 0.05, 0.05]]
    np.testing.assert_allclose(numpy_of(found), wanted, rtol=oracle.RELATIVE[dtype])
    assert numpy_of(found).dtype == dtype
    hard = make(library, np.eye(3), dtype)
    assert smoothed(hard, 0.0) is hard


def test_that_smoothing_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    logits, labels = make("torch", rng.normal(size=(9, 4))), make("torch", [0, 1, 2] * 3, "int64")
    wanted = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.3)
    loss, _ = cross_entropy(logits, smoothed(one_hot(labels, 4), 0.3))
    assert float(loss) == pytest.approx(float(wanted), rel=1e-14)


@pytest.mark.parametrize("eps", [-0.1, 1.0, np.nan])
def test_that_a_smoothing_out_of_its_range_is_refused(eps: float) -> None:
    with pytest.raises(ValueError, match="smoothing must be at least 0 and below 1, not"):
        smoothed(UNIFORM, eps)
