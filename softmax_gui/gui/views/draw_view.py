"""Draw a picture, or type a row: the vector x that the model is asked about."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from softmax_gui.data.dataset import Split, feature_names
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.pixels import drawn_row
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.gui.widgets.pixel_editor import PixelEditor
from softmax_gui.gui.widgets.value_table import ValueTable
from softmax_gui.i18n import tr

MAX_EXAMPLE_BUTTONS = 10
NOISE = 0.15  # standard deviation of what the Noise preset adds


class DrawView(LivingWidget):
    """The pixel editor with presets, and the flattened vector x1..xd beside it.

    The vector holds tints in [0, 1] for a picture, black to white, whatever its file and its
    scaling have; for a table the units of the file.
    """

    vector_edited = Signal(object)  # (d,) float64: by the user, undo and presets
    example_shown = Signal(int)  # the label of the example now in the editor
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._split: Split | None = None
        self._vector = np.zeros(0)
        self._drawn: tuple[int, int] | None = None  # the shape of the picture in the editor
        self._random = np.random.default_rng(0)  # which example, which noise: no result hangs on it
        self.editor, self.table = PixelEditor(), ValueTable()
        self._hint = QLabel()
        self._examples = QHBoxLayout()
        self._lay_out()
        self.editor.image_edited.connect(self._image_edited)
        self.editor.cell_hovered.connect(self.table.highlight)
        self.table.value_edited.connect(self._value_edited)
        self.table.entry_refused.connect(self.refused)
        self.retranslate()

    @property
    def undo_stack(self) -> QUndoStack:
        """Strokes, presets and typed pixels, to undo and redo."""
        return self.editor.undo_stack

    def vector(self) -> np.ndarray:
        """(d,): what is drawn or typed now."""
        return self._vector.copy()

    def show_data(self, split: Split) -> None:
        """Makes room for another kind of vector; a drawing of the same shape stays."""
        self._split = split
        data = split.dataset
        shape, low, high = data.image_shape, None, None
        self.editor.setVisible(shape is not None)
        self._hint.setVisible(shape is None)
        if shape is not None:
            low, high = 0.0, 1.0
        # A pixel is told by its place, x1..xd row by row; a column of a table by its name.
        self.table.set_names(feature_names(data.d) if shape else data.feature_names)
        self.table.set_range(low, high)
        self._make_example_buttons()
        if shape is not None and shape == self._drawn:
            self._show(self.editor.image().ravel())
        else:
            self._drawn = shape or self._drawn
            self.undo_stack.clear()
            label, x = self._an_example(0)
            self._show(x)
            self.vector_edited.emit(self.vector())
            self.example_shown.emit(label)

    def show_example(self, label: int) -> None:
        """An example of class `label` from the validation part, as an undoable edit."""
        if self._split is None or label >= self._split.dataset.q:
            return
        label, x = self._an_example(label)
        shape = self._split.dataset.image_shape
        if shape is not None:
            self.editor.edit_to(x.reshape(shape), self._split.dataset.class_names[label])
        else:
            self._show(x)
            self.vector_edited.emit(self.vector())
        self.example_shown.emit(label)

    def clear(self) -> None:
        """All pixels to 0, as an undoable edit."""
        if self.is_picture():
            self.editor.clear()

    def invert(self) -> None:
        """Every pixel v to 1 - v, as an undoable edit."""
        if self.is_picture():
            self.editor.invert()

    def add_noise(self) -> None:
        """Gaussian noise on every pixel, cut at 0 and 1, as an undoable edit."""
        if self.is_picture():
            self.editor.add_noise(self._random.normal(0.0, NOISE, self.editor.image().shape))

    def is_picture(self) -> bool:
        """Whether the vector is a picture that can be drawn."""
        return self._split is not None and self._split.dataset.image_shape is not None

    def retranslate(self) -> None:
        """Sets every text."""
        self._hint.setText(tr("These features are no pixels: type their values in the table."))
        self._clear.setText(tr("Clear"))
        self._invert.setText(tr("Invert"))
        self._noise.setText(tr("Noise"))
        self._clear.setToolTip(tr("All pixels to 0."))
        self._invert.setToolTip(tr("Every pixel v to 1 − v."))
        self._noise.setToolTip(tr("A little random noise on every pixel."))
        self._make_example_buttons()

    def _lay_out(self) -> None:
        self._clear, self._invert, self._noise = QPushButton(), QPushButton(), QPushButton()
        self._clear.clicked.connect(self.clear)
        self._invert.clicked.connect(self.invert)
        self._noise.clicked.connect(self.add_noise)
        top = QHBoxLayout()
        top.addWidget(self.editor, 5)
        top.addWidget(self._hint, 2)
        top.addWidget(self.table, 3)
        self._hint.setWordWrap(True)
        self._examples.setSpacing(4)
        tools = QHBoxLayout()
        tools.setSpacing(4)
        for button in (self._clear, self._invert, self._noise):
            tools.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addLayout(top, 1)
        layout.addLayout(self._examples)
        layout.addLayout(tools)

    def _make_example_buttons(self) -> None:
        while item := self._examples.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        if self._split is None:
            return
        names = self._split.dataset.class_names[:MAX_EXAMPLE_BUTTONS]
        names = names if self._split.train.n else ()
        self._clear.setEnabled(self.is_picture())
        self._invert.setEnabled(self.is_picture())
        self._noise.setEnabled(self.is_picture())
        before = self.table.focusProxy() or self.table  # Tab, too, goes from the table to them
        for label, name in enumerate(names):
            line = one_line(name)
            button = QPushButton(_short(line).replace("&", "&&"))
            button.setMinimumWidth(24)
            tip = tr("Shows an example of {name}.").format(name=line)
            button.setToolTip(tip.replace("<", "&lt;"))  # or Qt takes a name like <b> for HTML
            button.setAccessibleName(tr("Example of {name}").format(name=line))
            button.clicked.connect(lambda _=False, label=label: self.show_example(label))
            self._examples.addWidget(button)
            self.setTabOrder(before, button)
            before = button

    def _an_example(self, label: int) -> tuple[int, np.ndarray]:
        """A random example of the class, in the editor's units: a validation one if there is."""
        assert self._split is not None  # noqa: S101 - for the type checker; callers looked
        part = self._split.validation
        if not part.n and not self._split.train.n:  # a run that is watched brings no rows
            x = np.zeros(self._split.dataset.d)
            return 0, x if self.is_picture() else self._split.scaling.undo(x)
        if label not in part.labels:  # a class of a single row is trained on
            part = self._split.train
        rows = np.flatnonzero(part.labels == label)
        row = int(self._random.choice(rows)) if len(rows) else 0
        label = int(part.labels[row])
        return label, drawn_row(self._split, part.X[row], label)

    def _show(self, vector: np.ndarray) -> None:
        self._vector = np.array(vector, dtype=np.float64)
        if self.is_picture() and self._split is not None:
            shape = self._split.dataset.image_shape
            self.editor.set_image(np.clip(self._vector, 0.0, 1.0).reshape(shape or (1, -1)))
        self.table.set_values(self._vector)

    def _image_edited(self, image: np.ndarray) -> None:
        self._vector = image.ravel()
        self.table.set_values(self._vector)
        self.vector_edited.emit(self.vector())

    def _value_edited(self, place: int, value: float) -> None:
        vector = self.vector()
        vector[place] = value
        if self.is_picture():
            image = vector.reshape(self.editor.image().shape)
            self.editor.edit_to(image, self.table_name(place))
        else:
            self._show(vector)
            self.vector_edited.emit(self.vector())

    def table_name(self, place: int) -> str:
        """The name of feature `place` (from 0)."""
        return self._split.dataset.feature_names[place] if self._split else ""


def _short(line: str) -> str:
    return line if len(line) <= 12 else line[:11] + "…"
