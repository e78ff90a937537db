"""Tables of weights that another program wrote as CSV: what is a name, what a bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from softmax_gui.export.fields import Contents
from softmax_gui.export.model import ModelProblem
from softmax_gui.files import shown
from softmax_gui.i18n import tr

_BIAS = frozenset({"bias", "intercept", "intercept_", "(intercept)"})


def table_contents(rows: list[list[str]]) -> Contents:
    """Weights in a table of numbers, with or without names in its first row and column.

    A column called bias or intercept says that a row is a class; a row called so, that a column
    is; without either the arrays hold no bias, and others must tell what the rows are.

    Args:
        rows: of cells, blank rows left out.

    Raises:
        ModelProblem: a cell is no number; the sentence names row and column.
    """
    rows = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    across = rows[0] if rows and not any(map(_is_number, rows[0][1:] or rows[0])) else []
    body = rows[1:] if across else rows
    if not body:
        raise ModelProblem(tr("Its table holds no numbers."))
    named = not all(_is_number(row[0]) for row in body)
    down = [row[0] for row in body] if named else []
    header = across or [str(j) for j in range(1, len(body[0]) + 1)]
    first = 1 + bool(across)
    cells = [["", *row] if not named else row for row in body]
    wide = ["", *header] if not named else header
    numbers = np.array([row_numbers(row, i, wide) for i, row in enumerate(cells, first)])
    return _parted(numbers, wide[1:] if across else [], down)


def row_numbers(row: list[str], number: int, header: list[str]) -> list[float]:
    """The numbers of a row after its first cell.

    Raises:
        ModelProblem: another number of columns than the header, or a cell that is no number.
    """
    if len(row) != len(header):
        message = tr("Table row {row}: {found} columns, {wanted} expected.")
        raise ModelProblem(message.format(row=number, found=len(row), wanted=len(header)))
    for name, cell in zip(header[1:], row[1:], strict=True):
        if not _is_number(cell):
            message = tr('Table row {row}, column {column}: "{cell}" is not a number.')
            raise ModelProblem(message.format(row=number, column=shown(name), cell=shown(cell)))
    return [float(cell) for cell in row[1:]]


def _parted(numbers: np.ndarray, across: list[str], down: list[str]) -> Contents:
    """Bias and weight (q, d) where a name tells them apart, else the weights as they lie."""
    for names, others, table in ((across, down, numbers), (down, across, numbers.T)):
        places = [j for j, name in enumerate(names) if name.lower() in _BIAS]
        if len(places) > 1:
            raise ModelProblem(tr("Its table has more than one bias."))
        if places:
            features = [name for j, name in enumerate(names) if j not in places]
            description: dict[str, Any] = {"features": features, "orientation": "(q, d)"}
            if others:
                description["classes"] = others
            arrays = {"weight": np.delete(table, places[0], axis=1), "bias": table[:, places[0]]}
            return arrays, description
    return {"weight": numbers}, {"rows": down, "columns": across}


def _is_number(cell: str) -> bool:
    """Whether a program wrote it as a number: float() would take 1_000 and other digits too."""
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell
