"""Contenders for the optimum: ours, scikit-learn's and torch's, each at its best setting.

A peer has no setting that means "1e-6 of the optimum", so its tolerance is tightened until it ends
there, and then loosened again by halves as far as it still does. The search is not timed, the
repeats are. What was reached is judged from the weights, in float64. A path of weight decays is
judged by its worst member.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from tests.bench.engine import problems
from tests.bench.engine.child import Answer, Ask, Say, Unfit

GOAL = 1e-6
MANY = 1_000_000  # iterations: only the tolerance stops
STUCK = 4  # settings in a row that end at the same place: a tighter one is taken for hopeless
WARM, WARM_S = 3, 1.0  # times that a run shorter than a second is timed to choose among variants
Solutions = list[tuple[np.ndarray, np.ndarray]]  # W (d, q), b (q,) for each weight decay


@dataclass(frozen=True)
class Way:
    """A solver with one screw to turn.

    Attributes:
        solve: all weight decays at a level; a higher level ends nearer to the optimum.
        levels: from loose to tight.
        says: the setting at a level, in the peer's own words.
        halves: how often to try between the last level that failed and the first that did.
    """

    solve: Callable[[float], Solutions]
    levels: list[float]
    says: Callable[[float], str]
    halves: int = 0


def make(name: str, options: dict[str, Any], say: Say) -> Ask:
    """options: folder, decays, best (F* of each), way, dtype, halves, and what a way needs."""
    X, labels = problems.read(options["folder"])
    ways = {"product": _product, "scikit-learn": _sklearn, "torch": _torch}
    way = ways[options["way"]](X.astype(options["dtype"], copy=False), labels, options)

    def above(solutions: Solutions) -> float:
        """How far above the optimum, relative to it; the worst of all weight decays."""
        triples = zip(solutions, options["decays"], options["best"], strict=True)
        ratios = [problems.objective(X, labels, W, b, decay) / best
                  for (W, b), decay, best in triples]  # fmt: skip
        return float(max(ratios)) - 1

    level, seconds = _search(way, above, say)

    def ask(_: Answer) -> Answer:
        started = time.perf_counter()
        solutions = way.solve(level)
        return {"value": time.perf_counter() - started, "above": above(solutions)}

    while seconds[0] < WARM_S and len(seconds) < WARM:
        seconds.append(ask({})["value"])  # the first was cold
    say({"setting": way.says(level), "best_s": min(seconds)})
    return ask


def _search(way: Way, above: Callable[[Solutions], float], say: Say) -> tuple[float, list[float]]:
    """The loosest level found that ends within the goal, and the seconds it took.

    Each try is told as progress.
    """
    seconds: dict[float, float] = {}
    ends: list[float] = []

    def there(level: float) -> bool:
        started = time.perf_counter()
        solutions = way.solve(level)
        taken = time.perf_counter() - started
        ends.append(above(solutions))
        say({"progress": {"setting": way.says(level), "seconds": taken, "above": ends[-1]}})
        if ends[-1] <= GOAL:
            seconds[level] = taken
        return ends[-1] <= GOAL

    low = way.levels[0]
    for high in way.levels:
        if there(high):
            break
        if len(ends) >= STUCK and len(set(ends[-STUCK:])) == 1:
            raise Unfit(f"stuck {ends[-1]:.1e} above the optimum, however tight its tolerance")
        low = high
    else:
        raise Unfit("no setting of it ends within 1e-6 of the optimum")
    for _ in range(way.halves if high > low else 0):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if there(middle) else (middle, high)
    loosest = min(seconds)
    return loosest, [seconds[loosest]]


def _product(X: np.ndarray, labels: np.ndarray, options: dict[str, Any]) -> Way:
    """As a user calls it: one setting, which has to do."""
    q, decays = int(labels.max()) + 1, options["decays"]
    compiling: Any = import_module("softmax_gui.training.compiling")
    passes = compiling.load_passes()(options["threads"])

    def one(_: float) -> Solutions:
        find: Any = import_module("softmax_gui.core.optimum").find_optimum
        found = find(X, labels, q, weight_decay=decays[0], tolerance=GOAL,
                     passes=passes)  # fmt: skip
        return [(found.W, found.b)]

    def path(_: float) -> Solutions:
        decay_path: Any = import_module("softmax_gui.core.path").decay_path
        return [(found.W, found.b) for found in decay_path(X, labels, q, decays, passes=passes)]

    return Way(one if len(decays) == 1 else path, [0.0], lambda _: f"tolerance {GOAL:g}")


def _sklearn(X: np.ndarray, labels: np.ndarray, options: dict[str, Any]) -> Way:
    """Weight decays from large to small, each beginning where the one before ended."""
    model: Any = import_module("sklearn.linear_model").LogisticRegression
    solver, decays = options["solver"], options["decays"]
    _look_at_memory(solver, X.shape[1], int(labels.max()) + 1)

    def solve(level: float) -> Solutions:
        found = []
        warm = model(solver=solver, tol=10**-level, max_iter=MANY,
                     warm_start=len(decays) > 1, random_state=problems.SEED)  # fmt: skip
        for decay in decays:
            warm.set_params(C=1 / (decay * len(X))).fit(X, labels)
            found.append((warm.coef_.T.copy(), warm.intercept_.copy()))
        return found

    levels = [float(level) for level in range(2, 13)]
    return Way(solve, levels, lambda level: f"tol {10**-level:.2g}", options["halves"])


def _look_at_memory(solver: str, d: int, q: int) -> None:
    """newton-cholesky forms the whole Hessian, some GB or some TB of it."""
    if solver != "newton-cholesky" or not hasattr(os, "sysconf"):
        return
    hessian = 8 * ((d + 1) * q) ** 2
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if 3 * hessian > 0.5 * have:  # it, its factor and a copy
        raise Unfit(f"its Hessian takes {hessian / 1e9:.0f} GB, and as much to factor it")


def _torch(X: np.ndarray, labels: np.ndarray, options: dict[str, Any]) -> Way:
    torch = import_module("torch")
    torch.set_num_threads(options["threads"])
    data, truth = torch.from_numpy(X), torch.from_numpy(labels)
    q, history = int(labels.max()) + 1, options["history"]

    def solve(level: float) -> Solutions:
        return [_torch_lbfgs(torch, data, truth, q, options, round(10**level))]

    levels = [1.5 + k / 2 for k in range(8)]
    says = "{} iterations, history " + str(history)
    return Way(solve, levels, lambda level: says.format(round(10**level)), options["halves"])


def _torch_lbfgs(
    torch: Any, X: Any, y: Any, q: int, options: dict[str, Any], iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    W = torch.zeros(X.shape[1], q, dtype=X.dtype, requires_grad=True)
    b = torch.zeros(q, dtype=X.dtype, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [W, b], max_iter=iterations, max_eval=10 * iterations, history_size=options["history"],
        tolerance_grad=0.0, tolerance_change=0.0, line_search_fn="strong_wolfe",
    )  # fmt: skip

    def closure() -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(torch.addmm(b, X, W), y)
        loss = loss + 0.5 * options["decays"][0] * W.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return W.detach().numpy(), b.detach().numpy()
