"""Minibatch rows: steps of the product beside those of every peer, and the sgemm they rest on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from statistics import median
from typing import Any

from tests.bench.engine import problems
from tests.bench.engine.contender import Contender, allowed_cores, interleave
from tests.bench.engine.problems import SHAPES, Shape
from tests.bench.engine.settings import Settings
from tests.bench.engine.table import Row, Table, ahead, of_contender

TUTORIAL, JAX = "PyTorch tutorial loop", "jax, jitted epoch"
WANTED = {  # of the median ratio: the tutorial's loop, jax
    "2x2": (200.0, 8.0),
    "digits": (60.0, 3.0),
    "mnist": (9.0, 1.7),
    "embeddings": (3.3, 1.0),
}
SGEMM_SHARE = 0.8
TWO_THREADS = 1.7
DOUBLE_TOO = ("2x2", "digits")  # where float64, the product's default, is shown beside float32
WITHOUT_MLP = ("embeddings",)
LOSS_AGREES = 0.05  # relative; the orders differ, the work may not
REPEAT_LIMIT_S = 120.0


def steps(name: str, settings: Settings) -> Iterator[Table]:
    """One thread: product and peers in turn."""
    shape, options = _prepare(name, settings)
    contenders = _contenders(name, settings, options)
    _run(contenders, settings.rounds)
    product = contenders[0]
    wanted = dict(zip((TUTORIAL, JAX), WANTED[name], strict=True))
    table = Table(f"minibatch-{name}", str(shape), "us a step", str(product.pin))
    for contender in contenders:
        if contender.name == "sgemm":
            table.rows += _sgemm_rows(name, shape, product, contender)
            continue
        ratios = [] if contender is product else ahead(product, contender)
        row = of_contender(contender, ratios, wanted.get(contender.name))
        table.rows.append(row)
    _compare_losses(table.rows)
    table.note = f"losses after {options['epochs']} epochs from zero weights, learning rate " + str(
        shape.learning_rate
    )
    yield table


def two_threads(name: str, settings: Settings) -> Iterator[Table]:
    """The product with two threads against itself with one."""
    shape, options = _prepare(name, settings)
    product = {**options, "dtype": "float32", "device": "compiled"}
    pins = [settings.pin(2), settings.pin(1)]
    both, one = (Contender(f"product, {pin.width}", "product", product, pin) for pin in pins)
    table = Table(f"threads-{name}", str(shape), "us a step", f"{pins[0]}; {pins[1]}")
    if len(allowed_cores()) < 2:
        table.rows.append(Row(both.name, wanted=TWO_THREADS, note="there is one core only"))
    else:
        _run([both, one], settings.rounds)
        table.rows += [of_contender(both, []), of_contender(one, ahead(both, one), TWO_THREADS)]
        _compare_losses(table.rows)
    yield table


def _prepare(name: str, settings: Settings) -> tuple[Shape, dict[str, Any]]:
    shape = SHAPES[name].small() if settings.quick else SHAPES[name]
    folder = settings.folder / name.replace(" ", "-")
    if not folder.is_dir():
        problems.store(folder, *problems.drawn(shape.n, shape.d, shape.q))
    return shape, {**asdict(shape), "folder": str(folder), "repeat_s": settings.repeat_s}


def _contenders(name: str, settings: Settings, options: dict[str, Any]) -> list[Contender]:
    pin = settings.pin(1)

    def contender(title: str, module: str, python: str = sys.executable, **more: Any) -> Contender:
        return Contender(title, module, {**options, **more}, pin, python)

    compiled = {"device": "compiled"}
    found = [contender("product, float32", "product", dtype="float32", **compiled)]
    if name in DOUBLE_TOO:
        found.append(contender("product, float64", "product", dtype="float64", **compiled))
    found += [
        contender(TUTORIAL, "peers_torch", way="tutorial"),
        contender("torch, tensors and autograd", "peers_torch", way="tensors"),
        contender("torch, gradient written out", "peers_torch", way="written out"),
        contender("numpy, gradient written out", "peers_numpy", way="numpy"),
    ]
    if name not in WITHOUT_MLP:
        found.append(contender("scikit-learn MLPClassifier", "peers_numpy", way="MLPClassifier"))
    found.append(contender(JAX, "peers_jax", settings.jax or sys.executable))
    found.append(contender("sgemm", "peers_numpy", way="sgemm"))
    return found


def _run(contenders: list[Contender], rounds: int) -> None:
    try:
        for contender in contenders:
            contender.start()
        interleave(contenders, rounds, REPEAT_LIMIT_S)
    finally:
        for contender in contenders:
            contender.close()


def _sgemm_rows(name: str, shape: Shape, product: Contender, sgemm: Contender) -> list[Row]:
    """The share of a large square product's rate at which the product's steps run."""
    if not (product.answers and sgemm.answers):
        return [Row("share of the sgemm rate", note=product.note or sgemm.note)]
    flop = 4.0 * shape.batch * shape.d * shape.q  # logits and gradient
    pairs = list(zip(product.answers, sgemm.answers, strict=False))
    shares = [1e-3 * flop / ours["value"] / rate["value"] for ours, rate in pairs]
    parts = {
        part: median(rate["gflops"][part] for _, rate in pairs) for part in pairs[0][1]["gflops"]
    }
    two = 2e-3 * shape.batch * shape.d * shape.q  # of one product, in GFLOP a microsecond / 1e9
    products_us = two / parts["logits"] + two / parts["gradient"]
    note = (
        "GFLOP/s: " + ", ".join(f"{part} {value:.1f}" for part, value in parts.items())
        + f"; numpy's two products alone {products_us:.4g} us"
    )  # fmt: skip
    wanted = SGEMM_SHARE if name == "embeddings" else None
    detail = {"gflops": parts, "two_products_us": products_us}
    return [Row("share of the sgemm rate", [], shares, wanted, percent=True, note=note,
                detail=detail)]  # fmt: skip


def _compare_losses(rows: list[Row]) -> None:
    """Says where a contender, having seen as many examples, is not where the others are."""
    losses = [row.detail["loss"] for row in rows if "loss" in row.detail]
    for row in rows:
        loss = row.detail.get("loss")
        if loss is not None and abs(loss / median(losses) - 1) > LOSS_AGREES:
            row.note = "; ".join(filter(None, [row.note, "its loss differs from the others'"]))
