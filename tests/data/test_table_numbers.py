"""Plain decimals, read all at once, are the numbers that float() reads one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.data.table_numbers import parsed, plain_decimals

SIGNS = st.sampled_from(["", "", "-", "+"])
DIGITS = st.text("0123456789", max_size=9)
DECIMALS = st.builds(
    lambda sign, whole, point, rest: sign + (whole + point + rest if whole + rest else "0"),
    SIGNS, DIGITS, st.sampled_from(["", "."]), DIGITS,
)  # fmt: skip


@given(st.data(), st.integers(1, 6), st.sampled_from(",;\t |"))
def test_that_decimals_are_read_to_the_last_bit(
    choose: st.DataObject, width: int, separator: str
) -> None:
    rows = choose.draw(st.lists(st.lists(DECIMALS, min_size=width, max_size=width), min_size=1))
    X = parsed([separator.join(row) for row in rows], separator, range(width))
    assert X is not None
    wanted = np.array([list(map(float, row)) for row in rows])
    np.testing.assert_array_equal(X, wanted)
    np.testing.assert_array_equal(np.signbit(X), np.signbit(wanted))  # of -0.0 too


@given(st.lists(st.text("0123456789.+-eE xn,;_", max_size=12), min_size=1, max_size=8))
def test_that_any_cells_are_read_as_numpy_reads_them_or_not_at_all(lines: list[str]) -> None:
    quick = plain_decimals(lines, ",", lines[0].count(",") + 1)
    if quick is None:
        return
    cells = [line.split(",") for line in lines]
    assert {len(row) for row in cells} == {quick.shape[1]}
    np.testing.assert_array_equal(quick, [[float(cell) for cell in row] for row in cells])


@pytest.mark.parametrize(
    "cell", ["", "-", ".", "+.", "1.2.3", "1-2", "--1", "1_0", "x", "nan", "1 2", "１"]
)
def test_that_what_is_no_decimal_is_not_read_at_all(cell: str) -> None:
    assert parsed([f"1,{cell}", "2,3"], ",", [0, 1]) is None or cell == "nan"
    assert plain_decimals([f"1,{cell}", "2,3"], ",", 2) is None


@pytest.mark.parametrize("cell", ["1e3", " 1.5", "1.5 ", "1234567890123456", "0.1234567890123456"])
def test_that_other_numbers_are_left_to_numpy(cell: str) -> None:
    assert plain_decimals([f"1,{cell}", "2,3"], ",", 2) is None
    X = parsed([f"1,{cell}", "2,3"], ",", [0, 1])
    assert X is not None
    assert X.tolist() == [[1.0, float(cell)], [2.0, 3.0]]


def test_that_lines_of_different_lengths_are_not_read_even_if_their_sum_is_right() -> None:
    assert plain_decimals(["1,2", "3,4,5", "6"], ",", 2) is None
    assert parsed(["1,2", "3,4,5", "6"], ",", [0, 1]) is None


def test_that_chosen_columns_come_in_the_order_asked_for() -> None:
    X = parsed(["1,2,3", "4,5,6"], ",", [2, 0])
    assert X is not None
    assert X.tolist() == [[3.0, 1.0], [6.0, 4.0]]
    mixed = parsed(["1,a,3", "4,b,6"], ",", [2, 0])
    assert mixed is not None
    assert mixed.tolist() == [[3.0, 1.0], [6.0, 4.0]]


def test_that_fifteen_digits_are_exact_and_sixteen_left_to_numpy() -> None:
    X = parsed(["0.00000000000001,999999999999999", "-0.99999999999999,0"], ",", [0, 1])
    assert X is not None
    assert X.tolist() == [[1e-14, 999999999999999.0], [-0.99999999999999, 0.0]]
    assert math.copysign(1.0, X[1, 0]) == -1.0


@given(st.integers(0, 15), st.integers(0, 15), st.integers(0, 2**40))
def test_that_each_number_of_digits_on_either_side_is_exact(
    before: int, after: int, seed: int
) -> None:
    if not 1 <= before + after <= 15:
        return
    digits = np.random.default_rng(seed).integers(0, 10, (100, before + after))
    texts = ["".join(map(str, row)) for row in digits.tolist()]
    lines = [f"{text[:before]}.{text[before:]}" for text in texts]
    X = plain_decimals(lines, ",", 1)
    assert X is not None
    assert X[:, 0].tolist() == [float(line) for line in lines]


def test_that_a_table_of_many_lines_is_read_group_by_group() -> None:
    numbers = np.random.default_rng(0).normal(size=(5000, 7)).round(6)
    lines = [",".join(map("{:.6f}".format, row)) for row in numbers.tolist()]
    X = plain_decimals(lines, ",", 7)
    assert X is not None
    np.testing.assert_array_equal(X, numbers)
