"""Which rows are trained on, which validate, and in which order: pure functions of a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softmax_gui.data.assignment import TEST, TRAIN, VALIDATION, assigned
from softmax_gui.data.dataset import Dataset, Floats, Part, Scaling, Split, sealed
from softmax_gui.data.scaling import fitted, look_at_scaling
from softmax_gui.data.split_notes import notes_on_parts, notes_on_sizes
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray


def split(
    dataset: Dataset,
    seed: int,
    validation_share: float | None = None,
    *,
    scaling: str = "auto",
    test_share: float = 0.0,
) -> Split:
    """Cuts a dataset in two or three parts, and scales all of them as the training part asks.

    The parts the file gives its rows hold; what it leaves open is drawn class by class, and so
    that no group lies in two parts (data/assignment.py). A class with two rows or more has at
    least one in each part; a single row is trained on.

    Args:
        dataset: the rows.
        seed: 0 or more; the same seed gives the same cut.
        validation_share: between 0 and 1, of the rows that are drawn from; None takes the
            dataset's own.
        scaling: one of scaling.SCALINGS. "auto" and "range" take pictures from their black and
            white to [0, 1]; tables are standardised by "auto", taken to [0, 1] by the smallest
            and largest value of each feature by "range". "unit" takes each row to length 1.
        test_share: from 0, of the same rows; the sum of both is below 1.

    Raises:
        ValueError: such shares, no such scaling, nothing to train on, too few groups, or numbers
            that become infinite in this scaling.
    """
    look_at_scaling(scaling)
    share = dataset.validation_share if validation_share is None else validation_share
    parts = assigned(dataset, seed, share, test_share)
    X_train = dataset.X[parts == TRAIN]  # the only copy: it is scaled where it lies
    fit = fitted(X_train, scaling, dataset.pixel_range)
    table = dataset.pixel_range is None
    sizes = notes_on_sizes(X_train, dataset.feature_names, fit) if table else ()
    return Split(
        train=_part(dataset, parts == TRAIN, X_train, fit),
        validation=_part(dataset, parts == VALIDATION, None, fit),
        scaling=fit,
        dataset=dataset,
        seed=seed,
        test=_part(dataset, parts == TEST, None, fit) if (parts == TEST).any() else None,
        notes=(*notes_on_parts(dataset, parts), *sizes),
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


def _part(dataset: Dataset, rows: NDArray[np.bool_], X: Floats | None, scaling: Scaling) -> Part:
    """The rows of a mask (n,), scaled; X (m, d), where given, are their features and are taken."""
    X = scaling.apply_in_place(dataset.X[rows] if X is None else X)
    if len(X) and not (np.isfinite(X.min()) and np.isfinite(X.max())):  # NaN is both
        text = tr(
            'Scaled as "{kind}", some numbers become infinite: they are too far from those to train'
            " on. Choose another scaling, or repair the file."
        )
        raise ValueError(text.format(kind=scaling.kind))
    targets, weights = dataset.targets, dataset.weights
    return Part(
        sealed(X),
        dataset.labels[rows],
        None if targets is None else sealed(targets[rows]),
        None if weights is None else sealed(weights[rows]),
    )
