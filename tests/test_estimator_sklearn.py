"""scikit-learn takes the estimator for one of its own; and it works without scikit-learn."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from softmax_gui.estimator import SoftmaxRegression

ROOT = Path(__file__).resolve().parent.parent

# Checks of scikit-learn that do not hold, and why: none.
EXCEPTIONS: dict[str, str] = {}

DATA = """
import numpy as np
X = np.random.default_rng(0).normal(size=(40, 3))
y = (X @ [1.0, 2.0, -1.0] > 0.5).astype(int)
"""

# A machine without scikit-learn: every import of it fails.
WITHOUT_SKLEARN = """
import sys

class NoSklearn:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"sklearn", "scipy"}:
            raise ImportError(f"{name} is not installed")

sys.meta_path.insert(0, NoSklearn())
from softmax_gui.estimator import SoftmaxRegression
"""


EACH_CHECK: pytest.MarkDecorator = parametrize_with_checks(
    [
        SoftmaxRegression(),
        SoftmaxRegression(solver="lbfgs"),
        SoftmaxRegression(device="cpu"),
    ],
    expected_failed_checks=lambda _: EXCEPTIONS,
)


@EACH_CHECK
def test_that_it_passes_the_checks_of_sklearn(
    estimator: SoftmaxRegression, check: Callable[[SoftmaxRegression], None]
) -> None:
    if estimator.device == "cpu":
        pytest.importorskip("torch")
    with warnings.catch_warnings():
        if "check_class_weight_classifiers" in str(check):
            # Its weights of 1000 to 0.0001 leave a loss of 2e-6: whether a millionth of that is
            # proven is up to the last digits of float64, and the fit may warn. The check passes.
            warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)


def test_that_a_clone_has_the_settings_and_no_weights() -> None:
    X, y = load_iris(return_X_y=True)
    twin = clone(SoftmaxRegression(alpha=3.0, class_weight="balanced").fit(X, y))
    assert twin.get_params()["alpha"] == 3.0
    assert repr(twin) == "SoftmaxRegression(alpha=3.0, class_weight='balanced')"
    assert not hasattr(twin, "coef_")


def test_that_a_grid_over_a_pipeline_finds_the_weight_decay() -> None:
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression())
    grid = {"softmaxregression__alpha": [0.1, 1.0, 1000.0]}
    search = GridSearchCV(pipeline, grid, cv=3, scoring="neg_log_loss").fit(X, y)
    assert search.best_params_ == {"softmaxregression__alpha": 0.1}
    assert search.best_estimator_.score(X, y) > 0.95


def test_that_it_is_cross_validated_by_accuracy() -> None:
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    assert cross_val_score(SoftmaxRegression(), X, names, cv=3).mean() > 0.9


def test_that_the_tags_say_what_it_takes() -> None:
    tags = get_tags(SoftmaxRegression())
    assert is_classifier(SoftmaxRegression())
    assert not tags.input_tags.sparse
    assert not tags.input_tags.allow_nan
    assert tags.target_tags.required
    assert not tags.classifier_tags.multi_label


def without_sklearn(code: str) -> str:
    """What the code prints on a machine that has no scikit-learn, every warning an error."""
    command = [sys.executable, "-W", "error", "-c", WITHOUT_SKLEARN + DATA + code]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_that_it_finds_the_same_without_sklearn() -> None:
    there = without_sklearn("""
model = SoftmaxRegression(alpha=0.5).fit(X, y)
print(model.score(X, y), *model.coef_.ravel().tolist())
""")
    data: dict[str, Any] = {}
    exec(DATA, data)
    here = SoftmaxRegression(alpha=0.5).fit(data["X"], data["y"])
    wanted = [here.score(data["X"], data["y"]), *here.coef_.ravel()]
    np.testing.assert_allclose(np.array(there.split(), float), wanted, rtol=1e-9)


def test_that_settings_are_read_and_changed_without_sklearn() -> None:
    printed = without_sklearn("""
model = SoftmaxRegression(tol=1e-3)
print(model.set_params(alpha=2.0), model.get_params()["max_iter"])
try:
    model.set_params(beta=1.0)
except ValueError as error:
    print(error)
""")
    first, second = printed.splitlines()
    assert first == "SoftmaxRegression(alpha=2.0, tol=0.001) None"
    assert second.startswith("SoftmaxRegression has no 'beta'; it has: alpha, solver, ")


def test_that_it_warns_and_refuses_without_sklearn_too() -> None:
    printed = without_sklearn("""
import warnings
for ask in (lambda model: model.predict(X), lambda model: model.fit(X, y)):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            ask(SoftmaxRegression(max_iter=1, tol=1e-12))
        except (ValueError, AttributeError) as error:
            print(error)
        print(*(issubclass(one.category, RuntimeWarning) for one in caught))
""")
    refused, nothing, warned = printed.split("\n")
    assert refused == "This SoftmaxRegression is not fitted yet; call its fit(X, y) first."
    assert nothing == ""
    assert warned == "True"
