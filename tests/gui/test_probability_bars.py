"""The bars show what they are given, mark the largest without colour, and say what the user did."""

from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.figures import figure_bytes
from softmax_gui.gui.widgets.probability_bars import ProbabilityBars

THREE = ("cat", "chicken", "dog")


def bars(qtbot: QtBot, names: Any = THREE) -> ProbabilityBars:
    widget = ProbabilityBars()
    qtbot.addWidget(widget)
    widget.set_classes(names)
    widget.resize(widget.sizeHint())
    widget.show()  # sizes reach a widget when it is shown
    return widget


def texts(widget: ProbabilityBars) -> list[str]:
    root = ET.fromstring(figure_bytes(widget, "svg"))
    found = root.iter("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()).strip() for text in found]


def center(widget: ProbabilityBars, row: int) -> QPoint:
    return widget._layout.row(row).center()


def test_that_every_class_shows_its_logit_and_its_probability(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    widget.show_prediction([0.0, np.log(8), -1e4], [0.1, 0.8, 0.1])
    assert {"cat", "+0.000", "0.100", "chicken", "+2.079", "0.800", "-10000"} <= set(texts(widget))


def test_that_the_description_reads_out_the_most_probable_class(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    assert "no prediction" in widget.accessibleDescription()
    widget.show_prediction([0.0, 2.0794, 0.0], [0.1, 0.8, 0.1])
    assert widget.accessibleName()
    assert widget.accessibleDescription() == "Most probable: chicken, probability 0.800."


def test_that_the_first_of_equals_is_the_largest(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    widget.show_prediction([0, 1, 1], [0.2, 0.4, 0.4])
    assert widget.top_class() == 1


def test_that_the_largest_is_told_by_weight_and_mark_not_by_colour_alone(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    widget.show_prediction([0, 1, 0], [0.2, 0.6, 0.2])
    root = ET.fromstring(figure_bytes(widget, "svg"))
    bold = [
        "".join(text.itertext()).strip()
        for text in root.iter("{http://www.w3.org/2000/svg}text")
        if text.get("font-weight") == "700"
    ]
    assert bold == ["chicken", "+1.000", "0.600"]
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polygon"))) == 1  # the arrow head


def test_that_undefined_probabilities_are_called_so_and_none_is_largest(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    widget.show_prediction([np.nan, np.inf, -np.inf], [np.nan] * 3)
    assert {"NaN", "+inf", "-inf"} <= set(texts(widget))
    assert texts(widget).count("undefined") == 3
    assert widget.top_class() == -1
    assert widget.accessibleDescription() == "The probabilities are undefined."


def test_that_a_thousand_classes_show_the_twenty_largest_and_the_sum_of_the_others(
    qtbot: QtBot,
) -> None:
    widget = bars(qtbot, [f"class {i}" for i in range(1000)])
    shares = np.full(1000, 0.4 / 980)
    shares[980:] = np.linspace(0.02, 0.04, 20)
    widget.show_prediction(np.log(shares), shares)
    shown = texts(widget)
    assert [text for text in shown if text.startswith("class")] == [
        f"class {i}" for i in range(999, 979, -1)
    ]
    assert shown[-2:] == ["980 others", "0.400"]
    _, rows = widget.table()
    assert len(list(rows)) == 1000


@pytest.mark.parametrize("q", [1, 2, 20, 21])
def test_that_any_number_of_classes_is_painted_without_cutting_a_row(q: int, qtbot: QtBot) -> None:
    widget = bars(qtbot, [str(i) for i in range(q)])
    widget.show_prediction(np.zeros(q), np.full(q, 1 / q))
    widget.resize(widget.minimumSizeHint())
    assert widget._layout.row(min(q, 21) - 1).bottom() <= widget.height()
    assert len(texts(widget)) >= 3 * min(q, 20)


def test_that_names_from_files_are_drawn_as_they_are_and_elided(qtbot: QtBot) -> None:
    widget = bars(qtbot, ["<b>x</b>", "y" * 4000, "line\nbreak"])
    widget.show_prediction([0, 0, 0], [1 / 3] * 3)
    shown = texts(widget)
    assert {"<b>x</b>", "line break"} <= set(shown)
    assert [text[-1] for text in shown if text.startswith("yyy")] == ["…"]


def test_that_a_prediction_of_another_shape_is_refused_with_both_shapes(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\): \(3,\)"):
        widget.show_prediction([0, 0], [0.5, 0.5, 0])


def test_that_pointer_and_click_tell_the_class(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    hovered: list[int] = []
    widget.class_hovered.connect(hovered.append)
    for row in (0, 0, 2):
        QTest.mouseMove(widget, center(widget, row))
        QApplication.processEvents()
    QApplication.sendEvent(widget, QEvent(QEvent.Type.Leave))
    assert hovered == [0, 2, -1]
    with qtbot.waitSignal(widget.class_activated) as activated:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=center(widget, 1))
    assert activated.args == [1]


def test_that_keys_alone_hover_and_activate(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    hovered: list[int] = []
    widget.class_hovered.connect(hovered.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        QTest.keyClick(widget, key)
    assert hovered == [0, 1, 2, 1]
    with qtbot.waitSignal(widget.class_activated) as activated:
        QTest.keyClick(widget, Qt.Key.Key_Return)
    assert activated.args == [1]


def test_that_setters_emit_nothing(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    with (
        qtbot.assertNotEmitted(widget.class_hovered),
        qtbot.assertNotEmitted(widget.class_activated),
    ):
        widget.show_prediction([0, 1, 2], [0.1, 0.2, 0.7])
        widget.highlight_class(2)
        widget.set_classes(["a", "b"])


def test_that_it_keeps_its_own_numbers(qtbot: QtBot) -> None:
    widget, shares = bars(qtbot), np.array([0.1, 0.8, 0.1])
    widget.show_prediction(shares, shares)
    shares[:] = 0
    assert widget.table()[1] == [("cat", 0.1, 0.1), ("chicken", 0.8, 0.8), ("dog", 0.1, 0.1)]


def test_that_it_follows_the_theme(qtbot: QtBot) -> None:
    try:
        theme.apply("light")
        widget = bars(qtbot)
        light = widget.grab().toImage().pixelColor(2, 2).name()
        theme.apply("dark")
        dark = widget.grab().toImage().pixelColor(2, 2).name()
    finally:
        theme.apply("light")
    assert (light, dark) == (theme.LIGHT.base.lower(), theme.DARK.base.lower())
