"""Files that grow: nothing half appended stays, a place to read on from, one holder a lock."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from softmax_gui import growing
from softmax_gui.files import FileProblem
from softmax_gui.growing import append, held_alone, read_on


def test_that_what_is_appended_is_read_on_from_any_place(tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    append(file, b"step\n")
    append(file, b"1\n2\n")
    assert file.read_bytes() == b"step\n1\n2\n"
    assert read_on(file, 5, 100) == b"1\n2\n"
    assert read_on(file, 5, 2) == b"1\n"
    assert read_on(file, 99, 100) == b""


def test_that_a_disk_that_fills_up_within_a_line_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, real = tmp_path / "m.csv", os.write
    append(file, b"1\n")

    def half(descriptor: int, data: bytes) -> int:
        if len(data) < 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(FileProblem, match=r"m\.csv could not be written: no space left on"):
        append(file, b"22222222\n")
    assert file.read_bytes() == b"1\n"
    monkeypatch.undo()
    append(file, b"2\n")
    assert file.read_bytes() == b"1\n2\n"


def test_that_a_short_write_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:1]))
    append(tmp_path / "m.csv", b"123\n")
    assert (tmp_path / "m.csv").read_bytes() == b"123\n"


def test_that_what_cannot_be_appended_to_or_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="there is no folder"):
        append(tmp_path / "no" / "m.csv", b"1")
    with pytest.raises(FileProblem, match="was not found"):
        read_on(tmp_path / "m.csv", 0, 1)
    with pytest.raises(FileProblem, match="there is no folder"), held_alone(tmp_path / "no" / "x"):
        pytest.fail("held what is not there")


def test_that_one_holds_a_lock_and_the_next_gets_it_when_the_first_is_killed(
    tmp_path: Path,
) -> None:
    lock = tmp_path / ".lock"
    code = (
        "import sys, pathlib; from softmax_gui.growing import held_alone\n"
        "with held_alone(pathlib.Path(sys.argv[1])) as alone:\n"
        "    print(alone, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(lock)],
        cwd=Path(growing.__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"True"
        with held_alone(lock) as alone:
            assert not alone
        other.kill()
        other.wait()
    with held_alone(lock) as alone:
        assert alone
