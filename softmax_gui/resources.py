"""Where the shipped files lie: in a wheel beside the code, in a checkout above it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Path of a shipped file or folder, from its names: "samples", "iris.csv"."""
    packed = _PACKAGE / "_resources"
    return (packed if packed.is_dir() else _PACKAGE.parent / "resources").joinpath(*parts)
