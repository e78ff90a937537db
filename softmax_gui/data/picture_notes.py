"""What is said of a folder of pictures: what was done to them, which were left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.picture_decoding import Look, Rule, resampling_of
from softmax_gui.data.picture_folder import PictureFile, listed_names
from softmax_gui.i18n import tr


def commonest(looks: Sequence[Look]) -> tuple[int, int]:
    """The (height, width) that most pictures have; of several, the largest."""
    sizes = Counter((look.height, look.width) for look in looks)
    return max(sizes, key=lambda size: (sizes[size], size[0] * size[1], size))


def none_sentence(folder: str, left_out: list[tuple[str, str]]) -> str:
    """The refusal of a folder of which no file is a picture."""
    text = tr("None of {count} files in {folder} can be read as a picture: {names}.")
    return text.format(count=len(left_out), folder=folder, names=_with_reasons(left_out))


def _with_reasons(left_out: list[tuple[str, str]]) -> str:
    return listed_names([f"{name} ({why})" for name, why in left_out])


def left_out_notes(
    left_out: list[tuple[str, str]], listed: Sequence[PictureFile], files: Sequence[PictureFile]
) -> list[str]:
    """Which files, and which classes, were left out."""
    notes = []
    if left_out:
        text = tr("{count} of {n} files were left out: {names}.")
        names = _with_reasons(left_out)
        notes.append(text.format(count=len(left_out), n=len(listed), names=names))
    empty = sorted({file.label for file in listed} - {file.label for file in files})
    if empty:
        text = tr("No picture of these classes could be read, so they are none: {names}.")
        notes.append(text.format(names=listed_names(empty)))
    return notes


def rule_notes(rule: Rule, looks: Sequence[Look], options: ReadOptions) -> list[str]:
    """What was done to the pictures, named exactly."""
    sides = {"height": rule.height, "width": rule.width}
    notes = []
    ways = {resampling_of(look.height, look.width, rule) for look in looks}
    if ways != {""}:
        text = tr(
            "Pictures are turned as Exif says, cut around the centre to {height} x {width}, and "
            "resampled there: {how}."
        )
        how = {
            "box": tr("mean over boxes (whole factors)"),
            "Lanczos": tr("Lanczos with 3 lobes, widened to shrink"),
        }
        said = ", ".join(how[way] for way in how if way in ways)
        notes.append(text.format(how=said, **sides))
    if rule.colour:
        text = tr(
            "Colour pictures of {height} x {width} pixels: height x width x 3, row by row, red "
            "green blue of each pixel."
        )
        notes.append(text.format(**sides))
    elif any(look.colour for look in looks):
        text = tr("Colour became gray by ITU-R 601 luma: 0.299 red + 0.587 green + 0.114 blue.")
        notes.append(text)
    if options.picture_size is None and len({(look.height, look.width) for look in looks}) > 1:
        height, width = commonest(looks)
        text = tr("The sizes differ; {height} x {width} is the commonest.")
        notes.append(text.format(height=height, width=width))
    return notes
