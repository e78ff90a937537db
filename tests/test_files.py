"""Files: whole or untouched whatever fails, and read only when they are what they seem."""

from __future__ import annotations

import errno
import io
import itertools
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

import pytest

from softmax_gui import files
from softmax_gui.files import FileProblem, atomic_write, read_bounded, read_head, shown

if TYPE_CHECKING:
    from collections.abc import Callable

OLD, NEW = b"old" * 9_000, b"new!" * 9_000
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file")


class Faults:
    """Lets the n-th call that touches the disk fail, after half of it was done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail_at: int, code: int) -> None:
        self.calls: list[str] = []
        self._fail_at, self._code = fail_at, code
        for name in ("open", "fsync", "chmod", "replace"):
            monkeypatch.setattr(os, name, self._counted(name, getattr(os, name)))
        monkeypatch.setattr(os, "fdopen", self._fdopen)

    def count(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) == self._fail_at:
            raise OSError(self._code, os.strerror(self._code))

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            self.count(name)
            return real(*args, **options)

        return call

    def _fdopen(self, descriptor: int, mode: str) -> IO[bytes]:
        faults = self

        class Disk(io.FileIO):
            def write(self, data: Any) -> int:
                half = len(data) // 2 or 1
                super().write(data[:half])
                faults.count("write")
                return half  # the rest is another call: a short write is no error

        return io.BufferedWriter(Disk(descriptor, mode))


def in_pieces(file: BinaryIO) -> None:
    file.writelines(NEW[start : start + 7_000] for start in range(0, len(NEW), 7_000))


@pytest.mark.parametrize("data", [NEW, in_pieces], ids=["bytes", "function"])
@pytest.mark.parametrize("there", [True, False], ids=["replacing", "making"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_that_a_fault_at_any_call_leaves_the_old_file_or_the_new_one_whole(
    tmp_path: Path, data: bytes | Callable[[BinaryIO], None], there: bool, code: int
) -> None:
    target, survived = tmp_path / "weights.npz", 0
    for fail_at in itertools.count(1):
        target.unlink(missing_ok=True)
        if there:
            target.write_bytes(OLD)
        with pytest.MonkeyPatch.context() as patch:
            faults = Faults(patch, fail_at, code)
            try:
                atomic_write(target, data)
            except FileProblem:
                survived += 1
        if len(faults.calls) < fail_at:
            break
        assert set(tmp_path.iterdir()) <= {target}  # no temporary file
        assert target.read_bytes() in (OLD, NEW) if target.exists() else not there
    assert target.read_bytes() == NEW
    assert survived == len(faults.calls) > 6
    assert list(tmp_path.iterdir()) == [target]


def test_that_the_file_is_on_the_disk_before_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults(monkeypatch, fail_at=0, code=0)
    atomic_write(tmp_path / "a", b"x")
    of_the_folder = [] if sys.platform == "win32" else ["open", "fsync"]
    assert faults.calls[faults.calls.index("fsync") :] == ["fsync", "replace", *of_the_folder]


WRITER = """
import sys
from pathlib import Path
from softmax_gui.files import atomic_write
target, first, second = Path(sys.argv[1]), b"A" * 300_000, b"B" * 500_000
atomic_write(target, first)
print("ready", flush=True)
while True:
    atomic_write(target, second)
    atomic_write(target, first)
"""


def test_that_kill_9_at_a_random_moment_leaves_one_of_two_contents_whole(tmp_path: Path) -> None:
    target, moments = tmp_path / "model.npz", random.Random(0)
    for _ in range(30):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(target)],
            cwd=Path(files.__file__).parents[1],
            stdout=subprocess.PIPE,
        )
        with child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready" + os.linesep.encode()
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(moments.uniform(0.0, 0.02))
            child.kill()
        assert target.read_bytes() in (b"A" * 300_000, b"B" * 500_000)
    left = len(list(tmp_path.iterdir())) - 1
    assert left > 0  # else no moment was one that matters
    if sys.platform != "win32":  # there an hour must pass
        assert len(files.remove_leftovers(tmp_path)) == left
        assert list(tmp_path.iterdir()) == [target]


def test_that_leftovers_of_the_living_and_files_of_others_stay(tmp_path: Path) -> None:
    mine = tmp_path / f".a.npz.{os.getpid()}-0123abcd.tmp-softmax"
    parent = tmp_path / f".a.npz.{os.getppid()}-0123abcd.tmp-softmax"
    others = [tmp_path / name for name in ("a.npz", ".a.tmp-softmax", "a.1-0123abcd.tmp-softmax")]
    for file in (mine, parent, *others):
        file.touch()
    assert files.remove_leftovers(tmp_path) == []
    assert files.remove_leftovers(tmp_path / "nowhere") == []
    assert set(tmp_path.iterdir()) == {mine, parent, *others}


def test_that_a_function_that_fails_or_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_bytes(OLD)

    def fail(file: BinaryIO) -> None:
        file.write(NEW)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic_write(target, fail)
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_bytes() == OLD


@posix_only
def test_that_permission_bits_stay_and_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "real", tmp_path / "link"
    target.write_bytes(OLD)
    target.chmod(0o640)
    link.symlink_to(target)
    atomic_write(link, NEW)
    assert link.is_symlink()
    assert target.read_bytes() == NEW
    assert target.stat().st_mode & 0o7777 == 0o640


@posix_only
def test_that_a_device_is_neither_replaced_nor_read() -> None:
    with pytest.raises(FileProblem, match=r"null could not be written in /dev: it is a device"):
        atomic_write(os.devnull, b"x")
    with pytest.raises(FileProblem, match="null is a device or a pipe, not a file"):
        read_bounded(os.devnull)
    assert Path(os.devnull).is_char_device()


@posix_only
def test_that_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(FileProblem, match=r"pipe.csv is a device or a pipe, not a file. Choose"):
        read_bounded(tmp_path / "pipe.csv")
    with pytest.raises(FileProblem, match="not a file"):
        read_head(tmp_path / "pipe.csv")


def test_that_a_folder_is_refused_either_way(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"is a folder, not a file. Choose a file in it"):
        read_bounded(tmp_path)
    with pytest.raises(FileProblem, match=r"it is a folder. Choose another name"):
        atomic_write(tmp_path, b"")


def test_that_a_write_protected_file_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "kept.csv"
    target.write_bytes(OLD)
    monkeypatch.setattr(os, "access", lambda *_: False)  # chmod does not bind the superuser
    with pytest.raises(FileProblem, match=r"kept.csv could not be written"):
        atomic_write(target, NEW)
    assert target.read_bytes() == OLD


def write_nothing(path: Path) -> None:
    atomic_write(path, b"")


@pytest.mark.parametrize(
    ("use", "code", "sentence"),
    [
        (write_nothing, errno.ENOSPC, r"no space left on .* \(.* free\)\. Free some"),
        (write_nothing, errno.EACCES, r"or the file is write-protected\. Choose another folder"),
        (write_nothing, errno.EROFS, r"or the file is write-protected\. Choose another folder"),
        (write_nothing, errno.ENOENT, "could not be written: there is no folder"),
        (write_nothing, errno.ENAMETOOLONG, r"its name is too long\. Choose a shorter one"),
        (write_nothing, errno.EIO, r"could not be written in .*\. Choose another place"),
        (read_bounded, errno.EACCES, "could not be read: you lack the permission"),
        (read_bounded, errno.ENOENT, r"was not found in .* Check the name"),
        (read_bounded, errno.ENAMETOOLONG, "could not be read: its name is too long"),
        (read_bounded, errno.EIO, r"could not be read from .* Use a copy on another disk"),
    ],
)
def test_that_what_fails_says_what_where_and_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    use: Callable[[Path], object],
    code: int,
    sentence: str,
) -> None:
    Faults(monkeypatch, 1, code)
    with pytest.raises(FileProblem, match=rf"a\.csv .*{sentence}"):
        use(tmp_path / "a.csv")


def test_that_what_really_is_missing_or_too_long_gets_the_same_sentences(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="was not found"):
        read_bounded(tmp_path / "no.csv")
    with pytest.raises(FileProblem, match="there is no folder"):
        atomic_write(tmp_path / "no" / "a.csv", b"")
    with pytest.raises(FileProblem, match="its name is too long"):
        atomic_write(tmp_path / ("가" * 86), b"")
    longest = tmp_path / ("가" * 85)  # 255 bytes: a temporary file's ending has no room
    atomic_write(longest, NEW)
    assert read_bounded(longest) == NEW


def test_that_the_limit_is_the_largest_size_that_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"12345")
    assert read_bounded(file, 5) == b"12345"
    assert (read_head(file), read_head(file, 2)) == (b"12345", b"12")
    with pytest.raises(FileProblem, match=r"a.csv has 5 B, more than the 4 B that can be read"):
        read_bounded(file, 4)


@pytest.mark.parametrize("call", [1, 2], ids=["before it is read", "after it was read"])
def test_that_a_file_that_changes_while_it_is_read_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    file, calls, real = tmp_path / "a.csv", [0], os.fstat
    file.write_bytes(b"12345")
    os.utime(file, (0, 0))

    def fstat(descriptor: int) -> os.stat_result:
        calls[0] += 1
        before = real(descriptor)
        if calls[0] == call + 1:  # the first one looks at the kind
            file.write_bytes(b"123456")
        if call == 1:  # within one tick of a coarse clock: only the size tells
            os.utime(file, (0, 0))
        return before if call == 1 else real(descriptor)

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(FileProblem, match=r"a.csv changed while it was read. Read it again"):
        read_bounded(file)


@posix_only
def test_that_no_descriptor_is_lost_when_reading_is_refused(tmp_path: Path) -> None:
    numbers = []
    for _ in range(3):
        numbers.append(os.open(tmp_path, os.O_RDONLY))  # the lowest one that is free
        os.close(numbers[-1])
        with pytest.raises(FileProblem):
            read_bounded(tmp_path)
    assert len(set(numbers)) == 1


def test_that_names_from_outside_stay_on_one_short_line() -> None:
    assert shown("a\nb\u202ec") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
    assert shown("x" * 4_000) == "x" * 39 + "…"
    sizes = [files.size_text(size) for size in (0, 999, 3_000, 1_550_000, 10**12)]
    assert ", ".join(sizes) == "0 B, 999 B, 3 kB, 1.55 MB, 1 TB"
