"""`run.py bench engine`: which rows, at which sizes, and where the figures are kept."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.engine import gpu, machine, minibatch, optimum, paths, stored, window
from tests.bench.engine.settings import Settings
from tests.bench.engine.table import Table

RECORD = Path(__file__).with_name("engine.json").parent.parent / "engine.json"
SHAPES = ("2x2", "digits", "mnist", "embeddings")
Part = Callable[[Settings], Iterator[Table]]
PARTS: dict[str, Part] = {
    **{f"minibatch-{name}": partial(minibatch.steps, name) for name in SHAPES},
    **{f"threads-{name}": partial(minibatch.two_threads, name) for name in SHAPES[2:]},
    **{f"optimum-{name}": partial(optimum.solvers, name) for name in optimum.TASKS},
    **{f"decays-{name}": partial(paths.decays, name) for name in paths.TASKS},
    **{f"window-{name}": partial(window.share, name) for name in SHAPES[:3]},
    "stored": stored.mapped,
    **{f"gpu-{name}": partial(gpu.steps, name) for name in SHAPES[:3]},
    "gpu-gradient": gpu.gradient,
    "gpu-decays": gpu.decays,
}


def main(arguments: list[str]) -> int:
    """Measures the rows asked for, prints each table when it is done, and keeps the record."""
    options = _parser().parse_args(arguments)
    wanted = [text.strip() for text in options.only.split(",")] if options.only else [""]
    names = [name for name in PARTS if any(name.startswith(text) for text in wanted)]
    if not names:
        print(f"No row begins with {options.only!r}; there are: {'; '.join(PARTS)}.")
        return 2
    record = options.record or (None if options.quick else RECORD)
    found = machine.facts(options.jax)
    print(machine.line(found), flush=True)
    with tempfile.TemporaryDirectory(prefix="softmax-gui-bench-") as folder:
        settings = Settings(
            Path(folder), options.quick, options.limit, options.threads, options.jax,
            options.stored_gb, tuple(text.strip() for text in options.peers.split(",") if text),
        )  # fmt: skip
        for name in names:
            for table in PARTS[name](settings):
                print("\n" + "\n".join(table.lines()), flush=True)
                if record:
                    _keep(record, found, table, options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py bench engine", description=__doc__)
    add = parser.add_argument
    add("--only", default="", metavar="ROWS", help="rows whose names begin so, comma between")
    add("--quick", action="store_true", help="tiny sizes, to see that everything runs; no record")
    add("--record", type=Path, help=f"the JSON file of the figures (default {RECORD.name})")
    add("--limit", type=float, default=60.0, metavar="S", help="seconds for one run of a solver")
    add("--peers", default="", metavar="NAMES",
        help="in the rows of solvers, those whose names begin so (default all)")  # fmt: skip
    add("--threads", type=int, default=1, help="of the solvers' rows (default 1)")
    add("--jax", default="", metavar="PYTHON", help="an interpreter that has jax")
    add("--stored-gb", type=float, help="the mapped matrix (default 10, or what the disk fits)")
    return parser


def _keep(record: Path, found: dict[str, Any], table: Table, options: argparse.Namespace) -> None:
    """Into the file, after each table: a run that is stopped, or of some rows, loses no others."""
    try:
        kept = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = {}
    tables = kept.get("tables", {})
    tables[table.key] = {"machine": found, "limit_s": options.limit, "quick": options.quick,
                         "peers": options.peers or "all",
                         **table.record()}  # fmt: skip
    text = json.dumps({"tables": tables}, indent=1, ensure_ascii=False)
    record.write_text(text + "\n", encoding="utf-8")
