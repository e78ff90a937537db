"""When a run measures itself."""

from __future__ import annotations

import pytest

from softmax_gui.training.cadence import MEASURING_SHARE, MOST_SHARE, PATIENCE_S, Cadence

LATE = 10**6  # steps, after the early ones


@pytest.mark.parametrize("cost", [1e-5, 1e-3, 0.02, 0.1, 3.0])
def test_that_measuring_takes_its_share_and_more_only_where_somebody_would_wait(
    cost: float,
) -> None:
    cadence = Cadence()
    cadence.measured(LATE, 100.0, 100.0 + cost)
    wait = next(k for k in range(10**7) if cadence.due(100.0 + cost + k * cost)) * cost
    share = cost / (cost + wait)
    assert share <= MOST_SHARE * 1.001
    assert share <= MEASURING_SHARE * 1.001 or wait >= PATIENCE_S
    if wait > PATIENCE_S + 2 * cost:  # somebody waits: only since the most is reached
        assert share >= 0.85 * MOST_SHARE


def test_that_the_first_steps_are_seen_closely() -> None:
    cadence = Cadence()
    cadence.measured(0, 0.0, 1e-4)
    assert cadence.milestone == 1
    cadence.measured(400, 0.0, 1e-4)
    assert cadence.milestone == 500
    cadence.measured(LATE, 0.0, 1e-4)
    assert cadence.milestone == float("inf")
