"""What the contenders share: what they are asked, how steps are timed, how one says no."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from tests.bench.engine import problems

Answer = dict[str, Any]
Say = Callable[[Answer], None]
Ask = Callable[[Answer], Answer]


class Unfit(Exception):
    """A contender can't take part, for the reason given: no fault of the bench."""


class Steps(Protocol):
    """A way to train by minibatches, from zero weights."""

    def epochs(self, count: int) -> int:
        """Trains that many epochs, to their very end; the examples seen."""

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """W (d, q) and b (q,)."""


def timed(steps: Steps, options: dict[str, Any], say: Say) -> Ask:
    """Repeats of whole epochs, each of some `repeat_s` seconds, after a first loss to compare."""
    X, labels = problems.read(options["folder"])
    steps.epochs(options["epochs"])
    loss = problems.mean_cross_entropy(X, labels, *steps.weights())
    count, seconds = 1, 0.0
    while True:
        started = time.perf_counter()
        steps.epochs(count)
        seconds = time.perf_counter() - started
        if seconds >= options["repeat_s"] / 2:
            break
        count *= 2
    count = max(1, round(count * options["repeat_s"] / seconds + 0.499))
    say({"loss": loss, "epochs_a_repeat": count})

    def ask(_: Answer) -> Answer:
        started = time.perf_counter()
        examples = steps.epochs(count)
        seconds = time.perf_counter() - started
        # By examples: some take the last, smaller batch of an epoch, some leave it out.
        return {"value": 1e6 * seconds * options["batch"] / examples, "seconds": seconds}

    return ask
