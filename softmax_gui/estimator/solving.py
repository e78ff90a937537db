"""From what an estimator was given to the weights: all rows to the optimum, or by minibatches."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.certificate import anchor_of, certify
from softmax_gui.core.models import Dense
from softmax_gui.core.objective import DenseObjective, finish
from softmax_gui.core.optimum import Optimum, as_optimum, chosen, find_optimum, present_classes
from softmax_gui.core.optimum import solve as run_solver
from softmax_gui.core.solvers import prepare
from softmax_gui.data.dataset import Dataset, Part, Scaling, Split, feature_names
from softmax_gui.estimator.inputs import Answers, Floats
from softmax_gui.export.model import unnamed_classes
from softmax_gui.i18n import N_
from softmax_gui.training.compiling import passes
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import DEVICE_ERRORS, choose
from softmax_gui.training.gpu_objective import TorchObjective
from softmax_gui.training.session import TrainingSession

MOMENTUM = 0.9
EPOCHS = 100  # of minibatches, where nobody says
EXACT = 2**20  # entries of X up to which float64 costs nothing that is felt


@dataclass(frozen=True, eq=False)
class Task:
    """How to fit.

    Attributes:
        solver: one of config.SOLVERS.
        device: one of config.DEVICES.
        weight_decay: of the mean loss.
        dtype: of the products; None takes that of X, and float32 first where X is large.
        tolerance: relative distance to the optimum.
        steps: iterations or epochs at most; None leaves it to the solver.
        label_smoothing: see TrainConfig.
        start: [W; b] (d + 1, q) to begin with; None is zeros.
        seed: of minibatches.
        batch_size: rows of one.
        learning_rate: of the first of them; None takes the largest safe one.
    """

    solver: str
    device: str
    dtype: str | None
    weight_decay: float
    tolerance: float
    steps: int | None
    label_smoothing: float
    start: Floats | None
    seed: int
    batch_size: int
    learning_rate: float | None


def solve(task: Task, X: NDArray[Any], given: Answers) -> tuple[Optimum, str]:
    """The weights with their certificate, and the kind of device they were computed on.

    A device that was not named, but chosen, gives way to numpy where it fails.

    Raises:
        DeviceError: the device named is not there.
        TrainingDiverged: the learning rate named is too large.
    """
    if task.solver == "minibatch":
        return _by_minibatches(task, X, given)
    device = choose(task.device, 4.0 * X.size * given.q)
    if device.kind == "numpy":
        return _by_all_rows(task, X, given), device.kind
    try:
        return _on_torch(task, X, given, device.kind), device.kind
    except DEVICE_ERRORS as error:
        if task.device != "auto":
            raise
        trouble = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    text = f"{trouble.rstrip('.')} – the fit goes on with numpy."
    warnings.warn(text, RuntimeWarning, stacklevel=3)
    return _by_all_rows(task, X, given), "numpy"


def seed_of(random_state: Any) -> int:
    """The seed that random_state stands for: itself, a draw of its generator, or a new one.

    Raises:
        ValueError: it is none of these.
    """
    if random_state is None:
        random_state = np.random.default_rng()
    for draw in ("integers", "randint"):  # of a Generator, of a RandomState
        if hasattr(random_state, draw):
            return int(getattr(random_state, draw)(2**31 - 1))
    if isinstance(random_state, int | np.integer) and random_state >= 0:
        return int(random_state)
    raise ValueError(
        f"random_state is {random_state!r}; wanted: a whole number from 0, a numpy generator, None."
    )


def _by_all_rows(task: Task, X: NDArray[Any], given: Answers) -> Optimum:
    return find_optimum(
        X, given.truth, given.q,
        weight_decay=task.weight_decay, solver=task.solver, tolerance=task.tolerance,
        max_iterations=task.steps, sample_weight=given.weights,
        label_smoothing=task.label_smoothing, start=task.start,
        dtype=task.dtype or (X.dtype.name if X.size <= EXACT else None),
        passes=passes(float(X.size) * given.q),
    )  # fmt: skip


def _on_torch(task: Task, X: NDArray[Any], given: Answers, kind: str) -> Optimum:
    """What find_optimum does, with the rows on a torch device."""
    if kind == "mps":  # it has no float64
        X = X.astype(np.float32, copy=False)
    truth, present = present_classes(given.truth, given.q, given.weights, task.label_smoothing)
    objective: DenseObjective = TorchObjective(
        X, truth, len(present), task.weight_decay, given.weights, task.label_smoothing, device=kind
    )
    if task.dtype is None and X.dtype == np.float64 and X.size > EXACT:
        objective = objective.narrowed()
    choice = chosen(objective, task.solver)
    setup = finish(prepare(objective, choice.preconditioner))
    start = None if task.start is None else task.start[:, present]
    found = finish(run_solver(objective, choice, setup, start, task.tolerance, task.steps))
    return as_optimum(found, choice, present, given.q)


def _by_minibatches(task: Task, X: NDArray[Any], given: Answers) -> tuple[Optimum, str]:
    """Some epochs with a learning rate that falls to 0 along half a cosine.

    A rate that stayed would keep the weights in motion around the optimum.
    """
    epochs = task.steps or EPOCHS
    session = TrainingSession(_split(X, given), _config(task, X))
    if session.notice:
        warnings.warn(session.notice, RuntimeWarning, stacklevel=4)
    if task.start is not None:
        session.reset(Dense(task.start[:-1], task.start[-1]))
    rate = task.learning_rate or session.safe_learning_rate()
    for epoch in range(epochs):
        session.adjust(learning_rate=0.5 * rate * (1.0 + math.cos(math.pi * epoch / epochs)))
        session.advance(epochs=1)
    end = session.snapshot()
    W, b = end.model.W, end.model.b
    objective = DenseObjective(
        X, given.truth, given.q, task.weight_decay, given.weights, task.label_smoothing
    )
    anchor = anchor_of(finish(objective.first_moments()))
    certificate = finish(certify(objective, np.vstack([W, b]), anchor, task.tolerance))
    reason = N_("As you chose.")
    return Optimum(W, b, certificate, epochs, epochs, "minibatch", reason), end.device.kind


def _config(task: Task, X: NDArray[Any]) -> TrainConfig:
    return TrainConfig(
        batch_size=min(task.batch_size, len(X)), momentum=MOMENTUM,
        weight_decay=task.weight_decay, seed=task.seed, device=task.device, dtype=X.dtype.name,
        label_smoothing=task.label_smoothing,
    )  # fmt: skip


def _split(X: NDArray[Any], given: Answers) -> Split:
    """All rows to train on, none to validate with; weights of mean 1."""
    n, d = X.shape
    soft = given.truth.ndim == 2
    labels = given.truth.argmax(axis=1) if soft else given.truth
    weights = None if given.weights is None else given.weights * (n / given.total)
    part = Part(X, labels, targets=given.truth if soft else None, weights=weights)
    # The session asks the dataset for its sizes alone: a row of it does, not a copy of them all.
    dataset = Dataset("", X[:1], labels[:1], unnamed_classes(given.q), feature_names(d))
    return Split(part, Part(X[:0], labels[:0]), Scaling.identity(d), dataset, seed=0)
