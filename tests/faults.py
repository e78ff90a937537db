"""A disk that fails at its n-th call, for tests of whatever writes to it."""

from __future__ import annotations

import errno
import io
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

_PATHS = ("open", "chmod", "mkdir")  # their first argument is a path
_NUMBERS = ("fsync", "write", "ftruncate")  # their first argument is a descriptor


class Disk:
    """Lets the n-th call below a folder fail; of a write, half is done before.

    Args:
        patch: undoes it.
        folder: whose files are meant.
        fail_at: the call, from 1; 0 for none.
        lasting: whether all writes after it fail as well, as on a full disk; files can still be
            removed and renamed there.
    """

    def __init__(
        self, patch: pytest.MonkeyPatch, folder: Path, fail_at: int, *, lasting: bool
    ) -> None:
        self.calls: list[str] = []
        self._folder, self._fail_at, self._lasting = folder.resolve(), fail_at, lasting
        self._ours: set[int] = set()  # descriptors of files in the folder
        for name in _PATHS:
            patch.setattr(os, name, self._of_path(name, getattr(os, name)))
        for name in _NUMBERS:
            patch.setattr(os, name, self._of_number(name, getattr(os, name)))
        patch.setattr(os, "replace", self._of_path("replace", os.replace, spared=True))
        patch.setattr(os, "fdopen", self._fdopen(os.fdopen))

    def count(self, name: str, *, spared: bool = False) -> None:
        """One call more, which may be the one that fails."""
        self.calls.append(name)
        late = self._lasting and 0 < self._fail_at < len(self.calls) and not spared
        if late or len(self.calls) == self._fail_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _of_path(
        self, name: str, real: Callable[..., Any], *, spared: bool = False
    ) -> Callable[..., Any]:
        def call(path: Any, *args: Any, **options: Any) -> Any:
            inside = not isinstance(path, int) and self._is_inside(path)
            if inside:
                # To read, or to sync a folder, takes no space.
                self.count(name, spared=spared or (name == "open" and not args[0] & os.O_CREAT))
            found = real(path, *args, **options)
            if name == "open":
                (self._ours.add if inside else self._ours.discard)(found)
            return found

        return call

    def _of_number(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(descriptor: int, *args: Any) -> Any:
            if descriptor not in self._ours:
                return real(descriptor, *args)
            if name == "write":  # a short write is no error
                args = (args[0][: _share(len(args[0]))],)
            if name != "write":
                self.count(name, spared=name == "ftruncate")
                return real(descriptor, *args)
            done = real(descriptor, *args)
            self.count(name)
            return done

        return call

    def _fdopen(self, real: Callable[..., Any]) -> Callable[..., Any]:
        disk = self

        class File(io.FileIO):
            def write(self, data: Any) -> int:
                half = _share(len(data))
                super().write(data[:half])
                disk.count("write")
                return half

        def call(descriptor: int, mode: str = "r", *args: Any, **options: Any) -> IO[Any]:
            if descriptor in disk._ours and mode == "wb":
                return io.BufferedWriter(File(descriptor, mode))
            opened: IO[Any] = real(descriptor, mode, *args, **options)
            return opened

        return call

    def _is_inside(self, path: Any) -> bool:
        return Path(path).absolute().is_relative_to(self._folder)


def _share(length: int) -> int:
    """How much of a write is done at once."""
    return length // 2 if length > 1000 else length


def faults(
    folder: Path,
    act: Callable[[], None],
    *,
    lasting: bool,
    expected: type[Exception],
    before: Callable[[], None] = lambda: None,
) -> Iterator[bool]:
    """Calls `act` with a fault at the first, second, ... call, until one comes through.

    Args:
        folder: whose files fail.
        act: writes.
        lasting: see Disk.
        expected: what it may raise.
        before: called before each, on a disk without faults.

    Yields:
        After each, whether it came through without having met the fault: the last one did.
    """
    for fail_at in itertools.count(1):
        before()
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, folder, fail_at, lasting=lasting)
            said = ""
            try:
                act()
            except expected as problem:
                said = str(problem)
        assert "\n" not in said
        assert "Errno" not in said
        met = len(disk.calls) >= fail_at
        yield not met
        if not met:
            return
