"""The process that reads exports back (independent.py), from the side of the one who asks."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import IO

import numpy as np

from softmax_gui.export import independent
from softmax_gui.export.model import ModelProblem
from softmax_gui.files import shown
from softmax_gui.i18n import tr

TIMEOUT_S = 120.0  # for one answer
_ERROR_BYTES = 4096  # of what the process says when it fails; its last line is told


@contextmanager
def second_reader() -> Iterator[SecondReader]:
    """A reader, for as long as the block lasts."""
    with tempfile.TemporaryFile() as errors:
        reader = SecondReader(errors)
        try:
            yield reader
        finally:
            reader.end()


class SecondReader:
    """Starts with the first question and answers one after the other: a start takes 0.3 s."""

    def __init__(self, errors: IO[bytes]) -> None:
        """`errors` is a file for what the process says: a pipe that fills would hang it."""
        self._process: subprocess.Popen[bytes] | None = None
        self._errors = errors
        self._asked: np.ndarray | None = None  # the inputs it has

    def probabilities(self, path: Path, ending: str, X: np.ndarray) -> tuple[np.ndarray, str, str]:
        """Probabilities (n, q), reader and versions, by a process that sees nothing of this one.

        Args:
            path: the exported file.
            ending: of its format.
            X: (n, d) in the data's units.

        Raises:
            ModelProblem: it could not be started, could not read the file, or took too long.
        """
        if getattr(sys, "frozen", False) or not sys.executable:  # no Python but that in the app
            with np.errstate(all="ignore"):
                P, reader, versions = independent.answer(str(path), ending, X)
            return P, tr("{reader} in this process").format(reader=reader), versions
        try:
            return self._answer(self._running(), path, ending, X)
        except (OSError, ValueError) as error:
            self.end(kill=True)
            raise _not_read(self._last_words() or str(error)) from error

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", independent.__file__],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
            self._asked = None
        return self._process

    def _answer(
        self, process: subprocess.Popen[bytes], path: Path, ending: str, X: np.ndarray
    ) -> tuple[np.ndarray, str, str]:
        inputs = b""
        if X is not self._asked:
            text = io.BytesIO()
            np.save(text, X, allow_pickle=False)
            inputs, self._asked = text.getvalue(), X
        question = {"path": str(path), "ending": ending, "bytes": len(inputs)}
        assert process.stdin is not None  # noqa: S101 - made so above
        assert process.stdout is not None  # noqa: S101 - as above
        late = Timer(TIMEOUT_S, process.kill)  # what is read then ends
        late.start()
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n" + inputs)
            process.stdin.flush()
            said = json.loads(process.stdout.readline())
            answer = process.stdout.read(said["bytes"])
        finally:
            late.cancel()
            late.join()
        P = np.load(io.BytesIO(answer), allow_pickle=False)
        return P, str(said["reader"]), str(said["versions"])

    def end(self, *, kill: bool = False) -> None:
        """Ends the process; the next question starts another one."""
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            with suppress(subprocess.TimeoutExpired):
                process.wait(1.0)  # one that fails by itself has a reason to tell
            process.kill()
        with suppress(OSError, ValueError):
            process.communicate(timeout=TIMEOUT_S)

    def _last_words(self) -> str:
        end = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, end - _ERROR_BYTES))
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""


def _not_read(reason: str) -> ModelProblem:
    message = tr("The export was refused: it could not be read back ({reason}).")
    return ModelProblem(message.format(reason=shown(reason, 200)))
