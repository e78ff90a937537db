"""The compiled minibatch loop: made ready in the background, then the fastest way on a CPU.

numba compiles for a second or two the first time; a process of its own does that, so that the
window stays smooth, and leaves the result in the user's cache folder. A run keeps the arithmetic
it began with to its end, so that a seed repeats it bit by bit.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import importlib.util
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from softmax_gui.core.optimizers import Parameters
from softmax_gui.data.dataset import Split
from softmax_gui.i18n import tr
from softmax_gui.training.config import DTYPES, TrainConfig
from softmax_gui.training.devices import DeviceError, NumpyBackend
from softmax_gui.training.engine import Engine, ParameterState, Progress

CALL_PRODUCTS = 15e6  # weights times examples in one call: some 5 ms, so that Pause acts at once
LARGEST = 4096  # weights; above, numpy's BLAS is faster than the loops (784 x 10: 333 to 362 us)
Steps = Callable[..., tuple[int, int, float]]


def ready() -> bool:
    """Whether the loop can be used at once."""
    return load.cache_info().currsize == 1


def fits(split: Split) -> bool:
    """Whether the loop is the fastest way for these data."""
    return split.dataset.d * split.dataset.q <= LARGEST


def prepare() -> threading.Thread | None:
    """Makes the loop ready in the background; None when there is nothing to do."""
    if ready() or importlib.util.find_spec("numba") is None:
        return None
    thread = threading.Thread(target=_prepare, name="compiling", daemon=True)
    thread.start()
    return thread


@lru_cache(maxsize=1)
def load() -> Steps:
    """The loop; waits for it, a second or two the first time.

    Raises:
        DeviceError: numba is not installed or does not work here.
    """
    os.environ.setdefault("NUMBA_CACHE_DIR", str(_cache()))
    try:
        from softmax_gui.core.kernels import sgd_steps  # noqa: PLC0415 - takes 0.14 s

        for dtype in DTYPES:
            _try(sgd_steps, np.dtype(dtype))
    except Exception as error:  # a compiler fails in many ways
        text = tr("The compiled loop can't be used ({error}).")
        raise DeviceError(text.format(error=str(error).strip() or type(error).__name__)) from error
    steps: Steps = sgd_steps
    return steps


class CompiledEngine(Engine):
    """Steps by the compiled loop; measuring and everything else as Engine does."""

    def __init__(self, split: Split, config: TrainConfig) -> None:
        self._loop, self._dtype = load(), np.dtype(config.dtype)
        self._visits = np.arange(split.train.n)
        super().__init__(split, NumpyBackend(config.dtype))

    def load(self, state: ParameterState) -> None:
        """Keeps W as rows (q, d), as the loop wants it; Engine sees them transposed."""
        super().load(state)
        p = self._parameters
        self._rows = np.ascontiguousarray(p.W.T), np.ascontiguousarray(p.vW.T)
        self._parameters = Parameters(self._rows[0].T, p.b, self._rows[1].T, p.vb)

    def set_order(self, order: np.ndarray) -> None:
        """The order (n,) in which this epoch visits the training examples."""
        self._visits = np.asarray(order, dtype=np.int64)

    def run(self, first: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """Minibatches of the order from place `first` on: at most `steps`, to the epoch's end.

        A call can't look at the clock: it takes so few steps that it comes back in time.
        """
        X, labels = self._train
        if math.isfinite(deadline):
            work = min(config.batch_size, len(X)) * self._rows[0].size
            steps = max(1, min(steps, int(CALL_PRODUCTS / work)))
        p, (W, vW), kind = self._parameters, self._rows, self._dtype.type
        settings = kind(config.learning_rate), kind(config.momentum), kind(config.weight_decay)
        taken, place, loss_sum = self._loop(
            X, labels, self._visits, first, config.batch_size, steps, (W, p.b, vW, p.vb), settings
        )
        return Progress(taken, place - first, loss_sum)


def _prepare() -> None:
    cache = _cache()
    # Where no process can be started or a folder be looked into, this one compiles; what is
    # wrong with the loop is said when somebody asks for it.
    with contextlib.suppress(OSError):
        if not any(cache.rglob("kernels.sgd_steps*.nbi")) and not getattr(sys, "frozen", False):
            _compile_elsewhere(cache)
    with contextlib.suppress(DeviceError):
        load()


def _compile_elsewhere(cache: Path) -> None:
    """Lets a process of its own compile into `cache`, and waits for it."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    code = "from softmax_gui.training import compiled; compiled.load()"
    command = [sys.executable, "-P", "-c", code]  # -P: nothing from the working folder
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(command, env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
    atexit.register(child.terminate)  # it does not outlive the app
    child.wait()


def _cache() -> Path:
    """A folder of its own for each version of the source."""
    source = Path(__file__).parent.parent / "core" / "kernels.py"
    version = hashlib.sha256(source.read_bytes()).hexdigest()[:12] if source.exists() else "frozen"
    return platformdirs.user_cache_path("softmax-gui", appauthor=False) / "compiled" / version


def _try(steps: Any, dtype: np.dtype[Any]) -> None:
    """One step on two examples, which compiles the loop for this type or finds it cached."""
    X, labels = np.ones((2, 2), dtype), np.array([0, 1])
    W, b, one = np.zeros((2, 2), dtype), np.zeros(2, dtype), dtype.type(1)
    steps(X, labels, labels, 0, 2, 1, (W, b, W.copy(), b.copy()), (one, one, one))
