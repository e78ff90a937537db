"""One run of softmax regression: the narrow door through which everybody trains.

A step is a minibatch, or an iteration of a solver that goes to the optimum; examples counts rows
seen, so that an epoch is one pass over the training part either way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

import numpy as np

from softmax_gui.core.dense import Dense
from softmax_gui.data.dataset import Split
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.i18n import tr
from softmax_gui.training.cadence import Cadence, steps_between_copies
from softmax_gui.training.checkpoint import Checkpoint
from softmax_gui.training.compiled import steps_to
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import DEVICE_ERRORS, Device, fallback
from softmax_gui.training.distributed import Ranks
from softmax_gui.training.engine import Engine, ParameterState, Progress
from softmax_gui.training.engines import can_be_faster, make_engine, numpy_engine
from softmax_gui.training.history import History
from softmax_gui.training.rates import stable_rate
from softmax_gui.training.running import Running
from softmax_gui.training.snapshot import Measurement, Snapshot, owned
from softmax_gui.training.watch import DivergenceWatch, TrainingDiverged, Verdict

ADJUSTABLE = {"learning_rate", "batch_size", "momentum", "weight_decay", "tolerance"}
# A change of these takes another engine, which goes on with the same weights.
REBUILDING = {"solver", "optimizer", "label_smoothing", "class_weight", "threads", "phm_order"}

T = TypeVar("T")


class TrainingSession:
    """Training on one Split: advance, adjust, snapshot, checkpoint.

    The order of the examples is a function of seed and epoch, and a session keeps the arithmetic
    of its first step, so a seed repeats a run and a checkpoint resumes it bit by bit (on one
    machine, device, number of threads and build of the libraries).

    Attributes:
        notice: what the user must hear about the device, once; empty when all is well.
    """

    def __init__(
        self, split: Split | StoredSplit, config: TrainConfig, ranks: Ranks | None = None
    ) -> None:
        """Begins at step 0; `ranks` are the processes that train together, None for one alone."""
        self.split, self._ranks = cast(Split, split), ranks  # a StoredSplit looks like one
        self._config, self._n = config, split.train.n
        self._history, self._running = History(), Running()
        self._begun = False
        self._install(make_engine(split, config, ranks))
        self._begin(self._beginning())

    @classmethod
    def resume(
        cls, split: Split | StoredSplit, checkpoint: Checkpoint, ranks: Ranks | None = None,
        history: np.ndarray | None = None,
    ) -> TrainingSession:  # fmt: skip
        """The run that `checkpoint` was taken of, on the same split.

        `history` (m, len(COLUMNS)) is what was measured up to it.
        """
        session = cls(split, checkpoint.config, ranks)
        if checkpoint.device is not None:
            used = checkpoint.device
            config = replace(checkpoint.config, device=used.kind, threads=used.threads)
            session._install(make_engine(split, config, ranks))
            session._begun = True
        session._history = History() if history is None else History.of(history)
        session._begin(checkpoint)
        return session

    @property
    def config(self) -> TrainConfig:
        """What is in force now."""
        return self._config

    @property
    def epoch(self) -> int:
        """Whole epochs done."""
        return self._examples // self._n

    @property
    def finished(self) -> bool:
        """Whether a solver came to its end; minibatches never do."""
        return self._engine.finished

    def advance(
        self,
        *,
        steps: int | None = None,
        epochs: int | None = None,
        seconds: float | None = None,
    ) -> None:
        """Trains until the first of the given limits; one epoch ends where its last row is seen.

        Raises:
            TrainingDiverged: the loss left every bound; the last good weights are restored.
        """
        end_step = math.inf if steps is None else self._step + steps
        end = math.inf if epochs is None else (self.epoch + epochs) * self._n
        started = self._now()
        deadline = math.inf if seconds is None else started + seconds
        if not self._begun and end_step > self._step:
            self._take_fastest()
        try:
            while self._step < end_step and self._examples < end and not self.finished:
                self._chunk(end_step, end, deadline)
                if self._now() >= deadline:
                    break
        finally:
            self._seconds += self._now() - started

    def adjust(self, **changes: Any) -> None:
        """Changes settings from the next step on: those of ADJUSTABLE and REBUILDING.

        Raises:
            ValueError: a value out of its range, or another setting; what was in force stays.
        """
        if fixed := set(changes) - ADJUSTABLE - REBUILDING:
            raise ValueError(tr("{names} can't change during a run.").format(names=sorted(fixed)))
        config = replace(self._config, **changes)
        if any(getattr(config, name) != getattr(self._config, name) for name in REBUILDING):
            self._rebuild(config)
        elif config != self._config and self.finished:  # there is something to do again
            self._guarded(lambda engine: engine.load(engine.state()))
        self._config = config

    def use_device(self, name: str) -> None:
        """Goes on with the same weights on another of config.DEVICES; see `notice`."""
        self._rebuild(replace(self._config, device=name))

    def snapshot(self) -> Snapshot:
        """The state now; measures loss and accuracy unless that would take too large a share."""
        if self._measured_step != self._step and self._cadence.due(self._now()):
            self._measure()
        W, b = self._guarded(lambda engine: engine.weights())
        minibatches, self._running = self._running.measurement(), Running()
        return Snapshot(
            step=self._step,
            examples=self._examples,
            epoch=self._examples / self._n,
            seconds=self._seconds,
            model=owned(W, b),
            measured_at=self._measured_step,
            train=self._train,
            validation=self._validation,
            history=self._history.view(),
            config=self._config,
            device=self._device,
            minibatches=minibatches,
            certificate=self._engine.certificate,
            finished=self.finished,
        )

    def measure(self) -> None:
        """Measures loss and accuracy of this very step, whatever it costs."""
        if self._measured_step != self._step:
            self._measure()

    def checkpoint(self) -> Checkpoint:
        """A copy of everything that decides how the run goes on."""
        return Checkpoint(
            self._guarded(lambda engine: engine.state()), self._step, self._examples,
            self._seconds, self._config, self._device if self._begun else None, self._watch,
        )  # fmt: skip

    def reset(self, model: Dense | None = None) -> None:
        """Back to step 0 with zero weights, or with those of `model` (W (d, q), b (q,))."""
        start = self._beginning()
        if model is not None:
            parameters = replace(start.parameters, W=model.W, b=model.b)
            start = replace(start, parameters=parameters)
        self._history.truncate(-1)
        self._begin(start)

    def safe_learning_rate(self) -> float:
        """A rate at which SGD is stable on these data, whatever the labels."""
        return stable_rate(self.split, self._config)

    def _beginning(self) -> Checkpoint:
        data = self.split.dataset
        return Checkpoint(ParameterState.zeros(data.d, data.q), 0, 0, 0.0, self._config)

    def _begin(self, checkpoint: Checkpoint) -> None:
        """Goes on from `checkpoint`, which counts as good."""
        self._good = self._latest = checkpoint
        self._guarded(lambda engine: engine.load(checkpoint.parameters))
        self._step, self._examples = checkpoint.step, checkpoint.examples
        self._seconds = checkpoint.seconds
        self._running = Running()
        self._measure()
        self._watch = checkpoint.watch or DivergenceWatch(self.split.dataset.q, self._train.loss)

    def _now(self) -> float:
        """The engine's clock; with ranks, each of them must ask."""
        return self._engine.now()

    # -- steps ---------------------------------------------------------------------------------

    def _chunk(self, end_step: float, end: float, deadline: float) -> None:
        to_keep = self._keeping - self._step % self._keeping
        steps = int(min(to_keep, end_step - self._step, self._cadence.milestone - self._step))
        if math.isfinite(end):
            batch = self._config.batch_size
            steps = min(steps, steps_to(self._examples, int(end), self._n, batch))
        progress = self._guarded(
            lambda engine: engine.run(self._examples, steps, self._config, deadline)
        )
        self._step += progress.steps
        self._examples += progress.examples
        self._running.add(progress)
        if self._config.solver == "minibatch" and progress.steps:
            self._look(progress)
        if self._step >= self._cadence.milestone or self.finished:
            self._measure()

    def _look(self, progress: Progress) -> None:
        """Weights are good once the next look was clean."""
        verdict, self._watch = self._watch.after(progress.losses)
        if verdict.clean:
            self._good = self._latest
        if verdict.bad_after is not None:
            self._return_to_good(progress, verdict)
        if self._step % self._keeping == 0:
            self._latest = self.checkpoint()

    def _return_to_good(self, progress: Progress, verdict: Verdict) -> None:
        step = self._step - progress.steps + (verdict.bad_after or 0)
        self._history.truncate(self._good.step)
        self._begin(replace(self._good, watch=None))
        rate, safe = self._config.learning_rate, self.safe_learning_rate()
        raise TrainingDiverged(step, verdict.loss, self._step, rate, safe)

    # -- the device ------------------------------------------------------------------------------

    def _install(self, made: tuple[Device, Engine, str]) -> None:
        self._device, self._engine, self.notice = made
        work = min(self._config.batch_size, self._n) * self.split.dataset.d * self.split.dataset.q
        self._keeping = steps_between_copies(work)
        self._cadence = Cadence()

    def _rebuild(self, config: TrainConfig) -> None:
        """Goes on with the same weights on the engine that `config` asks for.

        A run that has begun keeps its device where any will do and the solver stays.
        """
        here, asked = replace(self.checkpoint(), config=config), config
        before = self._config
        if config.solver != "minibatch" and not config.has_loss_of(before):
            here = replace(here, parameters=replace(here.parameters, slots={}))  # of another loss
        if self._begun and (config.device, config.solver) == (before.device, before.solver):
            asked = replace(config, device=self._device.kind)
        self._install(make_engine(self.split, asked, self._ranks))
        self._config = config
        self._begin(here)

    def _take_fastest(self) -> None:
        """The compiled loop, if it became ready since the session was made."""
        if self._ranks is None and can_be_faster(self._device, self._config):
            self._rebuild(self._config)
        self._begun = True

    def _guarded(self, work: Callable[[Engine], T]) -> T:
        """What the engine makes of `work`; when its device fails, numpy from the good weights."""
        try:
            return work(self._engine)
        except DEVICE_ERRORS as error:
            if self._ranks is not None or self._device.kind in {"numpy", "compiled"}:
                raise
            trouble = error
        # Outside the except block: its traceback holds the tensors that fill the device.
        self._install(numpy_engine(self.split, self._config, fallback(trouble)))
        self._history.truncate(self._good.step)
        self._begin(self._good)
        return work(self._engine)

    def _measure(self) -> None:
        started = self._now()
        self._train: Measurement = self._guarded(lambda engine: engine.measure("train"))
        self._validation: Measurement = self._guarded(lambda engine: engine.measure("validation"))
        self._measured_step = self._step
        self._history.append(
            step=self._step, epoch=self._examples / self._n, seconds=self._seconds,
            train_loss=self._train.loss, train_accuracy=self._train.accuracy,
            validation_loss=self._validation.loss,
            validation_accuracy=self._validation.accuracy,
        )  # fmt: skip
        self._cadence.measured(self._step, started, self._now())
