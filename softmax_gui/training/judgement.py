"""How good weights are on a part that nobody has looked at: loss, accuracy, confusion."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from softmax_gui.core.dense import Dense
from softmax_gui.core.metrics import confusion_matrix
from softmax_gui.core.softmax import log_sum_exp
from softmax_gui.data.dataset import Part
from softmax_gui.training.snapshot import Measurement

BLOCK_ROWS = 4096


@dataclass(frozen=True, eq=False)
class Judgement:
    """Figures of a part, plain as the curves have them: without row weights or penalty.

    Attributes:
        measured: mean cross-entropy with the (soft) labels in nats, and the rows whose most
            probable class is their label; of a soft label that is the class of the largest share.
        confusion: (q, q), a row a true class, a column a predicted one.
    """

    measured: Measurement
    confusion: np.ndarray


def judge(model: Dense, part: Part) -> Generator[None, None, Judgement]:
    """Judges a model by all rows of a part, block by block.

    Args:
        model: W (d, q), b (q,) for scaled features.
        part: n rows, scaled.

    Yields:
        None after each block; it may be left at any.
    """
    loss, confusion = 0.0, np.zeros((model.q, model.q), np.int64)
    for start in range(0, part.n, BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        logits, labels = np.asarray(model.logits(part.X[block])), part.labels[block]
        targets = np.eye(model.q)[labels] if part.targets is None else part.targets[block]
        with np.errstate(over="ignore", invalid="ignore"):  # weights may have diverged
            told = np.where(targets == 0.0, 0.0, logits * targets)  # 0 log 0 = 0
            loss += float((log_sum_exp(logits) - told.sum(axis=-1)).sum())
        confusion += confusion_matrix(logits, labels)
        yield
    mean = loss / part.n if part.n else math.nan
    return Judgement(Measurement(mean, int(np.trace(confusion)), part.n), confusion)
