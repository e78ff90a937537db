"""Making the loop ready: in the background, by another process, and no failure stops the app."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_gui.training import compiling
from softmax_gui.training.compiling import PARTS, PASSES
from softmax_gui.training.devices import DeviceError

pytestmark = [pytest.mark.usefixtures("loop_compiled"), pytest.mark.timeout(func_only=True)]


@pytest.fixture(autouse=True)
def as_at_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As in a process that has not loaded the loop yet, on a machine that has not compiled it."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(compiling, "_loaded", {})
    monkeypatch.setattr(compiling, "_cache", lambda: cache)
    return cache


class Started:
    """Processes as they were asked for; none is started, all end at once with this code."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: int = 0) -> None:
        self.code = code
        self.commands: list[list[str]] = []
        self.environments: list[dict[str, str]] = []
        monkeypatch.setattr(subprocess, "Popen", self)

    def __call__(self, command: list[str], *, env: dict[str, str], **_: object) -> Started:
        self.commands.append(command)
        self.environments.append(env)
        return self

    def wait(self) -> int:
        """At once."""
        return self.code

    def terminate(self) -> None:
        """It ended long ago."""


def prepared() -> None:
    thread = compiling.prepare()
    assert thread is not None
    assert thread.daemon
    assert thread is not threading.current_thread()
    thread.join()


def all_ready() -> list[bool]:
    return [compiling.ready(part) for part in PARTS]


def test_that_load_gives_the_loop_and_what_makes_its_scratch_once_for_all() -> None:
    assert all_ready() == [False, False, False]
    loop = compiling.load("float32")
    assert all_ready() == [False, True, False]
    assert compiling.load("float32") is loop
    assert loop.scratch(3, 2, np.dtype("float32"))[0].dtype == np.float32


def test_that_a_process_of_its_own_compiles_each_type_and_the_thread_then_loads(
    monkeypatch: pytest.MonkeyPatch, as_at_first: Path
) -> None:
    as_at_first.mkdir()
    started = Started(monkeypatch)
    prepared()
    assert all_ready() == [True, True, True]
    assert [command[0] for command in started.commands] == [sys.executable] * len(PARTS)
    for part, command in zip(PARTS, started.commands, strict=True):
        assert f"load_part({part!r})" in command[-1]
    assert {env["NUMBA_CACHE_DIR"] for env in started.environments} == {str(as_at_first)}
    assert compiling.prepare() is None


def test_that_what_was_compiled_once_starts_no_process_again(
    monkeypatch: pytest.MonkeyPatch, as_at_first: Path
) -> None:
    as_at_first.mkdir()
    first = Started(monkeypatch)
    prepared()
    assert len(first.commands) == len(PARTS)
    monkeypatch.setattr(compiling, "_loaded", {})
    again = Started(monkeypatch)
    prepared()
    assert again.commands == []
    assert all_ready() == [True, True, True]


def test_that_a_process_ended_before_it_had_compiled_is_started_again_next_time(
    monkeypatch: pytest.MonkeyPatch, as_at_first: Path
) -> None:
    as_at_first.mkdir()
    Started(monkeypatch, code=-15)  # as when the app is closed meanwhile
    prepared()
    assert list(as_at_first.glob("*.done")) == []
    monkeypatch.setattr(compiling, "_loaded", {})
    again = Started(monkeypatch)
    prepared()
    assert len(again.commands) == len(PARTS)


def test_that_the_process_really_compiles_and_ends_well(
    monkeypatch: pytest.MonkeyPatch, as_at_first: Path
) -> None:
    shutil.copytree(os.environ["NUMBA_CACHE_DIR"], as_at_first)  # so that it takes no minute
    for done in as_at_first.glob("*.done"):
        done.unlink()
    children: list[subprocess.Popen[Any]] = []

    class Child(subprocess.Popen[Any]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            children.append(self)

    monkeypatch.setattr(subprocess, "Popen", Child)
    assert compiling._compile_elsewhere(as_at_first, "float32")
    assert [child.returncode for child in children] == [0]


def test_that_where_no_process_can_be_started_the_thread_loads_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError("no process here")

    monkeypatch.setattr(subprocess, "Popen", refused)
    prepared()
    assert all_ready() == [True, True, True]


def test_that_a_frozen_app_compiles_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started(monkeypatch)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    prepared()
    assert started.commands == []
    assert all_ready() == [True, True, True]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ValueError("no such register\nat line 3"), "no such register"),
     (NotImplementedError(), "NotImplementedError")],
)  # fmt: skip
def test_that_a_compiler_that_fails_is_a_sentence_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(compiling, "_try", fails)
    with pytest.raises(DeviceError) as told:
        compiling.load("float64")
    assert str(told.value) == f"The compiled loop can't be used ({reason})."
    assert not compiling.ready("float64")
    monkeypatch.undo()
    compiling.load("float64")  # it is tried again


def test_that_preparing_says_nothing_of_a_compiler_that_fails(
    monkeypatch: pytest.MonkeyPatch, as_at_first: Path
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("no such register")

    as_at_first.mkdir()
    Started(monkeypatch)
    monkeypatch.setattr(compiling, "_try", fails)
    monkeypatch.setattr(compiling, "_load_passes", fails)
    prepared()
    assert all_ready() == [False, False, False]


def test_that_without_a_compiler_there_is_nothing_to_prepare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compiling, "installed", lambda: False)
    assert compiling.prepare() is None


def test_that_a_small_fit_waits_for_nothing_and_a_large_one_loads_what_is_compiled(
    as_at_first: Path,
) -> None:
    as_at_first.mkdir()
    assert compiling.passes(compiling.LOADING_PAYS) is None  # not compiled yet
    (as_at_first / f"{PASSES}.done").touch()
    assert compiling.passes(compiling.LOADING_PAYS - 1) is None
    found = compiling.passes(compiling.LOADING_PAYS, threads=3)
    assert found is not None
    assert found.threads == 3
    assert compiling.passes(1.0) is not None  # now that they are here


def test_that_a_very_large_fit_has_the_passes_compiled_for_the_next_one(
    monkeypatch: pytest.MonkeyPatch, as_at_first: Path
) -> None:
    as_at_first.mkdir()
    begun: list[str] = []
    monkeypatch.setattr(compiling, "prepare", lambda: begun.append("prepared"))
    assert compiling.passes(compiling.COMPILING_PAYS - 1) is None
    assert begun == []
    assert compiling.passes(compiling.COMPILING_PAYS) is None
    assert begun == ["prepared"]


def test_that_passes_that_fail_leave_a_fit_to_numpy(
    monkeypatch: pytest.MonkeyPatch, as_at_first: Path
) -> None:
    def fails() -> None:
        raise ValueError("no such register")

    as_at_first.mkdir()
    (as_at_first / f"{PASSES}.done").touch()
    monkeypatch.setattr(compiling, "_load_passes", fails)
    assert compiling.passes(compiling.COMPILING_PAYS) is None


def test_that_every_version_of_the_source_has_a_cache_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    now = compiling._cache()
    for name in compiling.SOURCES:
        copy = tmp_path / name / "core"
        shutil.copytree(Path(compiling.__file__).parent.parent / "core", copy)
        with (copy / name).open("a") as source:
            source.write("# changed\n")
        monkeypatch.setattr(compiling, "__file__", str(tmp_path / name / "training" / "x.py"))
        assert compiling._cache().name != now.name
        assert compiling._cache().parent == now.parent
