"""A frame of a run: everything that moves is painted once, and nothing is laid out anew."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.live_text import LiveText
from tests.gui.windows import load, settle, trained


class Witness(QObject):
    """Counts the events of one kind, by the widget that gets them."""

    def __init__(self, kind: QEvent.Type) -> None:
        super().__init__()
        self.kind, self.seen = kind, Counter[QObject]()
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == self.kind and isinstance(watched, QWidget):
            self.seen[watched] += 1
        return False


@pytest.mark.parametrize("source", ["2x2", "digits"])
def test_that_a_frame_paints_each_picture_once_and_lays_nothing_out(
    qtbot: QtBot, window: MainWindow, source: str
) -> None:
    load(qtbot, window, source)
    trained(qtbot, window, 300)
    settle(qtbot, window)
    QTest.qWait(100)  # what was on its way is painted
    curves = window.plots.complete()
    pictures = [window.plots.weights, window.prediction.bars, curves.loss.canvas.viewport(),
                curves.accuracy.canvas.viewport()]  # fmt: skip
    painted, laid_out = Witness(QEvent.Type.Paint), Witness(QEvent.Type.LayoutRequest)
    snapshot = window.newest()
    assert snapshot is not None
    for texts in window.findChildren(LiveText):
        texts.set_text("another text, of another length")
    window.display.draw_frame()
    for curve in (curves.loss, curves.accuracy):
        curve.append([snapshot.step + 7.0], {"train": [0.5], "validation": [0.25]})
        curve.redraw()
    QTest.qWait(100)
    assert [painted.seen[picture] for picture in pictures] == [1, 1, 1, 1]
    assert not laid_out.seen


def test_that_zooming_and_moving_a_plot_paint_it(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "iris")
    trained(qtbot, window, 100)
    QTest.qWait(100)
    plot = window.plots.complete().loss
    painted = Witness(QEvent.Type.Paint)

    def paints() -> int:
        QTest.qWait(50)
        count = painted.seen[plot.canvas.viewport()]
        painted.seen.clear()
        return count

    QTest.keyClick(plot.canvas, Qt.Key.Key_Plus)
    assert paints()
    QTest.keyClick(plot.canvas, Qt.Key.Key_Left)
    assert paints()
    plot.view_all()
    assert paints()


def test_that_a_live_text_is_cut_where_it_does_not_fit_and_is_told_whole(qtbot: QtBot) -> None:
    line = LiveText("a sample")
    qtbot.addWidget(line)
    line.resize(line.minimumSizeHint())
    wide = line.sizeHint()
    line.set_text("a sentence that is far longer than its place")
    assert line.sizeHint() == wide
    assert line.accessibleName() == line.text() == "a sentence that is far longer than its place"
    narrow = line.grab().toImage()
    line.set_text("a sentence that ends otherwise, but only beyond")
    assert line.grab().toImage() == narrow
    line.set_text("another")
    assert line.grab().toImage() != narrow
