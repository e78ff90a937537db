"""The window, measured in processes of its own: start, frames, edits, closing."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = tuple[str, float, str, str]  # name, value, unit, wanted
STARTS = 5
CACHE = tempfile.TemporaryDirectory()  # one for all children: the first of them fills it


def start() -> Iterator[Row]:
    """From the start of the process to the first painted window, after a first run."""
    _child("warm")  # the first run of all: compiles, and fills the caches
    runs = [_child("start") for _ in range(STARTS)]
    painted = [run["painted_s"] for run in runs]
    yield "process start to first painted window, median", statistics.median(painted), "s", "< 0.6"
    yield "process start to first painted window, worst", max(painted), "s", "< 0.6"
    yield "memory before training (RSS)", runs[-1]["rss_mb"], "MB", "< 200"
    imported = [name for run in runs for name in run["heavy"]]
    yield "torch or numba imported before that", float(len(imported)), "", "0"


def frames(seconds: float) -> Iterator[Row]:
    """Frames, edits and Pause while the 2x2 world trains at full speed."""
    run = _child("frames", str(seconds))
    edits, gaps = run["edit_ms"], run["gap_ms"]
    yield "an edited pixel to repainted bars, median", statistics.median(edits), "ms", "–"
    yield "an edited pixel to repainted bars, p95", _quantile(edits, 0.95), "ms", "< 16"
    yield "window frame (gap of a 1 ms timer), p99", _quantile(gaps, 0.99), "ms", "< 25"
    yield "window frame, worst", max(gaps), "ms", "–"
    yield "Pause to paused, worst of 10", max(run["pause_ms"]), "ms", "< 100"
    yield "steps a second meanwhile", run["steps_per_s"], "1/s", "–"


def close() -> Iterator[Row]:
    """Closing the window in several states, to the end of the process."""
    for state in ("idle", "training", "paused", "loading", "dialog"):
        run = _child("close", state)
        if run["code"]:
            yield f"closing while {state}: exit code", float(run["code"]), "", "0"
        yield f"closing while {state}, to the end of the process", run["ended_s"], "s", "< 2"


def _child(part: str, *arguments: str) -> dict[str, Any]:
    """Runs tests.bench.child in a process of its own, with settings of its own."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        environment = os.environ | {
            "SOFTMAX_GUI_BENCH": str(report), "HOME": folder, "XDG_CONFIG_HOME": folder,
            "XDG_STATE_HOME": folder, "XDG_CACHE_HOME": CACHE.name,
            "SOFTMAX_GUI_BENCH_STARTED": repr(time.time()),
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.bench.child", part, *arguments]
        code = subprocess.run(command, env=environment, check=False, timeout=120).returncode
        ended = time.time()
        result: dict[str, Any] = json.loads(report.read_text())
    result["code"] = code
    result["ended_s"] = ended - result.get("close_at", ended)
    return result


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
