"""One run of softmax regression: the narrow door through which everybody trains."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from softmax_gui.core.models import Dense
from softmax_gui.core.stability import safe_learning_rate
from softmax_gui.data.batches import epoch_order
from softmax_gui.data.dataset import Split
from softmax_gui.i18n import tr
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import DEVICE_ERRORS, Device, fallback
from softmax_gui.training.engine import Engine, ParameterState
from softmax_gui.training.engines import can_be_faster, make_engine, numpy_engine
from softmax_gui.training.history import History
from softmax_gui.training.snapshot import Measurement, Snapshot
from softmax_gui.training.watch import (
    LOOK_STEPS,
    WINDOW_STEPS,
    DivergenceWatch,
    TrainingDiverged,
)

ADJUSTABLE = {"learning_rate", "batch_size", "momentum", "weight_decay"}
MEASURING_SHARE = 0.1  # of the time, at most, after the first steps
EARLY_STEPS, EARLY_COST_S = 5000, 0.010  # the first steps, where the curve falls, are seen closely


T = TypeVar("T")


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on as if it had never stopped."""

    parameters: ParameterState
    step: int
    examples: int
    place: int  # training examples visited in this epoch
    epoch: int  # whole epochs done
    seconds: float
    config: TrainConfig
    device: Device | None = None  # whose arithmetic it was; None: not begun
    watch: DivergenceWatch | None = None


class TrainingSession:
    """Minibatch SGD on one Split: advance, adjust, snapshot, checkpoint.

    The order of the examples is a function of seed and epoch, and a session keeps the arithmetic
    of its first step, so a seed repeats a run and a checkpoint resumes it bit by bit (on one
    machine, device and build of the libraries).

    Attributes:
        notice: what the user must hear about the device, once; empty when all is well.
    """

    def __init__(self, split: Split, config: TrainConfig) -> None:
        self.split = split
        self._config = config
        self._history = History()
        self._begun = False
        self._install(make_engine(split, config))
        self._begin(self._beginning())

    @classmethod
    def resume(cls, split: Split, checkpoint: Checkpoint) -> TrainingSession:
        """The run that `checkpoint` was taken of, on the same split."""
        session = cls(split, checkpoint.config)
        if checkpoint.device is not None:
            device = replace(checkpoint.config, device=checkpoint.device.kind)
            session._install(make_engine(split, device))
            session._begun = True
        session._history.truncate(-1)
        session._begin(checkpoint)
        return session

    @property
    def config(self) -> TrainConfig:
        """What is in force now."""
        return self._config

    @property
    def epoch(self) -> int:
        """Whole epochs done."""
        return self._epoch

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
        end_epoch = math.inf if epochs is None else self._epoch + epochs
        started = time.monotonic()
        deadline = math.inf if seconds is None else started + seconds
        if not self._begun and end_step > self._step:
            self._take_fastest()
        try:
            while self._step < end_step and self._epoch < end_epoch:
                self._chunk(end_step, deadline)
                if time.monotonic() >= deadline:
                    break
        finally:
            self._seconds += time.monotonic() - started

    def adjust(self, **changes: Any) -> None:
        """Changes learning_rate, batch_size, momentum or weight_decay from the next step on.

        Raises:
            ValueError: a value out of its range, or another setting; what was in force stays.
        """
        if fixed := set(changes) - ADJUSTABLE:
            raise ValueError(tr("{names} can't change during a run.").format(names=sorted(fixed)))
        self._config = replace(self._config, **changes)

    def use_device(self, name: str) -> None:
        """Goes on with the same weights on another of config.DEVICES; see `notice`."""
        here, config = self.checkpoint(), replace(self._config, device=name)
        self._install(make_engine(self.split, config))
        self._config = config
        self._begin(here)

    def snapshot(self) -> Snapshot:
        """The state now; measures loss and accuracy unless that would take too large a share."""
        if self._measured_step != self._step and time.monotonic() >= self._measure_at:
            self._measure()
        W, b = self._guarded(Engine.weights)
        return Snapshot(
            step=self._step,
            examples=self._examples,
            epoch=self._examples / len(self.split.train.X),
            seconds=self._seconds,
            model=_read_only(W, b),
            measured_at=self._measured_step,
            train=self._train,
            validation=self._validation,
            history=self._history.view(),
            config=self._config,
            device=self._device,
        )

    def measure(self) -> None:
        """Measures loss and accuracy of this very step, whatever it costs."""
        if self._measured_step != self._step:
            self._measure()

    def checkpoint(self) -> Checkpoint:
        """A copy of everything that decides how the run goes on."""
        return Checkpoint(
            self._guarded(Engine.state), self._step, self._examples, self._place, self._epoch,
            self._seconds, self._config, self._device if self._begun else None,
            copy.copy(self._watch),
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
        c = self._config
        return safe_learning_rate(self.split.train.X, c.batch_size, c.momentum, c.weight_decay)

    def _beginning(self) -> Checkpoint:
        data = self.split.dataset
        return Checkpoint(ParameterState.zeros(data.d, data.q), 0, 0, 0, 0, 0.0, self._config)

    def _begin(self, checkpoint: Checkpoint) -> None:
        """Goes on from `checkpoint`, which counts as good."""
        self._good = self._latest = checkpoint
        self._guarded(lambda engine: engine.load(checkpoint.parameters))
        self._step, self._examples = checkpoint.step, checkpoint.examples
        self._place, self._epoch = checkpoint.place, checkpoint.epoch
        self._seconds = checkpoint.seconds
        self._order_epoch()
        self._measure()
        watch = checkpoint.watch or DivergenceWatch(self.split.dataset.q, self._train.loss)
        self._watch = copy.copy(watch)

    def _order_epoch(self) -> None:
        order = epoch_order(len(self.split.train.X), self._config.seed, self._epoch)
        self._guarded(lambda engine: engine.set_order(order))

    # -- steps ---------------------------------------------------------------------------------

    def _chunk(self, end_step: float, deadline: float) -> None:
        to_look = LOOK_STEPS - self._step % LOOK_STEPS
        steps = int(min(to_look, end_step - self._step, self._milestone - self._step))
        progress = self._guarded(
            lambda engine: engine.run(self._place, steps, self._config, deadline)
        )
        self._step += progress.steps
        self._examples += progress.examples
        self._place += progress.examples
        self._watch.add(progress)
        if self._place >= len(self.split.train.X):
            self._place, self._epoch = 0, self._epoch + 1
            self._order_epoch()
        if self._step % LOOK_STEPS == 0:
            self._look()
        if self._step >= self._milestone:
            self._measure()

    def _look(self) -> None:
        """Ends a look, and every fourth time a window; weights are good once the next look was."""
        bad, clean = self._watch.end_look()
        if clean:
            self._good = self._latest
        if bad is None and self._step % WINDOW_STEPS == 0:
            bad = self._watch.end_window()
            self._latest = self.checkpoint()
        if bad is not None:
            self._return_to_good(bad)

    def _return_to_good(self, loss: float) -> None:
        step = self._step
        self._history.truncate(self._good.step)
        self._begin(replace(self._good, watch=None))
        rate, safe = self._config.learning_rate, self.safe_learning_rate()
        raise TrainingDiverged(step, loss, self._step, rate, safe)

    # -- the device ------------------------------------------------------------------------------

    def _install(self, made: tuple[Device, Engine, str]) -> None:
        self._device, self._engine, self.notice = made
        self._cost = math.inf  # seconds a measurement takes
        self._milestone: float = math.inf  # the step to measure at by itself

    def _take_fastest(self) -> None:
        """The compiled loop, if it became ready since the session was made."""
        self._begun = True
        if can_be_faster(self._device, self.split, self._config):
            self.use_device(self._config.device)

    def _guarded(self, work: Callable[[Engine], T]) -> T:
        """What the engine makes of `work`; when its device fails, numpy from the good weights."""
        try:
            return work(self._engine)
        except DEVICE_ERRORS as error:
            if self._device.kind in {"numpy", "compiled"}:
                raise
            trouble = error
        # Outside the except block: its traceback holds the tensors that fill the device.
        self._install(numpy_engine(self.split, self._config, fallback(trouble)))
        self._history.truncate(self._good.step)
        self._begin(self._good)
        return work(self._engine)

    def _measure(self) -> None:
        started = time.monotonic()
        self._train: Measurement = self._guarded(lambda engine: engine.measure("train"))
        self._validation: Measurement = self._guarded(lambda engine: engine.measure("validation"))
        self._measured_step = self._step
        self._history.append(
            step=self._step, epoch=self._examples / len(self.split.train.X),
            seconds=self._seconds,
            train_loss=self._train.loss, train_accuracy=self._train.accuracy,
            validation_loss=self._validation.loss,
            validation_accuracy=self._validation.accuracy,
        )  # fmt: skip
        now = time.monotonic()
        self._cost = min(self._cost, now - started)  # the first is cold, some are unlucky
        self._measure_at = now + self._cost * (1 / MEASURING_SHARE - 1)
        early = self._step < EARLY_STEPS and self._cost < EARLY_COST_S
        self._milestone = self._step + max(1, self._step // 4) if early else math.inf


def _read_only(W: np.ndarray, b: np.ndarray) -> Dense:
    for array in (W, b):
        array.flags.writeable = False
    return Dense(W, b)
