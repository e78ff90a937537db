"""The GPU engine and its bench need numpy and torch alone: a rented machine has no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BARE = """
import sys

class Bare:
    missing = {"PySide6", "shiboken6", "pyqtgraph", "numba", "sklearn", "scipy", "platformdirs",
               "safetensors", "hypothesis", "pytest"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.missing:
            raise ModuleNotFoundError(f"{name} is not installed")

sys.meta_path.insert(0, Bare())
import softmax_gui.training.gpu, softmax_gui.training.gpu_objective
assert "torch" not in sys.modules, "torch comes with the first engine, not with an import"
sys.argv = ["gpu", "--rehearse", "--parts", "machine", "graphs", "objective"]
import tests.bench.gpu
tests.bench.gpu.main()
"""


def test_that_the_bench_of_a_graphics_card_runs_on_a_bare_machine() -> None:
    pytest.importorskip("torch")
    command = [sys.executable, "-W", "error", "-c", BARE]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert '"recorded equals queued": true' in ran.stdout
    assert "failed" not in ran.stdout
