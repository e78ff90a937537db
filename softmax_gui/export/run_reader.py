"""Reads a run folder while the run goes on, on this machine or on a shared disk."""

from __future__ import annotations

import contextlib
import json
import math
import socket
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui.export.runs import CONFIG, METRICS, MODEL, STATUS, checkpoint_files
from softmax_gui.files import FileProblem, process_lives, read_bounded
from softmax_gui.growing import read_on
from softmax_gui.i18n import tr
from softmax_gui.training.history import COLUMNS

# What a status file can say, and what only a reader can find out.
RUNNING, FINISHED, INTERRUPTED, FAILED = "running", "finished", "interrupted", "failed"
SILENT, DEAD, UNKNOWN = "silent", "dead", "unknown"
SILENT_S = 60.0  # a run that goes on writes its status every few seconds
POLL_BYTES = 4 << 20  # of metrics a call: some 40,000 rows
_SMALL_BYTES = 1 << 24
_LONGEST_LINE = 4096
_UNREADABLE = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


@dataclass(frozen=True)
class RunStatus:
    """How a run stands.

    Attributes:
        state: RUNNING, FINISHED, INTERRUPTED, FAILED; SILENT: nothing was heard of it for
            SILENT_S; DEAD: its process is gone; UNKNOWN: no status can be read.
        sentence: what it said of its end; "" while it goes on.
        epoch: done so far, of `epochs`.
        seconds: of training.
    """

    state: str
    sentence: str = ""
    host: str = ""
    process: int = 0
    step: int = 0
    epoch: float = 0.0
    epochs: int = 0
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """The state in a sentence."""
        texts = {
            RUNNING: tr("The run goes on at {host}: epoch {epoch:,.4g} of {epochs:,}."),
            SILENT: tr("Nothing has been heard of the run at {host} for a minute."),
            DEAD: tr("The run ended without a word at epoch {epoch:,.4g}. --resume goes on."),
            FINISHED: tr("The run is finished: {epoch:,.4g} epochs."),
            INTERRUPTED: tr("The run was interrupted at epoch {epoch:,.4g}. --resume goes on."),
            FAILED: tr("The run failed: {sentence}"),
        }
        text = texts.get(self.state, tr("How the run stands can't be read."))
        return text.format(host=self.host, epoch=self.epoch, epochs=self.epochs,
                           sentence=self.sentence)  # fmt: skip


@dataclass(frozen=True)
class RunNews:
    """What is new since the last look.

    Attributes:
        rows: (m, len(COLUMNS)) float64, NaN where a cell is empty.
        restarted: the rows begin anew; those handed out before are void.
        weights: the newest weights file, for load_model; None while there is none.
    """

    rows: np.ndarray
    restarted: bool
    status: RunStatus
    weights: Path | None


class RunReader:
    """Follows a run folder: cheap to ask once a second, never in the way of the run.

    Raises:
        FileProblem: the folder holds no run.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / CONFIG).is_file():
            message = tr("{folder} holds no {config}, so it is no run folder. Choose another one.")
            raise FileProblem(message.format(folder=folder, config=CONFIG))
        self.folder = folder
        self._place, self._last = 0, b""  # how far was read, and the last line of it
        self._columns: list[int] = []
        self._status_text, self._heard_at = b"", -math.inf

    def settings(self) -> dict[str, Any]:
        """What config.json says.

        Raises:
            FileProblem: it can't be read.
        """
        return read_settings(self.folder)

    def poll(self) -> RunNews:
        """What is new; nothing where the disk is away for the moment."""
        rows, restarted = np.empty((0, len(COLUMNS))), False
        with contextlib.suppress(FileProblem):
            rows, restarted = self._new_rows()
        status = self._status()
        return RunNews(rows, restarted, status, self._weights(status))

    def _new_rows(self) -> tuple[np.ndarray, bool]:
        data = read_on(self.folder / METRICS, self._place - len(self._last), POLL_BYTES)
        restarted = not data.startswith(self._last)  # shorter, or of another run
        if restarted:
            self._place, self._last = 0, b""
            data = read_on(self.folder / METRICS, 0, POLL_BYTES)
        whole, mark, _half = data[len(self._last) :].rpartition(b"\n")
        if not mark:
            return np.empty((0, len(COLUMNS))), restarted
        lines = whole.decode(errors="replace").split("\n")
        if not self._place:
            header = lines.pop(0).split(",")
            self._columns = [header.index(c) if c in header else -1 for c in COLUMNS]
        self._place += len(whole) + 1
        self._last = (whole + mark).splitlines(keepends=True)[-1][-_LONGEST_LINE:]
        rows = [row for line in lines if (row := self._row(line)) is not None]
        return np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS)), restarted

    def _row(self, line: str) -> list[float] | None:
        """The numbers of a line; None for one that a fault of the disk has left."""
        cells = line.split(",")
        try:
            return [float(cells[i] or "nan") if i >= 0 else math.nan for i in self._columns]
        except (ValueError, IndexError):
            return None

    def _status(self) -> RunStatus:
        try:
            text = read_bounded(self.folder / STATUS, _SMALL_BYTES)
            status = _parsed(text)
            age = time.time() - (self.folder / STATUS).stat().st_mtime
        except _UNREADABLE:
            return RunStatus(UNKNOWN)
        if text != self._status_text:
            # Clocks of two machines differ: only what was there before this reader counts by them.
            first = not self._status_text
            self._heard_at = time.monotonic() - (max(age, 0.0) if first else 0.0)
            self._status_text = text
        return judged(status, time.monotonic() - self._heard_at)

    def _weights(self, status: RunStatus) -> Path | None:
        model, kept = self.folder / MODEL, checkpoint_files(self.folder)
        if kept and (status.state not in {FINISHED, INTERRUPTED} or not model.exists()):
            return kept[-1][1]
        return model if model.exists() else None


def read_settings(folder: Path) -> dict[str, Any]:
    """What config.json of a run folder says.

    Raises:
        FileProblem: it can't be read.
    """
    try:
        settings = json.loads(read_bounded(folder / CONFIG, _SMALL_BYTES))
        if isinstance(settings, dict):
            return settings
    except (ValueError, RecursionError) as error:
        if isinstance(error, FileProblem):
            raise
    message = tr("{name} in {folder} is damaged. Choose another run.")
    raise FileProblem(message.format(name=CONFIG, folder=folder))


def judged(status: RunStatus, unheard_s: float) -> RunStatus:
    """The status, with what became of a run that says of itself that it goes on.

    Args:
        status: as its file says.
        unheard_s: seconds since the file last changed.
    """
    here = status.host == socket.gethostname() and sys.platform != "win32"
    if status.state != RUNNING:
        state = status.state
    elif here and not process_lives(status.process):
        state = DEAD
    else:
        state = SILENT if unheard_s > SILENT_S else RUNNING
    return replace(status, state=state)


def read_status(folder: Path) -> RunStatus:
    """How a run folder stands at first sight; UNKNOWN where it holds no status."""
    try:
        text = read_bounded(folder / STATUS, _SMALL_BYTES)
        age = time.time() - (folder / STATUS).stat().st_mtime
        return judged(_parsed(text), age)
    except _UNREADABLE:
        return RunStatus(UNKNOWN)


def _parsed(text: bytes) -> RunStatus:
    record = json.loads(text)
    return RunStatus(
        str(record["state"]), str(record.get("sentence", "")), str(record.get("host", "")),
        int(record.get("process", 0)), int(record.get("step", 0)), float(record.get("epoch", 0)),
        int(record.get("epochs", 0)), float(record.get("seconds", 0)),
    )  # fmt: skip
