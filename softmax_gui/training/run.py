"""A whole run in a plain loop, as the command line drives it: to one of its ends."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from softmax_gui.core.certificate import Certificate
from softmax_gui.core.solvers import Choice, choose_solver
from softmax_gui.data.dataset import Split
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.i18n import N_, tr
from softmax_gui.training import compiling
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.course import (
    DIVERGED,
    EPOCHS,
    INTERRUPTED,
    Course,
    Keeper,
    Plan,
    RunCheckpoint,
)
from softmax_gui.training.devices import DeviceError
from softmax_gui.training.distributed import Ranks
from softmax_gui.training.engines import compiled_part
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import Snapshot
from softmax_gui.training.watch import TrainingDiverged

# What the compiled loop saves a step: Python between two of them, and half of numpy's arithmetic.
# Where a run saves so many seconds, the 0.5 s to load it come back, and in two runs those to
# compile it, which is done once on a machine.
SAVED_STEP_S, SAVED_FLOP_S = 50e-6, 1 / 40e9
COMPILED_PAYS_S = 10.0
SOLVER_PASSES = 50  # over the rows, some
_MAY_COMPILE = ("auto", "compiled")
LONG_S = 2.0  # after which somebody who waits is told why


@dataclass(frozen=True)
class Run:
    """A run that came to its end, or was ended before it.

    Attributes:
        snapshot: of its last step; after a problem, of the last one before it; after an early
            stop, of the best epoch, with the history to the last one.
        epochs: as many as were wanted.
        ended: EPOCHS, TIME, EARLY, SOLVED, INTERRUPTED or DIVERGED.
        problem: why it stopped by itself too early, in a sentence; "" if it did not.
    """

    split: Split | StoredSplit
    snapshot: Snapshot
    epochs: int
    ended: str = EPOCHS
    problem: str = ""

    @property
    def interrupted(self) -> bool:
        """Whether somebody asked it to stop."""
        return self.ended == INTERRUPTED

    def summary(self) -> dict[str, Any]:
        """The figures of the run in JSON's types, None for what there is not; losses in nats."""
        one, data = self.snapshot, self.split.dataset
        return {
            "data": data.name, "n_train": self.split.train.n,
            "n_validation": self.split.validation.n, "d": data.d, "q": data.q,
            **measurements(one), "floor": data.floor, "steps": one.step, "epochs": one.epoch,
            "seconds": one.seconds, "device": one.device.kind, "device_name": one.device.label,
            "device_reason": one.device.reason, **self._solved(), "seed": one.config.seed,
            "ended": self.ended, "interrupted": self.interrupted,
        }  # fmt: skip

    def choice(self) -> Choice | None:
        """The solver taken and why; None for minibatches."""
        config, data = self.snapshot.config, self.split.dataset
        if config.solver == "minibatch":
            return None
        kind = self.snapshot.device.kind
        best = choose_solver(self.split.train.n, data.d, data.q, kind)
        if config.solver in ("auto", best.solver):
            return best
        return replace(best, solver=config.solver, reason=N_("As you chose."))

    def _solved(self) -> dict[str, Any]:
        choice = self.choice()
        return {
            "solver": choice.solver if choice else "minibatch",
            "solver_reason": choice.reason if choice else "",
            "certificate": certified(self.snapshot),
        }


def certified(snapshot: Snapshot) -> dict[str, Any] | None:
    """What is known of a solver's result, in JSON's types; None before it has one."""
    return None if snapshot.certificate is None else in_json(snapshot.certificate)


def in_json(one: Certificate) -> dict[str, Any]:
    """A certificate in JSON's types; None for what is not known."""
    figures = {name: value for name, value in vars(one).items() if name != "verdict"}
    known = {name: value if math.isfinite(value) else None for name, value in figures.items()}
    return {"verdict": one.verdict, "text": one.text, **known}


def measurements(snapshot: Snapshot) -> dict[str, float | None]:
    """Loss (nats) and accuracy of both parts under their usual names; None for an empty part."""
    values = {
        "train_loss": snapshot.train.loss, "validation_loss": snapshot.validation.loss,
        "train_accuracy": snapshot.train.accuracy,
        "validation_accuracy": snapshot.validation.accuracy,
    }  # fmt: skip
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def train(
    split: Split | StoredSplit,
    config: TrainConfig,
    plan: Plan | int,
    *,
    progress: Callable[[Snapshot], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
    keeper: Keeper | None = None,
    resume: RunCheckpoint | None = None,
    ranks: Ranks | None = None,
) -> Run:
    """Trains until the plan says so, or until it is stopped or diverges.

    Args:
        split: the data.
        config: the settings; of a resumed run, those it began with.
        plan: when to end; a number is one of epochs.
        progress: handed the state a few times a second.
        say: told, in a sentence, what the user must hear about the device.
        stopped: asked a few times a second, between two steps, whether to end now.
        keeper: handed what is to be kept.
        resume: where to go on.
        ranks: the processes that train together, each with the same arguments and a keeper, be
            it one that keeps nothing.

    Raises:
        ValueError: the plan can't be followed with these data.
        KeyboardInterrupt: it was stopped before it could begin.
        RankLost: one of the ranks has gone.
    """
    plan = Plan(plan) if isinstance(plan, int) else plan
    if plan.patience and not split.validation.n:
        raise ValueError(tr("Early stopping needs rows to validate with, and there are none."))
    if ranks is None and _wants_compiled(split, config, plan, resume):
        _load_compiled(compiled_part(config), say, stopped)
    if resume is not None:
        session = TrainingSession.resume(split, resume.session, ranks)
        if session.epoch >= plan.epochs:
            message = tr("The run has done its {epochs:,} epochs. --epochs with more goes on.")
            raise ValueError(message.format(epochs=plan.epochs))
    else:
        session = TrainingSession(split, config, ranks)
    course = Course(session, plan, keeper, resume, ranks)
    problem = ""
    try:
        while not (ended := course.end(stopped)):
            course.advance()
            if session.notice:
                say(session.notice)
                session.notice = ""
            progress(course.look())  # and the history grows
    except TrainingDiverged as error:
        ended, problem = DIVERGED, str(error)
    return Run(split, course.last(ended), plan.epochs, ended, problem)


def _wants_compiled(
    split: Split | StoredSplit, config: TrainConfig, plan: Plan, resume: RunCheckpoint | None
) -> bool:
    """Whether the run takes the compiled loop.

    Sizes alone decide, never the clock: the same command takes the same arithmetic again.
    """
    if resume is not None and resume.session.device is not None:
        return resume.session.device.kind == "compiled"
    if config.phm_order or config.device not in _MAY_COMPILE:
        return False
    n, weights = split.train.n, split.dataset.d * split.dataset.q
    steps, rows = plan.epochs * math.ceil(n / config.batch_size), min(config.batch_size, n)
    if config.solver != "minibatch":
        steps, rows = SOLVER_PASSES, n
    flop = 4.0 * rows * weights
    saved_s = steps * (SAVED_STEP_S + flop * SAVED_FLOP_S)
    return config.device == "compiled" or saved_s >= COMPILED_PAYS_S


def _load_compiled(part: str, say: Callable[[str], None], stopped: Callable[[], bool]) -> None:
    """Makes the compiled loop ready; without a compiler the session says what it does instead."""

    def load() -> None:
        with contextlib.suppress(DeviceError):
            compiling.load_part(part)

    if compiling.ready(part):
        return
    # On a thread of its own, so that a wish to stop is heard: the first time takes half a minute.
    thread = threading.Thread(target=load, name="compiling", daemon=True)
    thread.start()
    told_at = time.monotonic() + LONG_S
    thread.join(0.1)
    while thread.is_alive():
        if stopped():
            raise KeyboardInterrupt
        if time.monotonic() >= told_at:
            say(tr("The compiled loop is made ready for this machine; that is done once."))
            told_at = math.inf
        thread.join(0.1)
