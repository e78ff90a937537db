"""A text file of any size as blocks of whole lines; never the whole text in memory."""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from softmax_gui.data.options import ReadOptions, Watch
from softmax_gui.data.text_encoding import chosen_encoding, encoding_name, guess_encoding
from softmax_gui.files import FileProblem
from softmax_gui.i18n import tr

HEAD = 1 << 20  # bytes looked at before anything else
BLOCK = 1 << 18  # bytes at a time: some 10 ms of work, so that the watch is asked often enough
_LINE_LIMIT = 1 << 25  # characters
_CONTROL = re.compile("[\x00-\x08\x0e-\x19\x1b-\x1f\x7f-\x84\x86-\x9f]")  # none of them in a text
_SHARE = 0.1  # of the time that counting the lines takes


@dataclass
class TextFile:
    """An open text file, whose encoding is guessed where the user does not say it."""

    file: str
    descriptor: int
    options: ReadOptions
    codec: str = field(init=False)
    sure: bool = field(init=False, default=True)
    head: bytes = field(init=False)
    size: int = field(init=False)
    done: int = field(init=False, default=0)  # bytes
    _counts: tuple[int, int] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.size = os.fstat(self.descriptor).st_size
        self._time = os.fstat(self.descriptor).st_mtime_ns
        self.head = self._head()
        self._choose(self.head)

    @property
    def whole(self) -> bool:
        """Whether the head is the whole file."""
        return len(self.head) >= self.size

    def notes(self) -> list[str]:
        """Which encoding was guessed."""
        if self.sure:
            return []
        text = tr(
            "The text was read as {encoding}, a guess. If names look garbled, choose another one."
        )
        return [text.format(encoding=encoding_name(self.codec))]

    def count(self, watch: Watch) -> tuple[int, int]:
        """Lines and characters; an encoding guessed wrong from the head is guessed again here.

        Args:
            watch: told the share done of the reading, of which this is the first tenth.

        Raises:
            FileProblem: bytes that are no text.
        """
        if self._counts is not None:
            return self._counts
        self._counts = self._count(watch)
        return self._counts

    def _count(self, watch: Watch) -> tuple[int, int]:
        first_guess = self.options.encoding is None and not self.head.startswith(codecs.BOM_UTF8)
        try:
            return self._counted(watch)
        except _NotDecoded as problem:
            guess = guess_encoding(problem.sample)
            if not first_guess or self.codec != "utf-8" or guess[0] == "utf-8":
                raise
            if not self.head.isascii():  # UTF-8 so far: the file is damaged, not written otherwise
                raise
            self.codec, self.sure = guess
            return self._counted(watch)

    def blocks(self, limit: int | None = None) -> Iterator[tuple[int, str]]:
        r"""The row of the first line, counted from 1, and lines that each end in "\n".

        Args:
            limit: bytes after which to stop, a line cut there left out; None reads the whole file.

        Raises:
            FileProblem: bytes that are no text, or a line too long for one.
        """
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(self.codec)(), True)
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        self.done, row, pending, length = 0, 1, [""], 0
        while limit is None or self.done < limit:
            data = os.read(self.descriptor, BLOCK)
            text = self._decoded(decoder, data, row)
            if not self.done:
                text = text.removeprefix("\ufeff")
            self.done += len(data)
            cut = text.rfind("\n") + 1
            length += len(text)
            if cut:
                lines = "".join(pending) + text[:cut]
                yield row, self._looked_at(row, lines)
                row, pending, length = row + lines.count("\n"), [], len(text) - cut
            if length > _LINE_LIMIT:
                raise self._problem(
                    tr("{file}, row {row}: this line is too long for a table."), row
                )
            pending.append(text[cut:])
            if not data:
                if length:
                    yield row, self._looked_at(row, "".join(pending) + "\n")
                return

    def look_unchanged(self) -> None:
        """Refuses a file that another program wrote to since it was opened."""
        now = os.fstat(self.descriptor)
        if (now.st_size, now.st_mtime_ns) != (self.size, self._time):
            raise changed(self.file)

    def _head(self) -> bytes:
        data = b""
        while len(data) < HEAD and (more := os.read(self.descriptor, HEAD - len(data))):
            data += more
        return data

    def _choose(self, sample: bytes) -> None:
        """As the user says, or guessed."""
        if self.options.encoding is not None:
            self.codec = chosen_encoding(self.options.encoding, sample)
        else:
            self.codec, self.sure = guess_encoding(sample)

    def _counted(self, watch: Watch) -> tuple[int, int]:
        lines = characters = 0
        for row, text in self.blocks():
            lines, characters = row - 1 + text.count("\n"), characters + len(text)
            watch(_SHARE * min(self.done / max(self.size, 1), 1.0))
        return lines, characters

    def _decoded(self, decoder: io.IncrementalNewlineDecoder, data: bytes, row: int) -> str:
        try:
            return decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(self.codec, "replace")
            row += max(before.count("\n"), before.count("\r"))
            text = tr(
                "{file}, row {row}: byte 0x{byte:02X} is not {encoding} text. "
                "Save the file as UTF-8, or choose its encoding."
            )
            said = text.format(
                file=self.file,
                row=row,
                byte=error.object[error.start],
                encoding=encoding_name(self.codec),
            )
            raise _NotDecoded(said, error.object) from error
        except ValueError as error:
            text = tr("{file} is not {encoding} text. Choose another encoding.")
            said = text.format(file=self.file, encoding=encoding_name(self.codec))
            raise FileProblem(said) from error

    def _looked_at(self, row: int, lines: str) -> str:
        if "\0" in lines:
            text = tr(
                "{file} is no text: row {row} has a zero byte. Choose a CSV, TSV or NPZ file with "
                "features and labels."
            )
            raise self._problem(text, row + lines.count("\n", 0, lines.index("\0")))
        control = None if self.sure else _CONTROL.search(lines)
        if control:
            text = tr("{file} is no text: row {row} has control marks. Choose a CSV or TSV file.")
            raise self._problem(text, row + lines.count("\n", 0, control.start()))
        return lines

    def _problem(self, text: str, row: int) -> FileProblem:
        return FileProblem(text.format(file=self.file, row=row))


def changed(file: str) -> FileProblem:
    """What to raise where a file is not what it was a moment ago."""
    text = tr("{file} changed while it was read. Read it again when no program writes to it.")
    return FileProblem(text.format(file=file))


class _NotDecoded(FileProblem):
    """Bytes that are none of the encoding."""

    def __init__(self, text: str, sample: bytes) -> None:
        super().__init__(text)
        self.sample = sample
