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
from softmax_gui.i18n import tr
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import Device, DeviceError, backend, choose, fallback
from softmax_gui.training.engine import Engine, ParameterState, Progress
from softmax_gui.training.history import History
from softmax_gui.training.snapshot import Measurement, Snapshot

CHECK_STEPS = 64  # a diverging rate is noticed at the latest after so many steps
DIVERGED = 3.0  # the mean loss of a window, in units of the larger of ln q and the best window
DIVERGED_AT_ONCE = 100.0  # the same, of a window of any length
MEASURING_SHARE = 0.05  # of the time, at most
DEVICE_ERRORS = (RuntimeError, MemoryError)  # torch's out of memory and CUDA errors are the first


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


class TrainingDiverged(Exception):
    """The loss left every bound; the last good weights are back in the session."""

    def __init__(
        self, step: int, loss: float, restored_step: int, rate: float, safe_rate: float
    ) -> None:
        self.step, self.loss, self.restored_step = step, loss, restored_step
        self.learning_rate, self.safe_rate = rate, safe_rate
        message = tr(
            "Training diverged at step {step:,}: the loss rose to {loss:.4g} nat with learning rate"
            " {rate:.4g}. The weights of step {restored:,} are back. A learning rate of"
            " {safe:.2g} works."
        )
        super().__init__(
            message.format(step=step, loss=loss, rate=rate, restored=restored_step, safe=safe_rate)
        )


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
        self.notice = ""
        self._config = config
        self._history = History()
        self._window = (0, 0.0)  # steps and their summed losses since the last check
        self._device, self._engine = self._build(config)
        self._restore(checkpoint or self._beginning())
        self._begin_watch()
        self._measure()

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
            self._watch(DIVERGED_AT_ONCE)
        finally:
            self._seconds += time.monotonic() - started

    def adjust(self, **changes: Any) -> None:
        """Changes learning_rate, batch_size, momentum or weight_decay from the next step on.

        Raises:
            ValueError: a value out of its range; what was in force stays.
        """
        self._config = replace(self._config, **changes)
        self._begin_watch()

    def use_device(self, name: str) -> None:
        """Goes on with the same weights on another of config.DEVICES; see `notice`."""
        here = self.checkpoint()
        self._config = replace(self._config, device=name)
        self._device, self._engine = self._build(self._config)
        self._restore(here)
        self._begin_watch()

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
        self._restore(start)
        self._begin_watch()
        self._measure()

    def safe_learning_rate(self) -> float:
        """A rate at which SGD is stable on these data, whatever the labels."""
        c = self._config
        return safe_learning_rate(self.split.train.X, c.batch_size, c.momentum, c.weight_decay)

    def _beginning(self) -> Checkpoint:
        data = self.split.dataset
        return Checkpoint(ParameterState.zeros(data.d, data.q), 0, 0, 0, 0, 0.0, self._config)

    def _restore(self, checkpoint: Checkpoint) -> None:
        self._engine.load(checkpoint.parameters)
        self._step, self._examples = checkpoint.step, checkpoint.examples
        self._place, self._epoch = checkpoint.place, checkpoint.epoch
        self._seconds = checkpoint.seconds
        self._order_epoch()

    def _order_epoch(self) -> None:
        order = epoch_order(len(self.split.train.X), self._config.seed, self._epoch)
        self._engine.set_order(order)

    # -- steps ---------------------------------------------------------------------------------

    def _chunk(self, end_step: float, deadline: float) -> None:
        to_check = CHECK_STEPS - self._step % CHECK_STEPS
        steps = int(min(to_check, end_step - self._step))
        progress = self._run(steps, deadline)
        self._step += progress.steps
        self._examples += progress.examples
        self._place += progress.examples
        self._window = (self._window[0] + progress.steps, self._window[1] + progress.loss_sum)
        if self._place >= len(self.split.train.X):
            self._place, self._epoch = 0, self._epoch + 1
            self._order_epoch()
        if self._step % CHECK_STEPS == 0:
            self._watch(DIVERGED if self._window[0] >= CHECK_STEPS // 2 else DIVERGED_AT_ONCE)
            self._window = (0, 0.0)
            self._good = self.checkpoint()

    def _run(self, steps: int, deadline: float) -> Progress:
        try:
            return self._engine.run(self._place, steps, self._config, deadline)
        except DEVICE_ERRORS as error:
            if self._device.kind == "numpy":
                raise
            trouble = error
        self._leave_device(trouble)  # outside the except block: its traceback holds the tensors
        return self._engine.run(self._place, steps, self._config, deadline)

    def _leave_device(self, error: Exception) -> None:
        self._device, good = fallback(self._device, error), self._good
        self._engine = Engine(self.split, backend(self._device, self._config.dtype))
        self._history.truncate(good.step)
        self._restore(good)
        self._begin_watch()
        self.notice = tr("{reason} Training goes on with {device}.").format(
            reason=self._device.reason, device=self._device.label
        )

    def _build(self, config: TrainConfig) -> tuple[Device, Engine]:
        data = self.split.dataset
        step_flop = 4.0 * config.batch_size * data.d * data.q
        try:
            device = choose(config.device, step_flop)
            return device, Engine(self.split, backend(device, config.dtype))
        except (DeviceError, *DEVICE_ERRORS) as error:
            if config.device == "numpy":
                raise
            trouble = str(error)
        device = Device("numpy", choose("numpy", step_flop).label, trouble)
        self.notice = tr("{reason} Training goes on with {device}.").format(
            reason=trouble, device=device.label
        )
        return device, Engine(self.split, backend(device, config.dtype))

    # -- watching ------------------------------------------------------------------------------

    def _begin_watch(self) -> None:
        self._good = self.checkpoint()
        self._window = (0, 0.0)
        self._best = math.inf

    def _watch(self, factor: float) -> None:
        steps, loss_sum = self._window
        if not steps:
            return
        loss = loss_sum / steps
        bound = max(math.log(max(self.split.dataset.q, 2)), min(self._best, self._train.loss))
        if not loss <= factor * bound:  # NaN is not
            self._return_to_good(loss)
        if steps >= CHECK_STEPS // 2:
            self._best = min(self._best, loss)

    def _return_to_good(self, loss: float) -> None:
        step = self._step
        self._history.truncate(self._good.step)
        self._restore(self._good)
        self._begin_watch()
        self._measure()
        rate, safe = self._config.learning_rate, self.safe_learning_rate()
        raise TrainingDiverged(step, loss, self._step, rate, safe)

    def _measure(self) -> None:
        started = time.monotonic()
        self._train, self._validation = (
            self._engine.measure("train"), self._engine.measure("validation"),
        )  # fmt: skip
        self._measured_step = self._step
        self._history.append(
            step=self._step, epoch=self._examples / len(self.split.train.X),
            seconds=self._seconds,
            train_loss=self._train.loss, train_accuracy=self._train.accuracy,
            validation_loss=self._validation.loss,
            validation_accuracy=self._validation.accuracy,
        )  # fmt: skip
        now = time.monotonic()
        self._measure_at = now + (now - started) * (1 / MEASURING_SHARE - 1)

    _train: Measurement
    _validation: Measurement


def _read_only(parameters: ParameterState) -> Dense:
    W, b = parameters.W, parameters.b
    for array in (W, b):
        array.flags.writeable = False
    return Dense(W, b)
