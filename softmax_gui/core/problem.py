"""What the solvers minimise, as they see it, and how a long computation is cut into slices."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
T = TypeVar("T")
Work: TypeAlias = Generator[None, None, T]
"""A computation in slices: it yields None when it may be left, and returns its value."""


def finish(work: Generator[Any, None, T]) -> T:
    """Run `work` to its end and return its value."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            value: T = end.value
            return value


class Objective(Protocol):
    """F as the solvers see it; theta and all that is like it are float64 (d + 1, q) on the host."""

    n: int
    d: int
    q: int
    weight_decay: float

    @property
    def is_wide(self) -> bool:
        """Whether its products run in float64."""

    def value_and_gradient(self, theta: Floats) -> Work[tuple[float, Floats]]:
        """F and its gradient; keeps what `curvature_product` needs."""

    def curvature_product(self, V: Floats) -> Work[Floats]:
        """The Hessian at the last theta times V."""

    def gram(self, rows: int | None = None, mean: Floats | None = None) -> Work[Floats]:
        """1/S sum_i s_i xt_i xt_i', (d + 1, d + 1), of about `rows` rows or of all.

        `mean` (d,) is that of all rows, where it is known.
        """

    def settled(self, theta: Floats, targets: Floats) -> Work[tuple[float, Floats, float, Floats]]:
        """F at theta, theta with a bias whose gradient is 0, and F and its gradient there.

        `targets` (q,) are their weighted means.
        """

    def first_moments(self) -> Work[Floats]:
        """1/S sum_i s_i xt_i [y_i; 1]', (d + 1, q + 1), in float64 throughout."""

    def second_moments(self) -> Work[Floats]:
        """1/S sum_i s_i x_i^2, (d,), in float64 sums."""

    def widened(self) -> Objective:
        """The same F, its products in float64."""

    def separated(self, V: Floats) -> Work[tuple[int, int]]:
        """The rows whose label V puts below another class, and those it puts above all."""

    def least_curvature(self) -> Work[Floats]:
        """1/S sum_i s_i (min_k p_ik) xt_i xt_i' at the last theta, (d + 1, d + 1)."""

    def longest_rows(self, T: Floats, null: Floats) -> Work[tuple[float, float]]:
        """max_i |T xt_i|, and the largest share of an xt_i that lies along `null`."""

    def with_decay(self, weight_decay: float) -> Self:
        """The same data under another weight decay."""


def identity(array: Floats) -> Floats:
    """The sum over the ranks where there is only one."""
    return array
