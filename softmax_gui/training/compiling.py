"""Makes what is compiled ready: numba takes some seconds for it the first time on a machine.

A process of its own does that, so that the window stays smooth, and leaves the result in the
user's cache folder; then loading it takes a fraction of a second.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from softmax_gui.core.objective import DenseObjective, finish
from softmax_gui.i18n import tr
from softmax_gui.training.config import DTYPES
from softmax_gui.training.devices import DeviceError, cores

if TYPE_CHECKING:
    from softmax_gui.core.compiled_blocks import Passes

SOURCES = ("kernels.py", "kernel_products.py", "kernel_softmax.py", "pass_kernels.py", "simd.py")
PASSES = "passes"  # of the solvers, in both types
PARTS = (*DTYPES, PASSES)


LOADING_PAYS = 5e7  # multiply-adds: a pass of 4 ms, some fifty of them against half a second
COMPILING_PAYS = 1e9


class Loop(NamedTuple):
    """The compiled functions of core/kernels.py, and what makes their scratch."""

    train_steps: Callable[..., int]
    evaluate: Callable[..., tuple[float, int]]
    scratch: Callable[..., tuple[np.ndarray, ...]]


_loaded: dict[str, Any] = {}
_lock = threading.Lock()


def ready(part: str) -> bool:
    """Whether one of PARTS, the loop for a type or the passes, can be used at once."""
    return part in _loaded


def installed() -> bool:
    """Whether there is a compiler."""
    return importlib.util.find_spec("numba") is not None


def prepare() -> threading.Thread | None:
    """Makes the loop ready in the background; None when there is nothing to do."""
    if all(map(ready, PARTS)) or not installed():
        return None
    thread = threading.Thread(target=_prepare, name="compiling", daemon=True)
    thread.start()
    return thread


def load(dtype: str) -> Loop:
    """The loop for a type, and what makes its scratch; waits some seconds the first time.

    Raises:
        DeviceError: numba is not installed or does not work here.
    """
    return cast("Loop", _load(dtype, lambda: _load_loop(np.dtype(dtype))))


def load_passes() -> type[Passes]:
    """The compiled passes of the solvers; waits and raises as load()."""
    return cast("type[Passes]", _load(PASSES, _load_passes))


def load_part(part: str) -> None:
    """Loads one of PARTS; waits and raises as load()."""
    if part == PASSES:
        load_passes()
    else:
        load(part)


def passes(work: float, threads: int = 0) -> Passes | None:
    """Compiled passes for a fit of its own, where they are at hand or pay.

    They are loaded where that takes less time than it saves, and compiled in the background where
    it will: this fit is numpy's then.

    Args:
        work: multiply-adds of one product with all rows, n d q.
        threads: 0 for all cores.
    """
    if not ready(PASSES) and work >= LOADING_PAYS and installed():
        with contextlib.suppress(DeviceError, OSError):
            if (_cache() / f"{PASSES}.done").exists():
                load_passes()
            elif work >= COMPILING_PAYS:
                prepare()
    return load_passes()(threads or cores()) if ready(PASSES) else None


def _load(part: str, get: Callable[[], Any]) -> Any:
    with _lock:
        if part in _loaded:
            return _loaded[part]
        os.environ.setdefault("NUMBA_CACHE_DIR", str(_cache()))
        try:
            found = get()
        except Exception as error:  # a compiler fails in many ways
            text = tr("The compiled loop can't be used ({error}).")
            reason = str(error).strip().split("\n")[0] or type(error).__name__
            raise DeviceError(text.format(error=reason)) from error
        _loaded[part] = found
        return found


def _load_loop(dtype: np.dtype[Any]) -> Loop:
    from softmax_gui.core.kernel_products import scratch  # noqa: PLC0415 - takes 0.14 s
    from softmax_gui.core.kernels import evaluate, train_steps  # noqa: PLC0415

    loop = Loop(train_steps, evaluate, scratch)
    _try(loop, dtype)
    return loop


def _load_passes() -> type[Passes]:
    from softmax_gui.core.compiled_blocks import Passes  # noqa: PLC0415 - imports numba

    for dtype in DTYPES:
        X, theta = np.ones((2, 2), dtype), np.zeros((3, 2))
        objective = DenseObjective(X, np.array([0, 1]), 2, passes=Passes())
        finish(objective.value_and_gradient(theta))
        finish(objective.curvature_product(theta))
    return Passes


def _prepare() -> None:
    cache = _cache()
    for part in PARTS:
        # Where no process can be started or a folder be looked into, this one compiles; what is
        # wrong with the loop is said when somebody asks for it.
        with contextlib.suppress(OSError):
            done = cache / f"{part}.done"
            here = done.exists() or getattr(sys, "frozen", False)
            if not here and _compile_elsewhere(cache, part):
                done.touch()
        with contextlib.suppress(DeviceError):
            load_part(part)


def _compile_elsewhere(cache: Path, part: str) -> bool:
    """Lets a process of its own compile into `cache`, and waits; False if it was ended early."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    code = f"from softmax_gui.training import compiling; compiling.load_part({part!r})"
    command = [sys.executable, "-P", "-c", code]  # -P: nothing from the working folder
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(command, env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
    atexit.register(child.terminate)  # it does not outlive the app
    return child.wait() == 0


def _cache() -> Path:
    """A folder of its own for each version of the source."""
    import platformdirs  # noqa: PLC0415 - a machine that never compiles may lack it

    folder, version = Path(__file__).parent.parent / "core", hashlib.sha256()
    for name in SOURCES:
        if (folder / name).exists():
            version.update((folder / name).read_bytes())
    user = platformdirs.user_cache_path("softmax-gui", appauthor=False)
    return user / "compiled" / version.hexdigest()[:12]


def _try(loop: Loop, dtype: np.dtype[Any]) -> None:
    """One step on two examples, which compiles the loop for this type or finds it cached."""
    one, none = dtype.type(1), np.zeros((0, 2), dtype)
    W, b, labels = np.zeros((2, 2), dtype), np.zeros(2, dtype), np.array([0, 1])
    data = np.ones((2, 2), dtype), labels, none, none[:, 0].copy()
    buffers = loop.scratch(2, 2, dtype)
    loop.train_steps(
        data, np.array([0, 1]), (np.uint64(0), 0, 0), 2,
        (W, b, W.copy(), b.copy(), none, none[:, 0].copy()),
        (one, one, one, one, one, one, one, np.float64(0)), buffers, np.zeros(1),
        (0, 1, np.zeros(8, np.int64), np.zeros((1, 2)), np.zeros((1, 2, 2), dtype),
         np.zeros((1, 2), dtype)),
    )  # fmt: skip
    loop.evaluate(data, np.array([0, 1]), (W, b), buffers)
