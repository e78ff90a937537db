"""What the solvers minimise: the penalised mean cross-entropy of all rows, pass by pass.

    F(W, b) = 1/S sum_i s_i CE_i + weight_decay / 2 |W|^2,    S = sum_i s_i,

with theta = [W; b'] of (d + 1, q) and xt_i = [x_i; 1]. A solver needs three things of it, each a
pass over X: F with its gradient, products of its Hessian with a direction, and the Gram matrix
1/S sum_i s_i xt_i xt_i'. The Hessian itself, (d + 1) q on a side, is never formed:

    gradient = 1/S sum_i s_i xt_i (p_i - y_i)' + weight_decay [W; 0],
    H[V]     = 1/S sum_i s_i xt_i ((diag p_i - p_i p_i') V' xt_i)' + weight_decay [V_W; 0].

A pass is a generator that yields after each block of rows, so that a training thread can leave it.
Products run in the type of X, sums over blocks in float64.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from softmax_gui.core.arrays import Array
from softmax_gui.core.blocks import Block, Parameters, Scratch, block_rows
from softmax_gui.core.evidence import Evidence
from softmax_gui.core.problem import Floats, Objective, Work, finish, identity

if TYPE_CHECKING:
    from softmax_gui.core.compiled_blocks import Passes

__all__ = ["DenseObjective", "Floats", "Objective", "Work", "finish", "identity"]

KEPT = 2**28  # entries of P up to which it is kept between the gradient and the products


class DenseObjective(Evidence):
    """F of rows in memory.

    Args:
        X: (n, d), float32 or float64; never copied.
        targets: (n,) labels in 0 to q - 1, or (n, q) rows that sum to 1.
        q: classes.
        weight_decay: at least 0, of W alone.
        sample_weight: (n,), not negative and not all 0; None for 1 each.
        label_smoothing: eps in [0, 1); targets become (1 - eps) targets + eps / q.
        total: sums a float64 array over ranks, so that each holds the same theta.
        dtype: of the products, None for that of X.
        passes: the compiled ones; None for numpy's.
    """

    def __init__(
        self,
        X: Array,
        targets: Array,
        q: int,
        weight_decay: float = 0.0,
        sample_weight: Array | None = None,
        label_smoothing: float = 0.0,
        total: Callable[[Floats], Floats] = identity,
        dtype: Any = None,
        passes: Passes | None = None,
    ) -> None:
        self._passes = passes
        self.dtype = np.dtype(dtype or X.dtype)
        self.X, self.q, self.weight_decay, self._total = X, q, weight_decay, total
        self.n, self.d = X.shape
        self.targets, self.label_smoothing = targets, label_smoothing
        self.sample_weight = sample_weight
        self._wide: DenseObjective | None = None
        self._step = block_rows(q)
        self._kept = self.n * q <= KEPT
        self._blocks = list(self._cut())
        local = float(self.n) if sample_weight is None else float(np.sum(sample_weight))
        sums = total(np.array([float(self.n), local]))
        self.rows, self.weight = int(sums[0]), float(sums[1])  # of all ranks
        self._scratch = Scratch(min(self._step, self.n), self.d, q, self.dtype)
        self._theta = np.zeros((self.d + 1, q))

    @property
    def is_wide(self) -> bool:
        """Whether the products run in float64."""
        return bool(self.dtype == np.float64)

    def with_decay(self, weight_decay: float) -> Self:
        """The same data under another weight decay; the probabilities' memory is shared."""
        other = copy.copy(self)
        other.weight_decay = weight_decay
        return other

    def value_and_gradient(self, theta: Floats) -> Work[tuple[float, Floats]]:
        """F in nats and its gradient (d + 1, q), in one pass."""
        self._theta = theta
        parameters, sums, loss = Parameters.of(theta, self.dtype), self._zeros(), 0.0
        for block in self._blocks:
            P = self._place(block)
            part, *products = block.softmax_and_gradient(parameters, self._scratch, P)
            loss += part
            self._add(sums, *products)
            yield
        mean = self._mean(np.append(sums.ravel(), loss))
        gradient = np.ascontiguousarray(mean[:-1].reshape(self.q, -1).T)
        W = theta[:-1]
        gradient[:-1] += self.weight_decay * W
        return float(mean[-1]) + 0.5 * self.weight_decay * float(np.vdot(W, W)), gradient

    def _gradient_at(self, theta: Floats) -> Work[Floats]:
        """The gradient at theta, whose probabilities the blocks keep."""
        self._theta, sums = theta, self._zeros()
        for block in self._blocks:
            self._add(sums, *block.gradient(block.P, self._scratch))
            yield
        gradient = np.ascontiguousarray(self._mean(sums).T)
        gradient[:-1] += self.weight_decay * theta[:-1]
        return gradient

    def curvature_product(self, V: Floats) -> Work[Floats]:
        """H V at the theta of the last `value_and_gradient`, (d + 1, q), in one pass."""
        direction, sums = Parameters.of(V, self.dtype), self._zeros()
        for block in self._blocks:
            self._add(sums, *block.curvature(self._probabilities(block), direction, self._scratch))
            yield
        product = np.ascontiguousarray(self._mean(sums).T)
        product[:-1] += self.weight_decay * V[:-1]
        return product

    def gram(self, rows: int | None = None, mean: Floats | None = None) -> Work[Floats]:
        """1/S sum_i s_i xt_i xt_i' of all rows, or of about `rows` evenly spread ones.

        The features are shifted by their means first: in float32 a feature of mean 1,000 and
        deviation 1 would lose its deviation. `mean` (d,) is that of all rows, where it is known.
        """
        step = 1 if rows is None else max(1, self.n // max(rows, 1))
        weight = self.weight
        if mean is None or step > 1:
            mean, weight = yield from self._means(step)
        second = np.zeros((self.d, self.d))
        shift = mean.astype(self.X.dtype)
        for X, s in self._strided(step):
            centred = X - shift
            if s is not None:
                centred *= np.sqrt(s)[:, np.newaxis]
            second += centred.T @ centred
            yield
        second = self._total(second) / weight
        off = mean - shift.astype(np.float64)  # what the rounding of the shift left
        return _bordered(second - np.outer(off, off), mean)

    def first_moments(self) -> Work[Floats]:
        """1/S sum_i s_i xt_i [y_i; 1]', (d + 1, q + 1), in float64 throughout."""
        sums = np.zeros((self.q + 1, self.d + 1))
        for block in self._blocks:
            sums += block.first_moments(self.q)
            yield
        return np.ascontiguousarray(self._mean(sums).T)

    def second_moments(self) -> Work[Floats]:
        """1/S sum_i s_i x_i^2, (d,): the diagonal of the Gram matrix."""
        sums = np.zeros(self.d)
        for block in self._blocks:
            sums += block.second_moments()
            yield
        return self._mean(sums)

    def narrowed(self) -> DenseObjective:
        """The same F of a float32 copy of X; its `widened` is this one again."""
        return self._over(self.X.astype(np.float32), wide=self)

    def widened(self) -> DenseObjective:
        """The same F, its products in float64: blocks are converted as they are visited."""
        if self.is_wide:
            return self
        if self._wide is not None:
            return self._wide.with_decay(self.weight_decay)
        return self._over(self.X, np.float64)

    def _over(
        self, X: Array, dtype: Any = None, wide: DenseObjective | None = None
    ) -> DenseObjective:
        """The same F over the same rows in another type; `wide` is what it widens to."""
        other = DenseObjective(
            X, self.targets, self.q, self.weight_decay, self.sample_weight, self.label_smoothing,
            self._total, dtype, self._passes,
        )  # fmt: skip
        other._wide = wide
        return other

    def _cut(self) -> Iterator[Block]:
        hard = np.ndim(self.targets) == 1
        for start in range(0, self.n, self._step):
            rows = slice(start, start + self._step)
            cut = self.targets[rows]
            labels, soft = (cut, None) if hard else (None, cut)
            s = None if self.sample_weight is None else self.sample_weight[rows]
            yield self._make_block(self.X[rows], labels, soft, s)

    def _make_block(self, X: Any, labels: Any, soft: Any, weights: Any) -> Block:
        make = Block if self._passes is None else self._passes.block
        return make(X, labels, soft, weights, self.label_smoothing, self.dtype)

    def _place(self, block: Block) -> Array:
        """Where P of this block goes: its own memory, or one that is soon used again."""
        if block.P is None:
            P = np.empty((self.q, len(block)), self.dtype)
            if not self._kept:
                return P
            block.P = P
        return block.P

    def _probabilities(self, block: Block) -> Array:
        if self._kept:
            return block.P
        P = self._place(block)
        block.softmax(Parameters.of(self._theta, self.dtype), self._scratch, P)
        return P

    def _zeros(self) -> Floats:
        return np.zeros((self.q, self.d + 1))

    @staticmethod
    def _add(sums: Floats, product: Array, bias: Floats) -> None:
        sums[:, :-1] += product
        sums[:, -1] += bias

    def _mean(self, sums: Floats) -> Floats:
        mean = self._total(sums)
        mean /= self.weight
        return mean

    def _means(self, step: int) -> Work[tuple[Floats, float]]:
        sums, weight = np.zeros(self.d), 0.0
        for X, s in self._strided(step):
            sums += X.sum(axis=0, dtype=np.float64) if s is None else s @ X
            weight += float(len(X) if s is None else s.sum(dtype=np.float64))
            yield
        all_sums = self._total(np.append(sums, weight))
        return all_sums[:-1] / all_sums[-1], float(all_sums[-1])

    def _strided(self, step: int) -> Iterator[tuple[Array, Any]]:
        rows = min(max(2**20 // self.d, 256), 2**14)
        for start in range(0, self.n, rows * step):
            chosen = slice(start, start + rows * step, step)
            s = None if self.sample_weight is None else self.sample_weight[chosen]
            yield self.X[chosen], None if s is None else s.astype(self.X.dtype)


def _bordered(second: Floats, mean: Floats) -> Floats:
    """The Gram matrix of [x; 1] from the covariance and the mean of x."""
    gram = np.empty((len(mean) + 1, len(mean) + 1))
    gram[:-1, :-1] = second + np.outer(mean, mean)
    gram[-1, :-1] = gram[:-1, -1] = mean
    gram[-1, -1] = 1.0
    return gram
