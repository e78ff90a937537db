"""The course of one run: when it ends, how often it is kept, and its best weights."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from softmax_gui.core.dense import Dense
from softmax_gui.training.checkpoint import Checkpoint
from softmax_gui.training.distributed import Ranks
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import Measurement, Snapshot

SLICE_S = 0.2  # how often progress is told, and a wish to stop is heard
COSTLY_S = 1.0  # who is asked to end measures no more when that takes longer

# How a run can end.
EPOCHS, TIME, EARLY, SOLVED = "epochs", "time", "early", "solved"
INTERRUPTED, DIVERGED = "interrupted", "diverged"


@dataclass(frozen=True)
class Plan:
    """When a run ends and how often it is kept.

    Attributes:
        epochs: at most so many, counted from the very first step.
        stop_after_s: at most so long, counted anew when a run is resumed.
        patience: ends when the validation loss has not improved for so many epochs, and goes back
            to the weights of the best one; 0 does neither.
        checkpoint_epochs: a checkpoint at each multiple of it; 0 at none.
        checkpoint_s: a checkpoint after so many seconds.
    """

    epochs: int
    stop_after_s: float = math.inf
    patience: int = 0
    checkpoint_epochs: int = 0
    checkpoint_s: float = math.inf


@dataclass(frozen=True)
class Best:
    """The weights of the lowest validation loss so far, and where they were met."""

    model: Dense
    step: int
    examples: int
    epoch: int
    train: Measurement
    validation: Measurement


@dataclass(frozen=True)
class RunCheckpoint:
    """All that a run needs to go on as if it had never stopped."""

    session: Checkpoint
    best: Best | None = None


class Keeper(Protocol):
    """Who keeps a run while it goes on; a disk that is full ends no run."""

    def measured(self, snapshot: Snapshot) -> None:
        """Keeps the new rows of the history."""

    def checkpoint(self, state: RunCheckpoint, snapshot: Snapshot) -> None:
        """Keeps what the run needs to go on."""


class Course:
    """One session on its way: when it ends, what is kept of it, and its best weights.

    With ranks each of them comes to the same decisions: by rank 0's clock, and by all their wishes.
    """

    def __init__(
        self, session: TrainingSession, plan: Plan, keeper: Keeper | None,
        resume: RunCheckpoint | None, ranks: Ranks | None,
    ) -> None:  # fmt: skip
        self._session, self._plan, self._keeper, self._ranks = session, plan, keeper, ranks
        self._clock = time.monotonic if ranks is None else ranks.now
        self._best = resume.best if resume is not None else None
        self._started = self._kept_at = self._now = self._clock()
        self._kept_step = resume.session.step if resume is not None else -1
        self._due_epoch = self._next_due()
        self._newest: Snapshot | None = None
        self._look_s = 0.0
        if plan.patience and self._best is None:
            self._best = self._here()

    def end(self, stopped: Callable[[], bool]) -> str:
        """How the run ends now; "" when it goes on."""
        session, plan = self._session, self._plan
        if session.finished:
            return SOLVED
        if session.epoch >= plan.epochs:
            return EPOCHS
        if self._best is not None and 0 < plan.patience <= session.epoch - self._best.epoch:
            return EARLY
        wish = stopped()
        if wish if self._ranks is None else self._ranks.any(wish):
            return INTERRUPTED
        return TIME if self._now - self._started >= plan.stop_after_s else ""

    def advance(self) -> None:
        """One slice, no further than the end of an epoch where that is looked at or kept."""
        session, plan, epoch = self._session, self._plan, self._session.epoch
        left = plan.stop_after_s - (self._now - self._started)
        epochs = 1 if plan.patience else min(plan.epochs, self._due_epoch) - epoch
        session.advance(epochs=int(epochs), seconds=min(SLICE_S, max(left, 0.0)))
        if plan.patience and session.epoch > epoch:
            session.measure()
            here = self._here()
            if self._best is None or here.validation.loss < self._best.validation.loss:
                self._best = here

    def look(self) -> Snapshot:
        """The state now, kept where there is a keeper."""
        started = self._clock()
        snapshot = self._newest = self._session.snapshot()
        self._now = self._clock()
        self._look_s = max(self._look_s, self._now - started)
        if self._keeper is not None:
            self._keeper.measured(snapshot)
            long_ago = self._now - self._kept_at >= self._plan.checkpoint_s
            if self._session.epoch >= self._due_epoch or long_ago:
                self._keep(snapshot)
        return snapshot

    def last(self, ended: str) -> Snapshot:
        """The state at the end; a run that can go on from here is kept."""
        session, asked = self._session, ended == INTERRUPTED
        if asked and self._newest is not None:  # before all that takes time
            self._keep(self._newest)
        if asked and self._newest is not None and self._look_s > COSTLY_S:
            snapshot = self._newest
        else:
            session.measure()
            snapshot = session.snapshot()
        if self._keeper is not None:
            self._keeper.measured(snapshot)
        if ended != DIVERGED:  # it would diverge again
            self._keep(snapshot)
        best = self._best
        if best is None or not self._plan.patience or ended == DIVERGED:
            return snapshot
        return replace(
            snapshot, model=best.model, step=best.step, measured_at=best.step,
            examples=best.examples, epoch=best.examples / session.split.train.n,
            train=best.train, validation=best.validation,
        )  # fmt: skip

    def _keep(self, snapshot: Snapshot) -> None:
        if self._keeper is None or snapshot.step == self._kept_step:
            return
        self._keeper.checkpoint(RunCheckpoint(self._session.checkpoint(), self._best), snapshot)
        self._kept_at, self._kept_step = self._now, snapshot.step
        self._due_epoch = self._next_due()

    def _next_due(self) -> float:
        """The epoch at whose end the next checkpoint is due."""
        every = self._plan.checkpoint_epochs if self._keeper is not None else 0
        return (self._session.epoch // every + 1) * every if every else math.inf

    def _here(self) -> Best:
        now = self._session.snapshot()
        return Best(now.model, now.step, now.examples, self._session.epoch, now.train,
                    now.validation)  # fmt: skip
