"""Scaling: fitted on rows, applied without a copy, undone, carried into the weights."""

from __future__ import annotations

import tracemalloc
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from softmax_gui.core.models import Dense
from softmax_gui.data.scaling import SCALINGS, UNIT_LENGTH, Scaling, fitted, look_at_scaling

Floats: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

numbers = st.floats(-1e6, 1e6).filter(lambda x: x == 0.0 or abs(x) > 1e-6)
tables = arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=numbers)
affine = st.sampled_from(["none", "range", "standardise"])


def by_the_textbook(X: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation with numpy's own reductions over the whole table."""
    peak = np.abs(X).max(axis=0)
    peak[peak == 0.0] = 1.0
    unit = X / peak
    return peak * unit.mean(axis=0), peak * unit.std(axis=0)


@pytest.mark.parametrize(("n", "d"), [(1, 1), (70_000, 1), (40_000, 2), (9_000, 7), (3, 40_000)])
def test_that_standardising_in_blocks_changes_no_bit(n: int, d: int) -> None:
    random = np.random.default_rng(n + d)
    X = random.normal(size=(n, d)) * 10.0 ** random.integers(-9, 9, d) + random.normal(size=d)
    scaling = Scaling.standardise(X)
    mean, deviation = by_the_textbook(X)
    np.testing.assert_array_equal(scaling.shift, mean)
    np.testing.assert_array_equal(scaling.scale, np.where(deviation == 0.0, 1.0, deviation))
    np.testing.assert_array_equal(scaling.apply(X), (X - scaling.shift) / scaling.scale)


@given(X=tables, how=affine)
def test_that_an_affine_scaling_is_undone(X: Floats, how: str) -> None:
    scaling = fitted(X, how, None)
    size = np.abs(X).max()
    np.testing.assert_allclose(scaling.undo(scaling.apply(X)), X, rtol=1e-9, atol=1e-9 * size)


@given(X=tables)
def test_that_a_range_goes_from_0_to_1_and_a_constant_to_0(X: Floats) -> None:
    Z = Scaling.to_range(X).apply(X)
    spread = np.ptp(X, axis=0) > 0.0
    assert (Z.min(axis=0) == 0.0).all()
    assert (Z.max(axis=0) == spread).all()


@given(X=tables)
def test_that_rows_get_length_1_in_their_direction_and_zeros_stay(X: Floats) -> None:
    scaling = Scaling.unit_length(X.shape[1])
    Z = scaling.apply(X)
    lengths = np.linalg.norm(X, axis=1)
    np.testing.assert_allclose(np.linalg.norm(Z, axis=1), lengths > 0.0, rtol=1e-12)
    np.testing.assert_allclose(Z * lengths[:, np.newaxis], X, rtol=1e-12)
    np.testing.assert_allclose(scaling.apply(scaling.undo(Z)), Z, rtol=1e-12, atol=1e-15)
    assert scaling.per_row


@pytest.mark.parametrize("size", [5e-324, 1e-200, 1e200, 1.7e308])
def test_that_rows_of_any_size_get_length_1(size: float) -> None:
    Z = Scaling.unit_length(2).apply(np.array([[size, -size], [0.0, size]]))
    np.testing.assert_allclose(np.linalg.norm(Z, axis=1), 1.0, rtol=1e-15)


def test_that_unit_length_divides_first_and_shifts_and_scales_then() -> None:
    scaling = Scaling(np.array([0.5, 0.5]), np.array([2.0, 1.0]), UNIT_LENGTH)
    np.testing.assert_allclose(scaling.apply(np.array([3.0, 4.0])), [0.05, 0.3])
    np.testing.assert_allclose(scaling.undo(np.array([0.05, 0.3])), [0.6, 0.8])


@given(X=tables, how=affine, q=st.integers(1, 3), seed=st.integers(0, 99))
def test_that_weights_in_input_units_give_the_same_probabilities(
    X: Floats, how: str, q: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    scaling = fitted(X, how, None)
    W, b = random.normal(size=(X.shape[1], q)), random.normal(size=q)
    moved = scaling.weights_in_input_units(W, b)
    assert moved is not None
    wanted = Dense(W, b).probabilities(scaling.apply(X))
    np.testing.assert_allclose(Dense(*moved).probabilities(X), wanted, atol=1e-4)


def test_that_unit_length_has_no_weights_in_input_units() -> None:
    assert Scaling.unit_length(2).weights_in_input_units(np.ones((2, 3)), np.zeros(3)) is None


@given(X=tables, how=st.sampled_from(SCALINGS))
def test_that_scaling_in_place_gives_what_a_copy_gives(X: Floats, how: str) -> None:
    scaling, kept = fitted(X, how, None), X.copy()
    Z = scaling.apply(X)
    np.testing.assert_array_equal(X, kept)
    assert scaling.apply_in_place(X) is X
    np.testing.assert_array_equal(X, Z)
    np.testing.assert_array_equal(scaling.apply(kept[0]), Z[0])


def test_that_numbers_of_size_1e30_and_1e_30_are_scaled() -> None:
    X = np.array([[1e30, 1e-30, 7.0], [3e30, 2e-30, 7.0], [2e30, 3e-30, 7.0]])
    for how in ("range", "standardise"):
        Z = fitted(X, how, None).apply(X)
        assert np.ptp(Z[:, :2], axis=0).tolist() == pytest.approx(
            [1.0, 1.0] if how == "range" else [np.sqrt(6.0)] * 2
        )
        assert (Z[:, 2] == 0.0).all()


def test_that_values_too_far_apart_for_a_range_are_refused_by_feature() -> None:
    X = np.array([[0.0, -1.5e308], [1.0, 1.5e308]])
    with pytest.raises(ValueError, match="The values of feature 2 lie too far apart"):
        fitted(X, "range", None)


def test_that_pictures_go_from_black_to_white_and_tables_by_mean_and_deviation() -> None:
    X = np.arange(6.0).reshape(3, 2)
    kinds = {how: (fitted(X, how, (0.0, 8.0)).kind, fitted(X, how, None).kind) for how in SCALINGS}
    assert kinds == {
        "auto": ("[0, 1]", "standardise"),
        "none": ("none", "none"),
        "range": ("[0, 1]", "[0, 1]"),
        "standardise": ("standardise", "standardise"),
        "unit": ("unit length", "unit length"),
    }
    assert fitted(X, "range", (0.0, 8.0)).scale.tolist() == [8.0, 8.0]


def test_that_a_scaling_nobody_knows_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no scaling both; there are auto, none, range"):
        look_at_scaling("both")
    with pytest.raises(ValueError, match="no scaling both"):
        fitted(np.ones((2, 2)), "both", None)


@pytest.mark.parametrize("how", ["range", "standardise", "unit"])
def test_that_fitting_and_scaling_take_no_memory_of_the_size_of_the_rows(how: str) -> None:
    X = np.random.default_rng(0).normal(size=(20_000, 50))  # 8 MB
    tracemalloc.start()
    try:
        fitted(X, how, None).apply_in_place(X)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 0.2 * X.nbytes
