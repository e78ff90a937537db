"""A plot of training as the tests want it, and what can be read off it."""

from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.curve_plot import CurvePlot, Reference, Series
from softmax_gui.gui.widgets.figures import figure_bytes

SERIES = (Series("t", "training"), Series("v", "validation"))
FLOOR, CHANCE = Reference(0.21, "floor H(Y|X)"), Reference(1.0986, "ln 3")


def plot(qtbot: QtBot, **options: Any) -> CurvePlot:
    widget = CurvePlot("Loss over steps", SERIES, **options)
    qtbot.addWidget(widget)
    widget.set_titles("Loss (nat)", "Step")
    widget.set_series_names({"t": "training", "v": "validation"})
    widget.resize(480, 220)
    widget.show()
    return widget


def trained(qtbot: QtBot, n: int = 1000, **options: Any) -> CurvePlot:
    widget = plot(qtbot, **options)
    x = np.arange(1, n + 1)
    loss = 0.25 + 0.85 * np.exp(-8 * x / n)
    widget.append(x, {"t": loss})
    widget.append(x[99::100], {"v": loss[99::100] + 0.02})
    widget.redraw()
    return widget


def texts(widget: CurvePlot) -> dict[str, float]:
    """Every text drawn and its height in the picture."""
    root = ET.fromstring(figure_bytes(widget, "svg"))
    found = root.iter("{http://www.w3.org/2000/svg}text")
    return {"".join(text.itertext()).strip(): float(text.get("y", "nan")) for text in found}


def ranges(widget: CurvePlot) -> tuple[list[float], list[float]]:
    x, y = widget.canvas.view.viewRange()
    return x, y


def drawn(widget: CurvePlot, key: str) -> tuple[np.ndarray, np.ndarray]:
    x, y = widget._curves[key].line.getData()
    return x, y
