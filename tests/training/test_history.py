"""History: a growing table whose views never change."""

from __future__ import annotations

import numpy as np
import pytest

from softmax_gui.training.history import COLUMNS, History


def filled(steps: int) -> History:
    history = History()
    for step in range(steps):
        history.append(**dict.fromkeys(COLUMNS, 0.5) | {"step": step})
    return history


def test_that_a_view_keeps_its_rows_while_the_history_grows_and_forgets() -> None:
    history = filled(300)
    view = history.view()
    copy = view.rows.copy()
    history.truncate(10)
    for step in range(11, 2000):
        history.append(**dict.fromkeys(COLUMNS, 9.0) | {"step": step})
    np.testing.assert_array_equal(view.rows, copy)
    assert len(history.view()) == 2000
    assert history.view().generation != view.generation


def test_that_truncate_keeps_the_step_itself() -> None:
    history = filled(50)
    history.truncate(10)
    assert history.view().column("step")[-1] == 10
    history.truncate(-1)
    assert len(history.view()) == 0


def test_that_a_view_is_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        filled(3).view().rows[0, 0] = 1.0


def test_that_growing_goes_on_after_a_view_was_taken() -> None:
    history = filled(3)
    history.view()
    history.append(**dict.fromkeys(COLUMNS, 1.0) | {"step": 3})
    assert history.view().column("step").tolist() == [0, 1, 2, 3]


def test_that_one_step_has_one_row() -> None:
    history = filled(3)
    history.append(**dict.fromkeys(COLUMNS, 7.0) | {"step": 2})
    assert history.view().column("train_loss").tolist() == [0.5, 0.5, 0.5]
