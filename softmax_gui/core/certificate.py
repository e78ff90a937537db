"""How far a loss is above the lowest possible one: a bound that holds, or none.

With decay: the duality gap. For any matrix A (n, q) of rows that are distributions, with
mean(A - Y) = 0 (means weighted by s_i), every W and b have

    F(W, b) >= mean H(a_i) - |Z|^2 / (2 weight_decay),    Z = 1/S sum_i s_i x_i (a_i - y_i)'.

A = P, the probabilities at hand, would do if the gradient of the bias, g_b = mean(P - Y), were 0.
Else A = (1 - eps) P + eps 1 u' does, with u = mean P - g_b / eps and eps just so large that u >= 0;
by concavity mean H(A) >= (1 - eps) mean H(P) + eps H(u). All of it follows from the loss, its
gradient and two means that never change. Y may be soft. Since mixing costs a bound in proportion
to eps, P is taken where some Newton steps in the bias alone have made g_b as small as rounding
allows; what F gained on the way is added.

Source: Yu, Huang and Lin (2011), Dual coordinate descent methods for logistic regression and
maximum entropy models.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.local_bound import local_bound
from softmax_gui.core.objective import Objective, Work
from softmax_gui.i18n import tr

Floats = NDArray[np.float64]


LEVEL = 1e-15  # a gradient of the bias that is the rounding of its own sums


@dataclass(frozen=True)
class Anchor:
    """Means that the dual bound needs, which no theta changes.

    Attributes:
        mean: of the features, (d,).
        targets: of y, (q,).
        moment: 1/S sum_i s_i x_i y_i', (d, q).
    """

    mean: Floats
    targets: Floats
    moment: Floats


def anchor_of(moments: Floats) -> Anchor:
    """The anchor from the first moments 1/S sum_i s_i xt_i [y_i; 1]', (d + 1, q + 1)."""
    return Anchor(moments[:-1, -1], moments[-1, :-1], moments[:-1, :-1])


def duality_gap(
    theta: Floats, loss: float, gradient: Floats, weight_decay: float, anchor: Anchor
) -> float:
    """An upper bound on F(theta) - min F in nats, for weight_decay > 0; inf where there is none.

    Args:
        theta: (d + 1, q).
        loss: F(theta).
        gradient: of F at theta, (d + 1, q).
        weight_decay: positive.
        anchor: of the same data.
    """
    W, b, g_b = theta[:-1], theta[-1], gradient[-1]
    G = gradient[:-1] - weight_decay * W
    eps, u = mixture(anchor.targets + g_b, g_b)
    if not eps < 1.0:
        return math.inf
    covariance = G + anchor.moment - np.outer(anchor.mean, anchor.targets + g_b)
    Z = G - np.outer(anchor.mean, g_b) - eps * covariance
    cross_entropy = loss - 0.5 * weight_decay * float(np.vdot(W, W))
    residual = Z + weight_decay * W
    logits = float(np.vdot(G, W)) + float(g_b @ b)
    entropy = -float(np.sum(u * np.log(np.where(u > 0.0, u, 1.0))))
    gap = (
        float(np.vdot(residual, residual)) / (2.0 * weight_decay)
        - float(np.vdot(Z, W))
        + (1.0 - eps) * logits
        + eps * (cross_entropy - entropy)
    )
    return gap if math.isfinite(gap) else math.inf


def mixture(mean: Floats, g_b: Floats) -> tuple[float, Floats]:
    """The least eps that leaves u = mean - g_b / eps without negative entries, and that u."""
    g_b = g_b - g_b.mean()  # it sums to 0 but for rounding
    above = g_b > LEVEL
    if not above.any():
        return 0.0, mean
    if not (mean[above] > 0.0).all():
        return math.inf, mean
    eps = float((g_b[above] / mean[above]).max())
    u = np.maximum(mean - g_b / eps, 0.0)
    return eps, u / u.sum()


def _rounding(loss: float) -> float:
    """What the sums of a float64 loss and bound can be off by."""
    return 1e-14 * (1.0 + abs(loss))


@dataclass(frozen=True)
class Certificate:
    """What is known of a result.

    Attributes:
        verdict: "optimum", "falling" or "separable".
        gradient_norm: of F, Euclidean; with decay where the bias is set right.
        loss: F in nats.
        bound: on F - min F in nats; inf where none is known.
        relative: bound / loss.
        tolerance: the relative bound that makes an optimum.
    """

    verdict: str
    gradient_norm: float
    loss: float
    bound: float
    relative: float
    tolerance: float

    @property
    def text(self) -> str:
        """The verdict as a phrase in the user's language."""
        if self.verdict == "optimum":
            tolerance = f"{self.tolerance:g}".replace("e-0", "e-")
            return tr("optimum to within {tolerance}").format(tolerance=tolerance)
        if self.verdict == "separable":
            return tr("no finite optimum: the classes are separable, add weight decay")
        return tr("still falling")


def certify(
    objective: Objective,
    theta: Floats,
    anchor: Anchor,
    tolerance: float = 1e-6,
    separating: Floats | None = None,
) -> Work[Certificate]:
    """The certificate of `theta`, in float64 whatever the type of the data.

    Args:
        objective: F.
        theta: (d + 1, q).
        anchor: of the same data.
        tolerance: the relative bound that makes an optimum.
        separating: a direction along which F seems to fall for ever.
    """
    wide, bound, verdict = objective.widened(), math.inf, "falling"
    if wide.weight_decay:
        loss, there, value, gradient = yield from wide.settled(theta, anchor.targets)
        bound = loss - value + duality_gap(there, value, gradient, wide.weight_decay, anchor)
    else:
        loss, gradient = yield from wide.value_and_gradient(theta)
        direction = yield from separating_direction(wide, separating, theta)
        if direction is not None:
            verdict = "separable"
        else:
            bound = yield from local_bound(wide, gradient)
    bound += _rounding(loss)
    if bound <= tolerance * loss:
        verdict = "optimum"
    norm = float(np.linalg.norm(gradient))
    return Certificate(verdict, norm, loss, bound, bound / loss if loss else math.inf, tolerance)


def separating_direction(objective: Objective, *directions: Floats | None) -> Work[Floats | None]:
    """The first of `directions` that puts no label below another class and some above all.

    F falls for ever along it, and without decay there is no finite optimum. Each is tried as it
    is and rounded to 2^-10 of its largest entry, so that rows it leaves level come out level.
    """
    for direction in directions:
        if direction is None or not direction.any():
            continue
        grid = float(np.abs(direction).max()) / 1024.0
        for candidate in (direction, np.round(direction / grid)):
            below, above = yield from objective.separated(candidate)
            if below == 0 and above > 0:
                return candidate
    return None
