"""L-BFGS, started from the preconditioner: one pass over X an iteration.

The last MEMORY steps s and changes of the gradient y hold what F's curvature showed; the two-loop
recursion applies the inverse Hessian that agrees with them and is M^-1 (preconditioner.py)
elsewhere. M^-1 is linear and known of every gradient, so it is known of each y, too, and the
recursion needs no product with it. A line search for the strong Wolfe conditions keeps y's > 0.

Source: Nocedal and Wright (2006), Numerical Optimization, algorithms 7.4, 3.5 and 3.6.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.objective import Objective, Work
from softmax_gui.core.solvers import (
    Iterate,
    Point,
    Setup,
    descend,
    noise_of,
    prepare,
    remaining,
    tangent,
)

Floats = NDArray[np.float64]

MEMORY = 20
LOWER, FLATTER = 1e-4, 0.9  # Wolfe: how much F must fall, how much flatter it must be
TRIALS = 20


class Lbfgs:
    """The method; see the head of this file."""

    def __init__(self, objective: Objective, setup: Setup) -> None:
        self._objective, self._anchor, self._M = objective, setup.anchor, setup.preconditioner
        self._steps: list[Floats] = []
        self._changes: list[Floats] = []
        self._images: list[Floats] = []  # M^-1 y of the newest changes
        self._z = np.empty(0)  # M^-1 times minus the last gradient
        self._scale = math.nan  # of M^-1, by the last pair

    def estimate(self, at: Point) -> float:
        """About how far F is above its minimum; measures M^-1 by the step that led here."""
        decay, before = self._objective.weight_decay, self._z
        r = tangent(-at.gradient, decay)
        self._z = self._M.apply(r)
        if self._steps and math.isnan(self._scale):
            s, y = self._steps[-1], self._changes[-1]
            image = before - self._z if before.size else self._M.apply(y)
            self._images = [*self._images, image][-MEMORY:]
            self._scale = float(np.vdot(s, y)) / float(np.vdot(y, image))
        return remaining(r, float(np.vdot(r, self._z)), decay, self._anchor)

    def advance(self, at: Point, slack: float) -> Work[Point | None]:
        """One step; the slack is not used, since no inner loop is there to leave early."""
        del slack
        direction = self._direction(at.gradient)
        ahead = yield from wolfe(self._objective, at, direction)
        if ahead is None and self._steps:  # what is remembered may be rounding: begin anew
            self._steps, self._changes, self._images = [], [], []
            ahead = yield from wolfe(self._objective, at, self._direction(at.gradient))
        if ahead is None:
            return None
        s, y = ahead.theta - at.theta, ahead.gradient - at.gradient
        if float(np.vdot(s, y)) > 1e-14 * float(np.linalg.norm(s) * np.linalg.norm(y)):
            self._steps = [*self._steps, s][-MEMORY:]
            self._changes = [*self._changes, y][-MEMORY:]
            self._scale = math.nan
        return ahead

    def state(self) -> Mapping[str, NDArray[Any]]:
        """Steps and changes remembered, (m, d + 1, q) each, images of some, the scale of M^-1."""
        scale = (np.float64(self._scale),) if self._steps else ()
        return Stacked(
            steps=self._steps, changes=self._changes, images=self._images, scale=scale
        )  # fmt: skip

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up where `state` was given; without a scale it is measured anew."""
        self._steps, self._changes = list(state["steps"]), list(state["changes"])
        self._images = list(state.get("images", ()))
        self._scale = float(state["scale"][0]) if len(state.get("scale", ())) else math.nan

    def _direction(self, gradient: Floats) -> Floats:
        """Minus the inverse Hessian times the gradient, by the two-loop recursion."""
        r = tangent(-gradient, self._objective.weight_decay)
        pairs = [
            (s, y, float(np.vdot(s, y))) for s, y in zip(self._steps, self._changes, strict=True)
        ]
        parts = []
        for s, y, sy in reversed(pairs):
            part = float(np.vdot(s, r)) / sy
            r = r - part * y
            parts.append(part)
        if len(self._images) == len(pairs):  # r is the gradient at hand less some changes
            z = self._z.copy()
            for image, part in zip(reversed(self._images), parts, strict=True):
                z -= part * image
        else:  # along a path of decays older changes have no image under this M
            z = self._M.apply(r)
        if pairs:
            z *= self._scale
        for (s, y, sy), part in zip(pairs, reversed(parts), strict=True):
            z += (part - float(np.vdot(y, z)) / sy) * s
        return z


class Stacked(Mapping[str, NDArray[Any]]):
    """Arrays by name, stacked when they are asked for: of most iterations nobody asks."""

    def __init__(self, **lists: Sequence[NDArray[Any] | np.float64]) -> None:
        self._lists = {name: tuple(arrays) for name, arrays in lists.items()}

    def __getitem__(self, name: str) -> NDArray[Any]:
        return np.array(self._lists[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)


def lbfgs(
    objective: Objective,
    start: Floats,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 1000,
    setup: Setup | None = None,
    resume: Iterate | None = None,
) -> Generator[Iterate | None, None, Iterate]:
    """Minimise F from `start` (d + 1, q); arguments and results as those of `newton_cg`."""
    if setup is None:
        setup = yield from prepare(objective)
    at = resume or Iterate(start, math.nan, math.nan, 0, setup.passes)
    return (yield from descend(objective, Lbfgs(objective, setup), at, tolerance, max_iterations))


def wolfe(objective: Objective, at: Point, direction: Floats) -> Work[Point | None]:
    """A point along `direction` that meets the strong Wolfe conditions, from step 1 on.

    A bracket grows until it holds such a step and is then narrowed at the minimum of the cubic
    through both ends.
    """
    slope = float(np.vdot(at.gradient, direction))
    if not slope < 0.0:
        return None
    noise = noise_of(objective, at.loss)
    low, high, best = (0.0, at.loss, slope), None, None
    step = 1.0
    for trial in range(1, TRIALS + 1):
        theta = at.theta + step * direction
        loss, gradient = yield from objective.value_and_gradient(theta)
        here = (step, loss, float(np.vdot(gradient, direction)))
        enough = loss <= at.loss + LOWER * step * slope + noise
        if enough:
            best = Point(theta, loss, gradient, trial)
            if abs(here[2]) <= -FLATTER * slope:
                return best
        if not enough or loss > low[1] + noise or here[2] > 0.0:
            high = here
        else:
            low = here
        step = 2.0 * step if high is None else cubic_minimum(low, high)
    return None if best is None else replace(best, passes=TRIALS)


def cubic_minimum(low: tuple[float, float, float], high: tuple[float, float, float]) -> float:
    """Where the cubic through two (step, value, slope) is least, kept off the ends; eq. 3.59."""
    (a, fa, ga), (b, fb, gb) = low, high
    middle = 0.5 * (a + b)
    if not all(map(math.isfinite, (fb, gb))):
        return middle
    d1 = ga + gb - 3.0 * (fa - fb) / (a - b)
    root = d1 * d1 - ga * gb
    if root < 0.0:
        return middle
    d2 = math.copysign(math.sqrt(root), b - a)
    bottom = gb - ga + 2.0 * d2
    step = b - (b - a) * (gb + d2 - d1) / bottom if bottom else middle
    margin = 0.1 * abs(b - a)
    return step if min(a, b) + margin <= step <= max(a, b) - margin else middle
