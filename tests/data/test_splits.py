"""Splits in three parts, by groups, by the file's own marks, and what is said of them."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, Part, Split, feature_names


def numbered(labels: list[int], q: int | None = None, **fields: Any) -> Dataset:
    """Rows whose only feature is their number."""
    names = tuple(f"class {k}" for k in range(q or max(labels) + 1))
    X = np.arange(len(labels), dtype=float)[:, None]
    return Dataset("numbers", X, np.array(labels), names, feature_names(1), **fields)


def rows_of(cut: Split, part: Part | None) -> list[int]:
    """The numbers of the rows in a part, which was not scaled."""
    assert cut.scaling.kind == "none"
    return [] if part is None else part.X[:, 0].astype(int).tolist()


def in_three(dataset: Dataset, seed: int = 0, share: float = 0.2, test: float = 0.2) -> Any:
    """The rows of the three parts, as lists."""
    cut = split(dataset, seed, share, scaling="none", test_share=test)
    return tuple(rows_of(cut, part) for part in (cut.train, cut.validation, cut.test))


labels_of = st.lists(st.integers(0, 3), min_size=1, max_size=60)
seeds = st.integers(0, 2**40)
shares = st.floats(0.01, 0.25)


@given(labels=labels_of, seed=seeds, share=shares, test=shares)
def test_that_three_parts_are_disjoint_complete_and_stratified_within_a_row(
    labels: list[int], seed: int, share: float, test: float
) -> None:
    dataset = numbered(labels)
    parts = in_three(dataset, seed, share, test)
    assert sorted(chain(*parts)) == list(range(len(labels)))
    for k, count in enumerate(dataset.counts.tolist()):
        trained, validated, tested = (sum(labels[row] == k for row in part) for part in parts)
        assert abs(validated - share * count) <= 1.0
        assert abs(tested - test * count) <= 1.0
        assert trained >= min(count, 1)
        assert validated >= (count > 1)
        assert tested >= (count > 2)


@given(labels=labels_of, seed=seeds, share=shares, other=shares)
def test_that_the_test_part_does_not_depend_on_how_many_rows_validate(
    labels: list[int], seed: int, share: float, other: float
) -> None:
    dataset = numbered(labels)
    assert in_three(dataset, seed, share)[2] == in_three(dataset, seed, other)[2]


def test_that_without_a_test_share_nobody_is_tested_and_the_cut_is_as_ever() -> None:
    cut = split(numbered([0, 0, 0, 0, 0, 0, 1, 1, 1, 1]), 0, 0.5, scaling="none")
    assert cut.test is None
    assert sorted(rows_of(cut, cut.validation)) == [0, 4, 5, 7, 8]


def test_that_the_test_part_is_scaled_as_the_training_part_asks() -> None:
    cut = split(numbered([0, 1] * 30), 3, test_share=0.3)
    assert cut.test is not None
    np.testing.assert_allclose(cut.train.X.mean(), 0.0, atol=1e-12)
    np.testing.assert_allclose(cut.train.X.std(), 1.0)
    numbers = np.rint(cut.scaling.undo(cut.test.X)).astype(int)[:, 0]
    np.testing.assert_array_equal(cut.dataset.labels[numbers], cut.test.labels)
    assert not cut.test.X.flags.writeable


@pytest.mark.parametrize(("share", "test"), [(0.5, 0.5), (0.2, -0.1), (0.2, 1.0), (0.2, np.nan)])
def test_that_shares_that_leave_nothing_to_train_on_are_refused(share: float, test: float) -> None:
    with pytest.raises(ValueError, match="their sum below 1"):
        split(numbered([0, 1] * 9), 0, share, test_share=test)


# -- groups ----------------------------------------------------------------------------------------


@given(choose=st.data(), seed=seeds, share=st.floats(0.01, 0.6), test=st.sampled_from([0.0, 0.3]))
def test_that_a_group_lies_in_one_part_and_no_part_is_empty(
    choose: st.DataObject, seed: int, share: float, test: float
) -> None:
    labels = choose.draw(labels_of)
    n, needed = len(labels), 3 if test else 2
    groups = choose.draw(st.lists(st.sampled_from("abcdefg"), min_size=n, max_size=n))
    assume(len(set(groups)) >= needed)
    dataset = numbered(labels, groups=tuple(groups))
    parts = in_three(dataset, seed, share, test)
    assert sorted(chain(*parts)) == list(range(n))
    assert [bool(part) for part in parts] == [True, True, bool(test)]
    inside = [{groups[row] for row in part} for part in parts]
    assert sum(map(len, inside)) == len(set(groups))
    assert parts == in_three(dataset, seed, share, test)


def test_that_groups_are_dealt_out_so_that_each_class_gives_its_share() -> None:
    random = np.random.default_rng(0)
    labels = random.choice(3, size=3000, p=[0.7, 0.2, 0.1])
    groups = tuple(f"patient {g}" for g in random.geometric(0.02, 3000))
    dataset = numbered(labels.tolist(), groups=groups)
    cut = split(dataset, 1, 0.2, test_share=0.1)
    assert cut.test is not None
    for part, share in ((cut.validation, 0.2), (cut.test, 0.1)):
        got = np.bincount(part.labels, minlength=3) / dataset.counts
        np.testing.assert_allclose(got, share, atol=0.02)


def test_that_groups_of_one_row_are_stratified_within_a_row() -> None:
    labels = [0] * 50 + [1] * 30
    cut = split(numbered(labels, groups=tuple(map(str, range(80)))), 5, 0.3)
    assert np.abs(np.bincount(cut.validation.labels) - [15, 9]).max() <= 1


def test_that_another_seed_deals_groups_differently() -> None:
    dataset = numbered([0, 1] * 50, groups=tuple(str(row // 5) for row in range(100)))
    assert in_three(dataset, 0) != in_three(dataset, 1)


def test_that_too_few_groups_are_refused_with_their_number() -> None:
    dataset = numbered([0, 1] * 5, groups=("a", "b") * 5)
    assert in_three(dataset, 0, test=0.0)[2] == []
    with pytest.raises(ValueError, match=r"belong to 2 groups.*3 parts need"):
        split(dataset, 0, test_share=0.2)
    with pytest.raises(ValueError, match=r"belong to 1 groups.*2 parts need"):
        split(replace(dataset, groups=("a",) * 10), 0)


# -- parts given in the file -----------------------------------------------------------------------


def test_that_the_parts_of_the_file_hold() -> None:
    given_parts = np.array([0, 1, 2, 0, 1, 2, 0, 0])
    dataset = numbered([0, 1] * 4, parts=given_parts)
    for seed, test in ((0, 0.0), (1, 0.4)):
        assert in_three(dataset, seed, 0.5, test) == ([0, 3, 6, 7], [1, 4], [2, 5])


@given(labels=labels_of, seed=seeds)
def test_that_rows_to_validate_are_drawn_from_those_to_train_where_the_file_has_none(
    labels: list[int], seed: int
) -> None:
    n = len(labels)
    both = numbered(labels * 2, parts=np.repeat(np.array([0, 2], np.int8), n))
    train, validation, test = in_three(both, seed)
    assert test == list(range(n, 2 * n))
    assert (train, validation) == in_three(numbered(labels), seed, test=0.0)[:2]


def test_that_a_test_part_is_drawn_from_the_rows_to_train_where_the_file_has_none() -> None:
    dataset = numbered([0, 1] * 20, parts=np.repeat(np.array([0, 1], np.int8), 20))
    train, validation, test = in_three(dataset)
    assert validation == list(range(20, 40))
    assert len(test) == 4
    assert sorted(train + test) == list(range(20))


def test_that_a_file_with_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(ValueError, match="No row is marked to train on"):
        split(numbered([0, 1], parts=np.array([1, 2])), 0)


def test_that_the_file_may_cut_a_group_but_it_is_said() -> None:
    dataset = numbered([0, 1] * 6, groups=("a", "b", "c") * 4, parts=np.array([0] * 9 + [1] * 3))
    assert (
        "By the parts given in the file 3 groups lie in several parts." in split(dataset, 0).notes
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"groups": ("a",)}, "4 rows, but 1 group names"),
        ({"groups": ("a", "b", 3, "c")}, "name of a group must be a text, not 3"),
        ({"parts": np.zeros(3, int)}, r"4 rows; parts of \(3,\) int64 do not fit"),
        ({"parts": np.zeros(4)}, "float64 do not fit"),
        ({"parts": np.array([0, 1, 3, 2])}, "Row 3 has the part 3; 0 trains"),
        ({"parts": np.array([-1, 1, 0, 2])}, "Row 1 has the part -1"),
    ],
)
def test_that_groups_and_parts_that_do_not_fit_are_refused(
    fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        numbered([0, 1, 0, 1], **fields)


def test_that_parts_are_kept_as_bytes_nobody_can_write_to() -> None:
    parts = np.array([0, 1, 2, 0])
    dataset = numbered([0, 1, 0, 1], parts=parts)
    parts[0] = 2
    assert dataset.parts is not None
    assert dataset.parts.tolist() == [0, 1, 2, 0]
    assert dataset.parts.dtype == np.int8
    assert not dataset.parts.flags.writeable


# -- what is said ----------------------------------------------------------------------------------


def test_that_classes_with_few_or_no_rows_are_named() -> None:
    cut = split(numbered([0] * 100 + [1] * 12 + [2], q=4), 0, 0.2, test_share=0.1)
    assert cut.notes == (
        'No row to train on belongs to "class 3": no model can learn that.',
        'Under 5 rows to train on belong to "class 2" (1).',
        'Under 5 rows to validate with belong to "class 1" (2), "class 2" (0), "class 3" (0).',
        'Under 5 rows to test with belong to "class 1" (1), "class 2" (0), "class 3" (0).',
    )


def test_that_of_many_classes_the_first_are_named() -> None:
    notes = split(numbered(list(range(1000))), 0).notes
    assert '"class 4" (1), 995 more.' in notes[0]


def test_that_a_split_without_trouble_says_nothing() -> None:
    assert split(numbered([0, 1] * 50), 0).notes == ()


def wide(X: np.ndarray) -> Dataset:
    labels = np.arange(len(X)) % 2
    return Dataset("wide", X, labels, ("a", "b"), feature_names(X.shape[1]))


def test_that_odd_sizes_and_constants_are_scaled_and_said() -> None:
    X = np.random.default_rng(0).normal(size=(60, 4)) * np.array([1e30, 1.0, 1e-30, 0.0])
    cut = split(wide(X), 0)
    np.testing.assert_allclose(cut.train.X.std(axis=0), [1.0, 1.0, 1.0, 0.0], atol=1e-12)
    assert cut.notes == (
        'Numbers of size 2e+30 in "x1", "x3": they were scaled in 64 bits.',
        'The same in all rows to train on, and so taken to 0: "x4".',
    )
    assert "standardise them" in split(wide(X), 0, scaling="none").notes[0]
    assert split(replace(wide(X), pixel_range=(0.0, 1e30)), 0).notes == ()


def test_that_numbers_that_become_infinite_are_refused() -> None:
    X = np.full((40, 1), 1e-300)
    X[::2] = 2e-300
    held_out = split(wide(np.arange(40.0)[:, None]), 0, scaling="none").validation.X[0, 0]
    X[int(held_out)] = 1e200
    with pytest.raises(ValueError, match='Scaled as "standardise", some numbers become infinite'):
        split(wide(X), 0)


def test_that_a_single_row_is_trained_on() -> None:
    cut = split(numbered([0]), 0, test_share=0.2)
    assert (cut.train.n, cut.validation.n, cut.test) == (1, 0, None)


def test_that_a_scaling_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="no scaling both"):
        split(numbered([0, 1]), 0, scaling="both")


@pytest.mark.parametrize("scaling", ["none", "range", "standardise", "unit"])
def test_that_rows_are_copied_once(scaling: str) -> None:
    X = np.random.default_rng(0).normal(size=(20_000, 50))  # 8 MB
    dataset = wide(X)
    tracemalloc.start()
    try:
        split(dataset, 0, scaling=scaling)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.3 * X.nbytes
