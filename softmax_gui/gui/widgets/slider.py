"""A slider over real numbers, with its name and its value beside it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from softmax_gui.gui import theme


class ValueSlider(QWidget):
    """low to high in equal steps; arrow keys, wheel and mouse move it."""

    value_edited = Signal(float)  # by the user, never by set_value

    def __init__(
        self,
        low: float,
        high: float,
        step: float,
        value: float,
        write: Callable[[float], str] = "{:.2f}".format,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._low, self._step, self._write = low, step, write
        self._name, self._shown = QLabel(), QLabel()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, round((high - low) / step))
        self._shown.setFont(theme.tabular(self.font()))
        self._shown.setAlignment(Qt.AlignmentFlag.AlignRight)
        widest = max((write(low), write(high)), key=len)
        self._shown.setMinimumWidth(self.fontMetrics().horizontalAdvance(widest + "0"))
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(0)
        layout.addWidget(self._name, 0, 0)
        layout.addWidget(self._shown, 0, 1)
        layout.addWidget(self._slider, 1, 0, 1, 2)
        self.setFocusProxy(self._slider)
        self.set_value(value)
        self._slider.valueChanged.connect(self._moved)

    def value(self) -> float:
        """The number the slider stands at."""
        return round(self._low + self._slider.value() * self._step, 10)

    def set_value(self, value: float) -> None:
        """Moves the slider; emits nothing."""
        self._slider.blockSignals(True)
        self._slider.setValue(round((value - self._low) / self._step))
        self._slider.blockSignals(False)
        self._shown.setText(self._write(self.value()))

    def set_texts(self, name: str, tip: str) -> None:
        """The name beside the slider, read aloud too, and its tool tip."""
        self._name.setText(name)
        self._slider.setAccessibleName(name)
        self.setToolTip(tip)

    def _moved(self) -> None:
        self._shown.setText(self._write(self.value()))
        self.value_edited.emit(self.value())
