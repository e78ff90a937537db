"""One message at a time, plain text, and the button that mends what it tells."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import MessageBar, Tone
from tests.gui.windows import LEFT, find, shown_texts


def bar(qtbot: QtBot) -> MessageBar:
    one = MessageBar()
    qtbot.addWidget(one)
    return one


@pytest.mark.parametrize("tone", list(Tone))
def test_that_a_message_shows_sign_and_text(qtbot: QtBot, tone: Tone) -> None:
    one = bar(qtbot)
    assert one.isHidden()
    assert one.text() == ""
    one.show_message(tone, "Something happened.")
    assert one.isVisible()
    assert shown_texts(one) == [tone.value, "Something happened."]
    assert one.accessibleDescription() == "Something happened."
    assert (one.tone(), one.text()) == (tone, "Something happened.")
    assert not one.grab().toImage().isNull()


def test_that_the_signs_of_the_tones_differ() -> None:
    assert len({tone.value for tone in Tone}) == len(Tone)


@pytest.mark.parametrize("by", ["mouse", "key"])
def test_that_a_message_is_closed_by_hand(qtbot: QtBot, by: str) -> None:
    one = bar(qtbot)
    one.show_message(Tone.ERROR, "Something happened.")
    close = find(one, QToolButton, "Close the message")
    if by == "mouse":
        QTest.mouseClick(close, LEFT)
    else:
        QTest.keyClick(close, Qt.Key.Key_Space)
    assert one.isHidden()
    assert one.text() == ""


@pytest.mark.parametrize("by", ["mouse", "key"])
def test_that_the_button_acts_once_and_closes_the_bar(qtbot: QtBot, by: str) -> None:
    one, done = bar(qtbot), []
    one.show_message(Tone.WARNING, "Too fast.", "Use 0.1", lambda: done.append(0.1))
    button = find(one, QPushButton, "Use 0.1")
    if by == "mouse":
        QTest.mouseClick(button, LEFT)
    else:
        QTest.keyClick(button, Qt.Key.Key_Space)
    assert done == [0.1]
    assert one.isHidden()


def test_that_an_action_may_show_the_next_message(qtbot: QtBot) -> None:
    one = bar(qtbot)
    one.show_message(Tone.WARNING, "First.", "Go", lambda: one.show_message(Tone.DONE, "Second."))
    QTest.mouseClick(find(one, QPushButton, "Go"), LEFT)
    assert one.text() == "Second."


def test_that_the_newest_message_wins_and_takes_the_old_button_away(qtbot: QtBot) -> None:
    one, done = bar(qtbot), []
    one.show_message(Tone.WARNING, "Old.", "Do it", lambda: done.append(1))
    one.show_message(Tone.DONE, "New.")
    assert one.text() == "New."
    button = one.findChildren(QPushButton)[0]
    assert not button.isVisible()
    button.click()
    assert done == []


def test_that_copy_details_takes_the_whole_traceback_to_the_clipboard(qtbot: QtBot) -> None:
    one = bar(qtbot)
    try:
        raise ZeroDivisionError("step 3")
    except ZeroDivisionError as error:
        one.show_failure("Something went wrong.", error)
    assert one.tone() is Tone.ERROR
    QTest.mouseClick(find(one, QPushButton, "Copy details"), LEFT)
    details = QGuiApplication.clipboard().text()
    assert details.startswith("Traceback")
    assert "test_message_bar.py" in details
    assert details.rstrip().endswith("ZeroDivisionError: step 3")


def test_that_a_message_is_plain_text(qtbot: QtBot) -> None:
    one = bar(qtbot)
    one.show_message(Tone.ERROR, "<b>x</b> & <img src='x'>")
    assert {label.textFormat() for label in one.findChildren(QLabel) if len(label.text()) > 1} == {
        Qt.TextFormat.PlainText
    }


@pytest.mark.parametrize("text", ["/a_folder_of_250_letters" * 10, "x" * 100_000, "word " * 20_000])
def test_that_no_message_pushes_the_window_out_of_shape(window: MainWindow, text: str) -> None:
    before, size = window.minimumSizeHint(), window.size()
    window.messages.show_message(Tone.ERROR, text, "Copy details", lambda: None)
    QCoreApplication.processEvents()
    assert window.minimumSizeHint().width() == before.width()
    assert window.minimumSizeHint().height() <= before.height() + 120
    assert window.size() == size


@pytest.mark.parametrize(("width", "below"), [(900, False), (360, True)])
def test_that_two_buttons_leave_the_text_room(qtbot: QtBot, width: int, below: bool) -> None:
    one = bar(qtbot)
    one.resize(width, 80)
    done: list[str] = []
    text = "The program ended before changes to fruit.softmax of 2026-01-01 were saved."
    one.show_message(
        Tone.WARNING, text, "Recover", lambda: done.append("recover"),
        "Discard", lambda: done.append("discard"),
    )  # fmt: skip
    QCoreApplication.processEvents()
    said = next(label for label in one.findChildren(QLabel) if label.text() == text)
    assert (find(one, QPushButton, "Recover").y() > said.geometry().bottom()) == below
    assert said.width() > width / 2
    QTest.mouseClick(find(one, QPushButton, "Discard"), LEFT)
    assert done == ["discard"]
    assert one.isHidden()
