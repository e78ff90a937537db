"""Why a file can't be read as it is, and the button where more memory would do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from softmax_gui.data.options import ReadOptions
from softmax_gui.files import size_text
from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.views.import_more import limit_of, no_room
from softmax_gui.i18n import tr


class ImportProblem(LivingWidget):
    """One sentence in red; hidden while there is none."""

    raise_requested = Signal(object)  # the memory limit in bytes that would do

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._higher = 0
        self._text, self.raise_button = QLabel(), QPushButton()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setMinimumWidth(1)  # a long path does not widen the dialog
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.raise_button.setAutoDefault(False)
        self.raise_button.clicked.connect(self._raise)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._text)
        layout.addWidget(self.raise_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.say("")
        self.restyle()

    def say(self, problem: str, wanted: int = 0, options: ReadOptions | None = None) -> None:
        """Shows a problem, "" for none.

        Args:
            problem: the sentence.
            wanted: the memory in bytes that would have to be allowed; 0 where that is not it.
            options: with the limit in force.
        """
        self._higher = limit_of(options or ReadOptions(), wanted) if wanted else 0
        if wanted and not self._higher:
            problem = f"{problem} {no_room(wanted)}"
        self._text.setText(f"✕  {problem}" if problem else "")
        self.setVisible(bool(problem))
        self.raise_button.setVisible(bool(self._higher))
        self.retranslate()

    def text(self) -> str:
        """The sentence, "" while there is none."""
        return self._text.text()

    def retranslate(self) -> None:
        """Says the button's text again; the sentence stays as it was said."""
        text = tr("Raise the limit to {size} and look again")
        self.raise_button.setText(text.format(size=size_text(self._higher)))

    def restyle(self) -> None:
        """The sentence in the colour of errors."""
        self._text.setStyleSheet(f"color: {theme.current().error};")

    @Slot()
    def _raise(self) -> None:
        self.raise_requested.emit(self._higher)
