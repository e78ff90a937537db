"""The readers' bench does what it says, on files so small that no time means anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from softmax_gui.data.readers import open_data
from tests.bench import reading
from tests.bench.reading_files import MAKERS

SHARE = 0.0001


@pytest.mark.parametrize("kind", list(MAKERS))
def test_that_the_files_it_makes_are_read(kind: str, tmp_path: Path) -> None:
    if kind == "png":
        pytest.importorskip("PIL")
    data = open_data(MAKERS[kind](tmp_path, SHARE))
    assert data.q == 10
    assert data.n >= 20


def test_that_every_figure_is_kept_with_what_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def child(part: str, path: Path) -> dict[str, Any]:
        asked.append(part)
        gaps = {"p95_ms": 20.0, "worst_ms": 30.0, "count": 100}
        return {
            "look_s": 0.1, "open_s": 2.0, "open_cpu_s": 1.5, "open_mb": 100.0, "process_s": 3.0,
            "n": 20, "read_s": 0.1, "loadtxt_s": 4.0, "preview_s": 0.2, "load_s": 2.5,
            "preview": gaps, "load": gaps, "idle": gaps, "cancel_s": [0.1, 0.05],
        }  # fmt: skip

    monkeypatch.setattr(reading, "child", child)
    record = tmp_path / "record.json"
    line = ["--only", "csv", "--share", str(SHARE), "--folder", str(tmp_path), "--record"]
    assert reading.main([*line, str(record)], lambda: {"processor": "none"}) == 0
    kept = json.loads(record.read_text())
    assert asked.count("window") == 1
    assert kept["share"] == SHARE
    figures = kept["figures"]
    assert figures["0 MB of CSV, median"] == {"value": 2.0, "unit": "s", "wanted": "< 6"}
    assert figures["0 MB of CSV, Cancel to the end, worst"]["value"] == 0.1
    assert all(name in capsys.readouterr().out for name in list(figures)[:1])
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_that_a_reading_is_measured_in_a_process_of_its_own(tmp_path: Path) -> None:
    found = reading.child("read", MAKERS["idx"](tmp_path, SHARE))
    assert (found["n"], found["d"]) == (20, 784)
    assert 0.0 < found["open_s"] < found["process_s"]
