"""A whole run in a plain loop, as the command line drives it: so many epochs, then the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from softmax_gui.data.dataset import Split
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import Snapshot

SLICE_S = 0.2  # how often progress is told


@dataclass(frozen=True)
class Run:
    """A finished or interrupted run."""

    split: Split
    snapshot: Snapshot
    interrupted: bool = False

    def summary(self) -> dict[str, Any]:
        """The figures of the run in JSON's types; losses in nats."""
        one, data = self.snapshot, self.split.dataset
        return {
            "data": data.name, "n_train": len(self.split.train.X),
            "n_validation": len(self.split.validation.X), "d": data.d, "q": data.q,
            "train_loss": one.train.loss, "validation_loss": _number(one.validation.loss),
            "train_accuracy": one.train.accuracy,
            "validation_accuracy": _number(one.validation.accuracy),
            "floor": data.floor, "steps": one.step, "epochs": one.epoch,
            "seconds": one.seconds, "device": one.device.label, "device_reason": one.device.reason,
            "seed": one.config.seed, "interrupted": self.interrupted,
        }  # fmt: skip


def train(
    split: Split,
    config: TrainConfig,
    epochs: int,
    progress: Callable[[float, float], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Run:
    """Trains `epochs` epochs; Ctrl+C ends it early with what there is.

    Args:
        split: the data.
        config: the settings.
        epochs: at least 1.
        progress: told the epoch so far and the validation loss, a few times a second.
        say: told, in a sentence, what the user must hear about the device.

    Raises:
        TrainingDiverged: the learning rate is too large.
    """
    session = TrainingSession(split, config)
    interrupted = False
    try:
        while session.epoch < epochs:
            session.advance(epochs=epochs - session.epoch, seconds=SLICE_S)
            if session.epoch < epochs:
                session.snapshot()  # keeps the metrics of the run growing
            if progress is not None:
                now = session.snapshot()
                progress(now.epoch, now.validation.loss)
            if session.notice:
                say(session.notice)
                session.notice = ""
    except KeyboardInterrupt:
        interrupted = True
    session.measure()
    return Run(split, session.snapshot(), interrupted)


def _number(value: float) -> float | None:
    """JSON has no NaN: an empty part has no loss."""
    return value if value == value else None
