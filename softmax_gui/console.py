"""What the command line says and hears: streams, one progress bar, results for people, signals."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from types import FrameType
from typing import TYPE_CHECKING, Any

from softmax_gui.files import shown

if TYPE_CHECKING:  # --help does without numpy
    from softmax_gui.core.certificate import Certificate
    from softmax_gui.training.run import Run
    from softmax_gui.training.snapshot import Measurement, Snapshot

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last is Windows' Ctrl+Break
BAR_LENGTH = 10
LISTED = 20  # names or numbers of a list shown to people; --json has them all


def prepare_streams() -> None:
    """No output fails for a name that the terminal's encoding lacks; into a pipe goes UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def say(text: str) -> None:
    """One line on stderr."""
    if sys.stderr is not None:  # closed by the caller, or pythonw
        print(f"softmax-gui: {' '.join(text.split())}", file=sys.stderr)


def drop_output() -> None:
    """What is still to be flushed goes nowhere: its reader has gone, or its disk is full."""
    with suppress(OSError, AttributeError):  # no descriptor, no stdout
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@contextmanager
def signals_noted() -> Iterator[Callable[[], bool]]:
    """Yields whether Ctrl+C or a wish of the system to end has come; a second one acts as ever."""
    before = {}
    for number in [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]:
        handler = signal.getsignal(number)
        if handler not in (None, signal.SIG_IGN):  # nohup ignores one, and means it
            before[number] = handler
    heard: list[int] = []

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        restore()

    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: bool(heard)
    finally:
        restore()


class ProgressBar:
    """One line on stderr, drawn over and over; nothing where stderr is no terminal."""

    def __init__(self, epochs: int) -> None:
        self._epochs, self._drawn = epochs, 0
        self._on = sys.stderr is not None and sys.stderr.isatty()

    def show(self, now: Snapshot) -> None:
        """Draws how far the run is, its loss, and the time it still needs."""
        if not self._on or not 0 < now.epoch < self._epochs:
            return
        if now.config.solver != "minibatch":  # nobody knows how many it will be
            self.show_text(f"{now.step:,} iterations, train {now.train.loss:#.4g} nat")
            return
        share = now.epoch / self._epochs
        done, left = round(BAR_LENGTH * share), now.seconds * (1 / share - 1)
        name, part = "validation", now.validation
        if not part.total:
            name, part = "train", now.train
        self._draw(
            f"[{'#' * done:.<{BAR_LENGTH}}] {now.epoch:,.1f} of {self._epochs:,} epochs,"
            f" {name} {part.loss:#.4g} nat, {_rounded_up(left)} left"
        )

    def show_text(self, text: str) -> None:
        """Draws a text in the place of the bar."""
        if self._on:
            self._draw(text)

    def say(self, text: str) -> None:
        """One line on stderr, where the bar was."""
        self.clear()
        say(text)

    def clear(self) -> None:
        """Leaves an empty line for what comes next."""
        if self._drawn:
            self._draw("")
            print(end="\r", file=sys.stderr, flush=True)
            self._drawn = 0

    def _draw(self, text: str) -> None:
        text = text[: _columns() - 1]  # a wrapped line could not be drawn over
        print(f"\r{text:<{self._drawn}}", end="", file=sys.stderr, flush=True)
        self._drawn = len(text)


def print_json(result: dict[str, Any]) -> None:
    """One object on one line."""
    print(json.dumps(result, ensure_ascii=False, allow_nan=False))


def print_run(run: Run, folder: str) -> None:
    """The result of a run for people; `folder` holds it, if it was kept."""
    one, data = run.snapshot, run.split.dataset
    print(
        f"{shown(data.name)}: {run.split.train.n:,} rows to train, {run.split.validation.n:,} to"
        f" validate; {data.d:,} features, {data.q:,} classes"
    )
    print("            loss         accuracy")
    print(f"train       {_quality(one.train)}")
    if one.validation.total:
        print(f"validation  {_quality(one.validation)}")
    if data.floor is not None:
        print(f"floor       {data.floor:#.4g} nat   no model does better on average")
    for line in _how_it_went(run):
        print(line)
    kept = (
        f"The run is in {folder}." if folder else "The weights are not kept: --out RUN keeps them."
    )
    print(kept)


def print_facts(facts: dict[str, Any]) -> None:
    """A line a fact; what is not there is left out."""
    lines = list(_lines("", facts))
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        print(f"{name:<{width}}  {value}")


def _lines(prefix: str, facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in facts.items():
        name = f"{prefix}{shown(key).replace('_', ' ')}"
        if isinstance(value, dict):
            yield from _lines(f"{name} ", value)
        elif value not in (None, [], "", False):
            yield name, _written(value)


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.8g}"
    if isinstance(value, list):
        rest = f", … ({len(value):,} in all)" if len(value) > LISTED else ""
        return ", ".join(map(_written, value[:LISTED])) + rest
    if isinstance(value, dict):  # a class of a dataset
        return f"{shown(value['name'])} ({value['count']:,})"
    return f"{value:,}" if isinstance(value, int) else shown(str(value), 200)


def _how_it_went(run: Run) -> Iterator[str]:
    one, choice = run.snapshot, run.choice()
    took = f"in {one.seconds:,.2f} s on {one.device.label}"
    if choice is None:
        yield f"{one.epoch:,.6g} of {run.epochs:,} epochs, {one.step:,} steps {took}"
    else:
        yield f"{one.step:,} iterations, {one.epoch:,.6g} passes over the rows {took}"
        yield f"solver      {choice.solver}: {choice.reason}"
    if one.certificate is not None:
        yield f"result      {certificate_text(one.certificate)}"
    last = one.history.column("epoch")[-1]
    if run.ended == "early":
        yield f"Stopped early at epoch {last:,.6g}; the weights are of epoch {one.epoch:,.6g}."
    elif run.ended == "time":
        yield f"Stopped by the clock at epoch {last:,.6g}."


def certificate_text(one: Certificate) -> str:
    """The verdict and the figures it rests on."""
    bound = f"at most {one.bound:.2g} nat above the lowest loss, " if one.bound < math.inf else ""
    return f"{one.text} ({bound}gradient {one.gradient_norm:.2g})"


def _quality(part: Measurement) -> str:
    counts = f"({part.correct:,} of {part.total:,})"
    return f"{f'{part.loss:#.4g} nat':<11}  {part.accuracy:.2%} {counts}"


def _rounded_up(seconds: float) -> str:
    for unit, length, most in (("s", 1, 100), ("min", 60, 6000)):
        if seconds < most:
            return f"{math.ceil(seconds / length)} {unit}"
    return f"{math.ceil(seconds / 3600):,} h"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
