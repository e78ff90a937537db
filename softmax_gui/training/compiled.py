"""The compiled minibatch loop on the cores of this machine: the fastest way on a CPU.

Making it ready for the first time is the work of compiling.py. A run keeps the arithmetic it began
with, and the number of threads, to its end, so that a seed repeats it bit by bit.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from softmax_gui.core.optimizers import BETA1, BETA2, EPS, MinibatchState
from softmax_gui.core.shuffling import permutation
from softmax_gui.data.dataset import Split
from softmax_gui.training.compiling import load, load_passes
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import NumpyBackend, cores
from softmax_gui.training.engine import Engine, ParameterState, Progress
from softmax_gui.training.snapshot import Measurement

if TYPE_CHECKING:
    from softmax_gui.core.compiled_blocks import Passes
    from softmax_gui.data.stored_split import StoredSplit

CALL_S = 0.020  # of a call where somebody waits: it can't look at the clock
# (shorter ones ask for the GIL more often, and wait while the window paints)
GUESSED_RATE = 5e9  # multiply-adds a second, before the first call has told
TEAM_PAYS = 500_000  # multiply-adds a step, some 15 microseconds: threads meet twice a step


def threads_for(split: Split | StoredSplit, config: TrainConfig) -> int:
    """As many as the config says, or as pay for a step of this size; a solver's takes all rows."""
    batch, n = config.batch_size, split.train.n
    batch = min(batch, n) if config.solver == "minibatch" else n
    pays = batch * split.dataset.d * split.dataset.q >= TEAM_PAYS
    return config.threads or (min(cores(), batch) if pays else 1)


def solver_passes(split: Split | StoredSplit, config: TrainConfig) -> Passes:
    """Compiled passes for a solver's run.

    Raises:
        DeviceError: they can't be used here.
    """
    return load_passes()(threads_for(split, config))


class CompiledEngine(Engine):
    """Steps by the compiled loop; measuring and everything else as Engine does."""

    def __init__(self, split: Split, config: TrainConfig) -> None:
        self._loop = load(config.dtype)
        self.threads = threads_for(split, config)
        d, q, kind = split.dataset.d, split.dataset.q, np.dtype(config.dtype)
        self._scratch = [self._loop.scratch(d, q, kind) for _ in range(self.threads)]
        self._gradients = np.zeros((self.threads, q, d), kind), np.zeros((self.threads, q), kind)
        self._kind, self._seconds_a_step = kind, 0.0
        super().__init__(split, NumpyBackend(config.dtype), config)
        soft = np.zeros((0, q), kind) if self._train.targets is None else self._train.targets
        weights = np.zeros(0, kind) if self._weights is None else self._weights
        self._data = self._train.X, self._train.labels, soft, weights

    def load(self, state: ParameterState) -> None:
        """Keeps W and its slots as rows (q, d), as the loop wants them; others see them turned."""
        super().load(state)
        s = self._state
        self._rows = {"W": np.ascontiguousarray(s.W.T), "b": s.b} | {
            name: np.ascontiguousarray(slot.T) for name, slot in s.slots.items()
        }
        turned = {name: array.T for name, array in self._rows.items()}
        slots = {name: turned[name] for name in s.slots}
        self._state = MinibatchState(turned["W"], turned["b"], slots, s.step)

    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """Minibatches from the training example `at` on, which counts through all epochs.

        A call can't look at the clock: it makes so few steps that it comes back in time. It ends
        with a step whose loss is not finite.
        """
        if math.isfinite(deadline):
            seconds = min(CALL_S, deadline - self.now())
            steps = max(1, min(steps, int(seconds / self._step_s(config))))
        begin = self._begin(at, config.seed)
        started = time.perf_counter()
        losses, hits = self._call(begin, steps, config)
        finite = np.isfinite(losses)
        if not finite.all():
            losses = losses[: int(np.argmin(finite)) + 1]
        self._seconds_a_step = (time.perf_counter() - started) / len(losses)
        self._state.step += len(losses)
        n = len(self._train)
        end = after(at, len(losses), n, config.batch_size)
        self._ordered = config.seed, (end - 1) // n  # the loop shuffles when it needs to
        return Progress(end - at, losses, hits)

    def measure(self, part: str) -> Measurement:
        """As Engine.measure, without BLAS: its threads would spin on the window's core."""
        rows = self._train if part == "train" else self._validation
        soft = self._data[2][:0] if rows.targets is None else rows.targets
        data, every = (rows.X, rows.labels, soft, self._data[3][:0]), np.arange(len(rows))
        parameters = self._rows["W"], self._rows["b"]
        loss, hits = self._loop.evaluate(data, every, parameters, self._scratch[0])
        return Measurement(loss / len(rows) if len(rows) else math.nan, hits, len(rows))

    def _begin(self, at: int, seed: int) -> tuple[np.uint64, int, int]:
        """Seed, epoch and place of `at`, whose order is at hand, or the end of the epoch before."""
        n, (epoch, place) = len(self._train), divmod(at, len(self._train))
        word = np.uint64(seed % 2**64)  # all that permutation() knows of it
        if place == 0 and self._ordered == (seed, epoch - 1):
            return word, epoch - 1, n
        if self._ordered != (seed, epoch):
            self._order, self._ordered = permutation(n, seed, epoch), (seed, epoch)
        return word, epoch, place

    def _call(
        self, begin: tuple[np.uint64, int, int], steps: int, config: TrainConfig
    ) -> tuple[np.ndarray, int]:
        losses = np.full(steps, np.nan)
        counters, parts = np.zeros(8, np.int64), np.zeros((self.threads, 2))
        parameters, settings = self._parameters(), self._settings(config)

        def member(me: int) -> int:
            return self._loop.train_steps(
                self._data, self._order, begin, config.batch_size, parameters, settings,
                self._scratch[me], losses, (me, self.threads, counters, parts, *self._gradients),
            )  # fmt: skip

        others = [threading.Thread(target=member, args=(me,)) for me in range(1, self.threads)]
        try:
            for other in others:
                other.start()
        except RuntimeError:  # no more threads: those that wait are let go, and the call has failed
            counters[0] = np.iinfo(np.int64).max
            raise
        hits = member(0)
        for other in others:
            other.join()
        return losses, hits

    def _parameters(self) -> tuple[np.ndarray, ...]:
        """W, b and the slots of each; SGD has no second ones."""
        names = ("mW", "mb", "vW", "vb") if "mW" in self._rows else ("vW", "vb")
        slots = [self._rows[name] for name in names]
        none = np.zeros((0, 0), self._kind), np.zeros(0, self._kind)
        return self._rows["W"], self._rows["b"], *(slots if len(slots) == 4 else [*slots, *none])

    def _settings(self, config: TrainConfig) -> tuple[np.floating, ...]:
        second = BETA2 if config.optimizer == "adam" else 0.0
        values = (
            config.learning_rate, config.momentum, config.weight_decay, config.label_smoothing,
            BETA1, second, EPS,
        )  # fmt: skip
        return *map(self._kind.type, values), np.float64(self._state.step)

    def _step_s(self, config: TrainConfig) -> float:
        work = min(config.batch_size, len(self._train)) * self._rows["W"].size
        return self._seconds_a_step or work / GUESSED_RATE


def after(at: int, steps: int, n: int, batch_size: int) -> int:
    """The training example that so many steps from `at` end before; an epoch's last is short."""
    epoch, place = divmod(at, n)
    left = -(-(n - place) // batch_size)
    if steps < left:
        return at + steps * batch_size
    epochs, rest = divmod(steps - left, -(-n // batch_size))
    return (epoch + 1 + epochs) * n + rest * batch_size


def steps_to(at: int, end: int, n: int, batch_size: int) -> int:
    """Steps from `at` to the training example `end`, a whole number of epochs."""
    epoch, place = divmod(at, n)
    return -(-(n - place) // batch_size) + (end // n - epoch - 1) * -(-n // batch_size)
