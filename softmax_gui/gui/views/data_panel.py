"""Which data: the source, its size, and the sliders of the 2x2 world."""

from __future__ import annotations

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

from softmax_gui.data.cut import Cut
from softmax_gui.data.dataset import Split
from softmax_gui.data.samples import SAMPLES
from softmax_gui.data.synthetic import World
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.pixels import mean_pictures
from softmax_gui.gui.units import Unit
from softmax_gui.gui.views.locked_box import LockedBox
from softmax_gui.gui.views.split_panel import SplitPanel
from softmax_gui.gui.views.split_texts import parts_text, scaling_text
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
        self.classes, self.parts, self.locked = ClassStrip(), SplitPanel(), LockedBox()
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
        self.parts.stop_settling()

    def commit(self) -> None:
        """Takes what is typed and not yet entered, as Enter would."""
        self.parts.commit()

    def show_data(self, split: Split, source: str, cut: Cut | None = None) -> None:
        """Shows what is loaded now, from which sample or file, and how cut; emits nothing."""
        cut = cut or Cut()
        self._split = split
        if (place := self._source.findData(source)) < 0:
            self._source.addItem(one_line(split.dataset.name), source)
            place = self._source.count() - 1
        self._source.setCurrentIndex(place)
        self._world_box.setVisible(split.dataset.floor is not None)
        self.classes.set_pictures(split.dataset.class_names, mean_pictures(split, cut))
        self.parts.show_cut(cut, split)
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
        layout.addWidget(self.locked)
        layout.addWidget(self.parts)
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
        data = self._split.dataset
        self._facts["n"].setText(parts_text(self._split))
        shape = data.image_shape
        pixels = tr("{d:,} ({rows} × {columns} pixels)")
        self._facts["d"].setText(
            pixels.format(d=data.d, rows=shape[0], columns=shape[1]) if shape else f"{data.d:,}"
        )
        names = ", ".join(one_line(name)[:30] for name in data.class_names[:12])
        names += ", …" if data.q > 12 else ""
        self._facts["q"].setText(f"{data.q:,}: {names}")
        self._facts["scaling"].setText(scaling_text(self._split.scaling))
        notes = (*self._split.notes, *data.notes)
        self._notes.setText("\n".join(notes))
        self._notes.setVisible(bool(notes))
        if data.floor is not None:
            text = tr("No model can get below H(Y|X) = {floor} on average.")
            self._floor.setText(text.format(floor=self._unit.text(data.floor)))
