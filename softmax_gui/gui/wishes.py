"""What the user wants to train on, and how: the newest wish, and the one that was granted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from softmax_gui.data.cut import Cut
from softmax_gui.data.dataset import Dataset, Split
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.samples import SAMPLES
from softmax_gui.data.stored import Examples
from softmax_gui.data.synthetic import World
from softmax_gui.gui.run_config import LoadRequest
from softmax_gui.gui.training_thread import Trainer
from softmax_gui.training.config import TrainConfig

FIRST_SOURCE = "2x2"


class Wishes:
    """Sends wishes to the trainer; an answer to an older wish never undoes a newer one."""

    def __init__(self, trainer: Trainer, device: str) -> None:
        self._trainer = trainer
        self._granted: LoadRequest | None = None
        config = TrainConfig(device=device)
        self._asked = LoadRequest(FIRST_SOURCE, config, World(), rate_open=True)

    @property
    def config(self) -> TrainConfig:
        """What the panel shows."""
        return self._asked.config

    @property
    def granted(self) -> LoadRequest | None:
        """What was loaded last."""
        return self._granted

    @property
    def world(self) -> World:
        """What the sliders show."""
        return self._asked.world or World()

    @property
    def cut(self) -> Cut:
        """How rows become parts, and their scaling."""
        return self._asked.cut

    @property
    def source(self) -> str:
        """What is loaded, or else asked for."""
        return (self._granted or self._asked).source

    def load(
        self, source: str | None = None, world: World | None = None,
        dataset: Examples | None = None, options: ReadOptions | None = None,
    ) -> None:  # fmt: skip
        """Asks for data: another source, another world, or the same ones anew.

        `dataset` is what was read from the source already, `options` how it is read.
        """
        if source is not None:
            cut = self.cut if source == self._asked.source else Cut()  # other data, other parts
            self._asked = replace(
                self._asked, source=source, dataset=dataset, options=options, cut=cut,
                mixed=False, stamp=None,
            )  # fmt: skip
        self._asked = replace(self._asked, world=world or self._asked.world)
        self._trainer.load_requested.emit(self._asked)

    def load_first(self) -> None:
        """Asks for the sample that the app begins with."""
        self.load(FIRST_SOURCE)

    def take(self, imported: tuple[str, Examples, ReadOptions]) -> None:
        """Asks for data that were read already: their source, they, and how they were read."""
        source, dataset, options = imported
        self.load(source, dataset=dataset, options=options)

    def begin(self, request: LoadRequest) -> None:
        """Asks for all that a request says, in the place of every wish before."""
        self._asked = replace(request, start=None)  # what is wished next begins at step 0
        self._trainer.load_requested.emit(request)

    def mix(self, dataset: Dataset) -> None:
        """Asks for these rows in the place of those of the source that is loaded."""
        old = self._granted or self._asked
        self._asked = replace(
            old, config=self.config, rate_open=self._asked.rate_open, dataset=dataset, mixed=True
        )
        self._trainer.load_requested.emit(self._asked)

    def change_cut(self, cut: Cut, loaded: Split | None) -> None:
        """Asks for other parts or another scaling of the same rows, from step 0.

        `loaded` is what is there: a file is not read again.
        """
        asked, granted = self._asked, self._granted
        if loaded and granted and self._same_data(granted) and asked.source not in SAMPLES:
            asked = replace(asked, dataset=loaded.dataset, stamp=granted.stamp)
        self._asked = replace(asked, cut=cut)
        self._trainer.load_requested.emit(self._asked)

    def change_seed(self, seed: int) -> None:
        """Asks for another split and order of what was asked for last."""
        self._asked = replace(self._asked, config=replace(self.config, seed=seed))
        self._trainer.load_requested.emit(self._asked)

    def adjust(self, changes: dict[str, Any]) -> None:
        """Changes settings that a run takes at once."""
        open_still = self._asked.rate_open and "learning_rate" not in changes
        config = replace(self.config, **changes)
        self._asked = replace(self._asked, config=config, rate_open=open_still)
        self._trainer.adjust_requested.emit(changes)

    def use_device(self, device: str) -> None:
        """Goes on with the same weights on another device."""
        self._asked = replace(self._asked, config=replace(self.config, device=device))
        self._trainer.device_requested.emit(device)

    def grant(self, request: LoadRequest) -> None:
        """`request` was loaded, perhaps with another layer or rate than was asked for."""
        self._granted = replace(request, start=None)
        if self._same_data(request):
            config = replace(self.config, phm_order=request.config.phm_order)
            if self._asked.rate_open:
                config = replace(config, learning_rate=request.config.learning_rate)
            self._asked = replace(self._asked, config=config)

    def refuse(self, request: LoadRequest) -> None:
        """`request` was not loaded: back to what is there, unless more was wished meanwhile."""
        if self._granted is None or not self._same_data(request):
            return
        old = self._granted
        config = replace(self.config, seed=old.config.seed)
        self._asked = replace(old, config=config, rate_open=self._asked.rate_open)

    def _same_data(self, request: LoadRequest) -> bool:
        asked = self._asked
        if asked.dataset is not request.dataset:
            return False
        return (asked.source, asked.world, asked.config.seed, asked.cut) == (
            request.source, request.world, request.config.seed, request.cut,
        )  # fmt: skip
