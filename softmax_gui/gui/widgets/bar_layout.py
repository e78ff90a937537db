"""Where the rows and columns of ProbabilityBars lie: worked out once for a size and a font."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics

from softmax_gui.gui import theme
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = 8
SWATCH = 12
MARK = 14  # the arrow head at the largest, with the space before it

_SAMPLED = 20  # names of most letters, which decide how wide their column is
_TALLEST_ROW = 40
_BELOW = 4


class BarLayout:
    """Rows from the top below a header; columns name, logit, bar and probability."""

    def __init__(self, size: QSize, font: QFont, names: Sequence[str], rows: int) -> None:
        """Lays out `rows` rows of some of the names; `font` is that of the widget."""
        self.digits = theme.tabular(font)
        self.bold = QFont(self.digits)
        self.bold.setBold(True)
        self._metrics, self._names = QFontMetrics(self.bold), names
        self._elided: dict[int, str] = {}
        line = self._metrics.height()
        self.header = QRect(0, 0, size.width(), line + GAP)
        self.least_height = self.header.height() + rows * (line + 2) + _BELOW
        self.best_height = self.header.height() + rows * (line + 12) + _BELOW
        room = size.height() - self.header.height() - _BELOW
        self._rows, self._height = rows, min(max(room // max(rows, 1), 1), _TALLEST_ROW)
        self._columns = self._fit(size.width())

    def _fit(self, width: int) -> dict[str, tuple[int, int]]:
        """Left edge and width of each column."""
        advance = self._metrics.horizontalAdvance
        logit = max(map(advance, (tr("logit"), "+88.888")))
        # The caption may reach over the mark, and "undefined" over the bar it has none of.
        probability = max(advance(tr("probability")) - MARK, advance("0.888"))
        left, end = 2 * GAP + SWATCH, width - GAP - MARK - probability
        longest = max(map(advance, sorted(self._names, key=len)[-_SAMPLED:]), default=0) + 2
        room = end - left - logit - 4 * GAP
        name = max(min(longest, room // 2), 0)  # a bar is never shorter than the longest name
        bar = left + name + GAP + logit + 2 * GAP
        return {
            "name": (left, name),
            "logit": (left + name + GAP, logit),
            "bar": (bar, max(end - GAP - bar, 0)),
            "probability": (end, probability),
        }

    def row(self, index: int) -> QRect:
        """The area of a row."""
        top = self.header.height() + index * self._height
        return QRect(0, top, self.header.width(), self._height)

    def row_at(self, y: float) -> int:
        """The row at a height; -1 or more than the last where there is none."""
        return int((y - self.header.height()) // self._height)

    def cell(self, column: str, row: QRect) -> QRect:
        """Where a column crosses a row."""
        left, width = self._columns[column]
        return QRect(left, row.top(), width, row.height())

    def name(self, index: int) -> str:
        """A class name as long as its column is wide, even in bold."""
        if index not in self._elided:
            cut, width = Qt.TextElideMode.ElideRight, self._columns["name"][1]
            self._elided[index] = self._metrics.elidedText(self._names[index], cut, width)
        return self._elided[index]
