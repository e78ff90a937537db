"""Many weight decays in one go: each optimum is the start of the next, smaller one.

The features' means and the Gram matrix are computed once; a decay costs one more d x d factor.
Between decays that fall by a constant factor theta moves nearly as far each time, so the start is
theta + (theta - the one before), and two Newton steps or three remain. L-BFGS also keeps its pairs
of steps and changes of the gradient: under another decay a change differs by (the difference of the
decays) times the step in W, exactly. On 20,000 x 512 x 10, correlated, that took 145 passes instead
of 212 for 16 decays.

One run for all decays at once, W (d, 16 q) with one product X [W_1, ..., W_16] a pass, was looked
at too. Such a pass has 16 curvature products 2 to 2.4 times faster (on digits 0.8 ms instead of
1.7, on 20,000 x 512 x 10 0.15 s instead of 0.40, its softmax left out), but it must go on for as
many passes as the hardest decay takes from zero: 157 and 33, at least 126 ms and 4.9 s. Warm
starts took 98 ms and 4.2 s with all that belongs to them, so they are kept.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.arrays import Array
from softmax_gui.core.checks import check_path, check_problem
from softmax_gui.core.optimum import Optimum, as_optimum, chosen, dense, present_classes, solve
from softmax_gui.core.solvers import Iterate, Setup, prepare

if TYPE_CHECKING:
    from softmax_gui.core.compiled_blocks import Passes

Floats = NDArray[np.float64]


def decay_path(
    X: Array,
    targets: Array,
    q: int,
    decays: Sequence[float],
    *,
    solver: str = "auto",
    tolerance: float = 1e-6,
    max_iterations: int | None = None,
    sample_weight: Array | None = None,
    label_smoothing: float = 0.0,
    dtype: Any = None,
    passes: Passes | None = None,
) -> list[Optimum]:
    """The optima under `decays`, which descend; the other arguments are those of find_optimum.

    Raises:
        ValueError: the decays do not descend, or an argument is out of its range.
    """
    steps = path_steps(
        X,
        targets,
        q,
        decays,
        solver=solver,
        tolerance=tolerance,
        max_iterations=max_iterations,
        sample_weight=sample_weight,
        label_smoothing=label_smoothing,
        dtype=dtype,
        passes=passes,
    )
    return [optimum for optimum in steps if optimum is not None]


def path_steps(
    X: Array,
    targets: Array,
    q: int,
    decays: Sequence[float],
    *,
    solver: str = "auto",
    tolerance: float = 1e-6,
    max_iterations: int | None = None,
    sample_weight: Array | None = None,
    label_smoothing: float = 0.0,
    dtype: Any = None,
    passes: Passes | None = None,
) -> Generator[Optimum | None]:
    """The same in slices: yields None as a heartbeat and each Optimum as it is found."""
    X, targets, weights = check_problem(X, targets, q, sample_weight, label_smoothing, tolerance)
    check_path(decays)
    decays = [float(decay) for decay in decays]
    targets, present = present_classes(targets, q, weights, label_smoothing)
    objective = dense(X, targets, len(present), decays[0], weights, label_smoothing, dtype, passes)
    choice = chosen(objective, solver)
    setup = yield from prepare(objective, choice.preconditioner)
    start: Iterate | None = None
    before: Floats | None = None
    for decay, after in zip(decays, [*decays[1:], 0.0], strict=True):
        objective, setup = objective.with_decay(decay), setup.under(decay)
        found = yield from _heartbeats(
            solve(objective, choice, setup, None, tolerance, max_iterations, start)
        )
        at, setup = found[0], _fitting(setup, found[0])
        theta = at.theta if before is None else 2.0 * at.theta - before
        before, start = at.theta, _start(theta, at, after - decay)
        yield as_optimum(found, choice, present, q)


def _heartbeats(run: Generator[Iterate | None, None, Any]) -> Generator[None, None, Any]:
    """`run` without the iterates it yields."""
    while True:
        try:
            next(run)
        except StopIteration as end:
            return end.value
        yield


def _start(theta: Floats, at: Iterate, change: float) -> Iterate:
    """`theta` with what L-BFGS remembers, as it would be under a decay that differs by `change`."""
    memory = {}
    if len(at.state.get("steps", ())):
        steps, changes = at.state["steps"], at.state["changes"].copy()
        changes[:, :-1] += change * steps[:, :-1]
        memory = {"steps": steps, "changes": changes}
    return Iterate(theta, math.nan, math.nan, 0, 0, memory)


def _fitting(setup: Setup, at: Iterate) -> Setup:
    """`setup` with M at the scale that the last run left it with."""
    if "newton" not in at.state:
        return setup
    M = setup.preconditioner.rescaled(float(at.state["newton"][0]), 1.0)
    return replace(setup, preconditioner=M)
