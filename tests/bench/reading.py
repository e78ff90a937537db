"""What it takes to open own data: a CSV, IDX and PNG pictures, an NPY larger than memory."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench.reading_files import MAKERS

Row = tuple[str, float, str, str]  # name, value, unit, wanted
ROUNDS = 3


def main(arguments: list[str], machine: Callable[[], dict[str, Any]]) -> int:
    """Makes the files, measures, prints a table, and keeps the record on request.

    Args:
        arguments: of the command line.
        machine: what a record says of the machine.
    """
    parser = argparse.ArgumentParser(prog="run.py bench reading", description=__doc__)
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--share", type=float, default=1.0, help="of the sizes, for a quick look")
    parser.add_argument("--only", choices=tuple(MAKERS), help="one kind of file")
    options = parser.parse_args(arguments)
    figures: dict[str, Any] = {}
    for kind, make in MAKERS.items():
        if options.only not in (None, kind):
            continue
        with tempfile.TemporaryDirectory(dir=options.folder, prefix="reading-") as place:
            path = make(Path(place), options.share)
            for name, value, unit, wanted in _ROWS[kind](path):
                figures[name] = {"value": value, "unit": unit, "wanted": wanted}
                print(f"{name:<60} {value:>9.4g} {unit:<5}  wanted {wanted}", flush=True)
    if options.record:
        record = {**machine(), "share": options.share, "figures": figures}
        options.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


def csv_rows(path: Path) -> Iterator[Row]:
    """The table, beside reading its bytes and numpy's own parser by turns."""
    size = f"{path.stat().st_size / 1e6:.0f} MB of CSV"
    by_turns = [(child("read", path), child("reference", path)) for _ in range(ROUNDS)]
    ours, others = zip(*by_turns, strict=True)
    yield f"{size}, median", middle(ours, "open_s"), "s", "< 6"
    yield f"{size}, best", min(one["open_s"] for one in ours), "s", "–"
    yield f"{size}, processor", middle(ours, "open_cpu_s"), "s", "–"
    yield f"{size}, numpy.loadtxt beside it", middle(others, "loadtxt_s"), "s", "–"
    yield f"{size}, its lines counted", middle(others, "read_s"), "s", "–"
    yield f"{size}, memory above idle", middle(ours, "open_mb"), "MB", "< 200"
    yield from window_rows(size, path)


def idx_rows(path: Path) -> Iterator[Row]:
    """Pictures as MNIST has them; the whole process too, for the memory of a fresh one is cold."""
    runs = [child("read", path) for _ in range(ROUNDS)]
    name = f"{runs[0]['n']:,} IDX pictures"
    yield f"{name}, median", middle(runs, "open_s"), "s", "< 1"
    yield f"{name}, worst", max(one["open_s"] for one in runs), "s", "< 1"
    yield f"{name}, from the start of Python", middle(runs, "process_s"), "s", "–"
    yield f"{name}, memory above idle", middle(runs, "open_mb"), "MB", "–"


def png_rows(path: Path) -> Iterator[Row]:
    """A folder of pictures."""
    runs = [child("read", path) for _ in range(ROUNDS)]
    name = f"{runs[0]['n']:,} PNG"
    yield f"{name}, median", middle(runs, "open_s"), "s", "< 5"
    yield f"{name}, a look", middle(runs, "look_s"), "s", "< 1"
    yield from window_rows(name, path)


def npy_rows(path: Path) -> Iterator[Row]:
    """Rows that stay on disk."""
    size = f"{path.stat().st_size / 1e9:.3g} GB of NPY"
    runs = [child("read", path) for _ in range(ROUNDS)]
    yield f"{size}, a look", middle(runs, "look_s"), "s", "< 1"
    yield f"{size}, opened", middle(runs, "open_s"), "s", "< 1"
    yield f"{size}, memory above idle", middle(runs, "open_mb"), "MB", "< 200"
    yield from window_rows(size, path)


def window_rows(name: str, path: Path) -> Iterator[Row]:
    """The window meanwhile."""
    found = child("window", path)
    yield f"{name}, in the dialog", found["preview_s"], "s", "< 1"
    yield f"{name}, Load to its screen", found["load_s"], "s", "–"
    for part, title in (("preview", "looked at"), ("load", "loaded")):
        yield f"{name}, frames while {title}, p95", found[part]["p95_ms"], "ms", "< 50"
        yield f"{name}, frames while {title}, worst", found[part]["worst_ms"], "ms", "< 50"
    yield f"{name}, frames at rest, worst", found["idle"]["worst_ms"], "ms", "–"
    if found["cancel_s"]:
        yield f"{name}, Cancel to the end, worst", max(found["cancel_s"]), "s", "< 0.2"


_ROWS = {"csv": csv_rows, "idx": idx_rows, "png": png_rows, "npy": npy_rows}


def child(part: str, path: Path) -> dict[str, Any]:
    """Runs a part of reading_child.py in a process of its own, with no settings of anybody."""
    with tempfile.TemporaryDirectory() as home:
        places = {f"XDG_{one}_HOME": home for one in ("CONFIG", "STATE", "DATA")}
        environment = os.environ | {"HOME": home, **places}
        command = [sys.executable, "-m", "tests.bench.reading_child", part, str(path)]
        started = time.perf_counter()
        done = subprocess.run(
            command, env=environment, check=True, timeout=600, stdout=subprocess.PIPE, text=True
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "process_s": time.perf_counter() - started}


def middle(runs: Any, name: str) -> float:
    """The median of a figure."""
    return float(statistics.median(one[name] for one in runs))
