"""Notices a run that diverges: the mean loss of a window of steps left every bound."""

from __future__ import annotations

import math

from softmax_gui.i18n import tr
from softmax_gui.training.engine import Progress

WINDOW_STEPS = 64  # a diverging rate is noticed at the latest after so many steps
FACTOR = 3.0  # the bound of a window, in units of the larger of ln q and the best loss so far
FACTOR_AT_ONCE = 100.0  # the same, for fewer steps: one odd example is no divergence


class TrainingDiverged(Exception):
    """The loss left every bound; the last good weights are back in the session."""

    def __init__(
        self, step: int, loss: float, restored_step: int, rate: float, safe_rate: float
    ) -> None:
        self.step, self.loss, self.restored_step = step, loss, restored_step
        self.learning_rate, self.safe_rate = rate, safe_rate
        message = tr(
            "Training diverged at step {step:,}: the loss rose to {loss:.4g} nat with learning rate"
            " {rate:.4g}. The weights of step {restored:,} are back. A learning rate of"
            " {safe:.2g} is stable."
        )
        super().__init__(
            message.format(step=step, loss=loss, rate=rate, restored=restored_step, safe=safe_rate)
        )


class DivergenceWatch:
    """Sums minibatch losses over windows of steps and compares their mean with a bound.

    Args:
        q: classes; a model that knows nothing has the loss ln q.
        loss: of the weights that training starts from, in nats.
    """

    def __init__(self, q: int, loss: float) -> None:
        self._clueless, self._best = math.log(max(q, 2)), loss
        self._steps, self._loss_sum = 0, 0.0

    def add(self, progress: Progress) -> None:
        """Takes the steps just made into the window."""
        self._steps += progress.steps
        self._loss_sum += progress.loss_sum

    def diverged(self) -> float | None:
        """The mean loss of the window if it left its bound, NaN included; None if all is well."""
        if not self._steps:
            return None
        loss = self._loss_sum / self._steps
        factor = FACTOR if self._steps >= WINDOW_STEPS // 2 else FACTOR_AT_ONCE
        within = loss <= factor * max(self._clueless, self._best)  # NaN is not
        return None if within else loss

    def close_window(self) -> None:
        """Begins the next window; this one was good."""
        if self._steps >= WINDOW_STEPS // 2:
            self._best = min(self._best, self._loss_sum / self._steps)
        self._steps, self._loss_sum = 0, 0.0
