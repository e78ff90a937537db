"""Run folders: what they hold repeats the run, and an earlier run is not lost to a full disk."""

from __future__ import annotations

import csv
import errno
import json
import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_gui import __version__
from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Split
from softmax_gui.data.samples import load
from softmax_gui.export.runs import (
    CONFIG,
    METRICS,
    MODEL,
    STATUS,
    checkpoint_files,
    data_digest,
    load_run_or_model,
    make_run_folder,
    trained_model,
)
from softmax_gui.export.weights import FORMATS, save_model
from softmax_gui.files import FileProblem
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.course import Plan
from softmax_gui.training.history import COLUMNS
from softmax_gui.training.run import Run, train
from tests.export.keeping import kept, save_run
from tests.training.worlds import blobs

SETTINGS = TrainConfig(
    learning_rate=0.07, batch_size=7, momentum=0.4, weight_decay=1e-3, seed=5, device="numpy"
)
SINGLES = "a,b,label\n1,2,x\n3,4,y\n"


def a_run(source: str = "iris", share: float = 0.3) -> Run:
    data = replace(load(source), validation_share=share)
    return train(split(data, SETTINGS.seed), SETTINGS, 3)


def config_of(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    return found


def test_that_a_run_folder_gives_the_model_of_the_run_back(tmp_path: Path) -> None:
    run = a_run()
    save_run(tmp_path / "a" / "run", run, "iris")
    model, dataset = load_run_or_model(str(tmp_path / "a" / "run")), run.split.dataset
    expected = run.snapshot.model.probabilities(run.split.validation.X)
    X = run.split.scaling.undo(run.split.validation.X)
    np.testing.assert_allclose(model.probabilities(X), expected, atol=1e-12)
    assert (model.class_names, model.data) == (dataset.class_names, "iris")
    assert model.metrics["validation_loss"] == run.snapshot.validation.loss
    assert model.metrics["steps"] == run.snapshot.step


def test_that_metrics_of_an_earlier_step_say_so(tmp_path: Path) -> None:
    run = a_run()
    assert "measured_at" not in trained_model(run.snapshot, run.split).metrics
    step = run.snapshot.step
    later = replace(run.snapshot, step=step + 40)
    metrics = trained_model(later, run.split).metrics
    assert (metrics["steps"], metrics["measured_at"]) == (step + 40, step)
    assert metrics["train_loss"] == run.snapshot.train.loss


@pytest.mark.parametrize("suffix", FORMATS)
def test_that_data_whose_file_name_is_not_unicode_give_weights_too(
    tmp_path: Path, suffix: str
) -> None:
    run = a_run()
    assert isinstance(run.split, Split)
    dataset = replace(run.split.dataset, name="caf\udce9.csv")
    model = trained_model(run.snapshot, replace(run.split, dataset=dataset))
    save_model(model, tmp_path / f"w{suffix}")
    assert load_run_or_model(str(tmp_path / f"w{suffix}")).data == r"caf\udce9.csv"


def test_that_a_weights_file_serves_as_well_as_its_run_folder(tmp_path: Path) -> None:
    save_run(tmp_path, a_run(), "iris")
    folder, file = load_run_or_model(str(tmp_path)), load_run_or_model(str(tmp_path / MODEL))
    np.testing.assert_array_equal(folder.dense.W, file.dense.W)


def test_that_config_json_is_enough_to_repeat_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.csv").write_bytes(
        b"a,b,label\n" + b"".join(b"%d,%d,%c\n" % (i, i * i % 7, b"xyz"[i % 3]) for i in range(40))
    )
    monkeypatch.chdir(tmp_path)
    run = a_run("mine.csv")
    save_run(tmp_path / "run", run, "mine.csv")
    monkeypatch.chdir(Path(__file__).parent)  # another folder, as a week later

    config = config_of(tmp_path / "run")
    settings = TrainConfig(**{f.name: config[f.name] for f in fields(TrainConfig)})  # type: ignore[arg-type]
    data = load(str(config["data"]), seed=settings.seed)
    share = config["validation_share"]
    assert isinstance(share, float)
    assert isinstance(config["epochs"], int)
    again = train(split(data, settings.seed, share), settings, config["epochs"])
    assert again.snapshot.model.W.tobytes() == run.snapshot.model.W.tobytes()
    assert again.snapshot.step == config["steps"]


def test_that_config_json_says_what_came_of_the_settings(tmp_path: Path) -> None:
    run = train(blobs(), replace(SETTINGS, device="auto"), 9, stopped=lambda: True)
    save_run(tmp_path, run, "2x2")
    config = config_of(tmp_path)
    assert (config["data"], config["version"]) == ("2x2", __version__)
    assert (config["epochs"], config["steps"], config["interrupted"]) == (9, 0, True)
    assert (config["n"], config["d"], config["q"]) == (240, 5, 3)
    assert config["device"] == "auto"
    assert config["device_used"] == run.snapshot.device.kind


def test_that_metrics_csv_has_a_row_a_measurement_that_reads_back_exactly(tmp_path: Path) -> None:
    run = a_run()
    save_run(tmp_path, run, "iris")
    with (tmp_path / METRICS).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == COLUMNS
    np.testing.assert_array_equal(np.array(rows, dtype=float), run.snapshot.history.rows)
    assert rows[-1][0] == str(run.snapshot.step)


def test_that_what_a_part_without_rows_has_not_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "two.csv").write_text(SINGLES, encoding="utf-8")
    run = a_run(str(tmp_path / "two.csv"))
    save_run(tmp_path, run, "two.csv")
    assert set(load_run_or_model(str(tmp_path)).metrics) == {
        "train_loss", "train_accuracy", "steps",
    }  # fmt: skip
    text = (tmp_path / METRICS).read_text(encoding="utf-8")
    assert "nan" not in text
    assert text.splitlines()[-1].endswith(",,")


def test_that_a_full_disk_at_the_end_is_said_and_the_weights_of_an_earlier_run_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = a_run()
    save_run(tmp_path, earlier, "iris")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    real, run = os.fsync, a_run(share=0.6)

    def full(descriptor: int) -> None:
        if (tmp_path / "x").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with kept(tmp_path, run) as writer:
        (tmp_path / "x").touch()
        with pytest.raises(FileProblem, match=r"model\.safetensors could not be written: no space"):
            writer.finish(run)
    (tmp_path / "x").unlink()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert {MODEL, METRICS, CONFIG, STATUS} <= before.keys()


def test_that_a_run_that_was_killed_gives_its_newest_checkpoint_that_is_whole(
    tmp_path: Path,
) -> None:
    data = load("iris")
    parts = split(data, 0)
    with kept(tmp_path, a_run()) as writer:
        train(parts, SETTINGS, Plan(4, checkpoint_epochs=1), keeper=writer)
    (_, whole), (_, newest) = checkpoint_files(tmp_path)[-2:]
    assert not (tmp_path / MODEL).exists()
    W = load_run_or_model(str(newest)).dense.W
    np.testing.assert_array_equal(load_run_or_model(str(tmp_path)).dense.W, W)
    newest.write_bytes(newest.read_bytes()[:-9])
    W = load_run_or_model(str(whole)).dense.W
    np.testing.assert_array_equal(load_run_or_model(str(tmp_path)).dense.W, W)


def test_that_one_other_cell_or_label_or_weight_is_another_digest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def digest(**changes: Any) -> str:
        return data_digest(split(replace(load("iris"), **changes), 0))

    data = load("iris")
    X, labels, weights = data.X.copy(), data.labels.copy(), np.ones(150)
    X[149, 3] += 1e-9
    labels[0] = 1
    assert digest() == digest()
    assert len({digest(), digest(X=X), digest(labels=labels), digest(weights=weights)}) == 4
    parts, groups = np.arange(150, dtype=np.int8) % 2, ("a", "b") * 75
    cuts = {digest(), digest(parts=parts), digest(parts=1 - parts), digest(groups=groups)}
    assert len(cuts) == 4
    whole = digest()
    monkeypatch.setattr("softmax_gui.export.runs.DIGEST_BYTES", data.X.nbytes // 3)
    assert digest() == digest() != whole


def test_that_a_folder_that_cannot_be_made_or_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(FileProblem, match=r"can't be made: .*\. Choose another place"):
            make_run_folder(folder)
    assert (tmp_path / "file").read_bytes() == b"mine"
    monkeypatch.setattr(os, "access", lambda *_: False)  # chmod does not bind the superuser
    with pytest.raises(FileProblem, match="Permission denied"):
        make_run_folder(tmp_path)


def test_that_a_folder_without_weights_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"holds no model\.safetensors"):
        load_run_or_model(str(tmp_path))
    with pytest.raises(FileProblem, match="was not found"):
        load_run_or_model(str(tmp_path / "nowhere"))
