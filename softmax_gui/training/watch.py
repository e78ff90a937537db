"""Notices a run that diverges, at steps that are the same in every repeat of the run."""

from __future__ import annotations

import math

from softmax_gui.i18n import tr
from softmax_gui.training.engine import Progress

LOOK_STEPS = 16  # the loss of so many steps is looked at for the worst
WINDOW_STEPS = 64  # that of so many for what grows more slowly
FACTOR = 3.0  # the bound of a window, in units of the larger of ln q and the best loss so far
FACTOR_AT_ONCE = 10.0  # the bound of a look: few examples may be odd


class TrainingDiverged(Exception):
    """The loss left every bound; the last good weights are back in the session."""

    def __init__(
        self, step: int, loss: float, restored_step: int, rate: float, safe_rate: float
    ) -> None:
        self.step, self.loss, self.restored_step = step, loss, restored_step
        self.learning_rate, self.safe_rate = rate, safe_rate
        message = tr(
            "Training diverged at step {step:,} with learning rate {rate:.4g}: loss {loss:.4g} nat."
            " The weights of step {restored:,} are back. A learning rate of {safe:.2g} is surely"
            " stable."
        )
        super().__init__(
            message.format(step=step, loss=loss, rate=rate, restored=restored_step, safe=safe_rate)
        )


class DivergenceWatch:
    """Sums minibatch losses between looks and between windows, and compares their means.

    Args:
        q: classes; a model that knows nothing has the loss ln q.
        loss: of the weights that training starts from, in nats.
    """

    def __init__(self, q: int, loss: float) -> None:
        self._clueless, self._best = math.log(max(q, 2)), loss
        self._look, self._window = Progress(0, 0, 0.0), Progress(0, 0, 0.0)

    def add(self, progress: Progress) -> None:
        """Takes the steps just made."""
        self._look += progress
        self._window += progress

    def end_look(self) -> tuple[float | None, bool]:
        """The mean loss of the look if it left every bound, NaN included, else None.

        And whether it kept to the narrow bound of a window, as it does after good weights.
        """
        look, self._look = self._look, Progress(0, 0, 0.0)
        return self._beyond(look, FACTOR_AT_ONCE), self._beyond(look, FACTOR) is None

    def end_window(self) -> float | None:
        """The mean loss of the window if it left its bound, else None."""
        window, self._window = self._window, Progress(0, 0, 0.0)
        bad = self._beyond(window, FACTOR)
        if bad is None and window.steps == WINDOW_STEPS:
            self._best = min(self._best, window.loss_sum / window.steps)
        return bad

    def _beyond(self, done: Progress, factor: float) -> float | None:
        if not done.steps:
            return None
        loss = done.loss_sum / done.steps
        within = loss <= factor * max(self._clueless, self._best)  # NaN is not
        return None if within else loss
