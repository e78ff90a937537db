"""Which data: the source, its size, and the sliders of the 2x2 world."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from softmax_gui.data.dataset import Split
from softmax_gui.data.samples import SAMPLES
from softmax_gui.data.synthetic import World
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.units import Unit
from softmax_gui.gui.widgets.class_strip import ClassStrip
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.gui.widgets.slider import ValueSlider
from softmax_gui.i18n import tr

SETTLE_MS = 120  # a slider at rest for so long makes a new world


class DataPanel(LivingWidget):
    """Says which data are wished for; shows what is loaded."""

    source_chosen = Signal(str)  # a sample's name or a file's path
    open_requested = Signal()
    world_changed = Signal(object)  # a World

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._split: Split | None = None
        self._unit = Unit.NAT
        self._source, self._open = QComboBox(), QPushButton()
        for name in SAMPLES:
            self._source.addItem(name, name)
        self._source.setMinimumContentsLength(8)  # a long file name does not widen the panel
        self._source.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._facts = {key: QLabel() for key in ("n", "d", "q", "scaling")}
        self._captions = {key: QLabel() for key in (*self._facts, "source")}
        start = World()
        self._distinct = ValueSlider(0.0, 10.0, 0.1, start.distinctness)
        self._noise = ValueSlider(0.0, 0.6, 0.01, start.label_noise)
        self._floor, self._world_box, self._notes = QLabel(), QWidget(), QLabel()
        self.classes = ClassStrip()
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._lay_out()
        self._connect()
        self.retranslate()

    def world(self) -> World:
        """The 2x2 world the sliders describe."""
        return World(distinctness=self._distinct.value(), label_noise=self._noise.value())

    def show_world(self, world: World) -> None:
        """Puts the sliders where they describe `world`; emits nothing."""
        self.stop_settling()
        self._distinct.set_value(world.distinctness)
        self._noise.set_value(world.label_noise)

    def stop_settling(self) -> None:
        """Forgets a world that was being dragged: other data were wished for."""
        self._settle.stop()

    def show_data(self, split: Split, source: str) -> None:
        """Shows what is loaded now, and from which sample or file; emits nothing."""
        self._split = split
        if (place := self._source.findData(source)) < 0:
            self._source.addItem(one_line(split.dataset.name), source)
            place = self._source.count() - 1
        self._source.setCurrentIndex(place)
        self._world_box.setVisible(split.dataset.floor is not None)
        self.classes.set_pictures(split.dataset.class_names, _mean_pictures(split))
        self._tell()

    def show_unit(self, unit: Unit) -> None:
        """Losses and entropies in `unit` from now on."""
        self._unit = unit
        self._tell()

    def retranslate(self) -> None:
        """Sets every text."""
        self._captions["source"].setText(tr("Source"))
        self._source.setAccessibleName(tr("Data source"))
        self._source.setToolTip(tr("What the model learns from."))
        self._open.setText(tr("Open…"))
        self._open.setToolTip(tr("Open a table (CSV) or arrays (NPZ) from a file."))
        for key, text in (("n", tr("Examples")), ("d", tr("Features")), ("q", tr("Classes")),
                          ("scaling", tr("Scaling"))):  # fmt: skip
            self._captions[key].setText(text)
        self._distinct.set_texts(
            tr("Distinctness"), tr("How far apart the classes lie: at 0 they are all the same.")
        )
        self._noise.set_texts(
            tr("Label noise"), tr("The share of pictures whose label is one of the other classes.")
        )
        self._tell()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(4)
        source = QHBoxLayout()
        source.addWidget(self._source, 1)
        source.addWidget(self._open)
        form.addRow(self._captions["source"], source)
        for key, label in self._facts.items():
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            form.addRow(self._captions[key], label)
        world = QVBoxLayout(self._world_box)
        world.setContentsMargins(0, 4, 0, 0)
        world.addWidget(self._distinct)
        world.addWidget(self._noise)
        world.addWidget(self._floor)
        self._floor.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addLayout(form)
        layout.addWidget(self.classes)
        layout.addWidget(self._world_box)
        layout.addWidget(self._notes)
        layout.addStretch(1)
        self._notes.setWordWrap(True)
        self._notes.setTextFormat(Qt.TextFormat.PlainText)
        self._notes.setForegroundRole(self.palette().ColorRole.PlaceholderText)

    def _connect(self) -> None:
        self._source.activated.connect(self._choose)
        self._open.clicked.connect(self.open_requested)
        self._distinct.value_edited.connect(self._settle.start)
        self._noise.value_edited.connect(self._settle.start)
        self._settle.timeout.connect(self._emit_world)

    def _choose(self, place: int) -> None:
        self.source_chosen.emit(self._source.itemData(place))

    def _emit_world(self) -> None:
        self.world_changed.emit(self.world())

    def _tell(self) -> None:
        if self._split is None:
            return
        data, train, held_out = self._split.dataset, self._split.train, self._split.validation
        self._facts["n"].setText(
            tr("{train:,} to train, {held_out:,} to validate").format(
                train=len(train.X), held_out=len(held_out.X)
            )
        )
        shape = data.image_shape
        pixels = tr("{d:,} ({rows} × {columns} pixels)")
        self._facts["d"].setText(
            pixels.format(d=data.d, rows=shape[0], columns=shape[1]) if shape else f"{data.d:,}"
        )
        names = ", ".join(one_line(name)[:30] for name in data.class_names[:12])
        names += ", …" if data.q > 12 else ""
        self._facts["q"].setText(f"{data.q:,}: {names}")
        self._facts["scaling"].setText(self._scaling_text())
        self._notes.setText("\n".join(data.notes))
        self._notes.setVisible(bool(data.notes))
        if data.floor is not None:
            text = tr("No model can get below H(Y|X) = {floor} on average.")
            self._floor.setText(text.format(floor=self._unit.text(data.floor)))

    def _scaling_text(self) -> str:
        kind = self._split.scaling.kind if self._split else ""
        return {
            "none": tr("none"), "[0, 1]": tr("to [0, 1]"),
            "standardise": tr("mean 0, deviation 1 (on the training part)"),
        }.get(kind, kind)  # fmt: skip


def _mean_pictures(split: Split) -> NDArray[np.float64] | None:
    """The mean training picture of each class, (q, h, w) in [0, 1]; None for a table."""
    shape, train = split.dataset.image_shape, split.train
    if shape is None:
        return None
    sums = np.zeros((split.dataset.q, split.dataset.d))
    for label in range(split.dataset.q):
        sums[label] = train.X[train.labels == label].sum(axis=0)
    counts = np.bincount(train.labels, minlength=split.dataset.q)
    means: NDArray[np.float64] = sums / np.maximum(counts, 1)[:, np.newaxis]
    return means.reshape(-1, *shape)
