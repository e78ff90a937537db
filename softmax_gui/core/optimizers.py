"""SGD and Adam on minibatches: the plain reference that the compiled loops are held to.

A state is its parameters by name (W and b of a dense layer; A, S and b of a PHM layer), the slots
that the optimizer keeps beside each of them, and the count of steps. The penalty
(weight_decay / 2) |W|^2 is of W alone: the bias is free, and the gradients of A and S come with
their share of it (see phm.phm_gradient).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from softmax_gui.core.arrays import Array, namespace
from softmax_gui.core.losses import cross_entropy, dense_gradient

# A slot is named by its prefix and its parameter: to SGD, vW is the velocity of W; to Adam, mW and
# vW are the running means of its gradient and of that squared.
SLOTS = {"sgd": ("v",), "adam": ("m", "v")}
BETA1, BETA2, EPS = 0.9, 0.999, 1e-8  # Adam's, as everyone leaves them


class Settings(Protocol):
    """What a step has to know; a TrainConfig knows it."""

    @property
    def optimizer(self) -> str:
        """A key of SLOTS."""

    @property
    def learning_rate(self) -> float:
        """The step size."""

    @property
    def momentum(self) -> float:
        """Of SGD; Adam has its own."""

    @property
    def weight_decay(self) -> float:
        """The factor of the penalty."""


class Trained(Protocol):
    """What an optimizer updates in place."""

    slots: dict[str, Array]
    step: int

    @property
    def parameters(self) -> dict[str, Array]:
        """The arrays themselves, by name."""


@dataclass
class MinibatchState:
    """A dense layer in training, on one device; its arrays are updated in place."""

    W: Array  # (d, q)
    b: Array  # (q,)
    slots: dict[str, Array]  # as made by fresh_slots
    step: int = 0  # steps taken

    @property
    def parameters(self) -> dict[str, Array]:
        """W and b."""
        return {"W": self.W, "b": self.b}


def fresh_slots(optimizer: str, parameters: Mapping[str, Array]) -> dict[str, Array]:
    """The slots of an optimizer, a key of SLOTS, before its first step: zeros on their device."""
    return {
        prefix + name: namespace(value).zeros_like(value)
        for prefix in SLOTS[optimizer]
        for name, value in parameters.items()
    }


def minibatch_step(
    state: MinibatchState,
    X: Array,
    targets: Array,
    settings: Settings,
    weights: Array | None = None,
) -> Array:
    """One step on the minibatch X (n, d), targets (n, q), example weights (n,) or None.

    Returns:
        The mean cross-entropy in nats before the step, without the penalty; 0-d, left on its
        device.
    """
    loss, dlogits = cross_entropy(X @ state.W + state.b, targets, weights)
    dW, db = dense_gradient(X, dlogits)
    update(state, {"W": dW, "b": db}, settings)
    return loss


def update(state: Trained, gradients: Mapping[str, Array], settings: Settings) -> None:
    """One update by the optimizer of the settings.

    Args:
        state: updated in place, its count of steps too.
        gradients: of the mean loss, by the names of the state's parameters.
        settings: which optimizer, and how.

    Raises:
        ValueError: the slots are of another optimizer.
    """
    state.step += 1
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "adam":
        adam_update(state, gradients, rate, decay, state.step)
    else:
        sgd_update(state, gradients, rate, settings.momentum, decay)


def sgd_update(
    state: Trained,
    gradients: Mapping[str, Array],
    learning_rate: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> None:
    """SGD in place: v <- momentum v + g, W <- W - learning_rate v, with g = dW + weight_decay W.

    Raises:
        ValueError: the slots are of another optimizer.

    Source: torch.optim.SGD's convention of momentum; Polyak (1964).
    """
    _look_at_slots(state, "sgd")
    parameters = state.parameters
    for name in parameters:
        velocity = state.slots["v" + name]
        velocity *= momentum
        velocity += _penalised(name, parameters[name], gradients[name], weight_decay)
        parameters[name] -= learning_rate * velocity


def adam_update(
    state: Trained,
    gradients: Mapping[str, Array],
    learning_rate: float,
    weight_decay: float,
    step: int,
    beta1: float = BETA1,
    beta2: float = BETA2,
    eps: float = EPS,
) -> None:
    """Adam in place; the penalty is a part of the gradient, g = dW + weight_decay W.

    m <- beta1 m + (1 - beta1) g,    v <- beta2 v + (1 - beta2) g^2,
    W <- W - learning_rate (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps)

    Args:
        state: updated in place, but for its count of steps.
        gradients: of the mean loss, by the names of the state's parameters.
        learning_rate: the step size.
        weight_decay: the factor of W in the gradient.
        step: the number of this update, counted from 1.
        beta1: of the mean of the gradients.
        beta2: of the mean of their squares.
        eps: added to the root, so that 0 / 0 is 0.

    Raises:
        ValueError: the slots are of another optimizer.

    Source: Kingma and Ba (2015), Adam: A method for stochastic optimization; torch.optim.Adam.
    """
    _look_at_slots(state, "adam")
    rate, root = learning_rate / (1.0 - beta1**step), (1.0 - beta2**step) ** 0.5
    parameters = state.parameters
    for name in parameters:
        mean, square = state.slots["m" + name], state.slots["v" + name]
        g = _penalised(name, parameters[name], gradients[name], weight_decay)
        mean += (1.0 - beta1) * (g - mean)
        square *= beta2
        square += (1.0 - beta2) * g * g
        parameters[name] -= rate * mean / (namespace(square).sqrt(square) / root + eps)


def _penalised(name: str, value: Array, gradient: Array, weight_decay: float) -> Array:
    return gradient + weight_decay * value if name == "W" and weight_decay else gradient


def _look_at_slots(state: Trained, optimizer: str) -> None:
    """A velocity taken for a mean square would give the root of a negative number."""
    wanted = {prefix + name for prefix in SLOTS[optimizer] for name in state.parameters}
    if state.slots.keys() != wanted:
        text = f"The slots of {optimizer} are {sorted(wanted)}, not {sorted(state.slots)}."
        raise ValueError(text)
