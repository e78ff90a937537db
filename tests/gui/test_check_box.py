"""An empty check box is seen on light and dark ground."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.check_box import CheckBox


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_that_the_edge_of_an_empty_box_stands_out(qtbot: QtBot, scheme: str) -> None:
    colors = theme.apply(scheme)
    box = CheckBox("Soft label")
    qtbot.addWidget(box)
    box.show()
    picture = box.grab().toImage()
    seen = {
        picture.pixelColor(x, y).name()
        for x in range(min(20, picture.width()))
        for y in range(picture.height())
    }
    assert QColor(colors.muted).name() in seen
    theme.apply("system")
