"""How fast it may train: from one step a second, to watch, to as fast as it goes."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.i18n import tr

FIRST = 1000  # fast enough to be done in seconds, slow enough to watch the curve fall
SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, math.inf)  # steps a second


class SpeedControl(LivingWidget):
    """A slider over SPEEDS; the right end is full speed."""

    speed_changed = Signal(float)  # steps a second; infinite at full speed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._caption, self._shown = QLabel(), QLabel()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, len(SPEEDS) - 1)
        self._slider.setValue(SPEEDS.index(FIRST))
        self._slider.setFixedWidth(130)
        self._slider.setPageStep(1)
        self._shown.setFont(theme.tabular(self.font()))
        self._slider.valueChanged.connect(self._moved)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 0)
        for widget in (self._caption, self._slider, self._shown):
            layout.addWidget(widget)
        self.setFocusProxy(self._slider)
        self.retranslate()

    def speed(self) -> float:
        """Steps a second; infinite at full speed."""
        return SPEEDS[self._slider.value()]

    def set_speed(self, speed: float) -> None:
        """One of SPEEDS, as if the slider had been moved there."""
        self._slider.setValue(SPEEDS.index(speed))

    def slower(self) -> None:
        """One notch to the left."""
        self._slider.setValue(self._slider.value() - 1)

    def faster(self) -> None:
        """One notch to the right."""
        self._slider.setValue(self._slider.value() + 1)

    def retranslate(self) -> None:
        """Sets every text."""
        self._caption.setText(tr("Speed"))
        self._slider.setAccessibleName(tr("Speed"))
        self.setToolTip(tr("From one step a second, to watch, to as fast as it goes."))
        width = self._shown.fontMetrics().horizontalAdvance(self._text(10000) + "0")
        self._shown.setMinimumWidth(width)
        self._shown.setText(self._text(self.speed()))

    def _moved(self) -> None:
        self._shown.setText(self._text(self.speed()))
        self.speed_changed.emit(self.speed())

    def _text(self, speed: float) -> str:
        if math.isinf(speed):
            return tr("full speed")
        if speed == 1:
            return tr("1 step/s")
        return tr("{speed:,} steps/s").format(speed=int(speed))
