"""The plot of weight decays: every point in its place, read, chosen by mouse and keys, written."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.decay_plot import DecayPlot
from softmax_gui.gui.widgets.decay_scales import DecayPoint
from softmax_gui.gui.widgets.figures import figure_bytes

LEFT = Qt.MouseButton.LeftButton
POINTS = [
    DecayPoint(decay, 0.1 + decay, 0.2 + (math.log10(decay) + 2) ** 2 / 10, 0.02, 0.9)
    for decay in np.geomspace(1.0, 1e-5, 6).tolist()
]


@pytest.fixture
def plot(qtbot: QtBot) -> DecayPlot:
    widget = DecayPlot()
    qtbot.addWidget(widget)
    widget.resize(500, 300)
    widget.set_texts("Loss (nat)", "Nothing yet.", 1.0)
    widget.show_points(POINTS, best=2, one_se=1)
    widget.show()
    return widget


def texts(plot: DecayPlot) -> list[str]:
    root = ET.fromstring(figure_bytes(plot, "svg"))
    found = root.iter("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()).strip() for text in found]


def place_of(plot: DecayPlot, place: int) -> QPoint:
    return plot._scales.pixel(place).toPoint()


def test_that_every_point_lies_in_the_area_with_larger_decays_further_right(
    plot: DecayPlot,
) -> None:
    pixels = [plot._scales.pixel(place) for place in range(len(POINTS))]
    assert all(plot._area.contains(pixel) for pixel in pixels)
    assert [p.x() for p in pixels] == sorted((p.x() for p in pixels), reverse=True)
    lowest = max(range(len(POINTS)), key=lambda place: pixels[place].y())
    assert lowest == min(range(len(POINTS)), key=lambda place: POINTS[place].validation)


def test_that_equal_factors_are_equal_distances(plot: DecayPlot) -> None:
    columns = [plot._scales.x(point.decay) for point in POINTS]
    np.testing.assert_allclose(np.diff(columns), columns[1] - columns[0])


def test_that_axes_lines_and_the_two_to_choose_from_are_named(plot: DecayPlot) -> None:
    shown = texts(plot)
    assert any(text.startswith("Weight decay") for text in shown)
    for text in ("Loss (nat)", "training", "validation", "best", "1 SE",
                 "1 standard error", "0.001"):  # fmt: skip
        assert text in shown, text


def test_that_one_choice_for_both_is_named_once(plot: DecayPlot) -> None:
    plot.show_points(POINTS, best=2, one_se=2)
    assert "best, 1 SE" in texts(plot)


def test_that_an_empty_plot_says_what_will_fill_it(plot: DecayPlot) -> None:
    plot.show_points([])
    assert texts(plot) == ["Nothing yet."]


def test_that_pointing_reads_a_point_exactly(plot: DecayPlot) -> None:
    QTest.mouseMove(plot, place_of(plot, 2))
    assert "weight decay 0.01" in plot.accessibleDescription()
    assert "validation 0.2 ± 0.02 nat" in texts(plot)
    assert "validation accuracy 90.0 %" in texts(plot)
    QTest.mouseMove(plot, QPoint(1, 1))
    assert plot.accessibleDescription() == ""


@pytest.mark.parametrize("place", range(len(POINTS)))
def test_that_a_click_on_a_point_chooses_it(qtbot: QtBot, plot: DecayPlot, place: int) -> None:
    with qtbot.waitSignal(plot.point_chosen) as told:
        QTest.mouseClick(plot, LEFT, pos=place_of(plot, place))
    assert told.args == [place]


def test_that_a_click_beside_the_points_chooses_nothing(qtbot: QtBot, plot: DecayPlot) -> None:
    with qtbot.assertNotEmitted(plot.point_chosen):
        QTest.mouseClick(plot, LEFT, pos=QPoint(3, 3))
        QTest.mouseClick(plot, Qt.MouseButton.RightButton, pos=place_of(plot, 1))


def test_that_keys_go_from_point_to_point_and_choose(qtbot: QtBot, plot: DecayPlot) -> None:
    for expected in (5, 4):  # from the smallest decay on
        QTest.keyClick(plot, Qt.Key.Key_Right)
        with qtbot.waitSignal(plot.point_chosen) as told:
            QTest.keyClick(plot, Qt.Key.Key_Return)
        assert told.args == [expected]
    QTest.keyClick(plot, Qt.Key.Key_Left)
    QTest.keyClick(plot, Qt.Key.Key_Left)
    with qtbot.waitSignal(plot.point_chosen) as told:
        QTest.keyClick(plot, Qt.Key.Key_Space)
    assert told.args == [0]


def test_that_the_table_has_every_number_in_the_unit_shown(plot: DecayPlot) -> None:
    plot.set_texts("Loss (bit)", "", 2.0)
    header, rows = plot.table()
    assert header[0] == "Weight decay"
    assert list(rows) == [
        (p.decay, 2 * p.training, 2 * p.validation, 2 * p.standard_error, p.accuracy)
        for p in POINTS
    ]


@pytest.mark.parametrize(
    "points",
    [
        [DecayPoint(0.0, 0.1, 0.2, 0.01, 1.0)],
        [DecayPoint(1e-3, math.nan, math.nan, math.nan, math.nan)],
        [DecayPoint(1e-3, 0.1, math.inf, 0.0, 0.5), DecayPoint(1e-4, 0.1, 0.1, math.nan, 0.5)],
        [DecayPoint(1e-300, 0.0, 0.0, 0.0, 1.0), DecayPoint(1e300, 1e300, 1e300, 0.0, 0.0)],
    ],
)
def test_that_odd_numbers_are_drawn_without_a_fault(
    plot: DecayPlot, points: list[DecayPoint]
) -> None:
    plot.show_points(points, 0, 0)
    plot.show_in_force(points[0].decay)
    assert figure_bytes(plot, "png")
    assert not plot._paint.failed
