"""Pointer, wheel and keys read the plot exactly, zoom it, and bring the whole back."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.curve_plot import CurvePlot
from tests.gui.plots import drawn, plot, ranges, texts, trained


def follows(widget: CurvePlot) -> bool:
    return widget.following


def wheel(widget: CurvePlot, turns: int) -> None:
    place = widget.canvas.area.center()
    view = widget.canvas.viewport()
    event = QWheelEvent(
        place, QPointF(view.mapToGlobal(place)), QPoint(), QPoint(0, 120 * turns),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def test_that_hovering_reads_the_exact_step_and_values_with_their_unit(qtbot: QtBot) -> None:
    widget = plot(qtbot)
    widget.append([1000, 2000], {"t": [0.5, 0.213456789]})
    widget.append([1000], {"v": [0.25]})
    assert widget.hover_text(1700) == (
        "Step 2000\ntraining 0.213457 nat\nvalidation 0.25 nat (at 1000)"
    )
    assert widget.hover_text(-5) == "Step 1000\ntraining 0.5 nat\nvalidation 0.25 nat"


def test_that_the_pointer_shows_the_reading_and_leaving_hides_it(qtbot: QtBot) -> None:
    widget = trained(qtbot)
    place = widget.canvas.area.center().toPoint()
    QTest.mouseMove(widget.canvas.viewport(), place)
    QApplication.processEvents()
    assert any(text.startswith("Step 5") for text in texts(widget))
    QTest.mouseMove(widget.canvas.viewport(), QPoint(1, 1))
    QApplication.processEvents()
    assert not any(text.startswith("Step 5") for text in texts(widget))


@pytest.mark.parametrize("back", ["double click", "key", "action"])
def test_that_zooming_stops_following_and_view_all_returns_to_it(back: str, qtbot: QtBot) -> None:
    widget = trained(qtbot)
    wheel(widget, 3)
    zoomed = ranges(widget)
    assert not follows(widget)
    assert zoomed[0][1] - zoomed[0][0] < 900
    widget.append([5000], {"t": [3.0]})
    widget.redraw()
    assert ranges(widget) == zoomed
    if back == "double click":
        QTest.mouseDClick(
            widget.canvas.viewport(),
            Qt.MouseButton.LeftButton,
            pos=widget.canvas.area.center().toPoint(),
        )
    elif back == "key":
        with qtbot.waitActive(widget):
            widget.activateWindow()
        widget.setFocus()
        QTest.keyClick(widget.canvas, Qt.Key.Key_Home)
    else:
        widget.view_all_action.trigger()
    assert follows(widget)
    assert ranges(widget)[0][1] == 5000


def test_that_zooming_in_shows_single_points_of_a_long_curve(qtbot: QtBot) -> None:
    widget = plot(qtbot)
    n = 200_000
    y = np.random.default_rng(0).random(n)
    widget.append(np.arange(n), {"t": y})
    widget.redraw()
    assert len(drawn(widget, "t")[0]) < 2000
    widget.canvas.view.setRange(xRange=(1000, 1010), padding=0)
    widget.canvas.zoomed.emit()
    x, shown = drawn(widget, "t")
    np.testing.assert_array_equal(x, np.arange(999, 1012))
    np.testing.assert_array_equal(shown, y[999:1012])


def test_that_the_keys_zoom_and_move(qtbot: QtBot) -> None:
    widget = trained(qtbot)
    (low, high), _ = ranges(widget)
    QTest.keyClick(widget.canvas, Qt.Key.Key_Plus)
    (near, far), _ = ranges(widget)
    assert far - near == pytest.approx(0.8 * (high - low))
    QTest.keyClick(widget.canvas, Qt.Key.Key_Right)
    assert ranges(widget)[0][0] == pytest.approx(near + 0.1 * (far - near))
    assert not widget.following


def test_that_a_right_click_offers_view_all_and_the_owners_actions(qtbot: QtBot) -> None:
    widget = trained(qtbot)
    owners = widget.addAction("Save picture")
    place = widget.canvas.area.center().toPoint()
    QTest.mouseClick(widget.canvas.viewport(), Qt.MouseButton.RightButton, pos=place)
    menus = widget.findChildren(QMenu)
    assert [menu.actions() for menu in menus] == [[widget.view_all_action, owners]]
    menus[0].close()
