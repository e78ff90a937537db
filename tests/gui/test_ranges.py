"""Ranges end at rounded numbers, hold still, and their ticks can be read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.gui.widgets.ranges import (
    log_ticks,
    outward,
    outward_log,
    rounded_up,
    short,
    significant,
    spread,
    steady_limit,
    steady_range,
    ticks,
)

POSITIVE = st.floats(1e-200, 1e200)


@given(value=POSITIVE)
def test_that_a_rounded_number_is_one_two_or_five_and_not_far(value: float) -> None:
    limit = rounded_up(value)
    assert value * (1 - 1e-8) <= limit <= 2.5 * value * (1 + 1e-8)
    assert f"{limit:.6e}"[:8] in {"1.000000", "2.000000", "5.000000"}


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e9))
def test_that_a_range_moves_outward_by_at_most_half_at_each_end(low: float, span: float) -> None:
    start, end = outward(low, low + span)
    assert start <= low + 1e-6 * span
    assert end >= low + span - 1e-6 * span
    assert end - start <= 2 * span


def test_that_log_ranges_end_at_one_two_or_five() -> None:
    bottom, top = outward_log(0.3, 1.1)
    np.testing.assert_allclose([10**bottom, 10**top], [0.2, 2.0])
    assert outward_log(1.0, 1.0) == (-1.0, 0.0)


def test_that_a_limit_that_swings_about_a_step_holds_still() -> None:
    limit, seen = 1.0, []
    for largest in (1.95, 2.05, 1.95, 2.05, 1.7, 1.5, 0.1):
        limit = steady_limit(limit, largest)
        seen.append(limit)
    assert seen == [2.0, 3.0, 3.0, 3.0, 3.0, 1.5, pytest.approx(0.1)]


def test_that_a_range_grows_at_once_and_shrinks_when_much_is_empty() -> None:
    assert steady_range(None, (0, 1)) == (0, 1)
    assert steady_range((0, 1), (0, 1.2)) == (0, 1.2)
    assert steady_range((0, 1), (0, 0.8)) == (0, 1)
    assert steady_range((0, 1), (0, 0.5)) == (0, 0.5)


@given(low=st.floats(-1e9, 1e9), span=st.floats(1e-3, 1e9), most=st.integers(1, 12))
def test_that_ticks_lie_in_the_range_and_tell_each_other_apart(
    low: float, span: float, most: int
) -> None:
    found = ticks(low, low + span, most)
    assert len(found) <= most + 1
    assert len(set(found.values())) == len(found)
    assert all(low - 1e-6 * span <= place <= low + span * (1 + 1e-6) for place in found)


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 1.2, ["0", "0.2", "0.4", "0.6", "0.8", "1.0", "1.2"]),
        (0, 8000, ["0", "2000", "4000", "6000", "8000"]),
        (0, 200_000, ["0", "50k", "100k", "150k", "200k"]),
        (0, 1_500_000, ["0", "0.5M", "1.0M", "1.5M"]),
        (0, 3e-5, ["0", "5e-6", "1e-5", "1.5e-5", "2e-5", "2.5e-5", "3e-5"]),
        (-0.4, 0.4, ["-0.4", "-0.2", "0", "0.2", "0.4"]),
    ],
)
def test_that_ticks_read_like_this(low: float, high: float, texts: list[str]) -> None:
    assert list(ticks(low, high, 7 if high < 1e3 else 5).values())[: len(texts)] == texts


def test_that_log_ticks_are_decades_or_finer_where_there_are_few() -> None:
    assert list(log_ticks(0, 6, 7).values()) == ["1", "10", "100", "1000", "10k", "100k", "1M"]
    assert list(log_ticks(0, 6, 3).values()) == ["1", "100", "10k", "1M"]
    assert list(log_ticks(-0.7, 0.3, 5).values()) == ["0.2", "0.5", "1"]
    assert list(log_ticks(1.2, 1.25, 4).values()) == ["16.0", "16.5", "17.0", "17.5"]


@pytest.mark.parametrize(("low", "high"), [(1, 1), (0, np.nan), (0, np.inf), (2, 1)])
def test_that_no_range_has_no_ticks(low: float, high: float) -> None:
    assert ticks(low, high, 5) == log_ticks(low, high, 5) == {}


def test_that_numbers_are_short_or_have_their_digits() -> None:
    assert [short(x) for x in (0, 1, -0.5, 1e4, 1.5e6, 1e-3, 1e-4, 2e13)] == [
        "0", "1", "-0.5", "10k", "1.5M", "0.001", "1e-4", "2e13"
    ]  # fmt: skip
    assert [significant(x) for x in (0.2, 1.0986, 12.345, 1234.4, 2e-5)] == [
        "0.2000", "1.099", "12.35", "1234", "2.000e-05"
    ]  # fmt: skip


@given(wanted=st.lists(st.floats(0, 100), max_size=6))
def test_that_places_are_spread_without_need_for_more(wanted: list[float]) -> None:
    places = spread(sorted(wanted), 15.0, 0.0, 100.0)
    assert all(np.diff(places) >= 15 - 1e-9)
    assert all(-1e-9 <= place <= 100 + 1e-9 for place in places)
    if all(np.diff(sorted(wanted)) >= 15):
        np.testing.assert_allclose(places, sorted(wanted), atol=1e-9)
