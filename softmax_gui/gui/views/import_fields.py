"""How a file is understood: the guesses as fields, and what the user made of them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.preview import Preview
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.views import import_texts as texts
from softmax_gui.gui.views.import_more import ImportMore
from softmax_gui.gui.widgets.check_box import CheckBox
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.number_field import NumberField, Rule
from softmax_gui.i18n import tr

_KINDS = {
    "table": ("label", "delimiter", "decimal", "header", "encoding", "comment", "missing"),
    "parquet": ("label", "missing"),
    "arrays": ("x_key", "y_key", "missing"),
    "idx": (),
    "npy": ("missing",),
    "pictures": ("height", "width", "colour"),
}
_CHOICES = ("label", "x_key", "y_key", "colour", "delimiter", "decimal", "encoding", "comment",
            "missing")  # fmt: skip
_SIDES = ("height", "width")
_LARGEST = 4096  # pixels of a side


class ImportFields(LivingWidget):
    """Shows what was guessed; a field the user touched is no guess any more."""

    options_changed = Signal()  # by the user, never by show_preview
    labels_wanted = Signal()  # the button for a labels file was pressed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._given, self._preview = ReadOptions(), Preview("")
        self._choices = {name: ChoiceField(10) for name in _CHOICES}
        rule = Rule(low=1, high=_LARGEST, whole=True, step=1)
        self._sides = {name: NumberField(rule) for name in _SIDES}
        self.more = ImportMore()
        self._header, self._labels = CheckBox(), QLineEdit(readOnly=True)
        self._browse, self._guess = QPushButton(), QPushButton()
        self._captions = {name: QLabel() for name in texts.captions()}
        self._lay_out()
        self._connect()
        self.retranslate()
        self._show_rows()

    def options(self) -> ReadOptions:
        """What the user said; None where the guess stands."""
        return self._given

    @property
    def kind(self) -> str:
        """The kind of file that the preview found, "" before there is one."""
        return self._preview.kind

    def set_options(self, options: ReadOptions) -> None:
        """Starts from what is known of a file, say from the last time; emits nothing."""
        self._given = options

    def set_labels(self, path: str) -> None:
        """Takes the labels from this file."""
        self._change(labels=path)

    def set_limit(self, limit_bytes: int) -> None:
        """Takes this for the memory that the numbers of a file may take."""
        self._change(limit_bytes=limit_bytes)

    def set_order(self, names: tuple[str, ...]) -> None:
        """Takes the classes in this order."""
        self._given = replace(self._given, class_order=names)
        self.options_changed.emit()

    def show_preview(self, preview: Preview) -> None:
        """Shows what was guessed with these options; emits nothing."""
        self._preview = preview
        guessed = preview.guessed
        self._fill()
        for name in ("delimiter", "decimal", "comment", "missing", "x_key", "y_key", "colour"):
            if (value := getattr(guessed, name)) is not None:
                self._choices[name].set_key(value)
        self._choices["encoding"].set_key(texts.encoding_key(guessed.encoding) or "")
        place = texts.column_place(guessed.label_column, preview.columns)
        several = bool(guessed.target_columns)
        self._choices["label"].set_key(texts.TARGETS if several else str(place))
        if not several and place < 0:
            self._choices["label"].setCurrentIndex(-1)
        self._header.setChecked(bool(guessed.header))
        self._labels.setText(Path(guessed.labels).name if guessed.labels else "")
        for name, side in zip(_SIDES, guessed.picture_size or (0, 0), strict=True):
            if side and not self._sides[name].hasFocus():
                self._sides[name].set_value(side)
        self._guess.setEnabled(self._given != ReadOptions(limit_bytes=self._given.limit_bytes))
        self.more.show_preview(replace(preview, guessed=self._in_force(guessed)))
        self._show_rows()

    def retranslate(self) -> None:
        """Sets every text."""
        tips = texts.tips()
        for name, text in texts.captions().items():
            self._captions[name].setText(text)
            field = self._field(name)
            field.setAccessibleName(text)
            field.setToolTip(tips[name])
        self._header.setText(tr("Names in the first row"))
        self._browse.setText(tr("Choose…"))
        self._browse.setAccessibleName(tr("Choose a labels file"))
        self._browse.setToolTip(tips["labels"])
        self._guess.setText(tr("Guess again"))
        self._guess.setToolTip(tr("Forget what was changed here."))
        self._labels.setPlaceholderText(tr("none"))
        self._fill()

    def _lay_out(self) -> None:
        labels = QHBoxLayout()
        labels.setContentsMargins(0, 0, 0, 0)
        labels.addWidget(self._labels, 1)
        labels.addWidget(self._browse)
        self._labels_row = QWidget()
        self._labels_row.setLayout(labels)
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(6)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, caption in self._captions.items():
            row = self._labels_row if name == "labels" else self._field(name)
            caption.setBuddy(self._field(name))
            self._form.addRow(caption, row)
        below = QHBoxLayout()
        below.addStretch(1)
        below.addWidget(self._guess)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.addLayout(self._form)
        layout.addWidget(self.more)
        layout.addLayout(below)
        layout.addStretch(1)

    def _connect(self) -> None:
        for name, choice in self._choices.items():
            choice.key_chosen.connect(lambda key, name=name: self._choose(name, key))
        for side in self._sides.values():
            side.value_edited.connect(self._resize)
        self._header.clicked.connect(lambda on: self._change(header=on))
        self._browse.clicked.connect(self.labels_wanted)
        self._guess.clicked.connect(self._guess_again)
        self.more.changed.connect(lambda changes: self._change(**changes))

    def _in_force(self, guessed: ReadOptions) -> ReadOptions:
        """The guesses, but groups, parts and limit as given, also where the look was refused."""
        given = self._given
        columns = guessed.target_columns or given.target_columns
        return replace(
            guessed, limit_bytes=given.limit_bytes, target_columns=columns,
            label_column=None if columns else guessed.label_column,
            group_column=guessed.group_column or given.group_column,
            split_column=guessed.split_column or given.split_column,
        )  # fmt: skip

    def _field(self, name: str) -> QWidget:
        found: dict[str, QWidget] = {"header": self._header, "labels": self._labels}
        return found.get(name) or self._choices.get(name) or self._sides[name]

    def _fill(self) -> None:
        for name, choices in texts.choices(self._preview).items():
            self._choices[name].set_choices(choices)

    def _show_rows(self) -> None:
        wanted = _KINDS.get(self._preview.kind, ())
        for name, caption in self._captions.items():
            on = name in wanted or (name == "labels" and self._wants_labels())
            self._form.setRowVisible(caption, on)

    def _wants_labels(self) -> bool:
        preview = self._preview
        if preview.guessed.labels or preview.kind in ("idx", "npy"):
            return True
        return preview.kind in ("arrays", "parquet", "table") and preview.q == 0

    def _choose(self, name: str, key: str) -> None:
        if name != "label":
            self._change(**{name: key})
        elif key == texts.TARGETS:
            self._change(label_column=None, target_columns=self._preview.guessed.target_columns)
        else:
            word = texts.column_word(int(key), self._preview.columns)
            self._change(label_column=word, target_columns=())

    def _resize(self) -> None:
        height, width = (int(self._sides[name].value()) for name in _SIDES)
        self._change(picture_size=(height, width))

    def _guess_again(self) -> None:
        plain = ReadOptions(limit_bytes=self._given.limit_bytes)
        self._change(**{one.name: getattr(plain, one.name) for one in fields(plain)})

    def _change(self, **changes: Any) -> None:
        if changes.get("delimiter") == "," and self._preview.guessed.decimal == ",":
            changes["decimal"] = None  # else nothing could be read
        if changes.get("decimal") == "," and self._preview.guessed.delimiter == ",":
            changes["delimiter"] = None
        # Other columns or letters may make other classes: their order would no longer hold.
        if changes.keys() - {"limit_bytes"}:
            changes.setdefault("class_order", ())
        self._given = replace(self._given, **changes)
        self._guess.setEnabled(True)
        self.options_changed.emit()
