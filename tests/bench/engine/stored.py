"""A matrix mapped from disk: an epoch's time over that of reading the file, and its memory."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

from tests.bench import stored
from tests.bench.engine.contender import allowed_cores
from tests.bench.engine.settings import Settings
from tests.bench.engine.table import Row, Table

FULL_GB = 10.0
ROOM = 0.5  # of the free disk, at most
TIME_WANTED, MEMORY_WANTED_MB = 1.3, 1500.0
READ, BLOCKS = "reading the file in a row", "reading it in the epoch's blocks"


def mapped(settings: Settings) -> Iterator[Table]:
    """Reads and an epoch by turns, in a process of their own, in the temporary folder."""
    room = ROOM * shutil.disk_usage(settings.folder).free / 1e9
    size = settings.stored_gb or (0.2 if settings.quick else min(FULL_GB, room))
    table = Table("stored", f"a matrix of {size:.3g} GB mapped from disk", "seconds",
                  f"all {len(allowed_cores())} cores")  # fmt: skip
    try:
        found = stored.measure(int(size * 1e9), settings.folder, settings.slow_rounds)
    except subprocess.CalledProcessError as error:
        table.rows.append(Row(READ, wanted=TIME_WANTED, at_most=True, note=str(error)))
    else:
        table.note = (
            f"batch {found['batch_size']}, {found['device']}, page cache"
            f" {'cold' if found['cold_cache'] else 'warm'}; shown is the epoch's time over a read's"
        )
        table.rows += _rows(found)
    yield table


def _rows(found: dict[str, Any]) -> Iterator[Row]:
    """All that was measured is in the record."""
    times = found["wall_s"]
    yield Row("an epoch", times["epoch"], detail=found)
    for title, read, wanted in ((READ, "plain", TIME_WANTED), (BLOCKS, "blocks", None)):
        ratios = [one / other for one, other in zip(times["epoch"], times[read], strict=True)]
        yield Row(title, times[read], ratios, wanted, at_most=True)
    memory = found["private_mb"]
    yield Row("private memory, of 1.5 GB", [], [memory / MEMORY_WANTED_MB], 1.0, at_most=True,
              percent=True, note=f"{memory:.0f} MB, swap grew by {found['swap_growth_mb']:.0f} MB",
              )  # fmt: skip
