"""DivergenceWatch: a pure function of the losses, however they come in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.training.watch import (
    FACTOR,
    FACTOR_AT_ONCE,
    LOOK_STEPS,
    WINDOW_STEPS,
    DivergenceWatch,
)

FRESH = DivergenceWatch(q=3, best=1.0)
LIMIT = math.log(3)


def told(watch: DivergenceWatch, pieces: list[np.ndarray]) -> tuple[int | None, float, object]:
    """Where the loss left its bounds, what it was then, and what the watch knows at the end."""
    before = 0
    for piece in pieces:
        verdict, watch = watch.after(piece)
        if verdict.bad_after is not None:
            return before + verdict.bad_after, verdict.loss, None
        before += len(piece)
    return None, math.nan, watch


losses_of_runs = st.builds(
    lambda base, at, factor, seed: np.append(
        base * np.random.default_rng(seed).uniform(0.2, 1.8, at),
        factor * np.random.default_rng(seed).uniform(0.2, 1.8, 300 - at),
    ),
    st.floats(0.01, 3.0), st.integers(0, 300),
    st.sampled_from([0.1, 2.0, 3.5, 9.0, 20.0, 1e300, math.inf, math.nan]), st.integers(0, 99),
)  # fmt: skip


@given(losses=losses_of_runs, cuts=st.lists(st.integers(0, 300), max_size=12))
def test_that_the_verdict_is_the_same_however_the_losses_are_cut(
    losses: np.ndarray, cuts: list[int]
) -> None:
    whole, pieces = told(FRESH, [losses]), told(FRESH, np.split(losses, sorted(cuts)))
    one_by_one = told(FRESH, list(losses[:, None]))
    assert repr(whole) == repr(pieces) == repr(one_by_one)


@given(losses=losses_of_runs)
def test_that_looking_changes_neither_the_watch_nor_the_losses(losses: np.ndarray) -> None:
    copy = losses.copy()
    first, again = FRESH.after(losses), FRESH.after(losses)
    assert repr(first) == repr(again)
    assert DivergenceWatch(q=3, best=1.0) == FRESH
    assert losses.tobytes() == copy.tobytes()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("at", [0, 1, LOOK_STEPS - 1, LOOK_STEPS, 100])
def test_that_a_loss_that_is_not_finite_is_found_at_its_own_step(bad: float, at: int) -> None:
    losses = np.full(150, 0.5)
    losses[at] = bad
    assert FRESH.after(losses)[0].bad_after == at + 1
    assert not math.isfinite(FRESH.after(losses)[0].loss)


def test_that_a_look_far_out_is_bad_at_its_end_and_a_window_at_its_own() -> None:
    high = np.full(WINDOW_STEPS, 1.01 * FACTOR_AT_ONCE * LIMIT)
    assert FRESH.after(high)[0].bad_after == LOOK_STEPS
    slow = np.full(WINDOW_STEPS, 1.01 * FACTOR * LIMIT)
    assert FRESH.after(slow)[0].bad_after == WINDOW_STEPS
    assert FRESH.after(slow)[0].loss == pytest.approx(slow[0])
    assert FRESH.after(slow[:-1])[0].bad_after is None


def test_that_within_the_bounds_nothing_is_bad_and_a_look_is_clean() -> None:
    verdict, watch = FRESH.after(np.full(10 * WINDOW_STEPS, 0.99 * FACTOR * LIMIT))
    assert (verdict.bad_after, verdict.clean) == (None, True)
    assert watch.open == ()
    assert watch.best == FRESH.best  # no window was better


def test_that_no_look_is_clean_before_it_ended_or_beyond_the_narrow_bound() -> None:
    assert not FRESH.after(np.full(LOOK_STEPS - 1, 0.5))[0].clean
    assert FRESH.after(np.full(LOOK_STEPS, 0.5))[0].clean
    assert not FRESH.after(np.full(LOOK_STEPS, 1.01 * FACTOR * LIMIT))[0].clean


def test_that_what_ended_after_the_bad_step_makes_nothing_clean() -> None:
    losses = np.append(np.full(LOOK_STEPS, 1e6), np.full(LOOK_STEPS, 0.5))
    verdict, _ = FRESH.after(losses)
    assert (verdict.bad_after, verdict.clean) == (LOOK_STEPS, False)


def test_that_bounds_follow_the_best_window_but_never_below_a_model_that_knows_nothing() -> None:
    bad_start = DivergenceWatch(q=3, best=50.0)
    high = np.full(LOOK_STEPS, 100.0)
    assert bad_start.after(high)[0].bad_after is None
    _, learned = bad_start.after(np.full(WINDOW_STEPS, 0.001))
    assert learned.best == pytest.approx(0.001)
    assert learned.after(high)[0].bad_after == LOOK_STEPS
    assert learned.after(np.full(WINDOW_STEPS, LIMIT))[0].bad_after is None


def test_that_one_class_has_the_bounds_of_two() -> None:
    alone = DivergenceWatch(q=1, best=0.0)
    assert alone.after(np.full(WINDOW_STEPS, 0.5))[0].bad_after is None
    assert alone.after(np.full(WINDOW_STEPS, 8.0))[0].bad_after == LOOK_STEPS


def test_that_no_losses_are_no_news() -> None:
    verdict, watch = FRESH.after(np.empty(0))
    assert (verdict.bad_after, verdict.clean, watch) == (None, False, FRESH)
