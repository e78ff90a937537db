"""The product, through the door that a user has: a TrainingSession that is told to advance."""

from __future__ import annotations

from typing import Any

import numpy as np

from softmax_gui.data.dataset import Dataset, Part, Scaling, Split, feature_names, sealed
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from tests.bench.engine import problems
from tests.bench.engine.child import Ask, Say, timed

HELD_OUT = 0.1  # rows of a validation part beside the n rows that are trained on


class Session:
    """Minibatches of a session, its watch and its history included."""

    def __init__(self, options: dict[str, Any]) -> None:
        config = TrainConfig(
            learning_rate=options["learning_rate"], batch_size=options["batch"],
            dtype=options["dtype"], device=options["device"], threads=options["threads"],
        )  # fmt: skip
        X, labels = problems.read(options["folder"])
        self._n = len(X)
        self._session = TrainingSession(whole_split(X, labels), config)
        if self._session.notice:
            raise RuntimeError(self._session.notice)

    def epochs(self, count: int) -> int:
        """As `steps` minibatches, which end together with the epochs."""
        per_epoch = -(-self._n // self._session.config.batch_size)
        self._session.advance(steps=count * per_epoch)
        return count * self._n

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Of a snapshot."""
        model = self._session.snapshot().model
        return model.W, model.b


def whole_split(X: np.ndarray, labels: np.ndarray) -> Split:
    """All rows to train on; a tenth of them, copied, stands in as the validation part."""
    n, d = X.shape
    q = int(labels.max()) + 1
    owned, truth = sealed(X.astype(np.float64)), sealed(labels.copy())
    names = tuple(str(k) for k in range(q))
    held = slice(0, max(1, int(HELD_OUT * n)))
    return Split(
        train=Part(owned, truth),
        validation=Part(owned[held].copy(), truth[held].copy()),
        scaling=Scaling.identity(d),
        dataset=Dataset("bench", owned, truth, names, feature_names(d)),
        seed=0,
    )


def make(name: str, options: dict[str, Any], say: Say) -> Ask:
    """`name` is for the table; options["dtype"] decides."""
    return timed(Session(options), options, say)
