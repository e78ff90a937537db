"""Dataset and Scaling: owned, checked, and never a division by zero."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from softmax_gui.data.dataset import Dataset, Part, Scaling

GOOD: dict[str, Any] = {
    "name": "three",
    "X": np.arange(12.0).reshape(3, 4),
    "labels": np.array([0, 1, 1]),
    "class_names": ("cat", "chicken"),
    "feature_names": ("x1", "x2", "x3", "x4"),
    "image_shape": (2, 2),
    "pixel_range": (0.0, 11.0),
}


def test_that_a_dataset_counts_its_rows_features_and_classes() -> None:
    dataset = Dataset(**GOOD)
    assert (dataset.n, dataset.d, dataset.q) == (3, 4, 2)
    assert dataset.counts.tolist() == [1, 2]
    assert replace(dataset, class_names=("a", "b", "none of it")).counts.tolist() == [1, 2, 0]


def test_that_nobody_can_write_to_a_dataset_not_even_its_maker() -> None:
    X, labels = np.zeros((3, 4)), np.array([0, 1, 1])
    dataset = Dataset(**{**GOOD, "X": X, "labels": labels})
    X[0, 0], labels[0] = 7.0, 1  # the maker's own arrays stay writable
    assert dataset.X[0, 0] == 0.0
    assert dataset.labels[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        dataset.X[0, 0] = 1.0
    part = Part(X, labels)
    X[0, 0] = 9.0
    assert part.X[0, 0] == 7.0
    with pytest.raises(ValueError, match="read-only"):
        part.labels[0] = 0


def test_that_a_copy_with_another_name_shares_the_numbers() -> None:
    dataset = Dataset(**GOOD)
    assert replace(dataset, name="other").X is dataset.X


@pytest.mark.parametrize("dtype", [">f8", "<f4", "f2", "u1", "i2", "?"])
def test_that_numbers_of_any_kind_and_order_become_float64_rows(dtype: str) -> None:
    X = np.asfortranarray(np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype))
    dataset = Dataset("a", X, np.array([0, 1], np.uint8), ("a", "b"), ("x", "y", "z"))
    assert dataset.X.dtype == np.float64
    assert dataset.X.flags.c_contiguous
    assert dataset.X.tolist() == [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]
    assert dataset.labels.dtype == np.int64


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"X": np.zeros((0, 4)), "labels": np.zeros(0, int)}, "0 rows, 4 features and 2 classes"),
        ({"X": np.zeros((3, 0))}, "3 rows, 0 features and 2 classes; at least one each"),
        ({"class_names": ()}, "3 rows, 4 features and 0 classes"),
        ({"X": np.zeros(3)}, r"not an array \(3,\) of float64"),
        ({"X": np.zeros((3, 4), complex)}, "of complex128"),
        ({"X": np.array([["a"] * 4] * 3)}, "must be a table of numbers"),
        ({"labels": np.zeros(2, int)}, r"3 rows, but the labels have shape \(2,\)"),
        ({"labels": np.zeros(3)}, "Labels must be whole numbers, not float64"),
        ({"labels": np.array([0, 2, 1])}, "Row 2 has the label 2, but there are 2 classes, 0 to 1"),
        ({"labels": np.array([0, 1, -1])}, "Row 3 has the label -1"),
        ({"feature_names": ("x1",)}, "4 features, but 1 feature names"),
        ({"class_names": ("cat", "cat")}, 'Two classes have the name "cat"'),
        ({"image_shape": (2, 3)}, "2 x 3 pixels does not fit 4 features"),
        ({"image_shape": (-2, -2)}, "-2 x -2 pixels does not fit 4 features"),
        ({"pixel_range": (1.0, 1.0)}, r"Black 1\.0 must be below white 1\.0"),
        ({"pixel_range": (0.0, np.inf)}, r"Black 0\.0 must be below white inf"),
        ({"validation_share": 1.0}, r"validation share is 1\.0; it must lie between 0 and 1"),
    ],
)
def test_that_what_does_not_fit_is_refused_with_its_numbers(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Dataset(**{**GOOD, **changes})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_that_a_number_that_is_not_finite_is_refused_by_row_and_column(value: float) -> None:
    X = np.zeros((3, 4))
    X[1, 2] = value
    with pytest.raises(ValueError, match=f'Row 2, column "x3": {value} is not a finite number'):
        Dataset(**{**GOOD, "X": X})


sizes = st.floats(-1e12, 1e12).filter(lambda x: x == 0.0 or abs(x) > 1e-12)


@given(X=arrays(float, (5, 3), elements=sizes))
def test_that_standardised_columns_have_mean_0_and_deviation_1_or_are_constant(
    X: np.ndarray[Any, np.dtype[np.float64]],
) -> None:
    scaling = Scaling.standardise(X)
    Z = scaling.apply(X)
    spread = np.ptp(X, axis=0) > 1e-9 * np.abs(X).max(axis=0)
    np.testing.assert_allclose(Z.mean(axis=0)[spread], 0.0, atol=1e-6)
    np.testing.assert_allclose(Z.std(axis=0)[spread], 1.0, atol=1e-6)
    assert (Z[:, np.ptp(X, axis=0) == 0.0] == 0.0).all()
    np.testing.assert_allclose(scaling.undo(Z), X, rtol=1e-9, atol=1e-9 * np.abs(X).max())


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e200, 1e300])
def test_that_very_large_and_very_small_features_are_standardised(size: float) -> None:
    X = size * np.array([[1.0], [2.0], [3.0]])
    np.testing.assert_allclose(
        Scaling.standardise(X).apply(X)[:, 0], [-1.224745, 0, 1.224745], 1e-6, 1e-12
    )


def test_that_a_constant_feature_is_never_divided_by_zero() -> None:
    X = np.full((3, 2), 0.1)  # whose computed deviation is 1e-17
    scaling = Scaling.standardise(X)
    assert scaling.scale.tolist() == [1.0, 1.0]
    assert Scaling(np.zeros(2), np.array([0.0, 2.0])).scale.tolist() == [1.0, 2.0]


def test_that_black_goes_to_0_and_white_to_1() -> None:
    scaling = Scaling.of_range(0.0, 16.0, 2)
    assert scaling.kind == "[0, 1]"
    assert scaling.apply(np.array([[0.0, 16.0], [8.0, 4.0]])).tolist() == [[0, 1], [0.5, 0.25]]
    assert Scaling.of_range(0.0, 1.0, 2).kind == Scaling.identity(2).kind == "none"


@pytest.mark.parametrize(
    ("shift", "scale", "sentence"),
    [
        (np.zeros(2), np.ones(3), r"not \(2,\) and \(3,\)"),
        (np.zeros((1, 2)), np.ones((1, 2)), r"not \(1, 2\) and \(1, 2\)"),
        (np.zeros(1), np.array([np.nan]), "not finite"),
        (np.array([np.inf]), np.ones(1), "not finite"),
    ],
)
def test_that_a_scaling_that_makes_no_sense_is_refused(
    shift: np.ndarray[Any, np.dtype[np.float64]],
    scale: np.ndarray[Any, np.dtype[np.float64]],
    sentence: str,
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Scaling(shift, scale)


def test_that_half_a_character_in_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="half a character"):
        Dataset("d", np.ones((2, 1)), np.array([0, 1]), ("a", "\ud800"), ("x1",))
