"""The app as a user starts it, in a process of its own: brought into a state, then ended there."""

from __future__ import annotations

import contextlib
import faulthandler
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QPushButton

from softmax_gui.gui import app
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.training import compiling as loop
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import RunState
from tests.gui.windows import find

Conditions = Iterator[Callable[[], bool]]


def idle(window: MainWindow) -> Conditions:
    yield lambda: window.newest() is not None


def starting(_window: MainWindow) -> Conditions:
    yield lambda: True


def running(window: MainWindow) -> Conditions:
    yield from idle(window)
    window.speed.set_speed(math.inf)
    window.commands["train"].trigger()
    yield lambda: _steps(window) > 50


def paused(window: MainWindow) -> Conditions:
    yield from running(window)
    window.commands["train"].trigger()
    yield lambda: window._state is RunState.PAUSED


def slow(window: MainWindow) -> Conditions:
    yield from idle(window)
    window.speed.set_speed(1)
    window.commands["train"].trigger()
    yield lambda: _steps(window) > 0


def loading(window: MainWindow) -> Conditions:
    yield from idle(window)
    for source in ("digits", "2x2", "iris", "2x2"):
        window.load(source)


def message(window: MainWindow) -> Conditions:
    yield from idle(window)
    window.messages.show_message(Tone.WARNING, "Too fast.", "Use 0.1", lambda: None)


def shortcuts(window: MainWindow) -> Conditions:
    yield from running(window)
    yield from _with_dialog(window, "shortcuts")


def export(window: MainWindow) -> Conditions:
    yield from running(window)
    yield from _with_dialog(window, "export_weights")


def stuck(window: MainWindow) -> Conditions:
    """A step that never returns."""
    yield from idle(window)
    entered: list[bool] = []

    def advance(*_: object, **__: object) -> None:
        entered.append(True)
        time.sleep(3600)

    TrainingSession.advance = advance  # type: ignore[method-assign]
    window.commands["train"].trigger()
    yield lambda: bool(entered)


def compiling(window: MainWindow) -> Conditions:
    """While a process of its own compiles the loop, into a folder that is empty."""
    yield from idle(window)
    loop.prepare()
    yield from running(window)


def unsaved(window: MainWindow) -> Conditions:
    """An example was drawn, and the autosave has kept it."""
    yield from drawn(window)
    window.projects.keep_unsaved()
    yield lambda: window.projects.saving.autosave.mark is not None


def drawn(window: MainWindow) -> Conditions:
    """An example was drawn, and nothing has kept it."""
    yield from paused(window)
    window.drawn.label_field.setEditText("cat")
    window.drawing.add()
    yield lambda: window.drawing.drawn.m == 1


def offered(window: MainWindow) -> Conditions:
    """What a crash left behind is offered."""
    yield from idle(window)
    yield lambda: "recovered" in window.messages.text() or "changes to" in window.messages.text()


def recovered(window: MainWindow) -> Conditions:
    """The offer was taken."""
    yield from offered(window)
    find(window.messages, QPushButton, "Recover").click()
    yield lambda: " is open, at step " in window.messages.text()
    print("examples", window.drawing.drawn.m, flush=True)
    window.projects.forget_changes()  # or closing would ask


def discarded(window: MainWindow) -> Conditions:
    """The offer was turned down."""
    yield from offered(window)
    find(window.messages, QPushButton, "Discard").click()
    yield lambda: not window.errands.busy


STATES = (
    starting,
    idle,
    running,
    paused,
    slow,
    loading,
    message,
    shortcuts,
    export,
    stuck,
    compiling,
)
AFTER_A_CRASH = (drawn, unsaved, offered, recovered, discarded)


def _with_dialog(window: MainWindow, command: str) -> Conditions:
    QTimer.singleShot(0, window, window.commands[command].trigger)  # it may not return
    yield lambda: QApplication.activeModalWidget() is not None


def _steps(window: MainWindow) -> int:
    newest = window.newest()
    return newest.step if newest else 0


def _end(window: MainWindow, end: str) -> None:
    print("ready", window.messages.text(), flush=True)
    if end == "close":
        window.close()
    elif end == "abort":
        with contextlib.suppress(ImportError):  # Windows
            import resource

            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.abort()


def main(state: str, end: str) -> int:
    """Goes from condition to condition of a state, then closes, aborts, or waits for a signal."""
    steps = {one.__name__: one for one in (*STATES, *AFTER_A_CRASH)}[state]
    make_window = app.make_window

    def watched(path: Path) -> tuple[MainWindow, str]:
        window, trouble = make_window(path)
        conditions = steps(window)
        now = [next(conditions)]
        poll = QTimer(window, interval=5)

        def look() -> None:
            if not now[0]():
                return
            after = next(conditions, None)
            if after is None:
                poll.stop()
                _end(window, end)
            else:
                now[0] = after

        poll.timeout.connect(look)
        poll.start()
        return window, trouble

    app.make_window = watched
    prepare, loop.prepare = loop.prepare, lambda: None  # compiling takes seconds
    if state == "compiling":
        loop.prepare = prepare
    faulthandler.dump_traceback_later(50, exit=True)
    return app.run([])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
