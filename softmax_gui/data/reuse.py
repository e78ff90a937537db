"""How one file was read, as far as it holds for another one of new rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import preview


def suited(path: Path, options: ReadOptions) -> ReadOptions:
    """The options without what names another file's rows, or columns and arrays not in this one.

    Args:
        path: of the new file, whose start is looked at.
        options: as the user said them of the old one.

    Raises:
        FileProblem: there is no such file, or it may not be read.
    """
    options = replace(options, labels=None, class_order=())
    named = {"label_column", "group_column", "split_column", "x_key", "y_key"}
    said = {name: getattr(options, name) for name in named if getattr(options, name) is not None}
    if not said and not options.target_columns:
        return options
    nothing: dict[str, Any] = dict.fromkeys(said)
    marks = replace(options, **nothing, target_columns=())
    seen = preview(path, marks)
    there = {*seen.columns, *(key for key, _, _ in seen.keys)}
    kept = {name: value for name, value in said.items() if value in there}
    targets = options.target_columns if there.issuperset(options.target_columns) else ()
    return replace(marks, **kept, target_columns=targets)
