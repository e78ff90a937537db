"""From a run to a model, and to a run folder: config.json, metrics.csv, model.safetensors."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path

from softmax_gui.data.dataset import Split
from softmax_gui.export.model import TrainedModel
from softmax_gui.export.weights import load_model, save_model
from softmax_gui.files import FileProblem, atomic_write
from softmax_gui.i18n import tr
from softmax_gui.training.history import COLUMNS
from softmax_gui.training.run import Run
from softmax_gui.training.snapshot import Snapshot

MODEL = "model.safetensors"


def trained_model(snapshot: Snapshot, split: Split) -> TrainedModel:
    """What leaves the app: the snapshot's weights with the names and scaling of their data."""
    data = split.dataset
    return TrainedModel(
        dense=snapshot.model,
        class_names=data.class_names,
        feature_names=data.feature_names,
        scaling=split.scaling,
        image_shape=data.image_shape,
        pixel_range=data.pixel_range,
        data=data.name,
        metrics={
            "train_loss": snapshot.train.loss,
            "train_accuracy": snapshot.train.accuracy,
            "validation_loss": snapshot.validation.loss,
            "validation_accuracy": snapshot.validation.accuracy,
            "steps": float(snapshot.step),
        },
    )


def save_run(folder: Path, run: Run) -> Path:
    """Writes the three files of a run; makes the folder.

    Raises:
        FileProblem: the folder can't be made or a file can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = tr("The folder {folder} can't be made: {reason}. Choose another place.")
        raise FileProblem(message.format(folder=folder, reason=error.strerror)) from error
    snapshot = run.snapshot
    config = {**asdict(snapshot.config), "data": run.split.dataset.name}
    atomic_write(folder / "config.json", json.dumps(config, indent=1).encode())
    atomic_write(folder / "metrics.csv", _metrics_csv(snapshot).encode())
    save_model(trained_model(snapshot, run.split), folder / MODEL)
    return folder


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


def _metrics_csv(snapshot: Snapshot) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in snapshot.history.rows.tolist():
        writer.writerow([int(row[0]), *row[1:]])
    return text.getvalue()
