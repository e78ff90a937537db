"""What to say of a row of a table that cannot be read."""

from __future__ import annotations

from softmax_gui.data.guesses import MISSING
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr


class NotTargets(FileProblem):
    """A row of target columns that are no probabilities."""


def quotes_problem(file: str, row: int) -> FileProblem:
    """What to raise where quotes do not pair up."""
    text = tr(
        "{file}, row {row}: the quotation marks do not pair up within the row, "
        "or a quoted cell is longer than 131,072 characters. Close or remove the quote."
    )
    return FileProblem(text.format(file=file, row=row))


def cell_problem(file: str, row: int, column: str, cell: str) -> FileProblem:
    """What to raise where a cell has no value, or none that is a finite number."""
    if cell.lower() in MISSING:
        text = tr(
            '{file}, row {row}, column "{column}": no value ("{cell}"). Fill it in, delete '
            "the row, or let rows be dropped or means filled in."
        )
    else:
        text = tr(
            '{file}, row {row}, column "{column}": "{cell}" is not a finite number. '
            "Write it like 1234.5, or leave the column out."
        )
    return FileProblem(text.format(file=file, row=row, column=shown(column), cell=shown(cell)))
