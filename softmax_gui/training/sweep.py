"""Which weight decay? Validation loss along a path of them, and two choices.

The best is the decay of the lowest validation loss. The one-standard-error choice is the largest
decay whose validation loss is within one standard error of it: the simplest model that the data
cannot tell from the best.

Rows are held out by a weight of 0: no fold copies the features.

Source: Breiman et al. (1984), Classification and Regression Trees; Hastie, Tibshirani and Friedman
(2009), The Elements of Statistical Learning, section 7.10.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.arrays import Array
from softmax_gui.core.certificate import Certificate
from softmax_gui.core.optimum import Optimum
from softmax_gui.core.path import path_steps
from softmax_gui.core.softmax import log_softmax
from softmax_gui.i18n import tr

Floats = NDArray[np.float64]

DECAYS = 16
SPAN = 1e-6  # of the largest decay: the smallest
CHUNK = 2**16  # rows that are judged at once


@dataclass(frozen=True)
class SweepRow:
    """One weight decay of a sweep.

    Attributes:
        decay: lambda.
        train_loss: mean cross-entropy of all rows that train, without the penalty, in nats.
        validation_loss: mean cross-entropy of held-out rows, in nats.
        validation_accuracy: in [0, 1].
        standard_error: of the validation loss.
        norm: |W|, Euclidean, of the model of all rows that train.
        certificate: of that model.
    """

    decay: float
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    standard_error: float
    norm: float
    certificate: Certificate


@dataclass(frozen=True)
class SweepResult:
    """All decays, in descending order.

    Attributes:
        rows: one a decay.
        best: index of the lowest validation loss.
        one_se: index of the largest decay within one standard error of it.
        models: the optimum of all rows that train, one a decay.
    """

    rows: list[SweepRow]
    best: int
    one_se: int
    models: list[Optimum]


def default_decays(X: Array) -> list[float]:
    """16 decays from the mean variance of the features down to a millionth of it."""
    rows = X[:: max(1, len(X) // 10_000)].astype(np.float64)
    scale = float(rows.var(axis=0).mean()) or 1.0
    return [float(decay) for decay in np.geomspace(scale, SPAN * scale, DECAYS)]


def sweep(
    X: Array,
    labels: Array,
    q: int,
    decays: Sequence[float] | None = None,
    *,
    validation: tuple[Array, Array] | None = None,
    folds: int = 5,
    seed: int = 0,
    progress: Callable[[SweepRow], None] | None = None,
    **options: Any,
) -> SweepResult:
    """Fit every decay and judge it on rows it has not seen.

    Args:
        X: (n, d).
        labels: (n,), or targets (n, q).
        q: classes.
        decays: descending; None for 16 that fit the scale of the features.
        validation: features and labels to judge by; None holds out each of `folds` in turn.
        folds: at least 2, at most n; unused with `validation`.
        seed: decides the folds.
        progress: is called with each row as it is done.
        options: solver, tolerance, max_iterations, sample_weight, label_smoothing and dtype of
            find_optimum.

    Raises:
        ValueError: an argument is out of its range.
    """
    rows, models = [], []
    for item in sweep_steps(
        X, labels, q, decays, validation=validation, folds=folds, seed=seed, **options
    ):
        if item is None:
            continue
        row, model = item
        rows.append(row)
        models.append(model)
        if progress is not None:
            progress(row)
    return SweepResult(rows, *choices(rows), models)


def sweep_steps(
    X: Array,
    labels: Array,
    q: int,
    decays: Sequence[float] | None = None,
    *,
    validation: tuple[Array, Array] | None = None,
    folds: int = 5,
    seed: int = 0,
    **options: Any,
) -> Generator[tuple[SweepRow, Optimum] | None]:
    """The same in slices: yields None as a heartbeat, and each row with its model when done."""
    X, labels = np.asarray(X), np.asarray(labels)
    if validation is not None:
        _check_validation(*validation, X.shape[-1], q)
    decays = list(decays) if decays is not None else default_decays(X)
    weights = options.pop("sample_weight", None)
    weights = np.ones(len(X)) if weights is None else np.asarray(weights)
    whole = path_steps(X, labels, q, decays, sample_weight=weights, **options)
    parts = (
        []
        if validation is not None
        else [
            (path_steps(X, labels, q, decays, sample_weight=weights * ~out, **options), out)
            for out in held_out(len(X), folds, seed)
        ]
    )
    for decay in decays:
        model = yield from _next(whole)
        if validation is not None:
            losses = [_losses(model, np.asarray(validation[0]), np.asarray(validation[1]))]
        else:
            losses = []
            for part, out in parts:
                fitted = yield from _next(part)
                losses.append(_losses(fitted, X[out], labels[out], weights[out]))
        yield _row(decay, model, _losses(model, X, labels, weights), losses), model


def _check_validation(X: Array, labels: Array, d: int, q: int) -> None:
    """Refuse validation rows of another number of features, or without a label each."""
    if np.ndim(X) != 2 or np.shape(X)[1] != d or np.shape(labels) not in ((len(X),), (len(X), q)):
        text = tr("The validation rows need {features} features and a label each.")
        raise ValueError(text.format(features=d))


def choices(rows: Sequence[SweepRow]) -> tuple[int, int]:
    """The index of the best decay, and that of the largest within one standard error of it."""
    losses = np.array([row.validation_loss for row in rows])
    best = int(np.argmin(np.where(np.isfinite(losses), losses, math.inf)))
    limit = losses[best] + rows[best].standard_error
    within = [i for i, row in enumerate(rows) if row.validation_loss <= limit]
    return best, max(within, key=lambda i: rows[i].decay, default=best)


def held_out(n: int, folds: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Masks (n,) of the rows that each fold holds out: every row once, at random.

    Raises:
        ValueError: fewer than 2 folds, or more than rows.
    """
    if not 2 <= folds <= n:
        text = tr("{rows} rows can be cut into 2 to {rows} folds, not {folds}.")
        raise ValueError(text.format(rows=n, folds=folds))
    fold = np.random.default_rng(seed).permutation(n) % folds
    return (fold == k for k in range(folds))


def _next(path: Generator[Optimum | None]) -> Generator[None, None, Optimum]:
    """The next optimum of a path, its heartbeats passed on."""
    for item in path:
        if item is not None:
            return item
        yield
    raise RuntimeError("The path has fewer optima than decays.")


@dataclass(frozen=True)
class _Judged:
    """Cross-entropies of rows, who was right, and how much each row weighs."""

    losses: Floats
    right: Floats
    weights: Floats

    def mean(self, values: Floats) -> float:
        return float(self.weights @ values / self.weights.sum())

    @property
    def standard_error(self) -> float:
        loss = self.mean(self.losses)
        spread = self.weights**2 @ (self.losses - loss) ** 2
        return math.sqrt(float(spread)) / float(self.weights.sum())


def _losses(model: Optimum, X: Array, labels: Array, weights: Array | None = None) -> _Judged:
    losses, right = np.empty(len(X)), np.empty(len(X))
    for start in range(0, len(X), CHUNK):
        rows = slice(start, start + CHUNK)
        log_p = log_softmax(X[rows] @ model.W + model.b)
        Y = labels[rows]
        truth = Y if Y.ndim == 1 else Y.argmax(axis=1)
        own = log_p[np.arange(len(Y)), Y] if Y.ndim == 1 else (Y * log_p).sum(axis=1)
        losses[rows], right[rows] = -own, log_p.argmax(axis=1) == truth
    return _Judged(losses, right, np.ones(len(X)) if weights is None else weights)


def _row(decay: float, model: Optimum, train: _Judged, parts: list[_Judged]) -> SweepRow:
    whole = _Judged(
        *(
            np.concatenate([getattr(p, name) for p in parts])
            for name in ("losses", "right", "weights")
        )
    )
    error = whole.standard_error
    if len(parts) > 1:
        error = float(np.std([p.mean(p.losses) for p in parts], ddof=1)) / math.sqrt(len(parts))
    return SweepRow(
        decay,
        train.mean(train.losses),
        whole.mean(whole.losses),
        whole.mean(whole.right),
        error,
        float(np.linalg.norm(model.W)),
        model.certificate,
    )
