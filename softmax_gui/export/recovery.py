"""Work that was not saved: one slot a process, found again after a crash, never another's.

A slot is a project, a small JSON beside it that says whose, and a lock that the system frees when
the process ends, however it ends. The process's number alone would not do: it is given anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from softmax_gui.export.project import ENDING, Project, load_project, save_project
from softmax_gui.files import (
    FileProblem,
    atomic_write,
    process_lives,
    read_bounded,
    remove_leftovers,
    shown,
)
from softmax_gui.growing import held_alone
from softmax_gui.i18n import tr

_STEM, _SAYS, _LOCK = "recovery-", ".json", ".lock"
_SMALL_BYTES = 1 << 16
_OLD_S = 86400.0  # a lock without a slot is then of no process that is just starting


@dataclass(frozen=True)
class Abandoned:
    """Work of a process that ended without saving it.

    Attributes:
        file: the slot.
        project: the path of the project it was opened from; "" for one that was never saved.
        saved_at: when it was kept last, in seconds since 1970.
    """

    file: Path
    project: str
    saved_at: float


class Recovery:
    """The slot of this process; close() it at the end, else its work counts as abandoned.

    Attributes:
        file: the slot, there once something was kept.
    """

    def __init__(self, folder: Path) -> None:
        """Takes a slot in `folder`, which is made where it is not there.

        Raises:
            FileProblem: nothing can be written there.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            text = tr("The folder {folder} can't be made: {reason}. Unsaved work is not kept.")
            raise FileProblem(text.format(folder=folder, reason=error.strerror)) from error
        remove_leftovers(folder)
        self._open = ExitStack()
        self.file = self._taken(folder)

    def keep(self, project: Project, path: Path | None) -> None:
        """Keeps the work as it is now in the place of what was kept before.

        Args:
            project: the work.
            path: the file it was opened from or saved to; None where there is none.

        Raises:
            FileProblem: it could not be written; what was kept before is as it was.
        """
        save_project(self.file, project)
        self._say("" if path is None else str(path))

    def clear(self) -> None:
        """Forgets what was kept: the work was saved, or its user does not want it."""
        _remove(self.file)

    def close(self) -> None:
        """Clears the slot and gives it back."""
        self.clear()
        with contextlib.suppress(OSError):
            if sys.platform != "win32":  # while it is ours
                _lock_of(self.file).unlink()
        self._open.close()
        with contextlib.suppress(OSError):
            if sys.platform == "win32":  # which removes no file that is open
                _lock_of(self.file).unlink()

    def take_over(self, abandoned: Abandoned) -> Project:
        """The abandoned work, which is from now on what this process kept.

        Raises:
            FileProblem: it is damaged, and stays; or another window took it meanwhile.
        """
        with _alone_with(abandoned.file) as alone:
            if not alone or not abandoned.file.exists():
                raise FileProblem(tr("Another window has recovered this work already."))
            project = load_project(abandoned.file)
            try:
                abandoned.file.replace(self.file)
            except OSError as error:
                text = tr("{file} could not be taken over: {reason}. Save the project now.")
                file = shown(abandoned.file.name)
                raise FileProblem(text.format(file=file, reason=error.strerror)) from error
            _remove(abandoned.file)
        self._say(abandoned.project)
        return project

    def discard(self, abandoned: Abandoned) -> None:
        """Deletes abandoned work, unless another window has it."""
        with _alone_with(abandoned.file) as alone:
            if alone:
                _remove(abandoned.file)

    def _taken(self, folder: Path) -> Path:
        """A slot that no other process has, and no dead one of the same number left work in."""
        attempt = 0
        while True:
            attempt += 1
            number = f"{os.getpid()}-{attempt}" if attempt > 1 else f"{os.getpid()}"
            file = folder / f"{_STEM}{number}{ENDING}"
            with ExitStack() as opening:
                if opening.enter_context(held_alone(_lock_of(file))) and not file.exists():
                    self._open = opening.pop_all()
                    return file

    def _say(self, project: str) -> None:
        record = {"project": project, "saved_at": time.time(), "process": os.getpid(),
                  "host": socket.gethostname()}  # fmt: skip
        text = json.dumps(record, indent=1) + "\n"
        atomic_write(self.file.with_suffix(_SAYS), text.encode())


def list_abandoned(folder: Path) -> list[Abandoned]:
    """The work in slots of processes that ended, the newest first; nothing is changed by it."""
    try:
        files = sorted(folder.glob(f"{_STEM}*{ENDING}"))
    except OSError:
        return []
    found = []
    for file in files:
        with contextlib.suppress(FileProblem, OSError), _alone_with(file) as alone:
            if alone and file.is_file():
                found.append(_described(file))
    _forget_old_locks(folder)
    return sorted(found, key=lambda one: one.saved_at, reverse=True)


def _described(file: Path) -> Abandoned:
    record = _record(file)
    project, saved_at = record.get("project"), record.get("saved_at")
    return Abandoned(
        file,
        project if isinstance(project, str) else "",
        saved_at if isinstance(saved_at, float) else file.stat().st_mtime,
    )


def _record(file: Path) -> dict[str, object]:
    """What the JSON beside a slot says; nothing where it is damaged."""
    try:
        record = json.loads(read_bounded(file.with_suffix(_SAYS), _SMALL_BYTES))
    except (ValueError, RecursionError):  # a FileProblem is a ValueError
        return {}
    return record if isinstance(record, dict) else {}


@contextlib.contextmanager
def _alone_with(file: Path) -> Iterator[bool]:
    """Whether a slot is nobody's, and ours while the block lasts."""
    lock = _lock_of(file)
    with held_alone(lock) as first, held_alone(lock) as second:
        # A second time is refused to us too, but where the file system knows no locks.
        yield first and (not second or _ended(file))


def _ended(file: Path) -> bool:
    """Whether the process that says it has a slot ran here and is no more."""
    record = _record(file)
    process = record.get("process")
    if record.get("host") != socket.gethostname() or not isinstance(process, int):
        return False
    if sys.platform == "win32":  # asking after it would end it
        return time.time() - file.stat().st_mtime > _OLD_S
    return not process_lives(process)


def _forget_old_locks(folder: Path) -> None:
    for lock in folder.glob(f"{_STEM}*{_LOCK}"):
        file = lock.with_suffix(ENDING)
        with contextlib.suppress(FileProblem, OSError):
            old = time.time() - lock.stat().st_mtime > _OLD_S
            if old and not file.exists():
                with _alone_with(file) as alone:
                    if alone:
                        lock.unlink()


def _lock_of(file: Path) -> Path:
    return file.with_suffix(_LOCK)


def _remove(file: Path) -> None:
    for path in (file, file.with_suffix(_SAYS)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
