"""Every number of the chapter that core computes; S and E numbers are those of the chapter list.

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
    to_bits,
)
from softmax_gui.core.losses import cross_entropy as cross_entropy_loss
from softmax_gui.core.losses import dense_gradient
from softmax_gui.core.metrics import accuracy, confusion_matrix
from softmax_gui.core.models import Dense
from softmax_gui.core.softmax import (
    log_softmax,
    log_sum_exp,
    softmax,
    softmax_jacobian,
)
from tests.core.oracle import both_libraries, central_difference, make, numpy_of

CAT, CHICKEN, DOG = 0, 1, 2
ONE_HOT = np.eye(3)
P_HAT = np.array([0.1, 0.8, 0.1])
LOGITS = np.log(P_HAT)
SOFT = np.array([0.1, 0.2, 0.7])
assert_printed = functools.partial(np.testing.assert_allclose, rtol=0.0, atol=5e-7)


def test_s6_that_integers_become_one_hot_in_the_order_cat_chicken_dog() -> None:
    from_integers = ONE_HOT[[{1: DOG, 2: CAT, 3: CHICKEN}[label] for label in (3, 1, 2)]]
    np.testing.assert_array_equal(from_integers, [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert accuracy(from_integers, np.array([CHICKEN, DOG, CAT])) == 1.0


def test_s7_that_the_loss_minds_classes_and_not_their_numbers() -> None:
    assert np.mean([1, 3]) == 2.0  # what squared error makes of "dog or chicken": a cat
    either = np.array([[0.0, 0.5, 0.5]])
    loss, dlogits = cross_entropy_loss(np.array([[-np.inf, 0.0, 0.0]]), either)
    assert float(loss) == pytest.approx(math.log(2), rel=1e-15)
    np.testing.assert_array_equal(dlogits, np.zeros((1, 3)))
    rng = np.random.default_rng(0)
    logits, targets, order = rng.normal(size=(9, 3)), rng.dirichlet(np.ones(3), 9), [2, 0, 1]
    loss, dlogits = cross_entropy_loss(logits, targets)
    again, permuted = cross_entropy_loss(logits[:, order], targets[:, order])
    assert again == pytest.approx(float(loss), rel=1e-12)
    np.testing.assert_allclose(permuted, dlogits[:, order], rtol=1e-12)


def test_s8_that_one_hot_goes_there_and_back() -> None:
    labels = np.array([CAT, CHICKEN, DOG])
    np.testing.assert_array_equal(ONE_HOT[labels], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    np.testing.assert_array_equal(confusion_matrix(ONE_HOT[labels], labels), np.eye(3))
    assert (ONE_HOT.sum(axis=1) == 1).all()


def test_s9_that_10_of_15_parameters_are_identifiable() -> None:
    rng = np.random.default_rng(0)
    model = Dense(rng.normal(size=(4, 3)), rng.normal(size=3))
    assert model.parameter_count == 15
    Xt = np.column_stack([rng.random((40, 4)), np.ones(40)])
    blocks = softmax_jacobian(softmax(Xt @ np.vstack([model.W, model.b])))
    hessian = np.einsum("ni,nj,nkl->ikjl", Xt, Xt, blocks).reshape(15, 15)
    assert (np.abs(np.linalg.eigvalsh(hessian)) < 1e-12).sum() == 5


@both_libraries
def test_s19_that_the_prediction_is_chicken(library: str) -> None:
    assert accuracy(make(library, [P_HAT]), make(library, [CHICKEN], "int64")) == 1.0
    probabilities = softmax(make(library, [0.0, math.log(8), 0.0]))
    np.testing.assert_allclose(numpy_of(probabilities), P_HAT, rtol=1e-15)
    assert math.log(8) == pytest.approx(2.0794, abs=5e-5)


@both_libraries
def test_s22_that_exponentiating_and_dividing_gives_the_printed_probabilities(library: str) -> None:
    printed = {
        (1.0, 2.0, 3.0): (0.09003057, 0.24472847, 0.66524096),
        (1.0, -2.0, 0.0): (0.70538, 0.03512, 0.25950),
    }
    for (logits, wanted), digits in zip(printed.items(), (5e-9, 5e-6), strict=True):
        np.testing.assert_allclose(
            numpy_of(softmax(make(library, logits))), wanted, rtol=0, atol=digits
        )


@both_libraries
@pytest.mark.parametrize(
    ("temperature", "wanted"),
    [
        (0.5, (0.01515, 0.96970, 0.01515)),
        (2.0, (0.20711, 0.58579, 0.20711)),
        (10.0, (0.30949, 0.38102, 0.30949)),
    ],
)
def test_s28_that_temperature_sharpens_and_flattens(
    library: str, temperature: float, wanted: tuple[float, ...]
) -> None:
    probabilities = numpy_of(softmax(make(library, LOGITS), temperature))
    np.testing.assert_allclose(probabilities, wanted, rtol=0, atol=5e-6)
    assert probabilities.argmax() == CHICKEN


@both_libraries
@pytest.mark.parametrize(
    ("dtype", "limit"), [("float16", 11.09), ("float32", 88.72), ("float64", 709.78)]
)
def test_s29_that_softmax_does_not_overflow_where_exp_does(
    library: str, dtype: str, limit: float
) -> None:
    assert math.log(float(np.finfo(dtype).max)) == pytest.approx(limit, abs=0.005)
    high = numpy_of(softmax(make(library, [limit, limit + 1, limit + 2], dtype)))
    np.testing.assert_allclose(high, softmax(np.array([0.0, 1, 2])), rtol=0.01)
    thousand = numpy_of(softmax(make(library, [1000, 1001, 1002], dtype)))
    np.testing.assert_array_equal(thousand, numpy_of(softmax(make(library, [0, 1, 2], dtype))))


def test_s31_that_softmax_along_the_wrong_axis_is_another_thing() -> None:
    logits = np.random.default_rng(0).normal(size=(5, 3))
    assert np.abs(softmax(logits) - softmax(logits.T).T).max() > 0.1


@both_libraries
def test_s34_that_the_loss_of_each_label_is_as_printed(library: str) -> None:
    logits = make(library, [LOGITS])
    losses = [float(cross_entropy_loss(logits, make(library, [Y]))[0]) for Y in ONE_HOT]
    assert_printed(losses, [2.302585, 0.223144, 2.302585])
    assert_printed(to_bits(np.array(losses)), [3.321928, 0.321928, 3.321928])


@pytest.mark.parametrize(("q", "wanted"), [(3, 1.098612), (10, 2.302585)])
def test_s36_that_training_starts_at_ln_q_and_never_reaches_0(q: int, wanted: float) -> None:
    model = Dense(np.zeros((4, q)), np.zeros(q))
    X, targets = np.random.default_rng(0).random((7, 4)), np.eye(q)[np.arange(7) % q]
    assert float(cross_entropy_loss(model.logits(X), targets)[0]) == pytest.approx(wanted, abs=5e-7)
    assert cross_entropy_loss(np.array([[700.0, 0.0]]), np.array([[1.0, 0.0]]))[0] > 0


def test_s37_that_label_noise_sets_a_floor() -> None:
    floor = entropy(np.array([0.9, 0.05, 0.05]))
    assert floor == pytest.approx(0.394398, abs=5e-7)
    assert to_bits(floor) == pytest.approx(0.568996, abs=5e-7)


@both_libraries
def test_s38_that_the_three_lines_of_the_rewriting_are_equal(library: str) -> None:
    assert float(log_sum_exp(make(library, [1, 2, 3]))) == pytest.approx(3.407606, abs=5e-7)
    o = np.array([1.0, -2.0, 0.5])
    first = -float((SOFT * np.log(np.exp(o) / np.exp(o).sum())).sum())
    second = float((SOFT * np.log(np.exp(o).sum())).sum() - (SOFT * o).sum())
    third = float(log_sum_exp(make(library, o))) - float(SOFT @ o)
    loss = float(cross_entropy_loss(make(library, [o]), make(library, [SOFT]))[0])
    np.testing.assert_allclose([first, second, third], loss, rtol=1e-12)
    np.testing.assert_allclose(-(SOFT * log_softmax(o)).sum(), loss, rtol=1e-12)


@both_libraries
def test_s39_that_the_gradient_is_prediction_less_observation(library: str) -> None:
    wanted = {CHICKEN: (0.1, -0.2, 0.1), CAT: (-0.9, 0.8, 0.1), DOG: (0.1, 0.8, -0.9)}
    for label, gradient in wanted.items():
        targets = make(library, [ONE_HOT[label]])
        dlogits = numpy_of(cross_entropy_loss(make(library, [LOGITS]), targets)[1])[0]
        np.testing.assert_allclose(dlogits, gradient, rtol=1e-12)
        assert abs(dlogits.sum()) < 1e-15


def test_s40_that_three_ways_to_the_gradient_in_the_parameters_agree() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    X, W, b = rng.random((8, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    Y = ONE_HOT[rng.integers(3, size=8)]
    dW, db = dense_gradient(X, cross_entropy_loss(X @ W + b, Y)[1])
    np.testing.assert_allclose(dW, X.T @ (softmax(X @ W + b) - Y) / 8, rtol=0, atol=1e-15)
    np.testing.assert_allclose(db, (softmax(X @ W + b) - Y).mean(axis=0), rtol=0, atol=1e-15)

    differences = central_difference(lambda V: cross_entropy_loss(X @ V + b, Y)[0], W)
    np.testing.assert_allclose(dW, differences, atol=1e-8)
    differences = central_difference(lambda c: cross_entropy_loss(X @ W + c, Y)[0], b)
    np.testing.assert_allclose(db, differences, atol=1e-8)

    weights, biases = torch.tensor(W, requires_grad=True), torch.tensor(b, requires_grad=True)
    loss = cross_entropy_loss(torch.tensor(X) @ weights + biases, torch.tensor(Y))[0]
    torch.nn.functional.cross_entropy(
        torch.tensor(X) @ weights + biases, torch.tensor(Y)
    ).backward()
    np.testing.assert_allclose(numpy_of(weights.grad), dW, rtol=0, atol=1e-15)
    for parameter, analytic in ((weights, dW), (biases, db)):
        parameter.grad = None
        loss.backward(retain_graph=True, inputs=[parameter])
        np.testing.assert_allclose(numpy_of(parameter.grad), analytic, rtol=0, atol=1e-15)


@both_libraries
def test_s42_that_soft_labels_cost_at_least_their_entropy(library: str) -> None:
    label, belief = make(library, SOFT), make(library, P_HAT)
    assert float(entropy(label)) == pytest.approx(0.801819, abs=5e-7)
    assert float(to_bits(entropy(label))) == pytest.approx(1.156780, abs=5e-7)
    assert float(cross_entropy(label, belief)) == pytest.approx(1.886697, abs=5e-7)
    assert float(to_bits(cross_entropy(label, belief))) == pytest.approx(2.721928, abs=5e-7)
    assert float(kl_divergence(label, belief)) == pytest.approx(1.084878, abs=5e-7)
    loss, dlogits = cross_entropy_loss(make(library, [LOGITS]), make(library, [SOFT]))
    assert float(loss) == pytest.approx(1.886697, abs=5e-7)
    np.testing.assert_allclose(numpy_of(dlogits)[0], P_HAT - SOFT, rtol=1e-12, atol=1e-16)
    loss, dlogits = cross_entropy_loss(make(library, [np.log(SOFT)]), make(library, [SOFT]))
    assert float(loss) == pytest.approx(float(entropy(label)), rel=1e-14)
    np.testing.assert_allclose(numpy_of(dlogits), 0.0, atol=1e-16)
