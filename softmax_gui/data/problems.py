"""What a Dataset or a memory allocation refuses, said with the name of the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from softmax_gui.files import FileProblem
from softmax_gui.i18n import tr


@contextmanager
def said_with(file: str) -> Iterator[None]:
    """Turns a ValueError or MemoryError into a FileProblem that begins with the file's name.

    Raises:
        FileProblem: instead of them; one that comes is left as it is.
    """
    try:
        yield
    except FileProblem:
        raise
    except ValueError as error:
        raise FileProblem(f"{file}: {error}") from error
    except MemoryError as error:
        text = tr("{file} is too large for this machine's memory. Choose a part of it.")
        raise FileProblem(text.format(file=file)) from error
