"""What is kept of a run so that it can go on."""

from __future__ import annotations

from dataclasses import dataclass

from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import Device
from softmax_gui.training.engine import ParameterState
from softmax_gui.training.watch import DivergenceWatch


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on as if it had never stopped.

    Attributes:
        parameters: weights and what the optimizer or solver keeps.
        step: minibatches or iterations made.
        examples: rows seen, n a whole epoch.
        seconds: of training.
        config: what was in force.
        device: whose arithmetic it was; None: not begun.
        watch: what the divergence watch has seen.
    """

    parameters: ParameterState
    step: int
    examples: int
    seconds: float
    config: TrainConfig
    device: Device | None = None
    watch: DivergenceWatch | None = None
