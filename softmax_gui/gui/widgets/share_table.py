"""A soft label: the share of each class in one example, typed; together they are 1."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.widgets.figures import draw_swatch, one_line
from softmax_gui.gui.widgets.number_field import NumberField, Rule
from softmax_gui.i18n import tr

MOST = 12  # classes of one soft label
SWATCH = 12
_WIDE = 14  # digits: as much of a name is seen
_SHARE = Rule(high=1.0, step=0.1)
_DIGITS = 9  # so that 0.1 + 0.2 + 0.7 is 1


class ShareTable(LivingWidget):
    """A number from 0 to 1 for each class; of two classes the other one follows."""

    shares_edited = Signal()
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._colors: tuple[int, ...] = ()
        self._fields: list[NumberField] = []
        self._captions: list[QWidget] = []
        self._sum = QLabel(wordWrap=True)
        self._sum.setMinimumWidth(1)  # no word widens the panel
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self.retranslate()

    def show_classes(self, names: Sequence[str], colors: Sequence[int]) -> None:
        """A field for each of the first classes; what was typed for one stays; emits nothing."""
        if (self._names, self._colors) == (tuple(names[:MOST]), tuple(colors[:MOST])):
            return
        old = dict(zip(self._names, self._values(), strict=True))
        self._names, self._colors = tuple(names[:MOST]), tuple(colors[:MOST])
        for widget in (*self._fields, *self._captions):
            widget.setParent(None)
            widget.deleteLater()
        self._fields, self._captions = [], []
        for place, name in enumerate(self._names):
            self._add_row(place, name, old.get(name, 0.0))
        self._grid.addWidget(self._sum, len(self._names), 0, 1, 3)
        self.retranslate()

    def shares(self) -> dict[str, float]:
        """The share of each class that has one; what is typed counts."""
        for field in self._fields:
            field.commit()
        values = zip(self._names, self._values(), strict=True)
        return {name: value for name, value in values if value > 0.0}

    def problem(self) -> str:
        """What is wrong with the shares, "" where they sum to 1."""
        total = round(sum(self._values()), _DIGITS)
        if total == 1.0:
            return ""
        text = tr("The shares sum to {sum:g}; they must sum to 1.")
        return text.format(sum=total)

    def set_shares(self, shares: dict[str, float]) -> None:
        """Shows these shares, 0 for classes without one; emits nothing."""
        for name, field in zip(self._names, self._fields, strict=True):
            field.set_value(shares.get(name, 0.0))
        self._tell()

    def retranslate(self) -> None:
        """Sets every text."""
        for name, field in zip(self._names, self._fields, strict=True):
            field.setAccessibleName(tr("Share of {name}").format(name=one_line(name)))
        self._tell()

    def _add_row(self, place: int, name: str, value: float) -> None:
        swatch, caption, field = QLabel(), QLabel(), NumberField(_SHARE)
        metrics, line = self.fontMetrics(), one_line(name)
        width = metrics.horizontalAdvance("0" * _WIDE)
        caption.setText(metrics.elidedText(line, Qt.TextElideMode.ElideRight, width))
        caption.setToolTip(line.replace("<", "&lt;"))
        swatch.setPixmap(swatch_icon(self._colors[place]).pixmap(QSize(SWATCH, SWATCH)))
        caption.setTextFormat(Qt.TextFormat.PlainText)
        field.set_value(value)
        field.value_edited.connect(lambda _value, place=place: self._take(place))
        field.refused.connect(self.refused)
        for column, widget in enumerate((swatch, caption, field)):
            self._grid.addWidget(widget, place, column)
        self._captions += [swatch, caption]
        if self._fields:
            QWidget.setTabOrder(self._fields[-1], field)
        self._fields.append(field)

    def _values(self) -> list[float]:
        return [field.value() for field in self._fields]

    def _take(self, place: int) -> None:
        if len(self._fields) == 2:
            rest = round(1.0 - self._fields[place].value(), _DIGITS)
            self._fields[1 - place].set_value(rest)
        self._tell()
        self.shares_edited.emit()

    def _tell(self) -> None:
        total = round(sum(self._values()), _DIGITS)
        self._sum.setText(self.problem() or tr("Sum {sum:g}").format(sum=total))


def swatch_icon(index: int) -> QIcon:
    """The small square in the colour of a class, for lists."""
    pixmap = QPixmap(2 * SWATCH, 2 * SWATCH)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_swatch(painter, QRect(0, 0, SWATCH, SWATCH), index)
    painter.end()
    return QIcon(pixmap)
