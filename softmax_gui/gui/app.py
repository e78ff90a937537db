"""Starts the window: guards first, then Qt, then everything that may go wrong later."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import platformdirs
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from softmax_gui.files import remove_leftovers
from softmax_gui.gui.guard import check_pyside
from softmax_gui.gui.icons import app_icon
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.settings import load_settings, settings_path
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.i18n import tr
from softmax_gui.training import compiling

PREPARE_MS = 250  # after the first paint: the compiled loop is made ready
SIGNAL_MS = 200  # Python runs at least so often, so that Ctrl+C and SIGTERM are heard
log = logging.getLogger("softmax_gui")


def run(arguments: list[str], file: str = "") -> int:
    """Shows the window, with a file or folder opened in it, until it is closed.

    Returns:
        The exit code.
    """
    check_pyside()
    app = make_application(arguments)
    crashed = _watch_native_crashes()
    window, trouble = make_window(settings_path())
    _catch_exceptions(window)
    _close_on_signals(window)
    window.show()
    if crashed:
        text = tr("The last run crashed. The report is in {path}.")
        window.messages.show_message(Tone.WARNING, text.format(path=crashed))
    elif trouble:
        window.messages.show_message(Tone.WARNING, trouble)
    window.projects.offer_recovery()
    if file:  # after the first data, which it then takes the place of
        QTimer.singleShot(0, window, lambda: window.importing.open(Path(file)))
    QTimer.singleShot(PREPARE_MS, window, lambda: _prepare(window.files.folder))
    code = app.exec()
    if any(one.is_stuck() for one in (window.trainer, window.importing, window.errands)):
        os._exit(code)  # a call that never returns holds the thread; everything is saved
    return code


def _prepare(folder: str) -> None:
    """What can wait until the window is there: the compiled loop, and what a crash left behind."""
    compiling.prepare()
    for place in {str(settings_path().parent), folder} - {""}:
        # On a thread of its own: the folder may be on a network share that is gone.
        threading.Thread(target=remove_leftovers, args=(place,), daemon=True).start()


def make_application(arguments: list[str]) -> QApplication:
    """The QApplication, with the app's name, style and icon."""
    app = QApplication(["softmax-gui", *arguments])
    app.setApplicationName("softmax-gui")
    app.setApplicationDisplayName("Softmax GUI")
    app.setDesktopFileName("softmax-gui")
    app.setStyle("Fusion")  # the one style that takes a palette of our own everywhere
    app.setWindowIcon(app_icon())
    return app


def make_window(path: Path) -> tuple[MainWindow, str]:
    """The window with the settings kept at `path`, and a sentence when they were damaged."""
    settings, trouble = load_settings(path)
    return MainWindow(settings, path), trouble


def _log_folder() -> Path | None:
    folder = platformdirs.user_log_path("softmax-gui", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None  # no home, or one that can't be written: the app runs all the same
    return folder


def _watch_native_crashes() -> Path | None:
    """Logs to files from now on; returns the report of a crash before this start."""
    folder = _log_folder()
    if folder is None:
        return None
    before = _last_crash(folder)
    try:
        now = (folder / f"crash-{os.getpid()}.txt").open("w", encoding="utf-8")
    except OSError:
        return before  # a folder that may only be read
    faulthandler.enable(now, all_threads=True)
    handler = RotatingFileHandler(folder / "softmax-gui.log", maxBytes=1 << 20, backupCount=1,
                                  encoding="utf-8", delay=True)  # fmt: skip
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    return before


def _last_crash(folder: Path) -> Path | None:
    """Takes away the reports of processes that have ended; the last that says something is kept."""
    before = None
    for report in folder.glob("crash-[0-9]*.txt"):
        # OSError: Windows, where a process that still runs has it open. ValueError: not our name.
        with contextlib.suppress(OSError, ValueError):
            if _alive(report):
                continue
            if report.stat().st_size:
                before = report.replace(folder / "crash-last.txt")
            else:
                report.unlink()
    return before


def _alive(report: Path) -> bool:
    pid = int(report.stem.partition("-")[2])
    if sys.platform == "win32" or pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _catch_exceptions(window: MainWindow) -> None:
    """What no one caught is logged and said, the same fault once; the window lives on."""
    told: set[tuple[type[BaseException], int]] = set()

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        last = trace
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        place = (kind, id(last.tb_frame.f_code) + last.tb_lineno if last else 0)
        if place in told:  # a paint event repeats 60 times a second
            return
        told.add(place)
        log.error("uncaught", exc_info=(kind, error, trace))
        sys.__excepthook__(kind, error, trace)
        QTimer.singleShot(0, window, lambda: window.narrator.tell_failure(error))

    sys.excepthook = hook


def _close_on_signals(window: MainWindow) -> None:
    def close(_number: int, _frame: object) -> None:
        QTimer.singleShot(0, window, window.projects.leave)  # not now: this may be in a paint event

    signal.signal(signal.SIGINT, close)
    signal.signal(signal.SIGTERM, close)
    heartbeat = QTimer(window, interval=SIGNAL_MS)
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start()
