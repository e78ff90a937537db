"""What a Dataset or a memory allocation refuses, said with the name of the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from softmax_gui.files import FileProblem
from softmax_gui.i18n import tr


class AboveLimit(FileProblem):
    """A file that would take more memory than is allowed; who allows more can read it."""

    def __init__(self, sentence: str, size: int) -> None:
        """`size` is the memory in bytes that would do."""
        super().__init__(sentence)
        self.size = size


def wanted_bytes(problem: BaseException) -> int:
    """The memory that would have to be allowed, 0 where something else is the problem."""
    return problem.size if isinstance(problem, AboveLimit) else 0


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
