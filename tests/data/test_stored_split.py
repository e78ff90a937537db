"""Stored rows cut in two, and scaled by what one pass or a sample says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.data.dataset import Scaling
from softmax_gui.data.scaling import fitted
from softmax_gui.data.stored import StoredData, open_stored
from softmax_gui.data.stored_scaling import Moments, moments
from softmax_gui.data.stored_split import (
    StoredSplit,
    evenly_spread,
    stored_split,
    the_others,
)
from softmax_gui.files import FileProblem
from tests.data.stored_files import save, save_shards, table

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> StoredData:
    """1,000 rows of 5 features in two files, sorted by class; feature 0 is the row's number."""
    X, labels = table(1000)
    X, labels = X[np.argsort(labels)], np.sort(labels)
    X[:, 0] = np.arange(1000)
    return open_stored(save_shards(tmp_path, X, labels, [600]))


def finished(work: Any) -> Any:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def numbers_of(split: StoredSplit) -> np.ndarray:
    """Which rows of the file are trained on."""
    X = np.empty(split.train.X.shape, np.float32)
    split.train.X.read(0, split.train.n, X)
    return X[:, 0].astype(int)


# -- the cut ---------------------------------------------------------------------------------------


@given(st.data())
def test_that_a_spread_sample_and_the_others_are_all_rows(choose: st.DataObject) -> None:
    n = choose.draw(st.integers(1, 2000))
    wanted = choose.draw(st.integers(1, n))
    row_bytes = choose.draw(st.sampled_from([1, 100, 40_000]))
    ranges = evenly_spread(n, wanted, row_bytes, np.random.default_rng(0))
    rows = [row for a, b in ranges for row in range(a, b)]
    others = [row for a, b in the_others(ranges, n) for row in range(a, b)]
    assert sorted(rows + others) == list(range(n))
    assert rows == sorted(rows)
    assert 0 < len(rows) <= wanted
    if wanted <= n // 2 or wanted == n:
        assert len(rows) == wanted


def test_that_no_row_is_trained_on_and_validated_with(data: StoredData) -> None:
    split = stored_split(data, 3, scaling="none")
    trained = numbers_of(split)
    validated = split.validation.X[:, 0].astype(int)
    assert sorted([*trained, *validated]) == list(range(1000))
    assert (split.train.n, split.validation.n, len(split.train.X)) == (800, 200, 800)
    np.testing.assert_array_equal(split.train.labels, data.labels[trained])
    np.testing.assert_array_equal(split.validation.labels, data.labels[validated])
    sampled = split.train.sample.X[:, 0].astype(int)
    assert set(sampled) <= set(trained)
    np.testing.assert_array_equal(split.train.sample.labels, data.labels[sampled])


def test_that_each_class_of_a_sorted_file_has_its_share(data: StoredData) -> None:
    split = stored_split(data, 0)
    share = np.bincount(split.validation.labels, minlength=3) / data.counts
    np.testing.assert_allclose(share, 0.2, atol=0.02)


def test_that_samples_keep_to_their_memory(data: StoredData) -> None:
    split = stored_split(data, 0, sample_bytes=50 * 5 * 8)
    assert split.validation.X.nbytes == split.train.sample.X.nbytes == 2000
    assert split.train.n == 950
    assert not split.validation.X.flags.writeable


def test_that_the_cut_is_a_function_of_the_seed(data: StoredData) -> None:
    one, same, other = (stored_split(data, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.validation.X, same.validation.X)
    assert not np.array_equal(numbers_of(one), numbers_of(other))


def test_that_a_stored_split_has_what_others_ask_a_split_for(data: StoredData) -> None:
    split = stored_split(data, 0)
    small = split.in_memory()
    assert small.train is split.train.sample
    assert small.dataset.q == 3
    assert small.dataset.d == 5
    assert split.train.X.shape == (split.train.n, 5)
    assert split.dataset.feature_names == ("x1", "x2", "x3", "x4", "x5")
    assert (split.dataset.floor, split.dataset.truth, split.train.weights) == (None, None, None)


def test_that_a_cut_that_cannot_be_is_refused(data: StoredData, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="share"):
        stored_split(data, 0, validation_share=1.0)
    with pytest.raises(ValueError, match="no scaling"):
        stored_split(data, 0, scaling="both")
    (tmp_path / "one").mkdir()
    path = save(tmp_path / "one", np.ones((1, 2)), np.array([0]))
    with pytest.raises(FileProblem, match="single row"):
        stored_split(open_stored(path, class_names=["a", "b"]), 0)


def test_that_a_number_that_is_not_finite_in_a_sample_is_a_sentence(tmp_path: Path) -> None:
    X, labels = table(100)
    X[:] = np.nan
    with pytest.raises(FileProblem, match="not a finite number"):
        stored_split(open_stored(save(tmp_path, X, labels)), 0)


def test_that_a_test_part_is_apart_from_all_others_and_scaled_as_they_are(data: StoredData) -> None:
    split = stored_split(data, 3, scaling="none", test_share=0.1)
    assert split.test is not None
    parts = split.test.X[:, 0], split.validation.X[:, 0], numbers_of(split)
    assert [len(part) for part in parts] == [100, 200, 700]
    assert sorted(int(row) for part in parts for row in part) == list(range(1000))
    raw = split.test
    split = stored_split(data, 3, test_share=0.1)
    assert split.test is not None
    np.testing.assert_array_equal(split.test.X, split.scaling.apply(raw.X))
    np.testing.assert_array_equal(split.test.labels, raw.labels)
    assert split.in_memory().test is split.test


def test_that_the_test_part_does_not_depend_on_how_many_validate(data: StoredData) -> None:
    few, many = (
        stored_split(data, 3, share, scaling="none", test_share=0.1) for share in (0.1, 0.5)
    )
    assert few.test is not None
    assert many.test is not None
    np.testing.assert_array_equal(few.test.X, many.test.X)


def test_that_shares_that_leave_nothing_to_train_on_are_refused(
    data: StoredData, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="below 1"):
        stored_split(data, 0, 0.5, test_share=0.5)
    two = open_stored(save(tmp_path, np.ones((2, 2)), np.array([0, 1]), "-two"))
    with pytest.raises(FileProblem, match="three parts"):
        stored_split(two, 0, test_share=0.1)


def test_that_a_window_sees_the_samples_and_how_many_rows_train(data: StoredData) -> None:
    split = stored_split(data, 0, sample_bytes=400)  # ten rows of five numbers
    shown = split.in_memory()
    assert (shown.train.n, shown.n_train) == (10, 990)
    assert shown.dataset.n == 1000
    assert shown.notes == split.notes
    assert "that of 10 of them" in shown.notes[0]


# -- scaling ---------------------------------------------------------------------------------------


def test_that_one_pass_gives_mean_and_deviation(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    X = 1e6 + random.normal(size=(3000, 4)) * [1e-3, 1.0, 1e3, 0.0]
    X[:, 3] = 0.1  # constant: exactly no deviation
    data = open_stored(save_shards(tmp_path, X, np.arange(3000) % 2, [17, 1000]))
    found = finished(moments(data.rows))
    np.testing.assert_allclose(found.mean, X.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(found.deviation[:3], X[:, :3].std(axis=0), rtol=1e-6)
    assert found.deviation[3] == 0.0
    assert found.n == 3000


@given(cuts=st.lists(st.integers(0, 50), max_size=5))
def test_that_moments_do_not_depend_on_the_blocks(cuts: list[int]) -> None:
    X = np.random.default_rng(0).normal(size=(50, 3)) + 100.0
    gathered = Moments(3)
    for part in np.split(X, sorted(cuts)):
        gathered.add(part)
    np.testing.assert_allclose(gathered.mean, X.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(gathered.deviation, X.std(axis=0), rtol=1e-11)


def test_that_moments_hold_for_bytes_and_for_float16(tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 256, (70_000, 2)).astype(np.uint8)
    for dtype in (np.uint8, np.float16):
        data = open_stored(save(tmp_path, X.astype(dtype), np.arange(70_000) % 2))
        found = finished(moments(data.rows))
        np.testing.assert_allclose(found.mean, X.astype(float).mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(found.deviation, X.astype(float).std(axis=0), rtol=1e-12)


def test_that_a_pass_counts_all_numbers_that_are_not_finite(tmp_path: Path) -> None:
    X, labels = table(500)
    X[480, 4] = X[490] = np.inf
    X[33, 2] = np.nan
    data = open_stored(save_shards(tmp_path, X, labels, [20]))
    with pytest.raises(FileProblem) as problem:
        finished(moments(data.rows))
    sentence = str(problem.value)
    assert sentence.startswith("x-00001.npy, row 14, feature 3:")
    assert "7 such values" in sentence


@pytest.mark.parametrize("how", ["sample", "pass"])
def test_that_a_split_is_standardised_by_its_training_rows(data: StoredData, how: str) -> None:
    split = stored_split(data, 0, scaling=how)  # whose sample is all of them here
    X = np.empty((split.train.n, 5), np.float32)
    split.train.X.read(0, split.train.n, X)
    wanted = Scaling.standardise(X.astype(float))
    np.testing.assert_allclose(split.scaling.shift, wanted.shift, rtol=1e-10)
    np.testing.assert_allclose(split.scaling.scale, wanted.scale, rtol=1e-10)
    split.numbers("float32").read(0, split.train.n, X)
    np.testing.assert_allclose(X.mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(split.train.sample.X.std(axis=0), 1.0, rtol=1e-10)


@pytest.mark.parametrize("how", ["auto", "range", "standardise", "unit"])
def test_that_rows_on_disk_are_scaled_as_those_in_memory(data: StoredData, how: str) -> None:
    split = stored_split(data, 0, scaling=how)  # whose sample is all training rows here
    X = np.empty((split.train.n, 5), np.float64)
    split.train.X.read(0, split.train.n, raw := np.empty(X.shape, np.float32))
    split.numbers("float64").read(0, split.train.n, X)
    wanted = fitted(raw.astype(float), how, None)
    assert split.scaling.kind == wanted.kind
    np.testing.assert_allclose(X, wanted.apply(raw), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(split.train.sample.X, X, rtol=1e-12, atol=1e-12)


def test_that_pictures_of_bytes_are_standardised_where_that_is_asked_for(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (50, 2, 2)).astype(np.uint8)
    data = open_stored(save(tmp_path, pictures, np.arange(50) % 2))
    split = stored_split(data, 0, scaling="standardise")
    np.testing.assert_allclose(split.train.sample.X.std(axis=0), 1.0)
    assert split.scaling.kind == "standardise"


def test_that_pictures_of_bytes_go_from_0_to_1(tmp_path: Path) -> None:
    pictures = np.full((50, 2, 2), 255, np.uint8)
    split = stored_split(open_stored(save(tmp_path, pictures, np.arange(50) % 2)), 0)
    assert split.validation.X.min() == split.validation.X.max() == 1.0
    assert split.scaling.kind == "[0, 1]"


def test_that_unscaled_rows_are_those_of_the_file(data: StoredData) -> None:
    split = stored_split(data, 0, scaling="none")
    assert split.numbers("float32").scaling is None
    assert split.scaling.kind == "none"
