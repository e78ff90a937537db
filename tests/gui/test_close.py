"""The process ends with code 0 and says nothing, whatever it was doing; each in a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.gui.child import STATES

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 45  # a time-out: a process that hangs, not one on a slow machine
posix = pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")


class End(NamedTuple):
    code: int
    said: str  # in the window, once it was in its state
    errors: str


def start(home: Path, state: str, end: str) -> subprocess.Popen[str]:
    """The app with files of its own; it prints a line as soon as it is in the state."""
    places = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME",
              "WIN_PD_OVERRIDE_LOCAL_APPDATA")  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "tests.gui.child", state, end],
        cwd=ROOT, env=os.environ | dict.fromkeys(places, str(home)), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(process: subprocess.Popen[str], said: str = "") -> End:
    try:
        output, errors = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    lines = [line for line in errors.splitlines() if not line.startswith("This plugin does not")]
    return End(process.returncode, said + output.removeprefix("ready "), "\n".join(lines))


def run(home: Path, state: str, end: str = "close") -> End:
    return ended(start(home, state, end))


def ready(process: subprocess.Popen[str]) -> str:
    """Waits until it is in its state."""
    assert process.stdout is not None
    return process.stdout.readline().removeprefix("ready ")


def signalled(home: Path, name: str, state: str) -> End:
    """Ended from outside, by the system or by Ctrl+C in the console."""
    process = start(home, state, "stay")
    said = ready(process)
    process.send_signal(getattr(signal, name))
    return ended(process, said)


def crashed(home: Path) -> tuple[End, End]:
    """A crash, and the start after it."""
    return run(home, "idle", "abort"), run(home, "idle")


def side_by_side(home: Path) -> tuple[End, End]:
    """One that is there before and after the other."""
    first = start(home, "running", "stay")
    said, second = ready(first), run(home, "running")
    assert first.poll() is None
    assert len(list(home.rglob(f"crash-{first.pid}.txt"))) == 1
    first.send_signal(signal.SIGTERM)
    return ended(first, said), second


def homeless(home: Path) -> End:
    """A home in which nothing can be made, by root either: it is a file."""
    (home / "한글 과 빈칸").write_text("no folder")
    return run(home / "한글 과 빈칸", "running")


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    names = [*(one.__name__ for one in STATES), "SIGINT slow", "SIGTERM export", "crashed",
             "side by side", "homeless"]  # fmt: skip
    return {name: tmp_path_factory.mktemp(name.replace(" ", "_")) for name in names}


@pytest.fixture(scope="module")
def ends(homes: dict[str, Path]) -> Iterator[dict[str, Future[Any]]]:
    """Every process, two at a time, because much of a start is waiting."""
    with ThreadPoolExecutor(2) as pool:
        jobs: dict[str, Future[Any]] = {
            one.__name__: pool.submit(run, homes[one.__name__], one.__name__) for one in STATES
        }
        if sys.platform != "win32":
            for name in ("SIGINT slow", "SIGTERM export"):
                jobs[name] = pool.submit(signalled, homes[name], *name.split())
            jobs["crashed"] = pool.submit(crashed, homes["crashed"])
            jobs["side by side"] = pool.submit(side_by_side, homes["side by side"])
        jobs["homeless"] = pool.submit(homeless, homes["homeless"])
        yield jobs


@pytest.mark.parametrize("state", [one.__name__ for one in STATES])
def test_that_closing_the_window_ends_the_process(ends: dict[str, Future[Any]], state: str) -> None:
    end = ends[state].result()
    assert (end.code, end.errors) == (0, "")


@posix
@pytest.mark.parametrize("name", ["SIGINT slow", "SIGTERM export"])
def test_that_a_signal_closes_the_window(
    ends: dict[str, Future[Any]], homes: dict[str, Path], name: str
) -> None:
    end = ends[name].result()
    assert (end.code, end.errors) == (0, "")
    assert list(homes[name].rglob("settings.json"))


@posix
def test_that_a_crash_in_native_code_is_told_on_the_next_start(
    ends: dict[str, Future[Any]], homes: dict[str, Path]
) -> None:
    crash, after = ends["crashed"].result()
    assert crash.code == -signal.SIGABRT
    assert (after.code, after.errors) == (0, "")
    [report] = homes["crashed"].rglob("crash-last.txt")
    assert str(report) in after.said
    assert "Fatal Python error: Aborted" in report.read_text()


@posix
def test_that_two_instances_live_side_by_side(
    ends: dict[str, Future[Any]], homes: dict[str, Path]
) -> None:
    first, second = ends["side by side"].result()
    assert (first.code, first.errors) == (0, "")
    assert (second.code, second.errors) == (0, "")
    assert "crash" not in second.said
    [settings] = homes["side by side"].rglob("settings.json")
    assert json.loads(settings.read_text())["theme"] == "system"


def test_that_without_a_place_to_write_it_runs_and_says_so(ends: dict[str, Future[Any]]) -> None:
    end = ends["homeless"].result()
    assert end.code == 0
    assert end.errors.startswith("The settings could not be saved.")
    assert len(end.errors.splitlines()) == 1
