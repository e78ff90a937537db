"""NPZ: the same numbers back, or a sentence; no pickle, no flood, no damage goes unseen."""

from __future__ import annotations

import io
import pickle
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import dataset_in, read_dataset, read_rows
from softmax_gui.files import FileProblem

if TYPE_CHECKING:
    from pathlib import Path

X = np.arange(12.0).reshape(3, 4)
Y = np.array([1, 0, 1])


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def arrays_in(data: bytes, **options: Any) -> Dataset:
    return dataset_in(data, "a.npz", ReadOptions(**options))


def problem_with(data: bytes) -> str:
    with pytest.raises(FileProblem) as problem:
        dataset_in(data, "a.npz")
    return str(problem.value)


@pytest.mark.parametrize(
    "keys",
    [("X", "y"), ("x", "y"), ("data", "target"), ("images", "labels"), ("x_train", "y_train")],
)
def test_that_features_and_labels_are_found_under_the_usual_names(keys: tuple[str, str]) -> None:
    data = arrays_in(npz(**dict(zip(keys, (X, Y), strict=True))))
    assert data.X.tolist() == X.tolist()
    assert data.labels.tolist() == [1, 0, 1]
    assert data.class_names == ("0", "1")
    assert data.feature_names == ("x1", "x2", "x3", "x4")
    assert (data.name, data.image_shape, data.pixel_range) == ("a.npz", None, None)


@pytest.mark.parametrize("dtype", [">f8", "<f4", "<f2", "|u1", ">i2", "<u8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_that_numbers_of_any_kind_and_order_are_the_same(dtype: str, order: Any) -> None:
    data = arrays_in(npz(X=np.array(X, dtype, order=order), y=Y.astype(dtype)))
    assert data.X.tolist() == X.tolist()
    assert data.class_names == ("0", "1")


def test_that_true_and_false_are_1_and_0() -> None:
    data = arrays_in(npz(X=X > 5, y=Y > 0))
    assert data.X.tolist() == (X > 5).astype(float).tolist()
    assert data.class_names == ("0", "1")


@pytest.mark.parametrize("kind", ["U", "S"])
def test_that_labels_may_be_texts(kind: str) -> None:
    data = arrays_in(npz(X=X, y=np.array(["dog", "cat", "dog"], kind)))
    assert data.class_names == ("cat", "dog")
    assert data.labels.tolist() == [1, 0, 1]


def test_that_what_the_file_says_of_classes_features_and_pixels_is_used() -> None:
    data = arrays_in(
        npz(
            X=X,
            y=Y,
            class_names=np.array(["cat", "chicken", "dog"]),
            feature_names=np.array(["a", "b", "c", "d"]),
            image_shape=np.array([1, 4]),
            pixel_range=np.array([0, 16]),
        ),
    )
    assert data.class_names == ("cat", "chicken", "dog")
    assert data.counts.tolist() == [1, 2, 0]
    assert data.feature_names == ("a", "b", "c", "d")
    assert (data.image_shape, data.pixel_range) == ((1, 4), (0.0, 16.0))


def test_that_class_names_give_the_order_of_labels_that_are_names() -> None:
    data = arrays_in(
        npz(X=X, y=np.array(["dog", "cat", "dog"]), class_names=np.array(["dog", "cat"]))
    )
    assert (data.class_names, data.labels.tolist()) == (("dog", "cat"), [0, 1, 0])


@pytest.mark.parametrize("shape", [(3, 2, 2), (3, 2, 2, 1)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_that_pictures_are_flattened_row_by_row(shape: tuple[int, ...], order: Any) -> None:
    data = arrays_in(npz(images=np.array(X.reshape(shape), order=order), labels=Y))
    assert data.X.tolist() == X.tolist()
    assert (data.image_shape, data.pixel_range) == ((2, 2), (0.0, 11.0))
    assert data.X.flags.c_contiguous


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        (
            {"W": X, "b": Y, "c": Y},
            "b (3,) int64, c (3,) int64, but no features and labels under the names X and y",
        ),
        ({"X": X}, "a.npz holds X (3, 4) float64, but no features"),
        ({"X": X, "y": Y[:2]}, "a.npz: there are 3 rows, but y has 2 labels."),
        ({"X": X, "y": np.eye(2, 3)}, "a.npz: 3 rows, but y has shape (2, 3)"),
        ({"X": X, "y": 2 * np.eye(3, dtype=int)}, "a.npz: 3 rows, but y has shape (3, 3)"),
        ({"X": Y, "y": Y}, "a.npz: X has shape (3,); (n, d) or (n, height, width) is needed"),
        ({"X": np.zeros((3, 2, 2, 2)), "y": Y}, "a.npz: X has shape (3, 2, 2, 2)"),
        ({"X": X[:0], "y": Y[:0]}, "a.npz: The data have 0 rows"),
        ({"X": X[:, :0], "y": Y}, "a.npz: The data have 3 rows, 0 features"),
        ({"X": X[:, :0].reshape(3, 2, 0), "y": Y}, "a.npz: The data have 3 rows, 0 features"),
        ({"X": np.where(X == 6, np.nan, X), "y": Y}, 'a.npz: Row 2, column "x3": nan is not'),
        ({"X": X, "y": Y + 0.5}, "a.npz: y holds numbers that are not whole: regression?"),
        ({"X": X, "y": Y * 0}, 'a.npz, column "y": all 3 rows have the label "0"'),
        ({"X": X, "y": Y * np.nan}, "a.npz: y holds numbers that are not whole"),
        ({"X": X.astype("U"), "y": Y}, "a.npz: X holds <U32 instead of numbers"),
        ({"X": X + 0j, "y": Y}, "a.npz: X holds complex128, neither numbers nor texts"),
        ({"X": X, "y": Y.astype("M8[s]")}, "y holds datetime64[s], neither numbers nor texts"),
        ({"X": X, "y": Y, "class_names": np.array(["a"])}, "the label 1 in y is none of the 1 in"),
        ({"X": X, "y": Y, "class_names": np.array(["a", "a"])}, 'Two classes have the name "a"'),
        ({"X": X, "y": Y, "feature_names": np.array(["a"])}, "4 features, but 1 feature names"),
        ({"X": X, "y": Y, "image_shape": np.array([2, 3])}, "2 x 3 pixels does not fit 4"),
        ({"X": X, "y": Y, "image_shape": np.array([-2, -2])}, "must hold a height and a width"),
        ({"X": X, "y": Y, "image_shape": np.array([4])}, "image_shape must hold 2 numbers"),
        (
            {"X": X, "y": Y, "image_shape": np.array([2, 2]), "pixel_range": np.array([1, 0])},
            "a.npz: Black 1.0 must be below white 0.0",
        ),
    ],
)
def test_that_what_does_not_fit_is_refused_with_its_numbers(
    arrays: dict[str, Any], sentence: str
) -> None:
    assert sentence in problem_with(npz(**arrays))


@pytest.mark.parametrize(
    ("arrays", "labels"),
    [
        ({"X": X}, None),
        ({"data": X, "target": np.zeros(3)}, ["0", "0", "0"]),
        ({"X": X.reshape(3, 2, 2), "y": Y, "class_names": np.array(["a", "b"])}, ["b", "a", "b"]),
    ],
)
def test_that_rows_for_a_model_need_no_labels(
    tmp_path: Path, arrays: dict[str, Any], labels: list[str] | None
) -> None:
    (tmp_path / "new.npz").write_bytes(npz(**arrays))
    rows, found = read_rows(tmp_path / "new.npz", ("a", "b", "c", "d"))
    assert rows.tolist() == X.tolist()
    assert found == labels
    (tmp_path / "new.npz").write_bytes(npz(X=np.full((1, 2), np.inf)))
    with pytest.raises(FileProblem, match=r'new\.npz: Row 1, column "x1": inf is not a finite'):
        read_rows(tmp_path / "new.npz", ("a", "b"))


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (pytest.fail, ("the pickle was run",))


def test_that_a_pickle_inside_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    sentence = "a.npz holds a Python pickle, which could run any program. Save it as plain arrays."
    objects = np.array([Bomb(), Bomb(), Bomb()], object)
    assert problem_with(npz(X=X, y=objects)) == sentence
    assert problem_with(npz(X=X, y=Y, class_names=objects)) == sentence
    assert problem_with(zipped(archive__data__pkl=b"\x80\x02.")) == sentence
    (tmp_path / "a.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(FileProblem, match="holds a Python pickle"):
        read_dataset(tmp_path / "a.npz")


def test_that_a_spreadsheet_is_named_as_one() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    assert "a.npz is a spreadsheet. Save it as CSV" in problem_with(buffer.getvalue())


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (60000, 5000)}", "X would take 2.4 GB"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (4294967295,)*3}", "damaged"),
        (
            "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967295,4294967295,4294967295)}",
            "X would take 6.34e+17 TB of memory, more than the 1.07 GB it may",
        ),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4)}", "damaged"),
        ("{'descr': '<U0', 'fortran_order': False, 'shape': (9999999999,)}", "neither numbers"),
        ("{'descr': '<U1000000', 'fortran_order': False, 'shape': (1000,)}", "would take 4 GB"),
        ("{'descr': '<f3', 'fortran_order': False, 'shape': (3, 4)}", "damaged"),
        ("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,)}", "damaged"),
        ("__import__('os').abort()", "damaged"),
    ],
)
def test_that_a_header_that_lies_costs_no_memory(header: str, sentence: str) -> None:
    data = zipped(X__npy=npy(header, b"1234"), y__npy=npy("{}"))
    tracemalloc.start()
    try:
        assert sentence in problem_with(data)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_that_zeros_packed_a_thousand_times_smaller_are_refused_unread() -> None:
    data = npz(X=np.zeros((5_001, 200), np.uint8), y=np.arange(5_001) % 2)
    assert len(data) < 20_000
    with pytest.raises(FileProblem, match="X would take 8 MB of memory, more than the 8 MB it may"):
        arrays_in(data, limit_bytes=8_000_000)


WHOLE = npz(X=X, y=Y, class_names=np.array(["cat", "dog"]), image_shape=np.array([2, 2]))


def test_that_bytes_behind_an_array_are_damage() -> None:
    one_too_many = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)}", b"12345")
    assert "a.npz is damaged" in problem_with(zipped(X__npy=one_too_many, y__npy=one_too_many))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_that_a_file_cut_short_is_named_as_damaged(tmp_path: Path, kept: float) -> None:
    (tmp_path / "a.npz").write_bytes(WHOLE[: int(kept * len(WHOLE))])
    with pytest.raises(FileProblem, match=r"a\.npz is damaged or cut short\. Copy or download it"):
        read_dataset(tmp_path / "a.npz")


@settings(max_examples=400)
@given(position=st.integers(0, len(WHOLE) - 1), bit=st.integers(0, 7))
def test_that_a_flipped_bit_is_refused_or_changes_no_number(position: int, bit: int) -> None:
    flipped = bytearray(WHOLE)
    flipped[position] ^= 1 << bit
    try:
        data = dataset_in(bytes(flipped), "a.npz")
    except FileProblem:
        return
    assert data.X.tolist() == X.tolist()
    assert data.labels.tolist() == [1, 0, 1]


@given(header=st.binary(max_size=80), data=st.binary(max_size=40))
def test_that_no_bytes_do_worse_than_a_sentence(header: bytes, data: bytes) -> None:
    member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data
    assert problem_with(zipped(X__npy=member, y__npy=member)).startswith("a.npz")
