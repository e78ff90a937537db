"""Accuracy, confusion and calibration against counting by hand."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from softmax_gui.core.metrics import accuracy, confusion_matrix, expected_calibration_error
from softmax_gui.core.softmax import softmax
from tests.core.oracle import both_libraries, both_precisions, make, numpy_of

METRICS = [accuracy, confusion_matrix, expected_calibration_error]
examples = st.integers(0, 40).flatmap(
    lambda n: st.tuples(
        arrays(float, (n, 4), elements=st.floats(-9, 9)).map(softmax),
        arrays(np.int64, n, elements=st.integers(0, 3)),
    )
)


def _confidences(values: list[float]) -> np.ndarray[Any, Any]:
    """Two classes, of which the first has the given probability."""
    return np.stack([np.array(values), 1 - np.array(values)], axis=1)


@both_libraries
def test_that_ties_go_to_the_first_class(library: str) -> None:
    tied = make(library, [[0.2, 0.4, 0.4], [1 / 3] * 3, [0.4, 0.4, 0.2]])
    assert accuracy(tied, make(library, [1, 0, 0], "int64")) == 1.0
    assert accuracy(tied, make(library, [2, 1, 1], "int64")) == 0.0


@both_libraries
def test_that_no_examples_give_nan_and_no_counts(library: str) -> None:
    none, labels = make(library, np.zeros((0, 3))), make(library, [], "int64")
    assert math.isnan(accuracy(none, labels))
    assert math.isnan(expected_calibration_error(none, labels))
    np.testing.assert_array_equal(numpy_of(confusion_matrix(none, labels)), np.zeros((3, 3)))
    assert math.isnan(accuracy(np.zeros((0, 3)), []))


@given(examples)
def test_that_the_metrics_count_as_one_counts_by_hand(
    example: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]],
) -> None:
    probabilities, labels = example
    counts = np.zeros((4, 4), dtype=int)
    bins: dict[int, list[float]] = {}
    for row, label in zip(probabilities, labels, strict=True):
        predicted, confidence = int(np.argmax(row)), float(np.max(row))
        counts[label, predicted] += 1
        place = next(m for m in range(1, 8) if confidence <= m / 7)
        bins.setdefault(place, []).append((predicted == label) - confidence)
    matrix = confusion_matrix(probabilities, labels)
    np.testing.assert_array_equal(matrix, counts)
    assert matrix.dtype == np.int64
    if len(labels):
        assert accuracy(probabilities, labels) == np.trace(counts) / len(labels)
        wanted = sum(abs(math.fsum(gaps)) for gaps in bins.values()) / len(labels)
        error = expected_calibration_error(probabilities, labels, bins=7)
        assert error == pytest.approx(wanted, abs=1e-14)
        assert 0 <= error <= 1


@both_libraries
@both_precisions
def test_that_logits_and_probabilities_predict_alike(library: str, dtype: str) -> None:
    rng = np.random.default_rng(0)
    logits, labels = make(library, rng.normal(size=(500, 10)), dtype), rng.integers(10, size=500)
    labels = make(library, labels, "int64")
    assert accuracy(logits, labels) == accuracy(softmax(logits), labels)
    matrix = numpy_of(confusion_matrix(logits, labels))
    np.testing.assert_array_equal(matrix, numpy_of(confusion_matrix(softmax(logits), labels)))
    assert matrix.sum() == 500
    assert accuracy(logits, labels) == np.trace(matrix) / 500


@both_libraries
def test_that_rows_are_true_classes_and_columns_predicted_ones(library: str) -> None:
    probabilities = make(library, [[0.1, 0.8, 0.1]])
    matrix = numpy_of(confusion_matrix(probabilities, make(library, [2], "int64")))
    np.testing.assert_array_equal(matrix, [[0, 0, 0], [0, 0, 0], [0, 1, 0]])


@both_libraries
def test_that_labels_as_bytes_do_not_overflow(library: str) -> None:
    labels = make(library, [199, 0, 199], "uint8")
    probabilities = make(library, np.eye(200)[[199, 0, 0]])
    matrix = numpy_of(confusion_matrix(probabilities, labels))
    assert (matrix[199, 199], matrix[0, 0], matrix[199, 0], matrix.sum()) == (1, 1, 1, 3)


@both_libraries
def test_that_a_row_without_probabilities_predicts_nothing(library: str) -> None:
    rows = [[np.nan, np.nan], [-np.inf, -np.inf], [np.inf, 0.0], [1.0, -np.inf]]
    undefined, labels = make(library, rows), make(library, [0, 0, 0, 0], "int64")
    assert accuracy(undefined, labels) == 0.25
    np.testing.assert_array_equal(numpy_of(confusion_matrix(undefined, labels)), [[1, 0], [0, 0]])
    assert math.isnan(expected_calibration_error(softmax(undefined), labels))


@both_libraries
@both_precisions
def test_that_a_confidence_on_an_edge_belongs_to_the_bin_below(library: str, dtype: str) -> None:
    # 0.7 * 10 is above 7 in floating point; the bin must still be the one that ends at 7/10
    rows = make(library, _confidences([0.7, 0.65, 0.75]), dtype)
    labels = make(library, [0, 1, 0], "int64")
    gaps = np.array([1 - 0.7 - 0.65, 1 - 0.75])
    wanted = np.abs(gaps).sum() / 3
    error = expected_calibration_error(rows, labels, bins=10)
    assert error == pytest.approx(wanted, rel=1e-6)


@both_libraries
def test_that_certainty_is_calibrated_when_right_and_not_when_wrong(library: str) -> None:
    certain = make(library, [[1.0, 0.0], [0.0, 1.0]])
    assert expected_calibration_error(certain, make(library, [0, 1], "int64")) == 0.0
    assert expected_calibration_error(certain, make(library, [1, 0], "int64")) == 1.0
    nothing = make(library, [[0.0, 0.0]])  # confidence 0 stands in the first bin
    assert expected_calibration_error(nothing, make(library, [1], "int64")) == 0.0
    assert expected_calibration_error(certain, make(library, [0, 0], "int64"), bins=1) == 0.5


def test_that_the_calibration_error_of_the_truth_shrinks_like_one_over_the_root() -> None:
    rng = np.random.default_rng(0)
    probabilities = softmax(2 * rng.normal(size=(64_000, 3)))
    labels = (rng.random((64_000, 1)) > np.cumsum(probabilities, axis=1)).sum(axis=1)
    few = expected_calibration_error(probabilities[:1000], labels[:1000])
    assert expected_calibration_error(probabilities, labels) < 0.01 < few < 0.1
    sharpened = softmax(3 * np.log(probabilities))
    assert expected_calibration_error(sharpened, labels) > 0.1


@both_libraries
@pytest.mark.parametrize("metric", METRICS)
def test_that_a_label_out_of_range_is_named(library: str, metric: Any) -> None:
    probabilities = make(library, [[0.5, 0.5], [0.5, 0.5]])
    for label in (-1, 2):
        with pytest.raises(ValueError, match=rf"^Label {label} is out of range: 2 classes have"):
            metric(probabilities, make(library, [0, label], "int64"))


@both_libraries
@pytest.mark.parametrize("metric", METRICS)
def test_that_labels_that_are_no_integers_are_refused(library: str, metric: Any) -> None:
    probabilities = make(library, [[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(ValueError, match=r"^Labels must be integers, not .*float64"):
        metric(probabilities, make(library, [0.0, 1.0]))
    with pytest.raises(ValueError, match=r"must be \(n, q\) and \(n,\)"):
        metric(probabilities, make(library, [0, 1, 1], "int64"))
    with pytest.raises(ValueError, match=r"must be \(n, q\) and \(n,\)"):
        metric(probabilities[0], make(library, [0, 1], "int64"))


def test_that_calibration_asks_for_probabilities_and_bins() -> None:
    with pytest.raises(ValueError, match="needs probabilities between 0 and 1, not logits"):
        expected_calibration_error(np.array([[3.0, -1.0]]), np.array([0]))
    with pytest.raises(ValueError, match="At least one bin is needed, not 0"):
        expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0]), bins=0)


@pytest.mark.parametrize("metric", METRICS)
def test_that_labels_of_numpy_serve_probabilities_of_torch(metric: Any) -> None:
    probabilities, labels = make("torch", np.eye(3)), np.array([0, 1, 1])
    labels.flags.writeable = False
    np.testing.assert_array_equal(
        metric(probabilities, labels), metric(numpy_of(probabilities), labels)
    )
    np.testing.assert_array_equal(
        metric(numpy_of(probabilities), make("torch", labels, "int64")),
        metric(numpy_of(probabilities), labels),
    )
