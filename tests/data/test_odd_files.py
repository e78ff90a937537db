"""The hundred odd files: each loads rightly or is refused with its place, in little memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import softmax_gui
from tests.data.odd_files import Loads, Odd, Refused, odd_files
from tests.data.odd_numpy import CANARY

pytest.importorskip("PIL")
pytestmark = [
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="Linux alone limits the address space"
    ),
    pytest.mark.timeout(240),  # the first test waits for all files
]
ODD = odd_files()
MOST_CHILDREN = 12  # each death costs a new one


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What a child process said of each odd file; one that ended it has {"died": ...}."""
    folder = tmp_path_factory.mktemp("odd")
    found: list[dict[str, Any]] = []
    for _ in range(MOST_CHILDREN):
        found += _of_child(folder, len(found))
        if len(found) == len(ODD):
            break
    assert not list(folder.rglob(CANARY))  # nothing that was pickled ran
    return found


def _of_child(folder: Path, first: int) -> list[dict[str, Any]]:
    part = folder / f"from {first}"
    part.mkdir()
    # One arena of malloc and one thread of BLAS: others take address space and no memory.
    environment = {
        **os.environ, "MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1",
    }  # fmt: skip
    child = subprocess.run(
        [sys.executable, "-m", "tests.data.odd_child", str(part), str(first)],
        cwd=Path(softmax_gui.__file__).parents[1], env=environment, encoding="utf-8",
        capture_output=True, check=False,
    )  # fmt: skip
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    found = [line for line in lines if "begun" not in line]
    if child.returncode:
        found.append({"died": f"{child.returncode}: {child.stderr[-2000:]}"})
    return found


@pytest.mark.parametrize("number", range(len(ODD)), ids=[odd.name for odd in ODD])
def test_that_an_odd_file_loads_rightly_or_is_refused_with_its_place(
    answers: list[dict[str, Any]], number: int
) -> None:
    odd, answer = ODD[number], answers[number]
    assert "died" not in answer, answer["died"]
    if isinstance(odd.expected, Refused):
        _look_at_sentence(odd.expected, answer.get("refused", str(answer)))
        if odd.shown_too and "shown" in answer:
            assert answer["shown"], "the preview promises what reading refuses"
    else:
        _look_at_rows(odd.expected, answer)
        assert answer.get("shown", "") == ""
    assert not answer.get("shown", "").startswith("raised")


def _look_at_sentence(expected: Refused, sentence: str) -> None:
    assert re.search(expected.words, sentence)
    assert "\n" not in sentence
    assert len(sentence) < 600
    assert not re.search(r"Errno|Traceback|Error\(|softmax_gui\.", sentence)


def _look_at_rows(expected: Loads, answer: dict[str, Any]) -> None:
    assert "refused" not in answer, answer["refused"]
    assert "raised" not in answer, answer["raised"]
    assert [answer[name] for name in "ndq"] == [expected.n, expected.d, expected.q]
    if expected.classes is not None:
        assert tuple(answer["classes"]) == expected.classes
    if expected.total is not None:
        assert answer["total"] == pytest.approx(expected.total, rel=1e-12, abs=1e-9)
    assert answer.get("soft", False) is expected.soft
    if expected.said:
        assert any(re.search(expected.said, note) for note in answer["notes"]), answer["notes"]


def test_that_the_generator_makes_a_hundred_odd_files_of_every_kind() -> None:
    refused = [odd for odd in ODD if isinstance(odd.expected, Refused)]
    assert len(ODD) > 100
    assert len(refused) > 100
    assert {odd.limits for odd in ODD} == {"usual", "lying"}
    assert all(isinstance(odd, Odd) and odd.expected is not None for odd in ODD)
