"""Thumbnails paint what they are given, keep a choice, and stay quick with many; soft labels."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.share_table import ShareTable
from softmax_gui.gui.widgets.thumbnails import GAP, SIDE, Thumbnails
from tests.gui.hand import heard
from tests.gui.windows import write


def thumbnails(qtbot: QtBot, m: int = 6) -> Thumbnails:
    view = Thumbnails()
    qtbot.addWidget(view)
    view.resize(320, 240)
    show(view, m)
    view.show()
    return view


def show(view: Thumbnails, m: int, names: tuple[str, ...] = ("cat", "dog")) -> None:
    pictures = np.zeros((m, 2, 2))
    pictures[:, 0, 1] = 1.0
    view.show_examples(pictures, np.eye(2)[np.arange(m) % 2], names, (0, 1))


def test_that_a_picture_and_the_colour_of_its_class_are_painted(qtbot: QtBot) -> None:
    view = thumbnails(qtbot)
    image = view.viewport().grab().toImage()
    for row in range(2):
        rect = view.visualRect(view.model().index(row, 0))
        at = rect.topLeft() + QPoint(GAP, GAP)
        corner = QPoint(SIDE // 4, SIDE // 4)
        assert image.pixelColor(at + corner) == QColor(0, 0, 0)
        assert image.pixelColor(at + QPoint(3 * SIDE // 4, SIDE // 4)) == QColor(255, 255, 255)
        assert image.pixelColor(at + QPoint(SIDE // 2, SIDE + 4)) == theme.class_color(row)


def test_that_a_soft_label_has_the_colours_of_its_classes(qtbot: QtBot) -> None:
    view = thumbnails(qtbot)
    view.show_examples(np.zeros((1, 2, 2)), np.array([[0.25, 0.75]]), ("cat", "dog"), (0, 1))
    image = view.viewport().grab().toImage()
    at = view.visualRect(view.model().index(0, 0)).topLeft() + QPoint(GAP, GAP + SIDE + 4)
    assert image.pixelColor(at + QPoint(SIDE // 8, 0)) == theme.class_color(0)
    assert image.pixelColor(at + QPoint(SIDE // 2, 0)) == theme.class_color(1)
    index = view.model().index(0, 0)
    assert index.data() == "dog 0.75"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "Example 1: cat 0.25, dog 0.75"


def test_that_a_choice_stays_where_none_came_or_went(qtbot: QtBot) -> None:
    view = thumbnails(qtbot)
    view.choose([1, 3])
    show(view, 6, ("lion", "dog"))
    assert view.chosen() == [1, 3]
    show(view, 7)
    assert view.chosen() == []


def test_that_a_new_example_is_scrolled_to(qtbot: QtBot) -> None:
    view = thumbnails(qtbot)
    for m in range(7, 60):
        show(view, m)
    assert view.viewport().rect().contains(view.visualRect(view.model().index(58, 0)))


def test_that_only_what_is_seen_is_painted(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    view = thumbnails(qtbot, 20_000)
    asked: list[int] = []
    image = view._examples.image

    def noted(row: int) -> QImage:
        asked.append(row)
        return image(row)

    monkeypatch.setattr(view._examples, "image", noted)
    view.viewport().grab()
    assert 0 < len(asked) < 100


def test_that_names_of_strange_classes_are_harmless(qtbot: QtBot) -> None:
    view = thumbnails(qtbot)
    show(view, 2, ("<b>cat</b>\n", "\u202edog"))
    index = view.model().index(0, 0)
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "Example 1: &lt;b>cat&lt;/b>"
    assert view.model().index(1, 0).data() == "dog"


def table(qtbot: QtBot, *names: str) -> ShareTable:
    shares = ShareTable()
    qtbot.addWidget(shares)
    shares.show_classes(names, range(len(names)))
    shares.show()
    return shares


def test_that_of_two_classes_the_other_share_follows(qtbot: QtBot) -> None:
    shares = table(qtbot, "cat", "dog")
    told = heard(shares.shares_edited)
    write(shares._fields[0], "0.3")
    assert shares.shares() == {"cat": 0.3, "dog": 0.7}
    assert shares.problem() == ""
    assert len(told) == 1


def test_that_three_shares_must_sum_to_1(qtbot: QtBot) -> None:
    shares = table(qtbot, "cat", "chicken", "dog")
    for field, text in zip(shares._fields, ("0.1", "0.2", "0.6"), strict=True):
        write(field, text)
    assert shares.problem() == "The shares sum to 0.9; they must sum to 1."
    write(shares._fields[2], "0.7")
    assert shares.problem() == ""
    assert shares.shares() == {"cat": 0.1, "chicken": 0.2, "dog": 0.7}


def test_that_shares_stay_when_a_class_comes(qtbot: QtBot) -> None:
    shares = table(qtbot, "cat", "dog")
    write(shares._fields[1], "0.25")
    told = heard(shares.shares_edited)
    shares.show_classes(("cat", "dog", "fox"), range(3))
    assert shares.shares() == {"cat": 0.75, "dog": 0.25}
    assert told == []


@pytest.mark.parametrize("text", ["1.5", "-0.1", "much"])
def test_that_a_share_out_of_range_is_refused(qtbot: QtBot, text: str) -> None:
    shares = table(qtbot, "cat", "dog", "fox")
    told = heard(shares.refused)
    write(shares._fields[0], text)
    assert shares.shares() == {}
    assert len(told) == 1
