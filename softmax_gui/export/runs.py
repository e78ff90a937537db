"""What a run folder holds: names of files, settings to do it again, and the trained model."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import math
import os
import platform
import re
import socket
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui import __version__
from softmax_gui.core.dense import Dense
from softmax_gui.data.dataset import Split
from softmax_gui.data.samples import SAMPLES
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.weights import load_model
from softmax_gui.files import FileProblem, read_bounded
from softmax_gui.i18n import tr
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.history import COLUMNS
from softmax_gui.training.run import Run, measurements
from softmax_gui.training.snapshot import Snapshot

MODEL, METRICS, CONFIG = "model.safetensors", "metrics.csv", "config.json"
STATUS, CHECKPOINTS = "status.json", "checkpoints"
DIGEST_BYTES = 1 << 28  # of the features; 0.3 s
_CHECKPOINT = re.compile(r"step-(\d{9,18})\.safetensors")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def trained_model(snapshot: Snapshot, split: Split | StoredSplit) -> TrainedModel:
    """What leaves the app: the snapshot's weights with the names and scaling of their data.

    Its metrics have "steps", the step of the weights; where losses and accuracies are of an
    earlier one, "measured_at" says which.

    Raises:
        ModelProblem: the weights are not finite, or a name can't be written to a file.
    """
    known = {name: value for name, value in measurements(snapshot).items() if value is not None}
    known["steps"] = float(snapshot.step)
    if snapshot.measured_at != snapshot.step:
        known["measured_at"] = float(snapshot.measured_at)
    return described(snapshot.model, split, known)


def described(dense: Dense, split: Split | StoredSplit, metrics: dict[str, float]) -> TrainedModel:
    """Weights for the features of `split`, with the names and scaling of its data.

    Raises:
        ModelProblem: the weights are not finite, or a name can't be written to a file.
    """
    data = split.dataset
    return TrainedModel(
        dense=dense,
        class_names=data.class_names,
        feature_names=data.feature_names,
        scaling=split.scaling,
        image_shape=data.image_shape,
        pixel_range=data.pixel_range,
        data=data.name.encode(errors="backslashreplace").decode(),  # as in config.json
        metrics=metrics,
    )


def make_run_folder(folder: Path) -> None:
    """Makes the folder of a run, before hours of training go into it.

    Raises:
        FileProblem: it can't be made, or nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        message = tr("The folder {folder} can't be made: {reason}. Choose another place.")
        raise FileProblem(message.format(folder=folder, reason=error.strerror)) from error


def load_run_or_model(path: str) -> TrainedModel:
    """The model of a run folder, of its newest checkpoint while it has no other, or of a file.

    Raises:
        FileProblem, ModelProblem: neither, or damaged.
    """
    place = Path(path)
    if not place.is_dir():
        return load_model(place)
    model = place / MODEL
    if model.exists():
        return load_model(model)
    for _, checkpoint in reversed(checkpoint_files(place)):
        with contextlib.suppress(ModelProblem, FileProblem):  # the one before may be whole
            return load_model(checkpoint)
    message = tr("{folder} holds no {model}, so it is no run folder. Choose another one.")
    raise FileProblem(message.format(folder=place, model=MODEL))


def checkpoint_files(folder: Path) -> list[tuple[int, Path]]:
    """The checkpoints of a run folder with their steps, the oldest first."""
    try:
        paths = list((folder / CHECKPOINTS).iterdir())
    except OSError:  # none yet, or the shared disk is away
        return []
    found = ((_CHECKPOINT.fullmatch(path.name), path) for path in paths)
    return sorted((int(match[1]), path) for match, path in found if match)


def checkpoint_path(folder: Path, step: int) -> Path:
    """The name of the checkpoint of a step."""
    return folder / CHECKPOINTS / f"step-{step:09d}.safetensors"


def settings_of(
    split: Split | StoredSplit, config: TrainConfig, epochs: int, source: str, patience: int = 0
) -> dict[str, Any]:
    """What `train` needs to do it again, under the names of its options; then on what it ran.

    Args:
        split: the data.
        config: the settings.
        epochs: as many as are wanted.
        source: the data as they were named: a sample or a path.
        patience: of early stopping, in epochs; 0 for none.
    """
    data = split.dataset
    return {
        "version": __version__,
        "data": source if source in SAMPLES else str(Path(source).absolute()),
        "epochs": epochs,
        "validation_share": data.validation_share,
        **asdict(config),
        "early_stopping": patience,
        "n": data.n, "d": data.d, "q": data.q,
        "data_digest": data_digest(split),
        "machine": {
            "host": socket.gethostname(), "system": platform.platform(),
            "processor": platform.machine(), "cores": os.cpu_count(),
            "python": platform.python_version(), "numpy": np.__version__,
            **{name: value for name in _THREADS if (value := os.environ.get(name))},
        },
    }  # fmt: skip


def outcome_of(run: Run) -> dict[str, Any]:
    """What came of the settings."""
    one = run.snapshot
    return {
        "steps": one.step, "device_used": one.device.kind, "threads_used": one.device.threads,
        "ended": run.ended, "interrupted": run.interrupted,
    }  # fmt: skip


def data_digest(split: Split | StoredSplit) -> str:
    """Tells whether two readers saw the same rows.

    Of very many every k-th row is looked at, of rows on disk the samples that are in memory.
    """
    data, digest = split.dataset, hashlib.blake2b(digest_size=16)
    digest.update("\n".join(data.class_names).encode(errors="surrogateescape"))
    arrays: list[np.ndarray | None] = [data.labels]
    if isinstance(split, Split):
        whole = split.dataset
        arrays += [whole.X, whole.targets, whole.weights, whole.parts]
        digest.update("\n".join(whole.groups or ()).encode(errors="surrogateescape"))
    else:
        arrays += [split.train.sample.X, split.validation.X]
    for array in arrays:
        if array is not None:
            _digest_rows(digest, array)
    return digest.hexdigest()


def _digest_rows(digest: hashlib.blake2b, array: np.ndarray) -> None:
    every = max(1, array.nbytes // DIGEST_BYTES)
    rows = every * max(1, (1 << 22) // max(1, array[:1].nbytes))
    for start in range(0, len(array), rows):
        digest.update(np.ascontiguousarray(array[start : start + rows : every]).data)


def rows_csv(rows: np.ndarray) -> bytes:
    """The lines of measurements (m, len(COLUMNS)); a cell is empty where the part has no rows."""
    return b"".join(
        ",".join([str(int(step)), *("" if math.isnan(v) else repr(v) for v in values)]).encode()
        + b"\n"
        for step, *values in rows.tolist()
    )


def rows_before(path: Path, step: float) -> bytes:
    """The lines of a metrics file up to a step, whole ones alone; the header where it has none.

    Raises:
        FileProblem: it can't be read.
    """
    header = ",".join(COLUMNS).encode() + b"\n"
    if not path.exists():
        return header
    kept = []
    for line in read_bounded(path).split(b"\n")[1:-1]:
        first, _, rest = line.partition(b",")
        if rest and first.isdigit() and int(first) < step:
            kept.append(line + b"\n")
    return header + b"".join(kept)
