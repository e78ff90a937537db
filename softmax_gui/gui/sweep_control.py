"""Between the tab of weight decays, the training thread and the settings of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from softmax_gui.core.models import Dense
from softmax_gui.gui.run_config import SweepState
from softmax_gui.gui.training_thread import Trainer
from softmax_gui.gui.views.sweep_view import SweepView
from softmax_gui.gui.widgets.decay_scales import DecayPoint
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.widgets.ranges import short
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from softmax_gui.training.sweep import SweepResult, SweepRow


class SweepControl(QObject):
    """Passes wishes on, keeps the result, and says what came of it."""

    def __init__(
        self,
        view: SweepView,
        trainer: Trainer,
        say: Callable[[Tone, str], None],
        adjust: Callable[[dict[str, Any]], None],
        use_weights: Callable[[Dense, str], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._view, self._say, self._adjust, self._use_weights = view, say, adjust, use_weights
        self._trainer = trainer
        self._result: SweepResult | None = None
        view.begin_requested.connect(self._begin)
        view.pause_toggled.connect(trainer.sweep_toggled)
        view.cancel_requested.connect(trainer.sweep_cancelled)
        view.decay_chosen.connect(self._use_decay)
        view.weights_chosen.connect(self._use_row)
        trainer.sweep_row_done.connect(self._show_row)
        trainer.sweep_done.connect(self._show_end)
        trainer.sweep_state_changed.connect(self._show_state)

    def forget(self) -> None:
        """Other data: what was found says nothing of them."""
        self._result = None

    @Slot(int)
    def _begin(self, folds: int) -> None:
        self._result = None
        self._view.clear()
        self._trainer.sweep_requested.emit(folds)

    @Slot(object)
    def _show_state(self, state: SweepState) -> None:
        self._view.show_state(state)
        if state is SweepState.RUNNING:
            text = tr("Each weight decay is followed to its optimum. Your own run rests.")
            self._say(Tone.HINT, text)
        if state is SweepState.IDLE and self._result is None:  # cancelled; the last row is told
            self._view.clear()

    @Slot(object)
    def _show_row(self, row: SweepRow) -> None:
        self._view.add_point(_point(row))

    @Slot(object)
    def _show_end(self, result: SweepResult) -> None:
        self._result = result
        points = [_point(row) for row in result.rows]
        self._view.show_end(points, result.best, result.one_se)
        text = tr("{count} weight decays are tried: the validation loss is lowest with {decay}.")
        decay = short(points[result.best].decay)
        self._say(Tone.DONE, text.format(count=len(points), decay=decay))

    @Slot(float)
    def _use_decay(self, decay: float) -> None:
        self._adjust({"weight_decay": decay})
        text = tr("The weight decay is {decay} from the next step on.")
        self._say(Tone.DONE, text.format(decay=short(decay)))

    @Slot(int)
    def _use_row(self, place: int) -> None:
        if self._result is None:
            return
        decay = self._result.rows[place].decay
        self._adjust({"weight_decay": decay})
        text = tr("The weights found with weight decay {decay} are shown, at step 0.")
        model = self._result.models[place]
        self._use_weights(Dense(model.W, model.b), text.format(decay=short(decay)))


def _point(row: SweepRow) -> DecayPoint:
    return DecayPoint(
        row.decay, row.train_loss, row.validation_loss, row.standard_error, row.validation_accuracy
    )
