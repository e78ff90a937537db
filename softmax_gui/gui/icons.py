"""Icons drawn as paths in the theme's colours: sharp at every scale, no files to load."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from softmax_gui.gui import theme

_SIDE = 64


def icon(key: str) -> QIcon:
    """The icon of a toolbar command: "train", "pause", "step", "epoch" or "reset"."""
    path = QPainterPath()
    if key in {"train", "step"}:
        path.addPolygon(_polygon((18, 12), (50, 32), (18, 52)))
        if key == "step":
            path = QPainterPath()
            path.addPolygon(_polygon((10, 12), (42, 32), (10, 52)))
            path.addRect(QRectF(44, 12, 8, 40))
    elif key == "pause":
        path.addRect(QRectF(16, 12, 11, 40))
        path.addRect(QRectF(37, 12, 11, 40))
    elif key == "epoch":
        path.addPolygon(_polygon((6, 14), (28, 32), (6, 50)))
        path.addPolygon(_polygon((28, 14), (50, 32), (28, 50)))
        path.addRect(QRectF(50, 14, 7, 36))
    else:
        path.addPolygon(_polygon((24, 4), (24, 28), (8, 16)))
    color = QColor(theme.current().on_accent if key in {"train", "pause"} else theme.current().text)
    pixmap = _blank()
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(path, color)
    if key == "reset":
        painter.setPen(_pen(color))
        painter.drawArc(QRectF(14, 16, 38, 38), -150 * 16, 240 * 16)
    painter.end()
    return QIcon(pixmap)


def app_icon() -> QIcon:
    """The app's own: a 2x2 picture in the colours of cat, chicken and dog."""
    pixmap = _blank()
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    cells = [theme.class_color(0), theme.class_color(1), theme.class_color(2), QColor("#E7E9EC")]
    for place, color in enumerate(cells):
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(4 + 29 * (place % 2), 4 + 29 * (place // 2), 27, 27), 5, 5)
    painter.end()
    return QIcon(pixmap)


def _pen(color: QColor) -> QPen:
    return QPen(color, 7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)


def _blank() -> QPixmap:
    pixmap = QPixmap(_SIDE, _SIDE)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap


def _polygon(*points: tuple[float, float]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in points])
