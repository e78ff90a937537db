"""The guard against a PySide6 that miscounts references, and the guard around GUI tests."""

from __future__ import annotations

import sys
import threading

import pytest
from PySide6.QtCore import QThread, QTimer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.gui.guard import EMITS, BrokenPySide, check_pyside
from tests.gui.conftest import leftovers, living

mortal = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="True and None are immortal from Python 3.12 on"
)


def test_that_the_installed_pyside_keeps_count_of_references() -> None:
    before = sys.getrefcount(True), sys.getrefcount(None)
    for _ in range(10):
        check_pyside()
    after = sys.getrefcount(True), sys.getrefcount(None)
    assert after == pytest.approx(before, abs=EMITS)


@mortal
@pytest.mark.parametrize("value", [True, None])
def test_that_a_reference_left_behind_at_each_emit_is_noticed(value: bool | None) -> None:
    held: list[bool | None] = []
    with pytest.raises(BrokenPySide, match=r"PySide6 6\.\d+"):
        check_pyside(lambda: held.append(value))


@mortal
def test_that_a_reference_lost_at_each_emit_is_noticed() -> None:
    held = [True] * (EMITS + 1)
    with pytest.raises(BrokenPySide):
        check_pyside(held.pop)
    assert held == []


@mortal
def test_that_a_few_references_taken_meanwhile_are_no_alarm() -> None:
    source, held = iter([True] * 5), []
    check_pyside(lambda: held.append(next(source, 0)))
    assert held.count(True) == 5


def test_that_a_running_thread_of_qt_is_called_a_leftover(qapp: object) -> None:
    before, thread = living(), QThread()
    thread.setObjectName("trainer")
    thread.start()
    assert leftovers(before) == ["running QThread trainer"]
    thread.quit()
    thread.wait()
    assert leftovers(before) == []


def test_that_a_running_thread_of_python_is_called_a_leftover() -> None:
    before, end = living(), threading.Event()
    thread = threading.Thread(target=end.wait, name="reader")
    thread.start()
    assert leftovers(before) == ["thread reader"]
    end.set()
    thread.join()
    assert leftovers(before) == []


def test_that_an_active_timer_is_called_a_leftover(qapp: object) -> None:
    before, timer = living(), QTimer()
    timer.setObjectName("pulse")
    assert leftovers(before) == []
    timer.start(1000)
    assert leftovers(before) == ["active QTimer pulse of nobody"]
    timer.stop()
    assert leftovers(before) == []


def test_that_a_window_is_a_leftover_until_its_deletion_is_done(qtbot: QtBot) -> None:
    before, window = living(), QWidget()
    window.setObjectName("window")
    assert leftovers(before) == ["top-level QWidget window"]
    window.deleteLater()
    assert leftovers(before) == []
