"""How it learns: learning rate, minibatch, momentum, weight decay, seed, device."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.widgets.number_field import NumberField, Rule
from softmax_gui.i18n import tr
from softmax_gui.training.config import DEVICES, TrainConfig
from softmax_gui.training.devices import Device

_MOST = 999_999_999  # exact in a float, and in every counter below
_RULES = {
    "learning_rate": Rule(above_low=True, smallest=1e-6),
    "batch_size": Rule(low=1, high=_MOST, whole=True),
    "momentum": Rule(high=1.0, below_high=True, step=0.1),
    "weight_decay": Rule(smallest=1e-6),
    "seed": Rule(high=_MOST, whole=True, step=1),
}


class TrainingPanel(LivingWidget):
    """Fields for TrainConfig; says which one the user changed, and to what."""

    setting_changed = Signal(object)  # a dict of fields of TrainConfig, takes effect at once
    seed_changed = Signal(int)  # another split and order: a new run
    device_changed = Signal(str)
    refused = Signal(str)  # a sentence on what was typed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fields = {name: NumberField(rule) for name, rule in _RULES.items()}
        self._captions = {name: QLabel() for name in (*_RULES, "device")}
        self._new_seed, self._device, self._reason = QToolButton(), QComboBox(), QLabel()
        self._shown_device: Device | None = None
        for kind in DEVICES:
            self._device.addItem("", kind)
        self._lay_out()
        self._connect()
        self.show_config(TrainConfig())
        self.retranslate()

    def show_config(self, config: TrainConfig) -> None:
        """Shows what is in force; emits nothing."""
        for name, field in self._fields.items():
            if not field.hasFocus() or field.value() != getattr(config, name):
                field.set_value(getattr(config, name))
        self._device.setCurrentIndex(DEVICES.index(config.device))

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
        self._shown_device = device
        text = f"{tr(device.label)}: {tr(device.reason)}"
        if text != self._reason.text():
            self._reason.setText(text)

    def retranslate(self) -> None:
        """Sets every text."""
        for name, caption, tip in (
            ("learning_rate", tr("Learning rate"), tr("How far a step goes along the gradient.")),
            ("batch_size", tr("Batch size"), tr("How many examples a step looks at.")),
            ("momentum", tr("Momentum"), tr("How much of the last step goes into the next.")),
            ("weight_decay", tr("Weight decay"),
             tr("Adds λ/2 · |W|² to the loss, which keeps weights small.")),
            ("seed", tr("Seed"), tr("Decides split and order; the same seed repeats a run.")),
        ):  # fmt: skip
            self._captions[name].setText(caption)
            self._fields[name].setAccessibleName(caption)
            self._fields[name].setToolTip(tip)
        self._captions["device"].setText(tr("Device"))
        self._device.setAccessibleName(tr("Device"))
        self._device.setToolTip(tr("Where the matrix products are computed."))
        names = {
            "auto": tr("automatic"),
            "compiled": tr("CPU (compiled)"), "numpy": tr("CPU (numpy)"), "cpu": tr("CPU (torch)"),
            "cuda": tr("NVIDIA GPU (CUDA)"), "mps": tr("Apple GPU (MPS)"),
        }  # fmt: skip
        for place, kind in enumerate(DEVICES):
            self._device.setItemText(place, names[kind])
        self._new_seed.setText(tr("New"))
        self._new_seed.setAccessibleName(tr("New seed"))
        self._new_seed.setToolTip(tr("Another split and order, from step 0."))
        if self._shown_device is not None:
            self.show_device(self._shown_device)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(4)
        for name, field in self._fields.items():
            if name == "seed":
                row = QHBoxLayout()
                row.addWidget(field, 1)
                row.addWidget(self._new_seed)
                form.addRow(self._captions[name], row)
            else:
                form.addRow(self._captions[name], field)
            self._captions[name].setBuddy(field)
        form.addRow(self._captions["device"], self._device)
        self._reason.setWordWrap(True)
        self._reason.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self._reason.setTextFormat(Qt.TextFormat.PlainText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addLayout(form)
        layout.addWidget(self._reason)
        layout.addStretch(1)

    def _connect(self) -> None:
        for name in ("learning_rate", "momentum", "weight_decay"):
            self._fields[name].value_edited.connect(
                lambda value, name=name: self.setting_changed.emit({name: value})
            )
        self._fields["batch_size"].value_edited.connect(
            lambda value: self.setting_changed.emit({"batch_size": int(value)})
        )
        self._fields["seed"].value_edited.connect(lambda value: self.seed_changed.emit(int(value)))
        self._new_seed.clicked.connect(
            lambda: self.seed_changed.emit(int(self._fields["seed"].value()) + 1)
        )
        self._device.activated.connect(lambda place: self.device_changed.emit(DEVICES[place]))
        for field in self._fields.values():
            field.refused.connect(self.refused)
