"""Minibatch steps of a PHM layer, by the plain formulas; everybody else sees its W."""

from __future__ import annotations

import numpy as np

from softmax_gui.core.arrays import Array
from softmax_gui.core.optimizers import fresh_slots
from softmax_gui.core.phm import PHM, PhmState, phm_step
from softmax_gui.data.dataset import Split
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import Backend
from softmax_gui.training.engine import Engine, ParameterState


class PhmEngine(Engine):
    """An Engine whose W is a sum of Kronecker products; its factors A and S are among the slots.

    Raises:
        ValueError: the order does not divide d and q; the sentence names those that do.
    """

    def __init__(self, split: Split, backend: Backend, config: TrainConfig) -> None:
        d, q = split.dataset.d, split.dataset.q
        self._initial = PHM.initial(d, q, config.phm_order, config.seed)
        super().__init__(split, backend, config)

    def load(self, state: ParameterState) -> None:
        """Puts factors and slots on the device; weights that have no factors start anew.

        A dense W is no sum of so few products, so that a run can't go on from it.
        """
        put, start = self._backend.array, self._initial
        kept = state.slots
        A, S, b = (kept.get("A", start.A), kept.get("S", start.S), state.b)
        if A.shape != start.A.shape:  # of another order; so are the slots
            A, S, b, kept = start.A, start.S, start.b, {}
        factors = {"A": put(A), "S": put(S), "b": put(b)}
        slots, steps = fresh_slots(self._config.optimizer, factors), 0
        if slots.keys() == kept.keys() - {"A", "S"}:
            slots, steps = {name: put(kept[name]) for name in slots}, state.steps
        self._state: PhmState = PhmState(factors["A"], factors["S"], factors["b"], slots, steps)

    def state(self) -> ParameterState:
        """Copies of W, b, the factors and the slots; waits for the device."""
        fetch, s = self._backend.numpy, self._state
        slots = {name: fetch(value) for name, value in s.slots.items()}
        W, b = self.weights()
        return ParameterState(W, b, slots | {"A": fetch(s.A), "S": fetch(s.S)}, s.step)

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies of W (d, q) and b (q,); waits for the device."""
        W, b = self._dense()
        return self._backend.numpy(W), self._backend.numpy(b)

    def _step(self, rows: Array, config: TrainConfig) -> Array:
        X, targets, weights = self._batch(rows)
        return phm_step(self._state, X, targets, config, weights)

    def _dense(self) -> tuple[Array, Array]:
        return self._state.layer.W, self._state.b
