"""The data sets that ship: complete, attributed, and what they say they are."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from softmax_gui.data.samples import SAMPLES, load, load_rows
from softmax_gui.data.synthetic import World
from softmax_gui.files import FileProblem
from softmax_gui.resources import resource

if TYPE_CHECKING:
    from pathlib import Path


def test_that_every_sample_loads_under_its_name() -> None:
    assert [load(name).name for name in SAMPLES] == ["2x2", "digits", "iris"]


def test_that_digits_are_the_test_part_of_uci_seen_as_pictures() -> None:
    digits = load("digits")
    assert (digits.n, digits.d, digits.q) == (1797, 64, 10)
    # counts as its documentation, optdigits.names, has them for the 1797
    assert digits.counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert digits.class_names == tuple("0123456789")
    assert (digits.image_shape, digits.pixel_range) == ((8, 8), (0.0, 16.0))
    assert (digits.X.min(), digits.X.max()) == (0.0, 16.0)
    assert (np.rint(digits.X) == digits.X).all()
    assert digits.X[0, :16].tolist() == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]
    assert digits.labels[:10].tolist() == list(range(10))


def test_that_iris_is_fishers() -> None:
    iris = load("iris")
    assert (iris.n, iris.d, iris.q) == (150, 4, 3)
    assert iris.class_names == ("setosa", "versicolor", "virginica")
    assert iris.feature_names[0] == "sepal length (cm)"
    assert iris.image_shape is None
    assert iris.counts.tolist() == [50, 50, 50]
    # the two rows in which the copy at UCI departs from the paper of 1936
    assert iris.X[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert iris.X[37].tolist() == [4.9, 3.6, 1.4, 0.1]
    np.testing.assert_allclose(
        np.stack([iris.X[iris.labels == k].mean(axis=0) for k in range(3)]),
        [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]],
        atol=1e-9,
    )


def test_that_the_sources_of_both_are_named() -> None:
    text = resource("samples", "SOURCES.md").read_text("utf-8")
    for source in ("digits.npz", "10.24432/C50P49", "iris.csv", "10.24432/C56C76", "CC BY 4.0"):
        assert source in text


def test_that_seed_and_world_reach_the_2x2_world() -> None:
    assert load("2x2", seed=1).X.tolist() == World().dataset(1).X.tolist()
    assert load("2x2", world=World(10.0, 0.1)).floor == World(10.0, 0.1).floor()


def test_that_rows_of_a_sample_or_a_path_come_with_the_names_of_their_labels() -> None:
    iris = load("iris")
    path = str(resource("samples", "iris.csv"))
    for X, labels in (load_rows("iris", ()), load_rows(path, iris.feature_names)):
        assert X.tolist() == iris.X.tolist()
        assert labels == [iris.class_names[label] for label in iris.labels]


def test_that_a_path_loads_and_a_name_of_nothing_says_what_there_is(tmp_path: Path) -> None:
    file = tmp_path / "flowers.csv"
    shutil.copyfile(resource("samples", "iris.csv"), file)
    assert load(str(file)).name == "flowers.csv"
    with pytest.raises(FileProblem, match=r'no sample "digit" and no file.*2x2, digits, iris'):
        load("digit")
    with pytest.raises(FileProblem, match=r"no\.csv was not found"):
        load(str(tmp_path / "no.csv"))
