"""A real window and its trainer in one process: phases with and without drawing, by turns."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from softmax_gui.training.config import DTYPES, TrainConfig
from softmax_gui.training.session import TrainingSession
from tests.bench.engine import problems
from tests.bench.engine.child import Answer, Ask, Say
from tests.bench.engine.product import whole_split

DRAWN, PUBLISHED, ALONE = "drawn", "published", "alone"
SETTLE_S = 0.2  # after a switch, before counting
LOAD_LIMIT_S = 120.0


class Bench:
    """The window, loaded and training at full speed."""

    def __init__(self, options: dict[str, Any]) -> None:
        from softmax_gui.gui import app

        _drop_what_offscreen_says()
        self._app = app.make_application([])
        self._window, _ = app.make_window(Path(options["folder"]) / "settings.json")
        self._window.show()
        self._frames = _count_paints(self._window.prediction.bars)  # once a frame
        _compile()
        self._window.load(options["source"])
        self._wait_for(lambda: self._window._source == options["source"])
        self._window.wishes.adjust(
            {"batch_size": options["batch"], "learning_rate": options["learning_rate"]}
        )
        self._window.speed.set_speed(math.inf)
        self._window.trainer.start_requested.emit()
        self._wait_for(lambda: self._step() > 100)

    def close(self) -> None:
        """As a user closes it."""
        self._window.projects.forget_changes()
        self._window.close()

    def report(self) -> Answer:
        """Where it is drawn, and by what it trains."""
        newest = self._window.newest()
        device = f"{newest.device.label}, {newest.config.dtype}" if newest else "nothing"
        return {"platform": self._app.platformName(), "device": device}

    def phase(self, seconds: float, mode: str) -> tuple[float, float]:
        """Steps a second and frames a second.

        DRAWN is what a user has; PUBLISHED makes the snapshots, which nobody draws; ALONE makes
        none, so that the thread does nothing but train.
        """
        worker, ready = self._window.trainer._worker, self._window.trainer.snapshot_ready
        worker.FRAME_S = math.inf if mode == ALONE else type(worker).FRAME_S
        if mode != DRAWN:
            ready.disconnect(self._window.keep)
        try:
            return self._count_steps(seconds)
        finally:
            if mode != DRAWN:
                ready.connect(self._window.keep)

    def _count_steps(self, seconds: float) -> tuple[float, float]:
        self._spin(SETTLE_S)
        begun, frames, started = self._step(), self._frames(), time.perf_counter()
        self._spin(seconds)
        taken = time.perf_counter() - started
        steps = self._step() - begun
        if not steps:
            raise RuntimeError(f"the run stopped: {self._window._state.value}")
        return steps / taken, (self._frames() - frames) / taken

    def _step(self) -> int:
        session: Any = self._window.trainer._worker._session
        return int(session._step) if session else 0  # a whole number: safe to read from here

    def _spin(self, seconds: float) -> None:
        """Lets Qt run, asleep between its events as in exec()."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + LOAD_LIMIT_S
        while not condition():
            self._spin(0.05)
            if time.monotonic() > end:
                raise RuntimeError("the window did not load the data")


def make(name: str, options: dict[str, Any], say: Say) -> Ask:
    """options: source, batch, learning_rate, folder, phase_s."""
    bench = Bench(options)
    say(bench.report())
    order = [DRAWN, PUBLISHED, ALONE]

    def ask(_: Answer) -> Answer:
        order.append(order.pop(0))  # what drifts favours none
        rates = {mode: bench.phase(options["phase_s"], mode) for mode in order}
        found: Answer = {mode: steps for mode, (steps, _) in rates.items()}
        return found | {"frames_per_s": rates[DRAWN][1]}

    return ask


def _count_paints(widget: Any) -> Callable[[], int]:
    """How often it has been painted since this call."""
    from PySide6.QtCore import QEvent, QObject

    class Counter(QObject):
        """Sees each event of the widget."""

        count = 0

        def eventFilter(self, _widget: QObject, event: QEvent) -> bool:
            self.count += event.type() == QEvent.Type.Paint
            return False

    counter = Counter(widget)
    widget.installEventFilter(counter)
    return lambda: counter.count


def _compile() -> None:
    """Both types, so that the run takes the compiled loop at once, as after every later start."""
    X, labels = problems.drawn(100, 4, 3)
    for dtype in DTYPES:
        config = TrainConfig(device="compiled", dtype=dtype)
        TrainingSession(whole_split(X, labels), config).advance(steps=1)


def _drop_what_offscreen_says() -> None:
    """It complains of each window that it can't size."""
    from PySide6.QtCore import qInstallMessageHandler

    def tell(_kind: object, _context: object, text: str) -> None:
        if "This plugin does not support" not in text:
            print(text, file=sys.stderr)

    qInstallMessageHandler(tell)
