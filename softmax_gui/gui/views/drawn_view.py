"""My examples: a label for the picture drawn, the examples so far, and what to do with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal, SignalInstance
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from softmax_gui.data.drawn import DrawnSet
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.views.drawn_texts import Reasons, Surroundings, count_text, where_text
from softmax_gui.gui.widgets.check_box import CheckBox
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.gui.widgets.pixel_editor import PixelEditor
from softmax_gui.gui.widgets.share_table import MOST, ShareTable, swatch_icon
from softmax_gui.gui.widgets.thumbnails import Thumbnails
from softmax_gui.i18n import tr

SIDES = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 28)  # of pictures drawn in a size of their own
AS_ON_SCREEN = "screen"
MOST_CLASSES = 200  # of the data on the screen that the chooser offers
PAD = 120  # logical pixels


class Pad(PixelEditor):
    """A picture to draw that is not the one the model is asked about."""

    def retranslate(self) -> None:
        """Sets name, description and tool tip."""
        super().retranslate()
        self.setAccessibleName(tr("Pad for my examples"))


class DrawnView(LivingWidget):
    """Says what the user wants of the examples; shows the set it is given."""

    add_requested = Signal()
    relabel_requested = Signal(object)  # the rows
    delete_requested = Signal(object)  # the rows
    rename_requested = Signal(int)  # the class of the example pointed at
    show_requested = Signal(int)  # the row
    size_chosen = Signal(object)  # (h, w), or None: as the data on the screen
    new_requested = Signal()
    sample_requested = Signal()
    train_requested = Signal()
    mix_requested = Signal()
    save_requested = Signal()
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drawn, self._around = DrawnSet((2, 2)), Surroundings()
        self._reasons = Reasons()
        self._label = ""  # the label in the field before a soft one was asked for
        self._typed: tuple[str, ...] = ()  # names without an example yet
        self._where, self._sample, self.pad = QLabel(), QPushButton(), Pad()
        self.label_field, self._add = QComboBox(editable=True), QPushButton()
        self._soft, self.shares = CheckBox(), ShareTable()
        self.thumbnails, self._count = Thumbnails(), QLabel()
        self._caption, self._swatch = QLabel(), QLabel()
        self._relabel, self._delete = QPushButton(), QPushButton()
        self._train, self._mix, self._save = QPushButton(), QPushButton(), QPushButton()
        self._size, self._size_caption, self._new = ChoiceField(), QLabel(), QPushButton()
        self._lay_out()
        self._connect()
        self.retranslate()

    def show_set(self, drawn: DrawnSet, around: Surroundings, reasons: Reasons) -> None:
        """Shows the examples beside the data on the screen; emits nothing."""
        self._drawn, self._around, self._reasons = drawn, around, reasons
        names = self._names()
        colors = [names.index(name) for name in drawn.class_names]
        self.thumbnails.show_examples(drawn.pictures, drawn.targets, drawn.class_names, colors)
        self._offer(names)
        self._show_shares(names)
        own = around.shape != drawn.image_shape
        self.pad.setVisible(own)
        if self.pad.image().shape != drawn.image_shape:
            self.pad.set_image(np.zeros(drawn.image_shape))
        self._where.setVisible(own)
        self._sample.setVisible(around.shape is None)
        self._tell()

    def show_size(self, shape: tuple[int, int] | None) -> None:
        """The size that was chosen for a new set; None is that of the data on the screen."""
        self._size.set_key(AS_ON_SCREEN if shape is None else f"{shape[0]}x{shape[1]}")

    def label(self) -> dict[str, float]:
        """The share of each class in the next example; {} while `problem` says what is wrong."""
        if self.problem():
            return {}
        if self._soft.isChecked():
            return self.shares.shares()
        return {self.label_field.currentText().strip(): 1.0}

    def problem(self) -> str:
        """Why there is no label yet, "" where there is one."""
        if self._soft.isChecked():
            self.shares.shares()  # what is typed counts
            return self.shares.problem()
        if not self.label_field.currentText().strip():
            return tr("Choose a class, or type the name of a new one, as the label.")
        return ""

    def retranslate(self) -> None:
        """Sets every text."""
        self._sample.setText(tr("Load the 2x2 sample"))
        self.label_field.setAccessibleName(tr("Label of the next example"))
        self.label_field.setToolTip(tr("A class, or the name of a new one."))
        self._add.setText(tr("Add example"))
        self._soft.setText(tr("Soft label"))
        self._soft.setToolTip(tr("A share for each class, such as cat 0.7 and dog 0.3."))
        self._relabel.setText(tr("Relabel"))
        self._delete.setText(tr("Delete"))
        self._train.setText(tr("Train on my examples"))
        self._mix.setText(tr("Add to the data"))
        self._mix.setAccessibleName(tr("Add my examples to the data"))
        self._save.setText(tr("Save as NPZ…"))
        self._size_caption.setText(tr("Size"))
        self._size.setAccessibleName(tr("Size of drawn pictures"))
        self._size.setToolTip(tr("Another size begins a new set; Undo brings the old one back."))
        sizes = {f"{side}x{side}": f"{side} × {side}" for side in SIDES}
        self._size.set_choices({AS_ON_SCREEN: tr("as the data")} | sizes)
        self._new.setText(tr("New set"))
        self._new.setToolTip(tr("Begins anew without examples; Undo brings these back."))
        self._tell()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        self.pad.setFixedHeight(PAD)
        self._where.setWordWrap(True)
        self._count.setTextFormat(Qt.TextFormat.PlainText)
        self._count.setWordWrap(True)
        self._count.setMinimumWidth(1)  # no word widens the panel
        self._count.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self.label_field.setMinimumContentsLength(6)
        self.label_field.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.label_field.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._caption.setBuddy(self.label_field)
        self.label_field.setCompleter(None)  # type: ignore[arg-type]  # "do" is no "dog"
        label = ((self._caption, 0), (self._swatch, 0), (self.label_field, 1), (self._add, 0))
        for widget in (self._where, self._sample, self.pad):
            layout.addWidget(widget)
        layout.addLayout(_row(*label))
        layout.addLayout(_row((self._soft, 1), (self._relabel, 0), (self._delete, 0)))
        layout.addWidget(self.shares)
        layout.addWidget(self.thumbnails, 1)
        layout.addWidget(self._count)
        layout.addWidget(self._train)
        layout.addLayout(_row((self._mix, 1), (self._save, 1)))
        layout.addLayout(_row((self._size_caption, 0), (self._size, 1), (self._new, 0)))
        self.shares.hide()

    def _connect(self) -> None:
        self._add.clicked.connect(self.add_requested)
        self._sample.clicked.connect(self.sample_requested)
        self._train.clicked.connect(self.train_requested)
        self._mix.clicked.connect(self.mix_requested)
        self._save.clicked.connect(self.save_requested)
        self._new.clicked.connect(self.new_requested)
        self._relabel.clicked.connect(lambda: self._emit_rows(self.relabel_requested))
        self._delete.clicked.connect(lambda: self._emit_rows(self.delete_requested))
        self._size.key_chosen.connect(self._choose_size)
        self._soft.toggled.connect(self._soften)
        self.shares.shares_edited.connect(self._tell)
        self.shares.refused.connect(self.refused)
        self.label_field.editTextChanged.connect(self._tell)
        edit = self.label_field.lineEdit()
        if edit is not None:
            edit.returnPressed.connect(self._take_name)
        self.thumbnails.delete_requested.connect(lambda: self._emit_rows(self.delete_requested))
        self.thumbnails.example_activated.connect(self.show_requested)
        self.thumbnails.choice_changed.connect(self._tell)
        self.thumbnails.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.thumbnails.customContextMenuRequested.connect(self._show_menu)

    def _names(self) -> list[str]:
        """The classes in the order of their colours: those on the screen, then one's own."""
        names = list(self._around.class_names[:MOST_CLASSES] if self._around.shape else ())
        own = (*self._drawn.class_names, *self._typed)
        return names + [name for name in dict.fromkeys(own) if name not in names]

    def _offer(self, names: Sequence[str]) -> None:
        """Names to choose the label from; the text in the field stays."""
        field = self.label_field
        if [field.itemText(place) for place in range(field.count())] == list(names):
            return
        text = field.currentText()
        field.clear()
        field.addItems(list(names))
        field.setEditText(text or ("" if self._soft.isChecked() else next(iter(names), "")))

    def _show_shares(self, names: list[str]) -> None:
        """Fields for as many classes as there is room for: what was just named comes first."""
        wanted = (*reversed(self._typed), *self.shares.shares(), *self._drawn.class_names, *names)
        kept = {name for name in [*dict.fromkeys(wanted)][:MOST] if name in names}
        places = [place for place, name in enumerate(names) if name in kept]
        self.shares.show_classes([names[place] for place in places], places)

    def _take_name(self) -> None:
        """Enter in the field: adds the example; for a soft label, a class to give shares to."""
        if not self._soft.isChecked():
            self.add_requested.emit()
        elif name := self.label_field.currentText().strip():
            self._typed = (*self._typed, name)
            self.label_field.setEditText("")
            names = self._names()
            self._offer(names)
            self._show_shares(names)
            self._tell()

    def _soften(self, soft: bool) -> None:
        name = self.label_field.currentText().strip()
        if soft and name and not self.shares.shares():
            self._typed = (*self._typed, name)
            self._show_shares(self._names())
            self.shares.set_shares({name: 1.0})
        self.label_field.setEditText("" if soft else self._label)  # it takes new classes meanwhile
        self._label = name
        self.shares.setVisible(soft)
        self._tell()

    def _choose_size(self, key: str) -> None:
        height, _, width = key.partition("x")
        self.size_chosen.emit(None if key == AS_ON_SCREEN else (int(height), int(width)))

    def _emit_rows(self, signal: SignalInstance) -> None:
        if rows := self.thumbnails.chosen():
            signal.emit(rows)

    def _show_menu(self, at: QPoint) -> None:
        """What can be done with the examples that are selected."""
        row = self.thumbnails.currentIndex().row()
        if row < 0 or row >= self._drawn.m:
            return
        menu = QMenu(self)
        menu.addAction(tr("Show in the editor"), lambda: self.show_requested.emit(row))
        relabel = menu.addAction(self._relabel.text(), self._relabel.click)
        relabel.setEnabled(self._relabel.isEnabled())
        label = int(self._drawn.labels[row])
        name = one_line(self._drawn.class_names[label])[:24].replace("&", "&&")
        text = tr('Rename class "{name}"…').format(name=name)
        menu.addAction(text, lambda: self.rename_requested.emit(label))
        delete = menu.addAction(self._delete.text(), self._delete.click)
        delete.setEnabled(self._delete.isEnabled())
        menu.popup(self.thumbnails.viewport().mapToGlobal(at))

    def _tell(self) -> None:
        """What can be done now, and why the rest can't."""
        drawn, reasons, problem = self._drawn, self._reasons, self.problem()
        chosen = self.thumbnails.chosen()
        one = tr("Select examples first: a click, Ctrl and a click, or Shift and the arrows.")
        _enable(self._add, problem, tr("Adds the picture as it is now (Ctrl+D)."))
        tip = tr("Gives the selected examples the label above.")
        _enable(self._relabel, "" if chosen and not problem else problem or one, tip)
        _enable(self._delete, "" if chosen else one, tr("Deletes the selected examples."))
        tip = tr("Loads these examples in the place of the data, and trains from step 0.")
        _enable(self._train, reasons.train, tip)
        tip = tr("Loads the data again, with these examples among them.")
        _enable(self._mix, reasons.mix, tip)
        _enable(self._save, reasons.save, tr("Arrays that any program with NumPy can read."))
        self._new.setEnabled(drawn.m > 0)
        self._count.setText(count_text(drawn))
        self._where.setText(where_text(drawn, self._around))
        name, names = self.label_field.currentText().strip(), self._names()
        place = names.index(name) if name in names else len(names)
        self._swatch.setPixmap(swatch_icon(place).pixmap(12, 12))
        self._swatch.setVisible(not self._soft.isChecked())
        self._caption.setText(tr("New class") if self._soft.isChecked() else tr("Label"))


def _row(*widgets: tuple[QWidget, int]) -> QHBoxLayout:
    """Widgets side by side, each with how much it stretches."""
    row = QHBoxLayout()
    row.setSpacing(6)
    for widget, stretch in widgets:
        row.addWidget(widget, stretch)
    return row


def _enable(button: QPushButton, reason: str, tip: str) -> None:
    button.setEnabled(not reason)
    button.setToolTip((reason or tip).replace("<", "&lt;"))
