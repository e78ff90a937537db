"""Pictures and tables as files: each is read back by another program than the one that wrote it."""

import csv
import io
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.curve_plot import CurvePlot, Series
from softmax_gui.gui.widgets.figures import (
    Figure,
    PaintedFigure,
    figure_bytes,
    one_line,
    table_csv,
)
from softmax_gui.gui.widgets.probability_bars import ProbabilityBars
from softmax_gui.gui.widgets.weight_mosaic import WeightMosaic

NAMES = ["cat", "<b>x</b> & y", "=SUM(1)"]


def plot() -> CurvePlot:
    widget = CurvePlot("Loss over steps", (Series("t", "training"), Series("v", "validation")))
    widget.set_titles("Loss (nat)", "Step")
    widget.append([1, 2, 3], {"t": [1.0, 0.5, 0.1]})
    widget.append([2], {"v": [0.75]})
    return widget


def bars() -> ProbabilityBars:
    widget = ProbabilityBars()
    widget.set_classes(NAMES)
    widget.show_prediction([1.0, 2.0, 3.0], [0.09, 0.245, 0.665])
    return widget


def mosaic() -> WeightMosaic:
    widget = WeightMosaic()
    widget.set_classes(NAMES, (2, 2), ["x1", "x2", "x3", "x4"])
    widget.show_weights(np.arange(12.0).reshape(4, 3), np.zeros(3))
    return widget


FIGURES = {"plot": plot, "bars": bars, "mosaic": mosaic}
TEXTS = {
    "plot": ["Loss (nat)", "Step", "0.1000"],
    "bars": ["cat", "<b>x</b> & y", "=SUM(1)", "+2.000", "0.665", "probability"],
    "mosaic": ["cat", "=SUM(1)", "11.00", "b = 0.00", "+15"],
}


@pytest.fixture(params=FIGURES)
def shown(request: pytest.FixtureRequest, qtbot: QtBot) -> tuple[str, QWidget]:
    widget: QWidget = FIGURES[request.param]()
    qtbot.addWidget(widget)
    widget.resize(500, 260)
    return request.param, widget


def test_that_a_png_has_the_pixels_asked_for_and_something_in_them(
    shown: tuple[str, QWidget],
) -> None:
    image = QImage.fromData(QByteArray(figure_bytes(shown[1], "png", scale=3)))
    assert (image.width(), image.height()) == (1500, 780)
    assert len({image.pixel(x, y) for x in range(0, 1500, 5) for y in range(0, 780, 5)}) > 5


def test_that_an_svg_is_xml_with_the_title_and_every_text(shown: tuple[str, QWidget]) -> None:
    kind, widget = shown
    root = ET.fromstring(figure_bytes(widget, "svg"))
    name = "{http://www.w3.org/2000/svg}"
    texts = ["".join(text.itertext()).strip() for text in root.iter(f"{name}text")]
    assert [title.text for title in root.iter(f"{name}title")] == [widget.accessibleName()]
    assert root.get("viewBox") == "0 0 500 260"
    assert set(TEXTS[kind]) <= set(texts)


def test_that_a_csv_reads_back(shown: tuple[str, QWidget]) -> None:
    _, widget = shown
    assert isinstance(widget, Figure)
    header, rows = widget.table()
    text = figure_bytes(widget, "csv").decode("utf-8")
    known, *read = csv.reader(io.StringIO(text, newline=""))
    assert [cell.lstrip("'") for cell in known] == list(header)
    for written, row in zip(read, rows, strict=True):
        for cell, value in zip(written, row, strict=True):
            if isinstance(value, str):
                assert cell.lstrip("'") == value
            elif value is None:
                assert cell == ""
            else:
                assert float(cell) == value


def test_that_a_spreadsheet_runs_no_cell_as_a_formula() -> None:
    names = ["=SUM(1)", "+1", "-1", "@x", "\tx", "\rx", "cat", "2"]
    text = table_csv((names, [[-1.5, np.float64(0.1), np.int64(3), None, 1e-300]])).decode()
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert header == [f"'{name}" for name in names[:6]] + ["cat", "2"]
    assert row == ["-1.5", "0.1", "3", "", "1e-300"]


def test_that_another_kind_or_no_area_or_no_table_is_refused(qtbot: QtBot) -> None:
    label = QLabel("no figure")
    qtbot.addWidget(label)
    with pytest.raises(ValueError, match='"bmp"'):
        figure_bytes(label, "bmp")  # type: ignore[arg-type]  # what a caller may get wrong
    with pytest.raises(TypeError, match=r"QLabel has no table\(\)"):
        figure_bytes(label, "csv")
    label.resize(0, 10)
    with pytest.raises(ValueError, match="0 x 10"):
        figure_bytes(label, "png")


def test_that_names_from_files_become_one_plain_line() -> None:
    assert one_line("a\nb\r\n\tc\u2028d\x00e") == "a b c d e"
    assert one_line("\u202eright\u200f to left\u2069") == "right to left"
    assert one_line("\ud800half\uffff") == "half"
    assert one_line("고양이 <b>x</b>") == "고양이 <b>x</b>"
    assert len(one_line("y" * 4000)) == 201


class Broken(PaintedFigure):
    calls = 0

    def draw(self, painter: QPainter) -> None:
        self.calls += 1
        raise ZeroDivisionError


def test_that_a_painting_error_is_reported_once_and_then_said_in_the_picture(qtbot: QtBot) -> None:
    widget = Broken()
    qtbot.addWidget(widget)
    with pytest.raises(ZeroDivisionError):
        widget.grab()
    for _ in range(5):
        widget.grab()
    assert widget.calls == 1
    assert b"could not be drawn" in figure_bytes(widget, "svg")
