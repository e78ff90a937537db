"""Folders of pictures for tests, made as they are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.pictures import read_pictures
from softmax_gui.files import FileProblem

Image = pytest.importorskip("PIL.Image")
KINDS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF")
GRAY = np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)


def save(path: Path, array: np.ndarray[Any, Any], kind: str = "PNG", **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, kind, **options)


def pets(folder: Path, count: int = 2, kind: str = "PNG") -> Path:
    for label, value in (("cat", 50), ("dog", 200)):
        for i in range(count):
            array = np.full((4, 6), value + i, np.uint8)
            save(folder / label / f"{i}.{kind.lower()}", array, kind)
    return folder


def only(folder: Path, array: np.ndarray[Any, Any], **options: Any) -> np.ndarray[Any, Any]:
    """The first of two pictures, as it was read at (4, 6)."""
    save(folder / "a" / "0.png", array, **options)
    save(folder / "b" / "0.png", GRAY)
    data = read_pictures(folder, ReadOptions(picture_size=(4, 6)))
    return np.reshape(data.X[0], (4, 6))


def refusal(path: Path, options: ReadOptions | None = None) -> str:
    with pytest.raises(FileProblem) as problem:
        read_pictures(path, options or ReadOptions())
    return str(problem.value)
