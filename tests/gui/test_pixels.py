"""Tints on screen, units in the file, what the model sees: right in every scaling."""

from __future__ import annotations

import numpy as np
import pytest

from softmax_gui.data.assignment import TRAIN, assigned
from softmax_gui.data.cut import Cut
from softmax_gui.data.dataset import Dataset, Part, Split, feature_names
from softmax_gui.data.scaling import SCALINGS
from softmax_gui.data.synthetic import World
from softmax_gui.gui.pixels import drawn_row, mean_pictures, model_input
from tests.gui.windows import table

RANGES = [(0.0, 1.0), (0.0, 16.0), (0.0, 255.0), (-1.0, 1.0), (20.0, 60.0)]
CUT = Cut(test_share=0.2)


def pictures(black: float, white: float, n: int = 90) -> Dataset:
    """3 x 4 pictures of three classes, in the units of a file, whole numbers of 256 tints."""
    random = np.random.default_rng(2)
    labels = np.arange(n) % 3
    tints = np.round(random.random((n, 12)) ** (1 + labels[:, None]) * 255) / 255
    return Dataset(
        "pictures", black + tints * (white - black), labels, ("a", "b", "c"), feature_names(12),
        (3, 4), (black, white),
    )  # fmt: skip


def tints_of(data: Dataset, X: np.ndarray) -> np.ndarray:
    black, white = data.pixel_range or (0.0, 1.0)
    return np.asarray((X - black) / (white - black))


def cut_as(data: Dataset, scaling: str) -> Split:
    return Cut(test_share=CUT.test_share, scaling=scaling).of(data, seed=3)


def rows_of(data: Dataset, part: int) -> np.ndarray:
    return np.flatnonzero(assigned(data, 3, data.validation_share, CUT.test_share) == part)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("limits", RANGES)
def test_that_an_example_has_the_tints_of_its_file_and_the_model_sees_its_row(
    limits: tuple[float, float], scaling: str
) -> None:
    data = pictures(*limits)
    split = cut_as(data, scaling)
    for x, label, row in zip(split.train.X, split.train.labels, rows_of(data, TRAIN), strict=True):
        drawn = drawn_row(split, x, int(label))
        np.testing.assert_allclose(drawn, tints_of(data, data.X[row]), atol=1e-9)
        np.testing.assert_allclose(model_input(split, drawn), x, atol=1e-9)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("limits", RANGES)
def test_that_mean_pictures_are_those_of_the_training_rows_in_the_file(
    limits: tuple[float, float], scaling: str
) -> None:
    data = pictures(*limits)
    found = mean_pictures(cut_as(data, scaling), Cut(test_share=0.2, scaling=scaling))
    train = rows_of(data, TRAIN)
    for label in range(3):
        rows = train[data.labels[train] == label]
        assert found is not None
        wanted = tints_of(data, data.X[rows]).mean(axis=0).reshape(3, 4)
        np.testing.assert_allclose(found[label], wanted, atol=1e-9)


def test_that_the_2x2_world_is_as_it_was_to_the_last_bit() -> None:
    split = Cut().of(World().dataset(0), seed=0)
    drawn = np.array([0.1, 0.2, 0.3, 0.7])
    assert model_input(split, drawn).tobytes() == drawn.tobytes()
    x, label = split.validation.X[5], int(split.validation.labels[5])
    assert drawn_row(split, x, label).tobytes() == x.tobytes()
    found = mean_pictures(split, Cut())
    assert found is not None
    first = split.train.X[split.train.labels == 0]
    assert found[0].ravel().tobytes() == (first.sum(axis=0) / len(first)).tobytes()


@pytest.mark.parametrize("scaling", SCALINGS)
def test_that_a_table_keeps_the_units_of_its_file(scaling: str) -> None:
    data = table().dataset
    split = Cut(scaling=scaling).of(data, seed=0)
    for x, label in zip(split.validation.X, split.validation.labels, strict=True):
        row = drawn_row(split, x, int(label))
        assert np.isclose(data.X, row, atol=1e-9).all(axis=1).any()
        np.testing.assert_allclose(model_input(split, row), x, atol=1e-12)
    assert mean_pictures(split, Cut(scaling=scaling)) is None


def test_that_a_direction_without_its_row_is_shown_as_bright_as_can_be() -> None:
    split = cut_as(pictures(0.0, 255.0), "unit")
    stranger = np.zeros(12)
    stranger[3], stranger[4] = 0.6, 0.8
    drawn = drawn_row(split, stranger, 0)
    assert drawn.max() == 1.0
    np.testing.assert_allclose(model_input(split, drawn), stranger, atol=1e-12)


def test_that_a_black_picture_of_unit_length_is_black() -> None:
    split = cut_as(pictures(0.0, 255.0), "unit")
    assert not drawn_row(split, np.zeros(12), 0).any()
    assert not model_input(split, np.zeros(12)).any()


def test_that_a_run_that_is_watched_has_pictures_without_rows() -> None:
    split = cut_as(pictures(0.0, 255.0), "unit")
    none = Part(np.empty((0, 12)), np.empty(0, np.int64))
    watched = Split(none, none, split.scaling, split.dataset, 0)
    found = mean_pictures(watched, Cut())
    assert found is not None
    assert not found.any()
