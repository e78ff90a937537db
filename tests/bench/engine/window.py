"""What drawing costs the trainer: its steps with the window at 30 Hz, over those of it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from statistics import median

import numpy as np

from tests.bench.engine import problems
from tests.bench.engine.contender import Contender, interleave
from tests.bench.engine.settings import Settings
from tests.bench.engine.table import Row, Table

WANTED = {"2x2": 0.90, "digits": 0.90, "mnist": 0.95}
SIDE = 28  # pixels of a picture of the MNIST shape
LIT = 0.2  # share of pixels that are not black, as handwriting has
LIMIT_S = 120.0


def share(name: str, settings: Settings) -> Iterator[Table]:
    """A real window with data loaded; the trainer runs in its thread with all its defaults."""
    pin = settings.pin(2)
    shape = problems.SHAPES[name]
    source, rate = name, 0.5
    if name == "mnist":
        source, rate = _pictures(settings, 2000 if settings.quick else shape.n, shape.q), 0.01
    options = {
        **asdict(shape), "learning_rate": rate, "source": source, "folder": str(settings.folder),
        "phase_s": 0.3 if settings.quick else 2.0,
    }  # fmt: skip
    contender = Contender("window", "window_child", options, pin)
    try:
        contender.start()
        interleave([contender], settings.rounds, LIMIT_S)
    finally:
        contender.close()
    table = Table(f"window-{name}", str(shape), "steps/s", str(pin))
    answers = contender.answers

    def row(title: str, mode: str, wanted: float | None = None) -> Row:
        ratios = [answer["drawn"] / answer[mode] for answer in answers] if mode != "drawn" else []
        values = [answer[mode] for answer in answers]
        return Row(title, values, ratios, wanted, percent=True)

    beside = row("trainer while the window draws", "drawn")
    beside.note = contender.note
    if answers:
        frames = median(answer["frames_per_s"] for answer in answers)
        beside.detail = {**contender.report, "frames_per_s": frames}
        platform, device = contender.report["platform"], contender.report["device"]
        beside.note = f"{frames:.1f} frames a second on {platform}, {device}"
    table.rows = [
        beside,
        row("snapshots made, none drawn", "published"),
        row("the same trainer alone", "alone", WANTED[name]),
    ]
    yield table


def _pictures(settings: Settings, n: int, q: int) -> str:
    """An NPZ file of n pictures of random strokes' statistics, labelled by a true model."""
    path = settings.folder / "pictures.npz"
    generator = np.random.default_rng(problems.SEED)
    lit = generator.random((n, SIDE * SIDE), dtype=np.float32) < LIT
    pixels = generator.integers(1, 256, lit.shape, dtype=np.uint8) * lit
    W = generator.standard_normal((SIDE * SIDE, q), dtype=np.float32)
    logits = (pixels / np.float32(255) - LIT / 2) @ W / 4
    labels = (logits + generator.gumbel(size=logits.shape)).argmax(1)
    np.savez(path, X=pixels.reshape(n, SIDE, SIDE), y=labels)
    return str(path)
