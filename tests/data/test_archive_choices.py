"""NPZ as the user wants it read: keys, parts, class order, missing values; and what is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.data.options import Cancelled, ReadOptions
from softmax_gui.data.readers import read_dataset
from softmax_gui.files import FileProblem
from tests.data.test_archives import X, Y, arrays_in, npz, problem_with


def test_that_test_rows_are_appended_and_keep_their_part() -> None:
    data = arrays_in(npz(x_train=X, y_train=Y, x_test=X[:2] + 100, y_test=[0, 2]))
    assert data.X.tolist() == [*X.tolist(), *(X[:2] + 100).tolist()]
    assert (data.class_names, data.labels.tolist()) == (("0", "1", "2"), [1, 0, 1, 0, 2])
    assert data.parts is not None
    assert data.parts.tolist() == [0, 0, 0, 2, 2]
    assert data.notes == ("The 2 rows of x_test keep their part: test.",)
    assert "5 rows" not in problem_with(npz(x_train=X, y_train=Y[:2], x_test=X, y_test=Y[:1]))


def test_that_test_rows_without_labels_stay_aside_and_that_is_noted() -> None:
    data = arrays_in(npz(x_train=X, y_train=Y, x_test=X))
    assert (data.n, data.notes) == (3, ("x_test has no labels and stays aside.",))
    wide = npz(x_train=X, y_train=Y, x_test=X[:, :2], y_test=Y)
    assert "x_test has 2 features, the rows to train on have 4" in problem_with(wide)


def test_that_the_arrays_can_be_chosen_and_the_only_fitting_ones_are_found() -> None:
    both = npz(X=X, y=Y, embeddings=X + 1, kind=np.array(["a", "b", "a"]))
    assert arrays_in(both, x_key="embeddings", y_key="kind").class_names == ("a", "b")
    assert arrays_in(both, x_key="embeddings", y_key="kind").X[0, 0] == 1.0
    assert arrays_in(npz(rows=X, kind=Y)).labels.tolist() == [1, 0, 1]
    with pytest.raises(
        FileProblem, match=r"no array Z\. It holds X \(3, 4\) float64, y \(3,\) int64"
    ):
        arrays_in(npz(X=X, y=Y), x_key="Z")


def test_that_a_class_order_is_obeyed_and_must_have_all_classes() -> None:
    data = arrays_in(npz(X=X, y=["dog", "cat", "dog"]), class_order=("dog", "eel", "cat"))
    assert (data.class_names, data.labels.tolist()) == (("dog", "eel", "cat"), [0, 2, 0])
    soft = arrays_in(npz(X=X, y=np.eye(3)), class_order=("2", "0", "1"))
    assert soft.targets is not None
    assert soft.targets.tolist() == np.eye(3)[:, [2, 0, 1]].tolist()
    with pytest.raises(FileProblem, match='the class "1" is not in the wanted order'):
        arrays_in(npz(X=X, y=Y), class_order=("0",))


@pytest.mark.parametrize("way", ["drop", "mean"])
def test_that_missing_values_are_dropped_or_filled_and_counted(way: str) -> None:
    holes = X.copy()
    holes[0, 1] = np.nan
    data = arrays_in(npz(X=holes, y=Y, sample_weight=[1, 2, 3]), missing=way)
    if way == "drop":
        assert (data.X.tolist(), data.labels.tolist()) == (X[1:].tolist(), [0, 1])
        assert data.weights is not None
        assert data.weights.tolist() == [2.0, 3.0]
        assert data.notes[-1] == "1 rows with 1 missing or infinite values were left out."
    else:
        assert data.X[0].tolist() == [0.0, (X[1, 1] + X[2, 1]) / 2, 2.0, 3.0]
        assert "became the mean of their column" in data.notes[-1]
    empty = npz(X=np.full((3, 2), np.nan), y=Y)
    with pytest.raises(FileProblem, match=r"^a\.npz"):
        arrays_in(empty, missing=way)


def test_that_a_member_with_a_path_or_two_of_a_name_are_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../evil.npy", b"")
    assert "a.npz holds ../evil.npy, a file in a folder" in problem_with(buffer.getvalue())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("X.npy", b"")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("X.npy", b"")
    assert "two arrays of one name" in problem_with(buffer.getvalue())
    assert list(tmp_path.iterdir()) == []


def test_that_the_watch_hears_of_progress_and_can_end_the_reading(tmp_path: Path) -> None:
    heard: list[float] = []

    def watch(share: float) -> None:
        heard.append(share)
        if share > 0.5:
            raise Cancelled

    np.savez(tmp_path / "a.npz", X=np.zeros((40_000, 40)), y=np.arange(40_000) % 2)
    with pytest.raises(Cancelled):
        read_dataset(tmp_path / "a.npz", ReadOptions(), watch)
    assert heard == sorted(heard)
    assert len(heard) > 2
