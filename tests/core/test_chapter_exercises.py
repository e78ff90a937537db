"""The chapter's numbers on information theory, prediction, the exercises and its slips.

Class order everywhere: cat, chicken, dog.
"""

import functools
import math

import numpy as np
import pytest

from softmax_gui.core.information import (
    cross_entropy,
    entropy,
    kl_divergence,
    surprisal,
    to_bits,
)
from softmax_gui.core.losses import cross_entropy as cross_entropy_loss
from softmax_gui.core.metrics import accuracy
from softmax_gui.core.softmax import (
    log_sum_exp,
    real_softmax,
    softmax,
    softmax_jacobian,
    softmin,
)
from tests.core.oracle import both_libraries, central_difference, make, numpy_of

CAT, CHICKEN, DOG = 0, 1, 2
ONE_HOT = np.eye(3)
P_HAT = np.array([0.1, 0.8, 0.1])
LOGITS = np.log(P_HAT)
SOFT = np.array([0.1, 0.2, 0.7])
assert_printed = functools.partial(np.testing.assert_allclose, rtol=0.0, atol=5e-7)


@both_libraries
def test_s43_that_the_entropies_are_as_printed(library: str) -> None:
    rows = make(library, [[1 / 3] * 3, P_HAT, [1.0, 0.0, 0.0]])
    assert_printed(numpy_of(entropy(rows)), [1.098612, 0.639032, 0.0])
    assert_printed(numpy_of(to_bits(entropy(rows))), [1.584963, 0.921928, 0.0])


def test_s44_that_a_nat_is_1_442695_bits() -> None:
    assert to_bits(1.0) == pytest.approx(1.442695, abs=5e-7)
    assert to_bits(1.0) == pytest.approx(1 / math.log(2), rel=1e-15)


@both_libraries
def test_s49_that_cross_entropy_is_not_symmetric_and_is_a_mean_surprisal(library: str) -> None:
    p, q = make(library, SOFT), make(library, P_HAT)
    assert float(cross_entropy(p, q)) == pytest.approx(1.886697, abs=5e-7)
    assert float(cross_entropy(q, p)) == pytest.approx(1.553476, abs=5e-7)
    assert float((p * surprisal(q)).sum()) == pytest.approx(float(cross_entropy(p, q)), rel=1e-14)


def test_s50_that_the_right_belief_is_the_cheapest() -> None:
    believed = np.random.default_rng(0).dirichlet(np.ones(3), size=1000)
    gap = kl_divergence(SOFT, believed)
    assert (gap >= 0).all()
    np.testing.assert_allclose(cross_entropy(SOFT, believed) - entropy(SOFT), gap, atol=1e-14)
    assert cross_entropy(SOFT, SOFT) == entropy(SOFT)
    assert kl_divergence(SOFT, SOFT) == 0


def test_s52_that_accuracy_is_correct_over_total() -> None:
    probabilities = np.array([P_HAT, P_HAT, SOFT, [1 / 3] * 3])
    assert accuracy(probabilities, np.array([CHICKEN, DOG, DOG, CAT])) == 3 / 4
    assert math.isnan(accuracy(np.zeros((0, 3)), np.zeros(0, dtype=int)))


@both_libraries
def test_s54_that_the_second_derivative_is_the_printed_matrix(library: str) -> None:
    jacobian = numpy_of(softmax_jacobian(make(library, P_HAT)))
    wanted = [[0.09, -0.08, -0.01], [-0.08, 0.16, -0.08], [-0.01, -0.08, 0.09]]
    np.testing.assert_allclose(jacobian, wanted, rtol=1e-12)
    np.testing.assert_allclose(np.linalg.eigvalsh(jacobian), [0, 0.10, 0.24], atol=1e-12)
    uniform = numpy_of(softmax_jacobian(make(library, [1 / 3] * 3)))
    np.testing.assert_allclose(uniform, np.eye(3) / 3 - 1 / 9, rtol=1e-12)
    np.testing.assert_allclose(np.linalg.eigvalsh(uniform), [0, 1 / 3, 1 / 3], atol=1e-12)
    steepest = np.linalg.eigvalsh(numpy_of(softmax_jacobian(make(library, [0.5, 0.5, 0.0]))))
    assert steepest[-1] == pytest.approx(0.5, rel=1e-12)


def test_s54_that_autograd_finds_the_same_second_derivative() -> None:
    torch = pytest.importorskip("torch")
    targets = make("torch", [SOFT])
    hessian = torch.autograd.functional.hessian(
        lambda o: cross_entropy_loss(o[None], targets)[0], make("torch", LOGITS)
    )
    np.testing.assert_allclose(numpy_of(hessian), softmax_jacobian(P_HAT), rtol=1e-12)


def test_s55_that_it_is_the_covariance_of_the_one_hot_draw() -> None:
    draws = ONE_HOT[np.random.default_rng(0).choice(3, size=200_000, p=P_HAT)]
    covariance = np.cov(draws.T, bias=True)
    np.testing.assert_allclose(covariance, softmax_jacobian(P_HAT), atol=2e-3)
    variance = P_HAT * (1 - P_HAT)
    np.testing.assert_allclose(np.diag(softmax_jacobian(P_HAT)), variance, rtol=1e-15)


def test_s56_that_no_code_of_three_symbols_beats_the_entropy() -> None:
    bound = to_bits(entropy(np.full(3, 1 / 3)))
    assert bound == pytest.approx(1.584963, abs=5e-7)
    assert bound < 5 / 3 < 2


@both_libraries
def test_s58_that_the_smooth_maximum_is_as_printed(library: str) -> None:
    pair, tie = make(library, [1.0, 2.0]), make(library, [0.0, 0.0])
    for sharpness, wanted, gap in (
        (1.0, 2.313262, 0.693147),
        (2.0, 2.063464, 0.346574),
        (10.0, 2.0000045, 0.069315),
    ):
        value = float(real_softmax(pair, sharpness))
        assert value == pytest.approx(wanted, abs=5e-7)
        assert value > 2.0
        assert float(real_softmax(tie, sharpness)) == pytest.approx(gap, abs=5e-7)


@both_libraries
def test_s59_that_it_tends_to_the_maximum_from_at_most_ln_q_over_sharpness(library: str) -> None:
    values = make(library, [[0.3, 0.1, -2.0], [0.3, 0.3, 0.3]])
    for sharpness in 10.0 ** np.arange(-3, 9):
        gaps = numpy_of(real_softmax(values, float(sharpness))) - 0.3
        bound = math.log(3) / sharpness
        assert (gaps >= 0).all()
        assert (gaps <= bound * (1 + 1e-12) + 1e-16).all()
        assert gaps[1] == pytest.approx(bound, rel=1e-9, abs=1e-16)
    np.testing.assert_array_equal(numpy_of(real_softmax(values, 1e300)), [0.3, 0.3])


@both_libraries
def test_s60_that_softmin_is_as_printed_and_its_gradient_is_softmax_of_the_negative(
    library: str,
) -> None:
    assert float(softmin(make(library, [1.0, 2.0]))) == pytest.approx(0.686738, abs=5e-7)
    assert float(real_softmax(make(library, [1, 2, 3]))) == pytest.approx(3.407606, abs=5e-7)
    slopes = central_difference(softmin, [1.0, 2.0, 3.0])
    np.testing.assert_allclose(slopes, softmax(np.array([-1.0, -2.0, -3.0])), atol=1e-9)


def test_e12_that_softmax_is_the_gradient_of_log_sum_exp() -> None:
    np.testing.assert_allclose(central_difference(log_sum_exp, LOGITS), P_HAT, atol=1e-9)
    logits = make("torch", LOGITS).requires_grad_()
    log_sum_exp(logits).backward()
    np.testing.assert_allclose(numpy_of(logits.grad), P_HAT, rtol=1e-14)


@both_libraries
def test_e13_that_floats_reach_0_and_1_and_the_loss_is_never_nan(library: str) -> None:
    probabilities = softmax(make(library, [[0.0, 1000.0]]))
    np.testing.assert_array_equal(numpy_of(probabilities), [[0.0, 1.0]])
    np.testing.assert_array_equal(numpy_of(surprisal(probabilities)), [[np.inf, 0.0]])
    for targets, wanted in (([[0.0, 1.0]], 0.0), ([[1.0, 0.0]], 1000.0)):
        loss = cross_entropy_loss(make(library, [[0.0, 1000.0]]), make(library, targets))[0]
        assert float(loss) == wanted
    assert float(entropy(probabilities)[0]) == 0.0


@both_libraries
def test_e14_that_log_sum_exp_moves_with_a_shift_and_softmax_does_not(library: str) -> None:
    o, shift = make(library, [1.0, 2.0, 3.0]), 4.0
    assert float(log_sum_exp(o + shift)) == pytest.approx(float(log_sum_exp(o)) + shift, rel=1e-15)
    np.testing.assert_array_equal(numpy_of(softmax(o + shift)), numpy_of(softmax(o)))
