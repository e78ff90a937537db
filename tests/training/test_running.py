"""Loss and hits of the minibatches between two snapshots, in no more room however many."""

from __future__ import annotations

import numpy as np
import pytest

from softmax_gui.training.engine import Progress
from softmax_gui.training.running import Running


def test_that_the_mean_is_over_steps_and_the_hits_over_examples() -> None:
    running = Running()
    assert running.measurement() is None
    running.add(Progress(20, np.array([1.0, 2.0]), 5))
    running.add(Progress(10, np.array([6.0]), 7))
    found = running.measurement()
    assert found is not None
    assert found.loss == pytest.approx(3.0)
    assert (found.correct, found.total) == (12, 30)


def test_that_hits_that_were_not_counted_once_are_not_known() -> None:
    running = Running()
    running.add(Progress(20, np.array([1.0]), None))
    running.add(Progress(20, np.array([1.0]), 4))
    assert running.measurement() is None
