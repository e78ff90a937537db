"""kill -9 at 200 random moments: one of two contents is there whole, and nothing stays beside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import softmax_gui

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="children are forked, so that 200 take seconds; see test_files"
)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("name", "kills"),
    [("checkpoint", 200), ("project", 200), ("weights", 200), ("dataset", 200), ("run", 80)],
)
def test_that_kills_at_random_moments_leave_one_of_two_contents_whole(
    tmp_path: Path, name: str, kills: int
) -> None:
    parent = subprocess.run(
        [sys.executable, "-m", "tests.killed", name, str(tmp_path), str(kills)],
        cwd=Path(softmax_gui.__file__).parents[1], capture_output=True, check=False,
    )  # fmt: skip
    assert parent.returncode == 0, parent.stderr.decode()
    said = json.loads(parent.stdout)
    assert said["torn"] == []
    assert said["met"] == 2  # else no kill came between
    assert said["left"] == 0
    # The next run in a folder removes what is there.
    assert said["removed"] > 0 or name == "run"  # else no moment was one that matters
