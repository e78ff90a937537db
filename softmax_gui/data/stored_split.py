"""Stored rows cut in two: a sample for validation in memory, all others on disk to train on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from softmax_gui.data.dataset import Part, Scaling, Split, look_at_share, sealed
from softmax_gui.data.stored_layout import SAMPLE, generator
from softmax_gui.data.stored_numbers import Numbers
from softmax_gui.data.stored_scaling import Moments, moments
from softmax_gui.files import FileProblem
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from softmax_gui.data.dataset import Dataset
    from softmax_gui.data.stored import StoredData
    from softmax_gui.data.stored_layout import Range
    from softmax_gui.data.stored_rows import ShardedRows

SAMPLE_BYTES = 64 << 20  # of float64, for each of the two samples in memory
_STRETCH_BYTES = 64 << 10
_ZONES = 64
SCALINGS = ("none", "sample", "pass", "auto", "range", "standardise", "unit")


@dataclass(frozen=True, eq=False)
class StoredPart:
    """The rows to train on, on disk and in the file's units.

    Attributes:
        X: (n, d), to be read; it has len() and shape.
        labels: (n,), 0 to q - 1, in the narrowest unsigned type.
        sample: some of these rows, scaled and in memory: on them the training loss is measured.
    """

    X: ShardedRows
    labels: NDArray[np.unsignedinteger[Any]]
    sample: Part

    targets = None  # as a Part has them
    weights = None

    @property
    def n(self) -> int:
        """Rows."""
        return self.X.n


@dataclass(frozen=True, eq=False)
class StoredSplit:
    """As Split, but `train` stays on disk; the scaling is applied while it is read."""

    train: StoredPart
    validation: Part
    scaling: Scaling
    dataset: StoredData
    seed: int

    test = None  # as a Split has them
    notes = ()

    def share(self, start: int, stop: int) -> StoredSplit:
        """With these of the training rows alone, as a rank of several reads them."""
        labels, X = self.train.labels[start:stop], self.train.X.part([(start, stop)])
        return replace(self, train=StoredPart(X, labels, self.train.sample))

    def in_memory(self) -> Split:
        """The two samples as a Split, whose dataset has no X."""
        dataset = cast("Dataset", self.dataset)
        return Split(self.train.sample, self.validation, self.scaling, dataset, self.seed)

    def numbers(self, dtype: str | np.dtype[Any]) -> Numbers:
        """What reads the training rows as `dtype`, scaled."""
        scaling = None if self.scaling.kind == "none" else self.scaling
        return Numbers(self.train.X, dtype, scaling)


def stored_split(
    stored: StoredData,
    seed: int,
    validation_share: float | None = None,
    scaling: str = "sample",
    sample_bytes: int = SAMPLE_BYTES,
) -> StoredSplit:
    """Takes a validation sample out of stored rows and leaves the others to train on.

    Both samples consist of whole rows, spread evenly over the files in stretches of some 64 kB;
    they are not stratified, but rows that are sorted by class give each class its share. They are
    held as float64 and take at most `sample_bytes` each, however large the share.

    Args:
        stored: the rows.
        seed: 0 or more; the same seed gives the same cut.
        validation_share: between 0 and 1, of all rows; None takes the data's own.
        scaling: one of SCALINGS. "none" leaves the file's units; "sample" and "standardise" take
            mean and deviation of the training sample to 0 and 1, "pass" those of all training
            rows, which reads them once; "range" the smallest and largest value in that sample;
            "unit" divides each row by its length; "auto" is "sample". Pictures of bytes are taken
            from 0..255 to [0, 1] by "sample", "pass", "auto" and "range".
        sample_bytes: for each sample.

    Raises:
        ValueError: the share is not between 0 and 1, or there is no such scaling.
        FileProblem: a single row, a number that is not finite, a file that cannot be read.
    """
    share = stored.validation_share if validation_share is None else validation_share
    look_at_share(share)
    if scaling not in SCALINGS:
        raise ValueError(tr("There is no scaling {name}.").format(name=scaling))
    if stored.n < 2:
        raise FileProblem(tr("A single row can't be cut into training and validation rows."))
    most = max(1, sample_bytes // (8 * stored.d))
    wanted = min(most, max(1, round(share * stored.n)), stored.n - 1)
    held_out = evenly_spread(stored.n, wanted, 8 * stored.d, generator(seed, SAMPLE, 0))
    rest = the_others(held_out, stored.n)
    rows, labels = stored.rows.part(rest), _of_ranges(stored.labels, rest)
    measured = evenly_spread(rows.n, min(most, rows.n), 8 * rows.d, generator(seed, SAMPLE, 1))
    train = Numbers(rows, "float64").sample(measured)
    validation = Numbers(stored.rows, "float64").sample(held_out)
    fitted = _scaling(stored, rows, train, scaling)
    sample = Part(sealed(fitted.apply_in_place(train)), _as_labels(labels, measured))
    return StoredSplit(
        train=StoredPart(rows, labels, sample),
        validation=Part(
            sealed(fitted.apply_in_place(validation)), _as_labels(stored.labels, held_out)
        ),
        scaling=fitted,
        dataset=stored,
        seed=seed,
    )


def evenly_spread(n: int, wanted: int, row_bytes: int, random: np.random.Generator) -> list[Range]:
    """Ranges of about `wanted` of n rows, spread evenly over them.

    The rows are cut into zones of one size; of each, a stretch of some 64 kB is taken at a place
    drawn at random.
    """
    zones = min(wanted, max(_ZONES, wanted * row_bytes // _STRETCH_BYTES))
    ends = np.arange(zones + 1) * n // zones
    taken = np.minimum(np.diff(np.arange(zones + 1) * wanted // zones), np.diff(ends))
    starts = ends[:-1] + random.integers(0, np.diff(ends) - taken, endpoint=True)
    return list(zip(starts.tolist(), (starts + taken).tolist(), strict=True))


def the_others(ranges: Sequence[Range], n: int) -> list[Range]:
    """The ranges of those of n rows that are in none of these ranges, which are in order."""
    starts = [0, *(stop for _, stop in ranges)]
    stops = [*(start for start, _ in ranges), n]
    return [(a, b) for a, b in zip(starts, stops, strict=True) if a < b]


def _scaling(
    stored: StoredData, rows: ShardedRows, sample: NDArray[np.float64], how: str
) -> Scaling:
    if how == "none":
        return Scaling.identity(rows.d)
    if how == "unit":
        return Scaling.unit_length(rows.d)
    if stored.pixel_range is not None and how != "standardise":
        return Scaling.of_range(*stored.pixel_range, rows.d)
    if how == "range":
        return Scaling.to_range(sample)
    if how != "pass":
        gathered = Moments(rows.d)
        gathered.add(sample)
        return gathered.scaling()
    work = moments(rows)
    try:
        while True:
            next(work)
    except StopIteration as end:
        of_all: Moments = end.value
    return of_all.scaling()


def _of_ranges(labels: NDArray[Any], ranges: Sequence[Range]) -> NDArray[Any]:
    return sealed(np.concatenate([labels[start:stop] for start, stop in ranges]))


def _as_labels(labels: NDArray[Any], ranges: Sequence[Range]) -> NDArray[np.int64]:
    return sealed(_of_ranges(labels, ranges).astype(np.int64))
