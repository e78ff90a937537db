"""One epoch over a file larger than memory should be, against reading the same file alone.

Everything is measured in a process of its own, with a cold page cache where the system lets go of
it, one after the other and several times over; the medians count.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from softmax_gui.data.stored_split import StoredSplit
    from softmax_gui.training.config import TrainConfig
    from softmax_gui.training.streaming import StreamingEngine

D, Q, BATCH = 512, 10, 1024
CHUNK = 64 << 20


def measure(
    size_bytes: int, folder: Path, repeats: int = 3, device: str = "auto"
) -> dict[str, Any]:
    """Writes a float32 matrix of this size into a folder, measures, and deletes it.

    Args:
        size_bytes: of the matrix.
        folder: where `size_bytes` are free.
        repeats: of each of the three.
        device: "numpy" or "compiled"; "auto" takes the latter where numba is.

    Returns:
        Seconds to read the file plainly in a row, to read it in the blocks of an epoch, and to
        train an epoch: medians by the wall clock, the best, and of all processors (cpu_s); the
        ratios of the epoch to both; private memory in MB, and how much more swap is in use.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="stored-") as place:
        write(Path(place), size_bytes)
        command = [
            sys.executable, "-m", "tests.bench.stored", "--child", place,
            "--repeats", str(repeats), "--device", device,
        ]  # fmt: skip
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    figures: dict[str, Any] = json.loads(output)
    return figures


def write(folder: Path, size_bytes: int) -> None:
    """x.npy and y.npy: normal features, labels of a true model with noise, seed 0."""
    random = np.random.default_rng(0)
    rows = CHUNK // (4 * D)
    chunks = max(1, size_bytes // CHUNK)
    X = random.standard_normal((rows, D), np.float32)
    noise = random.gumbel(size=(rows, Q))
    labels = (X @ random.normal(size=(D, Q)) / 4 + noise).argmax(axis=1).astype(np.uint8)
    header = {"descr": "<f4", "fortran_order": False, "shape": (rows * chunks, D)}
    with (folder / "x.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for _ in range(chunks):
            file.write(X.data)
        file.flush()
        os.fsync(file.fileno())
    np.save(folder / "y.npy", np.tile(labels, chunks))


def child(folder: Path, repeats: int, device: str) -> dict[str, Any]:
    """What measure returns, of a file that is there."""
    from softmax_gui.data.stored import open_stored
    from softmax_gui.data.stored_split import stored_split
    from softmax_gui.training.config import TrainConfig

    path, started = folder / "x.npy", time.perf_counter()
    stored = open_stored(path)
    opened_s = time.perf_counter() - started
    split = stored_split(stored, 0, scaling="none")
    config = TrainConfig(dtype="float32", batch_size=BATCH, learning_rate=0.1, momentum=0.9)
    before_mb, memory, swap = private_mb(), [0.0], swap_mb()
    engine, kind = _engine(split, config, device)
    losses = [engine.measure("validation").loss]
    times: dict[str, list[tuple[float, float]]] = {"plain": [], "blocks": [], "epoch": []}
    for repeat in range(repeats):
        works: dict[str, Callable[[], object]] = {
            "plain": lambda: read_plainly(path),
            "blocks": lambda: read_in_blocks(split),
            "epoch": partial(_train, engine, repeat, split, config, memory),
        }
        for name, work in works.items():
            cold = forget(path)
            times[name].append(_timed(work))
    losses.append(engine.measure("validation").loss)
    engine.close()
    return {
        "bytes": stored.rows.nbytes, "n": stored.n, "d": D, "q": Q, "batch_size": BATCH,
        "device": kind, "blas_threads": os.environ.get("OPENBLAS_NUM_THREADS", "default"),
        "cold_cache": cold, "open_s": opened_s, **_summary(times),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "private_mb_before": before_mb, "private_mb": max(memory),
        "swap_growth_mb": swap_mb() - swap, "validation_loss": losses,
    }  # fmt: skip


def _summary(times: dict[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """Medians; the best of each too, because what else the machine does only slows it down."""
    wall = {name: [one for one, _ in pairs] for name, pairs in times.items()}
    seconds = {name: median(values) for name, values in wall.items()}
    best = {name: min(values) for name, values in wall.items()}
    return {
        "read_plain_s": seconds["plain"],
        "read_blocks_s": seconds["blocks"],
        "epoch_s": seconds["epoch"],
        "ratio_plain": seconds["epoch"] / seconds["plain"],
        "ratio_blocks": seconds["epoch"] / seconds["blocks"],
        "best_s": best,
        "best_ratio_blocks": best["epoch"] / best["blocks"],
        "cpu_s": {name: median(used for _, used in pairs) for name, pairs in times.items()},
        "wall_s": wall,
    }


def read_plainly(path: Path) -> None:
    """All of the file in a row, 64 MB at a time."""
    buffer = memoryview(np.empty(CHUNK, np.uint8).data)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def read_in_blocks(split: StoredSplit) -> None:
    """The reads of an epoch and nothing else."""
    from softmax_gui.data.stored_blocks import BlockReader
    from softmax_gui.data.stored_layout import Layout, shuffled_tasks

    layout = Layout.of(split.train.n, 4 * D)
    tasks = islice(shuffled_tasks(layout, 0), len(layout.in_order()))
    with BlockReader(split.numbers("float32"), split.train.labels, tasks, layout) as reader:
        for _ in reader:
            pass


def epoch(
    engine: StreamingEngine, number: int, split: StoredSplit, config: TrainConfig
) -> Iterator[float]:
    """Trains an epoch; private memory every now and then."""
    n = split.train.n
    at = number * n
    while at < (number + 1) * n:
        steps = -(-((number + 1) * n - at) // BATCH)
        at += engine.run(at, min(steps, 256), config, float("inf")).examples
        yield private_mb()


def _train(
    engine: StreamingEngine,
    number: int,
    split: StoredSplit,
    config: TrainConfig,
    memory: list[float],
) -> None:
    memory.extend(epoch(engine, number, split, config))


def forget(path: Path) -> bool:
    """Asks the system to drop the file from its cache; False where it cannot be asked."""
    if not hasattr(os, "posix_fadvise"):
        return False
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


def private_mb() -> float:
    """Memory that this process has for itself; pages of a file's cache are nobody's."""
    rollup = Path("/proc/self/smaps_rollup")
    if not rollup.exists():
        return float("nan")
    lines = rollup.read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def swap_mb() -> float:
    """Swap in use on this machine."""
    info = Path("/proc/meminfo")
    if not info.exists():
        return float("nan")
    sizes = {line.split(":")[0]: line.split()[1] for line in info.read_text().splitlines()}
    return (int(sizes["SwapTotal"]) - int(sizes["SwapFree"])) / 1024


def _engine(split: StoredSplit, config: TrainConfig, device: str) -> tuple[StreamingEngine, str]:
    import importlib.util

    from softmax_gui.training.devices import NumpyBackend
    from softmax_gui.training.streaming import StreamingEngine
    from softmax_gui.training.streaming_engines import HeldCompiledEngine, HeldEngine

    if device == "auto":
        device = "compiled" if importlib.util.find_spec("numba") else "numpy"
    small = split.in_memory()
    inner: HeldEngine | HeldCompiledEngine
    if device == "compiled":
        inner = HeldCompiledEngine(small, config)
    else:
        inner = HeldEngine(small, NumpyBackend(config.dtype), config)
    return StreamingEngine(split, inner, config), device


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the wall clock, and of all processors."""
    started, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - used


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=10.0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="auto", choices=("auto", "numpy", "compiled"))
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        figures = child(options.child, options.repeats, options.device)
    else:
        size = int(options.gb * 1e9)
        figures = measure(size, options.folder, options.repeats, options.device)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
