"""Drawn examples among opened pictures: right classes, right units, right parts; or a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, feature_names
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.mixing import mixed, not_among, why_not_mixable
from softmax_gui.data.readers import dataset_in
from softmax_gui.data.samples import load
from softmax_gui.data.stored import open_stored
from softmax_gui.export.datasets import dataset_npz
from tests.data.stored_files import save
from tests.data.test_drawn import CAT, DOG, pets


def opened(**changes: object) -> Dataset:
    """Four gray pictures from 0 to 255 of a dog and of birds."""
    values: dict[str, object] = {
        "name": "birds", "X": np.arange(16.0).reshape(4, 4) * 17.0,
        "labels": np.array([0, 1, 1, 1]),
        "class_names": ("dog", "bird"), "feature_names": feature_names(4), "image_shape": (2, 2),
        "pixel_range": (0.0, 255.0), **changes,
    }  # fmt: skip
    return Dataset(**values)  # type: ignore[arg-type]  # as a test changes them


def test_that_classes_are_joined_by_name_and_pixels_are_those_of_the_file() -> None:
    both = mixed(opened(), pets(1, 2))
    assert both.class_names == ("dog", "bird", "cat")
    assert both.labels.tolist() == [0, 1, 1, 1, 2, 0, 0]
    np.testing.assert_allclose(both.X[4:], [255 * p.ravel() for p in (CAT, DOG, DOG)])
    np.testing.assert_array_equal(both.X[:4], opened().X)
    assert both.targets is None
    assert both.notes == ("Rows at the end that were drawn by hand: 3.",)


def test_that_black_and_white_are_exact_in_every_unit() -> None:
    drawn = DrawnSet((1, 2)).with_class("a").added([[0.0, 1.0]], (1.0,))
    odd = (-0.1, 1e17 / 3)
    data = opened(X=np.zeros((4, 2)), feature_names=feature_names(2), image_shape=(1, 2),
                  pixel_range=odd)  # fmt: skip
    assert mixed(data, drawn).X[-1].tolist() == list(odd)


def test_that_soft_labels_on_either_side_make_all_labels_shares() -> None:
    soft = pets(1, 0).added(DOG, (0.25, 0.75))
    both = mixed(opened(), soft)
    assert both.targets is not None
    np.testing.assert_array_equal(both.targets[[0, 1, 4, 5]], [[1, 0, 0], [0, 1, 0], [0, 0, 1],
                                                               [0.75, 0, 0.25]])  # fmt: skip
    file = opened(targets=np.array([[0.9, 0.1], [0, 1], [0.2, 0.8], [0, 1]]))
    both = mixed(file, pets(1, 0))
    assert both.targets is not None
    np.testing.assert_array_equal(both.targets[[0, 4]], [[0.9, 0.1, 0], [0, 0, 1]])


def test_that_weights_groups_and_parts_of_the_file_hold() -> None:
    file = opened(weights=np.array([1.0, 2, 3, 2]), groups=("g", "g", "drawn 1", "h"),
                  parts=np.array([0, 0, 1, 2]))  # fmt: skip
    both = mixed(file, pets(1, 1))
    assert both.weights is not None
    assert both.weights.tolist() == [1, 2, 3, 2, 2, 2]
    assert both.groups is not None
    assert both.groups[:4] == file.groups
    assert len(set(both.groups)) == 5
    assert both.parts is not None
    assert both.parts.tolist() == [0, 0, 1, 2, 0, 0]


def test_that_the_floor_of_the_world_is_no_longer_known() -> None:
    both = mixed(load("2x2"), pets(5, 5))
    assert (both.floor, both.truth) == (None, None)
    assert both.class_names == ("cat", "chicken", "dog")
    assert both.labels[-10:].tolist() == [0] * 5 + [2] * 5


def test_that_mixed_data_can_be_cut() -> None:
    parts = split(mixed(opened(), pets(5, 5)), 0)
    assert parts.train.n + parts.validation.n == 14
    assert parts.scaling.kind == "[0, 1]"


@pytest.mark.parametrize(
    ("data", "drawn", "word"),
    [
        (load("iris"), pets(), "no gray pictures"),
        (load("digits"), pets(), "2 × 2 pixels, the data at hand 8 × 8"),
        (opened(), DrawnSet((2, 2)), "no example yet"),
    ],
)
def test_that_what_does_not_fit_is_refused_with_a_sentence(
    data: Dataset, drawn: DrawnSet, word: str
) -> None:
    assert word in why_not_mixable(data, drawn)
    with pytest.raises(ValueError, match=word):
        mixed(data, drawn)


def test_that_nothing_is_added_to_rows_that_stay_on_disk(tmp_path: Path) -> None:
    stored = open_stored(save(tmp_path, np.zeros((4, 2, 2), np.uint8), np.array([0, 1, 0, 1])))
    assert stored.image_shape == pets().image_shape
    assert "stay on disk" in why_not_mixable(stored, pets())
    with pytest.raises(ValueError, match="stay on disk"):
        mixed(stored, pets())


@pytest.mark.parametrize("soft", [False, True])
def test_that_examples_added_before_are_known_after_a_file_in_between(soft: bool) -> None:
    drawn = pets(2, 1)
    drawn = drawn.added(DOG, (1 / 3, 2 / 3)) if soft else drawn
    odd = opened(pixel_range=(-0.1, 1e17 / 3))
    again = dataset_in(dataset_npz(mixed(odd, drawn)), "a.npz")
    assert not_among(again, drawn).m == 0
    assert not_among(odd, drawn).m == drawn.m


def test_that_an_example_is_new_where_pixels_or_label_differ_or_there_are_too_few_rows() -> None:
    both = mixed(opened(), pets(2, 1))
    assert not_among(both, pets(3, 1)).m == 1
    assert not_among(both, pets(2, 1).renamed(0, "lion")).labels.tolist() == [0, 0]
    assert not_among(both, pets(1, 1).relabelled([0], (0.5, 0.5))).m == 1
    assert not_among(both, pets(2, 1).added(CAT * 0.5, (1.0, 0.0))).m == 1


def test_that_a_pixel_of_minus_zero_is_black() -> None:
    black = DrawnSet((2, 2)).with_class("dog").added(np.zeros((2, 2)), (1.0,))
    X = np.vstack([np.full((1, 4), -0.0), np.eye(4)[:3]])
    assert not_among(opened(X=X), black).m == 0


def test_that_the_name_of_mixed_data_says_so_once() -> None:
    both = mixed(mixed(opened(), pets(1, 0)), pets(1, 1))
    assert both.name == "birds + drawn"
