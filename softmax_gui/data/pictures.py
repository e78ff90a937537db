"""A folder of pictures, a sub-folder a class, or with a labels.csv: all made alike by one rule."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from softmax_gui.data.dataset import Dataset, Floats, feature_names, sealed
from softmax_gui.data.options import ReadOptions, Watch, unwatched
from softmax_gui.data.picture_decoding import (
    MOST_PIXELS,
    Look,
    NoPicture,
    Rule,
    look_at_picture,
    look_for_pillow,
    read_picture,
)
from softmax_gui.data.picture_folder import (
    EnoughNames,
    PictureFile,
    PictureList,
    is_picture_folder,
    list_pictures,
)
from softmax_gui.data.picture_notes import (
    commonest,
    left_out_notes,
    none_sentence,
    rule_notes,
)
from softmax_gui.data.picture_pool import Stop, on_all_cores
from softmax_gui.data.picture_rows import empty_rows, in_class_order, look_at_memory
from softmax_gui.data.preview import ROWS_SHOWN, Preview
from softmax_gui.data.problems import wanted_bytes
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

__all__ = ["is_picture_folder", "look_at_pictures", "read_pictures"]

_GUESS = ReadOptions()
_SIDE = 64  # pixels: larger ones are shrunk to it unless a size is chosen
_MOST_NAMES = 10_000_000
_NAMES_PREVIEWED = 110_000
# Of a preview: listing names, looking at headers, decoding.
_LISTING_S, _LOOKS_S, _PICTURES_S = 0.15, 0.02, 0.1
_PREVIEW_PIXELS = 16_000_000  # a preview leaves larger ones out: one takes a tenth of a second
_HEADERS_SHARE = 0.2  # of the time


@dataclass(frozen=True)
class _Seen:
    """The files whose headers were read, and why the others are left out."""

    files: list[PictureFile]
    looks: list[Look]
    left_out: list[tuple[str, str]]  # name, reason


def read_pictures(
    path: str | os.PathLike[str], options: ReadOptions = _GUESS, watch: Watch = unwatched
) -> Dataset:
    """Reads the pictures of a folder to rows of 0 to 255, class by class, on all cores.

    A file that is no picture, or a broken one, is left out and named in the notes.

    Args:
        path: the folder.
        options: picture_size, colour, class_order, limit_bytes; those of a labels.csv.
        watch: told the share done.

    Raises:
        FileProblem: no picture, one class, too large, or Pillow is missing.
    """
    look_for_pillow()
    listed = list_pictures(Path(path), options, watch, _MOST_NAMES)
    seen = _look_at_all(listed.files, watch)
    rule = _rule(listed.folder, seen, options)
    _look_at_classes(listed.folder, seen.files)
    X = empty_rows(listed.folder, len(seen.files), rule.d, options.limit_bytes)
    broken = _decode(seen.files, rule, X, watch)
    left_out = sorted(seen.left_out + [(seen.files[i].name, why) for i, why in broken.items()])
    files = [file for i, file in enumerate(seen.files) if i not in broken]
    looks = [look for i, look in enumerate(seen.looks) if i not in broken]
    if not files:
        raise FileProblem(none_sentence(listed.folder, left_out))
    _look_at_classes(listed.folder, files)
    _close_gaps(X, broken)
    labels, names = _classes(listed.folder, files, options.class_order)
    return Dataset(
        name=listed.folder,
        X=sealed(X),
        labels=labels,
        class_names=names,
        feature_names=feature_names(rule.d),
        image_shape=None if rule.colour else (rule.height, rule.width),
        pixel_range=(0.0, 255.0),
        notes=(
            *rule_notes(rule, looks, options),
            *left_out_notes(left_out, listed.files, files),
            *listed.notes,
        ),
    )


def look_at_pictures(path: str | os.PathLike[str], options: ReadOptions = _GUESS) -> Preview:
    """What reading would come to: names counted, the size guessed from some, 20 pictures decoded.

    Raises:
        FileProblem: there is no such folder, or it cannot be listed.
    """
    listed = list_pictures(Path(path), options, _for(_LISTING_S), _NAMES_PREVIEWED)
    counts = Counter(file.label for file in listed.files)
    preview = Preview("pictures", n=len(listed.files), q=len(counts), exact=listed.complete)
    preview = replace(preview, notes=listed.notes, guessed=options)
    try:
        names = in_class_order(listed.folder, counts, options.class_order)
        classes = tuple((name, counts[name]) for name in names)
        guessed = replace(options, class_order=names)
        preview = replace(preview, q=len(names), classes=classes, guessed=guessed)
        look_for_pillow()
        return _with_pictures(preview, listed)
    except FileProblem as problem:
        return replace(preview, problem=str(problem))


def _with_pictures(preview: Preview, listed: PictureList) -> Preview:
    """Adds the size and some pictures of each class, as many as there is time for."""
    seen = _look_at_some(_by_turns(listed.files))
    rule = _rule(listed.folder, seen, preview.guessed)
    size, colour = (rule.height, rule.width), "rgb" if rule.colour else "gray"
    guessed = replace(preview.guessed, picture_size=size, colour=colour)
    notes = (*rule_notes(rule, seen.looks, preview.guessed), *preview.notes)
    preview = replace(preview, d=rule.d, guessed=guessed, notes=notes)
    try:
        _look_at_classes(listed.folder, listed.files)
        look_at_memory(listed.folder, preview.n, rule.d, preview.guessed.limit_bytes)
    except FileProblem as problem:  # what is there is shown all the same
        preview = replace(preview, problem=str(problem), wanted_bytes=wanted_bytes(problem))
    chosen = [
        file
        for file, look in zip(seen.files, seen.looks, strict=True)
        if look.height * look.width <= _PREVIEW_PIXELS
    ][:ROWS_SHOWN]
    found: dict[int, NDArray[np.uint8]] = {}
    stop, until = Stop(MOST_PIXELS), time.monotonic() + _PICTURES_S

    def decode(i: int) -> None:
        if time.monotonic() < until:
            try:
                values = read_picture(Path(chosen[i].path), rule, stop, roughly=True)
                found[i] = np.rint(values).astype(np.uint8)
            except NoPicture:
                return  # reading will name it

    on_all_cores(len(chosen), decode, stop, unwatched)
    pictures = tuple(found[i] for i in sorted(found))
    names = tuple(chosen[i].name for i in sorted(found))
    return replace(preview, pictures=pictures, picture_names=names)


def _for(seconds: float) -> Watch:
    """A watch that ends the listing of names after so long; what was listed is taken."""
    until = time.monotonic() + seconds

    def watch(_: float) -> None:
        if time.monotonic() > until:
            raise EnoughNames

    return watch


def _by_turns(files: Sequence[PictureFile]) -> list[PictureFile]:
    """One file of each class, then the second of each, and so on."""
    place: Counter[str] = Counter()
    turns = []
    for i, file in enumerate(files):
        turns.append((place[file.label], i))
        place[file.label] += 1
    return [files[i] for _, i in sorted(turns)]


def _look_at_all(files: Sequence[PictureFile], watch: Watch) -> _Seen:
    looks: list[Look | None] = [None] * len(files)
    reasons: dict[int, str] = {}
    stop = Stop(MOST_PIXELS)

    def look(i: int) -> None:
        try:
            looks[i] = look_at_picture(Path(files[i].path))
        except NoPicture as reason:
            reasons[i] = str(reason)

    on_all_cores(len(files), look, stop, lambda share: watch(_HEADERS_SHARE * share))
    return _seen(files, looks, reasons)


def _look_at_some(files: Sequence[PictureFile]) -> _Seen:
    looks: list[Look | None] = []
    reasons: dict[int, str] = {}
    until = time.monotonic() + _LOOKS_S
    for i, file in enumerate(files):
        if i and time.monotonic() > until:
            break
        looks.append(None)
        try:
            looks[i] = look_at_picture(Path(file.path))
        except NoPicture as reason:
            reasons[i] = str(reason)
    return _seen(files[: len(looks)], looks, reasons)


def _seen(
    files: Sequence[PictureFile], looks: Sequence[Look | None], reasons: dict[int, str]
) -> _Seen:
    pairs = [(f, look) for f, look in zip(files, looks, strict=True) if look is not None]
    left_out = [(files[i].name, reasons[i]) for i in sorted(reasons)]
    return _Seen([file for file, _ in pairs], [look for _, look in pairs], left_out)


def _rule(folder: str, seen: _Seen, options: ReadOptions) -> Rule:
    """The size and colour that are wanted, or the commonest size, shrunk where it is large."""
    if not seen.files:
        raise FileProblem(none_sentence(folder, seen.left_out))
    height, width = options.picture_size or commonest(seen.looks)
    longest = max(height, width)
    if options.picture_size is None and longest > _SIDE:
        height = max(1, round(height * _SIDE / longest))
        width = max(1, round(width * _SIDE / longest))
    return Rule(height, width, options.colour == "rgb")


def _decode(files: Sequence[PictureFile], rule: Rule, X: Floats, watch: Watch) -> dict[int, str]:
    """Fills the rows of X; says why some are left empty."""
    broken: dict[int, str] = {}
    stop = Stop(MOST_PIXELS)

    def decode(i: int) -> None:
        try:
            X[i] = read_picture(Path(files[i].path), rule, stop).reshape(-1)
        except NoPicture as reason:
            broken[i] = str(reason)

    on_all_cores(len(files), decode, stop, _rest_of(watch))
    return broken


def _rest_of(watch: Watch) -> Callable[[float], None]:
    return lambda share: watch(_HEADERS_SHARE + (1.0 - _HEADERS_SHARE) * share)


def _close_gaps(X: Floats, broken: dict[int, str]) -> None:
    """Moves rows over the empty ones, where they are: a second X may not fit into memory."""
    if not broken:
        return
    kept = 0
    for i in range(len(X)):
        if i not in broken:
            if kept < i:
                X[kept] = X[i]
            kept += 1
    X.resize((kept, X.shape[1]), refcheck=False)  # nobody else has seen X yet


def _classes(
    folder: str, files: Sequence[PictureFile], order: tuple[str, ...]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    names = in_class_order(folder, {file.label for file in files}, order)
    place = {name: k for k, name in enumerate(names)}
    return np.array([place[file.label] for file in files], np.int64), names


def _look_at_classes(folder: str, files: Sequence[PictureFile]) -> None:
    labels = {file.label for file in files}
    if len(labels) == 1:
        text = tr(
            'The folder {folder} has pictures of one class, "{name}". Two classes or more are '
            "needed to tell them apart."
        )
        raise FileProblem(text.format(folder=folder, name=shown(labels.pop())))
