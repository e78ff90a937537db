"""Rows on a graphics card; where there is none, one line says so. Needs neither Qt nor sklearn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from statistics import median

from tests.bench.engine import machine, problems
from tests.bench.engine.contender import Contender, interleave
from tests.bench.engine.settings import Settings
from tests.bench.engine.table import Row, Table, ahead, of_contender

STEPS_WANTED, BANDWIDTH_WANTED = 30.0, 0.7
NONE = "no graphics card that torch can use is at hand"
LIMIT_S = 300.0


def steps(name: str, settings: Settings) -> Iterator[Table]:
    """Examples a second of a session on cuda beside the tutorial loop's, one thread on the host."""
    shape = problems.SHAPES[name].small() if settings.quick else problems.SHAPES[name]
    table = Table(f"gpu-{name}", str(shape), "us a step", str(settings.pin(1)))
    if machine.gpu() == "none":
        table.rows.append(Row("PyTorch tutorial loop, cuda", wanted=STEPS_WANTED, note=NONE))
        yield table
        return
    folder = settings.folder / f"gpu-{name}"
    problems.store(folder, *problems.drawn(shape.n, shape.d, shape.q))
    options = {
        **asdict(shape), "folder": str(folder), "repeat_s": settings.repeat_s, "device": "cuda",
    }  # fmt: skip
    pin = settings.pin(1)
    product = Contender("product, cuda", "product", {**options, "dtype": "float32"}, pin)
    peer = Contender(
        "PyTorch tutorial loop, cuda", "peers_torch", {**options, "way": "tutorial"}, pin
    )
    _run([product, peer], settings.rounds)
    table.rows = [of_contender(product, []),
                  of_contender(peer, ahead(product, peer), STEPS_WANTED)]  # fmt: skip
    for row in table.rows:
        if row.values:
            rate = 1e6 * shape.batch / median(row.values)
            row.detail["examples_per_s"] = rate
            row.note = "; ".join(filter(None, [f"{rate:,.0f} examples a second", row.note]))
    yield table


def gradient(settings: Settings) -> Iterator[Table]:
    """The full-batch gradient's share of what the card copies a second."""
    n, d, q = (20_000, 64, 10) if settings.quick else (1_500_000, 768, 10)
    table = Table("gpu-gradient", f"{n:,} x {d} x {q}, float32, {4e-9 * n * d:.2g} GB", "seconds",
                  str(settings.pin(1)))  # fmt: skip
    if machine.gpu() == "none":
        table.rows.append(
            Row("share of the bandwidth", wanted=BANDWIDTH_WANTED, percent=True, note=NONE)
        )
        yield table
        return
    work = Contender("gradient", "gpu_child", {"n": n, "d": d, "q": q, "way": "gradient"},
                     settings.pin(1))  # fmt: skip
    _run([work], settings.rounds)
    row = of_contender(work, [])
    table.rows.append(row)
    for passes, wanted in ((1, None), (2, BANDWIDTH_WANTED)):
        shares = [passes * 4e-9 * n * d / answer["value"] / answer["copied_gb_per_s"]
                  for answer in work.answers]  # fmt: skip
        times = "once" if passes == 1 else "twice, for logits and for the gradient"
        table.rows.append(Row("share of the bandwidth", [], shares, wanted, percent=True,
                              note=f"X counted {times}"))  # fmt: skip
    if work.answers:
        copied = median(answer["copied_gb_per_s"] for answer in work.answers)
        row.note = f"a copy moves {copied:.0f} GB/s, read and written"
    yield table


def decays(settings: Settings) -> Iterator[Table]:
    """16 weight decays in one go, in seconds."""
    n, d, q = (4000, 32, 5) if settings.quick else (1_000_000, 768, 100)
    table = Table("gpu-decays", f"{n:,} x {d} x {q}, 16 weight decays from 1e-1 to 1e-6",
                  "seconds", str(settings.pin(1)))  # fmt: skip
    work = Contender("product, cuda", "gpu_child", {"n": n, "d": d, "q": q, "way": "decays"},
                     settings.pin(1))  # fmt: skip
    if machine.gpu() == "none":
        table.rows.append(Row(work.name, note=NONE))
    else:
        _run([work], settings.slow_rounds)
        row = of_contender(work, [])
        if work.answers:
            row.note = f"largest bound on the distance left {work.answers[-1]['relative']:.1e}"
        table.rows.append(row)
    yield table


def _run(contenders: list[Contender], rounds: int) -> None:
    try:
        for contender in contenders:
            contender.start()
        interleave(contenders, rounds, LIMIT_S)
    finally:
        for contender in contenders:
            contender.close()
