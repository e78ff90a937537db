"""A recipe: what `train` did, in JSON, so that it can be done again and compared field by field."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui import __version__
from softmax_gui.commands.data import Source, options_from
from softmax_gui.data.dataset import Split
from softmax_gui.data.samples import SAMPLES
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.export.runs import data_digest
from softmax_gui.files import FileProblem, atomic_write, read_bounded, regular_file, shown
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.run import Run

KIND, FORMAT = "softmax-gui recipe", 1
_LIMIT_BYTES = 16 << 20  # the names of very many classes
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Recipe:
    """What was done, and the record it was read from."""

    source: Source
    config: TrainConfig
    epochs: int
    patience: int
    record: dict[str, Any]


def write_recipe(
    path: str, source: Source, parts: Split | StoredSplit, ran: Run, patience: int
) -> None:
    """Writes down how the weights of a run came about.

    Raises:
        FileProblem: it can't be written.
    """
    record = _record(source, parts, ran, patience)
    text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    atomic_write(path, text.encode(errors="backslashreplace"))


def read_recipe(path: str) -> Recipe:
    """The recipe in a file.

    Raises:
        FileProblem: it can't be read, or is no recipe; the sentence names the field.
    """
    file = shown(Path(path).name)
    try:
        record = json.loads(read_bounded(path, _LIMIT_BYTES))
    except (ValueError, RecursionError) as error:
        if isinstance(error, FileProblem):
            raise
        raise FileProblem(f"{file} is no JSON, so it is no recipe. Choose another file.") from error
    if not isinstance(record, dict) or record.get("kind") != KIND or record.get("format") != FORMAT:
        raise FileProblem(f"{file} is no recipe of this version. train --write-recipe makes one.")
    try:
        cut = record["split"]
        source = Source(str(record["data"]["name"]), int(cut["seed"]),
                        float(cut["validation_share"]), float(cut["test_share"]),
                        str(record["scaling"]), options_from(record["read"]))  # fmt: skip
        return Recipe(source, TrainConfig(**record["training"]), int(record["epochs"]),
                      int(record["early_stopping"]), record)  # fmt: skip
    except KeyError as error:
        raise FileProblem(
            f"{file}: the field {error} is missing. Write the recipe again."
        ) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise FileProblem(f"{file}: a field can't be used ({error}). Correct it.") from error


def moved(recipe: Recipe, data: str | None, labels: str | None) -> Recipe:
    """The same recipe for data that lie elsewhere now."""
    source = recipe.source
    if labels is not None:
        source = replace(source, options=replace(source.options, labels=labels))
    return replace(recipe, source=replace(source, name=data or source.name))


def look_at_recipe_data(recipe: Recipe, parts: Split | StoredSplit) -> None:
    """Refuses, field by field, data that are not those of the recipe, before hours of training.

    Raises:
        FileProblem: what differs.
    """
    now = _data_record(recipe.source, parts)
    changes = list(_differences("data", recipe.record["data"], now, skip=("name",)))
    if changes:
        raise FileProblem(
            f"These are not the data of the recipe: {'; '.join(changes)}. --data names another"
            " file, or train without --recipe."
        )


def differences(recipe: Recipe, parts: Split | StoredSplit, ran: Run) -> list[str]:
    """What came out otherwise than the recipe says, field by field; [] if the weights are alike."""
    now = _record(recipe.source, parts, ran, recipe.patience)
    then = recipe.record
    result = list(_differences("result", then.get("result"), now["result"]))
    if not result:
        return []
    return [*result, *_differences("versions", then.get("versions"), now["versions"])]


def _record(source: Source, parts: Split | StoredSplit, ran: Run, patience: int) -> dict[str, Any]:
    extra, one = source.record(), ran.snapshot
    dense = one.model
    digest = hashlib.sha256(np.ascontiguousarray(dense.W.T, "<f8").tobytes())
    digest.update(np.ascontiguousarray(dense.b, "<f8").tobytes())
    return {
        "kind": KIND,
        "format": FORMAT,
        "data": _data_record(source, parts),
        "read": extra["read"],
        "split": {"seed": source.seed, "validation_share": parts.dataset.validation_share,
                  "test_share": source.test_share},
        "scaling": source.scaling,
        "training": asdict(one.config),
        "epochs": ran.epochs,
        "early_stopping": patience,
        "versions": {"softmax-gui": __version__, "python": platform.python_version(),
                     "numpy": np.__version__, "processor": platform.machine(),
                     "device": one.device.kind},
        "result": {"weights_sha256": digest.hexdigest(), "steps": one.step, "ended": ran.ended},
    }  # fmt: skip


def _data_record(source: Source, parts: Split | StoredSplit) -> dict[str, Any]:
    data = parts.dataset
    sample = source.name in SAMPLES
    return {
        "name": source.name if sample else str(Path(source.name).absolute()),
        "sha256": None if sample else _digest(Path(source.name)),
        "rows": data_digest(parts),
        "n": data.n, "d": data.d, "q": data.q, "classes": list(data.class_names),
    }  # fmt: skip


def _digest(path: Path) -> str:
    """Of a file's bytes, or of the names and bytes of the files in a folder."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    for file in files:
        if file != path:
            digest.update(str(file.relative_to(path).as_posix()).encode(errors="replace") + b"\0")
        for block in _blocks(file):
            digest.update(block)
    return digest.hexdigest()


def _blocks(file: Path) -> Iterator[bytes]:
    with regular_file(file) as descriptor:
        while block := os.read(descriptor, _BLOCK):
            yield block


def _differences(
    where: str, before: Any, now: dict[str, Any], skip: tuple[str, ...] = ()
) -> Iterator[str]:
    before = before if isinstance(before, dict) else {}
    for name, value in now.items():
        if name not in skip and before.get(name) != value:
            was, new = (shown(str(one), 24) for one in (before.get(name), value))
            yield f"{where}.{name} was {was}, now {new}"
