"""Where the figures come from: machine, system, versions, date."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "numba", "torch", "scikit-learn", "scipy", "PySide6-Essentials", "pyqtgraph")
JAX_CODE = "import jax, jaxlib; print(jax.__version__, jaxlib.__version__)"


def facts(jax: str) -> dict[str, Any]:
    """For the record; `jax` is the interpreter that has it, "" for this one."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "system": platform.platform(),
        "processor": _from_proc("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "gpu": gpu(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES} | {"jax": _jax(jax)},
    }


def line(found: dict[str, Any]) -> str:
    """The same to read."""
    packages = ", ".join(f"{name} {number}" for name, number in found["packages"].items())
    memory = f"{found['memory_gib']:.0f} GiB" if found["memory_gib"] else "memory unknown"
    load = f", load {found['load']:.2f}" if found["load"] is not None else ""
    return (
        f"{found['date']}, {found['processor']}, {found['cores']} cores, {memory}{load}, GPU:"
        f" {found['gpu']}, {found['system']}, Python {found['python']}, {packages}"
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _jax(python: str) -> str:
    command = [python or sys.executable, "-c", JAX_CODE]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return "not installed"
    return " / jaxlib ".join(ran.stdout.split()) if ran.returncode == 0 else "not installed"


def gpu() -> str:
    """Its name, or "none"; asked of the driver's own tool, so that torch is not loaded here."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except OSError:
        return "none"
    return ran.stdout.strip().replace("\n", ", ") if ran.returncode == 0 else "none"


def _memory_gib() -> float | None:
    total = _from_proc("/proc/meminfo", "MemTotal")
    return int(total.split()[0]) / 2**20 if total else None


def _from_proc(path: str, name: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
    lines = (line.partition(":") for line in text.splitlines() if line.startswith(name))
    return next((value.strip() for _, _, value in lines), "")
