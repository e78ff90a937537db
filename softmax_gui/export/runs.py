"""From a run to a model, and to a run folder: model.safetensors, metrics.csv, config.json."""

from __future__ import annotations

import csv
import errno
import io
import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from softmax_gui import __version__
from softmax_gui.data.dataset import Split
from softmax_gui.data.samples import SAMPLES
from softmax_gui.export.model import TrainedModel
from softmax_gui.export.weights import load_model, save_model
from softmax_gui.files import FileProblem, atomic_write
from softmax_gui.i18n import tr
from softmax_gui.training.history import COLUMNS
from softmax_gui.training.run import Run, measurements
from softmax_gui.training.snapshot import Snapshot

MODEL, METRICS, CONFIG = "model.safetensors", "metrics.csv", "config.json"


def trained_model(snapshot: Snapshot, split: Split) -> TrainedModel:
    """What leaves the app: the snapshot's weights with the names and scaling of their data.

    Its metrics have "steps", the step of the weights; where losses and accuracies are of an
    earlier one, "measured_at" says which.

    Raises:
        ModelProblem: the weights are not finite, or a name can't be written to a file.
    """
    data = split.dataset
    known = {name: value for name, value in measurements(snapshot).items() if value is not None}
    known["steps"] = float(snapshot.step)
    if snapshot.measured_at != snapshot.step:
        known["measured_at"] = float(snapshot.measured_at)
    return TrainedModel(
        dense=snapshot.model,
        class_names=data.class_names,
        feature_names=data.feature_names,
        scaling=split.scaling,
        image_shape=data.image_shape,
        pixel_range=data.pixel_range,
        data=data.name.encode(errors="backslashreplace").decode(),  # as in config.json
        metrics=known,
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


def save_run(folder: Path, run: Run, source: str) -> None:
    """Writes the three files of a run, the weights first; makes the folder.

    Args:
        folder: replaced files are those of an earlier run.
        run: the run.
        source: the data as they were named: a sample or a path.

    Raises:
        FileProblem: the folder can't be made or a file can't be written.
    """
    make_run_folder(folder)
    save_model(trained_model(run.snapshot, run.split), folder / MODEL)
    atomic_write(folder / METRICS, _metrics_csv(run.snapshot).encode())
    config = json.dumps(_config_of(run, source), ensure_ascii=False, indent=1) + "\n"
    atomic_write(folder / CONFIG, config.encode(errors="backslashreplace"))


def load_run_or_model(path: str) -> TrainedModel:
    """The model of a run folder or of a weights file.

    Raises:
        FileProblem, ModelProblem: neither, or damaged.
    """
    place = Path(path)
    if place.is_dir() and not (place / MODEL).exists():
        message = tr("{folder} holds no {model}, so it is no run folder. Choose another one.")
        raise FileProblem(message.format(folder=place, model=MODEL))
    return load_model(place / MODEL if place.is_dir() else place)


def _config_of(run: Run, source: str) -> dict[str, Any]:
    """What `train` needs to do it again, under the names of its options; then what came of it."""
    one, data = run.snapshot, run.split.dataset
    return {
        "version": __version__,
        "data": source if source in SAMPLES else str(Path(source).absolute()),
        "epochs": run.epochs,
        "validation_share": data.validation_share,
        **asdict(one.config),
        "n": data.n, "d": data.d, "q": data.q,
        "steps": one.step,
        "device_used": one.device.kind,
        "interrupted": run.interrupted,
    }  # fmt: skip


def _metrics_csv(snapshot: Snapshot) -> str:
    """A row a measurement; a cell is empty where the part has no rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for step, *values in snapshot.history.rows.tolist():
        writer.writerow([int(step), *("" if math.isnan(value) else value for value in values)])
    return text.getvalue()
