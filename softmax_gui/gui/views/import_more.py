"""What is rarely said of a file: groups, parts, columns of targets, and the memory it may take."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from softmax_gui.core.checks import physical_memory
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.preview import Preview
from softmax_gui.files import size_text
from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.views import import_texts as texts
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.number_field import NumberField, Rule
from softmax_gui.i18n import tr

GB = 1e9
MOST_COLUMNS = 5000  # that are listed to be ticked; a longer list takes seconds and nobody reads it
_LIST_PX = 120
_SHARE = 0.5  # of the machine's memory: rows are copied once when they are scaled


def most_bytes() -> float:
    """The most memory that the numbers of a file may take on this machine; inf if unknown."""
    return _SHARE * physical_memory()


class ImportMore(LivingWidget):
    """Closed at first; open where one of its fields says something."""

    changed = Signal(object)  # the options that the user changed, a dict
    refused = Signal(str)  # what was typed is no limit

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preview = Preview("")
        self._more, self._box = QToolButton(autoRaise=True), QWidget()
        self._more.setCheckable(True)
        self._columns = {"group": ChoiceField(10), "split": ChoiceField(10)}
        self.targets = QListWidget()
        self.targets.setFrameShape(QFrame.Shape.NoFrame)
        high = most_bytes() / GB
        self.limit = NumberField(Rule(low=0.001, high=high, below_high=math.isfinite(high)))
        self._captions = {name: QLabel() for name in ("group", "split", "targets", "limit")}
        self._lay_out()
        self._connect()
        self.retranslate()
        self.restyle()
        self._show_rows()

    def show_preview(self, preview: Preview) -> None:
        """Shows what is in force; emits nothing."""
        if preview.columns != self._preview.columns:
            self._list(preview.columns)
        self._preview = preview
        guessed = preview.guessed
        self._fill()
        for name, column in (("group", guessed.group_column), ("split", guessed.split_column)):
            place = texts.column_place(column, preview.columns)
            self._columns[name].set_key("" if place < 0 else str(place))
        self._tick({texts.column_place(one, preview.columns) for one in guessed.target_columns})
        if not self.limit.hasFocus():
            self.limit.set_value(round(guessed.limit_bytes / GB, 3))
        if guessed.group_column or guessed.split_column:
            self._more.setChecked(True)
        self._show_rows()

    def retranslate(self) -> None:
        """Sets every text."""
        self._more.setText(tr("More"))
        self._more.setAccessibleName(tr("More on how the file is read"))
        self._more.setToolTip(tr("Groups, parts, columns of targets, and the memory limit."))
        for name, text, tip in (
            ("group", tr("Group column"), tr("Rows of one group stay in one part.")),
            ("split", tr("Part column"), tr("Says of each row: train, validation or test.")),
            ("targets", tr("Target columns"),
             tr("One-hot or soft labels: a column for each class, two or more.")),
            ("limit", tr("Memory limit (GB)"),
             tr("So much memory the numbers of a file may take. It holds for every file.")),
        ):  # fmt: skip
            self._captions[name].setText(text)
            field = self._field(name)
            field.setAccessibleName(text)
            field.setToolTip(tip)
        self._fill()

    def restyle(self) -> None:
        """Fusion draws the boxes of items in its ground, darkened: dark on dark."""
        palette = self.palette()
        edge = QColor(theme.current().muted).lighter(140)
        palette.setColor(QPalette.ColorRole.Window, edge)  # which the list itself does not show
        self.targets.setPalette(palette)

    def _lay_out(self) -> None:
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.targets.setMaximumHeight(_LIST_PX)
        self.targets.setMinimumWidth(1)
        self._form = QFormLayout(self._box)
        self._form.setContentsMargins(0, 0, 0, 4)
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(6)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, caption in self._captions.items():
            caption.setBuddy(self._field(name))
            self._form.addRow(caption, self._field(name))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._more)
        layout.addWidget(self._box)
        self._open(opened=False)

    def _connect(self) -> None:
        self._more.toggled.connect(lambda on: self._open(opened=on))
        for name, field in self._columns.items():
            field.key_chosen.connect(lambda key, name=name: self._choose(name, key))
        self.targets.itemChanged.connect(self._choose_targets)
        self.limit.value_edited.connect(
            lambda value: self.changed.emit({"limit_bytes": round(value * GB)})
        )
        self.limit.refused.connect(self.refused)

    def _open(self, *, opened: bool) -> None:
        self._more.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self._box.setVisible(opened)

    def _field(self, name: str) -> QWidget:
        found: dict[str, QWidget] = {"targets": self.targets, "limit": self.limit}
        return found.get(name) or self._columns[name]

    def _fill(self) -> None:
        choices = {"": tr("none")} | texts.column_choices(self._preview.columns)
        for field in self._columns.values():
            field.set_choices(choices)

    def _list(self, columns: tuple[str, ...]) -> None:
        with QSignalBlocker(self.targets):
            self.targets.clear()
            if len(columns) <= MOST_COLUMNS:
                self.targets.addItems(list(texts.column_choices(columns).values()))

    def _tick(self, places: set[int]) -> None:
        with QSignalBlocker(self.targets):
            for place, item in enumerate(self._items()):
                on = place in places
                item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)

    def _items(self) -> list[QListWidgetItem]:
        return [self.targets.item(place) for place in range(self.targets.count())]

    def _show_rows(self) -> None:
        for name in ("group", "split", "targets"):
            on = bool(self._preview.columns)
            if name == "targets":
                on = on and self.targets.count() > 0
            self._form.setRowVisible(self._captions[name], on)

    def _choose(self, name: str, key: str) -> None:
        word = texts.column_word(int(key), self._preview.columns) if key else None
        self.changed.emit({f"{name}_column": word})

    def _choose_targets(self) -> None:
        columns = self._preview.columns
        ticked = [item.checkState() == Qt.CheckState.Checked for item in self._items()]
        words = tuple(texts.column_word(k, columns) for k, on in enumerate(ticked) if on)
        changes: dict[str, Any] = {"target_columns": words}
        if words:
            changes["label_column"] = None
        self.changed.emit(changes)


def no_room(wanted: int) -> str:
    """Why the limit is not raised to `wanted` bytes, and what to do."""
    text = tr(
        "{size} are more than this machine has room for: {most} of its {memory} may be taken. "
        "Choose a part of the rows, or save them as .npy, which stay on disk."
    )
    sizes = {"size": wanted, "most": int(most_bytes()), "memory": int(physical_memory())}
    return text.format(**{name: size_text(size) for name, size in sizes.items()})


def limit_of(options: ReadOptions, wanted: int) -> int:
    """A round limit in bytes that `wanted` bytes fit in, or 0 where this machine has no room."""
    step = 1 << 27
    limit = max(options.limit_bytes, step * math.ceil(wanted / step))
    return limit if limit <= most_bytes() else 0
