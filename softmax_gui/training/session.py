"""One run of softmax regression: the narrow door through which everybody trains."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

from softmax_gui.core.models import Dense
from softmax_gui.core.stability import safe_learning_rate
from softmax_gui.data.batches import epoch_order
from softmax_gui.data.dataset import Split
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import DEVICE_ERRORS, fallback
from softmax_gui.training.engine import ParameterState, Progress
from softmax_gui.training.engines import can_be_faster, make_engine, numpy_engine
from softmax_gui.training.history import History
from softmax_gui.training.snapshot import Measurement, Snapshot
from softmax_gui.training.watch import WINDOW_STEPS, DivergenceWatch, TrainingDiverged

MEASURING_SHARE = 0.1  # of the time, at most, after the first steps
EARLY_STEPS, EARLY_COST_S = 5000, 0.010  # the first steps, where the curve falls, are seen closely


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


class TrainingSession:
    """Minibatch SGD on one Split: advance, adjust, snapshot, checkpoint.

    The order of the examples is a function of seed and epoch, so a seed repeats a run and a
    checkpoint resumes it bit by bit (on one machine, device and build of the libraries).

    Attributes:
        notice: what the user must hear about the device, once; empty when all is well.
    """

    def __init__(
        self, split: Split, config: TrainConfig, checkpoint: Checkpoint | None = None
    ) -> None:
        self.split = split
        self._config = config
        self._history = History()
        self._cost = math.inf  # seconds a measurement takes
        self._device, self._engine, self.notice = make_engine(split, config)
        self._begin(checkpoint or self._beginning())

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
        try:
            while self._step < end_step and self._epoch < end_epoch:
                self._chunk(end_step, deadline)
                if time.monotonic() >= deadline:
                    break
            self._look()
        finally:
            self._seconds += time.monotonic() - started

    def adjust(self, **changes: Any) -> None:
        """Changes learning_rate, batch_size, momentum or weight_decay from the next step on.

        Raises:
            ValueError: a value out of its range; what was in force stays.
        """
        self._config = replace(self._config, **changes)

    def use_device(self, name: str) -> None:
        """Goes on with the same weights on another of config.DEVICES; see `notice`."""
        here = self.checkpoint()
        self._config = replace(self._config, device=name)
        self._device, self._engine, self.notice = make_engine(self.split, self._config)
        self._begin(here)

    def take_fastest(self) -> None:
        """Before the first step, takes the compiled loop if it became ready meanwhile."""
        if self._step == 0 and can_be_faster(self._device, self.split, self._config):
            self.use_device(self._config.device)

    def snapshot(self) -> Snapshot:
        """The state now; measures loss and accuracy unless that would take too large a share."""
        if self._measured_step != self._step and time.monotonic() >= self._measure_at:
            self._measure()
        parameters = self._engine.state()
        return Snapshot(
            step=self._step,
            examples=self._examples,
            epoch=self._examples / len(self.split.train.X),
            seconds=self._seconds,
            model=_read_only(parameters),
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
            self._engine.state(), self._step, self._examples, self._place, self._epoch,
            self._seconds, self._config,
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
        self._engine.load(checkpoint.parameters)
        self._step, self._examples = checkpoint.step, checkpoint.examples
        self._place, self._epoch = checkpoint.place, checkpoint.epoch
        self._seconds = checkpoint.seconds
        self._order_epoch()
        self._good = checkpoint
        self._measure()
        self._watch = DivergenceWatch(self.split.dataset.q, self._train.loss)

    def _order_epoch(self) -> None:
        order = epoch_order(len(self.split.train.X), self._config.seed, self._epoch)
        self._engine.set_order(order)

    # -- steps ---------------------------------------------------------------------------------

    def _chunk(self, end_step: float, deadline: float) -> None:
        to_look = WINDOW_STEPS - self._step % WINDOW_STEPS
        steps = int(min(to_look, end_step - self._step, self._milestone - self._step))
        progress = self._run(steps, deadline)
        self._step += progress.steps
        self._examples += progress.examples
        self._place += progress.examples
        self._watch.add(progress)
        if self._place >= len(self.split.train.X):
            self._place, self._epoch = 0, self._epoch + 1
            self._order_epoch()
        if self._step % WINDOW_STEPS == 0:
            self._look()
            self._watch.close_window()
            self._good = self.checkpoint()
        if self._step >= self._milestone:
            self._measure()

    def _run(self, steps: int, deadline: float) -> Progress:
        try:
            return self._engine.run(self._place, steps, self._config, deadline)
        except DEVICE_ERRORS as error:
            if self._device.kind == "numpy":
                raise
            trouble = error
        # Outside the except block: its traceback holds the tensors that fill the device.
        device = fallback(trouble)
        self._device, self._engine, self.notice = numpy_engine(self.split, self._config, device)
        self._history.truncate(self._good.step)
        self._begin(self._good)
        return Progress(0, 0, 0.0)

    def _look(self) -> None:
        loss = self._watch.diverged()
        if loss is None:
            return
        step = self._step
        self._history.truncate(self._good.step)
        self._begin(self._good)
        rate, safe = self._config.learning_rate, self.safe_learning_rate()
        raise TrainingDiverged(step, loss, self._step, rate, safe)

    def _measure(self) -> None:
        started = time.monotonic()
        self._train: Measurement = self._engine.measure("train")
        self._validation: Measurement = self._engine.measure("validation")
        self._measured_step = self._step
        self._history.append(
            step=self._step, epoch=self._examples / len(self.split.train.X),
            seconds=self._seconds,
            train_loss=self._train.loss, train_accuracy=self._train.accuracy,
            validation_loss=self._validation.loss,
            validation_accuracy=self._validation.accuracy,
        )  # fmt: skip
        now = time.monotonic()
        self._cost = min(
            self._cost, now - started
        )  # the least: the first is cold, some are unlucky
        self._measure_at = now + self._cost * (1 / MEASURING_SHARE - 1)
        early = self._step < EARLY_STEPS and self._cost < EARLY_COST_S
        self._milestone = self._step + max(1, self._step // 4) if early else math.inf


def _read_only(parameters: ParameterState) -> Dense:
    W, b = parameters.W, parameters.b
    for array in (W, b):
        array.flags.writeable = False
    return Dense(W, b)
