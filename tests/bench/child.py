"""One measurement of a real window, in a process of its own; the report goes to a JSON file."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from softmax_gui.gui.main_window import MainWindow


STARTED = float(os.environ["SOFTMAX_GUI_BENCH_STARTED"])
REPORT: dict[str, Any] = {}


def main(part: str, *arguments: str) -> int:
    """Opens the window as a user does, lets `part` act on it, and ends as a user does."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    from softmax_gui.gui import app

    act: Callable[[MainWindow], None] = {
        "warm": _close,
        "start": _close,
        "frames": lambda window: Frames(window, float(arguments[0])).begin(),
        "close": lambda window: _close_in(window, arguments[0]),
    }[part]

    class FirstPaint(QObject):
        """Waits for the first paint of the window."""

        def eventFilter(self, window: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and "painted_s" not in REPORT:
                REPORT["heavy"] = [name for name in ("torch", "numba") if name in sys.modules]
                QTimer.singleShot(0, self, lambda: self.painted(window))
            return False

        def painted(self, window: Any) -> None:
            REPORT.setdefault("painted_s", time.time() - STARTED)
            REPORT["rss_mb"] = _rss_mb()
            _when_settled(window, lambda: act(window))

    watch = FirstPaint()
    make_window = app.make_window

    def watched(path: Path) -> tuple[MainWindow, str]:
        window, trouble = make_window(path)
        window.installEventFilter(watch)
        return window, trouble

    app.make_window = watched
    code = app.run([])
    Path(os.environ["SOFTMAX_GUI_BENCH"]).write_text(json.dumps(REPORT))
    return code


class Frames:
    """Trains at full speed, edits a pixel 30 times a second, pauses and starts again."""

    def __init__(self, window: MainWindow, seconds: float) -> None:
        from PySide6.QtCore import QTimer

        self.window, self.seconds = window, seconds
        self.edit_ms: list[float] = []
        self.gap_ms: list[float] = []
        self.pause_ms: list[float] = []
        self.edited_at = 0.0
        self.tick_at = time.perf_counter()
        self.tick = QTimer(window, interval=1)
        self.edit = QTimer(window, interval=37)
        self.tick.timeout.connect(self._tick)
        self.edit.timeout.connect(self._edit)

    def begin(self) -> None:
        """Starts everything; the end comes by itself."""
        from PySide6.QtCore import QEvent, QObject, QTimer

        frames = self

        class Painted(QObject):
            """Tells when the bars were painted."""

            def eventFilter(self, _bars: QObject, event: QEvent) -> bool:
                if event.type() == QEvent.Type.Paint and frames.edited_at:
                    QTimer.singleShot(0, self, frames._painted)
                return False

        self.painter = Painted(self.window)
        self.window.prediction.bars.installEventFilter(self.painter)
        self.window.speed.set_speed(math.inf)
        self.window.trainer.start_requested.emit()
        QTimer.singleShot(500, self.window, self._measure)

    def _measure(self) -> None:
        from PySide6.QtCore import QTimer

        self.tick_at = time.perf_counter()
        self.begun_at, self.begun = time.perf_counter(), self._step()
        self.tick.start()
        self.edit.start()
        QTimer.singleShot(int(1000 * self.seconds), self.window, self._pauses)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gap_ms.append(1000 * (now - self.tick_at))
        self.tick_at = now

    def _edit(self) -> None:
        from PySide6.QtCore import QPoint, Qt
        from PySide6.QtTest import QTest

        if self.edited_at:
            return
        editor = self.window.draw.editor
        place = len(self.edit_ms) % 4
        x = editor.width() // 2 + (-20, 20)[place % 2]
        y = editor.height() // 2 + (-20, 20)[place // 2]
        button = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)[len(self.edit_ms) // 4 % 2]
        self.edited_at = time.perf_counter()
        QTest.mouseClick(editor, button, Qt.KeyboardModifier.NoModifier, QPoint(x, y))

    def _painted(self) -> None:
        if self.edited_at:
            self.edit_ms.append(1000 * (time.perf_counter() - self.edited_at))
            self.edited_at = 0.0

    def _pauses(self) -> None:
        self.edit.stop()
        self.tick.stop()
        elapsed = time.perf_counter() - self.begun_at
        REPORT["steps_per_s"] = (self._step() - self.begun) / elapsed
        self.window.trainer.state_changed.connect(self._state)
        self._pause()

    def _pause(self) -> None:
        self.paused_at = time.perf_counter()
        self.window.trainer.pause_requested.emit()

    def _state(self, state: Any) -> None:
        from PySide6.QtCore import QTimer

        if state.value == "paused":
            self.pause_ms.append(1000 * (time.perf_counter() - self.paused_at))
            if len(self.pause_ms) == 10:
                REPORT.update(edit_ms=self.edit_ms, gap_ms=self.gap_ms[1:], pause_ms=self.pause_ms)
                _close(self.window)
            else:
                self.window.trainer.start_requested.emit()
        else:
            QTimer.singleShot(83, self.window, self._pause)

    def _step(self) -> int:
        newest = self.window.newest()
        return newest.step if newest else 0


def _when_settled(window: MainWindow, act: Callable[[], None]) -> None:
    """Calls `act` once the compiled loop is ready, as it is a second after every later start."""
    from PySide6.QtCore import QTimer

    from softmax_gui.training import compiling
    from softmax_gui.training.config import DTYPES

    settled = all(map(compiling.ready, DTYPES)) or time.time() - STARTED > 30
    if settled or sys.argv[1] == "start":
        QTimer.singleShot(300, window, act)
    else:
        QTimer.singleShot(50, window, lambda: _when_settled(window, act))


def _close(window: MainWindow) -> None:
    """Ends as a user who wants nothing saved."""
    window.projects.forget_changes()
    window.close()


def _close_in(window: MainWindow, state: str) -> None:
    from PySide6.QtCore import QTimer

    window.speed.set_speed(math.inf)
    if state in {"training", "paused"}:
        window.trainer.start_requested.emit()
    if state == "paused":
        QTimer.singleShot(200, window, window.trainer.pause_requested.emit)
    if state == "loading":
        for _ in range(5):
            window.load("2x2")
    if state == "dialog":
        window.commands["shortcuts"].trigger()

    def close() -> None:
        REPORT["close_at"] = time.time()
        _close(window)

    QTimer.singleShot(0 if state == "loading" else 600, window, close)


def _rss_mb() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
