"""The mosaic shows each weight in its place and colour, on one scale that does not flicker."""

from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.figures import figure_bytes
from softmax_gui.gui.widgets.mosaic_layout import MosaicLayout
from softmax_gui.gui.widgets.weight_mosaic import WeightMosaic

THREE = ("cat", "chicken", "dog")


def mosaic(
    qtbot: QtBot, names: Any = THREE, shape: tuple[int, int] | None = (2, 2), d: int = 4
) -> WeightMosaic:
    widget = WeightMosaic()
    qtbot.addWidget(widget)
    widget.set_classes(names, shape, [f"x{i + 1}" for i in range(d)])
    widget.resize(600, 260)
    widget.show()  # sizes reach a widget when it is shown
    return widget


def texts(widget: WeightMosaic) -> list[str]:
    root = ET.fromstring(figure_bytes(widget, "svg"))
    found = root.iter("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()).strip() for text in found]


def cell(widget: WeightMosaic, index: int, feature: int) -> QRectF:
    assert widget._layout is not None
    return widget._layout.cell(index, feature)


def color(widget: WeightMosaic, index: int, feature: int) -> QColor:
    """The colour beside the corner of a cell, where no number stands."""
    place = cell(widget, index, feature).topLeft() + QPointF(3, 3)
    return widget.grab().toImage().pixelColor(place.toPoint())


def test_that_each_weight_stands_in_its_place_with_its_sign_as_colour(qtbot: QtBot) -> None:
    widget = mosaic(qtbot)
    W = np.zeros((4, 3))
    W[1, 0], W[2, 2] = 2.0, -2.0
    widget.show_weights(W, [0.5, -0.12, 0.0])
    assert color(widget, 0, 1).name() == theme.current().positive.lower()
    assert color(widget, 2, 2).name() == theme.current().negative.lower()
    background, near = QColor(theme.current().base), color(widget, 1, 0)
    assert abs(background.red() - near.red()) <= 2
    shown = texts(widget)
    assert {"2.00", "-2.00", "b = 0.50", "b = -0.12", "cat", "-2", "+2"} <= set(shown)
    assert shown.count("0.00") == 10


def test_that_zeros_before_training_are_outlined_pictures(qtbot: QtBot) -> None:
    widget = mosaic(qtbot)
    assert color(widget, 0, 0).lightness() >= 253
    image = widget.grab().toImage()
    assert widget._layout is not None
    edge = widget._layout.tiles[0].topLeft().toPoint()
    assert image.pixelColor(edge.x() - 1, edge.y() + 20) == QColor(theme.current().border)
    assert texts(widget).count("0.00") == 12


def test_that_the_scale_grows_at_once_and_shrinks_late(qtbot: QtBot) -> None:
    widget, W, scales = mosaic(qtbot), np.zeros((4, 3)), []
    for largest in (0.9, 1.1, 0.9, 1.05, 0.7, 0.0):
        W[0, 0] = largest
        widget.show_weights(W, np.zeros(3))
        scales.append(texts(widget)[-1])
    assert scales == ["+1", "+1.5", "+1.5", "+1.5", "+0.8", "+1"]


def test_that_an_undefined_weight_is_neither_zero_nor_large(qtbot: QtBot) -> None:
    widget, W = mosaic(qtbot), np.zeros((4, 3))
    W[0, 0], W[1, 0], W[2, 0] = np.nan, np.inf, 1e300
    widget.show_weights(W, [np.nan, 0, 0])
    assert color(widget, 0, 0).name() == theme.current().muted.lower()
    assert {"NaN", "inf", "b = NaN", "+1e300"} <= set(texts(widget))


def test_that_a_table_is_shown_as_features_by_classes_with_names(qtbot: QtBot) -> None:
    widget = mosaic(qtbot, shape=None)
    widget.show_weights(np.arange(12.0).reshape(4, 3), [0.5, 0, 0])
    shown = texts(widget)
    assert {"x1", "x4", *THREE, "11.00", "b = 0.50"} <= set(shown)
    assert cell(widget, 0, 1).top() == cell(widget, 2, 1).top() > cell(widget, 0, 0).top()
    assert cell(widget, 0, 0).right() == pytest.approx(cell(widget, 1, 0).left())


def test_that_many_classes_and_features_show_the_first_ones_and_say_so(qtbot: QtBot) -> None:
    widget = mosaic(qtbot, [str(i) for i in range(1000)], None, 5000)
    widget.resize(900, 300)
    widget.show_weights(np.ones((5000, 1000)), np.zeros(1000))
    sentences = "The first 24 of 1000 classes. The first 200 of 5000 features."
    assert sentences in texts(widget)
    header, rows = widget.table()
    assert (len(header), len(list(rows))) == (1001, 5001)


def test_that_digits_lie_in_one_or_two_rows(qtbot: QtBot) -> None:
    widget = mosaic(qtbot, [str(i) for i in range(10)], (8, 8), 64)
    assert widget._layout is not None
    assert len({tile.top() for tile in widget._layout.tiles}) == 2
    widget.resize(1200, 170)
    assert len({tile.top() for tile in widget._layout.tiles}) == 1


@given(
    count=st.integers(1, 24), h=st.integers(1, 40), w=st.integers(1, 40),
    width=st.integers(240, 1500), height=st.integers(140, 900), table=st.booleans(),
)  # fmt: skip
def test_that_no_picture_lies_on_another_and_each_place_finds_its_cell(
    qapp: QApplication, count: int, h: int, w: int, width: int, height: int, table: bool
) -> None:
    names = [f"feature {i}" for i in range(h)] if table else None
    shape = (h, 1) if table else (h, w)
    layout = MosaicLayout(QSize(width, height), QFont(), count, shape, names)
    for index, tile in enumerate(layout.tiles):
        for other in layout.tiles[:index]:
            common = tile & other
            assert common.width() < 1e-6 or common.height() < 1e-6
        for feature in (0, shape[0] * shape[1] - 1):
            assert layout.cell_at(layout.cell(index, feature).center()) == (index, feature)
    assert layout.cell_at(QPointF(0, 0)) == (-1, -1)


def test_that_hovering_tells_the_cell_and_shows_its_value(qtbot: QtBot) -> None:
    widget, W = mosaic(qtbot), np.zeros((4, 3))
    W[2, 0] = -1.234
    widget.show_weights(W, np.zeros(3))
    hovered: list[tuple[int, int]] = []
    widget.cell_hovered.connect(lambda index, feature: hovered.append((index, feature)))
    QTest.mouseMove(widget, cell(widget, 0, 2).center().toPoint())
    QApplication.processEvents()
    assert "cat, x3: w = -1.234" in texts(widget)
    QApplication.sendEvent(widget, QEvent(QEvent.Type.Leave))
    assert hovered == [(0, 2), (-1, -1)]


def test_that_setters_emit_nothing(qtbot: QtBot) -> None:
    widget = mosaic(qtbot)
    with qtbot.assertNotEmitted(widget.cell_hovered):
        widget.show_weights(np.ones((4, 3)), np.zeros(3))
        widget.highlight_class(2)
        widget.set_classes(["a"], None, ["x1"])


def test_that_a_highlighted_picture_is_framed_in_the_accent_colour(qtbot: QtBot) -> None:
    widget = mosaic(qtbot)
    widget.highlight_class(1)
    assert widget._layout is not None
    edge = widget._layout.tiles[1].topLeft().toPoint()
    pixel = widget.grab().toImage().pixelColor(edge.x() - 1, edge.y() + 20)
    assert pixel == QColor(theme.current().accent)


def test_that_wrong_shapes_are_refused_with_their_numbers(qtbot: QtBot) -> None:
    widget = mosaic(qtbot)
    with pytest.raises(ValueError, match=r"W \(3, 4\).*W \(4, 3\) expected"):
        widget.show_weights(np.zeros((3, 4)), np.zeros(3))
    with pytest.raises(ValueError, match="2 x 2 pixels, 5 features"):
        widget.set_classes(THREE, (2, 2), ["x"] * 5)


def test_that_the_table_has_every_weight_and_the_biases(qtbot: QtBot) -> None:
    widget = mosaic(qtbot)
    widget.show_weights(np.arange(12.0).reshape(4, 3), [7.0, 8.0, 9.0])
    header, rows = widget.table()
    assert tuple(header) == ("feature", *THREE)
    assert list(rows)[1] == ("x2", 3.0, 4.0, 5.0)
    assert list(rows)[-1] == ("bias", 7.0, 8.0, 9.0)


def test_that_pictures_take_the_colours_of_a_new_theme(qtbot: QtBot) -> None:
    try:
        theme.apply("light")
        widget = mosaic(qtbot)
        W = np.ones((4, 3))
        widget.show_weights(W, np.zeros(3))
        theme.apply("dark")
        QApplication.processEvents()  # Qt posts the news to the widgets
        assert color(widget, 0, 0).name() == theme.DARK.positive.lower()
    finally:
        theme.apply("light")
