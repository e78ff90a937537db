"""How good a model is on labelled rows: loss, accuracy and its interval, calibration."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from softmax_gui.core.metrics import confusion_matrix, expected_calibration_error
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.predictions import BLOCK_ROWS, log_probabilities
from softmax_gui.i18n import tr

_Z = 1.959963984540054  # of a normal distribution 95 % lie within so many deviations


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures of a model on n rows, of which those with a known class are judged.

    Attributes:
        n: rows.
        unknown: rows whose label is no class of the model.
        loss: mean surprisal of the label, in nats.
        brier: mean of sum_k (p_k - y_k)^2, from 0 to 2.
        calibration: expected calibration error over 15 bins.
        confusion: (q, q), a row a true class, a column a predicted one.
    """

    class_names: tuple[str, ...]
    n: int
    unknown: int
    loss: float
    brier: float
    calibration: float
    confusion: np.ndarray

    @property
    def judged(self) -> int:
        """Rows whose class the model knows."""
        return self.n - self.unknown

    @property
    def correct(self) -> int:
        """Rows predicted right."""
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        """The share of them."""
        return self.correct / self.judged

    @property
    def majority(self) -> float:
        """The share of the most frequent class."""
        return float(self.confusion.sum(axis=1).max() / self.judged)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy on many such rows lies with 95 % confidence."""
        return wilson_interval(self.correct, self.judged)

    def classes(self) -> list[tuple[str, int, float | None, float | None]]:
        """Name, rows, precision and recall of each class; None where there are no rows."""
        rows, predicted = self.confusion.sum(axis=1).tolist(), self.confusion.sum(axis=0).tolist()
        hits = np.diag(self.confusion).tolist()
        return [
            (name, rows[k], _ratio(hits[k], predicted[k]), _ratio(hits[k], rows[k]))
            for k, name in enumerate(self.class_names)
        ]

    def record(self) -> dict[str, Any]:
        """All of it in JSON's types."""
        return {
            "n": self.n, "unknown_labels": self.unknown, "judged": self.judged, "loss": self.loss,
            "correct": self.correct, "accuracy": self.accuracy,
            "accuracy_interval": list(self.interval), "majority": self.majority,
            "brier": self.brier, "ece": self.calibration,
            "classes": [{"name": name, "count": count, "precision": precision, "recall": recall}
                        for name, count, precision, recall in self.classes()],
            "confusion": self.confusion.tolist(),
        }  # fmt: skip


def evaluate(model: TrainedModel, X: np.ndarray, labels: Sequence[str]) -> Evaluation:
    """Judges a model by rows whose labels are known.

    Args:
        model: the model.
        X: (n, d), in the units of the data file.
        labels: n names; those that are no class of the model are counted and left out.

    Raises:
        ModelProblem: no label is a class of the model, or a row is too large for it.
    """
    places = {name: k for k, name in enumerate(model.class_names)}
    truth = np.array([places.get(name, -1) for name in labels], np.int64)
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        text = tr("No label is one of the model's classes: {names}.")
        raise ModelProblem(text.format(names=", ".join(model.class_names[:8])))
    q = len(model.class_names)
    confusion, loss, brier, gaps = np.zeros((q, q), np.int64), 0.0, 0.0, []
    for start in range(0, len(X), BLOCK_ROWS):
        rows = np.flatnonzero(truth[start : start + BLOCK_ROWS] >= 0)
        if not len(rows):
            continue
        log_P = log_probabilities(model, X[start : start + BLOCK_ROWS], start)[rows]
        y, P = truth[start + rows], np.exp(log_P)
        own = np.arange(len(y)), y
        confusion += confusion_matrix(P, y)
        loss -= float(log_P[own].sum())
        brier += float((P * P).sum() + (1.0 - 2.0 * P[own]).sum())
        # The calibration needs of each row its largest probability and whether it is right.
        gaps.append(np.stack([P.max(axis=1), P.argmax(axis=1) == y]))
    n = len(known)
    confidence, right = np.concatenate(gaps, axis=1)
    return Evaluation(model.class_names, len(X), len(X) - n, loss / n, brier / n,
                      _calibration(confidence, right), confusion)  # fmt: skip


def wilson_interval(correct: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share of n trials; it stays within 0 and 1.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    share, z2 = correct / n, _Z * _Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # At the ends exactly 0 and 1, which rounding would miss.
    low = centre - half if correct else 0.0
    return low, centre + half if correct < n else 1.0


def _calibration(confidence: np.ndarray, right: np.ndarray) -> float:
    """The calibration error of rows known by their largest probability alone."""
    two = np.stack([confidence, np.zeros_like(confidence)], axis=1)
    return expected_calibration_error(two, np.where(right > 0.5, 0, 1))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
