"""How many steps are due at a speed, whatever the clock did meanwhile."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from softmax_gui.gui import pace
from softmax_gui.gui.pace import STALL_S, Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands until it is set."""
    hands = SimpleNamespace(now=100.0)
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: hands.now))
    return hands


def test_that_full_speed_counts_nothing() -> None:
    one = Pace()
    assert one.due() is None
    assert one.interval_ms(0.01) == 0


def test_that_steps_come_due_at_the_speed_with_one_at_once(clock: SimpleNamespace) -> None:
    one = Pace()
    one.set_speed(10.0)
    one.begin()
    due = []
    for _ in range(10):
        due.append(one.due())
        clock.now += 0.05
    assert due[0] == 1
    assert sum(filter(None, due)) == pytest.approx(1 + 10 * 0.45, abs=1)


def test_that_a_stall_is_not_made_up_for(clock: SimpleNamespace) -> None:
    one = Pace()
    one.set_speed(100.0)
    one.begin()
    one.due()
    clock.now += 3600
    assert one.due() == 100 * STALL_S


def test_that_an_iteration_under_way_goes_on_without_a_wait(clock: SimpleNamespace) -> None:
    one = Pace()
    one.set_speed(1.0)
    one.begin()
    assert one.due() == 1
    assert one.interval_ms(0.01) == 100
    one.give_back(1)
    assert one.interval_ms(0.01) == 0
    assert one.due() == 1


def test_that_no_more_than_a_step_is_owed_by_an_engine_that_is_too_slow() -> None:
    one = Pace()
    one.set_speed(1000.0)
    one.begin()
    one.due()
    for _ in range(5):
        one.give_back(250)
        due = one.due()
        assert due is not None
        assert due <= 1 + 1000 * STALL_S


@pytest.mark.parametrize(("speed", "expected"), [(1.0, 100), (10.0, 25), (1e4, 10),
                                                 (math.inf, 0)])  # fmt: skip
def test_that_the_wait_between_slices_fits_the_speed(speed: float, expected: int) -> None:
    one = Pace()
    one.set_speed(speed)
    assert one.interval_ms(0.01) == expected
