"""run.py: what it installs and when, and what it says where something is missing."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

RUN = Path(__file__).resolve().parent.parent / "run.py"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """run.py as a module whose project lies in an empty folder."""
    spec = importlib.util.spec_from_file_location("run_py", RUN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("VENV", "PYTHON", "STAMP", "PYPROJECT"):
        moved = tmp_path / getattr(module, name).relative_to(module.ROOT)
        monkeypatch.setattr(module, name, moved)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    module.PYPROJECT.write_text("[project]\n")
    return module


@pytest.fixture
def installed(run: Any, monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """What was handed to install(), call by call; making the environment costs no time here."""
    calls: list[set[str]] = []
    monkeypatch.setattr(run, "make_environment", lambda: make_whole(run))
    monkeypatch.setattr(run, "missing_packages", lambda wanted: [])
    monkeypatch.setattr(run, "is_usable", run.is_whole)
    monkeypatch.setattr(run, "install", calls.append)
    return calls


def make_whole(run: Any, home: Path | None = None) -> None:
    run.PYTHON.parent.mkdir(parents=True, exist_ok=True)
    run.PYTHON.touch()
    (run.VENV / "pyvenv.cfg").write_text(f"home = {home or run.ROOT}\nversion = 3.11.7\n")


# -- Python's version ----------------------------------------------------------------------------


def test_that_python_3_6_can_parse_it() -> None:
    tree = ast.parse(RUN.read_text(encoding="utf-8"), feature_version=(3, 6))
    late = (ast.NamedExpr, ast.Match)  # which the parser lets pass
    assert not [node for node in ast.walk(tree) if isinstance(node, late)]


@pytest.mark.parametrize("version", ["(3, 6, 9)", "(3, 10, 14)"])
def test_that_an_old_python_gets_one_sentence(version: str) -> None:
    code = f"import runpy, sys; sys.version_info = {version}; runpy.run_path({str(RUN)!r})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "needs Python 3.11 or newer" in ran.stderr


# -- arguments -----------------------------------------------------------------------------------


def test_that_leading_flags_are_its_own_and_the_rest_belongs_to_the_app(run: Any) -> None:
    assert run.split([]) == (set(), [])
    assert run.split(["--no-torch", "train", "--gpu"]) == ({"--no-torch"}, ["train", "--gpu"])
    assert run.split(["--gpu", "--gpu", "-x"]) == ({"--gpu"}, ["-x"])


def test_that_gpu_and_no_torch_exclude_each_other(run: Any) -> None:
    with pytest.raises(SystemExit, match="exclude each other"):
        run.split(["--gpu", "--no-torch"])


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], {"app", "torch", "offscreen", "x11"}),
        (["--no-torch"], {"app", "offscreen", "x11"}),
        (["--gpu", "gui"], {"app", "torch", "gpu", "offscreen", "x11"}),
        (["train", "--data", "digits"], {"app", "torch"}),
        (["--version"], {"app", "torch"}),
        (["test", "-k", "softmax"], {"app", "torch", "test", "offscreen"}),
        (["screens", "folder"], {"app", "torch", "test", "offscreen"}),
    ],
)
def test_that_a_call_wants_what_it_uses_and_no_more(
    run: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str], wanted: set[str]
) -> None:
    monkeypatch.setattr(run.sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert run.needs(*run.split(arguments)) == wanted


def test_that_without_a_display_no_window_library_is_wanted(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert run.needs(set(), []).isdisjoint({"x11", "wayland"})


# -- the stamp -----------------------------------------------------------------------------------


def test_that_a_second_call_installs_nothing(run: Any, installed: list[set[str]]) -> None:
    run.prepare({"app", "torch"})
    run.prepare({"app", "torch"})
    run.prepare({"app"})
    assert installed == [{"app", "torch"}]


def test_that_what_a_call_adds_does_not_drop_what_was_there(
    run: Any, installed: list[set[str]]
) -> None:
    run.prepare({"app", "torch"})
    run.prepare({"app", "test"})
    run.prepare({"app", "torch"})
    assert installed == [{"app", "torch"}, {"app", "torch", "test"}]


def test_that_a_changed_pyproject_is_installed_anew(run: Any, installed: list[set[str]]) -> None:
    run.prepare({"app", "test"})
    run.PYPROJECT.write_text("[project]\nname = 'other'\n")
    run.prepare({"app"})
    assert installed == [{"app", "test"}] * 2


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_that_an_installation_that_did_not_end_is_no_installation(
    run: Any,
    installed: list[set[str]],
    monkeypatch: pytest.MonkeyPatch,
    end: type[BaseException],
) -> None:
    run.prepare({"app"})

    def fail(wanted: set[str]) -> None:
        raise end

    with monkeypatch.context() as patch:
        patch.setattr(run, "install", fail)
        with pytest.raises(end):
            run.prepare({"app", "test"})
    run.prepare({"app"})
    assert installed == [{"app"}, {"app"}]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"softmax", b"another place\nabc\napp"])
def test_that_a_damaged_stamp_counts_as_none(
    run: Any, installed: list[set[str]], content: bytes
) -> None:
    run.prepare({"app"})
    run.STAMP.write_bytes(content)
    run.prepare({"app"})
    assert installed == [{"app"}, {"app"}]


# -- a broken environment ------------------------------------------------------------------------


def lose_python(run: Any) -> None:
    run.PYTHON.unlink()


def lose_home(run: Any) -> None:
    make_whole(run, home=run.ROOT / "removed")


def lose_config(run: Any) -> None:
    (run.VENV / "pyvenv.cfg").unlink()


def move(run: Any) -> None:
    run.IDENTITY = run.IDENTITY.replace(str(RUN.parent), "/another/folder")


def change_python(run: Any) -> None:
    run.IDENTITY += "5"


@pytest.mark.parametrize("happen", [lose_python, lose_home, lose_config, move, change_python])
def test_that_an_environment_that_does_not_fit_is_made_anew(
    run: Any,
    installed: list[set[str]],
    monkeypatch: pytest.MonkeyPatch,
    happen: Callable[[Any], None],
) -> None:
    run.prepare({"app", "test"})
    made: list[str] = []

    def make_environment() -> None:
        made.append("anew")
        make_whole(run)

    monkeypatch.setattr(run, "make_environment", make_environment)
    happen(run)
    run.prepare({"app"})
    assert made == ["anew"]
    assert installed == [{"app", "test"}, {"app"}]
    run.prepare({"app"})
    assert len(installed) == 2


def test_that_the_environment_these_tests_run_in_is_usable(run: Any) -> None:
    run.VENV, run.PYTHON = Path(sys.prefix), Path(sys.executable)
    assert run.is_usable()


def test_that_a_python_that_cannot_start_is_not_usable(run: Any) -> None:
    make_whole(run)
    assert run.is_whole()
    assert not run.is_usable()


def test_that_an_environment_without_pip_is_not_usable(run: Any) -> None:
    venv.create(run.VENV, with_pip=False, symlinks=os.name != "nt")
    assert run.is_whole()
    assert not run.is_usable()


def test_that_a_folder_which_is_no_environment_is_left_alone(run: Any) -> None:
    run.VENV.mkdir()
    (run.VENV / "thesis.txt").write_text("three years of work")
    with pytest.raises(SystemExit, match="is not an environment"):
        run.make_environment()
    assert (run.VENV / "thesis.txt").read_text() == "three years of work"


# -- what pip says -------------------------------------------------------------------------------

LISTING = """torch (2.15.0)
Available versions: 2.15.0, 2.14.0+cpu, 2.13.0+cpu, 2.13.0, 2.9.1+cpu, 2.9.1+cu126, 2.5.0+cpu
"""


def hear(run: Any, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    monkeypatch.setattr(run.sys, "platform", "linux")
    monkeypatch.setattr(run, "quiet", lambda command: (0, output))


def test_that_on_linux_the_newest_cpu_build_in_range_is_taken(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(run, monkeypatch, LISTING)
    assert run.cpu_build("torch>=2.6,<2.14") == ["torch==2.13.0+cpu"]
    assert run.cpu_build("torch>=2.6,<2.10") == ["torch==2.9.1+cpu"]


def test_that_without_a_cpu_build_nothing_is_taken(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(run, monkeypatch, LISTING.replace("+cpu", ""))
    assert run.cpu_build("torch>=2.6,<2.14") == []


def test_that_elsewhere_the_common_build_is_the_one_for_the_cpu(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run.sys, "platform", "darwin")
    assert run.cpu_build("torch>=2.6,<2.14") == ["torch>=2.6,<2.14"]


def test_that_for_gpu_a_cpu_build_in_place_or_on_offer_does_not_count(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirement = "torch>=2.6,<2.14"
    hear(run, monkeypatch, "torch (2.13.0)\n  INSTALLED: 2.13.0+cpu (latest)\n")
    assert run.gpu_build(requirement) == [f"{requirement},!=2.13.0+cpu"]
    hear(run, monkeypatch, LISTING)
    (asked,) = run.gpu_build(requirement)
    allowed = SpecifierSet(asked.removeprefix("torch"))  # as pip reads it
    builds = ("2.13.0+cpu", "2.9.1+cpu", "2.13.0", "2.9.1+cu126", "2.15.0")
    assert [build for build in builds if build in allowed] == ["2.13.0", "2.9.1+cu126"]


@pytest.fixture
def asked(run: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What pip was asked for, call by call, on the project's own pyproject.toml."""
    asked: list[list[str]] = []
    run.PYPROJECT.write_bytes(RUN.with_name("pyproject.toml").read_bytes())
    monkeypatch.setattr(run, "cpu_build", lambda requirement: ["torch==2.13.0+cpu"])
    monkeypatch.setattr(run, "cpu_versions", lambda: ["2.9.1", "2.13.0"])

    def pip_install(names: list[str]) -> tuple[int, str]:
        asked.append(names)
        return 0, ""

    monkeypatch.setattr(run, "pip_install", pip_install)
    return asked


def test_that_only_what_is_wanted_is_asked_for(run: Any, asked: list[list[str]]) -> None:
    for wanted in ({"app"}, {"app", "torch"}, {"app", "torch", "gpu"}, {"app", "test"}):
        run.install(wanted)
    plain, torch, gpu, test = (" ".join(names) for names in asked)
    assert plain.startswith("-e . numba")
    assert torch == f"{plain} torch==2.13.0+cpu"
    assert re.fullmatch(
        r"-e \. numba\S+ Pillow\S+ onnx\S+ torch>=\S+,!=2\.9\.1\+cpu,!=2\.13\.0\+cpu", gpu
    )
    assert re.search("pytest-qt.* ruff", test)


@pytest.mark.parametrize("flag", [set(), {"torch"}, {"torch", "gpu"}])
def test_that_only_who_wanted_torch_hears_that_it_is_left_out(
    run: Any,
    asked: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flag: set[str],
) -> None:
    monkeypatch.setattr(run, "cpu_build", lambda requirement: [])
    run.install({"app"} | flag)
    assert ("without PyTorch" in capsys.readouterr().err) == (flag == {"torch"})
    assert len(asked) == 1


def test_that_an_extra_not_built_for_this_python_yet_is_left_out(
    run: Any, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(names: list[str]) -> tuple[int, str]:
        asked.append(names)
        extra = [name for name in names if name.startswith("numba")]
        return (1, f"ERROR: No matching distribution found for {extra[0]}") if extra else (0, "")

    monkeypatch.setattr(run, "pip_install", answer)
    run.install({"app", "torch"})
    assert asked[-1] == [*(name for name in asked[0] if not name.startswith("numba"))]
    assert asked[-1][-1] == "torch==2.13.0+cpu"


def test_that_a_failed_installation_shows_the_error_and_no_wall(
    run: Any, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = "Collecting numpy\n" * 500 + "ERROR: [Errno 28] No space left on device\n" + "note\n"
    monkeypatch.setattr(run, "pip_install", lambda names: (1, wall))
    with pytest.raises(SystemExit) as end:
        run.install({"app"})
    assert str(end.value).splitlines()[1:] == ["ERROR: [Errno 28] No space left on device"]


# -- the system's packages -----------------------------------------------------------------------


def loader(*missing: str) -> Callable[[str], None]:
    def load(name: str) -> None:
        if name in missing:
            raise OSError(f"{name}: cannot open shared object file")

    return load


def test_that_missing_libraries_are_found_in_the_wanted_sets_alone(run: Any) -> None:
    load = loader("libEGL.so.1", "libxcb-cursor.so.0")
    names = [[row[0] for row in run.missing_packages(s, load)] for s in ({"offscreen"}, {"x11"})]
    assert names == [["libEGL.so.1"], ["libxcb-cursor.so.0"]]
    assert run.missing_packages({"app", "wayland"}, load) == []


def test_that_a_python_without_venv_module_is_noticed(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert run.missing_packages({"app"}) == []
    assert [row[1] for row in run.missing_packages({"app", "venv"})] == [f"python{version}-venv"]


@pytest.mark.skipif(sys.platform != "linux", reason="Qt brings its own libraries elsewhere")
def test_that_the_offscreen_libraries_are_here_since_these_tests_run(run: Any) -> None:
    assert run.missing_packages({"offscreen"}) == []


@pytest.mark.parametrize(
    ("manager", "user", "line"),
    [
        ("apt-get", 1000, "sudo apt-get install -y libegl1 libgl1"),
        ("dnf", 1000, "sudo dnf install -y libglvnd-egl libglvnd-glx"),
        ("dnf", 0, "\ndnf install -y libglvnd-egl libglvnd-glx"),
        ("pacman", 0, "package manager first: libEGL.so.1, libGL.so.1."),
    ],
)
def test_that_one_sentence_says_how_to_install_system_packages(
    run: Any, monkeypatch: pytest.MonkeyPatch, manager: str, user: int, line: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name if name == manager else None)
    monkeypatch.setattr(run.os, "geteuid", lambda: user, raising=False)
    with pytest.raises(SystemExit) as end:
        run.add_packages(list(run.LIBRARIES["offscreen"][1:3]))
    assert str(end.value).endswith(line)


def test_that_root_on_debian_needs_to_do_nothing(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[list[str]] = []

    def outdated_at_first(command: list[str]) -> tuple[int, str]:
        commands.append(command)
        return (0 if ["apt-get", "update"] in commands else 100), ""

    monkeypatch.setattr("shutil.which", lambda name: name if name == "apt-get" else None)
    monkeypatch.setattr(run.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setenv("DEBIAN_FRONTEND", "readline")
    monkeypatch.setattr(run, "quiet", outdated_at_first)
    run.add_packages(list(run.LIBRARIES["offscreen"][1:2]))
    assert commands[-2:] == [["apt-get", "update"], ["apt-get", "install", "-y", "libegl1"]]
    assert os.environ["DEBIAN_FRONTEND"] == "noninteractive"
    assert "installing" in capsys.readouterr().err


# -- the checks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("failing", ["mypy", "pytest", None])
def test_that_every_check_runs_and_pytest_last(
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failing: str | None,
) -> None:
    commands: list[str] = []

    def call(command: list[str], cwd: Path) -> int:
        commands.append(" ".join(command[1:]))
        return int(command[2] == failing)

    monkeypatch.setattr(run.subprocess, "call", call)
    assert run.check(["-k", "softmax"]) == (0 if failing is None else 1)
    assert len(commands) == len(run.CHECKS) + 1
    assert commands[-1] == "-m pytest -k softmax"
    assert ("mypy: FAILED in" in capsys.readouterr().out) == (failing == "mypy")
