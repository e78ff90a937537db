"""The words of the import dialog: choices, captions, and what a file comes to."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from softmax_gui.data.preview import Preview
from softmax_gui.gui import fonts
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.i18n import tr

TARGETS = "targets"  # the choice of several label columns; no number of a column
_ENCODINGS = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16",
              "iso8859-1": "latin-1"}  # fmt: skip


def captions() -> dict[str, str]:
    """What stands before each field."""
    return {
        "label": tr("Label column"), "x_key": tr("Features"), "y_key": tr("Labels"),
        "labels": tr("Labels file"), "height": tr("Height"), "width": tr("Width"),
        "colour": tr("Colour"), "delimiter": tr("Separator"), "decimal": tr("Decimal mark"),
        "encoding": tr("Encoding"), "comment": tr("Comment lines"), "header": tr("Header"),
        "missing": tr("Missing values"),
    }  # fmt: skip


def tips() -> dict[str, str]:
    """What a field is for."""
    return {
        "label": tr("The column with the class of each row."),
        "x_key": tr("The array with a row of features for each example."),
        "y_key": tr("The array with the label of each example."),
        "labels": tr("A second file with the labels, one a row."),
        "height": tr("Every picture is brought to this height in pixels."),
        "width": tr("Every picture is brought to this width in pixels."),
        "colour": tr("Gray has one feature a pixel, colour three."),
        "delimiter": tr("What stands between two cells of a row."),
        "decimal": tr("What stands between the whole and the decimals of a number."),
        "encoding": tr("How the bytes of the file become letters."),
        "comment": tr("Lines that begin so are left out."),
        "header": tr("Whether the first row names the columns."),
        "missing": tr("What becomes of a row in which a value is missing."),
    }


def choices(preview: Preview) -> dict[str, dict[str, str]]:
    """For each field the keys and their texts; what was guessed is always among them."""
    guessed = preview.guessed
    found = {
        "delimiter": {",": tr("Comma ,"), ";": tr("Semicolon ;"), "\t": tr("Tab"),
                      " ": tr("Space"), "|": tr("Bar |")},
        "decimal": {".": tr("Point ."), ",": tr("Comma ,")},
        "encoding": {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp949": tr("Korean (CP949)"),
                     "latin-1": tr("Western (Latin-1)")},
        "comment": {"": tr("none"), "#": "#", "%": "%", "//": "//", ";": ";"},
        "missing": {"refuse": tr("Refuse the file"), "drop": tr("Leave the row out"),
                    "mean": tr("Take the column's mean")},
        "colour": {"gray": tr("Gray"), "rgb": tr("Red, green, blue")},
        "x_key": _arrays(preview), "y_key": _arrays(preview), "label": _columns(preview),
    }  # fmt: skip
    for key, value in (("delimiter", guessed.delimiter), ("comment", guessed.comment),
                       ("encoding", encoding_key(guessed.encoding))):  # fmt: skip
        if value is not None:
            found[key].setdefault(value, one_line(value))
    return found


def encoding_key(name: str | None) -> str | None:
    """The choice that a codec's name stands for: "utf-8-sig" is UTF-8 as well."""
    try:
        plain = codecs.lookup(name).name if name else None
    except LookupError:
        plain = name
    return None if plain is None else _ENCODINGS.get(plain, plain)


def column_place(name: str | None, columns: Sequence[str]) -> int:
    """Where a column is, from 0, by its name or its number from 1; -1 where it is not."""
    if name is None:
        return -1
    if name in columns:
        return list(columns).index(name)
    try:
        number = int(name)
    except ValueError:
        return -1
    place = number - 1 if number > 0 else len(columns) + number
    return place if number and 0 <= place < len(columns) else -1


def column_word(place: int, columns: Sequence[str]) -> str:
    """How a reader is told of a column: by its name, or by its number where that is not clear."""
    name = columns[place]
    clear = bool(name) and list(columns).count(name) == 1 and not name.lstrip("-").isdigit()
    return name if clear else str(place + 1)


def summary(preview: Preview) -> str:
    """What the file comes to, in a line."""
    if not preview.n:
        return ""
    about = "" if preview.exact else "≈ "
    if not preview.q:
        text = tr("{about}{n:,} rows, {d:,} features")
    elif preview.kind == "pictures":
        text = tr("{about}{n:,} pictures, {d:,} features each, {q:,} classes")
    else:
        text = tr("{about}{n:,} rows, {d:,} features, {q:,} classes")
    return text.format(about=about, n=preview.n, d=preview.d, q=preview.q)


def kind_text(kind: str) -> str:
    """What kind of file it is."""
    return {
        "table": tr("Table"), "arrays": tr("NumPy arrays (NPZ)"), "npy": tr("NumPy array (NPY)"),
        "idx": tr("IDX, as MNIST has it"), "pictures": tr("Folder of pictures"),
        "parquet": tr("Parquet table"),
    }.get(kind, kind)  # fmt: skip


def has_hangul(preview: Preview) -> bool:
    """Whether a Korean name or label is to be shown."""
    cells = (cell for row in preview.rows for cell in row[:100])
    names = (name for name, _ in preview.classes[:1000])
    every = (*preview.columns[:1000], *preview.picture_names, *names, *cells)
    return any(fonts.has_hangul(text[:60]) for text in every)


def remaining(seconds: float) -> str:
    """How long it still takes, no more exactly than can be known."""
    if seconds >= 90:
        return tr("about {minutes:.0f} min left").format(minutes=seconds / 60)
    return tr("about {seconds:.0f} s left").format(seconds=max(seconds, 1.0))


def _arrays(preview: Preview) -> dict[str, str]:
    return {
        name: f"{one_line(name)}  {' × '.join(f'{side:,}' for side in shape)}  {kind}"
        for name, shape, kind in preview.keys
    }


def _columns(preview: Preview) -> dict[str, str]:
    targets = preview.guessed.target_columns
    several = {TARGETS: tr("{count:,} one-hot or soft-label columns").format(count=len(targets))}
    return (several if targets else {}) | column_choices(preview.columns)


def column_choices(columns: Sequence[str]) -> dict[str, str]:
    """Each column's place from 0, and what it is called."""
    return {
        str(place): one_line(name)[:60] or tr("Column {number}").format(number=place + 1)
        for place, name in enumerate(columns)
    }
