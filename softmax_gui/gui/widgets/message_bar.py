"""One line above the plots: what to do next, what happened, and the button that mends it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.i18n import tr

LONGEST = 600  # characters; more would push the plots away
NARROW = 480  # pixels


class Tone(Enum):
    """How a message is meant; the sign says it as well as the colour."""

    HINT = "➜"
    DONE = "✓"
    WARNING = "⚠"
    ERROR = "✕"


class MessageBar(LivingWidget):
    """Shows one message at a time, the newest; never a dialog in the way."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = Tone.HINT
        self._action: Callable[[], None] | None = None
        self._other_action: Callable[[], None] | None = None
        self._sign, self._text = QLabel(), QLabel()
        self._text.setWordWrap(True)
        self._text.setMinimumWidth(1)  # a path without a blank does not widen the window
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button, self._other, self._close = QPushButton(), QPushButton(), QToolButton()
        self._close.setText("×")
        self._close.setAutoRaise(True)
        self._button.clicked.connect(lambda: self._act(self._action))
        self._other.clicked.connect(lambda: self._act(self._other_action))
        self._close.clicked.connect(self.dismiss)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self._button)
        buttons.addWidget(self._other)
        self._lines = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._lines.addWidget(self._text, 1)
        self._lines.addLayout(buttons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 6, 6)
        layout.setSpacing(8)
        layout.addWidget(self._sign)
        layout.addLayout(self._lines, 1)
        layout.addWidget(self._close)
        self.retranslate()
        self.restyle()
        self.hide()

    def show_message(
        self,
        tone: Tone,
        text: str,
        button: str = "",
        action: Callable[[], None] | None = None,
        other: str = "",
        other_action: Callable[[], None] | None = None,
    ) -> None:
        """Shows `text`, with buttons that call `action` and `other_action` and close the bar."""
        self._tone, self._action, self._other_action = tone, action, other_action
        text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
        self._sign.setText(tone.value)
        self._text.setText(text)
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self._other.setText(other)
        self._other.setVisible(bool(other))
        self._arrange()
        self.setAccessibleDescription(text)
        self.restyle()
        self.show()

    def show_failure(self, text: str, error: BaseException) -> None:
        """Shows `text` as an error, with a button that copies the whole traceback."""
        details = "".join(traceback.format_exception(error))
        self.show_message(
            Tone.ERROR,
            text,
            tr("Copy details"),
            lambda: QGuiApplication.clipboard().setText(details),
        )

    def text(self) -> str:
        """The message on show, empty when there is none."""
        return self._text.text() if not self.isHidden() else ""

    def tone(self) -> Tone:
        """How the message is meant."""
        return self._tone

    def dismiss(self) -> None:
        """Closes the bar."""
        self._action = self._other_action = None
        self.hide()

    def retranslate(self) -> None:
        """Sets the texts that are always there; the message stays as it was said."""
        self.setAccessibleName(tr("Message"))
        self._close.setAccessibleName(tr("Close the message"))
        self._close.setToolTip(tr("Close the message"))

    def restyle(self) -> None:
        """The sign in the message's colour."""
        palette = self._sign.palette()
        palette.setColor(palette.ColorRole.WindowText, self._color())
        self._sign.setPalette(palette)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width."""
        self._arrange()
        super().resizeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A card with an edge in the message's colour (a style sheet would repolish it all)."""
        colors, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(colors.border))
        painter.setBrush(QColor(colors.base))
        painter.drawRoundedRect(card, 4, 4)
        painter.fillRect(QRectF(0, 4, 4, self.height() - 8), self._color())

    def _arrange(self) -> None:
        """Two buttons beside the text would leave it no room in a narrow bar."""
        below = bool(self._other.text()) and self.width() < NARROW
        direction = QBoxLayout.Direction
        self._lines.setDirection(direction.TopToBottom if below else direction.LeftToRight)

    def _color(self) -> QColor:
        colors = theme.current()
        return QColor(
            {Tone.WARNING: colors.warning, Tone.ERROR: colors.error}.get(self._tone, colors.accent)
        )

    def _act(self, action: Callable[[], None] | None) -> None:
        self.dismiss()
        if action is not None:
            action()
