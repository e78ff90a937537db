"""Prints what the window and a first training take, and writes it to a JSON file on request."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any


def main() -> None:
    """Measures, prints a table a part, and keeps the record, but for `engine` and `reading`."""
    if sys.argv[1:2] == ["engine"]:
        from tests.bench.engine import command

        sys.exit(command.main(sys.argv[2:]))
    if sys.argv[1:2] == ["reading"]:
        from tests.bench import reading

        sys.exit(reading.main(sys.argv[2:], _machine))
    from tests.bench import learning, window  # here: the engine's bench runs without Qt

    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    options = parser.parse_args()
    print(_machine_line())
    figures: dict[str, Any] = {}
    for title, part in (
        ("Start", window.start),
        ("Window, training at full speed", lambda: window.frames(options.seconds)),
        ("Close", window.close),
        ("Learning", learning.times),
    ):
        print(f"\n{title}")
        for name, value, unit, wanted in part():
            figures[name] = {"value": value, "unit": unit, "wanted": wanted}
            print(f"  {name:<58} {value:>10.4g} {unit:<5}  wanted {wanted}")
    if options.record:
        options.record.write_text(json.dumps({**_machine(), "figures": figures}, indent=1) + "\n")


def _machine() -> dict[str, Any]:
    packages = ("PySide6-Essentials", "pyqtgraph", "numpy")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "platform": os.environ.get("QT_QPA_PLATFORM", "xcb" if "DISPLAY" in os.environ else ""),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }


def _machine_line() -> str:
    m = _machine()
    packages = ", ".join(f"{name} {number}" for name, number in m["packages"].items())
    return (
        f"{m['date']}, {m['processor']}, {m['cores']} cores, load {m['load']:.2f}, {m['system']},"
        f" Qt platform {m['platform']}, Python {m['python']}, {packages}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    main()
