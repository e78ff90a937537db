"""All that a graphics card can tell in one call: `python -m tests.bench.gpu`, one JSON object.

Needs numpy and torch alone. Each part stands on its own: what fails says so in the answer, and the
others go on. `--rehearse` runs all of it on the CPU with small data, to see that it runs.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import platform
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType
from typing import Any

import numpy as np

from softmax_gui.data.dataset import Split
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import NumpyBackend, TorchBackend, import_torch
from softmax_gui.training.engine import Engine
from softmax_gui.training.gpu import TorchEngine
from softmax_gui.training.gpu_order import orders
from tests.bench.gpu_passes import bandwidth, decays, objective
from tests.bench.gpu_place import SHAPES, Answer, Place, Shape, drawn, engine_of, us
from tests.bench.gpu_rates import rates, step_seconds


def machine(place: Place) -> Answer:
    """What it was measured on."""
    found: Answer = {
        "python": platform.python_version(), "numpy": np.__version__,
        "torch": place.torch.__version__, "system": platform.platform(), "kind": place.kind,
    }  # fmt: skip
    if place.kind == "cuda":
        properties = place.torch.cuda.get_device_properties(0)
        found |= {
            "gpu": properties.name, "GiB": round(properties.total_memory / 2**30, 1),
            "capability": [properties.major, properties.minor], "cuda": place.torch.version.cuda,
        }  # fmt: skip
    return found


def equality(place: Place) -> Answer:
    """The largest difference of W after 150 steps from the plain reference, by what was asked."""
    found: Answer = {}
    base = TrainConfig(learning_rate=0.05, batch_size=32)
    for dtype in ("float64", "float32"):
        for optimizer in ("sgd", "adam"):
            for kind in ("hard", "soft"):
                plain = replace(base, dtype=dtype, optimizer=optimizer)
                more = replace(plain, momentum=0.9, weight_decay=1e-3, label_smoothing=0.1)
                for name, config in (("plain", plain), ("all", more)):
                    found[f"{dtype} {optimizer} {kind} {name}"] = _difference(
                        place, drawn(SHAPES["2x2"], kind), config
                    )
    config = replace(base, dtype="float32", batch_size=256, momentum=0.9)
    found["MNIST shape float32"] = _difference(place, drawn(Shape(6000, 784, 10, 256)), config)
    found["largest float64"] = max(v["W"] for k, v in found.items() if k.startswith("float64"))
    found["largest float32"] = max(v["W"] for k, v in found.items() if k.startswith("float32"))
    return found


def _difference(place: Place, data: Split, config: TrainConfig) -> Answer:
    mine = TorchEngine(data, TorchBackend(place.kind, config.dtype), config)
    theirs = Engine(data, NumpyBackend(config.dtype), config)
    one, other = (e.run(0, 150, config, math.inf) for e in (mine, theirs))
    a, b = mine.measure("validation"), theirs.measure("validation")
    return {
        "W": float(np.abs(mine.weights()[0] - theirs.weights()[0]).max()),
        "losses": float(np.abs(one.losses - other.losses).max()),
        "examples": one.examples == other.examples,
        "measured": abs(a.loss - b.loss), "correct": [a.correct, b.correct],
    }  # fmt: skip


def graphs(place: Place) -> Answer:
    """Recorded steps against the same steps queued one by one, and a run that was interrupted."""
    data, config = drawn(SHAPES["digits"]), TrainConfig(batch_size=64, dtype="float32")
    found: Answer = {}
    for optimizer in ("sgd", "adam"):
        tried = replace(config, optimizer=optimizer, learning_rate=0.01)
        engines = [engine_of(place, data, tried, record) for record in (True, False, True)]
        engines[0].run(0, 300, tried, math.inf)
        engines[1].run(0, 300, tried, math.inf)
        seen = engines[2].run(0, 77, tried, math.inf).examples
        engines[2].load(engines[2].state())
        engines[2].run(seen, 223, tried, math.inf)
        W = [engine.weights()[0] for engine in engines]
        found[optimizer] = {
            "recorded equals queued": W[0].tobytes() == W[1].tobytes(),
            "interrupted equals whole": W[0].tobytes() == W[2].tobytes(),
            "largest difference": float(max(np.abs(W[0] - w).max() for w in W)),
            "sizes recorded": sorted(count for _, count in engines[0]._works),
        }
        at = 300 * 64
        for rate in (0.02, 0.005):  # settings change without another recording
            engines[0].run(at, 64, replace(tried, learning_rate=rate), math.inf)
        found[optimizer]["sizes after changes"] = len(engines[0]._works)
    return found


def out_of_memory(place: Place) -> Answer:
    """The device nearly full: the rows are streamed; entirely full: a clean error; then as new."""
    if place.kind != "cuda":
        return {"skipped": "no CUDA"}
    torch, data = place.torch, drawn(Shape(150_000, 784, 10, 256))  # 480 MB on the device
    config = TrainConfig(learning_rate=0.01, batch_size=256, dtype="float32", momentum=0.9)
    found: Answer = {}
    for name, left in (("streamed", 300 * 2**20), ("full", 8 * 2**20)):
        torch.cuda.empty_cache()
        full = torch.empty(torch.cuda.mem_get_info()[0] - left, dtype=torch.uint8, device="cuda")
        try:
            found[name] = _with_what_is_left(place, data, config)
        except RuntimeError as error:
            found[name] = {"error": f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"}
        del full
    torch.cuda.empty_cache()
    found["afterwards"] = _with_what_is_left(place, data, config)
    return found


def _with_what_is_left(place: Place, data: Split, config: TrainConfig) -> Answer:
    engine, reference = (
        engine_of(place, data, config),
        Engine(data, NumpyBackend("float32"), config),
    )
    one, other = (e.run(0, 100, config, math.inf) for e in (engine, reference))
    a, b = engine.measure("validation"), reference.measure("validation")
    return {
        "streams": engine.streams, "notice": engine.notice,
        "W": float(np.abs(engine.weights()[0] - reference.weights()[0]).max()),
        "losses": float(np.abs(one.losses - other.losses).max()), "measured": a.loss - b.loss,
        "us": us(step_seconds(place, engine, config)),
    }  # fmt: skip


def order(place: Place) -> Answer:
    """Milliseconds to order an epoch of so many rows."""
    found, torch, device = {}, place.torch, place.torch.device(place.kind)
    for n in (1000,) if place.small else (1000, 60_000, 1_000_000, 10_000_000):
        seconds = place.seconds(partial(orders, torch, n, 0, 0, 1, device))
        found[str(n)] = 1e3 * seconds
    return found


def session(place: Place) -> Answer:
    """A whole run as the window drives it: slices of 10 ms, snapshots, a change of settings."""
    if importlib.util.find_spec("platformdirs") is None:  # only asked where the loop's cache lies
        stand_in: Any = ModuleType("platformdirs")
        stand_in.user_cache_path = lambda *_, **__: Path(mkdtemp())
        sys.modules["platformdirs"] = stand_in
    from softmax_gui.training.session import TrainingSession

    config = TrainConfig(learning_rate=0.05, device=place.kind, dtype="float32")
    run, slices = TrainingSession(drawn(SHAPES["2x2"]), config), []
    for _ in range(5 if place.small else 300):
        started = time.perf_counter()
        run.advance(seconds=0.010)
        slices.append(time.perf_counter() - started)
        shown = run.snapshot()
    run.adjust(learning_rate=0.01, momentum=0.9, batch_size=64)
    run.advance(steps=500)
    run.adjust(optimizer="adam")
    run.advance(steps=500)
    resumed = TrainingSession.resume(run.split, run.checkpoint())
    for each in (run, resumed):
        each.advance(steps=300)
    same = run.snapshot().model.W == resumed.snapshot().model.W
    return {
        "engine": type(run._engine).__name__, "device": shown.device.label, "notice": run.notice,
        "steps a second": shown.step / sum(slices), "loss": run.snapshot().train.loss,
        "slices": {"median ms": 1e3 * float(np.median(slices)), "longest ms": 1e3 * max(slices)},
        "resumed equals run": bool(same.all()),
    }  # fmt: skip


PARTS: dict[str, Callable[[Place], Any]] = {
    "machine": machine, "equality": equality, "graphs": graphs, "objective": objective,
    "order": order, "rates": rates, "session": session, "bandwidth": bandwidth, "decays": decays,
    "out of memory": out_of_memory,
}  # fmt: skip


def main() -> None:
    """Runs the parts that are asked for and prints what they found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rehearse", action="store_true", help="on the CPU, with small data")
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--record", type=Path, help="write the object to this file too")
    options = parser.parse_args()
    torch = import_torch()
    kind = "cpu" if options.rehearse else "cuda"
    found: Answer = {}
    if kind == "cuda" and not torch.cuda.is_available():
        print(json.dumps({"machine": {"kind": "none", "torch": torch.__version__}}))
        return
    place = Place(torch, kind, options.rehearse)
    for name in options.parts:
        started = time.perf_counter()
        found[name] = _guarded(PARTS[name], place)
        print(f"{name}: {time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True)
        if kind == "cuda":
            torch.cuda.empty_cache()
        if options.record:  # after each part: a call that is cut off leaves what it has
            options.record.write_text(json.dumps(found, indent=1, default=str) + "\n")
    print(json.dumps(found, default=str))


def _guarded(part: Callable[[Place], Any], place: Place) -> Any:
    """What a part found, and what stopped it."""
    found: Answer = {}
    try:
        answer = part(place)
        if isinstance(answer, dict):
            return answer
        for name, value in answer:
            found[name] = value
    except Exception:  # noqa: BLE001 - the other parts go on
        found["failed"] = traceback.format_exc().splitlines()[-12:]
    return found


if __name__ == "__main__":
    main()
