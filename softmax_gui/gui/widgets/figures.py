"""What the drawn widgets share: safe texts, safe painting, and their pictures as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Literal, Protocol, TypeAlias, runtime_checkable
from unicodedata import category

from PySide6.QtCore import QBuffer, QEvent, QIODevice, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QImage, QPainter, QPaintEvent
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from softmax_gui.files import spreadsheet_safe
from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.i18n import tr

Kind: TypeAlias = Literal["png", "svg", "csv"]
Table: TypeAlias = tuple[Sequence[str], Iterable[Sequence[object]]]

_LONGEST_NAME = 200  # characters; eliding thousands would cost milliseconds a frame


@runtime_checkable
class Figure(Protocol):
    """A QWidget whose numbers can be had as a table."""

    def table(self) -> Table:
        """The header and the rows of every number the picture is drawn from."""


def figure_bytes(widget: QWidget, kind: Kind, scale: float = 2) -> bytes:
    """The widget as a file's content; who calls it writes the file. See figure_content."""
    return figure_content(widget, kind, scale)()


def figure_content(widget: QWidget, kind: Kind, scale: float = 2) -> Callable[[], bytes]:
    """The widget as it is now; what is returned makes a file's content of it, on any thread.

    Args:
        widget: a Figure; its size on screen becomes the size of the picture.
        kind: "png" has size * scale pixels, "svg" has texts and lines that scale, "csv" is
            the table in UTF-8, numbers as exact as Python's repr.
        scale: pixels of the PNG for one of the screen.

    Raises:
        ValueError: another kind, or the picture has no area.
        TypeError: a table is asked of a widget that has none.
    """
    if kind == "csv":
        table = table_of(widget)
        return lambda: table_csv(table)  # a million rows take 4 s
    if kind == "png":
        image = figure_image(widget, scale)
        return lambda: _png(image)
    if kind == "svg":
        _make_ready(widget)
        svg = _svg(widget)
        return lambda: svg
    raise ValueError(f'kind "{kind}": "png", "svg" or "csv" expected')


def table_of(widget: QWidget) -> Table:
    """The numbers of a figure, as they are now.

    Raises:
        TypeError: it has none.
    """
    if not isinstance(widget, Figure):
        raise TypeError(f"{type(widget).__name__} has no table()")
    return widget.table()


def figure_image(widget: QWidget, scale: float = 2) -> QImage:
    """The widget as pixels, size * scale.

    Raises:
        ValueError: the picture has no area.
    """
    _make_ready(widget)
    image = QImage(
        (widget.size().toSizeF() * scale).toSize(), QImage.Format.Format_ARGB32_Premultiplied
    )
    image.setDevicePixelRatio(scale)
    image.fill(QColor(theme.current().base))
    QWidget.render(widget, image)
    return image


def _make_ready(widget: QWidget) -> None:
    if widget.size().isEmpty():
        raise ValueError(f"a picture of {widget.width()} x {widget.height()} pixels")
    redraw = getattr(widget, "redraw", None)
    if callable(redraw):  # a plot on a hidden tab has not drawn its newest points yet
        redraw()


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs have bytes, Qt takes str
    return bytes(buffer.data().data())


def _svg(widget: QWidget) -> bytes:
    buffer, generator = QBuffer(), QSvgGenerator()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator.setOutputDevice(buffer)
    generator.setResolution(widget.logicalDpiX())  # else texts shrink against the lines
    generator.setSize(widget.size())
    generator.setViewBox(QRect(0, 0, widget.width(), widget.height()))
    generator.setTitle(one_line(widget.accessibleName()))
    generator.setDescription(one_line(widget.accessibleDescription()))
    QWidget.render(widget, generator)  # a graphics view has another render()
    return bytes(buffer.data().data())


def table_csv(table: Table) -> bytes:
    """A table as CSV: a text a spreadsheet would run as a formula gets an apostrophe."""
    header, rows = table
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_cell(entry) for entry in header])
    writer.writerows([_cell(entry) for entry in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")  # half a character of a bad name


def table_text(table: Table) -> str:
    """A table as spreadsheets exchange it: a tab between cells, names as safe as in a CSV."""
    header, rows = table
    lines = ([" ".join(_cell(entry).split()) for entry in row] for row in (header, *rows))
    return "\n".join("\t".join(line) for line in lines) + "\n"


def _cell(entry: object) -> str:
    if type(entry) in (float, int):  # a million rows of them take 4 s, 6 s without this line
        return repr(entry)
    if entry is None:
        return ""
    if isinstance(entry, str):
        return spreadsheet_safe(entry)
    item = getattr(entry, "item", None)  # numpy's repr is "np.float64(0.1)"
    return repr(item() if callable(item) else entry)


def one_line(text: str) -> str:
    """A name from a file as it may be drawn: one line, no controls, no marks that reorder."""
    spaced = (" " if category(c) in _BREAKS else c for c in text[: 4 * _LONGEST_NAME])
    line = " ".join("".join(c for c in spaced if c in _JOINERS or _is_seen(c)).split())
    return line if len(line) <= _LONGEST_NAME else line[:_LONGEST_NAME] + "…"


_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"


def _is_seen(character: str) -> bool:
    # Marks of direction, halves of characters, and two that XML forbids.
    return category(character) not in {"Cf", "Cs"} and character not in "\ufffe\uffff"


# One line, vertically centred; joining flags at every text takes longer than drawing it.
LINE = Qt.AlignmentFlag.AlignVCenter.value | Qt.TextFlag.TextSingleLine.value


def draw_text(
    painter: QPainter,
    area: QRect | QRectF,
    text: str,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    """Draws one line as plain text, centred vertically and elided where it does not fit."""
    metrics = QFontMetrics(painter.font())
    if metrics.horizontalAdvance(text) > area.width():
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(area.width()))
    painter.drawText(QRectF(area), align.value | LINE, text)


@lru_cache(maxsize=64)
def class_brush(index: int) -> QBrush:
    """The fill of a class; from the ninth on, where colours repeat, it is striped."""
    patterns = (
        Qt.BrushStyle.SolidPattern, Qt.BrushStyle.BDiagPattern, Qt.BrushStyle.HorPattern,
        Qt.BrushStyle.DiagCrossPattern, Qt.BrushStyle.VerPattern, Qt.BrushStyle.FDiagPattern,
    )  # fmt: skip
    return QBrush(theme.class_color(index), patterns[index // 8 % len(patterns)])


def draw_swatch(painter: QPainter, area: QRect, index: int) -> None:
    """Draws the small square that says which colour a class has."""
    brush = class_brush(index)
    painter.fillRect(area, brush)
    if brush.style() != Qt.BrushStyle.SolidPattern:
        painter.setPen(brush.color())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area.adjusted(0, 0, -1, -1))


class SafePaint:
    """Paints until painting fails: the error is raised once, then a sentence stands there.

    A paint event that fails fails again at every frame; the window would report it each time.
    """

    def __init__(self) -> None:
        self.failed = False

    def __call__(self, widget: QWidget, draw: Callable[[QPainter], None]) -> None:
        """Calls `draw` with a painter on the widget, or draws the sentence."""
        painter = QPainter(widget)
        try:
            self.guard(draw, painter)
            if self.failed:
                _draw_sentence(painter, widget.rect(), tr("This picture could not be drawn."))
        finally:
            painter.end()

    def guard(self, draw: Callable[[QPainter], None], painter: QPainter) -> None:
        """Calls `draw`, unless it failed before."""
        if self.failed:
            return
        try:
            draw(painter)
        except BaseException:
            self.failed = True
            raise


def _draw_sentence(painter: QPainter, area: QRect, text: str) -> None:
    painter.setPen(QColor(theme.current().muted))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(area.adjusted(16, 8, -16, -8), int(flags), text)


class PaintedFigure(LivingWidget):
    """A figure that draws itself: a subclass writes draw() and table()."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._paint = SafePaint()
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)  # the owner adds them

    def draw(self, painter: QPainter) -> None:
        """Draws the whole widget."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt's call."""
        self._paint(self, self.draw)

    def changeEvent(self, event: QEvent) -> None:
        """Qt's call; another font moves what restyle() laid out."""
        if event.type() == QEvent.Type.FontChange:
            self.restyle()
            self.update()
        super().changeEvent(event)
