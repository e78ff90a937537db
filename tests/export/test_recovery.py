"""Slots of unsaved work: found after a crash, once; never those of a living process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import softmax_gui
from softmax_gui.export import recovery
from softmax_gui.export.project import Project
from softmax_gui.export.recovery import Abandoned, Recovery, list_abandoned
from softmax_gui.files import FileProblem
from softmax_gui.training.config import TrainConfig

OWNER = """
import os, sys
from pathlib import Path
from softmax_gui.export.project import Project
from softmax_gui.export.recovery import Recovery
from softmax_gui.training.config import TrainConfig
slot = Recovery(Path(sys.argv[1]))
slot.keep(Project("iris", TrainConfig(seed=int(sys.argv[2]))), Path("/home/me/work.softmax"))
print(slot.file, flush=True)
sys.stdin.read()
"""


@contextmanager
def another_window(folder: Path, seed: int = 7) -> Iterator[subprocess.Popen[str]]:
    """A process that keeps work in a slot, and waits."""
    child = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder), str(seed)],
        cwd=Path(softmax_gui.__file__).parents[1],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with child:
        assert child.stdout is not None
        assert child.stdout.readline().strip().endswith(".softmax")
        try:
            yield child
        finally:
            child.kill()


def crashed(folder: Path, seed: int = 7) -> Abandoned:
    """What is left of a window that was killed."""
    known = {one.file for one in list_abandoned(folder)}
    with another_window(folder, seed):
        pass
    (left,) = [one for one in list_abandoned(folder) if one.file not in known]
    return left


def test_that_the_work_of_a_living_process_is_nobodys_and_of_a_killed_one_is_found(
    tmp_path: Path,
) -> None:
    before = time.time()
    with another_window(tmp_path) as child:
        assert list_abandoned(tmp_path) == []
        child.kill()
        child.wait()
        (left,) = list_abandoned(tmp_path)
    assert left.project == str(Path("/home/me/work.softmax"))
    assert before <= left.saved_at <= time.time()


def test_that_work_is_taken_over_once_and_then_kept_by_who_took_it(tmp_path: Path) -> None:
    left = crashed(tmp_path)
    mine, other = Recovery(tmp_path), Recovery(tmp_path)
    assert mine.take_over(left).config.seed == 7
    with pytest.raises(FileProblem, match="Another window has recovered this work already"):
        other.take_over(left)
    assert list_abandoned(tmp_path) == []
    assert mine.file.exists()
    assert not left.file.exists()
    mine._open.close()  # as the system does when this process is killed in its turn
    (again,) = list_abandoned(tmp_path)
    assert (again.file, again.project) == (mine.file, left.project)
    assert other.take_over(again).config.seed == 7
    other.close()
    assert list_abandoned(tmp_path) == []


def test_that_a_closed_slot_leaves_nothing(tmp_path: Path) -> None:
    slot = Recovery(tmp_path / "new" / "folder")
    slot.keep(Project("iris", TrainConfig()), None)
    assert slot.file.exists()
    slot.close()
    assert list((tmp_path / "new" / "folder").iterdir()) == []


def test_that_cleared_work_is_not_offered_and_the_slot_goes_on(tmp_path: Path) -> None:
    slot = Recovery(tmp_path)
    slot.keep(Project("iris", TrainConfig()), tmp_path / "a.softmax")
    slot.clear()
    assert not slot.file.exists()
    slot.keep(Project("digits", TrainConfig()), None)
    slot._open.close()
    (left,) = list_abandoned(tmp_path)
    assert left.project == ""
    assert Recovery(tmp_path).take_over(left).source == "digits"


def test_that_two_in_one_process_have_slots_of_their_own(tmp_path: Path) -> None:
    one, other = Recovery(tmp_path), Recovery(tmp_path)
    assert one.file != other.file
    assert one.file.name == f"recovery-{os.getpid()}.softmax"


def test_that_work_left_under_the_number_of_this_process_is_not_overwritten(
    tmp_path: Path,
) -> None:
    dead = Recovery(tmp_path)
    dead.keep(Project("digits", TrainConfig()), None)
    dead._open.close()
    slot = Recovery(tmp_path)
    slot.keep(Project("iris", TrainConfig()), None)
    (left,) = list_abandoned(tmp_path)
    assert left.file == dead.file
    assert slot.take_over(left).source == "digits"


def test_that_discarded_work_is_gone_and_that_of_the_living_stays(tmp_path: Path) -> None:
    left, slot = crashed(tmp_path), Recovery(tmp_path)
    slot.discard(left)
    assert list_abandoned(tmp_path) == []
    assert not left.file.exists()
    with another_window(tmp_path):
        (living,) = tmp_path.glob("recovery-*.softmax")
        slot.discard(Abandoned(living, "", 0.0))
        assert living.exists()
        with pytest.raises(FileProblem, match="Another window"):
            slot.take_over(Abandoned(living, "", 0.0))


def test_that_the_newest_comes_first_and_a_lost_description_hides_nothing(tmp_path: Path) -> None:
    old, new = crashed(tmp_path, 1), crashed(tmp_path, 2)
    assert [one.file for one in list_abandoned(tmp_path)] == [new.file, old.file]
    old.file.with_suffix(".json").write_text("[" * 5000)
    new.file.with_suffix(".json").unlink()
    found = list_abandoned(tmp_path)
    assert {one.file for one in found} == {new.file, old.file}
    assert {one.project for one in found} == {""}


def test_that_damaged_work_is_said_and_stays(tmp_path: Path) -> None:
    left, slot = crashed(tmp_path), Recovery(tmp_path)
    left.file.write_bytes(left.file.read_bytes()[:-30])
    with pytest.raises(FileProblem, match="is damaged or cut short"):
        slot.take_over(left)
    assert list_abandoned(tmp_path) == [left]
    assert not slot.file.exists()


def test_that_without_locks_the_process_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = crashed(tmp_path)

    @contextmanager
    def without(lock: Path) -> Iterator[bool]:
        yield True

    monkeypatch.setattr(recovery, "held_alone", without)
    with another_window(tmp_path):
        assert list_abandoned(tmp_path) == [left]
    assert len(list_abandoned(tmp_path)) == 2
    monkeypatch.setattr("socket.gethostname", lambda: "another machine")
    assert list_abandoned(tmp_path) == []


def test_that_old_locks_without_work_are_cleared_away(tmp_path: Path) -> None:
    slot = Recovery(tmp_path)
    mine = slot.file.with_suffix(".lock")
    old, new = tmp_path / "recovery-1.lock", tmp_path / "recovery-2.lock"
    for lock in (old, new):
        lock.touch()
    for lock in (old, mine):
        os.utime(lock, (0, 0))
    assert list_abandoned(tmp_path) == []
    assert sorted(tmp_path.iterdir()) == sorted([mine, new])


def test_that_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileProblem, match=r"can't be made: .*Unsaved work is not kept"):
        Recovery(tmp_path / "file" / "folder")
    assert list_abandoned(tmp_path / "nowhere") == []
