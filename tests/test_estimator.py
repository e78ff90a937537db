"""The estimator solves scikit-learn's problem, and says what it found."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from softmax_gui.core.softmax import softmax
from softmax_gui.estimator import SoftmaxRegression
from softmax_gui.export.weights import load_model

Floats = NDArray[np.float64]
TIGHT: dict[str, Any] = {"tol": 1e-12}


def rows(q: int, n: int = 200, d: int = 5, seed: int = 0) -> tuple[Floats, NDArray[np.int64]]:
    """Rows of overlapping classes, drawn from a softmax regression; no class is empty."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * np.logspace(0, 1, d)
    P = softmax(X @ generator.normal(size=(d, q)) * 0.4 + generator.normal(size=q))
    labels = (P.cumsum(axis=1) < generator.random((n, 1))).sum(axis=1)
    labels[:q] = np.arange(q)
    return X, labels


def weights(n: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).exponential(size=n)


def of_sklearn(X: Floats, y: Any, alpha: float, **settings: Any) -> LogisticRegression:
    sample_weight = settings.pop("sample_weight", None)
    reference = LogisticRegression(
        C=1.0 / alpha, tol=1e-10, max_iter=1000, solver="newton-cholesky", **settings
    )
    return reference.fit(X, y, sample_weight=sample_weight)


def assert_same(ours: SoftmaxRegression, theirs: LogisticRegression, X: Floats) -> None:
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    W, b = ours.coef_, ours.intercept_
    if len(W) == 2:  # theirs is one vector, the difference of ours
        W, b = W[1:] - W[:1], b[1:] - b[:1]
    np.testing.assert_allclose(W, theirs.coef_, atol=1e-5)
    shift = theirs.intercept_.mean() if len(b) > 1 else 0.0
    np.testing.assert_allclose(b, theirs.intercept_ - shift, atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(ours.decision_function(X), _decision(theirs, X), atol=2e-5)


def _decision(theirs: LogisticRegression, X: Floats) -> Any:
    decision = theirs.decision_function(X)
    return decision if decision.ndim == 1 else decision - decision.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("solver", ["auto", "newton-cg", "lbfgs"])
@pytest.mark.parametrize("q", [2, 3, 10])
def test_that_it_finds_the_optimum_of_logistic_regression(q: int, solver: str) -> None:
    X, y = rows(q)
    ours = SoftmaxRegression(alpha=0.7, solver=solver, **TIGHT).fit(X, y)
    assert_same(ours, of_sklearn(X, y, 0.7), X)
    assert ours.certificate_.verdict == "optimum"


@pytest.mark.parametrize("class_weight", [None, "balanced", "dict"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("q", [2, 3, 10])
def test_that_weights_of_rows_and_classes_mean_what_they_do_there(
    q: int, weighted: bool, class_weight: Any
) -> None:
    X, y = rows(q)
    settings: dict[str, Any] = {
        "class_weight": {0: 3.0, 1: 0.5} if class_weight == "dict" else class_weight
    }
    s = weights(len(X)) if weighted else None
    ours = SoftmaxRegression(alpha=2.0, **settings, **TIGHT).fit(X, y, sample_weight=s)
    assert_same(ours, of_sklearn(X, y, 2.0, sample_weight=s, **settings), X)


def test_that_it_finds_the_optimum_on_digits() -> None:
    X, y = load_digits(n_class=4, return_X_y=True)
    assert_same(SoftmaxRegression(**TIGHT).fit(X / 16.0, y), of_sklearn(X / 16.0, y, 1.0), X / 16.0)


@pytest.mark.parametrize("class_weight", [None, "balanced", {2: 4.0}])
def test_that_a_row_of_soft_labels_counts_as_a_row_a_class(class_weight: Any) -> None:
    X, _ = rows(3, n=60)
    T = np.random.default_rng(3).dirichlet(np.ones(3), size=len(X))
    s = weights(len(X))
    ours = SoftmaxRegression(class_weight=class_weight, **TIGHT).fit(X, T, sample_weight=s)
    split = of_sklearn(
        np.repeat(X, 3, axis=0),
        np.tile(np.arange(3), len(X)),
        1.0,
        sample_weight=(s[:, None] * T).ravel(),
        class_weight=class_weight,
    )
    assert_same(ours, split, X)


def test_that_one_hot_labels_are_the_labels() -> None:
    X, y = rows(4)
    soft, hard = (SoftmaxRegression(**TIGHT).fit(X, form) for form in (np.eye(4)[y], y))
    np.testing.assert_array_equal(soft.classes_, np.arange(4))
    np.testing.assert_allclose(soft.coef_, hard.coef_, atol=1e-5)


def test_that_label_smoothing_is_the_soft_labels_it_stands_for() -> None:
    X, y = rows(3)
    soft = SoftmaxRegression(**TIGHT).fit(X, 0.7 * np.eye(3)[y] + 0.1)
    for labels in (y, np.eye(3)[y]):
        smoothed = SoftmaxRegression(label_smoothing=0.3, **TIGHT).fit(X, labels)
        np.testing.assert_allclose(smoothed.coef_, soft.coef_, atol=1e-5)


def test_that_two_classes_have_two_rows_and_one_decision() -> None:
    X, y = rows(2)
    model = SoftmaxRegression().fit(X, np.where(y == 1, "yes", "no"))
    assert model.coef_.shape == (2, X.shape[1])
    assert model.intercept_.shape == (2,)
    decision, P = model.decision_function(X), model.predict_proba(X)
    np.testing.assert_allclose(decision, np.log(P[:, 1] / P[:, 0]), atol=1e-9)
    np.testing.assert_array_equal(model.predict(X), np.where(decision > 0, "yes", "no"))


def test_that_the_ways_to_predict_agree() -> None:
    X, y = rows(3)
    model = SoftmaxRegression().fit(X, y + 5)
    P = model.predict_proba(X)
    np.testing.assert_allclose(P, softmax(model.decision_function(X)))
    np.testing.assert_allclose(P, softmax(X @ model.coef_.T + model.intercept_))
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(P), atol=1e-12)
    np.testing.assert_array_equal(model.predict(X), P.argmax(axis=1) + 5)
    assert model.score(X, y + 5) == np.mean(P.argmax(axis=1) == y)


def test_that_the_score_takes_weights_and_soft_labels() -> None:
    X, y = rows(3)
    s = weights(len(X))
    model = SoftmaxRegression().fit(X, y)
    wanted = s[model.predict(X) == y].sum() / s.sum()
    assert model.score(X, y, sample_weight=s) == pytest.approx(wanted)
    assert model.score(X, 0.9 * np.eye(3)[y] + 0.1 / 3, sample_weight=s) == pytest.approx(wanted)


def test_that_the_rows_of_the_weights_sum_to_zero() -> None:
    X, y = rows(3)
    model = SoftmaxRegression(alpha=0.0).fit(X, y)
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(model.intercept_.sum(), 0.0, atol=1e-12)


def test_that_float32_stays_float32_and_comes_as_near_as_it_can() -> None:
    X, y = rows(3)
    exact = SoftmaxRegression(**TIGHT).fit(X, y)
    single = SoftmaxRegression().fit(X.astype(np.float32), y)
    assert single.predict_proba(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(single.coef_, exact.coef_, atol=1e-3)
    asked = SoftmaxRegression(dtype="float32").fit(X, y)
    np.testing.assert_array_equal(asked.coef_, single.coef_)


def test_that_whole_numbers_and_lists_are_taken() -> None:
    X, y = rows(3)
    whole = np.round(X).astype(int)
    listed = SoftmaxRegression().fit(whole.tolist(), y.tolist())
    np.testing.assert_array_equal(listed.coef_, SoftmaxRegression().fit(1.0 * whole, y).coef_)


def test_that_fewer_rows_than_classes_work() -> None:
    X = np.random.default_rng(0).normal(size=(3, 4))
    T = np.full((3, 10), 0.1)
    T[0] = np.eye(10)[7]
    model = SoftmaxRegression().fit(X, T)
    assert model.predict_proba(X).shape == (3, 10)
    assert model.predict(X[:1]) == [7]


def test_that_hundreds_of_classes_work() -> None:
    X, y = rows(300, n=400, d=2)
    model = SoftmaxRegression(tol=1e-3).fit(X, y)
    assert model.coef_.shape == (300, 2)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)


def test_that_a_large_table_comes_as_near_as_in_float64() -> None:
    X, y = rows(4, n=40_000, d=30)
    quick, exact = (SoftmaxRegression(dtype=dtype).fit(X, y) for dtype in (None, "float64"))
    assert quick.certificate_.relative <= 1e-6
    np.testing.assert_allclose(quick.predict_proba(X), exact.predict_proba(X), atol=1e-3)


def test_that_a_fit_that_ended_early_warns_in_the_words_of_its_certificate() -> None:
    X, y = rows(3)
    with pytest.warns(ConvergenceWarning) as warned:
        model = SoftmaxRegression(max_iter=1, tol=1e-12).fit(X, y)
    assert model.n_iter_ == 1
    assert model.certificate_.verdict == "falling"
    assert model.certificate_.text in str(warned[0].message)


def test_that_separable_classes_without_decay_are_told() -> None:
    X, y = rows(3)
    X[:, 0] = 10.0 * y
    X[:, 1] = 10.0 * (y == 1)
    with pytest.warns(ConvergenceWarning, match="separable"):
        model = SoftmaxRegression(alpha=0.0).fit(X, y)
    assert model.certificate_.verdict == "separable"
    assert model.score(X, y) == 1.0


def test_that_a_warm_start_begins_where_the_last_fit_ended() -> None:
    X, y = rows(3)
    model = SoftmaxRegression(warm_start=True, solver="lbfgs").fit(X, y)
    cold = model.n_iter_
    model.fit(X, y)
    assert model.n_iter_ < cold
    other, labels = rows(4, d=7)
    fresh = SoftmaxRegression(solver="lbfgs").fit(other, labels)
    np.testing.assert_array_equal(model.fit(other, labels).coef_, fresh.coef_)


def test_that_it_says_which_solver_it_took_and_why() -> None:
    X, y = rows(3)
    model = SoftmaxRegression().fit(X, y)
    assert model.solver_ in {"newton-cg", "lbfgs"}
    assert model.solver_reason_.strip()
    assert model.device_ == "numpy"


def test_that_torch_finds_the_same_and_takes_tensors() -> None:
    torch = pytest.importorskip("torch")
    X, y = rows(3)
    here = SoftmaxRegression(**TIGHT).fit(X, y)
    there = SoftmaxRegression(device="cpu", **TIGHT).fit(torch.tensor(X), torch.tensor(y))
    assert there.device_ == "cpu"
    np.testing.assert_allclose(there.coef_, here.coef_, atol=1e-5)
    assert isinstance(there.predict_proba(torch.tensor(X)), np.ndarray)


@pytest.mark.parametrize("ending", [".safetensors", ".json"])
def test_that_saved_weights_predict_the_same(tmp_path: Path, ending: str) -> None:
    X, y = rows(3)
    model = SoftmaxRegression().fit(X, np.array(["a", "b", "c"])[y])
    path = tmp_path / f"model{ending}"
    model.save(str(path))
    loaded = load_model(path)
    assert loaded.class_names == ("a", "b", "c")
    assert loaded.feature_names == ("x1", "x2", "x3", "x4", "x5")
    np.testing.assert_allclose(loaded.probabilities(X), model.predict_proba(X), atol=1e-12)


def test_that_a_pickled_model_predicts_the_same_and_keeps_its_certificate() -> None:
    X, y = rows(3)
    model = SoftmaxRegression().fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.certificate_ == model.certificate_
