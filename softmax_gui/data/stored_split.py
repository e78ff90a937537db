"""Stored rows in parts: samples to validate and test with in memory, all others stay on disk."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from softmax_gui.data.assignment import look_at_shares
from softmax_gui.data.dataset import Part, Scaling, Split, sealed
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
_VALIDATION, _TRAIN, _TEST = 0, 1, 2  # what a sample is drawn for
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
    test: Part | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of the parts, in sentences."""
        text = tr(
            "The rows to train on stay on disk and are read block by block. The training loss is"
            " that of {sample:,} of them, which are in memory."
        )
        return (text.format(sample=self.train.sample.n),)

    def share(self, start: int, stop: int) -> StoredSplit:
        """With these of the training rows alone, as a rank of several reads them."""
        labels, X = self.train.labels[start:stop], self.train.X.part([(start, stop)])
        return replace(self, train=StoredPart(X, labels, self.train.sample))

    def in_memory(self) -> SampledSplit:
        """The samples as a Split, whose dataset has no X."""
        dataset = cast("Dataset", self.dataset)
        return SampledSplit(
            self.train.sample, self.validation, self.scaling, dataset, self.seed, self.test,
            self.notes, stored=self,
        )  # fmt: skip

    def numbers(self, dtype: str | np.dtype[Any]) -> Numbers:
        """What reads the training rows as `dtype`, scaled."""
        scaling = None if self.scaling.kind == "none" else self.scaling
        return Numbers(self.train.X, dtype, scaling)


@dataclass(frozen=True, eq=False)
class SampledSplit(Split):
    """A Split of samples in memory, of rows that stay on disk; what a window looks at.

    Attributes:
        stored: what the samples were taken of; its rows are trained on.
    """

    stored: StoredSplit = field(kw_only=True)

    @property
    def n_train(self) -> int:
        """Rows trained on; `train` has the sample of them that is in memory."""
        return self.stored.train.n


def stored_split(
    stored: StoredData,
    seed: int,
    validation_share: float | None = None,
    scaling: str = "sample",
    sample_bytes: int = SAMPLE_BYTES,
    test_share: float = 0.0,
) -> StoredSplit:
    """Takes samples to validate and to test with out of stored rows; the others train.

    All samples consist of whole rows, spread evenly over the files in stretches of some 64 kB;
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
        test_share: from 0, of all rows; it does not depend on how many validate.

    Raises:
        ValueError: shares that leave a part empty, or there is no such scaling.
        FileProblem: too few rows, a number that is not finite, a file that cannot be read.
    """
    share = stored.validation_share if validation_share is None else validation_share
    look_at_shares(share, test_share)
    if scaling not in SCALINGS:
        raise ValueError(tr("There is no scaling {name}.").format(name=scaling))
    _look_at_rows(stored.n, test_share)
    most = max(1, sample_bytes // (8 * stored.d))
    test, validation, pool = _cut(_Pool(stored.rows, stored.labels, seed), share, test_share, most)
    train = pool.sample(min(most, pool.rows.n), _TRAIN)
    fitted = _scaling(stored, pool.rows, train[0], scaling)
    return StoredSplit(
        train=StoredPart(pool.rows, pool.labels, _scaled(train, fitted)),
        validation=_scaled(validation, fitted),
        scaling=fitted,
        dataset=stored,
        seed=seed,
        test=None if test is None else _scaled(test, fitted),
    )


_Taken: TypeAlias = "tuple[NDArray[np.float64], NDArray[np.int64]]"
"""X (rows, d) in the file's units and labels (rows,)."""


@dataclass(frozen=True)
class _Pool:
    """Rows on disk and their labels, to take samples of."""

    rows: ShardedRows
    labels: NDArray[np.unsignedinteger[Any]]
    seed: int

    def sample(self, wanted: int, purpose: int) -> _Taken:
        """About so many rows, one at least."""
        return self._read(self._ranges(wanted, purpose))

    def without(self, wanted: int, purpose: int) -> tuple[_Taken, _Pool]:
        """About so many rows, one at least, and the pool of all others."""
        ranges = self._ranges(wanted, purpose)
        rest = the_others(ranges, self.rows.n)
        left = _Pool(self.rows.part(rest), _of_ranges(self.labels, rest), self.seed)
        return self._read(ranges), left

    def _ranges(self, wanted: int, purpose: int) -> list[Range]:
        random = generator(self.seed, SAMPLE, purpose)
        return evenly_spread(self.rows.n, max(1, wanted), 8 * self.rows.d, random)

    def _read(self, ranges: list[Range]) -> _Taken:
        labels = sealed(_of_ranges(self.labels, ranges).astype(np.int64))
        return Numbers(self.rows, "float64").sample(ranges), labels


def _cut(
    every: _Pool, share: float, test_share: float, most: int
) -> tuple[_Taken | None, _Taken, _Pool]:
    """At most `most` rows to test with and to validate with, and the others."""
    n, test, pool = every.rows.n, None, every
    if test_share:
        test, pool = every.without(min(most, round(test_share * n), n - 2), _TEST)
    wanted = min(most, round(share * n), pool.rows.n - 1)
    return test, *pool.without(wanted, _VALIDATION)


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


def _scaled(taken: _Taken, scaling: Scaling) -> Part:
    X, labels = taken
    return Part(sealed(scaling.apply_in_place(X)), labels)


def _look_at_rows(n: int, test_share: float) -> None:
    if n < 2:
        raise FileProblem(tr("A single row can't be cut into training and validation rows."))
    if test_share and n < 3:
        raise FileProblem(tr("Two rows can't be cut into three parts. Leave the test part away."))
