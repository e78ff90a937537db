"""A folder of pictures: one stated rule for all kinds; broken ones left out by name."""

from __future__ import annotations

import io
import shutil
import struct
import sys
import tempfile
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import Cancelled, ReadOptions
from softmax_gui.data.pictures import look_at_pictures, read_pictures
from tests.data.picture_files import GRAY, KINDS, Image, only, pets, refusal, save


@pytest.mark.parametrize("kind", KINDS)
def test_that_eight_files_of_each_kind_survive_whatever_they_are_called(
    tmp_path: Path, kind: str
) -> None:
    pets(tmp_path, 8, kind)
    for file in list((tmp_path / "cat").iterdir()):
        file.rename(file.with_suffix(".dat"))
    data = read_pictures(tmp_path)
    assert (data.n, data.class_names, data.counts.tolist()) == (16, ("cat", "dog"), [8, 8])
    assert (data.image_shape, data.pixel_range) == ((4, 6), (0.0, 255.0))
    assert np.abs(data.X.mean(axis=1) - [*range(50, 58), *range(200, 208)]).max() < 3


def test_that_pixels_are_those_of_the_file(tmp_path: Path) -> None:
    assert only(tmp_path, GRAY).tolist() == GRAY.tolist()


def test_that_16_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.uint16).reshape(4, 6) * 2500
    np.testing.assert_allclose(only(tmp_path, values), values / 257.0, rtol=1e-6)


def test_that_transparent_is_white(tmp_path: Path) -> None:
    array = np.zeros((4, 6, 4), np.uint8)
    array[0, :, 3] = 255
    read = only(tmp_path, array)
    assert read[0].tolist() == [0.0] * 6
    assert read[1:].min() == 255.0


def test_that_gray_is_the_luma_of_itu_r_601(tmp_path: Path) -> None:
    array = np.random.default_rng(1).integers(0, 256, (4, 6, 3), np.uint8)
    np.testing.assert_allclose(only(tmp_path, array), array @ [0.299, 0.587, 0.114], atol=0.51)


def test_that_colour_is_red_green_blue_of_each_pixel(tmp_path: Path) -> None:
    array = np.random.default_rng(2).integers(0, 256, (4, 6, 3), np.uint8)
    save(tmp_path / "a" / "0.png", array)
    save(tmp_path / "b" / "0.png", GRAY)
    data = read_pictures(tmp_path, ReadOptions(colour="rgb"))
    assert data.X[0].tolist() == array.reshape(-1).tolist()
    assert data.X[1].tolist() == np.repeat(GRAY.reshape(-1), 3).tolist()
    assert data.image_shape is None
    assert "row by row, red green blue" in data.notes[0]


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "LA", "RGBA", "I;16"])
def test_that_every_mode_becomes_gray(tmp_path: Path, mode: str) -> None:
    (tmp_path / "a").mkdir()
    array = np.full((4, 6), 255, np.uint8)
    if mode == "I;16":
        image = Image.fromarray(array.astype(np.uint16) * 257)
    else:
        image = Image.fromarray(array).convert("RGB" if mode != "1" else "L").convert(mode)
    image.save(tmp_path / "a" / "0", "TIFF")
    save(tmp_path / "b" / "0.png", GRAY)
    assert np.abs(read_pictures(tmp_path).X[0] - 255.0).max() < 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_that_a_picture_is_turned_as_exif_says(tmp_path: Path, orientation: int, kind: str) -> None:
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8] = 250
    turns: dict[int, Any] = {
        1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: np.transpose,
        6: lambda a: np.rot90(a, 1), 7: lambda a: np.rot90(a, 2).T, 8: lambda a: np.rot90(a, -1),
    }  # fmt: skip
    exif = Image.Exif()
    exif[274] = orientation
    stored = np.ascontiguousarray(turns[orientation](upright))
    save(tmp_path / "a" / "0", stored, kind, exif=exif)
    save(tmp_path / "a" / "1", upright)
    save(tmp_path / "b" / "0", upright)
    data = read_pictures(tmp_path)
    assert data.image_shape == (16, 24)
    assert np.abs(data.X[0] - upright.reshape(-1)).max() < 10


def test_that_mixed_sizes_become_the_commonest_by_a_rule_that_is_said(tmp_path: Path) -> None:
    pets(tmp_path)
    wide = np.repeat(np.repeat(GRAY, 2, axis=0), 2, axis=1)
    save(tmp_path / "cat" / "9.png", np.pad(wide, ((0, 0), (4, 4)), constant_values=255))
    save(tmp_path / "dog" / "9.png", np.full((5, 9), 77, np.uint8))
    data = read_pictures(tmp_path)
    assert data.image_shape == (4, 6)
    assert data.X[2].tolist() == GRAY.reshape(-1).tolist()  # cut at the sides, then 2 x 2 means
    assert data.X[5].tolist() == [77.0] * 24
    said = " ".join(data.notes)
    assert "mean over boxes (whole factors), Lanczos with 3 lobes" in said
    assert "4 x 6 is the commonest" in said


def test_that_large_pictures_are_shrunk_to_64_pixels_a_side(tmp_path: Path) -> None:
    for label in "ab":
        save(tmp_path / label / "0.png", np.zeros((96, 128), np.uint8))
    assert read_pictures(tmp_path).image_shape == (48, 64)
    asked = ReadOptions(picture_size=(96, 128))
    assert read_pictures(tmp_path, asked).image_shape == (96, 128)


def huge_png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def test_that_broken_pictures_are_left_out_by_name_and_the_rest_load(tmp_path: Path) -> None:
    pets(tmp_path)
    whole = (tmp_path / "cat" / "0.png").read_bytes()
    flipped = bytearray(whole)
    flipped[-20] ^= 1
    broken = {
        "cut.png": whole[:-20],
        "flipped.png": bytes(flipped),
        "huge.png": huge_png(60_000, 60_000),
        "large.png": huge_png(12_000, 12_000),
        "none.png": b"",
        "text.jpg": b"no picture at all",
    }
    for name, content in broken.items():
        (tmp_path / "cat" / name).write_bytes(content)
    data = read_pictures(tmp_path)
    assert data.X[:, 0].tolist() == [50, 51, 200, 201]
    said = next(note for note in data.notes if "left out" in note)
    assert said.startswith("6 of 10 files were left out: cat/cut.png (")
    assert all(f"cat/{name}" in said for name in broken)
    assert "3,600,000,000 pixels, more than 100,000,000" in said
    assert "144,000,000 pixels" in said


def test_that_every_cut_of_every_kind_is_left_out_or_read(tmp_path: Path) -> None:
    pets(tmp_path, 1)
    for kind in KINDS:
        buffer = io.BytesIO()
        Image.fromarray(GRAY).save(buffer, kind)
        for at in range(0, len(buffer.getvalue()), 7):
            (tmp_path / "cat" / f"{kind}-{at}").write_bytes(buffer.getvalue()[:at])
    data = read_pictures(tmp_path)
    assert data.counts[1] == 1
    assert "were left out" in " ".join(data.notes)


def test_that_a_class_without_a_readable_picture_is_none_and_said(tmp_path: Path) -> None:
    pets(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "newt").mkdir()
    (tmp_path / "newt" / "a.png").write_bytes(b"x")
    data = read_pictures(tmp_path)
    assert data.class_names == ("cat", "dog")
    said = " ".join(data.notes)
    assert "No picture of these classes could be read, so they are none: newt." in said
    assert "Folders without a file, left out as classes: empty." in said


def test_that_reading_is_watched_and_leaves_no_thread_when_cancelled(tmp_path: Path) -> None:
    pets(tmp_path, 20)
    shares: list[float] = []
    read_pictures(tmp_path, watch=shares.append)
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    before = threading.active_count()

    def cancel(share: float) -> None:
        if share > 0.0:
            raise Cancelled

    with pytest.raises(Cancelled):
        read_pictures(tmp_path, watch=cancel)
    for thread in threading.enumerate():
        if thread.name.startswith("picture"):
            thread.join(5)
    assert threading.active_count() <= before


def test_that_a_missing_pillow_is_said_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pets(tmp_path)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    sentence = 'Install it with: pip install "softmax-gui[pictures]"'
    assert sentence in refusal(tmp_path)
    seen = look_at_pictures(tmp_path)
    assert sentence in seen.problem
    assert seen.classes == (("cat", 2), ("dog", 2))


@given(content=st.binary(max_size=200), start=st.sampled_from(KINDS), kept=st.integers(0, 60))
@settings(max_examples=80, deadline=None)
def test_that_random_bytes_are_left_out_or_read(content: bytes, start: str, kept: int) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        pets(folder, 1)
        buffer = io.BytesIO()
        Image.fromarray(GRAY).save(buffer, start)
        (folder / "cat" / "random").write_bytes(buffer.getvalue()[:kept] + content)
        data = read_pictures(folder, ReadOptions(picture_size=(4, 6)))
        assert isinstance(data, Dataset)
        assert data.n in (2, 3)
    finally:
        shutil.rmtree(folder)
