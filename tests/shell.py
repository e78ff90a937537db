"""Command lines run in this process, as in a shell."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from softmax_gui.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str


class Shell:
    """Runs command lines in this process and takes what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, line: str, *more: str | Path) -> Answer:
        try:
            code = main([*shlex.split(line), *map(str, more)])
        except SystemExit as end:
            code = int(str(end.code))
        printed = self._capsys.readouterr()
        return Answer(code, printed.out, printed.err)

    def done(self, line: str, *more: str | Path) -> str:
        """The output of a command that must succeed."""
        answer = self(line, *more)
        assert answer.code == 0, answer.err
        return answer.out

    def refused(self, code: int, line: str, *more: str | Path) -> str:
        """The one line of a command that must fail, without its end of line."""
        answer = self(line, *more)
        assert answer.code == code, answer
        assert answer.err.count("\n") == 1
        assert answer.out == ""
        return answer.err.rstrip("\n")
