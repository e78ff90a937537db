"""What a run is told: one frozen TrainConfig; a change makes a new one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from softmax_gui.i18n import tr

DEVICES = ("auto", "compiled", "numpy", "cpu", "cuda", "mps")
DTYPES = ("float64", "float32")
SOLVERS = ("minibatch", "auto", "newton-cg", "lbfgs")
OPTIMIZERS = ("sgd", "adam")
CLASS_WEIGHTS = ("none", "balanced")


@dataclass(frozen=True)
class TrainConfig:
    """Everything that, with the data, decides the weights bit by bit on one machine.

    Attributes:
        learning_rate: the step size of SGD, positive and finite.
        batch_size: examples a minibatch, at least 1; the last of an epoch may be smaller.
        momentum: 0 <= momentum < 1; v <- momentum v + gradient, W <- W - learning_rate v.
        weight_decay: lambda >= 0 adds (lambda / 2) |W|^2 to the loss; the bias is left free.
        seed: decides the split and the order of the examples; W and b start at zero.
        device: one of DEVICES; "compiled" is numba on the CPU, "cpu" torch on the CPU.
        dtype: one of DTYPES, of the data and the parameters.
        solver: one of SOLVERS: minibatches by the optimizer, or all rows to the optimum.
        optimizer: one of OPTIMIZERS, of the minibatch steps.
        label_smoothing: 0 <= eps < 1; the target of class k is (1 - eps) [k = label] + eps / q.
        class_weight: one of CLASS_WEIGHTS; "balanced" gives each class the same total weight.
        threads: of the compiled loop; 0 takes as many as pay.
        phm_order: 0 is a dense layer; else the order of a PHM layer, which must divide d and q.
        tolerance: relative distance to the optimal loss at which a solver stops.

    Raises:
        ValueError: a value out of its range; the sentence names it.
    """

    learning_rate: float = 0.5
    batch_size: int = 32
    momentum: float = 0.0
    weight_decay: float = 0.0
    seed: int = 0
    device: str = "auto"
    dtype: str = "float64"
    solver: str = "minibatch"
    optimizer: str = "sgd"
    label_smoothing: float = 0.0
    class_weight: str = "none"
    threads: int = 0
    phm_order: int = 0
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        for name, wanted, holds in (
            ("learning_rate", tr("a positive finite number"), 0 < self.learning_rate < math.inf),
            ("batch_size", tr("a whole number from 1"), self.batch_size >= 1),
            ("momentum", tr("a number from 0 to below 1"), 0 <= self.momentum < 1),
            ("weight_decay", tr("a finite number from 0"), 0 <= self.weight_decay < math.inf),
            ("seed", tr("a whole number from 0"), self.seed >= 0),
            ("device", ", ".join(DEVICES), self.device in DEVICES),
            ("dtype", ", ".join(DTYPES), self.dtype in DTYPES),
            ("solver", ", ".join(SOLVERS), self.solver in SOLVERS),
            ("optimizer", ", ".join(OPTIMIZERS), self.optimizer in OPTIMIZERS),
            ("label_smoothing", tr("a number from 0 to below 1"), 0 <= self.label_smoothing < 1),
            ("class_weight", ", ".join(CLASS_WEIGHTS), self.class_weight in CLASS_WEIGHTS),
            ("threads", tr("a whole number from 0"), self.threads >= 0),
            ("phm_order", tr("a whole number from 0"), self.phm_order >= 0),
            ("tolerance", tr("a positive finite number"), 0 < self.tolerance < math.inf),
        ):
            if not holds:
                message = tr("{name} is {value}; wanted: {wanted}.")
                raise ValueError(
                    message.format(name=name, value=getattr(self, name), wanted=wanted)
                )
        if self.phm_order and self.solver != "minibatch":
            text = tr("A PHM layer is trained by minibatches: its loss has no single lowest point.")
            raise ValueError(text)

    def has_loss_of(self, other: TrainConfig) -> bool:
        """Whether a solver's run with `other` can go on with these: same loss, same solver."""
        names = ("solver", "weight_decay", "label_smoothing", "class_weight")
        return all(getattr(self, name) == getattr(other, name) for name in names)
