"""sweep: which weight decay? A table of them, and the weights of the one that is chosen."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui.commands import DONE, INTERRUPTED
from softmax_gui.commands.data import Source, reading, split_in_memory
from softmax_gui.console import ProgressBar, print_json, say, signals_noted
from softmax_gui.core.dense import Dense
from softmax_gui.core.optimum import Optimum
from softmax_gui.data.batches import training_weights
from softmax_gui.data.dataset import Part, Split
from softmax_gui.export.runs import CONFIG, MODEL, described, make_run_folder
from softmax_gui.export.weights import save_model
from softmax_gui.files import FileProblem, atomic_write, shown
from softmax_gui.training.compiling import passes
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.run import in_json
from softmax_gui.training.sweep import SweepRow, choices, default_decays, sweep_steps

TABLE = "sweep.json"


@dataclass(frozen=True)
class _Sweep:
    """What came of it: rows and models, of which `chosen` is kept; complete unless interrupted."""

    parts: Split
    rows: list[SweepRow]
    models: list[Optimum]
    best: int
    one_se: int
    chosen: int
    folds: int | None
    complete: bool

    def summary(self) -> dict[str, Any]:
        """The table in JSON's types; losses in nats."""
        data, model = self.parts.dataset, self.models[self.chosen]
        return {
            "data": data.name, "n": data.n, "d": data.d, "q": data.q, "folds": self.folds,
            "rows": [{**vars(row), "certificate": in_json(row.certificate)} for row in self.rows],
            "best": self.best, "one_standard_error": self.one_se, "chosen": self.chosen,
            "weight_decay": self.rows[self.chosen].decay, "solver": model.solver,
            "solver_reason": model.reason, "interrupted": not self.complete,
        }  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Fits every decay, prints the table and keeps the chosen weights."""
    config = _config(options)
    source = Source(options.data or "2x2", options.seed, options.validation_share,
                    options.test_share or 0.0, options.scaling or "auto",
                    reading(options))  # fmt: skip
    parts = split_in_memory(source)
    if not parts.validation.n and options.folds is None:
        raise ValueError("There are no rows to validate with. --folds judges by the rows at hand.")
    folder = None if options.out is None else Path(options.out)
    if folder is not None:
        if (folder / CONFIG).exists():
            raise FileProblem(f"{folder} holds a run. Choose another folder for the sweep.")
        make_run_folder(folder)
    bar = ProgressBar(0)
    with signals_noted() as stopped:
        swept = _swept(options, config, parts, bar, stopped)
        bar.clear()
    if swept is None:
        say("Interrupted before the first weight decay was done.")
        return INTERRUPTED
    kept = None
    try:
        if folder is not None:
            _keep(swept, folder)
            kept = str(folder)
    finally:  # a full disk shall not take the figures too
        if options.json:
            print_json({**swept.summary(), "out": kept})
        else:
            _print(swept, kept)
    if not swept.complete:
        say(f"Interrupted after {len(swept.rows):,} weight decays.")
        return INTERRUPTED
    return DONE


def _config(options: argparse.Namespace) -> TrainConfig:
    try:
        config = TrainConfig(
            solver=options.solver, tolerance=options.tolerance, seed=options.seed,
            label_smoothing=options.label_smoothing, class_weight=options.class_weight,
        )  # fmt: skip
    except ValueError as error:
        options.refuse(str(error))
    if config.solver == "minibatch":
        options.refuse("a sweep goes to the optimum: --solver is auto, newton-cg or lbfgs")
    return config


def _swept(
    options: argparse.Namespace, config: TrainConfig, parts: Split, bar: ProgressBar,
    stopped: Callable[[], bool],
) -> _Sweep | None:  # fmt: skip
    """The sweep, or as much of it as was done when it was stopped; None for nothing."""
    part, q = parts.train, parts.dataset.q
    if options.folds is not None:  # all rows are judged by, so all may train
        part = _joined(parts.train, parts.validation)
    decays = options.decays
    if isinstance(decays, int):
        largest, *_, smallest = default_decays(part.X)
        decays = [float(decay) for decay in np.geomspace(largest, smallest, decays)]
    judged = None if options.folds is not None else _pair(parts.validation)
    steps = sweep_steps(
        *_pair(part), q, decays, validation=judged, folds=options.folds or 0, seed=config.seed,
        solver=config.solver, tolerance=config.tolerance, label_smoothing=config.label_smoothing,
        sample_weight=training_weights(part, q, config.class_weight),
        passes=passes(float(len(decays)) * part.X.size * q),
    )  # fmt: skip
    rows: list[SweepRow] = []
    models: list[Optimum] = []
    for item in steps:
        if item is not None:
            rows.append(item[0])
            models.append(item[1])
            bar.show_text(f"{len(rows):,} of {len(decays):,} weight decays")
        if stopped() and len(rows) < len(decays):
            break
    if not rows:
        return None
    best, one_se = choices(rows)
    chosen = best if options.choose == "best" else one_se
    complete = len(rows) == len(decays)
    return _Sweep(parts, rows, models, best, one_se, chosen, options.folds, complete)


def _pair(part: Part) -> tuple[np.ndarray, np.ndarray]:
    return part.X, part.labels if part.targets is None else part.targets


def _joined(one: Part, other: Part) -> Part:
    def both(name: str) -> Any:
        parts = [getattr(part, name) for part in (one, other)]
        return None if parts[0] is None else np.concatenate(parts)

    return Part(both("X"), both("labels"), both("targets"), both("weights"))


def _keep(swept: _Sweep, folder: Path) -> None:
    row, model = swept.rows[swept.chosen], swept.models[swept.chosen]
    names = ("train_loss", "validation_loss", "validation_accuracy")
    metrics = {name: float(getattr(row, name)) for name in names} | {"weight_decay": row.decay}
    kept = described(Dense(model.W, model.b), swept.parts, metrics)
    save_model(kept, folder / MODEL, verify=False)
    text = json.dumps(swept.summary(), ensure_ascii=False, indent=1) + "\n"
    atomic_write(folder / TABLE, text.encode(errors="backslashreplace"))


def _print(swept: _Sweep, kept: str | None) -> None:
    data = swept.parts.dataset
    by = f"{swept.folds} folds" if swept.folds else f"{swept.parts.validation.n:,} other rows"
    print(f"{shown(data.name)}: {data.n:,} rows, {data.d:,} features, {data.q:,} classes; judged by"
          f" {by}")  # fmt: skip
    print(
        "losses in nats\nweight decay  train       validation           accuracy  |W|       result"
    )
    for i, row in enumerate(swept.rows):
        names = ["best"] * (i == swept.best) + ["one standard error"] * (i == swept.one_se)
        mark = f"  <- {', '.join(names)}" if names else ""
        loss = f"{row.validation_loss:#.4g} ± {row.standard_error:.2g}"
        print(
            f"{row.decay:<12.4g}  {row.train_loss:<#10.4g}  {loss:<19}"
            f"  {row.validation_accuracy:<8.2%}  {row.norm:<8.3g}  {row.certificate.text}{mark}"
        )
    kind = "best" if swept.chosen == swept.best else "one-standard-error"
    print(f"The weights of the {kind} one are in {kept}." if kept else
          "The weights are not kept: --out FOLDER keeps those of the chosen one.")  # fmt: skip
