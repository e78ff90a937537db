"""numpy written out, scikit-learn's MLPClassifier without a hidden layer, and plain sgemm."""

from __future__ import annotations

import contextlib
import time
from importlib import import_module
from typing import Any

import numpy as np

from tests.bench.engine import problems
from tests.bench.engine.child import Answer, Ask, Say, Steps, timed

SQUARE = 2048


class WrittenOut:
    """The gradient by hand, into buffers that are used again and again."""

    def __init__(self, X: np.ndarray, labels: np.ndarray, options: dict[str, Any]) -> None:
        q, d, batch = int(labels.max()) + 1, X.shape[1], options["batch"]
        self._X, self._rate = X, np.float32(options["learning_rate"])
        self._one_hot = np.eye(q, dtype=np.float32)[labels]
        self._W, self._b = np.zeros((d, q), np.float32), np.zeros(q, np.float32)
        self._Xb, self._P = np.empty((batch, d), np.float32), np.empty((batch, q), np.float32)
        self._Y, self._dW = np.empty((batch, q), np.float32), np.empty((d, q), np.float32)
        self._generator = np.random.default_rng(problems.SEED)

    def epochs(self, count: int) -> int:
        """A fresh permutation an epoch."""
        batch = len(self._Xb)
        for _ in range(count):
            order = self._generator.permutation(len(self._X))
            for start in range(0, len(order), batch):
                self._step(order[start : start + batch])
        return count * len(self._X)

    def _step(self, rows: np.ndarray) -> None:
        m = len(rows)
        Xb, P, Y = self._Xb[:m], self._P[:m], self._Y[:m]
        np.take(self._X, rows, axis=0, out=Xb, mode="clip")  # "raise" would copy through a buffer
        np.take(self._one_hot, rows, axis=0, out=Y, mode="clip")
        np.matmul(Xb, self._W, out=P)
        P += self._b
        P -= P.max(axis=1, keepdims=True)
        np.exp(P, out=P)
        P /= P.sum(axis=1, keepdims=True)
        P -= Y
        P *= self._rate / np.float32(m)
        np.matmul(Xb.T, P, out=self._dW)
        self._W -= self._dW
        self._b -= P.sum(axis=0)

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """As they are."""
        return self._W, self._b


class Perceptron:
    """MLPClassifier(hidden_layer_sizes=()), plain SGD; an epoch is a partial_fit."""

    def __init__(self, X: np.ndarray, labels: np.ndarray, options: dict[str, Any]) -> None:
        self._X, self._labels = X, labels
        self._model: Any = import_module("sklearn.neural_network").MLPClassifier(
            hidden_layer_sizes=(), solver="sgd", learning_rate_init=options["learning_rate"],
            momentum=0.0, nesterovs_momentum=False, alpha=0.0, batch_size=options["batch"],
            random_state=problems.SEED,
        )  # fmt: skip
        self._model.partial_fit(X, labels, classes=np.unique(labels))
        for parameter in (*self._model.coefs_, *self._model.intercepts_):
            parameter[:] = 0  # as everybody here begins

    def epochs(self, count: int) -> int:
        """It shuffles by itself."""
        for _ in range(count):
            self._model.partial_fit(self._X, self._labels)
        return count * len(self._X)

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """The one layer."""
        return self._model.coefs_[0], self._model.intercepts_[0]


def _sgemm(options: dict[str, Any], say: Say) -> Ask:
    """GFLOP/s of a large square product, and of the two products of a minibatch step."""
    square = _product((SQUARE, SQUARE, SQUARE))
    m, d, q = options["batch"], options["d"], options["q"]
    logits, gradient = _product((m, d, q)), _product((d, m, q), turned=True)
    ways = {"square": square, "logits": logits, "gradient": gradient}
    with contextlib.suppress(ModuleNotFoundError):
        ways["square, torch"] = _torch_square(options["threads"])
    for way in ways.values():
        way(0.05)
    say({"loss": None})

    def ask(_: Answer) -> Answer:
        rates = {name: way(options["repeat_s"] / len(ways)) for name, way in ways.items()}
        best = max(rates["square"], rates.get("square, torch", 0.0))
        return {"value": best, "gflops": rates}

    return ask


def _product(sizes: tuple[int, int, int], turned: bool = False) -> Any:
    generator = np.random.default_rng(problems.SEED)
    m, k, q = sizes
    A = generator.standard_normal((k, m) if turned else (m, k), dtype=np.float32)
    B, out = generator.standard_normal((k, q), dtype=np.float32), np.empty((m, q), np.float32)
    left = A.T if turned else A
    return lambda seconds: _rate(lambda: np.matmul(left, B, out=out), 2.0 * m * k * q, seconds)


def _torch_square(threads: int) -> Any:
    torch = import_module("torch")
    torch.set_num_threads(threads)
    A, out = torch.randn(SQUARE, SQUARE), torch.empty(SQUARE, SQUARE)
    return lambda seconds: _rate(lambda: torch.mm(A, A, out=out), 2.0 * SQUARE**3, seconds)


def _rate(work: Any, flop: float, seconds: float) -> float:
    """GFLOP/s over some seconds."""
    started, count = time.perf_counter(), 0
    while count == 0 or time.perf_counter() - started < seconds:
        work()
        count += 1
    return 1e-9 * flop * count / (time.perf_counter() - started)


def make(name: str, options: dict[str, Any], say: Say) -> Ask:
    """options["way"] is "numpy", "MLPClassifier" or "sgemm"."""
    if options["way"] == "sgemm":
        return _sgemm(options, say)
    ways: dict[str, Any] = {"numpy": WrittenOut, "MLPClassifier": Perceptron}
    X, labels = problems.read(options["folder"], "float32")
    way: Steps = ways[options["way"]](X, labels, options)
    return timed(way, options, say)
