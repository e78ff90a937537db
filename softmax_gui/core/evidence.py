"""The passes over the rows that a certificate needs; see certificate.py and local_bound.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from softmax_gui.core.arrays import Array
from softmax_gui.core.blocks import Block, Parameters, Scratch
from softmax_gui.core.problem import Floats, Work

BIAS_STEPS = 6  # Newton steps in the bias: each squares what is left of its gradient
BIAS_SLOPE = 1e-16  # a gradient that is rounding


class Evidence:
    """The half of DenseObjective that no solver calls; the other half says what these are."""

    q: int
    d: int
    rows: int
    weight_decay: float
    label_smoothing: float
    targets: Array
    dtype: Any
    _blocks: list[Block]
    _scratch: Scratch
    _kept: bool
    _total: Callable[[Floats], Floats]

    def value_and_gradient(self, theta: Floats) -> Work[tuple[float, Floats]]:
        """F in nats and its gradient."""
        raise NotImplementedError

    def _gradient_at(self, theta: Floats) -> Work[Floats]:
        raise NotImplementedError

    def _mean(self, sums: Floats) -> Floats:
        raise NotImplementedError

    def _place(self, block: Block) -> Array:
        raise NotImplementedError

    def _probabilities(self, block: Block) -> Array:
        raise NotImplementedError

    def settled(self, theta: Floats, targets: Floats) -> Work[tuple[float, Floats, float, Floats]]:
        """F at theta, theta with a bias whose gradient is 0, and F and its gradient there.

        Newton's method in the bias alone: a new bias multiplies p_ik by e^change_k, so that X is
        read for the first logits and the last gradient only.
        """
        parameters, loss = Parameters.of(theta, self.dtype), 0.0
        for block in self._blocks:
            loss += block.softmax(parameters, self._scratch, self._place(block))
            yield
        W, there, gained = theta[:-1], theta.copy(), 0.0
        loss = float(self._mean(np.array([loss]))[0])
        loss += 0.5 * self.weight_decay * float(np.vdot(W, W))
        if not self._kept:
            value, gradient = yield from self.value_and_gradient(there)
            return loss, there, value, gradient
        before = np.inf
        for _ in range(BIAS_STEPS):
            slope, curvature = yield from self._bias_model(targets)
            left = float(np.abs(slope).max())
            if left < BIAS_SLOPE or left > 0.2 * before:  # rounding has the word
                break
            before = left
            change = -np.linalg.pinv(curvature, rcond=1e-13, hermitian=True) @ slope
            if not np.abs(change).max() < 1.0:  # not Newton's region: the bound will tell
                break
            logs = 0.0
            for block in self._blocks:
                logs += block.shift(block.P, change)
                yield
            there[-1] += change
            gained += float(targets @ change) - float(self._mean(np.array([logs]))[0])
        gradient = yield from self._gradient_at(there)
        return loss, there, loss - gained, gradient

    def _bias_model(self, targets: Floats) -> Work[tuple[Floats, Floats]]:
        """The gradient (q,) and the Hessian (q, q) of F in the bias, from P alone."""
        sums = np.zeros((self.q + 1, self.q))
        for block in self._blocks:
            sums[:-1] += block.spread(block.P, self._scratch)
            sums[-1] += block.mean_probabilities(block.P)
            yield
        means = self._mean(sums)
        curvature = -means[:-1]
        np.fill_diagonal(curvature, 0.0)
        np.fill_diagonal(curvature, -curvature.sum(axis=1))  # p (1 - p) would cancel near p = 1
        return means[-1] - targets, curvature

    def separated(self, V: Floats) -> Work[tuple[int, int]]:
        """The rows whose label V puts below another class, and those it puts above all.

        Rows that it leaves level, to the last digit, are neither. Without hard labels every row
        is of the first kind.
        """
        if np.ndim(self.targets) == 2 or self.label_smoothing:
            return self.rows, 0
        parameters, counts = Parameters.of(V, self.dtype), np.zeros(2)
        for block in self._blocks:
            counts += block.separated(parameters, self._scratch)
            yield
        below, above = self._total(counts)
        return int(below), int(above)

    def least_curvature(self) -> Work[Floats]:
        """1/S sum_i s_i (min_k p_ik) xt_i xt_i' at the last theta, (d + 1, d + 1)."""
        sums = np.zeros((self.d + 1, self.d + 1))
        for block in self._blocks:
            sums += block.least_curvature(self._probabilities(block))
            yield
        return self._mean(sums)

    def longest_rows(self, T: Floats, null: Floats) -> Work[tuple[float, float]]:
        """max_i |T xt_i| and the largest share of an xt_i along `null`, or somewhat more."""
        worst = np.zeros(2)
        for block in self._blocks:
            worst = np.maximum(worst, block.longest_rows(T, null))
            yield
        longest, stray = np.sqrt(self._total(worst**2))  # over ranks: above the largest of them
        return float(longest), float(stray)
