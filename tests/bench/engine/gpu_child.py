"""Work on a graphics card with data that never leave it: a full gradient, a path of decays."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from tests.bench.engine import problems
from tests.bench.engine.child import Answer, Ask, Say, Unfit

COPIED_BYTES = 2**31  # of the copy that stands for the card's bandwidth
DECAYS = [float(decay) for decay in np.logspace(-1, -6, 16)]


def make(name: str, options: dict[str, Any], say: Say) -> Ask:
    """options: n, d, q and way, "gradient" or "decays"."""
    torch = import_module("torch")
    if not torch.cuda.is_available():
        raise Unfit("torch finds no CUDA device")
    X, labels = _data(torch, options["n"], options["d"], options["q"])
    ask = _gradient if options["way"] == "gradient" else _decays
    answer = ask(torch, X, labels, options["q"])
    answer({})  # the first compiles and takes memory
    say({"gpu": torch.cuda.get_device_name()})
    return answer


def _data(torch: Any, n: int, d: int, q: int) -> tuple[Any, np.ndarray]:
    """Drawn on the card, labels from a softmax regression."""
    generator = torch.Generator("cuda").manual_seed(problems.SEED)
    X = torch.randn(n, d, device="cuda", generator=generator)
    W = 2 / d**0.5 * torch.randn(d, q, device="cuda", generator=generator)
    rows = []
    for block in X.split(65_536):
        noise = -torch.empty(len(block), q, device="cuda").exponential_(generator=generator).log()
        rows.append((block @ W + noise).argmax(1).cpu().numpy())
    return X, np.concatenate(rows)


def _gradient(torch: Any, X: Any, labels: np.ndarray, q: int) -> Ask:
    objective: Any = import_module("softmax_gui.core.objective")
    F = objective.DenseObjective(X, labels, q, 1e-4)
    theta = np.zeros((X.shape[1] + 1, q))
    source = torch.empty(COPIED_BYTES // 4, device="cuda")
    target = torch.empty_like(source)

    def ask(_: Answer) -> Answer:
        copied = _seconds(torch, lambda: target.copy_(source), 10)
        seconds = _seconds(torch, lambda: objective.finish(F.value_and_gradient(theta)), 3)
        return {"value": seconds, "copied_gb_per_s": 2e-9 * COPIED_BYTES / copied}

    return ask


def _decays(torch: Any, X: Any, labels: np.ndarray, q: int) -> Ask:
    decay_path: Any = import_module("softmax_gui.core.path").decay_path

    def ask(_: Answer) -> Answer:
        found: list[Any] = []
        seconds = _seconds(torch, lambda: found.append(decay_path(X, labels, q, DECAYS)), 1)
        return {"value": seconds, "relative": max(o.certificate.relative for o in found[-1])}

    return ask


def _seconds(torch: Any, work: Callable[[], object], count: int) -> float:
    """Of one call, the card's queue emptied before and after."""
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(count):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - started) / count
