"""A Dataset written as a file reads back as the same, whatever its classes are called."""

from __future__ import annotations

import contextlib
import io
import unicodedata
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from softmax_gui.data.dataset import Dataset, feature_names
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.readers import dataset_in, preview, read_dataset, read_rows
from softmax_gui.export.datasets import dataset_csv, dataset_npz
from softmax_gui.export.project import Project, embeddable, load_project, save_project
from softmax_gui.files import FileProblem
from softmax_gui.training.config import TrainConfig

NASTY = (
    "", " ", "0", "1", "2", "3", "01", "1.0", " 1", "1 ", "-1", "+1", "true", "nan", "a", "A",
    "고양이", unicodedata.normalize("NFD", "고양이"), "é", "e\u0301", "x" * 4000, "a\0b", "\0a",
    "=SUM(1)", "a,b", 'a"b', "a\nb", "\u200f", "\N{GRINNING FACE}",
)  # fmt: skip


def a_dataset(names: tuple[str, ...], labels: list[int], **more: Any) -> Dataset:
    n = len(labels)
    X = np.random.default_rng(n).normal(size=(n, 6))
    return Dataset("any", X, np.array(labels), names, feature_names(6), **more)


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    """Every field that a file holds, classes without rows among them."""
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    name = st.sampled_from(NASTY) | text.filter(lambda one: not one.endswith("\0"))
    names = tuple(draw(st.lists(name, min_size=1, max_size=6, unique=True)))
    labels = draw(st.lists(st.integers(0, len(names) - 1), min_size=1, max_size=8))
    n, more = len(labels), dict[str, Any]()
    if draw(st.booleans()):
        more |= {"image_shape": (2, 3), "pixel_range": (-1.5, 7.25)}
    if draw(st.booleans()):
        targets = np.full((n, len(names)), 0.5 / len(names))
        targets[np.arange(n), labels] += 0.5
        more["targets"] = targets
    if draw(st.booleans()):
        groups = tuple(draw(st.lists(name, min_size=n, max_size=n)))
        more |= {"weights": np.arange(1.0, n + 1), "groups": groups}
        more["parts"] = np.arange(n, dtype=np.int8) % 3
    return a_dataset(names, labels, **more)


def contents(data: Dataset, *, without: tuple[str, ...] = ("name", "notes")) -> dict[str, Any]:
    found = {one.name: getattr(data, one.name) for one in fields(Dataset)}
    return {
        name: (value.shape, value.dtype, value.tobytes()) if isinstance(value, np.ndarray)
        else value
        for name, value in found.items() if name not in without
    }  # fmt: skip


def rounded(found: dict[str, Any]) -> dict[str, Any]:
    """Without the last bit of the targets, which are scaled to sum to 1 when they are read."""
    shape, kind, values = found["targets"]
    return found | {"targets": (shape, kind, np.frombuffer(values).round(12).tobytes())}


@given(data=datasets())
@example(data=a_dataset(("1", "0"), [0, 1, 1, 0]))
@example(data=a_dataset(("1", "2", "3"), [0, 1, 1, 0]))
@example(data=a_dataset(("2", "0", "1"), [0, 2, 2, 0], targets=np.eye(3)[[0, 2, 2, 0]]))
@example(data=a_dataset(("3", "10", "cat"), [0, 0]))
def test_that_any_dataset_reads_back_equal_from_npz(data: Dataset) -> None:
    again = dataset_in(dataset_npz(data), "any.npz")
    assert contents(again) == contents(data)


@given(data=datasets())
def test_that_a_table_reads_back_equal_or_is_refused_but_never_as_another(
    data: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = replace(data, weights=None, image_shape=None, pixel_range=None)
    with contextlib.suppress(FileProblem):  # names that would not survive, a single class
        text, options = dataset_csv(data)
        path = tmp_path_factory.mktemp("table") / "any.csv"
        path.write_bytes(text)
        again, wanted = contents(read_dataset(path, options)), contents(data)
        if data.targets is not None:
            again, wanted = rounded(again), rounded(wanted)
        assert again == wanted


@given(data=datasets())
def test_that_a_project_keeps_labels_by_name(
    data: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("project") / "any.softmax"
    save_project(path, Project("", TrainConfig(), dataset=data))
    again = load_project(path).dataset
    assert again is not None
    assert contents(again, without=()) == contents(data, without=())


def test_that_a_look_and_rows_for_a_model_name_the_same_classes(tmp_path: Path) -> None:
    data, path = a_dataset(("1", "2", "3"), [0, 1, 1, 0, 1]), tmp_path / "any.npz"
    path.write_bytes(dataset_npz(data))
    assert preview(path).classes == (("1", 2), ("2", 3), ("3", 0))
    assert read_rows(path, data.feature_names)[1] == ["1", "2", "2", "1", "2"]


def test_that_numbers_at_their_own_places_are_written_as_numbers() -> None:
    data = a_dataset(tuple("0123"), [0, 1, 3])
    with np.load(io.BytesIO(dataset_npz(data)), allow_pickle=False) as arrays:
        assert arrays["y"].tolist() == [0, 1, 3]
    swapped = replace(data, class_names=tuple("3210"))
    with np.load(io.BytesIO(dataset_npz(swapped)), allow_pickle=False) as arrays:
        assert arrays["y"].tolist() == ["3", "2", "0"]


def test_that_labels_written_by_others_are_taken_as_they_were() -> None:
    X, names = np.eye(4), np.array(["1", "2", "3"])
    for y, wanted in (([1, 2, 2, 1], "1221"), ([0, 1, 1, 0], "1221"), ([0, 2, 1, 0], "1321")):
        buffer = io.BytesIO()
        np.savez(buffer, X=X, y=np.array(y), class_names=names)
        data = dataset_in(buffer.getvalue(), "a.npz")
        assert "".join(data.class_names[label] for label in data.labels) == wanted
        assert data.class_names == ("1", "2", "3")


def test_that_coloured_pictures_keep_black_and_white() -> None:
    data = a_dataset(("a", "b"), [0, 1], pixel_range=(0.0, 255.0))
    assert dataset_in(dataset_npz(data), "a.npz").pixel_range == (0.0, 255.0)


def test_that_a_name_which_arrays_of_texts_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="zero character"):
        a_dataset(("a", "a\0"), [0, 1])
    with pytest.raises(ValueError, match="zero character"):
        a_dataset(("a", "b"), [0, 1], groups=("g", "g\0"))
    with pytest.raises(ValueError, match="file can hold"):
        DrawnSet((2, 2), ("a\0",))


def test_that_labels_that_would_be_long_texts_are_not_embedded() -> None:
    long, many = "x" * 4000, [0] * 1000
    assert embeddable(a_dataset(("a", long), many))
    assert not embeddable(a_dataset(("1", long), many))


def test_that_the_options_of_a_table_name_the_class_order() -> None:
    _, options = dataset_csv(a_dataset(("1", "0", "2"), [0, 1, 1]))
    assert options.class_order == ("1", "0", "2")


def test_that_a_table_refuses_names_that_it_would_change() -> None:
    soft = np.full((2, 2), 0.5)
    for data in (
        a_dataset(("", "b"), [0, 1], targets=soft),
        a_dataset(("a", "b"), [0, 1], groups=(" 1", "1")),
        a_dataset(("=1", "b"), [0, 1]),
        a_dataset(("NaN", "b"), [0, 1]),
        a_dataset(("a", "b"), [0, 1], groups=("", "g")),
    ):
        with pytest.raises(FileProblem, match="would not survive"):
            dataset_csv(data)
