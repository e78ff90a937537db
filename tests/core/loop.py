"""The compiled loop and the plain step on one problem, for the tests that hold one to the other."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.kernel_products import scratch
from softmax_gui.core.kernels import train_steps
from softmax_gui.core.losses import cross_entropy, dense_gradient, one_hot, smoothed
from softmax_gui.core.optimizers import (
    BETA1,
    BETA2,
    MinibatchState,
    adam_update,
    fresh_slots,
    minibatch_step,
)
from softmax_gui.core.shuffling import permutation

Floats: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class How:
    """What a step is told."""

    optimizer: str = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.0
    weight_decay: float = 0.0
    smoothing: float = 0.0
    # Adam divides by it where a gradient is rounding alone; large, both writings say the same
    eps: float = 1e-2
    batch_size: int = 8
    seed: int = 5


@dataclass(frozen=True)
class Problem:
    """Data and the weights to start from: away from 0, where gradients cancel to rounding."""

    X: Floats  # (n, d)
    labels: NDArray[np.int64]
    W: Floats  # (d, q)
    b: Floats
    targets: Floats | None = None  # (n, q)
    weights: Floats | None = None  # (n,)

    def astype(self, dtype: Any) -> Problem:
        """All its numbers in this type."""
        arrays = (self.X, self.W, self.b, self.targets, self.weights)
        X, W, b, targets, weights = (None if one is None else one.astype(dtype) for one in arrays)
        assert X is not None
        assert W is not None
        assert b is not None
        return Problem(X, self.labels, W, b, targets, weights)


@dataclass(frozen=True)
class Run:
    """What came out; `unsure` rows had two classes on top to within rounding."""

    losses: Floats
    hits: int
    W: Floats  # (d, q)
    b: Floats
    slots: dict[str, Floats] = field(default_factory=dict)
    unsure: int = 0

    @property
    def bits(self) -> tuple[bytes, ...]:
        """All of it, to compare bit by bit."""
        arrays = self.losses, self.W, self.b, *self.slots.values()
        return *(array.tobytes() for array in arrays), str(self.hits).encode()


def draw(n: int, d: int, q: int, seed: int, soft: bool = False, weighted: bool = False) -> Problem:
    """Random data of these sizes; some weights are 0."""
    random = np.random.default_rng(seed)
    targets = random.dirichlet(np.ones(q), n) if soft else None
    weights = random.exponential(size=n) * (random.random(n) < 0.8) if weighted else None
    return Problem(
        random.normal(size=(n, d)), random.integers(0, q, n),
        random.normal(size=(d, q)) / np.sqrt(d), random.normal(size=q), targets, weights,
    )  # fmt: skip


def plain(problem: Problem, how: How, steps: int) -> Run:
    """Steps of core/optimizers.py through the epochs of core/shuffling.py."""
    X, q, n, size = problem.X, len(problem.b), len(problem.X), how.batch_size
    hard = one_hot(problem.labels, q, like=X)
    Y = smoothed(hard if problem.targets is None else problem.targets, how.smoothing)
    W, b = problem.W.copy(), problem.b.copy()
    state = MinibatchState(W, b, fresh_slots(how.optimizer, {"W": W, "b": b}))
    losses: list[float] = []
    hits, unsure, at, epoch = 0, 0, 0, 0
    while len(losses) < steps:
        rows = permutation(n, how.seed, epoch)[at : at + size]
        logits = X[rows] @ W + b
        hits += int((logits.argmax(1) == problem.labels[rows]).sum())
        if q > 1:
            first, second = np.sort(logits, axis=1)[:, :-3:-1].T
            unsure += int((first - second < 1e-4).sum())
        weights = None if problem.weights is None else problem.weights[rows]
        losses.append(float(_plain_step(state, X[rows], Y[rows], how, weights)))
        at += size
        if at >= n:
            at, epoch = 0, epoch + 1
    return Run(np.array(losses), hits, W, b, state.slots, unsure)


def _plain_step(
    state: MinibatchState, X: Floats, Y: Floats, how: How, weights: Floats | None
) -> Any:
    if how.optimizer == "sgd":
        return minibatch_step(state, X, Y, how, weights)
    loss, dlogits = cross_entropy(X @ state.W + state.b, Y, weights)
    dW, db = dense_gradient(X, dlogits)
    state.step += 1
    gradients, rate, decay = {"W": dW, "b": db}, how.learning_rate, how.weight_decay
    adam_update(state, gradients, rate, decay, state.step, eps=how.eps)
    return loss


def compiled(
    problem: Problem,
    how: How,
    steps: int,
    threads: int = 1,
    begin: tuple[int, int] = (0, 0),
    before: Run | None = None,
) -> Run:
    """One call of train_steps by a team, from epoch and place of `begin`, on from `before`."""
    X, (d, q), kind = problem.X, problem.W.shape, problem.X.dtype
    none = np.zeros((0, q), kind)
    data = (X, problem.labels, none if problem.targets is None else problem.targets,
            np.zeros(0, kind) if problem.weights is None else problem.weights)  # fmt: skip
    start = before or Run(np.zeros(0), 0, problem.W, problem.b)
    names = ("mW", "mb", "vW", "vb") if how.optimizer == "adam" else ("vW", "vb")
    shapes = {"W": (q, d), "b": (q,)}
    slots = {
        name: np.ascontiguousarray(start.slots[name].T).copy() if before
        else np.zeros(shapes[name[-1]], kind)
        for name in names
    }  # fmt: skip
    W, b = start.W.T.copy(order="C"), start.b.copy()
    unused = [] if how.optimizer == "adam" else [np.zeros((0, 0), kind), np.zeros(0, kind)]
    order = permutation(len(X), how.seed, begin[0])
    losses, hits = np.full(steps, np.nan), [0] * threads
    shared = (np.zeros(8, np.int64), np.zeros((threads, 2)),
              np.zeros((threads, q, d), kind), np.zeros((threads, q), kind))  # fmt: skip
    told = (how.learning_rate, how.momentum, how.weight_decay, how.smoothing,
            BETA1, BETA2 if how.optimizer == "adam" else 0.0, how.eps)  # fmt: skip
    left = [scratch(d, q, kind) for _ in range(threads)]
    for part in itertools.chain(*left):
        if part.dtype.kind == "f":
            part.fill(np.nan)  # a step depends on nothing that the one before left there

    def member(me: int) -> None:
        hits[me] = train_steps(
            data, order, (np.uint64(how.seed), *begin), how.batch_size,
            (W, b, *slots.values(), *unused),
            (*map(kind.type, told), np.float64(len(start.losses))),
            left[me], losses, (me, threads, *shared),
        )  # fmt: skip

    team = [threading.Thread(target=member, args=(me,)) for me in range(threads)]
    for one in team:
        one.start()
    for one in team:
        one.join()
    assert len(set(hits)) == 1
    return Run(losses, hits[0], W.T, b, {name: slot.T for name, slot in slots.items()})
