"""Newton's method with conjugate gradients: some five steps to the optimum, each of some passes.

Newton's direction p solves H p = -g. Conjugate gradients find it by products H V alone, one pass
over X each, and the preconditioner M (see preconditioner.py) leaves few of them. A step far from
the optimum need not be exact: p is good enough once its residual has fallen by Eisenstat and
Walker's factor eta, or once what is left of it could lower F by less than the tolerance asks.

The scale c of M is measured as the run goes on. In a direction s, M claims the curvature
c s'(Gram)s + weight_decay |s_W|^2; the product H s says what it is. When c is off by a factor of
RESCALE, M is formed anew, which costs no pass.

Sources: Nocedal and Wright (2006), Numerical Optimization, algorithm 7.1; Eisenstat and Walker
(1996), Choosing the forcing terms in an inexact Newton method.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.certificate import Anchor
from softmax_gui.core.objective import Objective, Work
from softmax_gui.core.preconditioner import Preconditioner
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

ETA = 0.25  # the residual that ends the first inner loop, and the most any later one may leave
RESCALE = 1.5
PATIENCE = 30  # products without gain that end an inner loop
MAX_INNER = 250
ARMIJO, FLATTER = 1e-4, 0.9
HALVINGS = 40


@dataclass
class Fit:
    """What an inner loop learns: how M fits the rows, and whether it still gets on."""

    decay: float
    claimed: float = 0.0
    curved: float = 0.0
    least: float = math.inf
    since: int = 0

    def add(self, s: Floats, sMs: float, sHs: float) -> None:
        """One more direction: what M claims of it, what H says; the decay is in both."""
        decayed = self.decay * float(np.vdot(s[:-1], s[:-1]))
        self.claimed += sMs - decayed
        self.curved += sHs - decayed

    def idle(self, rz: float) -> bool:
        """Whether the residual has not fallen for PATIENCE products: rounding has the word."""
        self.since = 0 if rz < self.least else self.since + 1
        self.least = min(self.least, rz)
        return self.since >= PATIENCE

    @property
    def ratio(self) -> float:
        """How many times the rows curve more than M claims."""
        return self.curved / self.claimed if self.claimed > 0.0 < self.curved else 1.0


@dataclass
class Inner:
    """What an inner loop found: the direction, the passes it took, and what c should be."""

    direction: Floats
    passes: int
    scale: float


@dataclass
class Target:
    """When an inner loop has done enough: a fraction of the first residual, or the slack."""

    eta: float
    slack: float
    decay: float
    anchor: Anchor

    def met(self, r: Floats, rz: float, first: float) -> bool:
        """Whether the residual r, rz = r'M^-1 r, is small enough."""
        return rz <= self.eta**2 * first or remaining(r, rz, self.decay, self.anchor) <= self.slack


class NewtonCG:
    """The method; see the head of this file."""

    def __init__(self, objective: Objective, setup: Setup) -> None:
        self._objective, self._anchor, self._M = objective, setup.anchor, setup.preconditioner
        self._before = 0.0  # the norm of the last gradient, in M^-1
        self._r = self._z = np.empty(0)

    def estimate(self, at: Point) -> float:
        """About how far F is above its minimum; prepares `advance`."""
        decay = self._objective.weight_decay
        self._r = tangent(-at.gradient, decay)
        self._z = self._M.apply(self._r)
        return remaining(self._r, float(np.vdot(self._r, self._z)), decay, self._anchor)

    def advance(self, at: Point, slack: float) -> Work[Point | None]:
        """One Newton step, as exact as it needs to be."""
        objective, decay = self._objective, self._objective.weight_decay
        norm = math.sqrt(max(0.0, float(np.vdot(self._r, self._z))))
        target = Target(forcing(norm, self._before), slack, decay, self._anchor)
        inner = yield from conjugate_gradients(objective, self._r, self._z, self._M, target)
        ahead = yield from line_search(objective, at, inner.direction)
        if ahead is None:
            return None
        self._before = norm
        if not 1.0 / RESCALE < inner.scale / self._M.scale < RESCALE:
            self._M = self._M.rescaled(inner.scale, decay)
        return replace(ahead, passes=ahead.passes + inner.passes)

    def state(self) -> dict[str, NDArray[Any]]:
        """The scale of M and the norm of the last gradient."""
        return {"newton": np.array([self._M.scale, self._before])}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up where `state` was given."""
        scale, self._before = (float(number) for number in state["newton"])
        if scale != self._M.scale:
            self._M = self._M.rescaled(scale, self._objective.weight_decay)


def newton_cg(
    objective: Objective,
    start: Floats,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 100,
    setup: Setup | None = None,
    resume: Iterate | None = None,
) -> Generator[Iterate | None, None, Iterate]:
    """Minimise F from `start` (d + 1, q); yields None as a heartbeat and each accepted Iterate.

    Args:
        objective: F.
        start: theta to begin with; ignored with `resume`.
        tolerance: ends the run when F is within tolerance * F of its minimum, as far as known.
        max_iterations: Newton steps.
        setup: of the same data and decay; None prepares it.
        resume: an Iterate of an earlier run, which then goes on exactly as it would have.

    Returns:
        The last Iterate.
    """
    if setup is None:
        setup = yield from prepare(objective)
    at = resume or Iterate(start, math.nan, math.nan, 0, setup.passes)
    method = NewtonCG(objective, setup)
    return (yield from descend(objective, method, at, tolerance, max_iterations))


def forcing(norm: float, before: float) -> float:
    """Eisenstat and Walker's eta with power 1, |g| / |g before| in the norm of M^-1.

    Power 2 takes a step less but solves each of them further than pays: on digits 54 passes
    instead of 45.
    """
    return min(ETA, norm / before) if before > 0.0 else ETA


def conjugate_gradients(
    objective: Objective, r: Floats, z: Floats, M: Preconditioner, target: Target
) -> Work[Inner]:
    """Solve H p = r by products with H, until the residual meets the target.

    Args:
        objective: whose H it is, at its last theta.
        r: minus the gradient.
        z: M^-1 r.
        M: the preconditioner.
        target: when to stop.
    """
    decay = objective.weight_decay
    p, s, fit = np.zeros_like(z), z, Fit(decay)
    sMs = rz = first = float(np.vdot(r, z))
    for count in range(1, MAX_INNER + 1):
        Hs = yield from objective.curvature_product(s)
        sHs = float(np.vdot(s, Hs))
        if not sHs > 1e-15 * sMs:  # flat in s: nothing is left to gain there
            return Inner(s if count == 1 else p, count, M.scale * fit.ratio)
        fit.add(s, sMs, sHs)
        alpha = rz / sHs
        p = p + alpha * s
        r = tangent(r - alpha * Hs, decay)
        z = M.apply(r)
        rz, last = float(np.vdot(r, z)), rz
        if target.met(r, rz, first) or fit.idle(rz):
            break
        beta = rz / last
        s = z + beta * s
        sMs = rz + beta * beta * sMs
    return Inner(p, count, M.scale * fit.ratio)


def line_search(objective: Objective, at: Point, direction: Floats) -> Work[Point | None]:
    """The first of steps 1, 1/2, 1/4, ... along `direction` that lowers F enough (Armijo).

    Near the optimum F no longer tells lower from higher in its last digits; there a step is taken
    whose slope has fallen in size (Hager and Zhang 2005, approximate Wolfe conditions).
    """
    slope = float(np.vdot(at.gradient, direction))
    if not slope < 0.0:
        return None
    noise, step = noise_of(objective, at.loss), 1.0
    for trial in range(1, HALVINGS + 1):
        theta = at.theta + step * direction
        loss, gradient = yield from objective.value_and_gradient(theta)
        flat = abs(float(np.vdot(gradient, direction))) <= FLATTER * -slope
        if loss <= at.loss + ARMIJO * step * slope or (flat and loss <= at.loss + noise):
            return Point(theta, loss, gradient, trial)
        step *= 0.5
    return None
