"""What the panel of drawn examples says in sentences."""

from __future__ import annotations

from dataclasses import dataclass, field

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.drawn import DRAWN_SOURCE, DrawnSet
from softmax_gui.data.mixing import why_not_mixable
from softmax_gui.gui.run_config import LoadRequest
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.i18n import tr

_NAMED, _LONGEST = 12, 16  # classes, characters of a name


@dataclass(frozen=True)
class Reasons:
    """Why a button is off, in a sentence each; "" where it is on."""

    train: str = ""
    mix: str = ""
    save: str = ""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What the examples are drawn beside: the data on the screen."""

    shape: tuple[int, int] | None = None  # of its pictures, None for a table
    class_names: tuple[str, ...] = field(default=())


def why_not_added(base: Dataset | None, request: LoadRequest, drawn: DrawnSet) -> str:
    """Why the examples can't be added to the data at hand, "" where they can.

    Args:
        base: the data on the screen, without examples that were added to them.
        request: how they were asked for.
        drawn: the examples.
    """
    if base is None:
        return tr("There are no data yet.")
    if request.source == DRAWN_SOURCE:
        return tr("The data on the screen are drawn examples themselves. Open others first.")
    if request.dataset is not None and not isinstance(request.dataset, Dataset):
        return tr("These rows stay on disk: nothing can be added to them.")
    return why_not_mixable(base, drawn)


def reasons(base: Dataset | None, request: LoadRequest, drawn: DrawnSet, locked: str) -> Reasons:
    """Why not, in a sentence each; `locked` says why nothing can be loaded, "" where it can."""
    return Reasons(
        train=locked or drawn.why_not_trainable(),
        mix=locked or why_not_added(base, request, drawn),
        save="" if drawn.m else tr("There is no example yet."),
    )


def added_text(drawn: int, known: int) -> str:
    """What came of adding so many examples, of which so many were among the data before."""
    if known == drawn:
        return tr("Your examples are among the data already: nothing was added.")
    text = tr("Drawn examples among the data now: {m}. Train (F5) to learn from them.")
    text = text.format(m=drawn)
    if not known:
        return text
    there = tr("Among them before, and not added again: {known}.").format(known=known)
    return f"{text} {there}"


def count_text(drawn: DrawnSet) -> str:
    """How many examples there are, and of which classes."""
    if not drawn.m:
        return tr("No example yet: draw a picture, choose its label, add it.")
    counts = ", ".join(
        f"{_short(name)}: {_number(count)}"
        for name, count in zip(drawn.class_names[:_NAMED], drawn.counts.tolist(), strict=False)
    )
    counts += ", …" if drawn.q > _NAMED else ""
    return tr("Examples: {m:,} ({counts})").format(m=drawn.m, counts=counts)


def _number(count: float) -> str:
    """To two decimals, those that are 0 left out."""
    return f"{count:,.2f}".rstrip("0").rstrip(".")


def _short(name: str) -> str:
    """A name that fits into a line of the panel."""
    line = one_line(name)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def where_text(drawn: DrawnSet, around: Surroundings) -> str:
    """Why there is a pad of its own to draw on."""
    height, width = drawn.image_shape
    if around.shape is None:
        return tr("The data on the screen are no pictures. Draw here, or load the 2x2 sample.")
    text = tr(
        "The pictures on the screen have {rows} × {columns} pixels, your examples {height} ×"
        " {width}: draw them here."
    )
    rows, columns = around.shape
    return text.format(rows=rows, columns=columns, height=height, width=width)
