"""Where the arrays live: numpy, or torch on the CPU, a CUDA GPU or Apple's MPS."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from softmax_gui.core.arrays import Array
from softmax_gui.i18n import N_, tr

# Below this many multiply-adds a step, handing the work to a GPU takes longer than the work
# (torch takes about 30 microseconds to launch the five products and sums of a step).
GPU_PAYS_FLOP = 20e6


# torch's out of memory and CUDA errors are the first, numpy's out of memory the second.
DEVICE_ERRORS = (RuntimeError, MemoryError)


class DeviceError(RuntimeError):
    """The device can't be used; the sentence says why."""


@dataclass(frozen=True)
class Device:
    """One place to compute, and why it was taken: English texts, for tr() where they are shown."""

    kind: str  # one of config.DEVICES but "auto"
    label: str
    reason: str
    threads: int = 0  # of the compiled loop; 0: the library's own business


class Backend(Protocol):
    """Brings numpy arrays to a device and back."""

    def array(self, values: np.ndarray) -> Array:
        """`values` on the device, in the run's dtype when they are floating point."""

    def numpy(self, array: Array) -> np.ndarray:
        """A fresh float64 copy in main memory; waits for the device."""


class NumpyBackend:
    """Main memory, numpy's own BLAS."""

    def __init__(self, dtype: str) -> None:
        self._dtype = np.dtype(dtype)

    def array(self, values: np.ndarray) -> Array:
        """A C-ordered array; floating point is brought to the run's dtype."""
        kind = self._dtype if values.dtype.kind == "f" else values.dtype
        return np.array(values, dtype=kind, order="C")

    def numpy(self, array: Array) -> np.ndarray:
        """A float64 copy."""
        return np.array(array, dtype=np.float64)


class TorchBackend:
    """A torch device; imports torch on first use, which takes about a second.

    Attributes:
        torch: the module.
        device: torch's own name of the device.
        dtype: torch's type of the floating point numbers.
    """

    def __init__(self, kind: str, dtype: str) -> None:
        self.torch = import_torch()
        self.device = self.torch.device(kind)
        # MPS has no float64.
        self.dtype = self.torch.float32 if kind == "mps" else getattr(self.torch, dtype)

    def array(self, values: np.ndarray) -> Array:
        """A tensor on the device; floating point is brought to the run's dtype."""
        tensor = self.torch.from_numpy(np.array(values, order="C"))
        dtype = self.dtype if values.dtype.kind == "f" else tensor.dtype
        return tensor.to(device=self.device, dtype=dtype)

    def numpy(self, array: Array) -> np.ndarray:
        """A float64 copy in main memory."""
        return np.array(array.detach().cpu().numpy(), dtype=np.float64)


def backend(device: Device, dtype: str) -> Backend:
    """The backend of a device.

    Raises:
        DeviceError: torch is needed and can't be used.
    """
    if device.kind == "numpy":
        return NumpyBackend(dtype)
    return TorchBackend(device.kind, dtype)


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def import_torch() -> Any:
    """The torch module.

    Raises:
        DeviceError: torch is not installed, or its libraries can't be loaded.
    """
    try:
        import torch  # noqa: PLC0415 - on demand: it takes about a second
    except (ImportError, OSError) as error:
        # On Windows, torch 2.9 and later can't be loaded after Qt: OSError.
        raise DeviceError(tr("torch could not be loaded ({error}).").format(error=error)) from error
    return torch


def torch_installed() -> bool:
    """Whether torch can be imported, found without importing it."""
    return importlib.util.find_spec("torch") is not None


def choose(wanted: str, step_flop: float) -> Device:
    """The device for a run whose minibatch step takes about `step_flop` floating-point operations.

    "auto" takes a GPU when there is one and the step is large enough to fill it, numpy otherwise.

    Raises:
        DeviceError: a device that was named can't be used.
    """
    if wanted == "numpy":
        return _numpy(N_("chosen"))
    if wanted != "auto":
        torch = import_torch()
        if trouble := _trouble(torch, wanted):
            raise DeviceError(trouble)
        return _torch_device(torch, wanted, N_("chosen"))
    if step_flop < GPU_PAYS_FLOP:
        return _numpy(N_("a step this small is fastest there"))
    if not torch_installed():
        return _numpy(N_("torch is not installed"))
    return _best_gpu()


def _best_gpu() -> Device:
    try:
        torch = import_torch()
    except DeviceError as error:
        return _numpy(str(error))
    for kind in ("cuda", "mps"):
        if not _trouble(torch, kind):
            return _torch_device(torch, kind, N_("fastest for steps this large"))
    return _numpy(N_("no GPU was found"))


def fallback(error: Exception) -> Device:
    """numpy, with what was wrong with the device before as its reason."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return _numpy(reason.rstrip("."))


def _numpy(reason: str) -> Device:
    return Device("numpy", N_("CPU (numpy)"), reason)


def _torch_device(torch: ModuleType, kind: str, reason: str) -> Device:
    name = torch.cuda.get_device_name(0) if kind == "cuda" else kind.upper()
    return Device(kind, f"{name} (torch)", reason)


def _trouble(torch: ModuleType, kind: str) -> str:
    if kind == "cuda" and not torch.cuda.is_available():
        return tr("torch {version} finds no CUDA GPU here.").format(version=torch.__version__)
    if kind == "mps" and not torch.backends.mps.is_available():
        return tr("torch {version} finds no Apple GPU (MPS) here.").format(
            version=torch.__version__
        )
    return ""
