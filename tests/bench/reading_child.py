"""One measurement of a reader in a process of its own; the report goes to the standard output."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from softmax_gui.gui.import_dialog import ImportDialog
    from softmax_gui.gui.main_window import MainWindow

PATIENCE_S = 120.0
GAP_MS = 10
Report = dict[str, Any]


def read(path: Path) -> Report:
    """Seconds and memory above idle to look at a file, and to open it as the window does."""
    from softmax_gui.data.readers import open_data, preview

    idle, started = peak_mb(), time.perf_counter()
    preview(path)
    looked_s, looked_mb = time.perf_counter() - started, peak_mb() - idle
    used, started = time.process_time(), time.perf_counter()
    data = open_data(path)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    return {"look_s": looked_s, "look_mb": looked_mb, "open_s": seconds, "open_cpu_s": used,
            "open_mb": peak_mb() - idle, "n": data.n, "d": data.d}  # fmt: skip


def reference(path: Path) -> Report:
    """Seconds to read a CSV's bytes and count its lines, and for numpy.loadtxt to parse it."""
    started, lines = time.perf_counter(), 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(1 << 20):
            lines += block.count(b"\n")
    read_s, started = time.perf_counter() - started, time.perf_counter()
    with path.open(encoding="utf-8") as file:
        columns = range(file.readline().count(","))
    np.loadtxt(path, delimiter=",", skiprows=1, usecols=columns, ndmin=2)
    return {"read_s": read_s, "loadtxt_s": time.perf_counter() - started, "lines": lines}


def window(path: Path) -> Report:
    """Gaps between the window's frames while a file is looked at, loaded, and cancelled."""
    from PySide6.QtWidgets import QApplication

    from softmax_gui.gui.main_window import MainWindow
    from softmax_gui.gui.settings import Settings

    app = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        one = MainWindow(Settings(), Path(folder) / "settings.json")
        one.show()
        frames = Frames(app)
        frames.until(lambda: one.newest() is not None)
        frames.rest(1.0)
        frames.taken()
        frames.rest(1.0)
        found = {"idle": frames.taken(), **_looked(frames, one, path)}
        found |= _cancelled(frames, one)
        found |= _loaded(frames, one, path)
        one.close()
    return found


class Frames:
    """Runs Qt's loop and notes the gaps of a timer of 10 ms."""

    def __init__(self, app: Any) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._app, self._last = app, time.perf_counter()
        self._gaps_ms: list[float] = []
        self._timer = QTimer(interval=GAP_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._note)
        self._timer.start()

    def until(self, done: Callable[[], object]) -> float:
        """Seconds until something is so."""
        started = time.perf_counter()
        while not done():
            self._app.processEvents()
            time.sleep(0.001)
            if time.perf_counter() - started > PATIENCE_S:
                raise TimeoutError
        return time.perf_counter() - started

    def rest(self, seconds: float) -> None:
        """Goes on for so long."""
        end = time.perf_counter() + seconds
        self.until(lambda: time.perf_counter() >= end)

    def taken(self) -> Report:
        """The gaps since the last call."""
        gaps, self._gaps_ms, self._last = sorted(self._gaps_ms), [], time.perf_counter()
        return {"p95_ms": gaps[int(0.95 * len(gaps))] if gaps else 0.0,
                "worst_ms": gaps[-1] if gaps else 0.0, "count": len(gaps)}  # fmt: skip

    def _note(self) -> None:
        now = time.perf_counter()
        self._gaps_ms.append(1000 * (now - self._last))
        self._last = now


def _looked(frames: Frames, one: MainWindow, path: Path) -> Report:
    one.importing.open(path)
    seconds = frames.until(_dialog(one).load_button.isEnabled)
    frames.rest(0.3)
    return {"preview_s": seconds, "preview": frames.taken()}


def _cancelled(frames: Frames, one: MainWindow) -> Report:
    """Seconds from Cancel until the thread that reads is free for something else."""
    waits, importer = [], one.importing.importer
    free: list[object] = []
    importer.found.connect(free.append)
    for wait_s in (0.02, 0.2, 0.5, 1.0):
        _dialog(one).load_button.click()
        frames.rest(wait_s)
        if one.importing.dialog is None:  # it was quicker
            break
        free.clear()
        _dialog(one).cancel_button.click()
        importer.find(())
        waits.append(frames.until(lambda: free))
    importer.found.disconnect(free.append)
    frames.taken()
    return {"cancel_s": waits}


def _loaded(frames: Frames, one: MainWindow, path: Path) -> Report:
    if one.importing.dialog is None:  # Cancel came too late
        one.load("2x2")
        frames.until(lambda: _source(one) == "2x2")
        one.importing.open(path)
    frames.until(_dialog(one).load_button.isEnabled)
    frames.taken()
    _dialog(one).load_button.click()
    seconds = frames.until(lambda: _source(one) == str(path))
    return {"load_s": seconds, "load": frames.taken()}


def _source(one: MainWindow) -> str:
    return str(one.data._source.currentData())


def _dialog(one: MainWindow) -> ImportDialog:
    assert one.importing.dialog is not None
    return one.importing.dialog


def peak_mb() -> float:
    """The most memory that this process has had; getrusage would tell of its parent, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


PARTS: dict[str, Callable[[Path], Report]] = {
    "read": read, "reference": reference, "window": window,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](Path(sys.argv[2]))))
