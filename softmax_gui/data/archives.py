"""NPZ: arrays by name, each looked at by its header before memory is taken; never a pickle."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.label_arrays import as_texts
from softmax_gui.data.npy import Header, read_header
from softmax_gui.data.npy_values import DAMAGE, look_at_header, pickle_sentence, read_values
from softmax_gui.data.options import ReadOptions, unwatched
from softmax_gui.files import FileProblem, regular_file, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from softmax_gui.data.options import Watch

__all__ = ["PAIRS", "Archive", "opened", "pickle_sentence"]

PAIRS = (
    ("X", "y"),
    ("x", "y"),
    ("data", "target"),
    ("images", "labels"),
    ("x_train", "y_train"),
    ("X_train", "y_train"),
)
BESIDE = ("class_names", "feature_names", "image_shape", "pixel_range", "sample_weight", "targets",
          "groups", "parts")  # fmt: skip
# What a byte of a file may yield, of deflate by zlib's technical notes.
_RATIOS = {zipfile.ZIP_STORED: 1.0, zipfile.ZIP_DEFLATED: 1032.0}
_SHOWN = 12  # arrays that a sentence lists


@contextmanager
def opened(
    path: str | os.PathLike[str], options: ReadOptions, watch: Watch = unwatched
) -> Iterator[Archive]:
    """The arrays of an NPZ file, read from it while the block lasts.

    Raises:
        FileProblem: it is none, or holds what no NPZ of arrays holds.
    """
    with (
        regular_file(Path(path)) as descriptor,
        os.fdopen(descriptor, "rb", closefd=False) as stream,
    ):
        yield Archive(shown(Path(path).name), stream, options.limit_bytes, watch)


class Archive:
    """A ZIP file of arrays; nothing is unpacked by name, no declared size is believed."""

    def __init__(
        self, file: str, stream: IO[bytes], limit_bytes: int, watch: Watch = unwatched
    ) -> None:
        self.file = file
        self._limit, self._watch = limit_bytes, watch
        self._size = stream.seek(0, os.SEEK_END)
        try:
            self._zip = zipfile.ZipFile(stream)
        except DAMAGE as error:
            raise self._damaged() from error
        members = self._zip.namelist()
        self._look_at_members(members)
        self.names = [name.removesuffix(".npy") for name in members if name.endswith(".npy")]

    def pair(self, options: ReadOptions) -> tuple[str, str]:
        """The names of features and labels: chosen, usual, or the only ones they can be.

        Raises:
            FileProblem: no such arrays; the sentence lists those there are.
        """
        chosen = {name for name in (options.x_key, options.y_key) if name is not None}
        for name in sorted(chosen - set(self.names)):
            text = tr("{file} has no array {key}. It holds {arrays}. Choose one of these.")
            raise self.problem(text, key=shown(name), arrays=self.listed())
        for x, y in PAIRS:
            fits = options.x_key in (None, x) and options.y_key in (None, y)
            if fits and {x, y} <= set(self.names):
                return x, y
        features = [options.x_key] if options.x_key else self._only(features=True)
        labels = [options.y_key] if options.y_key else self._only(features=False)
        if len(features) == 1 and len(labels) == 1 and features != labels:
            return features[0], labels[0]
        text = tr(
            "{file} holds {arrays}, but no features and labels under the names X and y. "
            "Save them under these names, or choose which arrays they are."
        )
        raise self.problem(text, arrays=self.listed())

    def features_key(self, options: ReadOptions) -> str:
        """The name of the features where there are no labels.

        Raises:
            FileProblem: no such array.
        """
        usual = [x for x, _ in PAIRS if x in self.names]
        if options.x_key is None and not usual:
            only = self._only(features=True)
            if len(only) == 1:
                return only[0]
        if options.x_key is None and usual:
            return usual[0]
        return self.pair(options)[0]

    def listed(self) -> str:
        """The arrays there are, with shapes and kinds, for a sentence."""
        texts = [f"{shown(name)} {shape} {kind}" for name, shape, kind in self.described()[:_SHOWN]]
        rest = ", …" if len(self.names) > _SHOWN else ""
        return ", ".join(texts) + rest if texts else tr("no arrays")

    def described(self) -> list[tuple[str, tuple[int, ...], str]]:
        """Name, shape and kind of each array whose header can be read."""
        found = []
        for name in self.names:
            try:
                header = self.header(name)
            except FileProblem:
                continue
            found.append((name, header.shape, str(header.dtype)))
        return found

    def header(self, key: str) -> Header:
        """What an array says of itself.

        Raises:
            FileProblem: it is damaged.
        """
        with self._member(key) as stream:
            return read_header(stream)

    def array(
        self, key: str, dtype: type[np.generic] | None = None, rows: int | None = None
    ) -> NDArray[Any]:
        """The values of that name, as `dtype` where they are numbers.

        Raises:
            FileProblem: damaged, pickled, or too large.
            Cancelled: by the watch.
        """
        watch = self._watch if dtype is not None else unwatched
        with self._member(key) as stream:
            header = read_header(stream)
            limited = header
            if rows is not None and header.shape and not header.fortran_order:
                shape = (min(rows, header.shape[0]), *header.shape[1:])
                limited = Header(header.dtype, fortran_order=False, shape=shape)
            look_at_header(self.file, key, limited, self._limit)
            self._look_at_room(key, header)
            if dtype is not None:
                self._look_at_numbers(key, header)
            values = read_values(stream, header, watch, dtype, rows)
            if rows is None and stream.read(1):
                raise self._damaged()
        return values

    def numbers(self, key: str) -> NDArray[Any] | None:
        """The numbers of that name in the file's kind, None if there are none."""
        if key not in self.names:
            return None
        values = self.array(key)
        self._look_at_numbers(key, Header(values.dtype, fortran_order=False, shape=values.shape))
        return values

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list of names, None if there is none."""
        if key not in self.names:
            return None
        return tuple(as_texts(self.file, key, self.array(key).ravel()))

    def few_numbers(self, key: str, count: int) -> list[float] | None:
        """So many finite numbers, None if there are none of that name."""
        found = self.numbers(key)
        if found is None:
            return None
        values = found.astype(float).ravel()
        if len(values) != count or not np.isfinite(values).all():
            text = tr("{file}: {key} must hold {count} numbers.")
            raise self.problem(text, key=key, count=count)
        return [float(value) for value in values]

    def problem(self, text: str, **values: object) -> FileProblem:
        """A sentence with the name of the file."""
        return FileProblem(text.format(file=self.file, **values))

    def _look_at_numbers(self, key: str, header: Header) -> None:
        if header.dtype.kind not in "biuf":
            text = tr("{file}: {key} holds {kind} instead of numbers. Save it as numbers.")
            raise self.problem(text, key=key, kind=header.dtype)

    def _only(self, *, features: bool) -> list[str]:
        """The arrays that could be features, or labels."""
        found = []
        for name, shape, kind in self.described():
            dtype = np.dtype(kind)
            if name in BESIDE or not shape or shape[0] < 2:
                continue
            rows = len(shape) >= 2 and dtype.kind in "biuf"
            if rows if features else len(shape) == 1:
                found.append(name)
        return found

    @contextmanager
    def _member(self, key: str) -> Iterator[IO[bytes]]:
        try:
            with self._zip.open(f"{key}.npy") as stream:
                yield stream
        except FileProblem:
            raise
        except (*DAMAGE, KeyError) as error:
            raise self._damaged() from error

    def _look_at_room(self, key: str, header: Header) -> None:
        """Refuses a header that speaks of more than its part of the file can hold."""
        member = self._zip.getinfo(f"{key}.npy")
        ratio = _RATIOS.get(member.compress_type, math.inf)
        if header.count * header.dtype.itemsize > min(member.file_size, self._size * ratio):
            raise self._damaged()

    def _look_at_members(self, members: Sequence[str]) -> None:
        """Refuses what no NPZ holds; the names are only looked at, never used as paths."""
        if any(name.endswith((".pkl", ".pickle")) for name in members):
            raise FileProblem(pickle_sentence(self.file))
        if "xl/workbook.xml" in members:
            raise self.problem(tr("{file} is a spreadsheet. Save it as CSV and open that."))
        strange = [name for name in members if {"/", "\\", ":"} & set(name) or ".." in name]
        if strange:
            text = tr(
                "{file} holds {name}, a file in a folder, so it is no NPZ of arrays. "
                "Unpack it yourself and open what is in it."
            )
            raise self.problem(text, name=shown(strange[0]))
        if len(set(members)) < len(members):
            raise self.problem(tr("{file} holds two arrays of one name. Save it again."))

    def _damaged(self) -> FileProblem:
        return self.problem(tr("{file} is damaged or cut short. Copy or download it again."))
