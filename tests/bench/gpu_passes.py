"""Passes over several GB on a graphics card: gradients, products, a path of weight decays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from softmax_gui.core.objective import DenseObjective, finish
from softmax_gui.core.optimum import solve
from softmax_gui.core.solvers import choose_solver, prepare
from softmax_gui.training.gpu_graph import tensor_float_32
from softmax_gui.training.gpu_objective import TorchObjective
from tests.bench.gpu_place import SEED, Answer, Place

ENOUGH_S = 90.0  # after which a path of decays is left where it is


def objective(place: Place) -> Answer:
    """Passes of the solvers' objective against those in main memory, float64."""
    random = np.random.default_rng(SEED)
    X, labels = random.normal(size=(5000, 40)), random.integers(0, 7, 5000)
    weights = random.random(5000)
    mine = TorchObjective(X, labels, 7, 1e-3, weights, 0.1, device=place.kind)
    theirs = DenseObjective(X, labels, 7, 1e-3, weights, 0.1)
    theta, V = (random.normal(size=(41, 7)) for _ in range(2))
    found: Answer = {}
    passes: dict[str, Callable[[DenseObjective], Any]] = {
        "gradient": lambda F: F.value_and_gradient(theta),
        "product": lambda F: F.curvature_product(V), "gram": lambda F: F.gram(),
        "sampled gram": lambda F: F.gram(300), "first moments": lambda F: F.first_moments(),
        "least curvature": lambda F: F.least_curvature(),
    }  # fmt: skip
    for name, ask in passes.items():
        a, b = (finish(ask(F)) for F in (mine, theirs))
        pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
        found[name] = max(float(np.abs(np.asarray(x) - np.asarray(y)).max()) for x, y in pairs)
    return found


def _on_device(place: Place, n: int, d: int, q: int) -> tuple[Any, Any]:
    """X and labels of a softmax regression, made on the device."""
    torch = place.torch
    generator = torch.Generator(place.kind).manual_seed(SEED)
    X = torch.randn(n, d, device=place.kind, generator=generator)
    W = 2 / d**0.5 * torch.randn(d, q, device=place.kind, generator=generator)
    labels = torch.empty(n, dtype=torch.int64, device=place.kind)
    for start in range(0, n, 65_536):
        rows = slice(start, start + 65_536)
        noise = torch.empty(len(labels[rows]), q, device=place.kind)
        noise.exponential_(generator=generator).log_()
        labels[rows] = (X[rows] @ W - noise).argmax(1)
    return X, labels


def bandwidth(place: Place) -> Iterator[tuple[str, Answer]]:
    """The gradient of all rows, several GB, beside what a copy moves a second."""
    n = 20_000 if place.small else 1_400_000
    for q in (10, 100):
        X, labels = _on_device(place, n, 768, q)
        size, target = 4e-9 * X.numel(), place.torch.empty_like(X)
        copied = 2.0 * size / place.seconds(partial(target.copy_, X))
        del target
        times = _pass_seconds(place, X, labels, q) | _product_seconds(place, X, q)
        yield f"q = {q}", {
            "GB": size, "copy GB/s": copied, "ms": {name: 1e3 * s for name, s in times.items()},
            "share of the copy, X once": size / times["gradient"] / copied,
            "share of the copy, X twice": 2.0 * size / times["gradient"] / copied,
        }  # fmt: skip
        del X, labels


def _pass_seconds(place: Place, X: Any, labels: Any, q: int) -> dict[str, float]:
    """Of the objective's passes, with TF32 where it is allowed and without."""
    theta = np.random.default_rng(1).normal(size=(X.shape[1] + 1, q)) * 0.01
    times: dict[str, float] = {}
    for tf32, name in ((False, ""), (True, ", TF32")):
        F = TorchObjective(X, labels, q, 1e-4, tf32=tf32)
        passes: dict[str, Callable[[], object]] = {
            "gradient": partial(_gradient, F, theta), "product": partial(_product, F, theta),
            "gram": partial(_gram, F),
        }  # fmt: skip
        times |= {what + name: place.seconds(work) for what, work in passes.items()}
    return times


def _gradient(F: DenseObjective, theta: Any) -> None:
    finish(F.value_and_gradient(theta))


def _product(F: DenseObjective, theta: Any) -> None:
    finish(F.curvature_product(theta))


def _gram(F: DenseObjective) -> None:
    finish(F.gram())


def _product_seconds(place: Place, X: Any, q: int) -> dict[str, float]:
    """Of the bare products, as a bound: what the library makes of these shapes."""
    torch, (n, d) = place.torch, X.shape
    times: dict[str, float] = {}
    R = torch.randn(n, q, device=place.kind)
    for tf32, name in ((False, "float32"), (True, "TF32")):
        with tensor_float_32(torch, tf32):
            times[f"X' R alone, {name}"] = place.seconds(partial(torch.mm, X.t(), R))
            for width in (q, -(-q // 16) * 16):
                W = torch.randn(d, width, device=place.kind)
                times[f"X W alone, {width} columns, {name}"] = place.seconds(
                    partial(torch.mm, X, W)
                )
    return times


def decays(place: Place) -> Iterator[tuple[str, Answer]]:
    """16 weight decays, warm-started down the path, by each solver, TF32 in products or not."""
    n, d, q = (3000, 20, 4) if place.small else (1_000_000, 768, 100)
    X, labels = _on_device(place, n, d, q)
    path = np.logspace(-1, -6, 16)
    for solver, tf32 in (("newton-cg", False), ("newton-cg", True), ("lbfgs", False)):
        F: Any = TorchObjective(X, labels, q, float(path[0]), tf32=tf32)
        choice = replace(choose_solver(n, d, q), solver=solver)
        place.finish()
        started = time.perf_counter()
        setup = finish(prepare(F, choice.preconditioner))
        prepared = time.perf_counter() - started
        theta, rows = None, []
        for decay in path:
            F, setup = F.with_decay(float(decay)), setup.under(float(decay))
            begun = time.perf_counter()
            at, certificate = finish(solve(F, choice, setup, theta, 1e-6))
            theta = at.theta
            rows.append([
                float(decay), round(time.perf_counter() - begun, 3), at.iteration, at.passes,
                certificate.verdict, certificate.relative,
            ])  # fmt: skip
            if time.perf_counter() - started > ENOUGH_S:
                break
        name = f"{solver}{', TF32 products' if tf32 else ''}"
        yield name, {
            "seconds": time.perf_counter() - started, "prepared": prepared, "done": len(rows),
            "preconditioner": choice.preconditioner, "rows": rows,
        }  # fmt: skip
