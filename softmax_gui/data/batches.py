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

if TYPE_CHECKING:
    from numpy.typing import NDArray

# One seed serves several draws: each takes numbers of its own from it.
_SPLIT, _ORDER = 1, 2


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
        train=Part(sealed(scaling.apply(X_train)), dataset.labels[~held_out]),
        validation=Part(sealed(scaling.apply(X_validation)), dataset.labels[held_out]),
        scaling=scaling,
        dataset=dataset,
        seed=seed,
    )


def epoch_order(n: int, seed: int, epoch: int) -> NDArray[np.intp]:
    """The order (n,) in which an epoch, counted from 0, visits the rows.

    A function of its arguments alone, so that a resumed run needs no state of a generator.
    """
    return _generator(seed, _ORDER, epoch).permutation(n)


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


def _scaling(dataset: Dataset, X_train: Floats) -> Scaling:
    if dataset.pixel_range is not None:
        return Scaling.of_range(*dataset.pixel_range, dataset.d)
    return Scaling.standardise(X_train)
