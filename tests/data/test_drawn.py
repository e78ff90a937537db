"""A set by drawing grows, changes and comes back; damaged ones are refused in sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.readers import read_dataset
from softmax_gui.export.datasets import dataset_npz

CAT = np.array([[1.0, 0.8], [0.0, 0.1]])
DOG = np.array([[0.9, 0.0], [1.0, 0.25]])


def pets(cats: int = 2, dogs: int = 2) -> DrawnSet:
    drawn = DrawnSet((2, 2)).with_class("cat").with_class("dog")
    for _ in range(cats):
        drawn = drawn.added(CAT, (1.0, 0.0))
    for _ in range(dogs):
        drawn = drawn.added(DOG, (0.0, 1.0))
    return drawn


def same(one: DrawnSet, other: DrawnSet) -> bool:
    return (
        (one.image_shape, one.class_names) == (other.image_shape, other.class_names)
        and np.array_equal(one.pictures, other.pictures)
        and np.array_equal(one.targets, other.targets)
    )


@st.composite
def sets(draw: st.DrawFn) -> DrawnSet:
    """Any set: sizes, names, hard and soft labels."""
    h, w, m = draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.integers(0, 6))
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
    names = draw(st.lists(text, min_size=1, max_size=4, unique=True))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    targets = random.dirichlet(np.ones(len(names)), m) if m else np.zeros((0, len(names)))
    hard = random.random(m) < 0.5
    targets[hard] = np.eye(len(names))[random.integers(0, len(names), int(hard.sum()))]
    return DrawnSet((h, w), tuple(names), random.random((m, h, w)), targets)


def test_that_a_new_set_is_empty_and_says_what_is_missing() -> None:
    drawn = DrawnSet((3, 2))
    assert (drawn.m, drawn.q, drawn.pictures.shape) == (0, 0, (0, 3, 2))
    assert drawn.why_not_trainable() == "There is no example yet. Add some of two classes first."
    assert drawn.labels.shape == (0,)


def test_that_one_class_alone_cannot_be_trained_on() -> None:
    assert "All examples belong to cat" in pets(3, 0).why_not_trainable()
    assert pets(1, 1).why_not_trainable() == ""


def test_that_one_soft_example_of_two_classes_can_be_trained_on() -> None:
    drawn = pets(0, 0).added(CAT, (0.7, 0.3))
    assert drawn.why_not_trainable() == ""
    parts = split(drawn.dataset("soft"), 0)
    assert (parts.train.n, parts.validation.n) == (1, 0)


def test_that_every_edit_leaves_the_set_before_as_it_was() -> None:
    drawn = pets()
    before = {name: array.copy() for name, array in drawn.to_arrays().items()}
    drawn.added(DOG, (0.5, 0.5))
    drawn.relabelled([0, 1], (0.0, 1.0))
    drawn.removed([0, 3])
    drawn.renamed(0, "wolf")
    drawn.with_class("bird").pruned()
    for name, array in drawn.to_arrays().items():
        np.testing.assert_array_equal(array, before[name])
        assert name in ("image_shape", "class_names") or not array.flags.writeable


def test_that_edits_do_what_they_say() -> None:
    drawn = pets().relabelled([0, 3], (0.25, 0.75)).removed([1]).renamed(1, "wolf")
    assert drawn.class_names == ("cat", "wolf")
    np.testing.assert_array_equal(drawn.targets, [[0.25, 0.75], [0, 1], [0.25, 0.75]])
    np.testing.assert_array_equal(drawn.pictures, [CAT, DOG, DOG])
    assert drawn.is_soft
    assert drawn.counts.tolist() == [0.5, 2.5]


def test_that_a_dataset_has_only_classes_with_an_example() -> None:
    drawn = DrawnSet((2, 2)).with_class("bird").with_class("cat").with_class("dog")
    drawn = drawn.added(CAT, (0, 1, 0)).added(DOG, (0, 0, 1))
    data = drawn.dataset("pets")
    assert data.class_names == ("cat", "dog")
    assert data.labels.tolist() == [0, 1]
    assert data.targets is None
    assert (data.image_shape, data.pixel_range) == ((2, 2), (0.0, 1.0))
    np.testing.assert_array_equal(data.X, [CAT.ravel(), DOG.ravel()])


def test_that_soft_labels_stay_soft() -> None:
    data = pets().added(CAT, (0.6, 0.4)).dataset("pets")
    assert data.targets is not None
    np.testing.assert_array_equal(data.targets[-1], [0.6, 0.4])
    np.testing.assert_array_equal(data.targets[0], [1.0, 0.0])


def test_that_a_set_of_five_cats_and_five_dogs_validates_with_one_of_each() -> None:
    parts = split(pets(5, 5).dataset("pets"), 0)
    assert sorted(parts.validation.labels.tolist()) == [0, 1]
    np.testing.assert_array_equal(parts.scaling.apply(CAT.ravel()), CAT.ravel())


@given(drawn=sets())
def test_that_arrays_make_the_same_set_again(drawn: DrawnSet) -> None:
    assert same(DrawnSet.from_arrays(drawn.to_arrays()), drawn)


@given(drawn=sets().filter(lambda one: one.m > 0))
def test_that_a_dataset_keeps_every_picture_and_share(drawn: DrawnSet) -> None:
    data, own = drawn.dataset("any"), drawn.pruned()
    np.testing.assert_array_equal(data.X, own.pictures.reshape(own.m, -1))
    Y = np.eye(data.q)[data.labels] if data.targets is None else data.targets
    np.testing.assert_array_equal(Y, own.targets)
    assert all(name in drawn.class_names for name in data.class_names)


@pytest.mark.parametrize("soft", [False, True])
def test_that_a_saved_set_reads_back_equal(tmp_path: Path, soft: bool) -> None:
    drawn = pets(3, 2).renamed(1, "개")
    drawn = drawn.added(DOG, (0.3, 0.7)) if soft else drawn
    path = tmp_path / "pets.npz"
    path.write_bytes(dataset_npz(drawn.dataset("pets")))
    assert_equal(read_dataset(path), drawn.dataset("pets"))


def test_that_two_single_examples_read_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "pets.npz"
    path.write_bytes(dataset_npz(pets(1, 1).dataset("pets")))
    assert_equal(read_dataset(path), pets(1, 1).dataset("pets"))


def assert_equal(read: Dataset, made: Dataset) -> None:
    np.testing.assert_array_equal(read.X, made.X)
    np.testing.assert_array_equal(read.labels, made.labels)
    for name in ("class_names", "feature_names", "image_shape", "pixel_range"):
        assert getattr(read, name) == getattr(made, name)
    assert (read.targets is None) == (made.targets is None)
    if read.targets is not None and made.targets is not None:
        np.testing.assert_array_equal(read.targets, made.targets)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"pictures": np.full((4, 2, 2), 1.5)}, "between 0 and 1"),
        ({"pictures": np.full((4, 2, 2), np.nan)}, "between 0 and 1"),
        ({"pictures": np.zeros((4, 2, 3))}, "do not fit"),
        ({"pictures": np.zeros((4, 4))}, "do not fit"),
        ({"pictures": np.array(["a"] * 4)}, "do not fit"),
        ({"targets": np.zeros((4, 3))}, "targets of shape"),
        ({"targets": np.full((4, 2), 0.4)}, "sum to 0.8"),
        ({"targets": np.array([[2.0, -1.0]] * 4)}, "not between 0 and 1"),
        ({"class_names": np.array(["cat", "cat"])}, "Two classes"),
        ({"class_names": np.array([1, 2])}, "list of names"),
        ({"class_names": np.array(["\ud800", "b"])}, "text that a file can hold"),
        ({"image_shape": np.array([2])}, "a height and a width"),
        ({"image_shape": np.array([2.0, 2.0])}, "a height and a width"),
        ({"image_shape": np.array([0, 2])}, "0 x 2"),
        ({"image_shape": np.array([10**9, 2])}, "1000000000 x 2"),
    ],
)
def test_that_damaged_arrays_are_refused(changes: dict[str, np.ndarray], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        DrawnSet.from_arrays(pets().to_arrays() | changes)


def test_that_a_missing_array_is_named() -> None:
    arrays = pets().to_arrays()
    del arrays["targets"]
    with pytest.raises(ValueError, match="lack the array targets"):
        DrawnSet.from_arrays(arrays)


def test_that_what_does_not_fit_into_a_set_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        pets().added(np.zeros((3, 2)), (1.0, 0.0))
    for target in ((0.5, 0.4), (1.0,), (1.5, -0.5), (np.nan, 1.0)):
        with pytest.raises(ValueError, match="sum to 1"):
            pets().added(CAT, target)
    with pytest.raises(ValueError, match="Two classes"):
        pets().renamed(0, "dog")


def test_that_a_label_brings_its_classes_along() -> None:
    grown, target = pets(1, 0).with_label({"bird": 0.25, "cat": 0.75})
    assert grown.class_names == ("cat", "dog", "bird")
    assert target.tolist() == [0.75, 0.0, 0.25]
