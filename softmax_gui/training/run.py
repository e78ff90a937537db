"""A whole run in a plain loop, as the command line drives it: so many epochs, then the result."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from softmax_gui.data.dataset import Split
from softmax_gui.training import compiled
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import GPU_PAYS_FLOP, DeviceError
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import Snapshot
from softmax_gui.training.watch import TrainingDiverged

SLICE_S = 0.2  # how often progress is told, and a wish to stop is heard
# The compiled loop saves some 50 microseconds of Python a step (2x2: 7 for 80, digits: 19 for 89),
# whatever the model: at so many steps the 0.5 s to load it, or 5 s to compile it once, come back.
COMPILED_PAYS_STEPS = 60_000


@dataclass(frozen=True)
class Run:
    """A run that came to its end, or was ended before it.

    Attributes:
        epochs: as many as were wanted.
        interrupted: somebody asked it to stop.
        problem: why it stopped by itself too early, in a sentence; "" if it did not.
        snapshot: of its last step; after a problem, of the last one before it.
    """

    split: Split
    snapshot: Snapshot
    epochs: int
    interrupted: bool = False
    problem: str = ""

    def summary(self) -> dict[str, Any]:
        """The figures of the run in JSON's types, None for what there is not; losses in nats."""
        one, data = self.snapshot, self.split.dataset
        return {
            "data": data.name, "n_train": self.split.train.n,
            "n_validation": self.split.validation.n, "d": data.d, "q": data.q,
            **measurements(one), "floor": data.floor, "steps": one.step, "epochs": one.epoch,
            "seconds": one.seconds, "device": one.device.kind, "device_name": one.device.label,
            "device_reason": one.device.reason, "seed": one.config.seed,
            "interrupted": self.interrupted,
        }  # fmt: skip


def measurements(snapshot: Snapshot) -> dict[str, float | None]:
    """Loss (nats) and accuracy of both parts under their usual names; None for an empty part."""
    values = {
        "train_loss": snapshot.train.loss, "validation_loss": snapshot.validation.loss,
        "train_accuracy": snapshot.train.accuracy,
        "validation_accuracy": snapshot.validation.accuracy,
    }  # fmt: skip
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def train(
    split: Split,
    config: TrainConfig,
    epochs: int,
    *,
    progress: Callable[[Snapshot], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Run:
    """Trains `epochs` epochs, or until it is stopped or diverges.

    Args:
        split: the data.
        config: the settings.
        epochs: at least 1.
        progress: handed the state a few times a second.
        say: told, in a sentence, what the user must hear about the device.
        stopped: asked a few times a second, between two steps, whether to end now.
    """
    _load_compiled_where_it_pays(split, config, epochs)
    session = TrainingSession(split, config)
    problem = ""
    try:
        while session.epoch < epochs and not stopped():
            session.advance(epochs=epochs - session.epoch, seconds=SLICE_S)
            if session.notice:
                say(session.notice)
                session.notice = ""
            progress(session.snapshot())  # and the history grows
    except TrainingDiverged as error:
        problem = str(error)
    session.measure()
    interrupted = not problem and session.epoch < epochs
    return Run(split, session.snapshot(), epochs, interrupted, problem)


def _load_compiled_where_it_pays(split: Split, config: TrainConfig, epochs: int) -> None:
    """Sizes alone decide, never the clock: the same command takes the same arithmetic again."""
    n, weights = split.train.n, split.dataset.d * split.dataset.q
    steps = epochs * math.ceil(n / config.batch_size)
    small = compiled.fits(split) and 4.0 * config.batch_size * weights < GPU_PAYS_FLOP
    if config.device == "auto" and small and steps >= COMPILED_PAYS_STEPS:
        with contextlib.suppress(DeviceError):  # without numba; numpy does as well
            compiled.load()
