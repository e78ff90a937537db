"""Which rows are trained on, which validate, and in which order: pure functions of a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softmax_gui.data.dataset import (
    Dataset,
    Floats,
    Integers,
    Part,
    Scaling,
    Split,
    look_at_share,
    sealed,
)
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

# One seed serves several draws: each takes numbers of its own from it.
_SPLIT = 1


def split(dataset: Dataset, seed: int, validation_share: float | None = None) -> Split:
    """Cuts a dataset in two, class by class, and scales both parts as the training part asks.

    A class with two rows or more has at least one in each part; a single row is trained on.
    Pictures are scaled from their black and white to [0, 1], tables standardised.

    Args:
        dataset: the rows.
        seed: 0 or more; the same seed gives the same cut.
        validation_share: between 0 and 1; None takes the dataset's own.

    Raises:
        ValueError: the share is not between 0 and 1.
    """
    share = dataset.validation_share if validation_share is None else validation_share
    look_at_share(share)
    held_out = _held_out(dataset.labels, dataset.q, share, _generator(seed, _SPLIT))
    X_train, X_validation = dataset.X[~held_out], dataset.X[held_out]
    scaling = _scaling(dataset, X_train)
    return Split(
        train=_part(dataset, ~held_out, scaling.apply(X_train)),
        validation=_part(dataset, held_out, scaling.apply(X_validation)),
        scaling=scaling,
        dataset=dataset,
        seed=seed,
    )


def training_weights(part: Part, q: int, class_weight: str) -> Floats | None:
    """How much each row of a part counts in the loss: its own weight times that of its class.

    Args:
        part: n rows.
        q: the number of classes.
        class_weight: "none", or "balanced": the weight of class k is then S / (q S_k), with S the
            sum of the rows' own weights and S_k that of class k: n / (q n_k) where all are 1.

    Returns:
        (n,) of mean 1, or None where all rows count alike.

    Raises:
        ValueError: all rows of the part have the weight 0.
    """
    if part.n == 0:
        return None
    weights = np.ones(part.n) if part.weights is None else part.weights
    if not weights.any():
        raise ValueError(tr("All rows to train on have the weight 0; at least one must count."))
    weights = weights / weights.max()  # sums of 1e308 would overflow
    if class_weight == "balanced":
        sums = np.bincount(part.labels, weights, minlength=q)
        of_class = sums.sum() / (q * np.where(sums > 0.0, sums, 1.0))
        weights = weights * of_class[part.labels]
    return None if np.ptp(weights) == 0.0 else weights / weights.mean()


def _generator(seed: int, *purpose: int) -> np.random.Generator:
    sequence = np.random.SeedSequence(seed, spawn_key=purpose)
    return np.random.Generator(np.random.Philox(sequence))


def _held_out(
    labels: Integers, q: int, share: float, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """True (n,) at the rows of the validation part."""
    shuffled = generator.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    held_out = np.zeros(len(labels), bool)
    start = 0
    for count in np.bincount(labels, minlength=q).tolist():
        wanted = round(count * share)
        taken = min(max(wanted, 1), count - 1) if count > 1 else 0
        held_out[by_class[start : start + taken]] = True
        start += count
    return held_out


def _part(dataset: Dataset, rows: NDArray[np.bool_], X: Floats) -> Part:
    """The rows of a mask (n,), whose features X are scaled already."""
    targets, weights = dataset.targets, dataset.weights
    return Part(
        sealed(X),
        dataset.labels[rows],
        None if targets is None else sealed(targets[rows]),
        None if weights is None else sealed(weights[rows]),
    )


def _scaling(dataset: Dataset, X_train: Floats) -> Scaling:
    if dataset.pixel_range is not None:
        return Scaling.of_range(*dataset.pixel_range, dataset.d)
    return Scaling.standardise(X_train)
