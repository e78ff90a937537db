"""The first pictures of a set, each with its name below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.i18n import tr

SIDE = 72  # logical pixels of a picture
LONGEST = 40  # characters of a name


class PictureStrip(QListWidget):
    """Pictures (h, w) gray or (h, w, 3) in colour, side by side; enlarged as crisp cells."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setMovement(QListWidget.Movement.Static)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setGridSize(QSize(SIDE + 24, SIDE + 16 + self.fontMetrics().height()))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)
        self.setAccessibleName(tr("First pictures"))

    def show_pictures(self, pictures: Sequence[NDArray[np.uint8]], names: Sequence[str]) -> None:
        """Pictures and the name of each; where names are missing none is shown."""
        self.clear()
        for place, picture in enumerate(pictures):
            name = one_line(names[place]) if place < len(names) else ""
            item = QListWidgetItem(QIcon(_pixmap(picture)), name[-LONGEST:])
            item.setToolTip(name)
            self.addItem(item)

    def changeEvent(self, event: QEvent) -> None:
        """Qt's call; the names of pictures are those of files, in every language."""
        if event.type() == QEvent.Type.LanguageChange:
            self.setAccessibleName(tr("First pictures"))
        super().changeEvent(event)


def _pixmap(picture: NDArray[np.uint8]) -> QPixmap:
    pixels = np.ascontiguousarray(picture, dtype=np.uint8)
    h, w = pixels.shape[:2]
    kind = QImage.Format.Format_RGB888 if pixels.ndim == 3 else QImage.Format.Format_Grayscale8
    image = QImage(pixels.data, w, h, pixels.strides[0], kind)
    small = max(h, w) < 2 * SIDE  # crisp cells; larger ones are averaged down
    way = Qt.TransformationMode.FastTransformation
    if not small:
        way = Qt.TransformationMode.SmoothTransformation
    side = 2 * SIDE - 16  # twice the pixels, for screens that have them
    scaled = image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, way)
    pixmap = QPixmap(2 * SIDE, 2 * SIDE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.drawImage((2 * SIDE - scaled.width()) // 2, 2 * SIDE - scaled.height(), scaled)
    painter.end()
    pixmap.setDevicePixelRatio(2.0)
    return pixmap
