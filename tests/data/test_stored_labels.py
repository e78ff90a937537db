"""Labels of stored rows: classes by identity, or a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from softmax_gui.data.stored import open_stored
from tests.data.stored_files import problem_with, save

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("labels", "names", "numbers"),
    [
        ([7, -1, 7, 300], ("-1", "7", "300"), [1, 0, 1, 2]),
        ([2.0, 0.0, 2.0, 0.0], ("0", "2"), [1, 0, 1, 0]),
        ([True, False, True, True], ("0", "1"), [1, 0, 1, 1]),
        (["dog", "cat", "dog", "개"], ("cat", "dog", "개"), [1, 0, 1, 2]),
        (["10", "9", "10", "9"], ("9", "10"), [1, 0, 1, 0]),
        ([b"b", b"a", b"b", b"a"], ("a", "b"), [1, 0, 1, 0]),
        ([2**40, 0, 2**40, 5], ("0", "5", str(2**40)), [2, 0, 2, 1]),
        ([[1], [0], [1], [0]], ("0", "1"), [1, 0, 1, 0]),
    ],
)
def test_that_labels_are_classes_by_identity(
    tmp_path: Path, labels: list[Any], names: tuple[str, ...], numbers: list[int]
) -> None:
    data = open_stored(save(tmp_path, np.ones((4, 2)), np.array(labels)))
    assert data.class_names == names
    assert data.labels.tolist() == numbers
    assert data.labels.dtype == np.uint8
    assert data.counts.sum() == 4


def test_that_labels_may_be_positions_in_names_that_are_given(tmp_path: Path) -> None:
    path = save(tmp_path, np.ones((3, 2)), np.array([2, 0, 2]))
    data = open_stored(path, class_names=["cat", "dog", "eel"])
    assert (data.q, data.labels.tolist()) == (3, [2, 0, 2])
    assert "label 2 is none of the 2 classes" in problem_with(path, class_names=["cat", "dog"])


def test_that_a_thousand_classes_take_two_bytes_a_row(tmp_path: Path) -> None:
    labels = np.arange(5000) % 1000
    data = open_stored(save(tmp_path, np.ones((5000, 1), np.float32), labels))
    assert data.q == 1000
    assert data.labels.dtype == np.uint16
    np.testing.assert_array_equal(data.labels, labels)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (np.zeros(30, int), 'all 30 rows have the label "0"'),
        (np.arange(30), "30 different numbers in 30 rows look like a quantity"),
        (np.arange(30) / 4, "row 2: the label 0.25 is no whole number"),
        (np.full(30, np.nan), "row 1: the label nan is no whole number"),
        (np.zeros((30, 4)), "(30, 4); one label a row is needed"),
        (np.arange(29) % 2, "30 rows, but there are 29 labels"),
        (np.array([b"\xff", b"a"] * 15), "no UTF-8 text"),
    ],
)
def test_that_labels_that_are_no_classes_are_refused(
    tmp_path: Path, labels: Any, sentence: str
) -> None:
    assert sentence in problem_with(save(tmp_path, np.ones((30, 2)), labels))
