"""Weights as JSON and CSV: for people, spreadsheets and other languages; exact digits."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np

from softmax_gui.export.fields import (
    FORMAT,
    Contents,
    arrays_of,
    description_of,
    parsed_description,
)
from softmax_gui.export.foreign import CLASS_NAMES, is_array_name
from softmax_gui.export.foreign_tables import row_numbers, table_contents
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.files import spreadsheet_safe
from softmax_gui.i18n import tr

CSV_MARK = "# softmax-gui model "


def json_bytes(model: TrainedModel) -> bytes:
    """One JSON object: the description, then weight, bias, shift and scale as lists."""
    lists = {name: array.tolist() for name, array in arrays_of(model).items()}
    return json.dumps({**description_of(model), **lists}, ensure_ascii=False, indent=1).encode()


def json_contents(data: bytes) -> Contents:
    """The arrays and the description in a JSON file.

    Raises:
        ModelProblem: no JSON object, or what should be an array is none.
    """
    value = parsed_description(_text(data))
    value |= {name: value.pop(key) for key, name in _renamed(value).items()}
    names = [name for name in value if is_array_name(name)]
    return {name: _array(value.pop(name), name) for name in names}, value


def _renamed(value: dict[str, Any]) -> dict[str, str]:
    """Names that other programs give their lists of classes."""
    found = next((key for key in CLASS_NAMES if key in value), "classes")
    if found != "classes" and isinstance(value[found], list):
        value[found] = [str(name) for name in value[found]]
        return {found: "classes"}
    return {}


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ModelProblem(tr("It is not UTF-8 text.")) from None


def csv_bytes(model: TrainedModel) -> bytes:
    """A table, a row a class: name, bias, weights; the description and scaling in line 1.

    Names that a spreadsheet would take for a formula get an apostrophe in the table;
    line 1 has them as they are.
    """
    description = description_of(model)
    for name in ("shift", "scale"):
        description[name] = arrays_of(model)[name].tolist()
    text = io.StringIO()
    text.write(CSV_MARK + json.dumps(description, ensure_ascii=False) + "\n")
    # The csv module quotes no carriage return by itself, and reads none that is not quoted.
    returns = "\r" in "".join((*model.class_names, *model.feature_names))
    writer = csv.writer(
        text, lineterminator="\n", quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
    )
    writer.writerow(["class", "bias", *map(spreadsheet_safe, model.feature_names)])
    for name, bias, row in zip(model.class_names, model.dense.b, model.dense.W.T, strict=True):
        writer.writerow([spreadsheet_safe(name), repr(float(bias)), *(repr(float(w)) for w in row)])
    return text.getvalue().encode()


def csv_contents(data: bytes, *, foreign: bool = False) -> Contents:
    """The arrays and the description in a CSV file that csv_bytes wrote, or of the same columns.

    Args:
        data: the bytes.
        foreign: whether another program's table of numbers will do, see foreign.py.

    Raises:
        ModelProblem: another table; the sentence names row and column.
    """
    text, description = _text(data), dict[str, Any]()
    if text.startswith(CSV_MARK):
        line, _, text = text.partition("\n")
        description = parsed_description(line.removeprefix(CSV_MARK))
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise ModelProblem(tr("Its table can't be read ({error}).").format(error=error)) from None
    if len(rows) < 2 or rows[0][:2] != ["class", "bias"]:
        if foreign and rows:
            return table_contents(rows)
        raise ModelProblem(tr('Its table does not begin with the columns "class" and "bias".'))
    header, *body = rows
    numbers = np.array([row_numbers(row, i, header) for i, row in enumerate(body, 2)])
    description.setdefault("features", header[2:])
    description["classes"] = _classes_of(body, description.get("classes"))
    arrays = {"bias": numbers[:, 0], "weight": numbers[:, 1:]}
    for name in ("shift", "scale"):
        if name in description:
            arrays[name] = _array(description[name], name)
    return arrays, {"format": FORMAT, **description}


def _classes_of(body: list[list[str]], names: Any) -> list[str]:
    """The classes in the order of the rows, which a spreadsheet may have sorted.

    `names` are those of line 1, exact where the table has an apostrophe for safety.
    """
    written = [row[0] for row in body]
    if names is None:
        return written
    if not isinstance(names, list):
        raise ModelProblem(tr('"{key}" is not a list of names.').format(key="classes"))
    if [spreadsheet_safe(str(name)) for name in names] == written:
        return [str(name) for name in names]  # two may be alike with their apostrophe
    exact = {spreadsheet_safe(str(name)): str(name) for name in names}
    if sorted(exact) != sorted(written):
        raise ModelProblem(tr("The classes of its rows are not those of its first line."))
    return [exact[name] for name in written]


def _array(value: Any, name: str) -> np.ndarray:
    try:
        return np.array(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):  # ragged, no numbers, or of 400 digits
        raise ModelProblem(tr('"{name}" is not a table of numbers.').format(name=name)) from None
