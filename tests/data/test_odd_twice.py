"""Tables read quickly and cell by cell: the same numbers to the last bit, or the same sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import read_dataset
from softmax_gui.data.table_cells import Cells
from softmax_gui.files import FileProblem

ODD = [
    "", " ", "1", "-0", "+.5", "5.", " 7 ", "0.1", "1e5", "1E-05", "1e400", "-1e400", "1e-400",
    "4.9e-324", "2.5e-324", "1.7976931348623157e308", "1.7976931348623159e308", "1e22", "1e23",
    "9007199254740993", "123456789012345678901234567890", "0." + "0" * 30 + "1", "1" * 400,
    "0.30000000000000004", "2.2250738585072011e-308", "8.5e", "e5", ".", "+", "-", "--1", "1.2.3",
    "1_0", "0x10", "nan", "inf", "-inf", "infinity", "NA", "?", "cat", "1,5", "١٢", "１", "−5",
    "1\u00a0", "\u20031", "1\x0b", "\x0c2", "1d5", "1f", "1L", "1+2j", "TRUE", "1 2", "00012",
    "-00.50", "1e+05", "1e 5", "0e0", "-.5E-0",
]  # fmt: skip
numbers = st.floats(allow_nan=False, allow_infinity=False).map(repr)
plain = st.one_of(numbers, st.integers(-(10**20), 10**20).map(str), st.decimals(-9, 9).map(str))
cells = st.one_of(plain, plain, plain, st.sampled_from(ODD))
labels = st.sampled_from(["cat", "dog", " cow ", "cat", "dog", ""])


def read_both_ways(path: Path, options: ReadOptions) -> tuple[object, object]:
    """What comes of a table by the quick way, and by the careful way alone."""
    found = []
    for quickly in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not quickly:
                patch.setattr(Cells, "_quick", lambda *_: None)
            try:
                found.append(held(read_dataset(path, options)))
            except FileProblem as problem:
                found.append(str(problem))
    return found[0], found[1]


def held(data: Dataset) -> object:
    labelled = [data.class_names[label] for label in data.labels.tolist()]
    return data.X.shape, data.X.tobytes(), labelled, data.notes


@settings(max_examples=150)
@given(
    rows=st.lists(st.tuples(cells, cells, labels), min_size=2, max_size=8),
    separator=st.sampled_from([",", ";", "\t", " "]),
    missing=st.sampled_from(["refuse", "drop", "mean"]),
    decimal=st.sampled_from([".", None]),
)
def test_that_the_quick_way_and_the_careful_one_come_to_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str]],
    separator: str,
    missing: str,
    decimal: str | None,
) -> None:
    path = tmp_path_factory.getbasetemp() / "twice.csv"
    lines = [separator.join(row) for row in [("a", "b", "kind"), *rows]]
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    options = ReadOptions(missing=missing, decimal=decimal, delimiter=separator, encoding="utf-8")
    quick, careful = read_both_ways(path, options)
    assert quick == careful


@pytest.mark.parametrize("cell", ODD, ids=repr)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_that_each_odd_cell_is_taken_alike_both_ways(
    tmp_path: Path, cell: str, separator: str
) -> None:
    path = tmp_path / "twice.csv"
    rows = [("a", "b", "kind"), ("1", "2", "cat"), ("3", cell, "dog"), (cell, "4", "cat")]
    path.write_bytes("".join(f"{separator.join(row)}\n" for row in rows).encode())
    for missing in ("refuse", "drop"):
        quick, careful = read_both_ways(path, ReadOptions(missing=missing, delimiter=separator))
        assert quick == careful
