"""What the estimator refuses, each in one sentence that names the culprit."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.exceptions import DataConversionWarning, NotFittedError

from softmax_gui.estimator import SoftmaxRegression, solving
from softmax_gui.export.model import ModelProblem
from softmax_gui.training.devices import Device, DeviceError

X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.arange(12) % 3


class Table:
    """Rows whose columns have names, as data frames have them."""

    def __init__(self, values: Any, columns: list[Any]) -> None:
        self._values, self.columns = values, columns

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        return np.array(self._values, dtype=dtype)


def with_entry(value: Any, *place: int, kind: Any = float) -> NDArray[Any]:
    changed = X.astype(kind)
    changed[place] = value
    return changed


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("alpha", -1.0), ("alpha", np.inf), ("alpha", np.nan), ("alpha", "much"),
        ("tol", 0.0), ("tol", -1e-6), ("tol", np.nan), ("tol", None),
        ("solver", "newton"), ("solver", None), ("solver", ["lbfgs"]),
        ("device", "gpu"), ("device", None),
        ("max_iter", 0), ("max_iter", 2.5), ("max_iter", "many"),
        ("label_smoothing", 1.0), ("label_smoothing", -0.1),
        ("dtype", "float16"), ("dtype", int),
        ("batch_size", 0), ("batch_size", None),
        ("random_state", "x"), ("random_state", -1),
        ("learning_rate", 0.0), ("learning_rate", np.inf),
    ],
)  # fmt: skip
def test_that_a_setting_out_of_its_range_is_named(setting: str, value: Any) -> None:
    model = SoftmaxRegression(**{setting: value})
    wanted = re.escape(f"{setting} is {value!r}; wanted: ")
    with pytest.raises(ValueError, match=wanted):
        model.fit(X, Y)


def test_that_the_compiled_loop_is_for_minibatches() -> None:
    with pytest.raises(ValueError, match="minibatch"):
        SoftmaxRegression(device="compiled").fit(X, Y)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_that_a_device_that_is_not_there_is_told(device: str) -> None:
    torch = pytest.importorskip("torch")
    there = torch.cuda if device == "cuda" else torch.backends.mps
    if there.is_available():
        pytest.skip("it is there")
    with pytest.raises(DeviceError, match=r"finds no (CUDA|Apple) GPU"):
        SoftmaxRegression(device=device).fit(X, Y)


def test_that_a_device_that_was_not_named_gives_way_to_numpy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch")
    if torch.backends.mps.is_available():
        pytest.skip("it would not fail")
    found = Device("mps", "MPS (torch)", "fastest for steps this large")
    monkeypatch.setattr(solving, "choose", lambda wanted, flop: found)
    with pytest.warns(RuntimeWarning, match="the fit goes on with numpy"):
        model = SoftmaxRegression().fit(X, Y)
    assert model.device_ == "numpy"
    with pytest.raises(RuntimeError, match="mps"):
        SoftmaxRegression(device="mps").fit(X, Y)


@pytest.mark.parametrize(
    ("features", "error", "sentence"),
    [
        (with_entry(np.nan, 4, 1), ValueError, r"NaN or infinity 1 times.*row 4, column 1 \(nan\)"),
        (with_entry(-np.inf, 7), ValueError, r"infinity 3 times, first in row 7, column 0 \(-inf"),
        (csr_array(X), TypeError, r"Sparse X is not supported"),
        (X.astype(complex), ValueError, r"Complex data not supported"),
        (X[:, 0], ValueError, r"Reshape your data"),
        (X[None], ValueError, r"\(n, d\), not an array of shape \(1, 12, 3\)"),
        (X[:, :0], ValueError, r"0 feature\(s\) \(shape=\(12, 0\)\)"),
        (X[:0], ValueError, r"0 sample\(s\)"),
        (X[:5], ValueError, r"X has 5 rows, but y has 12"),
        (with_entry("red", 2, 2, kind=object), ValueError, r"'red'"),
        (with_entry({}, 2, 2, kind=object), TypeError, r"number"),
        (Table(X, ["a", "b", 3]), TypeError, r"make all strings"),
    ],
)
def test_that_features_that_cannot_be_used_are_refused(
    features: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        SoftmaxRegression().fit(features, Y)


def test_that_a_number_too_large_for_float32_is_told() -> None:
    with pytest.raises(ValueError, match=r"row 1, column 0 \(inf\)"):
        SoftmaxRegression(dtype="float32").fit(with_entry(1e60, 1, 0), Y)


def test_that_the_first_bad_place_is_found_in_any_block() -> None:
    large = np.zeros((1_100_000, 2), dtype=np.float32)
    large[1_000_000, 1] = large[1_099_999] = np.inf
    with pytest.raises(ValueError, match="3 times, first in row 1000000, column 1"):
        SoftmaxRegression().fit(large, Y)


def soft(row: list[float]) -> NDArray[Any]:
    targets = np.eye(3)[Y]
    targets[5] = row
    return targets


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (np.ones(12), "at least 2 classes, but the data hold one class only: 1.0. Add rows"),
        (np.tile([0.0, 1.0, 0.0], (12, 1)), "one class only: 1"),
        (Y[:11], "X has 12 rows, but y has 11"),
        (None, "requires y to be passed, but the target y is None"),
        (Y + 0.5, "Unknown label type: continuous"),
        (np.where(Y == 1, np.nan, Y), "y holds NaN or infinity 4 times, first in row 1"),
        (["a", None] * 6, "Unknown label type: y mixes NoneType, str"),
        (Y + 1j, "Unknown label type: complex128"),
        (np.zeros((12, 2, 2)), r"y must be \(n,\) labels or \(n, q\) soft labels"),
        (
            soft([0.5, 0.4, 0.0]),
            "Row 5 of y is no probabilities: its least entry is 0, its sum 0.9",
        ),
        (soft([1.5, -0.5, 0.0]), "its least entry is -0.5"),
        (soft([np.nan, 0.0, 0.0]), "row 5, column 0"),
        (np.full((12, 2), "a"), "Soft labels must be numbers"),
    ],
)
def test_that_labels_that_cannot_be_used_are_refused(labels: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        SoftmaxRegression().fit(X, labels)


@pytest.mark.parametrize(
    ("sample_weight", "sentence"),
    [
        (np.ones(11), r"sample_weight must be \(12,\), one a row of X, not \(11,\)"),
        (np.ones((12, 2)), "one a row"),
        (-np.eye(12)[3], "negative in row 3: -1"),
        (np.full(12, np.nan), "sample_weight holds NaN or infinity 12 times"),
        (np.zeros(12), "sample_weight is zero in every row"),
        ((Y == 2) * 1.0, "the rows of positive sample_weight hold one class only: 2"),
    ],
)
def test_that_weights_of_rows_that_cannot_be_used_are_refused(
    sample_weight: Any, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        SoftmaxRegression().fit(X, Y, sample_weight=sample_weight)


@pytest.mark.parametrize(
    ("class_weight", "sentence"),
    [
        ("even", "class_weight is 'even'; wanted"),
        ({0: 1.0, 7: 2.0}, r"class_weight names \[7\], but the classes are \[0, 1, 2\]"),
        ({0: -1.0}, "class_weight holds -1"),
        ({0: np.inf}, "wanted: finite numbers from 0"),
        ({0: 0.0, 1: 0.0}, "fewer than 2 classes"),
    ],
)
def test_that_weights_of_classes_that_cannot_be_used_are_refused(
    class_weight: Any, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        SoftmaxRegression(class_weight=class_weight).fit(X, Y)


def test_that_one_weight_counts_for_every_row() -> None:
    twice = SoftmaxRegression(alpha=2.0).fit(X, Y, sample_weight=2.0)
    np.testing.assert_allclose(twice.coef_, SoftmaxRegression().fit(X, Y).coef_, atol=1e-5)


def test_that_a_column_of_labels_is_taken_with_a_warning_at_the_caller() -> None:
    with pytest.warns(DataConversionWarning, match="column-vector y") as warned:
        model = SoftmaxRegression().fit(X, Y[:, None])
    assert warned[0].filename == __file__
    np.testing.assert_array_equal(model.coef_, SoftmaxRegression().fit(X, Y).coef_)


def test_that_numbers_and_names_in_boxes_are_labels() -> None:
    numbers = SoftmaxRegression().fit(X, Y.astype(object))
    assert numbers.classes_.dtype == int
    names = SoftmaxRegression().fit(X, np.array(["x", "y", "z"], dtype=object)[Y])
    assert names.classes_.tolist() == ["x", "y", "z"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda model: model.predict(X),
        lambda model: model.predict_proba(X),
        lambda model: model.decision_function(X),
        lambda model: model.score(X, Y),
        lambda model: model.to_model(),
    ],
)
def test_that_nothing_can_be_asked_before_the_fit(ask: Callable[[Any], Any]) -> None:
    with pytest.raises(NotFittedError, match="not fitted yet; call its fit"):
        ask(SoftmaxRegression())


def test_that_predictions_ask_for_the_features_of_the_fit() -> None:
    model = SoftmaxRegression().fit(X, Y)
    with pytest.raises(ValueError, match="X has 2 features, but SoftmaxRegression is expecting 3"):
        model.predict(X[:, :2])
    with pytest.raises(ValueError, match="row 4, column 1"):
        model.predict_proba(with_entry(np.nan, 4, 1))


def test_that_columns_keep_their_names_and_are_asked_for_by_them() -> None:
    model = SoftmaxRegression().fit(Table(X, ["a", "b", "c"]), Y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    assert model.to_model().feature_names == ("a", "b", "c")
    np.testing.assert_array_equal(
        model.predict(Table(X, ["a", "b", "c"])), SoftmaxRegression().fit(X, Y).predict(X)
    )
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(Table(X, ["c", "b", "a"]))
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- z\n.*\n- b"):
        model.predict(Table(X, ["a", "z", "c"]))


def test_that_names_on_one_side_only_are_warned_of() -> None:
    named, plain = Table(X, ["a", "b", "c"]), X
    model = SoftmaxRegression().fit(named, Y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(plain)
    model.fit(plain, Y)
    assert not hasattr(model, "feature_names_in_")
    with pytest.warns(UserWarning, match="fitted without"):
        model.predict(named)
    assert not hasattr(SoftmaxRegression().fit(Table(X, [0, 1, 2]), Y), "feature_names_in_")


def test_that_a_name_with_an_unknown_ending_is_refused() -> None:
    with pytest.raises(ModelProblem, match="unknown ending"):
        SoftmaxRegression().fit(X, Y).save("model.docx")
