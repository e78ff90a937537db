"""Counts of true and predicted classes: texts, sentences and colours that can be read."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.confusion_table import ConfusionTable


def shown(qtbot: QtBot, q: int) -> ConfusionTable:
    table = ConfusionTable()
    qtbot.addWidget(table)
    counts = np.arange(q * q).reshape(q, q) * 1000
    table.show_counts(tuple(f"class {k}" for k in range(q)), counts)
    table.show()
    return table


def luminance(color: QColor) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
             for c in color.getRgbF()[:3]]  # type: ignore[index]  # fmt: skip
    return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))


def test_that_a_cell_has_its_count_and_says_it_in_a_sentence(qtbot: QtBot) -> None:
    table = shown(qtbot, 3)
    model = table.counts
    cell = model.index(1, 2)
    assert cell.data() == "5,000"
    sentence = "5,000 of 12,000 rows of class 1 are predicted as class 2."
    assert cell.data(Qt.ItemDataRole.ToolTipRole) == sentence
    assert cell.data(Qt.ItemDataRole.AccessibleTextRole) == sentence
    assert model.headerData(2, Qt.Orientation.Horizontal) == "class 2"


def test_that_rows_sum_to_one_in_shares_and_an_empty_class_has_none(qtbot: QtBot) -> None:
    table = shown(qtbot, 4)
    table.show_counts(("a", "b"), np.array([[3, 1], [0, 0]]))
    assert [table.counts.share(0, k) for k in (0, 1)] == [0.75, 0.25]
    assert [table.counts.share(1, k) for k in (0, 1)] == [0.0, 0.0]
    assert table.counts.index(1, 0).data(Qt.ItemDataRole.BackgroundRole) is None


@pytest.mark.parametrize("hits", range(1, 101, 3))
def test_that_every_count_can_be_read_on_its_colour(qtbot: QtBot, hits: int) -> None:
    table = shown(qtbot, 2)
    table.show_counts(("a", "b"), np.array([[hits, 100 - hits], [1, 1]]))
    cell = table.counts.index(0, 0)
    one = luminance(cell.data(Qt.ItemDataRole.BackgroundRole))
    two = luminance(cell.data(Qt.ItemDataRole.ForegroundRole))
    assert (max(one, two) + 0.05) / (min(one, two) + 0.05) >= 4.5


def test_that_many_classes_are_scrolled(qtbot: QtBot) -> None:
    small, large = shown(qtbot, 10), shown(qtbot, 300)
    assert large.sizeHint().height() < 1.3 * small.sizeHint().height()
    assert large.grab().width() > 0
