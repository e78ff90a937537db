"""Notices a run that diverges, at steps that are the same in every repeat of the run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from softmax_gui.i18n import tr

LOOK_STEPS = 16  # the mean loss of so many steps is looked at for the worst
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


@dataclass(frozen=True)
class Verdict:
    """What the watch says of the steps it was just shown.

    Attributes:
        bad_after: at which of them, counted from 1, the loss had left every bound; None: it kept.
        loss: the mean that left it, in nats.
        clean: a look that ended among them kept to the narrow bound, as it does after good weights.
    """

    bad_after: int | None
    loss: float
    clean: bool


@dataclass(frozen=True)
class DivergenceWatch:
    """Compares the mean losses of looks and of windows with what they may be.

    Attributes:
        q: classes; a model that knows nothing has the loss ln q.
        best: mean loss of a window so far, or of the weights that training starts from, in nats.
        open: the losses of the window that has not ended.
    """

    q: int
    best: float
    open: tuple[float, ...] = ()

    def after(self, losses: np.ndarray) -> tuple[Verdict, DivergenceWatch]:
        """The verdict on the next losses (m,), and the watch that has seen them."""
        before = len(self.open)
        known = np.concatenate([self.open, losses]) if before else losses
        looks, windows = _means(known, LOOK_STEPS), _means(known, WINDOW_STEPS)
        # each window is held to the best of those before it, its looks to the same
        best = np.fmin.accumulate(np.concatenate([[self.best], windows]))
        bounds = np.maximum(best, math.log(max(self.q, 2)))
        new = before // LOOK_STEPS  # looks seen already
        of_looks = bounds[np.arange(len(looks)) * LOOK_STEPS // WINDOW_STEPS]
        lost = np.flatnonzero(~np.isfinite(losses))[:1].tolist()  # wherever they are cut
        bad = [
            *((before + step + 1, float(losses[step])) for step in lost),
            *_beyond(looks, FACTOR_AT_ONCE * of_looks, LOOK_STEPS, new),
            *_beyond(windows, FACTOR * bounds[: len(windows)], WINDOW_STEPS, 0),
        ]
        end, loss = min(bad, default=(len(known) + 1, math.nan), key=lambda one: one[0])
        clean = looks[new:] <= FACTOR * of_looks[new:]
        verdict = Verdict(
            end - before if bad else None, loss, bool(clean[: end // LOOK_STEPS - new].any())
        )
        rest = known[len(windows) * WINDOW_STEPS :]
        return verdict, replace(self, best=float(best[-1]), open=tuple(rest.tolist()))


def _means(losses: np.ndarray, length: int) -> np.ndarray:
    """The means of the whole groups of so many losses."""
    whole = len(losses) // length
    with np.errstate(over="ignore", invalid="ignore"):
        means: np.ndarray = losses[: whole * length].reshape(whole, length).mean(axis=1)
    return means


def _beyond(
    means: np.ndarray, bounds: np.ndarray, length: int, first: int
) -> list[tuple[int, float]]:
    """The step that ends the first group, from `first` on, whose mean left its bound; the mean."""
    outside = np.flatnonzero(~(means[first:] <= bounds[first:]))  # NaN is outside
    if not len(outside):
        return []
    group = first + int(outside[0])
    return [((group + 1) * length, float(means[group]))]
