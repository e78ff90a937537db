"""Looks at start whether this PySide6 counts references right, before a miscount aborts the app.

PySide6 6.12.0 on Python 3.11 gives up one reference to True at every Signal.emit() and one to
None at other calls, until the interpreter aborts with bool_dealloc or none_dealloc. From Python
3.12 on both are immortal, and the fault, if it is there, is harmless.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Callable

import PySide6
from PySide6.QtCore import QObject, Signal

from softmax_gui.i18n import tr

EMITS = 100
TOLERANCE = 20  # what another thread may take or give back meanwhile; the fault costs 100


class BrokenPySide(RuntimeError):
    """The installed PySide6 would abort this process before long."""


class _Emitter(QObject):
    """Sends True and None to a slot of its own, as widgets do all day."""

    toggled = Signal(bool)
    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.toggled.connect(self._hear)
        self.changed.connect(self._hear)

    def _hear(self, value: object) -> None:
        pass

    def emit_both(self) -> None:
        self.toggled.emit(True)
        self.changed.emit(None)


def check_pyside(emit: Callable[[], object] | None = None) -> None:
    """Emits some signals and compares how often True and None are referred to; under 1 ms.

    Args:
        emit: called EMITS times instead of emitting Qt signals, by a test.

    Raises:
        BrokenPySide: references were lost or left behind.
    """
    emit = emit or _Emitter().emit_both
    emit()  # what is made once, at the first call, is no leak
    before = [sys.getrefcount(one) for one in (True, None)]
    for _ in range(EMITS):
        emit()
    lost = [old - sys.getrefcount(one) for old, one in zip(before, (True, None), strict=True)]
    if max(map(abs, lost)) > TOLERANCE:
        _give_back(lost[0])
        raise BrokenPySide(
            tr(
                "PySide6 {pyside} loses count of references on Python {python} and would abort "
                "Softmax GUI before long: install PySide6-Essentials 6.11, or use Python 3.12."
            ).format(pyside=PySide6.__version__, python=platform.python_version())
        )


def _give_back(count: int) -> None:
    """Lets this process live until it has said what is wrong; without it, it aborts at exit."""
    for _ in range(count):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(True))
