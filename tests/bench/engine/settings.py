"""What one run of the bench was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.bench.engine.contender import Pin


@dataclass(frozen=True)
class Settings:
    """Handed to every row.

    Attributes:
        folder: temporary, for the data.
        quick: small sizes and few repeats, to see that everything runs.
        limit_s: seconds a solver may take for one run before it counts as not there.
        threads: of the rows that do not fix them.
        jax: an interpreter that has jax; "" takes this one.
        stored_gb: size of the mapped matrix; None takes 10 GB or what the disk has room for.
        peers: beginnings of their names, in the rows of solvers; () takes all of them.
    """

    folder: Path
    quick: bool = False
    limit_s: float = 60.0
    threads: int = 1
    jax: str = ""
    stored_gb: float | None = None
    peers: tuple[str, ...] = ()

    @property
    def rounds(self) -> int:
        """Repeats of the quick rows."""
        return 2 if self.quick else 7

    @property
    def slow_rounds(self) -> int:
        """Repeats of rows whose repeats take seconds."""
        return 2 if self.quick else 3

    @property
    def repeat_s(self) -> float:
        """How long a repeat of minibatch steps lasts, at least about."""
        return 0.02 if self.quick else 0.4

    def pin(self, threads: int | None = None) -> Pin:
        """So many threads on as many cores."""
        return Pin.of(threads or self.threads)
