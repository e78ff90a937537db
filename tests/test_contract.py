"""Who may know whom, and what is not loaded before it is wanted."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

import softmax_gui

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(softmax_gui.__file__).parent

# A machine without Qt: every import of it fails, as deep as it may be.
WITHOUT_QT = """
import importlib, pkgutil, sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"PySide6", "shiboken6", "pyqtgraph"}:
            raise ImportError(f"{name} is not installed")

sys.meta_path.insert(0, NoQt())

def headless(package):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if module.name not in {"softmax_gui.gui", "softmax_gui.__main__"}:  # the latter runs
            found = importlib.import_module(module.name)
            yield module.name
            if module.ispkg:
                yield from headless(found)

import softmax_gui
print(*headless(softmax_gui))
"""


def python(code: str) -> str:
    """What a fresh interpreter prints that runs the code with every warning an error."""
    command = [sys.executable, "-W", "error", "-c", code]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_that_imports_keep_the_contracts_of_pyproject(capsys: pytest.CaptureFixture[str]) -> None:
    code = lint_imports(str(ROOT / "pyproject.toml"), cache_dir=None, no_logo=True)
    assert code == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_that_all_but_the_window_imports_on_a_machine_without_qt() -> None:
    imported = python(WITHOUT_QT).split()
    assert {"softmax_gui.core.softmax", "softmax_gui.training.session"} <= set(imported)


def test_that_nothing_heavy_is_imported_before_the_window_is_painted() -> None:
    code = "import sys, softmax_gui.gui.app; print(*sys.modules)"
    loaded = set(python(code).split())
    assert "PySide6.QtWidgets" in loaded
    assert loaded.isdisjoint({"torch", "numba"})


def test_that_the_command_line_starts_without_torch_and_qt() -> None:
    loaded = set(python("import sys, softmax_gui.cli; print(*sys.modules)").split())
    assert loaded.isdisjoint({"torch", "numba", "PySide6"})


def test_that_torch_is_not_imported_by_a_name_in_a_string() -> None:
    """The contract checker sees import statements alone."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] in {"import_module", "__import__"}
        and path.relative_to(PACKAGE) != Path("training", "devices.py")
    ]
    assert found == []


def test_that_the_tests_can_be_collected_on_a_machine_without_torch() -> None:
    """run.py leaves torch out where there is no CPU build: pytest.importorskip, not import."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import) and any(name.name == "torch" for name in node.names)
    ]
    assert found == []
