"""A field takes what its rule allows, says what it refuses, and steps as people count."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.number_field import NumberField, Rule
from tests.gui.hand import heard
from tests.gui.windows import write

RATE = Rule(above_low=True, smallest=1e-6)
COUNT = Rule(low=1, high=999, whole=True)
SHARE = Rule(high=1.0, below_high=True, step=0.1)
PENALTY = Rule(smallest=1e-6)


@pytest.fixture
def home(qtbot: QtBot) -> QWidget:
    """An active window; with two fields in it, focus has somewhere to go."""
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    return window


def field(home: QWidget, rule: Rule, value: float) -> NumberField:
    one, other = NumberField(rule, home), NumberField(rule, home)
    other.move(0, 40)
    for widget in (one, other):
        widget.show()
    one.set_value(value)
    one.setFocus()
    return one


def turn(widget: QWidget, notches: int) -> bool:
    """The wheel over the middle of a widget; whether it was used there."""
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at, QPointF(widget.mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QCoreApplication.sendEvent(widget, event)
    return event.isAccepted()


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (RATE, "0"), (RATE, "-1"), (RATE, "nan"), (RATE, "inf"), (RATE, "-inf"), (RATE, "1e999"),
        (RATE, "text"), (RATE, "1_000"), (RATE, ""), (RATE, "0.1.2"), (RATE, "0x10"),
        (COUNT, "0"), (COUNT, "1000"), (COUNT, "2.5"), (COUNT, "1,5"), (COUNT, "1,000"),
        (SHARE, "1"), (SHARE, "1.5"), (SHARE, "-0.1"), (PENALTY, "-1e-9"), (PENALTY, "infinity"),
    ],
)  # fmt: skip
def test_that_what_the_rule_forbids_is_refused_with_a_sentence(
    home: QWidget, rule: Rule, text: str
) -> None:
    one = field(home, rule, 1.0 if rule is COUNT else 0.5)
    edited, refused, before = heard(one.value_edited), heard(one.refused), one.text()
    write(one, text)
    assert edited == []
    assert (one.value(), one.text()) == (float(before), before)
    [(sentence,)] = refused
    assert f'"{text}" is not a' in sentence
    assert sentence.endswith(f"{before} stays.")


@pytest.mark.parametrize(
    ("rule", "text", "value", "shown"),
    [
        (RATE, "0,05", 0.05, "0.05"), (RATE, "0.05", 0.05, "0.05"), (RATE, " 0.05 ", 0.05, "0.05"),
        (RATE, "1e6", 1e6, "1e+06"), (RATE, "1e30", 1e30, "1e+30"), (RATE, "1E-3", 1e-3, "0.001"),
        (RATE, ".5", 0.5, "0.5"), (COUNT, "64", 64, "64"), (COUNT, "1e2", 100, "100"),
        (COUNT, "64.0", 64, "64"), (SHARE, "0.999", 0.999, "0.999"), (PENALTY, "0", 0, "0"),
    ],
)  # fmt: skip
def test_that_point_comma_and_exponent_are_understood(
    home: QWidget, rule: Rule, text: str, value: float, shown: str
) -> None:
    one = field(home, rule, 0.25)
    edited, refused = heard(one.value_edited), heard(one.refused)
    write(one, text)
    assert (edited, refused) == ([(value,)], [])
    assert (one.value(), one.text()) == (value, shown)


def test_that_the_keys_step_a_rate_by_1_2_5(home: QWidget) -> None:
    one = field(home, RATE, 0.1)
    edited = heard(one.value_edited)
    for _ in range(4):
        QTest.keyClick(one, Qt.Key.Key_Up)
    for _ in range(6):
        QTest.keyClick(one, Qt.Key.Key_Down)
    ladder = [0.2, 0.5, 1.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02]
    assert [value for (value,) in edited] == ladder


@pytest.mark.parametrize(
    ("rule", "value", "up", "down"),
    [
        (COUNT, 32, 50, 20), (COUNT, 1, 2, 1), (COUNT, 999, 999, 500), (SHARE, 0.9, 0.9, 0.8),
        (SHARE, 0.0, 0.1, 0.0), (PENALTY, 0.0, 1e-6, 0.0), (PENALTY, 1e-6, 2e-6, 0.0),
        (RATE, 1e-6, 2e-6, 1e-6), (RATE, 0.3, 0.5, 0.2),
    ],
)  # fmt: skip
def test_that_stepping_stays_inside_the_rule(
    home: QWidget, rule: Rule, value: float, up: float, down: float
) -> None:
    one = field(home, rule, value)
    QTest.keyClick(one, Qt.Key.Key_Up)
    assert one.value() == up
    one.set_value(value)
    QTest.keyClick(one, Qt.Key.Key_Down)
    assert one.value() == down


def test_that_an_arrow_steps_from_what_is_typed(home: QWidget) -> None:
    one = field(home, RATE, 0.1)
    QTest.keyClick(one, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(one, "5")
    QTest.keyClick(one, Qt.Key.Key_Up)
    assert one.value() == 10


def test_that_the_wheel_without_focus_changes_nothing(home: QWidget) -> None:
    one = field(home, RATE, 0.1)
    other = home.findChildren(NumberField)[1]
    other.setFocus()
    assert not turn(one, 1)  # the panel around may scroll
    assert one.value() == 0.1
    one.setFocus()
    assert turn(one, 1)
    assert one.value() == 0.2


def test_that_leaving_the_field_takes_what_was_typed(home: QWidget) -> None:
    one = field(home, RATE, 0.1)
    edited = heard(one.value_edited)
    write(one, "0.3", Qt.Key.Key_Tab)
    assert not one.hasFocus()
    assert edited == [(0.3,)]


def test_that_digits_of_another_script_are_refused(home: QWidget) -> None:
    one = field(home, RATE, 0.1)
    refused = heard(one.refused)
    one.lineEdit().setText("٣")  # float() would make 3 of it
    QTest.keyClick(one, Qt.Key.Key_Return)
    assert one.value() == 0.1
    assert len(refused) == 1


def test_that_setting_a_value_says_nothing(home: QWidget) -> None:
    one = field(home, RATE, 0.1)
    edited = heard(one.value_edited)
    one.set_value(3.0)
    QTest.keyClick(one, Qt.Key.Key_Return)
    assert edited == []
    assert one.text() == "3"


def test_that_confirming_an_unchanged_rounded_value_keeps_all_its_digits(home: QWidget) -> None:
    one = field(home, RATE, 1 / 3)
    write(one, one.text())
    assert one.value() == 1 / 3


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet="0123456789.,-+eE _naif", max_size=12))
def test_that_whatever_is_typed_the_value_obeys_the_rule(qtbot: QtBot, text: str) -> None:
    for rule, start in ((RATE, 0.1), (COUNT, 2.0), (SHARE, 0.5)):
        one = NumberField(rule)
        one.set_value(start)
        one.lineEdit().setText(text)
        QTest.keyClick(one, Qt.Key.Key_Return)
        assert rule.allows(one.value())
        one.deleteLater()


@given(
    value=st.floats(1e-6, 1e12), steps=st.integers(-40, 40), rule=st.sampled_from([RATE, PENALTY])
)
def test_that_steps_keep_their_direction(value: float, steps: int, rule: Rule) -> None:
    moved = rule.stepped(value, steps)
    assert math.copysign(1, moved - value) == math.copysign(1, steps) or moved == value
    assert rule.allows(moved)
