"""Writes a run folder while the run goes on: settings first, rows as they come, weights last."""

from __future__ import annotations

import json
import math
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from softmax_gui.data.dataset import Split
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.export.checkpoints import save_checkpoint
from softmax_gui.export.model import ModelProblem
from softmax_gui.export.run_reader import (
    FAILED,
    FINISHED,
    INTERRUPTED,
    RUNNING,
    RunStatus,
    read_status,
)
from softmax_gui.export.runs import (
    CHECKPOINTS,
    CONFIG,
    METRICS,
    MODEL,
    STATUS,
    checkpoint_files,
    checkpoint_path,
    make_run_folder,
    outcome_of,
    rows_before,
    rows_csv,
    trained_model,
)
from softmax_gui.export.tensorboard import EVENTS, EventWriter
from softmax_gui.export.weights import save_model
from softmax_gui.files import FileProblem, atomic_write, remove_leftovers
from softmax_gui.growing import append, held_alone
from softmax_gui.i18n import tr
from softmax_gui.training.course import RunCheckpoint
from softmax_gui.training.history import HistoryView
from softmax_gui.training.run import Run
from softmax_gui.training.snapshot import Snapshot

CHECKPOINTS_KEPT = 3
STATUS_S = 5.0  # how often a run says that it goes on
LOCK, EARLIER = ".lock", ".earlier"
# As they are set aside: a folder without settings tells that this was cut short, and the weights
# stay until the last.
_OF_A_RUN = (CONFIG, METRICS, STATUS, EVENTS, CHECKPOINTS, MODEL)


class RunWriter:
    """Keeps one run in its folder; a `training.run.Keeper`, used in a `with` statement.

    An earlier run in the folder is set aside until this one has weights to take its place; it
    comes back when this one fails. While the run goes on a full disk is said once and tried
    again; finish() says it last.

    Args:
        folder: of the run; made where it is not there.
        settings: what config.json says, of `settings_of`.
        split: the data.
        say: told what the user must hear.
        resumed: the step the run goes on from; None for a new run.
        events: whether event files for TensorBoard are written too.
    """

    def __init__(
        self,
        folder: Path,
        settings: dict[str, Any],
        split: Split | StoredSplit,
        *,
        say: Callable[[str], None] = lambda _: None,
        resumed: int | None = None,
        events: bool = False,
    ) -> None:
        self._folder, self._settings, self._split, self._say = folder, settings, split, say
        self._resumed, self._trouble, self._ended = resumed, "", False
        self._history: tuple[int, int] | None = None  # generation and length of what was written
        self._status = RunStatus(RUNNING, "", socket.gethostname(), os.getpid(),
                                 epochs=int(settings["epochs"]))  # fmt: skip
        self._status_at = -math.inf
        self._open = ExitStack()
        self._events = EventWriter(folder / EVENTS) if events else None

    def __enter__(self) -> Self:
        """Takes the folder and writes the settings, before hours of training go into it.

        Raises:
            FileProblem: another run has the folder, or nothing can be written there.
        """
        make_run_folder(self._folder)
        with ExitStack() as opening:
            if not opening.enter_context(held_alone(self._folder / LOCK)) or _is_taken(
                self._folder
            ):
                message = tr("Another run is writing into {folder}. Choose another folder.")
                raise FileProblem(message.format(folder=self._folder))
            remove_leftovers(self._folder)
            if self._resumed is None:
                _set_aside(self._folder)
            else:
                later = [p for step, p in checkpoint_files(self._folder) if step > self._resumed]
                _remove(later)  # those that could not be read
            opening.callback(self._end_unheard)
            _write_json(self._folder / CONFIG, self._settings)
            make_run_folder(self._folder / CHECKPOINTS)
            remove_leftovers(self._folder / CHECKPOINTS)
            self._write_status(RUNNING)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Says how the run ended if nobody has, and frees the folder."""
        if error is not None and not self._ended and isinstance(error, Exception):
            self._status = replace(self._status, sentence=str(error))
        self._open.close()

    def measured(self, snapshot: Snapshot) -> None:
        """Appends the new rows of the history; says that the run goes on."""
        self._status = replace(
            self._status, step=snapshot.step, epoch=snapshot.epoch, seconds=snapshot.seconds
        )
        self._tried(lambda: self._write_rows(snapshot.history))
        if time.monotonic() - self._status_at >= STATUS_S:
            self._tried(lambda: self._write_status(RUNNING))

    def checkpoint(self, state: RunCheckpoint, snapshot: Snapshot) -> None:
        """Writes a checkpoint, then removes the oldest ones."""
        self._tried(lambda: self._write_checkpoint(state, snapshot))

    def finish(self, run: Run) -> None:
        """Writes the weights and how the run ended; a run with a problem leaves no weights.

        Raises:
            FileProblem: something could not be written; what could be written was.
            ModelProblem: weights that no file could hold.
        """
        if run.problem:
            self._end(FAILED, run.problem)
            return
        # No export: the certificate of another reader is made when the weights leave the folder.
        model = trained_model(run.snapshot, self._split)
        save_model(model, self._folder / MODEL, verify=False)
        self._write_rows(run.snapshot.history)
        _write_json(self._folder / CONFIG, {**self._settings, **outcome_of(run)})
        self._end(INTERRUPTED if run.interrupted else FINISHED, "")
        shutil.rmtree(self._folder / EARLIER, ignore_errors=True)

    def _tried(self, write: Callable[[], None]) -> None:
        """Training goes on without a file; what is the matter is said once."""
        try:
            write()
        except FileProblem as problem:
            if not self._trouble:
                self._say(tr("{problem} Training goes on.").format(problem=problem))
            self._trouble = str(problem)
        except ModelProblem:  # weights that are not finite: the run is about to end
            return

    def _write_rows(self, view: HistoryView) -> None:
        generation, length = self._history or (None, 0)
        path, new = self._folder / METRICS, view.rows
        if generation == view.generation:
            new = view.rows[length:]
            if not len(new):
                return
            append(path, rows_csv(new))
        else:  # begun, or gone back to an earlier step
            first = new[0, 0] if len(new) else math.inf
            atomic_write(path, rows_before(path, first) + rows_csv(new))
        self._history = view.generation, len(view)
        if self._events is not None:
            self._events.add(new)

    def _write_checkpoint(self, state: RunCheckpoint, snapshot: Snapshot) -> None:
        model = trained_model(snapshot, self._split)
        save_checkpoint(checkpoint_path(self._folder, snapshot.step), state, model)
        for _, path in checkpoint_files(self._folder)[:-CHECKPOINTS_KEPT]:
            path.unlink(missing_ok=True)

    def _write_status(self, state: str) -> None:
        record = {**vars(self._status), "state": state, "written": time.time()}
        self._status_at = time.monotonic()
        _write_json(self._folder / STATUS, record)

    def _end(self, state: str, sentence: str) -> None:
        self._ended = True
        if state == FAILED and (self._folder / EARLIER).exists():
            _bring_back(self._folder)
            return
        self._status = replace(self._status, sentence=sentence)
        self._write_status(state)

    def _end_unheard(self) -> None:
        """The end of a run that nobody finished: an error, or a second Ctrl+C."""
        if self._events is not None:
            self._events.close()
        if self._ended:
            return
        if (self._folder / EARLIER).exists() and not checkpoint_files(self._folder):
            _bring_back(self._folder)
            return
        state = FAILED if self._status.sentence else INTERRUPTED
        with suppress(FileProblem):  # there is a worse one to tell
            self._end(state, self._status.sentence)


def _is_taken(folder: Path) -> bool:
    """Whether a run on another machine has the folder: its lock may not reach here."""
    status = read_status(folder)
    return status.state == RUNNING and status.host != socket.gethostname()


def _set_aside(folder: Path) -> None:
    """Moves the files of an earlier run into EARLIER, which holds one run.

    Raises:
        FileProblem: they can't be moved.
    """
    earlier = folder / EARLIER
    if earlier.exists() and not (folder / CONFIG).exists():  # killed while it did this
        _move(earlier, folder)
    there = [folder / name for name in _OF_A_RUN if (folder / name).exists()]
    worth = (folder / MODEL).exists() or bool(checkpoint_files(folder))
    try:
        if earlier.exists() and not worth:  # a run that was killed before it had weights
            _remove(there)
        elif there:
            _remove([earlier])
            earlier.mkdir()
            for path in there:
                path.replace(earlier / path.name)
    except OSError as error:
        if there and not there[0].exists():
            _move(earlier, folder)
        message = tr("The earlier run in {folder} can't be moved: {reason}. Choose another folder.")
        raise FileProblem(message.format(folder=folder, reason=error.strerror)) from error


def _bring_back(folder: Path) -> None:
    """The earlier run again, in the place of this one; as far as the disk allows."""
    with suppress(OSError):
        _remove([folder / name for name in _OF_A_RUN])
        _move(folder / EARLIER, folder)


def _move(earlier: Path, folder: Path) -> None:
    """The files of an earlier run back to their place, settings last; as far as the disk allows."""
    with suppress(OSError):
        for name in reversed(_OF_A_RUN):
            if (earlier / name).exists():
                _remove([folder / name])
                (earlier / name).replace(folder / name)
        earlier.rmdir()


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _write_json(path: Path, record: dict[str, Any]) -> None:
    text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    atomic_write(path, text.encode(errors="backslashreplace"))
