"""Nats inside, nats or bits on screen, and how numbers are written."""

from __future__ import annotations

import math
from enum import Enum


class Unit(Enum):
    """The unit of every loss, entropy and surprisal on screen: 1 nat = 1/ln 2 bit."""

    NAT = "nat"
    BIT = "bit"

    @property
    def per_nat(self) -> float:
        """How many of this unit a nat is."""
        return 1.0 if self is Unit.NAT else 1 / math.log(2)

    def text(self, nats: float) -> str:
        """`nats` in this unit with four significant digits, for example "0.2134 nat"."""
        return f"{significant(nats * self.per_nat)} {self.value}"


def significant(value: float, digits: int = 4) -> str:
    """Four significant digits, zeros kept so that nothing jumps: "0.2130", "12.35", "1.2e+06"."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "–"
    if value == 0 or 1e-4 <= abs(value) < 1e5:
        whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
        leading = 0 if value == 0 or abs(value) >= 0.1 else -math.floor(math.log10(abs(value))) - 1
        return f"{value:.{max(0, min(digits - whole + leading, 7))}f}"
    return f"{value:.{digits - 1}e}"
