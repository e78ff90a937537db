"""What tells unsaved work from saved, cheaply enough to be asked with every frame."""

from __future__ import annotations

from dataclasses import dataclass

from softmax_gui.data.cut import Cut
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.samples import SAMPLES
from softmax_gui.data.stored import Examples
from softmax_gui.data.synthetic import World
from softmax_gui.gui.run_config import LoadRequest
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.snapshot import Snapshot

Settings = tuple[str, World | None, Cut, bool, TrainConfig]


@dataclass(frozen=True, eq=False)
class Mark:
    """Work at one moment.

    Attributes:
        settings: of data and run.
        dataset: what was read; None where the training thread read it.
        step: of the run.
        given: whether there are weights at step 0, which came from a file.
        seconds: spent training.
        drawn: the examples drawn.
    """

    settings: Settings
    dataset: Examples | None
    step: int
    given: bool
    seconds: float
    drawn: DrawnSet

    @property
    def own_data(self) -> bool:
        """Whether the data are no sample."""
        return self.settings[0] not in SAMPLES or self.settings[3]

    @property
    def begun(self) -> bool:
        """Whether there are weights that zero weights do not give again."""
        return self.step > 0 or self.given

    def same(self, other: Mark | None) -> bool:
        """Whether all is the same."""
        return self.same_run(other) and self.same_drawing(other)

    def same_run(self, other: Mark | None) -> bool:
        """Whether data, settings and weights are the same."""
        return other is not None and (
            self.settings == other.settings
            and self.dataset is other.dataset
            and (self.step, self.given) == (other.step, other.given)
        )

    def same_drawing(self, other: Mark | None) -> bool:
        """Whether the drawn examples are the same; two empty sets are."""
        there = 0 if other is None else other.drawn.m
        return not (self.drawn.m or there) or (other is not None and self.drawn is other.drawn)


def mark_of(request: LoadRequest, snapshot: Snapshot, drawn: DrawnSet) -> Mark:
    """The mark of the work at a snapshot of the run on what was requested."""
    return Mark(
        (request.source, request.world, request.cut, request.mixed, snapshot.config),
        request.dataset,
        snapshot.step,
        snapshot.step == 0 and bool(snapshot.model.W.any()),
        snapshot.seconds,
        drawn,
    )
