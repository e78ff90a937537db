"""Reads odd files in a process that may take little: a line of JSON for each, on stdout.

    python -m tests.data.odd_child FOLDER FIRST

A file that takes more than its share of memory is answered as any MemoryError is, one that takes
more than its time ends the process, and who started it goes on with the next.
"""

from __future__ import annotations

import faulthandler
import io
import json
import os
import re
import resource
import signal
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.pictures import read_pictures
from softmax_gui.data.readers import preview, read_dataset
from softmax_gui.export.model import ModelProblem
from softmax_gui.export.weights import load_model
from softmax_gui.files import FileProblem
from tests.data.odd_files import LYING, MODEL, Odd, odd_files, place_of


@dataclass(frozen=True)
class Share:
    """What one file may take."""

    address_space: int  # bytes above idle
    processor_s: float
    wall_s: float


# A lying header: 3 s and 200 MB. Time of this process is measured, as the machine may be busy.
SHARES = {LYING: Share(200 << 20, 3.0, 20.0), "usual": Share(2 << 30, 20.0, 60.0)}


def main(folder: Path, first: int) -> None:
    """Reads all odd files from that one on."""
    warnings.simplefilter("error")
    _warm(folder)
    odd = odd_files()
    for number in range(first, len(odd)):
        # Before it is read: whoever waits knows which one ended the process.
        print(json.dumps({"begun": number}), flush=True)
        answer = _answer(odd[number], folder)
        print(json.dumps(answer), flush=True)


def _warm(folder: Path) -> None:
    """Imports and makes now what a reading needs once: it is idle memory."""
    from tests.data.odd_pictures import pets

    place = folder / f"warm {os.getpid()}"
    pets(place)
    read_pictures(place)
    (place / "model.json").write_text('{"weight": [[1, 2]], "bias": [0]}')
    load_model(place / "model.json")


def _answer(odd: Odd, folder: Path) -> dict[str, Any]:
    path = place_of(folder, odd)
    odd.make(path)
    os.chdir(path.parent)  # where a pickle that runs would leave its mark
    share = SHARES[odd.limits]
    faulthandler.dump_traceback_later(share.wall_s, exit=True)
    signal.setitimer(signal.ITIMER_PROF, share.processor_s)  # its signal ends the process
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + share.address_space, hard))
    try:
        answer = _of_model(odd, path) if odd.kind == MODEL else _of_data(odd, path)
    except (FileProblem, ModelProblem) as problem:
        answer = {"refused": str(problem)}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        answer = {"raised": repr(error)[:300]}
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        faulthandler.cancel_dump_traceback_later()
    if odd.kind != MODEL:
        answer["shown"] = _shown(odd, path)
    return answer


def _options(odd: Odd, path: Path) -> ReadOptions:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in odd.options.items()
    }
    if "labels" in values:
        values["labels"] = str(path.with_name(values["labels"]))
    return ReadOptions(**values)


def _of_data(odd: Odd, path: Path) -> dict[str, Any]:
    data = read_dataset(path, _options(odd, path))
    return {
        "n": data.n, "d": data.d, "q": data.q, "classes": data.class_names,
        "total": float(data.X.sum()), "soft": data.targets is not None, "notes": data.notes,
    }  # fmt: skip


def _of_model(odd: Odd, path: Path) -> dict[str, Any]:
    model = load_model(path, **odd.options)
    return {"n": 0, "d": model.dense.d, "q": model.dense.q, "classes": model.class_names}


def _shown(odd: Odd, path: Path) -> str:
    """What the preview says is wrong; under the same limits in time."""
    faulthandler.dump_traceback_later(SHARES[odd.limits].wall_s, exit=True)
    try:
        return preview(path, _options(odd, path)).problem
    except FileProblem as problem:
        return str(problem)
    except Exception as error:  # noqa: BLE001 - as above
        return f"raised {error!r}"[:300]
    finally:
        faulthandler.cancel_dump_traceback_later()


def _address_space() -> int:
    found = re.search(r"VmSize:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return 1024 * int(found[1]) if found else 0


if __name__ == "__main__":
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", line_buffering=True)
    main(Path(sys.argv[1]), int(sys.argv[2]))
