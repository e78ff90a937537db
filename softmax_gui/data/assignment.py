"""Which rows train, which validate and which are kept back: a pure function of a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softmax_gui.data.dataset import Dataset, Floats, Integers, look_at_share
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRAIN, VALIDATION, TEST = 0, 1, 2
# One seed serves several draws: each takes numbers of its own from it.
_DRAWS = {VALIDATION: 1, TEST: 2}


def assigned(
    dataset: Dataset, seed: int, validation_share: float, test_share: float
) -> NDArray[np.int8]:
    """The part of each row, (n,): TRAIN, VALIDATION or TEST.

    What the dataset says of its rows holds. A part that none of them is marked for is drawn out of
    those to train on: the test part first, so that it does not depend on how many validate. Both
    shares are of all rows that are drawn from. Without groups each class gives its share to within
    a row: one row at least, but it keeps one to validate and one to train on. With groups they
    are dealt out whole, the largest first, each to where its classes are wanted most.

    Raises:
        ValueError: shares that leave a part empty, nothing to train on, too few groups.
    """
    look_at_shares(validation_share, test_share)
    parts = np.zeros(dataset.n, np.int8) if dataset.parts is None else dataset.parts.copy()
    pool = np.flatnonzero(parts == TRAIN)
    if not len(pool):
        raise ValueError(tr("No row is marked to train on."))
    counts = np.bincount(dataset.labels[pool], minlength=dataset.q).astype(np.float64)
    draws_validation = not (parts == VALIDATION).any()
    if test_share > 0.0 and not (parts == TEST).any():
        keep = 2 if draws_validation else 1
        _draw(parts, dataset, TEST, seed, counts * test_share, keep)
    if draws_validation:
        _draw(parts, dataset, VALIDATION, seed, counts * validation_share, 1)
    return parts


def groups_in_several(dataset: Dataset, parts: NDArray[np.int8]) -> int:
    """How many groups lie in more than one part, as only a file's own marks can have it."""
    if dataset.groups is None:
        return 0
    codes = _codes(dataset.groups)
    pairs = np.unique(codes * 3 + parts)
    return len(pairs) - len(np.unique(codes))


def look_at_shares(validation_share: float, test_share: float) -> None:
    """Refuses, with a ValueError, shares that leave a part empty."""
    look_at_share(validation_share)
    if not 0.0 <= test_share < 1.0 or validation_share + test_share >= 1.0:
        text = tr(
            "The validation share is {validation} and the test share {test}; each must be at least"
            " 0, and their sum below 1."
        )
        raise ValueError(text.format(validation=validation_share, test=test_share))


def _draw(
    parts: NDArray[np.int8], dataset: Dataset, part: int, seed: int, wanted: Floats, keep: int
) -> None:
    """Marks, out of the rows to train on, as many of each class as are wanted (q,) for `part`.

    Of a class, and of the groups, `keep` are left at least.
    """
    pool = np.flatnonzero(parts == TRAIN)
    random = _generator(seed, _DRAWS[part])
    if dataset.groups is None:
        drawn = _by_class(dataset.labels[pool], wanted, keep, random)
    else:
        codes = _codes(tuple(dataset.groups[row] for row in pool.tolist()))
        drawn = _by_group(codes, dataset.labels[pool], wanted, keep, random)
    parts[pool[drawn]] = part


def _by_class(
    labels: Integers, wanted: Floats, keep: int, random: np.random.Generator
) -> NDArray[np.bool_]:
    """True (n,) at the rows drawn."""
    shuffled = random.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    drawn = np.zeros(len(labels), bool)
    start = 0
    counts = np.bincount(labels, minlength=len(wanted)).tolist()
    for count, share in zip(counts, wanted.tolist(), strict=True):
        taken = min(max(round(share), 1), count - keep) if count > keep else 0
        drawn[by_class[start : start + taken]] = True
        start += count
    return drawn


def _by_group(
    codes: Integers, labels: Integers, wanted: Floats, keep: int, random: np.random.Generator
) -> NDArray[np.bool_]:
    """True (n,) at the rows of the groups drawn; `codes` (n,) numbers the groups from 0."""
    groups, q = int(codes.max()) + 1, len(wanted)
    if groups <= keep:
        text = tr(
            "The rows to draw from belong to {groups} groups, and a group lies in one part alone:"
            " {parts} parts need as many groups at least."
        )
        raise ValueError(text.format(groups=groups, parts=keep + 1))
    pairs, rows = np.unique(codes * q + labels, return_counts=True)
    of_group = np.searchsorted(pairs, np.arange(groups + 1) * q).tolist()
    of_class, rows_of = (pairs % q).tolist(), rows.tolist()
    shuffled = random.permutation(groups)
    order = shuffled[np.argsort(-np.bincount(codes)[shuffled], kind="stable")]
    deal = _Deal(np.bincount(labels, minlength=q), wanted, keep, groups)
    drawn = np.zeros(groups, bool)
    for group in order.tolist():
        inside = slice(of_group[group], of_group[group + 1])
        drawn[group] = deal.takes(of_class[inside], rows_of[inside])
    chosen: NDArray[np.bool_] = drawn[codes]
    return chosen


class _Deal:
    """Deals groups out between those drawn and those left, in plain numbers: a group is small.

    It descends on the sum over both sides and all classes of (rows given - rows wanted)^2 / rows
    there are. Of n_k rows of class k in a group the sum grows by n_k (n_k + 2 (given - wanted)):
    so the group goes where sum_k n_k (wanted - given)_k / rows_k is larger.
    """

    def __init__(self, counts: Integers, wanted: Floats, keep: int, groups: int) -> None:
        self._rows: list[int] = np.maximum(counts, 1).tolist()
        self._open = wanted.tolist(), (counts - wanted).tolist()  # of those drawn, of those left
        self._keep, self._waiting, self._drawn, self._left = keep, groups, 0, 0

    def takes(self, classes: list[int], rows: list[int]) -> bool:
        """Whether the next group, with so many rows of these classes, is drawn."""
        self._waiting -= 1
        wanted, left = self._open
        need = [
            n * (wanted[k] - left[k]) / self._rows[k] for k, n in zip(classes, rows, strict=True)
        ]
        drawn: bool = sum(need) > 0.0
        if self._left + self._waiting < self._keep:
            drawn = False
        elif not self._drawn and not self._waiting:
            drawn = True
        open_rows = wanted if drawn else left
        for k, n in zip(classes, rows, strict=True):
            open_rows[k] -= n
        self._drawn, self._left = self._drawn + drawn, self._left + (not drawn)
        return drawn


def _codes(groups: tuple[str, ...]) -> Integers:
    """Numbers (n,) of the groups, from 0 in the order they come in."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(group, len(known)) for group in groups], np.int64)


def _generator(seed: int, *purpose: int) -> np.random.Generator:
    sequence = np.random.SeedSequence(seed, spawn_key=purpose)
    return np.random.Generator(np.random.Philox(sequence))
