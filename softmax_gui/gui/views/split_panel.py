"""How rows become parts and how they are scaled: what "More" opens in the data panel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from softmax_gui.data.assignment import TEST, VALIDATION
from softmax_gui.data.cut import Cut
from softmax_gui.data.dataset import Split
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.views.split_texts import scaling_choices
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.number_field import NumberField, Rule
from softmax_gui.i18n import tr

SETTLE_MS = 250  # an arrow held down asks for one cut, not for one a step
_PARTS = {"validation": VALIDATION, "test": TEST}


class SplitPanel(LivingWidget):
    """Fields for a Cut, closed until they are wanted."""

    cut_changed = Signal(object)  # a Cut, wished for by the user
    refused = Signal(str)  # a sentence on what was typed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cut = self._wished = Cut()
        self._split: Split | None = None
        self._more, self._box = QToolButton(autoRaise=True), QWidget()
        self._more.setCheckable(True)
        self._shares = {
            "validation": NumberField(Rule(low=0.01, high=1.0, below_high=True, step=0.05)),
            "test": NumberField(Rule(high=1.0, below_high=True, step=0.05)),
        }
        self._scaling = ChoiceField()
        self._captions = {name: QLabel() for name in (*self._shares, "scaling")}
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._lay_out()
        self._connect()
        self.retranslate()

    def show_cut(self, cut: Cut, split: Split) -> None:
        """Shows how the data at hand were cut and scaled; emits nothing."""
        self.stop_settling()
        self._cut = self._wished = cut
        self._split = split
        self._scaling.set_choices(scaling_choices(split))
        self._show_fields()

    def stop_settling(self) -> None:
        """Forgets a cut that was being typed: other data were wished for."""
        self._settle.stop()
        self._wished = self._cut

    def commit(self) -> None:
        """Takes what is typed and not yet entered, as Enter would."""
        for field in self._shares.values():
            field.commit()
        if self._settle.isActive():
            self._settle.stop()
            self._ask()

    def retranslate(self) -> None:
        """Sets every text."""
        self._more.setText(tr("More"))
        self._more.setAccessibleName(tr("More on parts and scaling"))
        self._more.setToolTip(tr("Shares of the parts, and how features are scaled."))
        for name, text in (
            ("validation", tr("Validation share")), ("test", tr("Test share")),
            ("scaling", tr("Scale features")),
        ):  # fmt: skip
            self._captions[name].setText(text)
            self._field(name).setAccessibleName(text)
        self._scaling.set_choices(scaling_choices(self._split))
        self._explain()

    def _lay_out(self) -> None:
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        form = QFormLayout(self._box)
        form.setContentsMargins(0, 0, 0, 4)
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(4)
        for name, caption in self._captions.items():
            caption.setBuddy(self._field(name))
            form.addRow(caption, self._field(name))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._more)
        layout.addWidget(self._box)
        self._open(opened=False)

    def _connect(self) -> None:
        self._more.toggled.connect(lambda on: self._open(opened=on))
        for name, field in self._shares.items():
            field.value_edited.connect(lambda value, name=name: self._share(name, value))
            field.refused.connect(self.refused)
        self._scaling.key_chosen.connect(self._choose_scaling)
        self._settle.timeout.connect(self._ask)

    def _open(self, *, opened: bool) -> None:
        self._more.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self._box.setVisible(opened)
        if opened:
            QTimer.singleShot(0, self, self._reveal)  # when it has its place

    def _reveal(self) -> None:
        """Scrolls to the fields that were opened, where there is less room."""
        area = self.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is not None:
            area.ensureWidgetVisible(self._box, 0, 0)

    def _field(self, name: str) -> QWidget:
        return self._scaling if name == "scaling" else self._shares[name]

    def _show_fields(self) -> None:
        self._scaling.set_key(self._wished.scaling)
        for name, field in self._shares.items():
            field.set_value(self._value(name, self._wished))
        self._explain()

    def _value(self, name: str, cut: Cut) -> float:
        """The share of a part by this cut, or as the file has marked it."""
        if self._split is None:
            return 0.0
        data = self._split.dataset
        if self._is_marked(name) and data.parts is not None:
            return float(f"{(data.parts == _PARTS[name]).mean():.3g}")
        if name == "test":
            return cut.test_share
        return data.validation_share if cut.validation_share is None else cut.validation_share

    def _is_marked(self, name: str) -> bool:
        parts = None if self._split is None else self._split.dataset.parts
        return parts is not None and bool((parts == _PARTS[name]).any())

    def _explain(self) -> None:
        tips = {
            "validation": tr("Of all rows, those the model is judged by while it learns."),
            "test": tr("Of all rows, those that stay locked until you ask for them."),
            "scaling": tr("Fitted on the training part. Another one begins at step 0."),
        }
        for name, tip in tips.items():
            marked = name in _PARTS and self._is_marked(name)
            for one in (self._field(name), self._captions[name]):
                one.setEnabled(not marked)
                one.setToolTip(tr("The file says which rows these are.") if marked else tip)

    def _share(self, name: str, value: float) -> None:
        changes: dict[str, Any] = {f"{name}_share": value}
        wished = replace(self._wished, **changes)
        drawn = [self._value(one, wished) for one in _PARTS if not self._is_marked(one)]
        if (total := round(sum(drawn), 6)) >= 1.0:
            text = tr("Both shares together are {sum:g}: nothing would be left to train on.")
            self.refused.emit(text.format(sum=total))
            self._shares[name].set_value(self._value(name, self._wished))
            return
        self._wished = wished
        self._settle.start()

    def _choose_scaling(self, key: str) -> None:
        self._settle.stop()
        self._wished = replace(self._wished, scaling=key)
        self._ask()

    def _ask(self) -> None:
        if self._wished != self._cut:
            self.cut_changed.emit(self._wished)
