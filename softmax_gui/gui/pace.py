"""How many steps are due at a limited speed, and how often to look."""

from __future__ import annotations

import math
import time

FULL_SPEED = math.inf
STALL_S = 0.25  # after a stall (a laptop that slept) so much is made up, not hours


class Pace:
    """Counts the steps that are owed to a speed; at full speed none is counted."""

    def __init__(self) -> None:
        self._steps_per_s = FULL_SPEED
        self._owed, self._asked_at = 0.0, 0.0

    def set_speed(self, steps_per_s: float) -> None:
        """Steps a second from now on; FULL_SPEED is as fast as it goes."""
        self._steps_per_s, self._owed = steps_per_s, 0.0
        self._asked_at = time.monotonic()

    def begin(self) -> None:
        """Training starts: at a slow speed, with a step at once."""
        self._owed, self._asked_at = 1.0, time.monotonic()

    def due(self) -> int | None:
        """Steps to take now; None at full speed."""
        if math.isinf(self._steps_per_s):
            return None
        now = time.monotonic()
        self._owed += self._steps_per_s * min(now - self._asked_at, STALL_S)
        self._asked_at = now
        due = int(self._owed)
        self._owed -= due
        return due

    def give_back(self, steps: int) -> None:
        """Steps that were due and not made, at most one: an iteration may outlast a slice."""
        self._owed += min(steps, 1)

    def interval_ms(self, slice_s: float) -> int:
        """How long to wait before the next slice; not at all while a step is under way."""
        if math.isinf(self._steps_per_s) or self._owed >= 1:
            return 0
        return round(max(1000 * slice_s, min(100, 250 / self._steps_per_s)))
