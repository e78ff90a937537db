"""The dense model: one affine function a class."""

from dataclasses import dataclass

import numpy as np

from softmax_gui.core.arrays import Array, as_floating, as_type_of
from softmax_gui.core.softmax import softmax


@dataclass(frozen=True, eq=False)  # equality of arrays is no single truth
class Dense:
    """One affine function a class: logits = X W + b.

    Attributes:
        W: (d, q), the weights; column k belongs to class k.
        b: (q,), the biases.

    Raises:
        ValueError: W is no matrix, or b does not have one entry a column of W.
    """

    W: Array
    b: Array

    def __post_init__(self) -> None:
        W, b = tuple(self.W.shape), tuple(self.b.shape)
        if len(W) != 2 or b != W[1:]:
            raise ValueError(f"W must be (d, q) and b (q,), got W {W} and b {b}.")

    @property
    def d(self) -> int:
        """The number of features."""
        return int(self.W.shape[0])

    @property
    def q(self) -> int:
        """The number of classes."""
        return int(self.W.shape[1])

    @property
    def parameter_count(self) -> int:
        """The number of weights and biases, d q + q."""
        return self.d * self.q + self.q

    @np.errstate(all="ignore")  # weights that diverged give inf and NaN, not a warning a row
    def logits(self, X: Array) -> Array:
        """X W + b, in the floating type of W.

        Args:
            X: (n, d), or (d,) for one example.

        Returns:
            (n, q), or (q,).

        Raises:
            ValueError: X does not have d features.
        """
        W = as_floating(self.W)
        return self._checked(X, W) @ W + as_type_of(self.b, W)

    def probabilities(self, X: Array) -> Array:
        """softmax(X W + b): (n, q) for X (n, d), or (q,) for X (d,).

        Raises:
            ValueError: X does not have d features.
        """
        return softmax(self.logits(X))

    @np.errstate(all="ignore")
    def contributions(self, x: Array) -> Array:
        """What each feature adds to each logit: x_i W_ik, (d, q); with b they sum to the logits.

        Args:
            x: (d,), one example.

        Raises:
            ValueError: x does not have d features.
        """
        W = as_floating(self.W)
        return self._checked(x, W)[..., :, None] * W

    def _checked(self, X: Array, W: Array) -> Array:
        X = as_type_of(X, W)
        if X.ndim not in (1, 2) or X.shape[-1] != self.d:
            shape = tuple(X.shape)
            raise ValueError(f"X must be (n, {self.d}) or ({self.d},) for this model, not {shape}.")
        return X
