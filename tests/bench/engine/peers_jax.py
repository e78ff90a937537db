"""jax: an epoch as one jitted scan over the minibatches of a shuffled order."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from tests.bench.engine import problems
from tests.bench.engine.child import Ask, Say, timed


class JittedEpoch:
    """The last, smaller batch of an epoch is left out: a scan wants equal shapes."""

    def __init__(self, X: np.ndarray, labels: np.ndarray, options: dict[str, Any]) -> None:
        self._jax = import_module("jax")
        jnp: Any = import_module("jax.numpy")
        self._X, self._y = jnp.asarray(X), jnp.asarray(labels.astype(np.int32))
        q = int(labels.max()) + 1
        self._batch: int = options["batch"]
        self._steps: int = len(X) // self._batch
        self._key = self._jax.random.PRNGKey(problems.SEED)
        self._parameters: Any = (jnp.zeros((X.shape[1], q)), jnp.zeros(q))
        self._epoch = self._jax.jit(self._make(jnp, options["learning_rate"]), donate_argnums=0)

    def _make(self, jnp: Any, rate: float) -> Any:
        jax, steps, batch = self._jax, self._steps, self._batch

        def loss(parameters: Any, X: Any, y: Any) -> Any:
            W, b = parameters
            log_p = jax.nn.log_softmax(X @ W + b)
            return -jnp.take_along_axis(log_p, y[:, None], axis=1).mean()

        def epoch(parameters: Any, key: Any, X: Any, y: Any) -> Any:
            order = jax.random.permutation(key, len(X))[: steps * batch].reshape(steps, batch)

            def step(carry: Any, rows: Any) -> Any:
                gradient = jax.grad(loss)(carry, X[rows], y[rows])
                return jax.tree.map(lambda p, g: p - rate * g, carry, gradient), None

            return jax.lax.scan(step, parameters, order)[0]

        return epoch

    def epochs(self, count: int) -> int:
        """Waits for the last."""
        for _ in range(count):
            self._key, key = self._jax.random.split(self._key)
            self._parameters = self._epoch(self._parameters, key, self._X, self._y)
        self._jax.block_until_ready(self._parameters)
        return count * self._steps * self._batch

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """As they are."""
        W, b = self._parameters
        return np.asarray(W), np.asarray(b)


def make(name: str, options: dict[str, Any], say: Say) -> Ask:
    """In an interpreter that has jax."""
    X, labels = problems.read(options["folder"], "float32")
    return timed(JittedEpoch(X, labels, options), options, say)
