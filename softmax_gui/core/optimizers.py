"""Minibatch SGD with momentum, the gradient written out as in the chapter."""

from __future__ import annotations

from dataclasses import dataclass

from softmax_gui.core.arrays import Array
from softmax_gui.core.losses import cross_entropy, dense_gradient


@dataclass
class Parameters:
    """W (d, q) and b (q,) with their velocities, on one device; updated in place."""

    W: Array
    b: Array
    vW: Array
    vb: Array


def sgd_step(
    parameters: Parameters,
    X: Array,
    targets: Array,
    learning_rate: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> Array:
    """One step of SGD on the minibatch X (n, d), targets (n, q); returns its loss before the step.

    v <- momentum v + dW + weight_decay W,    W <- W - learning_rate v;    b likewise, undecayed

    Returns:
        The mean cross-entropy in nats without the penalty, 0-d, left on its device.
    Source: torch.optim.SGD's convention of momentum; Polyak (1964).
    """
    p = parameters
    loss, dlogits = cross_entropy(X @ p.W + p.b, targets)
    dW, db = dense_gradient(X, dlogits)
    if weight_decay:
        dW = dW + weight_decay * p.W
    p.vW *= momentum
    p.vW += dW
    p.vb *= momentum
    p.vb += db
    p.W -= learning_rate * p.vW
    p.b -= learning_rate * p.vb
    return loss
