"""One block of rows of the softmax objective on a torch device: core/blocks.py told anew.

Here a row of P is a row of memory, (rows, q), and what the passes over all rows add up stays on the
device; what is asked for seldom comes back as numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from softmax_gui.core.arrays import Array, to_numpy
from softmax_gui.core.blocks import ROUNDING, Block, Floats, Parameters


class DeviceScratch:
    """What the blocks share: where they are, and parameters on their way there.

    Attributes:
        torch: the module.
        dtype: torch's type of the products.
        wide: of the sums: float64 where the device has it.
        device: where they run.
    """

    def __init__(self, torch: Any, dtype: Any, device: Any) -> None:
        self.torch, self.dtype, self.device = torch, dtype, device
        self.wide = torch.float32 if device.type == "mps" else torch.float64
        self._last: tuple[Parameters, Array, Array] | None = None

    def placed(self, parameters: Parameters) -> tuple[Array, Array]:
        """W (d, q) and b (q,) on the device; sent once, however many blocks ask."""
        if self._last is None or self._last[0] is not parameters:
            W, b = self._sent(parameters.W), self._sent(parameters.b[:, 0])
            self._last = parameters, W, b
        return self._last[1], self._last[2]

    def finish(self) -> None:
        """Waits until all that is queued is done."""
        if self.device.type == "cuda":
            self.torch.cuda.synchronize(self.device)

    def _sent(self, values: np.ndarray) -> Array:
        here = self.torch.from_numpy(np.array(values, order="C"))  # never a read-only one
        return here.to(device=self.device, dtype=self.dtype)


class DeviceBlock(Block):
    """Rows X (rows, d) with their targets; P (rows, q) is kept from one call to the next.

    Args:
        X: a view of the data, on the device.
        labels: (rows,) int64, or None where `targets` (rows, q) are given.
        targets: rows that sum to 1.
        weights: (rows,), or None for 1 each.
        smoothing: eps; the target of class k is (1 - eps) [k = label] + eps / q.
        place: what all blocks share.
    """

    def __init__(
        self,
        X: Array,
        labels: Any,
        targets: Any,
        weights: Any,
        smoothing: float,
        place: DeviceScratch,
    ) -> None:
        self._X, self._place, self.smoothing = X, place, smoothing
        self._dtype, self._wide = place.dtype, place.wide
        self._given = targets, weights
        self.targets = None if targets is None else targets.to(place.dtype)
        self.weights = None if weights is None else weights.to(place.dtype)
        self._at = None if labels is None else labels[:, None]
        self.P: Any = None

    @property
    def X(self) -> Array:
        """(rows, d) in the type of the products; a copy where the data has another."""
        return self._X.to(self._dtype)

    def softmax(self, parameters: Parameters, scratch: Any, out: Array) -> float:
        """P into `out`; returns the weighted sum of the cross-entropies, so it waits."""
        del scratch
        return float(self.queued_softmax(parameters, out))

    def queued_softmax(self, parameters: Parameters, out: Array) -> Array:
        """The same, but the sum stays on the device: 0-d."""
        torch, (W, b) = self._place.torch, self._place.placed(parameters)
        log_p = torch.log_softmax(torch.addmm(b, self.X, W), 1)
        torch.exp(log_p, out=out)
        if self._at is None:
            agreement = (log_p * self.targets).sum(1)
        else:
            agreement = log_p.gather(1, self._at)[:, 0]
            if self.smoothing:
                agreement = agreement.mul(1.0 - self.smoothing)
                agreement += self.smoothing * log_p.mean(1)
        return -self._total(agreement)

    def queued_gradient(self, P: Array) -> tuple[Array, Array]:
        """sum_i s_i x_i (p_i - y_i)' (d, q), and the same of x_i = 1 (q,), on the device."""
        if self._at is None:
            R = P - self.targets
        else:
            R = P - self.smoothing / P.shape[1]
            R.scatter_add_(
                1, self._at, R.new_full((1, 1), self.smoothing - 1.0).expand_as(self._at)
            )
        return self._sums(R)

    def queued_curvature(self, P: Array, direction: Parameters) -> tuple[Array, Array]:
        """sum_i s_i xt_i ((diag p_i - p_i p_i') V' xt_i)', as `queued_gradient` has its sums."""
        V, v = self._place.placed(direction)
        U = self._place.torch.addmm(v, self.X, V)
        U -= (P * U).sum(1, keepdim=True)  # the mean of the change of logits under p
        return self._sums(U.mul_(P))

    def spread(self, P: Array, scratch: Any) -> Array:
        """sum_i s_i p_i p_i', (q, q), in main memory."""
        del scratch
        weighted = P if self.weights is None else P * self.weights[:, None]
        return to_numpy(P.t() @ weighted)

    def mean_probabilities(self, P: Array) -> Floats:
        """sum_i s_i p_i, (q,)."""
        weighted = P if self.weights is None else P * self.weights[:, None]
        return self._floats(weighted.sum(0, dtype=self._wide))

    def shift(self, P: Array, change: Floats) -> float:
        """P after `change` (q,) of the bias, in place; returns what Block.shift does."""
        P *= P.new_tensor(np.exp(change))
        sums = P.sum(1, keepdim=True)
        P /= sums
        return float(self._total(sums[:, 0].log()))

    def first_moments(self, q: int) -> Floats:
        """sum_i s_i [y_i; 1] xt_i', (q + 1, d + 1), in float64."""
        X, (targets, weights) = self._X.to(self._wide), self._given
        Y = X.new_zeros(len(X), q + 1)
        Y[:, q] = 1.0
        if self._at is None:
            Y[:, :q] = targets
        else:
            Y[:, :q] = self.smoothing / q
            one = Y.new_full((1, 1), 1.0 - self.smoothing)
            Y.scatter_add_(1, self._at, one.expand_as(self._at))
        if weights is not None:
            Y *= weights[:, None]
        return np.column_stack([self._floats(Y.t() @ X), self._floats(Y.sum(0))])

    def second_moments(self) -> Floats:
        """sum_i s_i x_i^2, (d,)."""
        squares = self.X.square()
        if self.weights is not None:
            squares *= self.weights[:, None]
        return self._floats(squares.sum(0, dtype=self._wide))

    def separated(self, V: Parameters, scratch: Any) -> tuple[int, int]:
        """Rows whose label V puts below another class, and above all others, beyond rounding."""
        del scratch
        torch, (W, b) = self._place.torch, self._place.placed(V)
        Z = torch.addmm(b, self.X, W)
        own, size = Z.gather(1, self._at)[:, 0], Z.abs().amax(1)
        Z.scatter_(1, self._at, -float("inf"))
        margins = own - Z.amax(1)
        above = margins > ROUNDING * torch.finfo(self._dtype).eps * size
        below = ~(above | (margins == 0.0))
        if self.weights is not None:
            above, below = above & (self.weights > 0.0), below & (self.weights > 0.0)
        return int(below.sum()), int(above.sum())

    def least_curvature(self, P: Array) -> Floats:
        """sum_i s_i (min_k p_ik) xt_i xt_i', (d + 1, d + 1)."""
        least = P.amin(1) if self.weights is None else P.amin(1) * self.weights
        Xt = self._with_ones() * least.to(self._wide).sqrt()[:, None]
        return self._floats(Xt.t() @ Xt)

    def longest_rows(self, T: Floats, null: Floats) -> tuple[float, float]:
        """max_i |T xt_i|, and the largest |null xt_i| / |T xt_i|."""
        Xt = self._with_ones()
        if self.weights is not None:
            Xt = Xt[self.weights > 0.0]
        if len(Xt) == 0:
            return 0.0, 0.0
        lengths = (Xt @ Xt.new_tensor(T).t()).norm(dim=1)
        stray = (Xt @ Xt.new_tensor(null).t()).norm(dim=1) / lengths.clamp(min=1e-300)
        return float(lengths.max()), float(stray.max())

    def _sums(self, R: Array) -> tuple[Array, Array]:
        if self.weights is not None:
            R *= self.weights[:, None]
        return self.X.t() @ R, R.sum(0, dtype=self._wide)

    def _total(self, values: Array) -> Array:
        """sum_i s_i values_i, in float64."""
        if self.weights is None:
            return values.sum(dtype=self._wide)
        return (values.to(self._wide) * self.weights).sum()

    def _with_ones(self) -> Array:
        pad = self._place.torch.nn.functional.pad
        return pad(self._X.to(self._wide), (0, 1), value=1.0)

    @staticmethod
    def _floats(array: Array) -> Floats:
        """In main memory, float64; waits."""
        return np.array(to_numpy(array), np.float64)
