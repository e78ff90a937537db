"""The order of the rows, made on the device: the very permutation of core/shuffling.py, in bulk.

Fisher and Yates's swaps (i with j_i <= i, from the last i to the first) are one after the other,
but where they lead can be found for all rows at once. What stands at place i just before its own
swap came from place k, the least k > i with j_k = i, as it stood just before k's swap; so pointers
i -> k followed to their end tell it. And row i of the result is what then stands at j_i: that of
the least k > i with j_k = j_i, or j_i itself where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from softmax_gui.core.arrays import Array
from softmax_gui.core.shuffling import FIRST, GOLDEN, SECOND, beginning

AT_ONCE = 2**18  # rows of several epochs ordered in one go, where an epoch is short
MOST_EPOCHS = 2**12


def orders(torch: Any, n: int, seed: int, first: int, count: int, device: Any) -> Array:
    """The rows 0 to n - 1 as epochs first, first + 1, ... visit them, int64 (count, n)."""
    i = torch.arange(n, device=device)
    starts = [_signed(beginning(seed, epoch)) for epoch in range(first, first + count)]
    start = torch.tensor(starts, device=device)[:, None]
    words = _mixed(start + i * _signed(GOLDEN))
    partners = _shifted(_shifted(words, 32) * (i + 1), 32)  # j_i; j_0 = 0
    values, swaps = torch.sort(partners, dim=1, stable=True)
    none = torch.full_like(swaps, n)
    following = none.clone()  # the least k > i with j_k = j_i, or n
    following[:, :-1] = torch.where(values[:, 1:] == values[:, :-1], swaps[:, 1:], n)
    following = none.scatter_(1, swaps, following)
    every = i.expand(count, n).contiguous()
    place = torch.searchsorted(values, every).clamp_(max=n - 1)
    visitor = torch.where(values.gather(1, place) == i, swaps.gather(1, place), n)
    visitor = torch.where(visitor == i, following, visitor)  # the least k > i with j_k = i, or n
    origin = torch.where(visitor == n, i, visitor)
    for _ in range((n - 1).bit_length()):
        origin = origin.gather(1, origin)
    moved = origin.gather(1, following.clamp(max=n - 1))
    result: Array = torch.where(following == n, partners, moved)
    return result


@dataclass(frozen=True)
class Schedule:
    """Which rows each of the next steps sees; short minibatches are filled up with row n.

    Attributes:
        seed: of the order.
        start: the training example of the first step, which counts through all epochs.
        batch_size: rows a step.
        n: rows an epoch.
        a_epoch: steps an epoch.
        rows: (steps * batch_size,) int64, on the device; n is a row that counts nothing.
        share: (steps,), 1 over the rows of a step.
        host: `rows` in main memory, empty unless that was asked for.
    """

    seed: int
    start: int
    batch_size: int
    n: int
    a_epoch: int
    rows: Array
    share: Array
    host: np.ndarray

    @classmethod
    def of(
        cls,
        torch: Any,
        n: int,
        seed: int,
        start: int,
        batch_size: int,
        like: Array,
        host: bool = False,
    ) -> Schedule:
        """From the example `start` to the end of its epoch, or so many epochs from there on.

        Args:
            torch: the module.
            n: rows an epoch.
            seed: of the order.
            start: the first example.
            batch_size: rows a step.
            like: an array of the device and the type of `share`.
            host: whether the rows are wanted in main memory too.
        """
        epoch, place = divmod(start, n)
        count = 1 if place else min(max(1, AT_ONCE // n), MOST_EPOCHS)
        # Apple's GPU sorts no 64-bit integers in older systems.
        here = host or like.device.type == "mps"
        visits = orders(torch, n, seed, epoch, count, "cpu" if here else like.device)[:, place:]
        left = n - place
        steps = -(-left // batch_size)
        if left < steps * batch_size:
            filled = visits.new_full((count, steps * batch_size), n)
            filled[:, :left] = visits
            visits = filled
        share = like.new_full((count, steps), 1.0 / batch_size)
        share[:, -1] = 1.0 / (left - (steps - 1) * batch_size)
        rows = visits.reshape(-1)
        there, kept = rows.to(like.device), rows.numpy() if host else np.empty(0, np.int64)
        return cls(seed, start, batch_size, n, steps, there, share.reshape(-1), kept)

    @property
    def steps(self) -> int:
        """How many it knows."""
        return len(self.share)

    def step_at(self, seed: int, at: int, batch_size: int) -> int | None:
        """The step that begins with the example `at`, or None where there is none."""
        if (seed, batch_size) != (self.seed, self.batch_size) or at < self.start:
            return None
        epochs, place = divmod(at - self.start, self._epoch)
        step, off = divmod(place, batch_size)
        step += epochs * self.a_epoch
        return step if off == 0 and step < self.steps else None

    def examples(self, step: int, count: int) -> int:
        """Training examples in `count` steps from `step` on."""
        return self._example(step + count) - self._example(step)

    @property
    def _epoch(self) -> int:
        return self.n - self.start % self.n  # less than n in the one that begins in the middle

    def _example(self, step: int) -> int:
        epochs, rest = divmod(step, self.a_epoch)
        return epochs * self._epoch + rest * self.batch_size


def _mixed(z: Array) -> Array:
    z = (z ^ _shifted(z, 30)) * _signed(FIRST)
    z = (z ^ _shifted(z, 27)) * _signed(SECOND)
    return z ^ _shifted(z, 31)


def _shifted(z: Array, bits: int) -> Array:
    """Z as 64 unsigned bits, shifted right; torch's own shift drags the sign along."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _signed(word: int) -> int:
    """The 64 bits of `word` as torch's int64 has them; products wrap alike."""
    return int(np.uint64(word).astype(np.int64))
