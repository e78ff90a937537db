"""How it learns: solver, optimizer, layer and their numbers, seed, device; what they came to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from softmax_gui.core.certificate import Certificate
from softmax_gui.core.solvers import choose_solver
from softmax_gui.data.dataset import Dataset, Split
from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.units import Unit
from softmax_gui.gui.views import training_texts as texts
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.number_field import NumberField, Rule
from softmax_gui.i18n import tr
from softmax_gui.training.config import DEVICES, TrainConfig
from softmax_gui.training.devices import Device
from softmax_gui.training.rates import rounded_down

_MOST = 999_999_999  # exact in a float, and in every counter below
_RULES = {
    "learning_rate": Rule(above_low=True, smallest=1e-6),
    "batch_size": Rule(low=1, high=_MOST, whole=True),
    "momentum": Rule(high=1.0, below_high=True, step=0.1),
    "weight_decay": Rule(smallest=1e-6),
    "label_smoothing": Rule(high=1.0, below_high=True, step=0.05),
    "seed": Rule(high=_MOST, whole=True, step=1),
}
_CHOICES = ("solver", "optimizer", "class_weight", "phm_order", "device")


class TrainingPanel(LivingWidget):
    """Fields for TrainConfig; says which one the user changed, and to what.

    What does not apply to the choices made is disabled and says why; it never goes away, so that
    nothing jumps.
    """

    setting_changed = Signal(object)  # a dict of fields of TrainConfig, takes effect at once
    seed_changed = Signal(int)  # another split and order: a new run
    device_changed = Signal(str)
    refused = Signal(str)  # a sentence on what was typed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fields = {name: NumberField(rule) for name, rule in _RULES.items()}
        self._choices = {name: ChoiceField() for name in _CHOICES}
        self._captions = {name: QLabel() for name in texts.captions()}
        self._new_seed, self._safe_rate = QToolButton(), QPushButton(flat=True)
        self._end, self._reason = QLabel(), QLabel()
        self._config, self._n = TrainConfig(), 0
        self._dataset: Dataset | None = None
        self._device: Device | None = None
        self._certificate: Certificate | None = None
        self._rate: float | None = None
        self._unit = Unit.NAT
        self._lay_out()
        self._connect()
        self.retranslate()
        self.restyle()
        self.show_config(self._config)

    def show_config(self, config: TrainConfig) -> None:
        """Shows what is in force; emits nothing."""
        self._config = config
        for name, field in self._fields.items():
            if not field.hasFocus() or field.value() != getattr(config, name):
                field.set_value(getattr(config, name))
        for name, choice in self._choices.items():
            choice.set_key(str(getattr(config, name)))
        self._apply()

    def show_data(self, split: Split) -> None:
        """Other data: other layers fit them, and another learning rate is stable."""
        self._dataset, self._n = split.dataset, split.n_train
        self._choices["phm_order"].set_choices(texts.layers(self._dataset))
        self._certificate = None
        self.show_safe_rate(None)

    def show_safe_rate(self, rate: float | None) -> None:
        """The largest rate that is surely stable; None while it is not known."""
        self._rate = rate
        self._apply()

    def show_certificate(self, certificate: Certificate | None) -> None:
        """How far the run is from the optimum, where its solver has said so."""
        if certificate != self._certificate:
            self._certificate = certificate
            self._tell()

    def show_unit(self, unit: Unit) -> None:
        """The bound in `unit` from now on."""
        self._unit = unit
        self._tell()

    @staticmethod
    def known_device(name: str) -> str:
        """`name` if it is one of the devices, else "auto"."""
        return name if name in DEVICES else "auto"

    def commit(self) -> None:
        """Takes what is typed and not yet entered, as Enter would."""
        for field in self._fields.values():
            field.commit()

    def show_device(self, device: Device) -> None:
        """Says where the run computes, and why there."""
        if device != self._device:
            self._device = device
            self._tell()

    def retranslate(self) -> None:
        """Sets every text."""
        for name, (caption, _) in texts.captions().items():
            self._captions[name].setText(caption)
            self._field(name).setAccessibleName(caption)
        for name, choices in (texts.choices() | {"phm_order": texts.layers(self._dataset)}).items():
            self._choices[name].set_choices(choices)
        self._new_seed.setText(tr("New"))
        self._new_seed.setAccessibleName(tr("New seed"))
        self._new_seed.setToolTip(tr("Another split and order, from step 0."))
        self._apply()

    def restyle(self) -> None:
        """The learning rate to take looks like a link."""
        colors = theme.current()
        faded = theme.mixed(colors.muted, colors.window, 0.45).name()
        self._safe_rate.setStyleSheet(
            f"QPushButton {{ color: {colors.accent}; text-align: right; padding: 0px 2px; }}"
            f" QPushButton:disabled {{ color: {faded}; }}"
            " QPushButton:hover:enabled, QPushButton:focus { text-decoration: underline; }"
        )

    def _field(self, name: str) -> QWidget:
        return self._fields[name] if name in self._fields else self._choices[name]

    def _apply(self) -> None:
        """Which fields apply to the choices, and why the others do not."""
        obstacles = texts.obstacles(self._config, self._dataset)
        for name, (_, tip) in texts.captions().items():
            for widget in (self._field(name), self._captions[name]):
                widget.setEnabled(name not in obstacles)
                widget.setToolTip(obstacles.get(name, tip))
        known = self._rate is not None and 0 < self._rate < float("inf")
        self._safe_rate.setText(texts.safe_rate_text(self._rate))
        self._safe_rate.setEnabled(known and "safe_rate" not in obstacles)
        tip = tr("Takes this learning rate: SGD can't diverge with it, whatever the labels.")
        self._safe_rate.setToolTip(obstacles.get("safe_rate", tip))
        self._tell()

    def _tell(self) -> None:
        self._end.setText(texts.end_text(self._config, self._certificate, self._unit))
        lines = []
        if self._config.solver != "minibatch" and self._dataset is not None:
            choice = choose_solver(self._n, self._dataset.d, self._dataset.q)
            chosen = self._config.solver not in ("auto", choice.solver)
            lines.append(f"{tr('Solver')}: {tr('chosen') if chosen else tr(choice.reason)}")
        if self._device is not None:
            lines.append(f"{tr(self._device.label)}: {tr(self._device.reason)}")
        if "\n".join(lines) != self._reason.text():
            self._reason.setText("\n".join(lines))

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(4)
        for name, caption in self._captions.items():
            field = self._field(name)
            caption.setBuddy(field)
            if name == "seed":
                field.setMinimumWidth(80)  # with the button beside it the widest of the rows
                row = QHBoxLayout()
                row.addWidget(field, 1)
                row.addWidget(self._new_seed)
                form.addRow(caption, row)
            else:
                form.addRow(caption, field)
            if name in {"solver", "learning_rate"}:
                form.addRow(self._end if name == "solver" else self._safe_rate)
        # Room for the longest sentence: what stands below does not move when it comes.
        self._end.setMinimumHeight(2 * self._end.fontMetrics().lineSpacing())
        self._end.setAlignment(Qt.AlignmentFlag.AlignTop)
        for label in (self._end, self._reason):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._reason.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addLayout(form)
        layout.addWidget(self._reason)
        layout.addStretch(1)

    def _connect(self) -> None:
        for name in ("learning_rate", "momentum", "weight_decay", "label_smoothing"):
            self._fields[name].value_edited.connect(
                lambda value, name=name: self._change({name: value})
            )
        self._fields["batch_size"].value_edited.connect(
            lambda value: self._change({"batch_size": int(value)})
        )
        for name in ("optimizer", "class_weight"):
            self._choices[name].key_chosen.connect(lambda key, name=name: self._change({name: key}))
        self._choices["solver"].key_chosen.connect(self._change_solver)
        self._choices["phm_order"].key_chosen.connect(
            lambda key: self._change({"phm_order": int(key)})
        )
        self._safe_rate.clicked.connect(self._take_safe_rate)
        self._fields["seed"].value_edited.connect(lambda value: self.seed_changed.emit(int(value)))
        self._new_seed.clicked.connect(
            lambda: self.seed_changed.emit(int(self._fields["seed"].value()) + 1)
        )
        self._choices["device"].key_chosen.connect(self.device_changed)
        for field in self._fields.values():
            field.refused.connect(self.refused)

    def _change(self, changes: dict[str, Any]) -> None:
        if (config := replace(self._config, **changes)) != self._config:
            self._config, self._certificate = config, None  # it was of other settings
            self._apply()
            self.setting_changed.emit(changes)

    def _change_solver(self, solver: str) -> None:
        if solver != "minibatch" and self._config.phm_order:
            self._choices["phm_order"].set_key("0")
            self._change({"solver": solver, "phm_order": 0})
        else:
            self._change({"solver": solver})

    def _take_safe_rate(self) -> None:
        if self._rate is not None:
            rate = rounded_down(self._rate)
            self._fields["learning_rate"].set_value(rate)
            self._change({"learning_rate": rate})
