"""One contender as its parent sees it: a process of its own, pinned, kept alive, asked in turn."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SETUP_LIMIT_S = 900.0  # of making the data ready, compiling and a first epoch
POOLS = ("OPENBLAS", "OMP", "MKL", "NUMBA", "VECLIB_MAXIMUM")


class Missing(Exception):
    """A contender can't take part; the text says why."""


class OutOfTime(Exception):
    """A contender did not answer within its limit, and was ended."""


@dataclass(frozen=True)
class Pin:
    """Threads a contender may use, and the cores it is held to where the system can do that."""

    threads: int
    cores: tuple[int, ...]

    @classmethod
    def of(cls, threads: int) -> Pin:
        """The last `threads` cores that this process may use; others tend to take the first."""
        return cls(threads, allowed_cores()[-threads:])

    def __str__(self) -> str:
        cores = f"core {', '.join(map(str, self.cores))}" if can_hold() else "no core"
        return f"{self.width}, held to {cores}"

    @property
    def width(self) -> str:
        """1 thread, 2 threads."""
        return "1 thread" if self.threads == 1 else f"{self.threads} threads"

    def environment(self) -> dict[str, str]:
        """What every pool of threads reads before it starts."""
        xla = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        return {
            **{f"{pool}_NUM_THREADS": str(self.threads) for pool in POOLS},
            "XLA_FLAGS": xla if self.threads == 1 else "",
            "JAX_PLATFORMS": "cpu",
        }


def can_hold() -> bool:
    """Whether a process can be held to a core."""
    return hasattr(os, "sched_setaffinity")


def allowed_cores() -> tuple[int, ...]:
    """The cores this process may use, by number."""
    if can_hold():
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


@dataclass
class Contender:
    """Starts `module`.make(`name`, options) in a child and asks it for repeats.

    Attributes:
        report: what the child said when it was ready: versions, loss, steps a repeat.
        answers: one dict a repeat.
        note: why it took no part or ended early; "" when all is well.
    """

    name: str
    module: str
    options: dict[str, Any]
    pin: Pin
    python: str = sys.executable
    report: dict[str, Any] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    progress: list[dict[str, Any]] = field(default_factory=list)
    note: str = ""
    _process: subprocess.Popen[str] | None = None
    _lines: queue.Queue[str | None] = field(default_factory=queue.Queue)

    def start(self, limit_s: float = SETUP_LIMIT_S) -> None:
        """Starts the child and waits until it is ready; a failure becomes the note."""
        spec = {
            "module": f"{__package__}.{self.module}", "name": self.name, "options": self.options,
            "threads": self.pin.threads, "cores": self.pin.cores,
        }  # fmt: skip
        environment = os.environ | self.pin.environment() | {"PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [self.python, "-m", f"{__package__}.serve", json.dumps(spec)],
            env=environment, cwd=ROOT, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        try:
            self.report = self._answer(limit_s)
        except (Missing, OutOfTime) as trouble:
            self.note = str(trouble)

    def ask(self, limit_s: float, **question: Any) -> dict[str, Any]:
        """One repeat; kept in `answers`.

        Raises:
            Missing: the child failed.
            OutOfTime: no word from it in `limit_s`; it is ended.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # ValueError: closed here
            raise Missing("its process has ended") from None
        answer = self._answer(limit_s)
        self.answers.append(answer)
        return answer

    def close(self) -> None:
        """Ends the child."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                self._lines.put(line)
        except ValueError:  # closed meanwhile
            pass
        self._lines.put(None)

    def _answer(self, limit_s: float) -> dict[str, Any]:
        """The next answer; a line of progress begins the limit anew."""
        while True:
            try:
                line = self._lines.get(timeout=limit_s)
            except queue.Empty:
                self.close()
                raise OutOfTime(f"not reached in {limit_s:g} s") from None
            if line is None:
                raise Missing("its process ended without an answer")
            answer: dict[str, Any] = json.loads(line)
            if "missing" in answer:
                raise Missing(answer["missing"])
            if "progress" not in answer:
                return answer
            self.progress.append(answer["progress"])


def interleave(contenders: list[Contender], rounds: int, limit_s: float) -> None:
    """Asks A, B, C, A, B, C, ...; one that fails says so in its note and is left out."""
    for _ in range(rounds):
        for contender in contenders:
            if contender.note:
                continue
            try:
                contender.ask(limit_s)
            except (Missing, OutOfTime) as trouble:
                contender.note = str(trouble)
