"""The files that the readers are timed on: a CSV, IDX pictures, PNG pictures, a sparse NPY."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROWS, FEATURES, CLASSES = 340_000, 64, 10  # 186 MB of CSV
PICTURES, SIDE = 60_000, 28
PNGS, PNG_SIDE = 5_000, 64
NPY_BYTES, NPY_D = 10_000_000_000, 512
_BLOCK = 10_000


def csv(folder: Path, share: float) -> Path:
    """Normal numbers of five decimals and a class at the end of each row."""
    random, path = np.random.default_rng(0), folder / "table.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join([*(f"f{j}" for j in range(FEATURES)), "label"]) + "\n")
        for start in range(0, (n := _of(ROWS, share)), _BLOCK):
            X = random.standard_normal((min(_BLOCK, n - start), FEATURES)).tolist()
            file.writelines(
                ",".join([*map("{:.5f}".format, row), f"c{i % CLASSES}"]) + "\n"
                for i, row in enumerate(X)
            )
    return path


def idx(folder: Path, share: float) -> Path:
    """Pictures of bytes, a fifth of them not black, and their labels, under MNIST's names."""
    random, n = np.random.default_rng(0), _of(PICTURES, share)
    pictures = random.integers(0, 256, (n, SIDE, SIDE), np.uint8)
    pictures[random.random(pictures.shape) < 0.8] = 0
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(struct.pack(">4I", 0x803, n, SIDE, SIDE) + pictures.tobytes())
    labels = (np.arange(n) % CLASSES).astype(np.uint8).tobytes()
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, n) + labels)
    return path


def png(folder: Path, share: float) -> Path:
    """Gray pictures in ten sub-folders."""
    from PIL import Image

    random, place = np.random.default_rng(0), folder / "pictures"
    for label in range(CLASSES):
        (place / f"c{label}").mkdir(parents=True)
    for i in range(_of(PNGS, share)):
        coarse = random.integers(0, 256, (PNG_SIDE // 4, PNG_SIDE // 4), np.uint8)
        picture = Image.fromarray(coarse.repeat(4, 0).repeat(4, 1))
        picture.save(place / f"c{i % CLASSES}" / f"{i:05d}.png")
    return place


def npy(folder: Path, share: float) -> Path:
    """Rows of zeros that take no room on disk, and their labels."""
    path, n = folder / "x-large.npy", _of(NPY_BYTES // (4 * NPY_D), share)
    header = {"descr": "<f4", "fortran_order": False, "shape": (n, NPY_D)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 4 * NPY_D * n)
    np.save(folder / "y-large.npy", np.arange(n) % CLASSES)
    return path


MAKERS: dict[str, Callable[[Path, float], Path]] = {"csv": csv, "idx": idx, "png": png, "npy": npy}


def _of(count: int, share: float) -> int:
    return max(2 * CLASSES, round(count * share))
