"""What the two solvers share: an iterate, what is prepared once, and the choice between them."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.certificate import Anchor, anchor_of, separating_direction
from softmax_gui.core.objective import Objective, Work
from softmax_gui.core.preconditioner import Diagonal, Factor, Preconditioner, sketched
from softmax_gui.i18n import N_

Floats = NDArray[np.float64]
Kind: TypeAlias = Literal["cholesky", "sampled", "diagonal", "low-rank"]

AIM = 0.5  # of the tolerance: what a run may leave; the rest is for the certificate
SLACK = 0.25  # what an inner loop may leave; the rest is for the curving of F
PATIENCE = 5  # iterates without visible gain that end a run
LARGEST_FACTOR = 4096  # features up to which a d x d matrix is held: 134 MB each, three of them
LARGEST_SKETCH = 200_000  # features up to which 64 vectors of d are held: 100 MB
SAMPLED = 16  # rows a feature from which a sample gives the Gram matrix well enough
LONG_PASS = 1e7  # products of a pass above which L-BFGS is the faster
CHEAP_GRAM = 2e11  # operations, some 4 s, above which the sample is taken


@dataclass(frozen=True)
class Iterate:
    """An accepted point of a solver's run.

    Attributes:
        theta: (d + 1, q), the last row the bias.
        loss: F in nats.
        gradient_norm: Euclidean, of F in theta.
        iteration: from 0, the start.
        passes: over X until now.
        state: what the solver needs, besides theta, to go on exactly.
        bound: about how far F is above its minimum, in nats; the certificate says it strictly.
        separating: a direction along which F, without decay, seems to fall for ever.
    """

    theta: Floats
    loss: float
    gradient_norm: float
    iteration: int
    passes: int
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    bound: float = math.inf
    separating: Floats | None = None


@dataclass(frozen=True)
class Choice:
    """Which solver and which preconditioner, and why: an English sentence for `tr`."""

    solver: str
    preconditioner: Kind
    reason: str


@dataclass(frozen=True)
class Setup:
    """What is computed once for all decays on the same data.

    Attributes:
        preconditioner: M at theta = 0, c = 1/q.
        anchor: what the duality gap needs.
        passes: over X it took.
    """

    preconditioner: Preconditioner
    anchor: Anchor
    passes: int

    def under(self, weight_decay: float) -> Setup:
        """The same for another decay."""
        M = self.preconditioner.rescaled(self.preconditioner.scale, weight_decay)
        return replace(self, preconditioner=M, passes=0)


@dataclass(frozen=True)
class Point:
    """Where a solver stands: theta, F and its gradient there, and the passes it took."""

    theta: Floats
    loss: float
    gradient: Floats
    passes: int = 0


class Method(Protocol):
    """How a solver gets from one point to the next."""

    def estimate(self, at: Point) -> float:
        """About how far F is above its minimum, in nats."""

    def advance(self, at: Point, slack: float) -> Work[Point | None]:
        """The next point, its passes those of the step; None where rounding allows no better.

        `slack` in nats is what need not be gained.
        """

    def state(self) -> Mapping[str, NDArray[Any]]:
        """What `restore` needs to go on exactly."""

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up where `state` was given."""


class Progress:
    """Notices when a run turns in the rounding of its own precision."""

    def __init__(self) -> None:
        self._loss, self._bound, self._idle = math.inf, math.inf, 0

    def stalled(self, loss: float, bound: float, noise: float) -> bool:
        """Whether neither F nor the estimate has fallen visibly for PATIENCE iterates."""
        better = loss < self._loss - noise or bound < 0.5 * self._bound
        self._idle = 0 if better else self._idle + 1
        self._loss, self._bound = min(self._loss, loss), min(self._bound, bound)
        return self._idle >= PATIENCE


def noise_of(objective: Objective, loss: float) -> float:
    """What rounding in the type of the products can move F by, in nats, also where F is small."""
    eps = float(np.finfo(np.float64 if objective.is_wide else np.float32).eps)
    return eps * (4.0 * abs(loss) + 1.0)


def descend(
    objective: Objective,
    method: Method,
    start: Iterate,
    tolerance: float,
    max_iterations: int,
) -> Generator[Iterate | None, None, Iterate]:
    """Let `method` lower F until it is near enough to the minimum.

    Yields None as a heartbeat and each accepted Iterate; a start with a state is that of an
    earlier run, which goes on exactly as it would have.

    Returns:
        The last Iterate: near enough, separable, or the best that rounding allows.
    """
    if start.state:
        method.restore(start.state)
    loss, gradient = yield from objective.value_and_gradient(start.theta)
    point, iteration, passes = Point(start.theta, loss, gradient), start.iteration, start.passes + 1
    separating: Floats | None = None
    progress = Progress()
    while True:
        bound = method.estimate(point)
        norm = float(np.linalg.norm(point.gradient))
        state = method.state()
        at = Iterate(point.theta, point.loss, norm, iteration, passes, state, bound, separating)
        yield at
        done = separating is not None or iteration >= max_iterations
        if (
            done
            or progress.stalled(point.loss, bound, noise_of(objective, point.loss))
            or bound <= AIM * tolerance * point.loss
        ):
            return at
        ahead = yield from method.advance(point, SLACK * tolerance * point.loss)
        if ahead is None:
            return at
        if not objective.weight_decay:
            step = ahead.theta - point.theta
            separating = yield from separating_direction(objective, ahead.theta, step)
        point, iteration, passes = ahead, iteration + 1, passes + ahead.passes


def remaining(r: Floats, rz: float, weight_decay: float, anchor: Anchor) -> float:
    """About how far F is above its minimum, from a gradient r and rz = r'M^-1 r, in nats.

    The duality gap, as if the bias had been set right: the certificate does that. Without decay
    the gap is inf and Newton's estimate rz / 2 must do.
    """
    if not weight_decay:
        return 0.5 * rz
    centred = r[:-1] - anchor.mean[:, np.newaxis] * r[-1]
    return max(0.5 * rz, float(np.vdot(centred, centred)) / (2.0 * weight_decay))


def tangent(array: Floats, weight_decay: float) -> Floats:
    """`array` less its mean over the classes, along which F without decay does not change.

    With decay only the bias is such a direction.
    """
    if not weight_decay:
        return np.asarray(array - array.mean(axis=1, keepdims=True))
    array[-1] -= array[-1].mean()
    return array


def prepare(objective: Objective, kind: Kind | None = None) -> Work[Setup]:
    """The preconditioner and the anchor of `objective`; `kind` None chooses."""
    kind = kind or choose_solver(objective.n, objective.d, objective.q).preconditioner
    q, decay = objective.q, objective.weight_decay
    moments = yield from objective.first_moments()
    anchor = anchor_of(moments)
    M: Preconditioner
    if kind in ("cholesky", "sampled"):
        rows = SAMPLED * (objective.d + 1) if kind == "sampled" else None
        gram = yield from objective.gram(rows, anchor.mean)
        M = Factor.of(gram, 1.0 / q, decay)
    else:
        squares = yield from objective.second_moments()
        M = Diagonal(anchor.mean, np.maximum(squares - anchor.mean**2, 0.0), 1.0 / q, decay)
        if kind == "low-rank":
            M = yield from sketched(objective, M.mean, M.variance)
    return Setup(M, anchor, 2)


def choose_solver(n: int, d: int, q: int, device: str = "cpu") -> Choice:
    """The solver and the preconditioner for n rows, d features and q classes, and the reason.

    With the same preconditioner L-BFGS took a third fewer passes where a pass is long (12,000 x 784
    x 10: 32 against 47, 0.7 against 2.3 s; 200,000 x 512 x 100: 50 against 63, 28 against 60 s):
    products with the Hessian are passes, too. Where a pass is short its memory of 40 vectors costs
    more than it saves (digits: 19 against 12 ms).
    """
    del device  # the choice was measured not to hang on it
    long = float(n) * d * q > LONG_PASS
    solver = "lbfgs" if long else "newton-cg"
    if d > LARGEST_SKETCH:
        reason = N_("So many features leave room for their variances alone as a preconditioner.")
        return Choice(solver, "diagonal", reason)
    if d > LARGEST_FACTOR:
        reason = N_("A matrix of all features would be too large: a low-rank sketch stands for it.")
        return Choice(solver, "low-rank", reason)
    if 2.0 * n * d * d > CHEAP_GRAM and n > 2 * SAMPLED * (d + 1):
        reason = N_("A matrix of sampled rows serves all classes: one of all rows would cost more.")
        return Choice(solver, "sampled", reason)
    reason = N_("One matrix of all rows serves all classes: the fewest passes over the data.")
    return Choice(solver, "cholesky", reason)
