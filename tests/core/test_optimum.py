"""find_optimum: the same optimum whatever it is asked for, and sentences for what it refuses."""

import math
from typing import Any

import numpy as np
import pytest

from softmax_gui.core import checks
from softmax_gui.core.objective import Floats
from softmax_gui.core.optimum import ABSENT, Optimum, find_optimum
from tests.core.problems import drawn, ill_conditioned, loss_at, lowest, one_hot

X, LABELS = drawn(300, 5, 3)
Y = one_hot(LABELS, 3)


def _theta(found: Optimum) -> Floats:
    return np.vstack([found.W, found.b])


@pytest.mark.parametrize("solver", ["auto", "newton-cg", "lbfgs"])
@pytest.mark.parametrize("dtype", [None, np.float32, np.float64])
def test_that_the_optimum_is_the_lowest_there_is(solver: str, dtype: Any) -> None:
    best, _ = lowest(X, Y, 1e-2)
    found = find_optimum(X, LABELS, 3, weight_decay=1e-2, solver=solver, dtype=dtype)
    assert found.W.shape == (5, 3)
    assert found.b.shape == (3,)
    assert found.certificate.verdict == "optimum"
    assert loss_at(_theta(found), X, Y, 1e-2) <= best * (1 + 1e-6)


@pytest.mark.parametrize("features", [X, X.astype(np.float32), np.round(X).astype(np.int64)])
def test_that_a_tight_tolerance_is_met_from_any_type(features: Any) -> None:
    best, _ = lowest(features.astype(float), Y, 1e-2)
    found = find_optimum(features, LABELS, 3, weight_decay=1e-2, tolerance=1e-11)
    assert found.certificate.verdict == "optimum"
    assert loss_at(_theta(found), features, Y, 1e-2) <= best * (1 + 2e-11)


def test_that_scikit_learn_finds_no_lower_loss() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    peer = linear_model.LogisticRegression(C=1 / (1e-2 * 300), tol=1e-8, max_iter=1000)
    peer.fit(X, LABELS)
    theirs = loss_at(np.vstack([peer.coef_.T, peer.intercept_]), X, Y, 1e-2)
    ours = find_optimum(X, LABELS, 3, weight_decay=1e-2, tolerance=1e-9)
    assert loss_at(_theta(ours), X, Y, 1e-2) <= theirs * (1 + 1e-9)


def test_that_weights_count_rows_as_often_as_they_say() -> None:
    times = np.random.default_rng(0).integers(0, 4, 300)
    weighted = find_optimum(X, LABELS, 3, weight_decay=1e-2, sample_weight=times, tolerance=1e-11)
    repeated = find_optimum(
        np.repeat(X, times, axis=0), np.repeat(LABELS, times), 3, weight_decay=1e-2, tolerance=1e-11
    )
    np.testing.assert_allclose(weighted.W, repeated.W, atol=1e-5)


def test_that_smoothed_labels_are_soft_labels() -> None:
    smooth = find_optimum(X, LABELS, 3, weight_decay=1e-2, label_smoothing=0.1, tolerance=1e-11)
    soft = find_optimum(X, 0.9 * Y + 0.1 / 3, 3, weight_decay=1e-2, tolerance=1e-11)
    np.testing.assert_allclose(smooth.W, soft.W, atol=1e-5)


def test_that_separable_classes_need_weight_decay() -> None:
    apart, labels = drawn(100, 5, 3, noise=0.0)
    assert find_optimum(apart, labels, 3).certificate.verdict == "separable"
    assert find_optimum(apart, labels, 3, weight_decay=1e-3).certificate.verdict == "optimum"


def test_that_a_class_without_rows_is_never_predicted_and_changes_nothing() -> None:
    names = np.array([0, 2, 3])[LABELS]
    found = find_optimum(X, names, 4, weight_decay=1e-2, tolerance=1e-10)
    fewer = find_optimum(X, LABELS, 3, weight_decay=1e-2, tolerance=1e-10)
    np.testing.assert_allclose(found.W[:, [0, 2, 3]], fewer.W, atol=1e-12)
    np.testing.assert_array_equal(found.W[:, 1], 0.0)
    assert found.b[1] == found.b[[0, 2, 3]].min() - ABSENT
    soft = find_optimum(X, one_hot(names, 4), 4, weight_decay=1e-2, tolerance=1e-10)
    np.testing.assert_allclose(soft.W, found.W, atol=1e-12)


def test_that_a_start_at_the_optimum_saves_passes() -> None:
    cold = find_optimum(X, LABELS, 3, weight_decay=1e-2)
    warm = find_optimum(X, LABELS, 3, weight_decay=1e-2, start=_theta(cold))
    assert warm.passes < cold.passes


def test_that_too_few_iterations_end_with_what_there_is() -> None:
    found = find_optimum(X, LABELS, 3, weight_decay=1e-2, max_iterations=1)
    assert found.iterations == 1
    assert found.certificate.verdict == "falling"


def test_that_a_huge_weight_decay_leaves_the_class_frequencies() -> None:
    found = find_optimum(X, LABELS, 3, weight_decay=1e6, tolerance=1e-9)
    odds = np.exp(found.b) / np.exp(found.b).sum()
    np.testing.assert_allclose(odds, Y.mean(axis=0), atol=1e-4)
    assert found.certificate.verdict == "optimum"


def test_that_ill_conditioned_features_take_few_passes() -> None:
    features, labels = ill_conditioned(1500, 60, 10, rank=12)
    found = find_optimum(features, labels, 10, weight_decay=1e-4)
    assert found.certificate.verdict == "optimum"
    assert found.passes < 150


def test_that_a_thousand_classes_are_no_trouble() -> None:
    features, labels = drawn(300, 20, 1000)
    assert find_optimum(features, labels, 1000, weight_decay=1e-2).certificate.verdict == "optimum"


def test_that_fewer_rows_than_classes_are_no_trouble() -> None:
    features = np.eye(4)
    found = find_optimum(features, np.array([0, 3, 7, 9]), 10, weight_decay=1e-2)
    assert found.certificate.verdict == "optimum"
    np.testing.assert_array_equal((features @ found.W + found.b).argmax(axis=1), [0, 3, 7, 9])


def test_that_a_million_features_work() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4, 1_000_000)).astype(np.float32)
    found = find_optimum(
        features, np.arange(4) % 2, 2, weight_decay=1.0, tolerance=1e-2, max_iterations=3
    )
    assert found.W.shape == (1_000_000, 2)
    assert found.certificate.loss < 0.5 * math.log(2.0)


def test_that_too_many_features_are_refused_with_the_memory_they_need() -> None:
    with pytest.raises(ValueError, match=r"1000000 features and 1000 classes need 89 GB"):
        checks.check_memory(1_000_000, 1000, available=16 * 2.0**30)
    checks.check_memory(1_000_000, 10, available=16 * 2.0**30)


def test_that_features_that_are_no_numbers_are_counted_and_the_first_is_named() -> None:
    bad = X.copy()
    bad[4, 2] = math.nan
    bad[7, 0] = math.inf
    with pytest.raises(ValueError, match=r"2 features are not finite numbers.* row 5, column 3"):
        find_optimum(bad, LABELS, 3)


def test_that_large_finite_features_are_accepted() -> None:
    found = find_optimum(1e30 * X, LABELS, 3, weight_decay=1e50)
    assert math.isfinite(found.certificate.loss)


def test_that_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="same class"):
        find_optimum(X, np.zeros(300, int), 3)
    with pytest.raises(ValueError, match="same class"):
        find_optimum(X, LABELS, 3, sample_weight=(LABELS == 1).astype(float))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weight_decay": -1.0}, "weight decay must be finite and not negative"),
        ({"weight_decay": math.nan}, "weight decay must be finite"),
        ({"tolerance": 0.0}, "tolerance must be a positive"),
        ({"label_smoothing": 1.0}, "label smoothing"),
        ({"solver": "magic"}, "There is no solver magic"),
        ({"sample_weight": np.ones(2)}, "as many weights"),
        ({"sample_weight": -np.ones(300)}, "not negative"),
        ({"sample_weight": np.zeros(300)}, "not all 0"),
        ({"X": X[:, 0]}, "must be a matrix"),
        ({"X": X[:0]}, "must be a matrix"),
        ({"X": X[:200]}, "need that many labels"),
        ({"targets": LABELS + 1}, "outside 0 to 2"),
        ({"targets": LABELS - 1}, "outside 0 to 2"),
        ({"targets": LABELS.astype(float)}, "whole numbers"),
        ({"targets": 2.0 * Y}, "sum to 1"),
        ({"targets": Y - 1.0}, "sum to 1"),
        ({"start": np.zeros((5, 3))}, "start"),
    ],
)
def test_that_what_makes_no_sense_is_refused_in_one_sentence(
    options: dict[str, Any], words: str
) -> None:
    arguments = {"X": X, "targets": LABELS, **options}
    with pytest.raises(ValueError, match=words) as refusal:
        find_optimum(q=3, **arguments)
    assert str(refusal.value).endswith(".")
