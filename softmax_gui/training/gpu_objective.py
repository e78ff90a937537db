"""The objective of core/objective.py for rows on a torch device: the same passes, hardly a wait.

Products run on the device in the type of X, sums over blocks in float64 there; what the solvers
see is float64 in main memory, as ever. A pass queues its blocks one after the other and waits once,
at its end, or earlier where that much work would outlast a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from softmax_gui.core.arrays import Array, to_numpy
from softmax_gui.core.blocks import Parameters
from softmax_gui.core.objective import KEPT, DenseObjective, Floats, Work, _bordered, identity
from softmax_gui.training.devices import import_torch
from softmax_gui.training.gpu_blocks import DeviceBlock, DeviceScratch
from softmax_gui.training.gpu_graph import tensor_float_32

BLOCK_ENTRIES = 2**26  # of X or of P, whichever is larger: 256 MB of float32, some 0.2 ms
QUEUED_BLOCKS = 32  # before the device is waited for


class TorchObjective(DenseObjective):
    """F of rows on a device; what is handed over as numpy arrays is sent there.

    Args:
        X: (n, d), float32 or float64; a tensor is never copied.
        targets: (n,) labels in 0 to q - 1, or (n, q) rows that sum to 1.
        q: classes.
        weight_decay: at least 0, of W alone.
        sample_weight: (n,), not negative and not all 0; None for 1 each.
        label_smoothing: eps in [0, 1), for labels.
        total: sums a float64 array over ranks, so that each holds the same theta.
        dtype: of the products, a numpy type; None for that of X.
        device: of torch, for numpy arrays; a tensor stays where it is.
        tf32: whether products with the Hessian, and the Gram matrix, may round float32 factors to
            10 bits on CUDA. The solver then takes a slightly other way to the same optimum, since
            losses and gradients are not rounded.

    Raises:
        torch.OutOfMemoryError: the device is too small.
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
        *,
        device: str = "cuda",
        tf32: bool = False,
    ) -> None:
        torch = self._torch = import_torch()
        self.X: Any = X if isinstance(X, torch.Tensor) else _sender(torch, device)(X)
        self.q, self.weight_decay, self._total, self.tf32 = q, weight_decay, total, tf32
        self.n, self.d = self.X.shape
        put = _sender(torch, self.X.device)
        self.targets, self.label_smoothing = put(targets), label_smoothing
        self.sample_weight = None if sample_weight is None else put(sample_weight)
        narrow = self.X.dtype == torch.float32
        self.dtype = np.dtype(dtype or (np.float32 if narrow else np.float64))
        kind = torch.float32 if self.dtype == np.float32 else torch.float64
        self._wide = None
        self._step = max(1, BLOCK_ENTRIES // max(self.d, q))
        self._kept = self.n * q <= KEPT
        self._scratch: Any = DeviceScratch(torch, kind, self.X.device)
        self._blocks: Any = list(self._cut())
        counted = self.sample_weight
        local = float(self.n) if counted is None else float(counted.sum(dtype=self._scratch.wide))
        sums = total(np.array([float(self.n), local]))
        self.rows, self.weight = int(sums[0]), float(sums[1])  # of all ranks
        self._theta = np.zeros((self.d + 1, q))

    def value_and_gradient(self, theta: Floats) -> Work[tuple[float, Floats]]:
        """F in nats and its gradient (d + 1, q), in one pass."""
        self._theta = theta
        parameters, sums = Parameters.of(theta, self.dtype), self._device_sums()
        loss = sums.new_zeros(())
        for count, block in enumerate(self._blocks, 1):
            P = self._place(block)
            loss += block.queued_softmax(parameters, P)
            self._add(sums, *block.queued_gradient(P))
            yield
            self._limit(count)
        mean = self._mean(np.append(_floats(sums).ravel(), float(loss)))
        gradient, W = mean[:-1].reshape(self.d + 1, self.q), theta[:-1]
        gradient[:-1] += self.weight_decay * W
        return float(mean[-1]) + 0.5 * self.weight_decay * float(np.vdot(W, W)), gradient

    def _gradient_at(self, theta: Floats) -> Work[Floats]:
        """The gradient at theta, whose probabilities the blocks keep."""
        self._theta, sums = theta, self._device_sums()
        for count, block in enumerate(self._blocks, 1):
            self._add(sums, *block.queued_gradient(block.P))
            yield
            self._limit(count)
        gradient = self._mean(_floats(sums))
        gradient[:-1] += self.weight_decay * theta[:-1]
        return gradient

    def curvature_product(self, V: Floats) -> Work[Floats]:
        """H V at the theta of the last `value_and_gradient`, (d + 1, q), in one pass."""
        direction, sums = Parameters.of(V, self.dtype), self._device_sums()
        here = Parameters.of(self._theta, self.dtype)
        for count, block in enumerate(self._blocks, 1):
            P = block.P
            if not self._kept:
                P = self._place(block)
                block.queued_softmax(here, P)
            with tensor_float_32(self._torch, self.tf32):
                self._add(sums, *block.queued_curvature(P, direction))
            yield
            self._limit(count)
        product = self._mean(_floats(sums))
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
        second = self.X.new_zeros(self.d, self.d, dtype=self._scratch.wide)
        shift = self.X.new_tensor(mean)
        for X, s in self._strided(step):
            centred = X - shift
            if s is not None:
                centred *= s.sqrt()[:, None]
            with tensor_float_32(self._torch, self.tf32):
                second += centred.t() @ centred
            yield
        summed = self._total(_floats(second)) / weight
        off = mean - _floats(shift)  # what the rounding of the shift left
        return _bordered(summed - np.outer(off, off), mean)

    def widened(self) -> DenseObjective:
        """The same F, its products in float64; in main memory where the device has none."""
        if self.is_wide:
            return self
        if self._wide is None:
            made: Any = TorchObjective if self._scratch.wide == self._torch.float64 else None
            arrays: tuple[Any, ...] = self.X, self.targets, self.sample_weight
            if made is None:
                made, arrays = DenseObjective, tuple(map(_main, arrays))
            self._wide = made(
                arrays[0], arrays[1], self.q, self.weight_decay, arrays[2],
                self.label_smoothing, self._total, np.float64,
            )  # fmt: skip
        return self._wide.with_decay(self.weight_decay)

    def narrowed(self) -> DenseObjective:
        """The same F of a float32 copy of X; its `widened` is this one again."""
        narrow = TorchObjective(
            self.X.to(self._torch.float32), self.targets, self.q, self.weight_decay,
            self.sample_weight, self.label_smoothing, self._total, tf32=self.tf32,
        )  # fmt: skip
        narrow._wide = self
        return narrow

    def _cut(self) -> Iterator[DeviceBlock]:
        hard = self.targets.ndim == 1
        for start in range(0, self.n, self._step):
            rows = slice(start, start + self._step)
            cut = self.targets[rows]
            labels, soft = (cut, None) if hard else (None, cut)
            s = None if self.sample_weight is None else self.sample_weight[rows]
            yield DeviceBlock(self.X[rows], labels, soft, s, self.label_smoothing, self._scratch)

    def _place(self, block: Any) -> Array:
        """Where P of this block goes: its own memory, or one that is soon used again."""
        if block.P is not None:
            return block.P
        P = block.X.new_empty(len(block), self.q)
        if self._kept:
            block.P = P
        return P

    def _limit(self, count: int) -> None:
        """Lets no more pile up than a slice can hold."""
        if count % QUEUED_BLOCKS == 0:
            self._scratch.finish()

    def _device_sums(self) -> Array:
        return self.X.new_zeros(self.d + 1, self.q, dtype=self._scratch.wide)

    @staticmethod
    def _add(sums: Array, product: Array, bias: Array) -> None:
        sums[:-1] += product
        sums[-1] += bias

    def _means(self, step: int) -> Work[tuple[Floats, float]]:
        wide = self._scratch.wide
        sums, weight = self.X.new_zeros(self.d, dtype=wide), self.X.new_zeros((), dtype=wide)
        for X, s in self._strided(step):
            weighted = X if s is None else X * s[:, None]
            sums += weighted.sum(0, dtype=wide)
            weight += float(len(X)) if s is None else s.sum(dtype=wide)
            yield
        all_sums = self._total(np.append(_floats(sums), float(weight)))
        return all_sums[:-1] / all_sums[-1], float(all_sums[-1])

    def _strided(self, step: int) -> Iterator[tuple[Array, Any]]:
        rows = max(BLOCK_ENTRIES // self.d, 1)
        for start in range(0, self.n, rows * step):
            chosen = slice(start, start + rows * step, step)
            s = None if self.sample_weight is None else self.sample_weight[chosen]
            yield self.X[chosen], None if s is None else s.to(self.X.dtype)


def _sender(torch: Any, device: Any) -> Callable[[Array], Array]:
    """What brings arrays to the device, in their own type but for labels, which become int64."""

    def put(array: Array) -> Array:
        if not isinstance(array, torch.Tensor):
            array = torch.from_numpy(np.array(array))
        return array.to(device) if array.is_floating_point() else array.to(device).long()

    return put


def _main(array: Array | None) -> Array | None:
    return None if array is None else to_numpy(array)


def _floats(array: Array) -> Floats:
    return np.array(to_numpy(array), np.float64)
