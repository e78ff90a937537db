"""Split: by class, by seed, and nothing of the validation part in the scaling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, feature_names


def numbered(counts: list[int], pixel_range: tuple[float, float] | None = None) -> Dataset:
    """Rows whose only feature is their number, classes mixed."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    X = np.arange(len(labels), dtype=float)[:, None]
    names = tuple(map(str, range(len(counts))))
    return Dataset("numbers", X, labels, names, feature_names(1), pixel_range=pixel_range)


class_counts = st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(any)


@given(counts=class_counts, seed=st.integers(0, 2**64), share=st.floats(0.01, 0.99))
def test_that_a_split_takes_its_share_of_each_class_and_every_row_once(
    counts: list[int], seed: int, share: float
) -> None:
    dataset = numbered(counts)
    cut = split(dataset, seed, share)
    rows = np.concatenate([cut.scaling.undo(part.X) for part in (cut.train, cut.validation)])
    np.testing.assert_allclose(np.sort(rows[:, 0]), dataset.X[:, 0], atol=1e-9)
    train = np.bincount(cut.train.labels, minlength=len(counts))
    validation = np.bincount(cut.validation.labels, minlength=len(counts))
    assert (train + validation).tolist() == counts
    for count, trained, validated in zip(counts, train, validation, strict=True):
        assert abs(validated - share * count) <= 1.0
        assert min(trained, validated) >= 1 if count >= 2 else trained == count


def test_that_labels_stay_with_their_rows() -> None:
    dataset = numbered([30, 50, 20])
    cut = split(dataset, 3)
    for part in (cut.train, cut.validation):
        rows = np.rint(cut.scaling.undo(part.X)[:, 0]).astype(int)
        np.testing.assert_array_equal(dataset.labels[rows], part.labels)


def test_that_the_same_seed_cuts_alike_and_another_one_differently() -> None:
    dataset = numbered([50, 50])
    first, again, other = split(dataset, 7), split(dataset, 7), split(dataset, 8)
    np.testing.assert_array_equal(first.train.X, again.train.X)
    np.testing.assert_array_equal(first.validation.labels, again.validation.labels)
    assert (first.seed, other.seed) == (7, 8)
    assert first.scaling.undo(first.train.X).tolist() != other.scaling.undo(other.train.X).tolist()


def test_that_the_cut_of_a_seed_is_the_same_on_every_machine() -> None:
    cut = split(numbered([6, 4]), 0, 0.5)
    rows = np.rint(cut.scaling.undo(cut.validation.X)[:, 0]).astype(int)
    assert rows.tolist() == [0, 5, 6, 7, 8]


def test_that_the_scaling_knows_the_training_part_alone() -> None:
    cut = split(numbered([40, 40]), 1)
    np.testing.assert_allclose(cut.train.X.mean(), 0.0, atol=1e-12)
    np.testing.assert_allclose(cut.train.X.std(), 1.0)
    assert abs(cut.validation.X.mean()) > 1e-3
    assert cut.scaling.kind == "standardise"


def test_that_pictures_are_scaled_by_their_black_and_white() -> None:
    cut = split(numbered([40, 40], pixel_range=(0.0, 79.0)), 1)
    assert cut.scaling.kind == "[0, 1]"
    assert max(cut.train.X.max(), cut.validation.X.max()) == 1.0
    assert split(numbered([4, 4], pixel_range=(0.0, 1.0)), 1).scaling.kind == "none"


def test_that_both_parts_are_read_only_rows_in_one_block() -> None:
    cut = split(numbered([10, 10]), 0)
    for part in (cut.train, cut.validation):
        assert part.X.flags.c_contiguous
        assert [part.X.flags.writeable, part.labels.flags.writeable] == [False, False]
        assert part.n == len(part.X) == len(part.labels)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, np.nan])
def test_that_a_share_that_leaves_one_part_empty_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="it must lie between 0 and 1"):
        split(numbered([5, 5]), 0, share)
