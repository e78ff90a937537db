"""The path of weight decays: one button, a plot, and in words which one to take."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from softmax_gui.data.dataset import Split
from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.run_config import SweepState
from softmax_gui.gui.units import Unit
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.decay_plot import DecayPlot
from softmax_gui.gui.widgets.decay_scales import DecayPoint
from softmax_gui.gui.widgets.flow_layout import FlowLayout
from softmax_gui.gui.widgets.ranges import short
from softmax_gui.i18n import tr

DECAYS = 16  # as the button says
FOLDS = (1, 5, 10)  # 1: the validation part


class SweepView(LivingWidget):
    """Says what the user wants of a path of weight decays, and draws what came of it."""

    begin_requested = Signal(int)  # folds; 1: the validation part
    pause_toggled = Signal()
    cancel_requested = Signal()
    decay_chosen = Signal(float)
    weights_chosen = Signal(int)  # the place of the row whose weights are wanted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self._unit, self._total = SweepState.IDLE, Unit.NAT, DECAYS
        self._points: list[DecayPoint] = []
        self._best: int | None = None
        self._one_se: int | None = None
        self._chosen: int | None = None
        self.plot = DecayPlot()
        self._what, self._words, self._progress = QLabel(), QLabel(), QLabel()
        self._begin, self._cancel = QPushButton(), QPushButton()
        self._use_best, self._use_one_se = QPushButton(), QPushButton()
        self._show_weights = QPushButton()
        self._folds_caption, self._folds = QLabel(), ChoiceField(13)
        self._lay_out()
        self._connect()
        self.retranslate()
        self.restyle()

    def folds(self) -> int:
        """In how many parts the data are cut; 1: the validation part decides."""
        return int(self._folds.key() or 1)

    def show_data(self, _split: Split) -> None:
        """Other data: nothing is known of them."""
        self.clear()

    def clear(self) -> None:
        """Forgets every point."""
        self._points, self._best, self._one_se, self._chosen = [], None, None, None
        self._tell()

    def add_point(self, point: DecayPoint) -> None:
        """One more weight decay is done."""
        self._points.append(point)
        self._tell()

    def show_end(self, points: list[DecayPoint], best: int, one_se: int) -> None:
        """All are done: the best, and the largest within one standard error of it."""
        self._points, self._best, self._one_se, self._chosen = points, best, one_se, best
        self._tell()

    def show_state(self, state: SweepState) -> None:
        """Whether it runs."""
        self._state = state
        self._tell()

    def show_in_force(self, decay: float) -> None:
        """The weight decay of the run."""
        self.plot.show_in_force(decay)

    def show_unit(self, unit: Unit) -> None:
        """Losses in `unit` from now on."""
        self._unit = unit
        self._tell()

    def begin_or_pause(self) -> None:
        """What the one button does: begins, pauses, or goes on."""
        if self._state is SweepState.IDLE:
            self.begin_requested.emit(self.folds())
        else:
            self.pause_toggled.emit()

    def retranslate(self) -> None:
        """Sets every text."""
        self._what.setText(
            tr(
                "Each point is a run to the optimum with one weight decay: too small, and noise is"
                " learnt; too large, and what matters is forgotten. The lowest validation loss is"
                " best."
            )
        )
        self._cancel.setText(tr("Cancel"))
        self._cancel.setToolTip(tr("Forgets the points; the run is as it was."))
        self._folds_caption.setText(tr("Validate on"))
        self._folds.setAccessibleName(tr("Validate on"))
        self._folds.setToolTip(
            tr("k folds: each row validates once, for k times the work and a surer choice.")
        )
        texts = {"1": tr("the validation part")}
        for folds in FOLDS[1:]:
            texts[str(folds)] = tr("{folds} folds").format(folds=folds)
        self._folds.set_choices(texts)
        self._show_weights.setText(tr("Show these weights"))
        self.plot.setAccessibleName(tr("Validation loss against weight decay"))
        self._tell()

    def restyle(self) -> None:
        """The primary button in the accent colour."""
        colors = theme.current()
        self._begin.setStyleSheet(
            f"QPushButton {{ background: {colors.accent}; color: {colors.on_accent};"
            " border: none; border-radius: 4px; padding: 5px 12px; font-weight: bold; }"
            f" QPushButton:disabled {{ background: {colors.border}; color: {colors.muted}; }}"
        )

    # -- words -----------------------------------------------------------------------------------

    def _tell(self) -> None:
        title = tr("Loss ({unit})").format(unit=self._unit.value)
        empty = tr("The points will stand here, one after the other.")
        self.plot.set_texts(title, empty, self._unit.per_nat)
        self.plot.show_points(self._points, self._best, self._one_se)
        self._tell_buttons()
        done = tr("{done} of {total}").format(done=len(self._points), total=self._total)
        self._progress.setText(done if self._state is not SweepState.IDLE else "")
        self._words.setText("\n".join(self._sentences()))

    def _tell_buttons(self) -> None:
        begin = {
            SweepState.IDLE: tr("Try 16 weight decays"),
            SweepState.RUNNING: tr("Pause"), SweepState.PAUSED: tr("Go on"),
        }  # fmt: skip
        self._begin.setText(begin[self._state])
        widest = self._begin.fontMetrics().horizontalAdvance(begin[SweepState.IDLE])
        self._begin.setMinimumWidth(widest + 48)  # bold, and as wide as Pause
        idle = self._state is SweepState.IDLE
        self._cancel.setEnabled(not idle)
        self._folds.setEnabled(idle)
        for button, place, text in (
            (self._use_best, self._best, tr("Use {decay} (best)")),
            (self._use_one_se, self._one_se, tr("Use {decay} (1 SE)")),
        ):
            known = place is not None
            shown = short(self._points[place].decay) if place is not None else "…"
            button.setText(text.format(decay=shown))
            button.setEnabled(known)
            tip = tr("Sets the weight decay of the run.")
            button.setToolTip(tip if known else tr("Known when all weight decays are done."))
        self._show_weights.setEnabled(self._best is not None)
        tip = tr("Puts the weights of the chosen point in the place of the run's, at step 0.")
        wait = tr("Known when all weight decays are done.")
        self._show_weights.setToolTip(tip if self._best is not None else wait)

    def _sentences(self) -> list[str]:
        if self._best is None or self._one_se is None:
            return ["", ""]
        best, simple = self._points[self._best], self._points[self._one_se]
        first = tr(
            "Best: weight decay {decay}, validation loss {loss} ± {error}, accuracy {share:.1f} %."
        ).format(
            decay=short(best.decay), loss=self._unit.text(best.validation),
            error=f"{best.standard_error * self._unit.per_nat:.2g}", share=100 * best.accuracy,
        )  # fmt: skip
        if self._best == self._one_se:
            return [first, tr("No larger one is within one standard error (1 SE) of it.")]
        second = tr(
            "Within one standard error (1 SE) of it the largest, and so the simplest model:"
            " {decay}, loss {loss}, accuracy {share:.1f} %."
        ).format(
            decay=short(simple.decay), loss=self._unit.text(simple.validation),
            share=100 * simple.accuracy,
        )  # fmt: skip
        return [first, second]

    # -- building --------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        top, bottom = FlowLayout(), FlowLayout()
        for widget in (self._begin, self._cancel, self._progress, self._validate_on()):
            top.addWidget(widget)
        for button in (self._use_best, self._use_one_se, self._show_weights):
            bottom.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self._what)
        layout.addLayout(top)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self._words)
        layout.addLayout(bottom)
        for label in (self._what, self._words):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setMinimumWidth(1)
        self._what.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self._progress.setFont(theme.tabular(self.font()))
        self._progress.setMinimumWidth(self.fontMetrics().horizontalAdvance("16 of 16 0"))
        self._words.setFont(theme.tabular(self.font()))

    def _validate_on(self) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._folds_caption)
        row.addWidget(self._folds)
        self._folds_caption.setBuddy(self._folds)
        return box

    def _connect(self) -> None:
        self._begin.clicked.connect(self.begin_or_pause)
        self._cancel.clicked.connect(self.cancel_requested)
        self._use_best.clicked.connect(lambda: self._choose(self._best))
        self._use_one_se.clicked.connect(lambda: self._choose(self._one_se))
        self.plot.point_chosen.connect(self._choose)
        self._show_weights.clicked.connect(self._ask_for_weights)

    def _choose(self, place: int | None) -> None:
        if place is not None and place < len(self._points):
            self._chosen = place
            self.decay_chosen.emit(self._points[place].decay)

    def _ask_for_weights(self) -> None:
        if self._chosen is not None:
            self.weights_chosen.emit(self._chosen)
