"""From data to the optimum in one call: checks, the choice of a solver, the run, the certificate.

The plain door for everything that may wait: the estimator, a path of weight decays, benchmarks.
A training thread drives the generators itself.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.arrays import Array
from softmax_gui.core.certificate import Certificate, certify
from softmax_gui.core.checks import check_path, check_problem
from softmax_gui.core.lbfgs import lbfgs
from softmax_gui.core.newton_cg import newton_cg
from softmax_gui.core.objective import DenseObjective, Objective, finish
from softmax_gui.core.solvers import Choice, Iterate, Setup, choose_solver, prepare
from softmax_gui.i18n import N_, tr

if TYPE_CHECKING:
    from softmax_gui.core.compiled_blocks import Passes

Floats = NDArray[np.float64]

ROUNDS = 5  # runs with an ever smaller tolerance until the certificate agrees
SHARPER = 0.1  # from one to the next
FLOAT32 = 1e-7  # the tolerance that products in float32 are asked for at most
NARROW = 2**28  # entries up to which a float32 copy of float64 data is made: 1 GB
LARGE = 1e15  # features that float32 can hold, but not their squares' sums
ABSENT = 40.0  # below the other biases: a class without rows has probability e^-40
METHODS = {"newton-cg": newton_cg, "lbfgs": lbfgs}
MAX_ITERATIONS = {"newton-cg": 100, "lbfgs": 1000}


@dataclass(frozen=True)
class Optimum:
    """The weights found and what is known of them.

    Attributes:
        W: (d, q).
        b: (q,).
        certificate: how far from the lowest loss, or why there is none.
        iterations: of the solver.
        passes: over X, all together.
        solver: "newton-cg" or "lbfgs".
        reason: why this one, an English sentence for `tr`.
    """

    W: Floats
    b: Floats
    certificate: Certificate
    iterations: int
    passes: int
    solver: str
    reason: str


def find_optimum(
    X: Array,
    targets: Array,
    q: int,
    *,
    weight_decay: float = 0.0,
    solver: str = "auto",
    tolerance: float = 1e-6,
    max_iterations: int | None = None,
    sample_weight: Array | None = None,
    label_smoothing: float = 0.0,
    start: Floats | None = None,
    dtype: Any = None,
    passes: Passes | None = None,
) -> Optimum:
    """The minimum of F = 1/S sum_i s_i CE_i + weight_decay / 2 |W|^2 over W and b.

    Args:
        X: (n, d), finite.
        targets: (n,) labels in 0 to q - 1, or (n, q) distributions.
        q: classes; one without rows gets a bias far below the others.
        weight_decay: at least 0.
        solver: "auto", "newton-cg" or "lbfgs".
        tolerance: wanted distance from the lowest F, relative to F.
        max_iterations: None for 100 Newton steps or 1,000 of L-BFGS.
        sample_weight: s (n,), not negative.
        label_smoothing: eps in [0, 1); targets become (1 - eps) targets + eps / q.
        start: theta (d + 1, q) to begin with, the last row the bias; None for zeros.
        dtype: of the products. None: float32, and float64 where that is not enough.
        passes: compiled ones; None for numpy's.

    Raises:
        ValueError: an argument is out of its range, or all rows have one class.
    """
    X, targets, weights = check_problem(X, targets, q, sample_weight, label_smoothing, tolerance)
    check_path([weight_decay])
    targets, present = present_classes(targets, q, weights, label_smoothing)
    objective = dense(
        X, targets, len(present), float(weight_decay), weights, label_smoothing, dtype, passes
    )
    choice = chosen(objective, solver)
    theta = None if start is None else as_start(start, X.shape[1], q)[:, present]
    setup = finish(prepare(objective, choice.preconditioner))
    found = finish(solve(objective, choice, setup, theta, tolerance, max_iterations))
    return as_optimum(found, choice, present, q)


def as_start(start: Array, d: int, q: int) -> Floats:
    """`start` as theta.

    Raises:
        ValueError: it is not (d + 1, q) or not finite.
    """
    theta = np.asarray(start, np.float64)
    if theta.shape != (d + 1, q) or not np.isfinite(theta).all():
        text = tr("The start must be {rows} x {classes} finite numbers, the last row the bias.")
        raise ValueError(text.format(rows=d + 1, classes=q))
    return theta


def dense(
    X: Array,
    targets: Array,
    q: int,
    weight_decay: float,
    weights: Array | None,
    label_smoothing: float,
    dtype: Any = None,
    passes: Passes | None = None,
) -> DenseObjective:
    """The objective in the type that is fastest, or in `dtype`."""
    if dtype is None and X.dtype == np.float64 and X.size <= NARROW:
        wide = DenseObjective(X, targets, q, weight_decay, weights, label_smoothing, passes=passes)
        return wide.narrowed() if max(-float(X.min()), float(X.max())) < LARGE else wide
    if X.dtype not in (np.float32, np.float64):
        X = X.astype(dtype or np.float32)
    return DenseObjective(
        X, targets, q, weight_decay, weights, label_smoothing, dtype=dtype, passes=passes
    )


def chosen(objective: Objective, solver: str) -> Choice:
    """The choice for this objective, with `solver` unless it is "auto".

    Raises:
        ValueError: there is no such solver.
    """
    choice = choose_solver(objective.n, objective.d, objective.q)
    if solver == "auto":
        return choice
    if solver not in METHODS:
        text = tr("There is no solver {name}; there are {known}.")
        raise ValueError(text.format(name=solver, known=", ".join(["auto", *METHODS])))
    return Choice(solver, choice.preconditioner, N_("As you chose."))


def solve(
    objective: Objective,
    choice: Choice,
    setup: Setup,
    start: Floats | None = None,
    tolerance: float = 1e-6,
    max_iterations: int | None = None,
    resume: Iterate | None = None,
) -> Generator[Iterate | None, None, tuple[Iterate, Certificate]]:
    """Run the chosen solver until the certificate agrees, in float64 where float32 falls short.

    Yields None as a heartbeat and each accepted Iterate. With `resume`, an Iterate of an earlier
    run, it goes on from there instead of from `start`.
    """
    most = max_iterations or MAX_ITERATIONS[choice.solver]
    theta = np.zeros((objective.d + 1, objective.q)) if start is None else start
    method, aim = METHODS[choice.solver], tolerance
    if not objective.is_wide:
        aim = max(aim, FLOAT32)
    at = resume or Iterate(theta, 0.0, 0.0, 0, setup.passes)
    for _ in range(ROUNDS):
        at = yield from method(
            objective, theta, tolerance=aim, max_iterations=most, setup=setup, resume=at
        )
        certificate = yield from certify(
            objective, at.theta, setup.anchor, tolerance, at.separating
        )
        if certificate.verdict != "falling" or at.iteration >= most:
            break
        aim = SHARPER * aim if objective.is_wide else tolerance
        objective = objective.widened()
    return at, certificate


def present_classes(
    targets: Array, q: int, weights: Array | None, label_smoothing: float
) -> tuple[Array, NDArray[np.intp]]:
    """Targets in terms of the classes that have rows, and which these are.

    Raises:
        ValueError: there is only one.
    """
    if targets.ndim == 1:
        mass = np.bincount(targets, weights, q)
    else:
        mass = targets.sum(axis=0) if weights is None else weights @ targets
    present = np.flatnonzero(mass > 0.0)
    if len(present) < 2:
        raise ValueError(tr("All rows have the same class; at least two classes are needed."))
    if len(present) == q or label_smoothing:  # smoothing gives each class some of every row
        return targets, np.arange(q)
    if targets.ndim == 2:
        return targets[:, present], present
    names = np.zeros(q, np.intp)
    names[present] = np.arange(len(present))
    return names[targets], present


def as_optimum(
    found: tuple[Iterate, Certificate], choice: Choice, present: NDArray[np.intp], q: int
) -> Optimum:
    """The result in terms of all q classes."""
    at, certificate = found
    W, b = np.zeros((len(at.theta) - 1, q)), np.full(q, at.theta[-1].min() - ABSENT)
    W[:, present], b[present] = at.theta[:-1], at.theta[-1]
    return Optimum(W, b, certificate, at.iteration, at.passes, choice.solver, choice.reason)
