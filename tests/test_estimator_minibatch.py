"""The estimator by minibatches: seeds, weights, soft labels, and what it says of the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from softmax_gui.estimator import SoftmaxRegression
from tests.test_estimator import rows, weights


@pytest.mark.parametrize("q", [2, 3])
def test_that_minibatches_come_near_the_optimum_and_repeat_by_seed(q: int) -> None:
    X, y = rows(q)
    X = X / X.std(axis=0)
    s = weights(len(X))
    exact = SoftmaxRegression(alpha=5.0).fit(X, y, s)
    settings: dict[str, Any] = {
        "alpha": 5.0, "solver": "minibatch", "tol": 0.05, "max_iter": 60, "batch_size": 20,
    }  # fmt: skip
    first, second, other = (
        SoftmaxRegression(random_state=seed, **settings).fit(X, y, s) for seed in (1, 1, 2)
    )
    assert first.n_iter_ == 60
    assert first.solver_ == "minibatch"
    np.testing.assert_allclose(first.coef_, exact.coef_, atol=0.05)
    np.testing.assert_array_equal(first.coef_, second.coef_)
    assert (first.coef_ != other.coef_).any()


@pytest.mark.parametrize("generator", [np.random.default_rng, np.random.RandomState])
def test_that_a_generator_is_drawn_a_seed_from(generator: Any) -> None:
    X, y = rows(3)
    settings: dict[str, Any] = {"solver": "minibatch", "tol": 1e3, "max_iter": 1}
    source = generator(7)
    first, second = (
        SoftmaxRegression(random_state=state, **settings).fit(X, y)
        for state in (source, generator(7))
    )
    np.testing.assert_array_equal(first.coef_, second.coef_)
    assert (SoftmaxRegression(random_state=source, **settings).fit(X, y).coef_ != first.coef_).any()


def test_that_minibatches_take_soft_labels_and_the_last_fit() -> None:
    X, y = rows(3)
    X = X / X.std(axis=0)
    exact = SoftmaxRegression(alpha=5.0, label_smoothing=0.1).fit(X, y)
    model = SoftmaxRegression(
        alpha=5.0, solver="minibatch", random_state=0, label_smoothing=0.1, tol=1e3, max_iter=20,
        learning_rate=0.05, batch_size=20, warm_start=True,
    )  # fmt: skip
    far, near = (np.abs(model.fit(X, np.eye(3)[y]).coef_ - exact.coef_).max() for _ in range(2))
    assert near < far
    assert near < 0.05


def test_that_minibatches_warn_where_they_did_not_come_so_near() -> None:
    X, y = rows(3)
    with pytest.warns(ConvergenceWarning) as warned:
        model = SoftmaxRegression(solver="minibatch", max_iter=1, random_state=0).fit(X, y)
    assert model.certificate_.text in str(warned[0].message)
