"""Projects that are damaged, new or meant to harm: refused in a sentence, in bounded memory."""

from __future__ import annotations

import errno
import io
import itertools
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from softmax_gui.export.project import Project, load_project, save_project
from softmax_gui.files import FileProblem
from tests.export.projects import (
    SMALL,
    a_project,
    bytes_of,
    contents,
    zipped,
)
from tests.test_files import Faults

LIMIT_BYTES = 40_000_000


def npy_of_zeros(count: int) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f8", "fortran_order": False, "shape": (count, 7)}
    )
    return buffer.getvalue()


def bombs() -> dict[str, bytes]:
    """Small files that would take much memory."""
    members = {"project.json": b"{}"}
    good = bytes_of(a_project())
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        whole = {name: archive.read(name) for name in archive.namelist()}
    flood = zipped(members | {"history.npy": bytes(300_000_000)})
    lying = bytearray(zipped({"project.json": bytes(100_000_000)}))
    at = lying.rindex(b"PK\x01\x02")
    lying[at + 24 : at + 28] = (100).to_bytes(4, "little")  # its size, as the directory says
    many = zipped({"project.json": b"{}"} | {f"{i}": b"" for i in range(3000)})
    inner = zipped({"X.npy": npy_of_zeros(1) + bytes(50_000_000), "y.npy": b""})
    header = zipped({"X.npy": npy_of_zeros(1 << 40), "y.npy": npy_of_zeros(1 << 40)})
    return {
        "a flood of zeros": flood,
        "a size that lies": bytes(lying),
        "a long text": zipped({"project.json": b" " * 17_000_000}),
        "a directory without end": many,
        "a history that is not there": zipped(whole | {"history.npy": npy_of_zeros(1 << 40)}),
        "drawn examples too many": zipped(whole | {"drawn.npz": inner}),
        "drawn examples that are not there": zipped(whole | {"drawn.npz": header}),
        "weights that are not there": zipped(
            whole | {"run.safetensors": b"\xff\xff\xff\xff\xff\xff\xff\x00{}"}
        ),
    }


BOMBS = bombs()


@pytest.mark.parametrize("kind", BOMBS)
def test_that_a_bomb_is_refused_in_little_memory(tmp_path: Path, kind: str) -> None:
    assert len(BOMBS[kind]) < 500_000
    (tmp_path / "bomb.softmax").write_bytes(BOMBS[kind])
    tracemalloc.start()
    try:
        with pytest.raises(FileProblem, match=r"^bomb\.softmax "):
            load_project(tmp_path / "bomb.softmax")
        assert tracemalloc.get_traced_memory()[1] < LIMIT_BYTES
    finally:
        tracemalloc.stop()


WHOLE = a_project()
GOOD = bytes_of(WHOLE)


def loads_or_refuses(data: bytes) -> Project | None:
    """What is in the bytes, None where they are refused in a sentence; in bounded memory."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "p.softmax")
        file.write_bytes(data)
        tracemalloc.start()
        try:
            return load_project(file)
        except FileProblem as problem:
            said = str(problem)
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < LIMIT_BYTES
    assert said.startswith("p.softmax ")
    return None


@settings(max_examples=300)
@given(position=st.integers(0, len(GOOD) - 1), bit=st.integers(0, 7))
def test_that_a_flipped_bit_is_refused_or_changes_nothing(position: int, bit: int) -> None:
    flipped = bytearray(GOOD)
    flipped[position] ^= 1 << bit
    again = loads_or_refuses(bytes(flipped))
    if again is not None:
        assert contents(again) == contents(WHOLE)


@settings(max_examples=100)
@given(data=st.binary(max_size=300))
@example(b"PK\x05\x06" + bytes(18))
@example(b"PK\x05\x06" + b"\xff" * 18)
@example(b"PK\x06\x07" + b"\xff" * 16 + b"PK\x05\x06" + b"\xff" * 16 + b"\0\0")
def test_that_random_bytes_are_refused(data: bytes) -> None:
    assert loads_or_refuses(data) is None


@settings(max_examples=200)
@given(
    name=st.sampled_from(["project.json", "run.safetensors", "history.npy", "drawn.npz"]),
    position=st.integers(0, 4000),
    change=st.binary(min_size=1, max_size=8),
)
def test_that_changed_members_with_right_checksums_load_or_are_refused(
    name: str, position: int, change: bytes
) -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    content = bytearray(members[name])
    at = position % len(content)
    content[at : at + len(change)] = change
    again = loads_or_refuses(zipped(members | {name: bytes(content)}))
    if again is not None:
        assert again.checkpoint is not None
        assert again.checkpoint.parameters.W.shape == (5, 3)
        assert again.history.shape[1] == 7


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_that_a_fault_at_any_call_leaves_the_old_project_or_the_new_one_whole(
    tmp_path: Path, code: int
) -> None:
    target, survived = tmp_path / "work.softmax", 0
    old, new = bytes_of(a_project()), bytes_of(SMALL)
    for fail_at in itertools.count(1):
        target.write_bytes(old)
        with pytest.MonkeyPatch.context() as patch:
            faults = Faults(patch, fail_at, code)
            try:
                save_project(target, SMALL)
            except FileProblem:
                survived += 1
        assert list(tmp_path.iterdir()) == [target]
        assert target.read_bytes() in (old, new)
        if len(faults.calls) < fail_at:
            break
    assert target.read_bytes() == new
    assert survived == len(faults.calls) > 6
