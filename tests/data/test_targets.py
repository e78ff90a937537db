"""Soft labels and weights of rows: checked once, cut with their rows, read from an NPZ."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from softmax_gui.data.batches import split, training_weights
from softmax_gui.data.dataset import Dataset, Part, feature_names
from softmax_gui.data.readers import dataset_in, read_rows
from softmax_gui.files import FileProblem

if TYPE_CHECKING:
    from pathlib import Path

    from softmax_gui.data.dataset import Floats

X = np.arange(12.0).reshape(3, 4)
Y = np.array([[0.75, 0.25], [0.5, 0.5], [0.0, 1.0]])
GOOD: dict[str, Any] = {
    "name": "three",
    "X": X,
    "labels": np.array([0, 1, 1]),
    "class_names": ("cat", "chicken"),
    "feature_names": feature_names(4),
    "targets": Y,
    "weights": np.array([1.0, 0.0, 3.0]),
}


def many(n: int = 200) -> Dataset:
    """Rows whose only feature is their number, with targets and weights of their own."""
    rng = np.random.default_rng(0)
    targets = rng.dirichlet(np.ones(3), size=n)
    rows = np.arange(n, dtype=float)[:, None]
    labels, names = targets.argmax(axis=1), ("a", "b", "c")
    weights = rng.random(n)
    return Dataset("n", rows, labels, names, feature_names(1), targets=targets, weights=weights)


def npz(**named: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **named)
    return buffer.getvalue()


def test_that_a_dataset_keeps_targets_and_weights_to_itself() -> None:
    targets, weights = Y.copy(), np.array([1, 0, 3])
    dataset = Dataset(**{**GOOD, "targets": targets, "weights": weights})
    targets[0, 0], weights[0] = 0.0, 9
    assert dataset.targets is not None
    assert dataset.weights is not None
    assert dataset.targets.tolist() == Y.tolist()
    assert dataset.weights.tolist() == [1.0, 0.0, 3.0]
    for array in (dataset.targets, dataset.weights):
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    other = replace(dataset, name="other")
    assert other.targets is dataset.targets
    assert other.weights is dataset.weights


def test_that_a_dataset_has_neither_unless_told() -> None:
    dataset = Dataset(**{**GOOD, "targets": None, "weights": None})
    assert dataset.targets is dataset.weights is None
    cut = split(dataset, 0)
    assert cut.train.targets is cut.validation.weights is None


@given(arrays(float, (3, 2), elements=st.floats(0.01, 1)), st.sampled_from(["<f4", "<f2", ">f8"]))
def test_that_rows_rounded_by_their_maker_sum_to_1(values: Any, dtype: str) -> None:
    targets = (values / values.sum(axis=1, keepdims=True)).astype(dtype)
    dataset = Dataset(**{**GOOD, "targets": targets, "labels": targets.argmax(axis=1)})
    assert dataset.targets is not None
    np.testing.assert_allclose(dataset.targets.sum(axis=1), 1.0, atol=2e-9)
    np.testing.assert_allclose(dataset.targets, targets, rtol=1e-3)
    assert replace(dataset, name="again").targets is dataset.targets


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"targets": np.eye(3)}, r"3 rows and 2 classes; targets of \(3, 3\) float64 do not fit"),
        ({"targets": np.ones(3)}, r"targets of \(3,\) float64 do not fit"),
        ({"targets": Y.astype("U")}, r"targets of \(3, 2\) <U32 do not fit"),
        (
            {"targets": Y + np.array([0.0, 1e-2])},
            'Row 3, class "chicken": the target 1.01 is not between',
        ),
        (
            {"targets": Y - np.array([0.1, 0.0])},
            'Row 3, class "cat": the target -0.1 is not between 0 and 1',
        ),
        ({"targets": Y * [1, np.nan]}, 'Row 1, class "chicken": the target nan is not between'),
        ({"targets": Y * [1, 0.9]}, r"Row 1: the targets sum to 0\.975 instead of 1\."),
        ({"targets": Y * 0}, "Row 1: the targets sum to 0 instead of 1"),
        (
            {"labels": np.array([0, 0, 0])},
            'Row 3 has the label "cat", but its largest target is th',
        ),
        ({"weights": np.ones(2)}, r"3 rows; weights of \(2,\) float64 do not fit"),
        ({"weights": np.ones((3, 1))}, r"weights of \(3, 1\) float64 do not fit"),
        ({"weights": np.array(["1"] * 3)}, r"weights of \(3,\) <U1 do not fit"),
        ({"weights": np.array([1, -1, 0])}, r"Row 2 has the weight -1\.0; a finite number from 0"),
        ({"weights": np.array([1, 0, np.nan])}, "Row 3 has the weight nan"),
        ({"weights": np.array([np.inf, 0, 1])}, "Row 1 has the weight inf"),
        ({"weights": np.zeros(3)}, "All weights are 0; at least one row must count"),
    ],
)
def test_that_what_does_not_fit_is_refused_with_its_numbers(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Dataset(**{**GOOD, **changes})


def test_that_targets_and_weights_stay_with_their_rows() -> None:
    dataset = many()
    assert dataset.targets is not None
    assert dataset.weights is not None
    cut = split(dataset, 3)
    plain = split(replace(dataset, targets=None, weights=None), 3)
    for part, other in ((cut.train, plain.train), (cut.validation, plain.validation)):
        np.testing.assert_array_equal(part.X, other.X)
        rows = np.rint(cut.scaling.undo(part.X)[:, 0]).astype(int)
        assert part.targets is not None
        assert part.weights is not None
        np.testing.assert_array_equal(part.targets, dataset.targets[rows])
        np.testing.assert_array_equal(part.weights, dataset.weights[rows])
        assert [part.targets.flags.writeable, part.weights.flags.writeable] == [False, False]


def weights_of(part: Part, q: int, class_weight: str) -> Floats:
    weights = training_weights(part, q, class_weight)
    return np.ones(part.n) if weights is None else weights


def part_of(labels: list[int], weights: list[float] | None = None) -> Part:
    own = None if weights is None else np.array(weights)
    return Part(np.zeros((len(labels), 1)), np.array(labels, np.int64), None, own)


@pytest.mark.parametrize(
    ("part", "class_weight"),
    [
        (part_of([0, 1, 1]), "none"),
        (part_of([0, 1, 0, 1]), "balanced"),
        (part_of([0, 1, 1], [0.3, 0.3, 0.3]), "none"),
        (part_of([2, 2, 2]), "balanced"),
        (part_of([0, 1, 0, 1], [7.0] * 4), "balanced"),
        (part_of([]), "balanced"),
    ],
)
def test_that_rows_that_count_alike_have_no_weights(part: Part, class_weight: str) -> None:
    assert training_weights(part, 3, class_weight) is None


def test_that_balanced_weights_are_n_over_q_times_the_count_scaled_to_mean_1() -> None:
    weights = weights_of(part_of([0, 0, 0, 1]), 2, "balanced")
    np.testing.assert_allclose(weights, [2 / 3, 2 / 3, 2 / 3, 2.0], rtol=1e-15)
    absent = weights_of(part_of([0, 0, 0, 2]), 5, "balanced")
    np.testing.assert_allclose(absent, weights, rtol=1e-15)


@given(
    labels=st.lists(st.integers(0, 3), min_size=2, max_size=30).filter(lambda k: len(set(k)) > 1),
    seed=st.integers(0, 99),
    size=st.sampled_from([1.0, 1e-300, 1e308]),
)
def test_that_balanced_classes_have_the_same_total_weight_and_rows_their_shares(
    labels: list[int], seed: int, size: float
) -> None:
    own = 0.01 + 0.9 * np.random.default_rng(seed).random(len(labels))
    weights = weights_of(part_of(labels, list(size * own)), 4, "balanced")
    assert weights.mean() == pytest.approx(1.0, rel=1e-12)
    totals = np.bincount(labels, weights, minlength=4)
    np.testing.assert_allclose(totals[totals > 0], len(labels) / len(set(labels)), rtol=1e-12)
    for k in set(labels):
        of_class = np.array(labels) == k
        ratio = weights[of_class] / own[of_class]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)


def test_that_own_weights_are_scaled_to_mean_1() -> None:
    weights = weights_of(part_of([0, 1, 0], [0.0, 1.0, 3.0]), 2, "none")
    np.testing.assert_allclose(weights, [0.0, 0.75, 2.25], rtol=1e-15)


def test_that_a_class_of_weight_0_disturbs_no_other() -> None:
    weights = weights_of(part_of([0, 0, 1, 2], [1, 3, 0, 2]), 3, "balanced")
    np.testing.assert_allclose(weights, [0.5, 1.5, 0.0, 2.0], rtol=1e-15)


def test_that_a_training_part_without_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="All rows to train on have the weight 0"):
        training_weights(part_of([0, 1], [0.0, 0.0]), 2, "none")


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
def test_that_probabilities_in_a_file_are_soft_labels(dtype: str) -> None:
    data = dataset_in(npz(X=X, y=Y.astype(dtype), class_names=np.array(["cat", "hen"])), "a.npz")
    assert data.targets is not None
    assert data.targets.tolist() == Y.tolist()
    assert data.labels.tolist() == [0, 0, 1]
    assert data.class_names == ("cat", "hen")
    assert data.notes == ("Each row of y is taken as the probabilities of 2 classes.",)


@pytest.mark.parametrize("dtype", ["f8", "i8", "?"])
def test_that_one_hot_labels_in_a_file_are_taken(dtype: str) -> None:
    data = dataset_in(npz(X=X, y=np.eye(3).astype(dtype)), "a.npz")
    assert data.targets is not None
    assert data.targets.tolist() == np.eye(3).tolist()
    assert (data.class_names, data.labels.tolist()) == (("0", "1", "2"), [0, 1, 2])


def test_that_weights_in_a_file_are_taken() -> None:
    data = dataset_in(npz(X=X, y=[1, 0, 1], sample_weight=[1, 0, 2]), "a.npz")
    assert data.weights is not None
    assert data.weights.tolist() == [1.0, 0.0, 2.0]
    assert data.targets is None
    assert data.notes == ("The rows count as sample_weight says.",)


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"y": Y * 0.9}, "a.npz: Row 1: the targets sum to 0.9 instead of 1."),
        ({"y": Y + 1}, 'a.npz: Row 1, class "0": the target 1.75 is not between 0 and 1.'),
        ({"y": Y, "class_names": ["a"]}, "y has 2 columns, but class_names has 1 names."),
        ({"y": [0, 1, 1], "sample_weight": [1, 2]}, "a.npz: The data have 3 rows; weights of (2,)"),
        ({"y": [0, 1, 1], "sample_weight": [1, 2, -2]}, "a.npz: Row 3 has the weight -2.0"),
        ({"y": [0, 1, 1], "sample_weight": ["1"] * 3}, "sample_weight holds <U1 instead of num"),
    ],
)
def test_that_a_file_whose_targets_do_not_fit_is_named(
    named: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(FileProblem) as problem:
        dataset_in(npz(X=X, **named), "a.npz")
    assert sentence in str(problem.value)


def test_that_rows_for_a_model_take_the_likeliest_class(tmp_path: Path) -> None:
    path = tmp_path / "new.npz"
    path.write_bytes(npz(X=X, y=Y, class_names=np.array(["cat", "hen"])))
    assert read_rows(path, feature_names(4))[1] == ["cat", "cat", "hen"]
    path.write_bytes(npz(X=X, y=Y * np.nan))
    with pytest.raises(FileProblem, match=r"new\.npz: Row 1, class .* nan is not between 0 and 1"):
        read_rows(path, feature_names(4))
