"""Each flag that says how data are read, as a user types it; info, evaluate, convert, recipes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_gui.export.evaluation import wilson_interval
from softmax_gui.export.weights import load_model
from tests.shell import Shell

X = np.arange(24.0).reshape(6, 4) % 7
Y = np.array([0, 1, 0, 1, 2, 2])


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def facts(shell: Shell, line: str, path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shell.done(f"info --json {line}", path))
    return found


def names(found: dict[str, Any]) -> list[str]:
    return [one["name"] for one in found["classes"]]


@pytest.mark.parametrize(
    ("text", "encoding", "line"),
    [
        ("kind,a,b\nx,1,2\ny,3,4\n", "utf-8", "--label-column kind"),
        ("kind,a,b\nx,1,2\ny,3,4\n", "utf-8", "--label-column 1"),
        ("1,2,x\n3,4,y\n", "utf-8", "--no-header"),
        ("a|b|kind\n1|2|x\n3|4|y\n", "utf-8", "--delimiter '|'"),
        ("a\tb\tkind\n1\t2\tx\n3\t4\ty\n", "utf-8", "--delimiter tab"),
        ("a;b;kind\n1,0;2,0;x\n3,0;4,0;y\n", "utf-8", "--decimal ,"),
        ("% said\na,b,kind\n1,2,x\n3,4,y\n", "utf-8", "--comment %"),
        ("a,b,kind\n1,2,x\n3,4,y\n5,NA,x\n", "utf-8", "--missing drop"),
    ],
)
def test_that_each_flag_of_tables_leads_to_the_same_numbers(
    shell: Shell, tmp_path: Path, text: str, encoding: str, line: str
) -> None:
    (tmp_path / "t.csv").write_text(text, encoding)
    found = facts(shell, line, tmp_path / "t.csv")
    assert (found["n"], found["d"], names(found)) == (2, 2, ["x", "y"])
    assert found["features"]["first_row"] == [1.0, 2.0]
    assert found["features"]["last_row"] == [3.0, 4.0]


def test_that_an_encoding_can_be_chosen_and_missing_values_filled(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("밝기,종류\n1,고양이\n2,강아지\n", "cp949")
    assert names(facts(shell, "--encoding cp949", tmp_path / "t.csv")) == ["강아지", "고양이"]
    (tmp_path / "m.csv").write_text("a,b,kind\n1,2,x\n3,4,y\n5,NA,x\n", "utf-8")
    found = facts(shell, "--missing mean", tmp_path / "m.csv")
    assert found["features"]["last_row"] == pytest.approx([5.0, 3.0])
    assert "m.csv, row 4" in shell.refused(1, "info", tmp_path / "m.csv")


def test_that_targets_groups_and_a_class_order_can_be_named(shell: Shell, tmp_path: Path) -> None:
    soft = "a,b,cat,dog\n1,2,0.25,0.75\n3,4,0.5,0.5\n"
    (tmp_path / "s.csv").write_text(soft, "utf-8")
    found = facts(shell, "--target-columns cat,dog", tmp_path / "s.csv")
    assert (found["soft_labels"], names(found), found["d"]) == (True, ["cat", "dog"], 2)
    (tmp_path / "g.csv").write_text("a,who,set,kind\n1,p,train,x\n2,q,val,y\n", "utf-8")
    line = "--group-column who --split-column set --class-order y,x"
    found = facts(shell, line, tmp_path / "g.csv")
    assert (found["d"], names(found)) == (1, ["y", "x"])


def test_that_arrays_are_chosen_by_their_keys_and_refused_with_a_list(
    shell: Shell, tmp_path: Path
) -> None:
    np.savez(tmp_path / "a.npz", first=X, second=X + 1, one=Y, other=Y[::-1])
    found = facts(shell, "--x-key second --y-key other", tmp_path / "a.npz")
    assert found["features"]["first_row"] == (X[0] + 1).tolist()
    said = shell.refused(1, "info", tmp_path / "a.npz")
    assert "first (6, 4) float64" in said
    assert "choose which arrays" in said


@pytest.mark.parametrize("kind", ["npy", "npz", "csv", "header", "idx"])
def test_that_labels_may_be_in_a_file_of_their_own(shell: Shell, tmp_path: Path, kind: str) -> None:
    np.save(tmp_path / "rows.npy", X)
    labels = tmp_path / f"truth.{kind}"
    if kind == "npy":
        np.save(labels, Y)
    elif kind == "npz":
        np.savez(labels, y=Y)
    elif kind == "idx":
        labels.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 6, *Y.tolist()]))
    else:
        head = "label\n" if kind == "header" else ""
        labels.write_text(head + "".join(f"{y}\n" for y in Y), "utf-8")
    found = json.loads(
        shell.done("info --json", tmp_path / "rows.npy", "--labels", labels)
    )  # fmt: skip
    digest = hashlib.sha256("\n".join(map(str, Y)).encode()).hexdigest()
    assert (found["n"], found["q"], found["labels_sha256"]) == (6, 3, digest)
    shell.done("train --epochs 1 --data", tmp_path / "rows.npy", "--labels", labels)
    np.save(tmp_path / "few.npy", X[:4])
    said = shell.refused(1, "info", tmp_path / "few.npy", "--labels", labels)
    assert "4" in said
    assert "6" in said


def test_that_rows_on_disk_take_every_scaling_and_a_test_part(shell: Shell, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", random.normal(size=(200, 3)) + 2.0 * (np.arange(200) % 2)[:, None])
    np.save(tmp_path / "y.npy", np.arange(200) % 2)
    for scaling, kind in (("range", "[0, 1]"), ("unit", "unit length"), ("standardise",) * 2):
        line = f"train --epochs 1 --scaling {scaling} --test-share 0.2 --out"
        shell.done(line, tmp_path / scaling, "--data", tmp_path / "x.npy")
        model = load_model(tmp_path / scaling / "model.safetensors")
        assert model.scaling.kind == kind


@pytest.mark.parametrize("dtype", [">f8", "<f2", "|b1", ">i4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_that_a_matrix_of_any_kind_is_the_same_matrix(
    shell: Shell, tmp_path: Path, dtype: str, order: Any
) -> None:
    values = np.array(X, dtype, order=order)
    np.save(tmp_path / "x-a.npy", values)
    np.save(tmp_path / "y-a.npy", Y)
    found = facts(shell, "", tmp_path / "x-a.npy")
    assert found["features"]["sum"] == values.astype(float).sum()
    assert found["features"]["last_row"] == values[-1].astype(float).tolist()


def test_that_evaluate_tells_all_figures_and_prints_them_for_people(
    shell: Shell, tmp_path: Path
) -> None:
    shell.done("train --data iris --epochs 30 --out", tmp_path / "RUN")
    found = json.loads(shell.done("evaluate --data iris --json", tmp_path / "RUN"))
    confusion = np.array(found["confusion"])
    assert (confusion.sum(), np.trace(confusion)) == (150, found["correct"])
    assert found["accuracy"] == found["correct"] / 150
    assert found["accuracy_interval"] == pytest.approx(wilson_interval(found["correct"], 150))
    recalls = [one["recall"] for one in found["classes"]]
    assert recalls == pytest.approx((np.diag(confusion) / confusion.sum(axis=1)).tolist())
    assert 0.0 < found["brier"] < 2.0
    assert 0.0 <= found["ece"] <= 1.0
    assert "95 % interval" in shell.done("evaluate --data iris", tmp_path / "RUN")


def test_that_the_wilson_interval_is_that_of_the_textbook() -> None:
    assert wilson_interval(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert wilson_interval(0, 10)[0] == 0.0
    assert wilson_interval(10, 10)[1] == 1.0


@pytest.mark.parametrize("suffix", ["npz", "csv"])
@pytest.mark.parametrize("source", ["iris", "digits"])
def test_that_converted_data_read_back_equal(
    shell: Shell, tmp_path: Path, source: str, suffix: str
) -> None:
    target = tmp_path / f"out.{suffix}"
    shell.done(f"convert {source} --to", target)
    one, other = (json.loads(shell.done("info --json", file)) for file in (source, target))
    for name in ("n", "d", "q", "classes", "labels_sha256", "features"):
        assert one[name] == other[name], name


@pytest.mark.parametrize("suffix", ["npz", "csv"])
@pytest.mark.parametrize(
    "class_names", [["1", "0", "2"], ["1", "2", "3"], ["10", "9", "8"], ["2", "1", "0"]]
)
def test_that_classes_that_are_numbers_survive_conversion(
    shell: Shell, tmp_path: Path, class_names: list[str], suffix: str
) -> None:
    source, target = tmp_path / "in.npz", tmp_path / f"out.{suffix}"
    labels = np.array(class_names)[[0, 1, 0, 1, 1, 1]]
    np.savez(source, X=X, y=labels, class_names=np.array(class_names))
    order = () if suffix == "npz" else ("--class-order", ",".join(class_names))
    shell.done(f"convert {source} --to", target)
    one, other = (
        json.loads(shell.done("info --json", *more)) for more in ([source], [target, *order])
    )
    assert one["labels_sha256"] == hashlib.sha256("\n".join(labels).encode()).hexdigest()
    assert [one[key] for key in ("labels_sha256", "classes")] == [
        other[key] for key in ("labels_sha256", "classes")
    ]


def test_that_a_recipe_replays_to_the_same_weights_and_tells_what_differs(
    shell: Shell, tmp_path: Path
) -> None:
    data, recipe = tmp_path / "t.csv", tmp_path / "r.json"
    rows = "".join(f"{i % 5};{i % 3},5;{'ab'[i % 2]}\n" for i in range(40))
    data.write_text("a;b;kind\n" + rows, "utf-8")
    line = "train --epochs 3 --learning-rate 0.2 --decimal , --scaling range --test-share 0.2"
    shell.done(f"{line} --seed 4 --data", data, "--write-recipe", recipe)
    answer = shell("train --recipe", recipe, "--out", tmp_path / "RUN")
    assert (answer.code, "bit by bit" in answer.err) == (0, True), answer.err
    record = json.loads(recipe.read_text("utf-8"))
    assert record["read"] == {"decimal": ","}
    assert record["split"] == {"seed": 4, "validation_share": 0.2, "test_share": 0.2}
    assert record["data"]["sha256"] == hashlib.sha256(data.read_bytes()).hexdigest()
    moved = data.rename(tmp_path / "moved.csv")
    assert shell("train --recipe", recipe, "--data", moved).code == 0
    recipe.write_text(json.dumps({**record, "epochs": 2}), "utf-8")
    answer = shell("train --recipe", recipe, "--data", moved)
    assert answer.code == 1
    assert "result.weights_sha256 was" in answer.err
    assert "result.steps was" in answer.err
    moved.write_text("a;b;kind\n" + rows.replace("b", "c"), "utf-8")
    said = shell.refused(1, "train --recipe", recipe, "--data", moved)
    assert "data.sha256 was" in said
    assert "data.classes was" in said


def test_that_a_recipe_is_not_mixed_with_settings_and_a_broken_one_is_named(
    shell: Shell, tmp_path: Path
) -> None:
    recipe = tmp_path / "r.json"
    said = shell.refused(2, "train --epochs 3 --recipe", recipe)
    assert "--epochs" in said
    for text in ("{", "[1]", "[" * 100_000, '{"kind": "softmax-gui recipe", "format": 1}'):
        recipe.write_text(text, "utf-8")
        assert "r.json" in shell.refused(1, "train --recipe", recipe)


def test_that_a_run_goes_on_with_the_way_its_data_were_read(shell: Shell, tmp_path: Path) -> None:
    rows = "".join(f"{'ab'[i % 2]};{i % 5},5\n" for i in range(40))
    (tmp_path / "t.csv").write_text("kind;x\n" + rows, "utf-8")
    line = "train --epochs 1 --label-column kind --decimal , --scaling range --data"
    shell.done(line, tmp_path / "t.csv", "--out", tmp_path / "RUN")
    shell.done("train --epochs 2 --resume", tmp_path / "RUN")
    said = shell.refused(1, "train --epochs 3 --scaling none --resume", tmp_path / "RUN")
    assert "scaling was range, now none" in said


@pytest.mark.parametrize(
    "line",
    ["--missing zero", "--encoding klingon", "--delimiter ab", "--decimal x", "--colour sepia",
     "--picture-size 28", "--class-order ,a", "--label-column a --target-columns b,c"],
)  # fmt: skip
def test_that_a_wrong_way_to_read_is_code_2_and_one_line(shell: Shell, line: str) -> None:
    assert "--help)" in shell.refused(2, f"info iris {line}")


def test_that_own_data_get_a_stable_learning_rate_unless_one_is_given(
    shell: Shell, tmp_path: Path
) -> None:
    rng, labels = np.random.default_rng(0), np.arange(90) % 3
    X = 20.0 + rng.normal(size=(90, 5)) + 3.0 * np.eye(3, 5)[labels]
    np.savez(tmp_path / "far.npz", X=X, y=labels)
    line = f"train --epochs 60 --scaling none --json --data {tmp_path / 'far.npz'}"
    answer = shell(line, "--out", tmp_path / "RUN")
    assert answer.code == 0
    assert "surely stable on these data; --learning-rate sets another." in answer.err
    config = json.loads((tmp_path / "RUN" / "config.json").read_text(encoding="utf-8"))
    rate = config["learning_rate"]
    assert 0 < rate < 0.01
    given = shell.done(f"{line} --learning-rate {rate}")
    assert json.loads(given)["train_loss"] == json.loads(answer.out)["train_loss"] < 1.0
    assert "diverged" in shell(f"{line} --learning-rate 0.5").err
    shell.done(f"train --epochs 61 --resume {tmp_path / 'RUN'}")
    again = json.loads((tmp_path / "RUN" / "config.json").read_text(encoding="utf-8"))
    assert again["learning_rate"] == rate
