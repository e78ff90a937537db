"""When a run measures itself: often where the curve falls, and never for too large a share."""

from __future__ import annotations

import math

# Of the time after the first steps measuring takes the first share; where the next point of the
# curve would come later than PATIENCE_S, more, but never above the second.
MEASURING_SHARE, MOST_SHARE, PATIENCE_S = 0.02, 0.1, 1.0
# Steps between copies of weights to come back to, the more the less a step costs: (multiply-adds
# a step below, steps), multiples of the watch's window.
_KEEPING = ((1e3, 16384), (1e5, 4096), (1e6, 1024), (1e7, 128), (math.inf, 64))
EARLY_STEPS, EARLY_COST_S = 5000, 0.010  # the first steps, where the curve falls, are seen closely


class Cadence:
    """Knows what a measurement costs, and says when the next one is due.

    Attributes:
        milestone: the step to measure at unasked.
    """

    def __init__(self) -> None:
        self._cost, self._due = math.inf, -math.inf
        self.milestone: float = math.inf

    def due(self, now: float) -> bool:
        """Whether a measurement may be made at this time, in seconds."""
        return now >= self._due

    def measured(self, step: int, started: float, now: float) -> None:
        """Takes note of a measurement."""
        self._cost = min(self._cost, now - started)  # the first is cold, some are unlucky
        patient = min(self._cost * (1 / MEASURING_SHARE - 1), PATIENCE_S)
        self._due = now + max(patient, self._cost * (1 / MOST_SHARE - 1))
        early = step < EARLY_STEPS and self._cost < EARLY_COST_S
        self.milestone = step + max(1, step // 4) if early else math.inf


def steps_between_copies(work: float) -> int:
    """How many steps of `work` multiply-adds each may be lost when a run diverges."""
    return next(steps for below, steps in _KEEPING if work < below)
