"""convert: data of any kind as NPZ or CSV, read back and compared before it is said to be done."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from softmax_gui.commands import DONE
from softmax_gui.commands.data import reading
from softmax_gui.console import say
from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import read_dataset
from softmax_gui.data.samples import load
from softmax_gui.export.datasets import dataset_csv, dataset_npz
from softmax_gui.files import FileProblem, atomic_write


def run(options: argparse.Namespace) -> int:
    """Writes a dataset, and reads it back to see that nothing was lost."""
    target = Path(options.to)
    if target.exists() and Path(options.data).exists() and target.samefile(options.data):
        options.refuse(f"--to {options.to} would replace what is read")
    data = load(options.data, options=reading(options))
    if target.suffix.lower() == ".npz":
        atomic_write(target, dataset_npz(data))
        _look_back(data, target, ReadOptions(limit_bytes=1 << 62))
        say(f"{options.to}: {data.n:,} rows written.")
        return DONE
    text, needed = dataset_csv(data)
    atomic_write(target, text)
    _look_back(data, target, needed)
    how = _said(needed)
    say(f"{options.to}: {data.n:,} rows written." + (f" Read it with {how}." if how else ""))
    return DONE


def _look_back(data: Dataset, target: Path, options: ReadOptions) -> None:
    """Raises FileProblem if the file reads back as something else."""
    again = read_dataset(target, options)
    alike = (
        np.array_equal(again.X, data.X)
        and again.class_names == data.class_names
        and again.feature_names == data.feature_names
        and np.array_equal(again.labels, data.labels)
        and _near(again.targets, data.targets)
    )
    if not alike:
        raise FileProblem(f"{target.name} does not read back equal. Write .npz instead.")


def _near(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Targets are scaled to sum to 1 when they are read: the last bit may differ."""
    if one is None or other is None:
        return one is other
    return bool(np.allclose(one, other, rtol=0.0, atol=1e-12))


def _said(options: ReadOptions) -> str:
    """The options a reader needs, as one types them."""
    said = []
    if options.label_column is not None:
        said.append(f"--label-column {options.label_column}")
    if options.target_columns:
        said.append("--target-columns " + ",".join(options.target_columns))
    if options.class_order:
        said.append("--class-order " + ",".join(options.class_order))
    if options.group_column is not None:
        said.append(f"--group-column {options.group_column}")
    if options.split_column is not None:
        said.append(f"--split-column {options.split_column}")
    return " ".join(said)
