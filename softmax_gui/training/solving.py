"""An engine that goes to the optimum by a solver: a step is one of its iterations.

The solver is a generator that yields between blocks of rows, so that a run can be left there for a
moment, or for good.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.core.certificate import Certificate
from softmax_gui.core.objective import DenseObjective, Objective
from softmax_gui.core.optimum import solve
from softmax_gui.core.solvers import Choice, Iterate, choose_solver, prepare
from softmax_gui.data.dataset import Split
from softmax_gui.i18n import N_
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import Backend
from softmax_gui.training.engine import Engine, ParameterState, Progress
from softmax_gui.training.gpu_objective import TorchObjective

if TYPE_CHECKING:
    from softmax_gui.core.compiled_blocks import Passes

Work = Generator[Iterate | None, None, Certificate]

_COUNTS = "counts"  # the slot of the solver's iterations and passes


class SolverEngine(Engine):
    """Minimises the penalised mean loss of all training rows; `finished` when it has.

    Args:
        split: the data.
        backend: where they are to be.
        config: the settings.
        passes: the compiled ones, in main memory alone; None for the backend's own.

    Attributes:
        choice: which solver, and why.
    """

    def __init__(
        self, split: Split, backend: Backend, config: TrainConfig, passes: Passes | None = None
    ) -> None:
        super().__init__(split, backend, config)
        data, self._passes = split.dataset, passes
        self.choice = self._chosen(split.train.n, data.d, data.q, config)
        self._objective = self._make_objective(data.q, config)

    def load(self, state: ParameterState) -> None:
        """Puts parameters on the device; a solver of the same kind goes on exactly as it was."""
        super().load(ParameterState(state.W, state.b))
        theta = np.vstack([state.W, state.b])
        counts = state.slots.get(_COUNTS)
        memory = {name: slot for name, slot in state.slots.items() if name != _COUNTS}
        iteration, passes = (0, 0) if counts is None else map(int, counts)
        self._at = Iterate(theta, float("nan"), float("nan"), iteration, passes, memory)
        self._work: Work | None = None
        self.finished, self.certificate = False, None

    def state(self) -> ParameterState:
        """The last iterate, and what the solver needs to go on from it."""
        at = self._at
        slots = dict(at.state)
        if at.iteration:
            slots[_COUNTS] = np.array([at.iteration, at.passes], float)
        return ParameterState(at.theta[:-1].copy(), at.theta[-1].copy(), slots)

    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """One iteration at most, or as much of it as fits before `deadline`.

        Its passes over the rows count as examples, also those that found the certificate.
        """
        del at, steps  # an iteration sees all rows
        if self._work is None or config != self._config:
            self._work = self._begin_work(config)
        while True:
            try:
                found = next(self._work)
            except StopIteration as end:
                self.finished, self.certificate = True, end.value
                return Progress(0, np.empty(0))
            if found is not None and found.iteration > self._at.iteration:
                return self._accept(found)
            time.sleep(0)  # whoever waits for the GIL shall have it
            if self.now() >= deadline:
                return Progress(0, np.empty(0))

    def _accept(self, found: Iterate) -> Progress:
        passes, self._at = found.passes - self._at.passes, found
        put = self._backend.array
        self._state.W, self._state.b = put(found.theta[:-1]), put(found.theta[-1])
        return Progress(passes * self.n, np.array([found.loss]))

    def _begin_work(self, config: TrainConfig) -> Work:
        """The solver from where the run is; for another loss its iterations count anew."""
        goes_on = self._at.iteration > 0 and config.has_loss_of(self._config)
        if not goes_on:
            self._at = replace(self._at, iteration=0, passes=0, state={})
        self._config = config
        return self._solve(config, self._at.theta, self._at if goes_on else None)

    def _solve(self, config: TrainConfig, theta: np.ndarray, resume: Iterate | None) -> Work:
        """The solver until its certificate agrees."""
        objective = self._objective.with_decay(config.weight_decay)
        setup = yield from prepare(objective, self.choice.preconditioner)
        _, certificate = yield from solve(
            objective, self.choice, setup, theta, config.tolerance, resume=resume
        )
        return certificate

    def _make_objective(self, q: int, config: TrainConfig) -> Objective:
        """F of the training rows where they are."""
        X, targets, _, decay, weights, smoothing = self._terms(q, config)
        if isinstance(X, np.ndarray):
            return DenseObjective(X, targets, q, decay, weights, smoothing, passes=self._passes)
        return TorchObjective(X, targets, q, decay, weights, smoothing)

    def _terms(self, q: int, config: TrainConfig) -> tuple[Any, ...]:
        """What an objective is made of: X, targets, q, weight decay, weights, smoothing."""
        rows = self._train
        if rows.targets is not None:  # which are smoothed already
            return rows.X, self._targets, q, config.weight_decay, self._weights, 0.0
        smoothing = config.label_smoothing
        return rows.X, rows.labels, q, config.weight_decay, self._weights, smoothing

    @staticmethod
    def _chosen(n: int, d: int, q: int, config: TrainConfig) -> Choice:
        choice = choose_solver(n, d, q)
        if config.solver in ("auto", choice.solver):
            return choice
        return replace(choice, solver=config.solver, reason=N_("As you chose."))
