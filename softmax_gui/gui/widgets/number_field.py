"""A field for one number: typed with point or comma, stepped 1-2-5 or evenly, never silent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from softmax_gui.gui import theme
from softmax_gui.i18n import tr


@dataclass(frozen=True)
class Rule:
    """Which numbers a field takes, and how its arrows step.

    Attributes:
        low: smallest value; itself allowed unless `above_low`.
        high: largest value; itself allowed unless it is where `below_high` begins.
        step: what an arrow adds; None steps 1, 2, 5, 10 ... (and 0 below `smallest`).
        smallest: the smallest positive value that 1-2-5 stepping reaches.
    """

    low: float = 0.0
    high: float = math.inf
    above_low: bool = False
    below_high: bool = False
    whole: bool = False
    step: float | None = None
    smallest: float = 1e-6

    def allows(self, value: float) -> bool:
        """Whether `value` is one of them; NaN and infinity never are."""
        if not math.isfinite(value) or (self.whole and value != int(value)):
            return False
        low = value > self.low if self.above_low else value >= self.low
        return low and (value < self.high if self.below_high else value <= self.high)

    def stepped(self, value: float, steps: int) -> float:
        """The value `steps` arrows further, kept inside the rule."""
        for _ in range(abs(steps)):
            moved = self._one_step(value, 1 if steps > 0 else -1)
            if not self.allows(moved):
                break
            value = moved
        return value

    def _one_step(self, value: float, sign: int) -> float:
        if self.step is not None:
            return round(value + sign * self.step, 10)
        floor = 1.0 if self.whole else self.smallest
        if value <= floor * (1 + 1e-9):
            return (floor if value <= 0 else _next_125(value, 1)) if sign > 0 else self.low
        return _next_125(value, sign)


def _next_125(value: float, sign: int) -> float:
    exponent = math.floor(math.log10(value))
    ladder = [m * 10.0 ** (exponent + k) for k in (-1, 0, 1) for m in (1, 2, 5)]
    if sign > 0:
        found = next(rung for rung in ladder if rung > value * (1 + 1e-9))
    else:
        found = next(rung for rung in reversed(ladder) if rung < value * (1 - 1e-9))
    return float(f"{found:.6g}")


class NumberField(QAbstractSpinBox):
    """One number under a Rule; keeps the last good value while something else is typed."""

    value_edited = Signal(float)  # by the user, never by set_value
    refused = Signal(str)  # a sentence: what was typed, what is wanted

    def __init__(self, rule: Rule, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rule, self._value = rule, max(rule.low, 0.0)
        self._suffix_text = ""
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFont(theme.tabular(self.font()))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # a wheel in passing changes nothing
        self.editingFinished.connect(self.commit)

    def value(self) -> float:
        """The last good value."""
        return self._value

    def set_value(self, value: float) -> None:
        """Shows `value`; emits nothing."""
        self._value = value
        self.lineEdit().setText(self._text())

    def stepBy(self, steps: int) -> None:
        """Qt's call for arrows, wheel and keys."""
        self.commit()
        self._take(self._rule.stepped(self._value, steps))
        self.selectAll()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        """Qt's question which arrows work."""
        flags = QAbstractSpinBox.StepEnabledFlag
        none = flags.StepNone
        up = flags.StepUpEnabled if self._rule.stepped(self._value, 1) != self._value else none
        down = flags.StepDownEnabled if self._rule.stepped(self._value, -1) != self._value else none
        return up | down

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Qt's question: everything may be typed; what it means is decided when it is done."""
        return QValidator.State.Acceptable, text, position

    def sizeHint(self) -> QSize:
        """Qt's question: room for nine characters."""
        hint = super().sizeHint()
        return QSize(self.fontMetrics().horizontalAdvance("0.00000001") + 36, hint.height())

    def minimumSizeHint(self) -> QSize:
        """Qt's question; as the wish."""
        return self.sizeHint()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Qt's call; without focus the wheel scrolls the panel instead."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def commit(self) -> None:
        """Takes what is typed, as Enter does; without a change it does nothing."""
        text = self.lineEdit().text().strip()
        if text == self._text():
            return
        value = self._number(text)
        if value is None or not self._rule.allows(value):
            self.lineEdit().setText(self._text())
            message = tr('"{text}" is not {wanted}; {value} stays.')
            self.refused.emit(
                message.format(text=text[:40], wanted=self._wanted(), value=self._text())
            )
            return
        self._take(value)

    def _number(self, text: str) -> float | None:
        # float() takes 1_000 and Arabic digits; 1,000 is a thousand to some and one to others.
        if not text.isascii() or "_" in text or (self._rule.whole and "," in text):
            return None
        try:
            return float(text.replace(",", "."))
        except ValueError:
            return None

    def _take(self, value: float) -> None:
        if value != self._value:
            self.set_value(value)
            self.value_edited.emit(value)
        else:
            self.lineEdit().setText(self._text())

    def _text(self) -> str:
        return f"{int(self._value)}" if self._rule.whole else f"{self._value:.6g}"

    def _wanted(self) -> str:
        rule = self._rule
        if rule.whole:
            message = tr("a whole number from {low:.0f} to {high:.0f}")
            return message.format(low=rule.low, high=rule.high)
        if math.isfinite(rule.high):
            message = tr("a number from {low:g} to below {high:g}")
            return message.format(low=rule.low, high=rule.high)
        if rule.above_low:
            return tr("a positive finite number")
        return tr("a finite number from {low:g}").format(low=rule.low)
