"""IDX files for tests, made as they are needed."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_gui.data.idx import read_idx
from softmax_gui.data.options import ReadOptions
from softmax_gui.files import FileProblem

CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}
PICTURES = np.arange(48, dtype=np.uint8).reshape(4, 3, 4)
LABELS = np.array([3, 1, 3, 1], np.uint8)


def idx(array: np.ndarray[Any, Any], kind: str = "u1") -> bytes:
    shape = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, CODES[kind], array.ndim]) + shape + array.astype(kind).tobytes()


def pair(
    folder: Path, images: str = "train-images-idx3-ubyte", labels: str = "train-labels-idx1-ubyte"
) -> Path:
    for name, array in ((images, PICTURES), (labels, LABELS)):
        data = idx(array)
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder / images


def refusal(path: Path, options: ReadOptions | None = None) -> str:
    with pytest.raises(FileProblem) as problem:
        read_idx(path, options or ReadOptions())
    return str(problem.value)
