"""The order in which an epoch visits the rows: a pure function of n, seed and epoch.

Fisher and Yates's shuffle with numbers of SplitMix64, so that a compiled loop can do it too
(core/kernels.py), and a resumed run needs no state of a generator.

Sources: Durstenfeld (1964), Algorithm 235; Steele, Lea and Flood (2014), Fast splittable
pseudorandom number generators; Lemire (2019), Fast random integer generation in an interval.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WORD = (1 << 64) - 1
GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def permutation(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The rows 0 to n - 1, (n,), as epoch, counted from 0, visits them; n below 2^32."""
    start = beginning(seed, epoch)
    i = np.arange(1, n, dtype=np.uint64)
    numbers = _mixed_all(np.uint64(start) + i * np.uint64(GOLDEN))
    partners = ((numbers >> np.uint64(32)) * (i + np.uint64(1)) >> np.uint64(32)).tolist()
    order = list(range(n))
    for here in range(n - 1, 0, -1):
        there = partners[here - 1]
        order[here], order[there] = order[there], order[here]
    return np.array(order, dtype=np.int64)


def beginning(seed: int, epoch: int) -> int:
    """Where SplitMix64 begins for this epoch: 64 bits."""
    return _mixed((_mixed((seed + GOLDEN) & _WORD) + epoch) & _WORD)


def _mixed(z: int) -> int:
    z = ((z ^ (z >> 30)) * FIRST) & _WORD
    z = ((z ^ (z >> 27)) * SECOND) & _WORD
    return z ^ (z >> 31)


def _mixed_all(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(FIRST)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(SECOND)
    return z ^ (z >> np.uint64(31))
