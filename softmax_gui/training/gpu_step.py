"""Minibatch steps on a torch device whose arrays all stay where they are: fit to be captured.

The formulas are those of core/optimizers.py, told in the fewest kernels, since on small models
the launches are what costs: X holds the column of ones and theta = [W; b'; 0] is one array; what
is the same for all steps of a chunk is done once for the chunk. Results differ from the plain ones
by rounding alone. Nothing here waits for the device, copies from main memory or depends on a
value: settings are scalars on the device, so that a change of them needs no other kernels.

core.losses.cross_entropy would not do: torch.where with a Python number copies that to the device,
which a CUDA graph can't hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from softmax_gui.core.arrays import Array
from softmax_gui.core.optimizers import BETA1, BETA2, EPS, SLOTS, MinibatchState, Settings
from softmax_gui.training.devices import TorchBackend
from softmax_gui.training.gpu_rows import ALIGNED, width


class Trained:
    """theta and the optimizer's slots, (width(d), q) each, with its count of steps.

    Attributes:
        theta: W, then b, then rows of zeros.
        slots: by the prefixes of core.optimizers.SLOTS, laid out as theta.
        count: steps taken, 0-d on the device.
        hits: examples classified rightly before their steps, 0-d int64 on the device.
    """

    def __init__(self, d: int, q: int, optimizer: str, backend: TorchBackend) -> None:
        torch, self.d, self.optimizer = backend.torch, d, optimizer
        place = {"dtype": backend.dtype, "device": backend.device}
        self.theta = torch.zeros(width(d), q, **place)
        self.slots = {prefix: torch.zeros_like(self.theta) for prefix in SLOTS[optimizer]}
        wide = torch.float32 if backend.device.type == "mps" else torch.float64
        self.count = torch.zeros((), dtype=wide, device=backend.device)
        self.hits = torch.zeros((), dtype=torch.int64, device=backend.device)

    @property
    def arrays(self) -> list[Array]:
        """All that a step changes."""
        return [self.theta, *self.slots.values(), self.count, self.hits]

    def view(self) -> MinibatchState:
        """The same memory as W, b and the slots of each."""
        d = self.d
        slots = {prefix + "W": slot[:d] for prefix, slot in self.slots.items()}
        slots |= {prefix + "b": slot[d] for prefix, slot in self.slots.items()}
        return MinibatchState(self.theta[:d], self.theta[d], slots)


class Tuning:
    """The settings that may change at any step, as scalars on the device."""

    def __init__(self, trained: Trained) -> None:
        self._d = trained.d
        scalar = trained.theta.new_zeros(())
        self.minus_rate, self.momentum = scalar.clone(), scalar.clone()
        self.wide_minus_rate, self.eps = trained.count.clone(), scalar.clone().fill_(EPS)
        self.decay = trained.theta.new_zeros(len(trained.theta), 1)  # 0 at the bias
        self._set: tuple[float, float, float] | None = None

    def set(self, settings: Settings) -> None:
        """Puts them in force for the steps queued from now on."""
        wanted = settings.learning_rate, settings.momentum, settings.weight_decay
        if wanted != self._set:
            self.minus_rate.fill_(-wanted[0])
            self.wide_minus_rate.fill_(-wanted[0])
            self.momentum.fill_(wanted[1])
            self.decay[: self._d].fill_(wanted[2])
            self._set = wanted


@dataclass(frozen=True)
class Form:
    """What makes other kernels of a step, and so another graph."""

    has_momentum: bool
    has_decay: bool

    @classmethod
    def of(cls, settings: Settings) -> Form:
        """As these settings ask for."""
        return cls(settings.momentum > 0.0, settings.weight_decay > 0.0)


class Chunk:
    """`steps` minibatches side by side in memory, and the steps on them.

    Attributes:
        X: (steps * batch_size, width(d)); all these are filled before `run`.
        labels: (steps * batch_size,).
        targets: (steps * batch_size, q).
        scale: (steps * batch_size,): what a row counts in the mean of its step.
        losses: (steps,), each step's before it was made.

    Args:
        trained: what the steps change.
        tuning: by which settings.
        batch_size: rows a step.
        steps: that there is room for.
        torch: the module.
        X: the chunk's own, where it need not be copied.
    """

    def __init__(
        self,
        trained: Trained,
        tuning: Tuning,
        batch_size: int,
        steps: int,
        torch: Any,
        X: Array | None = None,
    ) -> None:
        self._torch, self._trained, self._tuning = torch, trained, tuning
        self.batch_size, self.steps = batch_size, steps
        theta = trained.theta
        D, q = theta.shape
        rows = steps * batch_size
        self.X = theta.new_zeros(rows, D) if X is None else X
        self.targets = theta.new_zeros(rows, q)
        self.scale, self.losses = theta.new_zeros(rows), theta.new_zeros(steps)
        self.labels = trained.hits.new_zeros(rows)
        # The logits of each step begin where those of the first do, in steps of 64 bytes: the
        # library picks its kernel by that, and a resumed run must get the same.
        stride = -(-batch_size * q // ALIGNED) * ALIGNED
        self._padded = theta.new_zeros(steps, stride)
        self._logits = self._padded[:, : batch_size * q].unflatten(1, (batch_size, q))
        self._dlogits = theta.new_zeros(batch_size, q)
        self._gradient, self._scratch = torch.zeros_like(theta), torch.zeros_like(theta)
        self._ahead = torch.arange(1, steps + 1, dtype=trained.count.dtype, device=theta.device)

    def run(self, count: int, form: Form) -> None:
        """Queues the first `count` steps, their losses and hits."""
        torch, rows = self._torch, count * self.batch_size
        scale = self.scale[:rows, None]
        minus = torch.mul(self.targets[:rows], scale).neg_()
        if self._trained.optimizer == "adam":
            self._adam_steps(count, form, minus, scale)
        elif form.has_momentum:
            self._momentum_steps(count, form, minus, scale)
        else:
            self._plain_steps(count, form, minus, scale)
        logits = self._logits[:count]
        terms = torch.log_softmax(logits, 2).mul_(minus.view(logits.shape))
        torch.sum(terms.flatten(1), 1, out=self.losses[:count])
        right = logits.argmax(2) == self.labels[:rows].view(logits.shape[:2])
        self._trained.hits.add_(right.sum())
        self._trained.count.add_(count)

    def gradient(self) -> Array:
        """Of the first minibatch at the theta at hand, (width(d), q); nothing is changed."""
        torch, these = self._torch, slice(0, self.batch_size)
        X, scale = self.X[these], self.scale[these, None]
        P = torch.softmax(X @ self._trained.theta, 1)
        return X.t() @ ((P - self.targets[these]) * scale)

    def _each(self, count: int, minus: Array, scale: Array) -> Iterator[tuple[Array, Array]]:
        """X of each step, and scale P + minus at its theta, in a buffer that all share."""
        torch, B = self._torch, self.batch_size
        for k in range(count):
            these = slice(k * B, (k + 1) * B)
            X = self.X[these]
            P = torch.softmax(torch.mm(X, self._trained.theta, out=self._logits[k]), 1)
            yield X, torch.addcmul(minus[these], P, scale[these], out=self._dlogits)

    def _plain_steps(self, count: int, form: Form, minus: Array, scale: Array) -> None:
        """W <- (1 - learning_rate weight_decay) W - learning_rate dW: the product adds itself.

        The velocity is then nothing but the gradient, and only that of the last step is ever seen.
        """
        theta, tuning, last = self._trained.theta, self._tuning, (count - 1) * self.batch_size
        rate = tuning.minus_rate
        kept = tuning.decay.mul(rate).add_(1.0)
        for k, (X, dlogits) in enumerate(self._each(count, minus * rate, scale * rate)):
            if k == count - 1:
                self._look(X, form, minus[last:], scale[last:])
            if form.has_decay:
                theta.mul_(kept)
            theta.addmm_(X.t(), dlogits)

    def _look(self, X: Array, form: Form, minus: Array, scale: Array) -> None:
        """Puts the gradient of the last step where a later momentum would look for it."""
        theta, v = self._trained.theta, self._trained.slots["v"]
        P = self._torch.softmax(X @ theta, 1)
        self._torch.mm(X.t(), self._torch.addcmul(minus, P, scale), out=v)
        if form.has_decay:
            v.addcmul_(theta, self._tuning.decay)

    def _momentum_steps(self, count: int, form: Form, minus: Array, scale: Array) -> None:
        """SGD: v <- momentum v + dW + weight_decay W;  W <- W - learning_rate v."""
        theta, v, tuning = self._trained.theta, self._trained.slots["v"], self._tuning
        for X, dlogits in self._each(count, minus, scale):
            v.mul_(tuning.momentum).addmm_(X.t(), dlogits)
            if form.has_decay:
                v.addcmul_(theta, tuning.decay)
            theta.addcmul_(v, tuning.minus_rate)

    def _adam_steps(self, count: int, form: Form, minus: Array, scale: Array) -> None:
        """As core.optimizers.adam_update has it, the bias corrections in two numbers a step."""
        torch, theta, g = self._torch, self._trained.theta, self._gradient
        mean, square = self._trained.slots["m"], self._trained.slots["v"]
        rates, inverse_roots = self._adam_rates(count)
        for k, (X, dlogits) in enumerate(self._each(count, minus, scale)):
            torch.mm(X.t(), dlogits, out=g)
            if form.has_decay:
                g.addcmul_(theta, self._tuning.decay)
            mean.lerp_(g, 1.0 - BETA1)
            square.mul_(BETA2).addcmul_(g, g, value=1.0 - BETA2)
            root = torch.sqrt(square, out=g)
            torch.addcmul(self._tuning.eps, root, inverse_roots[k], out=root)
            theta.addcdiv_(torch.mul(mean, rates[k], out=self._scratch), root)

    def _adam_rates(self, count: int) -> tuple[Array, Array]:
        """-learning_rate / (1 - beta1^step) and 1 / sqrt(1 - beta2^step), (count,) each."""
        t, kind = self._trained.count + self._ahead[:count], self._trained.theta.dtype
        first = (t * math.log(BETA1)).expm1_().neg_()  # 1 - beta1^t
        second = (t * math.log(BETA2)).expm1_().neg_()
        return (self._tuning.wide_minus_rate / first).to(kind), second.rsqrt_().to(kind)


def chunk_steps(batch_size: int, q: int, D: int, itemsize: int, most: int, limit_bytes: int) -> int:
    """Steps a chunk: a power of 4, at most `most`, in at most `limit_bytes` unless it is 1."""
    a_step = batch_size * (D + 4 * q) * itemsize
    steps = 1
    while steps * 4 <= most and steps * 4 * a_step <= limit_bytes:
        steps *= 4
    return steps


def largest(count: int) -> int:
    """The largest power of 4 up to `count`: few sizes, so few graphs."""
    steps = 1
    while steps * 4 <= count:
        steps *= 4
    return steps
