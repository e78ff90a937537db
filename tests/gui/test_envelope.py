"""The min/max pyramid shows every extreme, in the memory and the points it promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.gui.widgets.envelope import Envelope, joined


def filled(y: np.ndarray, x: np.ndarray | None = None) -> Envelope:
    envelope = Envelope()
    envelope.extend(np.arange(len(y)) if x is None else x, y)
    return envelope


@given(seed=st.integers(0, 2**32 - 1), log_x=st.booleans())
def test_that_the_polyline_has_the_extremes_of_the_points_it_stands_for(
    seed: int, log_x: bool
) -> None:
    random = np.random.default_rng(seed)
    n, pixels = int(random.integers(1, 3000)), int(random.integers(1, 200))
    y = random.normal(size=n)
    y[random.random(n) < 0.05] = random.choice([np.nan, np.inf])
    x = np.cumsum(random.integers(0, 3, n)) * random.choice([1.0, 0.5])
    envelope, cuts = Envelope(), np.sort(random.integers(0, n + 1, 3))
    for part in np.split(np.arange(n), cuts):
        envelope.extend(x[part], y[part])
    low, high = np.sort(random.uniform(-2, x[-1] + 2, 2))
    shown_x, shown_y = envelope.visible(low, high, pixels, log_x=log_x)
    inside = slice(
        max(np.searchsorted(x, low) - 1, 0), min(np.searchsorted(x, high, "right") + 1, n)
    )
    points = y[inside][np.isfinite(y[inside])]
    assert (np.diff(shown_x) >= 0).all()
    assert not np.isinf(shown_y).any()
    if len(points):
        assert (np.nanmin(shown_y), np.nanmax(shown_y)) == (points.min(), points.max())
    if not log_x:
        assert len(shown_x) <= 2 * pixels + 6


def test_that_few_points_come_as_they_are_with_one_more_on_each_side() -> None:
    x, y = filled(np.arange(100.0) ** 2).visible(10.0, 12.5, 300)
    np.testing.assert_array_equal(x, [9, 10, 11, 12, 13])
    np.testing.assert_array_equal(y, x**2)


def test_that_the_last_point_is_exact_among_a_million() -> None:
    y = np.random.default_rng(0).normal(size=1_000_003)
    x, drawn = filled(y).visible(0, 2e6, 800)
    assert len(x) < 1700
    assert (x[-1], drawn[-1]) == (1_000_002, y[-1])


def test_that_buckets_stand_still_while_points_arrive() -> None:
    y = np.random.default_rng(0).normal(size=20_100)
    early, late = filled(y[:20_000]), filled(y)
    np.testing.assert_array_equal(
        early.visible(0, 9e9, 1000)[1][:1200], late.visible(0, 9e9, 1000)[1][:1200]
    )


def test_that_a_line_of_falling_points_is_drawn_falling() -> None:
    _, y = filled(np.linspace(1.0, 0.0, 100_000)).visible(0, 100_000, 500)
    assert (np.diff(y) <= 0).all()


def test_that_a_stretch_of_undefined_values_breaks_the_line() -> None:
    y = np.ones(100_000)
    y[30_000:60_000] = np.nan
    y[70_000] = np.inf
    x, drawn = filled(y).visible(0, 100_000, 500)
    gone = x[np.isnan(drawn)]
    assert 29_900 < gone.min() < gone.max() < 60_100
    assert np.nanmax(drawn) == 1.0


def test_that_on_a_log_axis_the_first_points_are_not_merged() -> None:
    y = np.random.default_rng(0).normal(size=1_000_000)
    x, _ = filled(y).visible(1, 1_000_000, 800, log_x=True)
    np.testing.assert_array_equal(x[:40], np.arange(40))
    assert len(x) < 1700


def test_that_truncating_and_going_on_equals_never_having_had_the_points() -> None:
    random = np.random.default_rng(0)
    y, other = random.normal(size=10_000), random.normal(size=5_000)
    envelope = filled(y)
    envelope.truncate(6_999)
    envelope.extend(np.arange(7_000, 12_000), other)
    plain = filled(np.concatenate([y[:7_000], other]))
    for mine, wanted in zip(
        envelope.visible(0, 12_000, 50), plain.visible(0, 12_000, 50), strict=True
    ):
        np.testing.assert_array_equal(mine, wanted)
    assert len(envelope) == 12_000


def test_that_clearing_forgets_all() -> None:
    envelope = filled(np.ones(1000))
    envelope.clear()
    assert len(envelope) == 0
    assert envelope.last() is None
    assert envelope.nearest(3.0) is None
    assert envelope.span() is None
    assert len(envelope.visible(0, 1000, 10)[0]) == 0


def test_that_four_series_of_a_million_points_fit_in_64_megabytes() -> None:
    envelope = filled(np.zeros(1_000_000))
    buffers = [envelope._x, envelope._y, *(b for level in envelope._levels for b in level)]
    assert 4 * sum(buffer._room.nbytes for buffer in buffers) < 64e6


def test_that_steps_beyond_four_bytes_and_fractions_stay_exact() -> None:
    envelope = filled(np.arange(3.0), np.array([1, 2, 3]))
    envelope.extend([2**40], [4.0])
    envelope.extend([2**40 + 0.5], [5.0])
    np.testing.assert_array_equal(envelope.points()[0], [1, 2, 3, 2**40, 2**40 + 0.5])
    assert envelope.nearest(2.0**40 + 0.4) == (2**40 + 0.5, 5.0)
    assert envelope.nearest(-9.0) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("x", "y", "culprit"),
    [
        ([1, 2], [1.0], r"x \(2,\), y \(1,\)"),
        ([5, 4], [1.0, 1.0], "decreases after 9"),
        ([8], [1.0], "decreases after 9"),
        ([np.nan], [1.0], "not finite"),
    ],
)
def test_that_points_it_cannot_order_are_refused_and_change_nothing(
    x: list[float], y: list[float], culprit: str
) -> None:
    envelope = filled(np.arange(10.0))
    with pytest.raises(ValueError, match=culprit):
        envelope.extend(x, y)
    assert len(envelope) == 10


def test_that_joined_rows_keep_every_point_of_every_series() -> None:
    one = filled(np.array([0.5, 0.25, 0.125]), np.array([1, 2, 2]))
    two = filled(np.array([7.0, np.nan]), np.array([2, 9]))
    rows = list(joined([one.points(), two.points()]))
    assert [row[:2] for row in rows] == [(1, 0.5), (2, 0.25), (2, 0.125), (9, None)]
    assert [row[2] for row in rows[:3]] == [None, 7.0, None]
    assert np.isnan(rows[3][2] or 0.0)
    assert all(isinstance(row[0], int) for row in rows)
