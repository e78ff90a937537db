"""Proves after each GUI test that no thread, timer or window outlives it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Generator, Hashable, Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from tests.gui.windows import opened

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes a failed test: its traceback keeps widgets alive, which is no news then."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(autouse=True)
def nothing_outlives_the_test(request: pytest.FixtureRequest) -> Generator[None]:
    """Set up before all other fixtures, it looks after all of them have cleaned up."""
    before = living()
    yield
    if not request.node.stash.get(FAILED, False) and (remaining := leftovers(before)):
        pytest.fail(f"Outlives its test: {', '.join(remaining)}.", pytrace=False)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """The window as on the first start, with the 2x2 world in it."""
    with opened(qtbot, tmp_path / "settings.json") as one:
        yield one


def leftovers(before: dict[Hashable, str]) -> list[str]:
    """What lives now and was not in `before`, once what waits for deletion is deleted."""
    remaining: list[str] = []
    for _ in range(3):  # what is deleted may put off the deletion of more
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        remaining = [name for key, name in living().items() if key not in before]
        if not remaining:
            break
        gc.collect()  # 40 ms and more, so only if something is there
    return remaining


def living() -> dict[Hashable, str]:
    """Running threads, active timers and top-level widgets: what tells them apart, and a name.

    Works without a QApplication and makes none. A timer or QThread that Python never had in hand
    is Qt's own business.
    """
    found: dict[Hashable, str] = {}
    for thread in threading.enumerate():
        # A dummy stands for a QThread that ran Python, and stays when that thread has ended.
        if not isinstance(thread, threading._DummyThread):
            found[thread] = f"thread {thread.name}"
    for one in shiboken6.getAllValidWrappers():
        if isinstance(one, QThread) and one.isRunning() and one is not QThread.currentThread():
            found[_key(one)] = f"running {_name(one)}"
        elif isinstance(one, QTimer) and one.isActive():
            found[_key(one)] = f"active {_name(one)} of {_name(one.parent())}"
    if isinstance(QApplication.instance(), QApplication):
        for widget in QApplication.topLevelWidgets():
            if widget.metaObject().className() != "QTipLabel":  # a tool tip goes when Qt likes
                found[_key(widget)] = f"top-level {_name(widget)}"
    return found


def _key(one: QObject) -> Hashable:
    """Tells objects apart; the wrapper would not do, since Qt's own objects get new ones."""
    return type(one), shiboken6.getCppPointer(one)


def _name(one: QObject | None) -> str:
    return f"{type(one).__name__} {one.objectName()}".rstrip() if one else "nobody"
