"""A set by drawing: keeps it, its undo, and takes it to training, to other data and to a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QInputDialog

from softmax_gui.data.dataset import Dataset, Floats, Split
from softmax_gui.data.drawn import DRAWN_SOURCE, DrawnSet
from softmax_gui.data.options import Watch
from softmax_gui.export.datasets import dataset_npz
from softmax_gui.files import atomic_write, shown
from softmax_gui.gui import fonts
from softmax_gui.gui.attachment import locked_tip
from softmax_gui.gui.drawn_edits import SetEdit
from softmax_gui.gui.mixture import Mixture
from softmax_gui.gui.run_config import LoadRequest
from softmax_gui.gui.undoing import UndoJournal
from softmax_gui.gui.views.drawn_texts import Reasons, Surroundings, added_text, reasons
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.widgets.pixel_editor import PixelEditor
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from softmax_gui.gui.main_window import MainWindow

UNDO_LIMIT = 500
_START = (2, 2)  # of a set that begins beside a table


class Drawing(QObject):
    """The drawn examples of the window.

    Attributes:
        drawn: the set at hand.
        undo_stack: its edits.
        journal: its edits and those of the editors, in the order they were made.
    """

    changed = Signal()  # another set is at hand

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._view, self._say = window, window.drawn, window.narrator.say
        self.drawn = DrawnSet(_START)
        self.undo_stack = QUndoStack(self, undoLimit=UNDO_LIMIT)
        self._own_size: tuple[int, int] | None = None  # None: that of the data on the screen
        self._around, self._request = Surroundings(), LoadRequest("", window.wishes.config)
        self._split: Split | None = None
        self._mixture: Mixture | None = None
        self._asked: Dataset | None = None  # own or mixed, not yet loaded
        self._attached = False
        self.journal = UndoJournal(self)
        for stack in (window.draw.undo_stack, self._view.pad.undo_stack, self.undo_stack):
            self.journal.watch(stack)
        self._connect()
        self._refresh()

    def restore(self, drawn: DrawnSet | None) -> None:
        """Another set, as a project brings it; what was done to the one before is forgotten."""
        self.undo_stack.clear()
        shape = None if drawn is None else drawn.image_shape
        self._own_size = None if shape == self._around.shape else shape
        self._put(DrawnSet(self._shape()) if drawn is None else drawn)

    @Slot(object)
    def show_data(self, loaded: tuple[LoadRequest, Split]) -> None:
        """Other data are on the screen."""
        self._request, self._split = loaded
        data = self._split.dataset
        self._around = Surroundings(data.image_shape, data.class_names)
        self.drawn = self._fitted(self.drawn)
        if data is self._asked:
            self._asked = None
            self._go_on()
        self._refresh()

    @Slot(bool)
    def show_attached(self, attached: bool) -> None:
        """While another run is watched, one's own data stay as they are."""
        self._attached = attached
        self._refresh()

    def retranslate(self) -> None:
        """Says again why a command is off."""
        self._refresh()

    # -- the set ---------------------------------------------------------------------------------

    @Slot()
    def add(self) -> None:
        """Adds the picture as it is now under the label of the panel."""
        self._window.docks.reveal("drawn")

        def with_another() -> DrawnSet:
            grown, target = self._labelled()
            return grown.added(self._editor().image(), target)  # a watched run has other pictures

        self._try(tr("Add an example"), with_another)

    @Slot(object)
    def relabel(self, rows: Sequence[int]) -> None:
        """Gives these examples the label of the panel."""

        def relabelled() -> DrawnSet:
            grown, target = self._labelled()
            return grown.relabelled(rows, target).pruned()

        self._try(tr("Relabel examples"), relabelled)

    @Slot(object)
    def delete(self, rows: Sequence[int]) -> None:
        """Deletes these examples."""
        self._push(tr("Delete examples"), self.drawn.removed(rows).pruned(), rows)

    @Slot(int)
    def rename(self, label: int) -> None:
        """Asks for another name of a class."""
        old = self.drawn.class_names[label]
        text, done = QInputDialog.getText(
            self._window, tr("Rename class"), tr("Name of the class"), text=old
        )
        name = text.strip()
        if not done or not name or name == old:
            return
        self._try(tr("Rename a class"), lambda: self.drawn.renamed(label, name))

    @Slot()
    def begin_anew(self) -> None:
        """Begins another set."""
        self._begin(self._shape())

    def _choose_size(self, shape: tuple[int, int] | None) -> None:
        self._own_size = shape
        if self._shape() != self.drawn.image_shape:
            self._begin(self._shape())
        self._refresh()

    def _begin(self, shape: tuple[int, int]) -> None:
        if not (put_away := self.drawn.m):
            self._put(DrawnSet(shape))
        else:
            self._push(tr("New set"), DrawnSet(shape), range(put_away))
            text = tr("A new set has begun. Examples put away: {m}. Undo brings them back.")
            self._say(Tone.DONE, text.format(m=put_away))

    @Slot(int)
    def show(self, row: int) -> None:
        """Puts an example into the editor, as an undoable edit."""
        editor = self._editor()
        if editor.image().shape == self.drawn.image_shape:
            editor.edit_to(self.drawn.pictures[row], tr("Show an example"))
        else:
            self._say(Tone.WARNING, tr("The picture on the screen has another size."))

    # -- what becomes of it ----------------------------------------------------------------------

    @Slot()
    def train(self) -> bool:
        """Loads the examples in the place of the data, and trains; or says why not."""
        if problem := self._reasons().train:
            self._say(Tone.WARNING, problem)
            return False
        self._asked = self.drawn.dataset(tr("My examples"))
        self._window.wishes.load(DRAWN_SOURCE, dataset=self._asked)
        return True

    def takes(self, source: str) -> bool:
        """Trains, or says why not, where the drawn examples are the source that was chosen."""
        if source == DRAWN_SOURCE and not self.train() and self._split is not None:
            request = self._request  # what is there stays, and is shown
            self._window.data.show_data(self._split, request.source, request.cut)
        return source == DRAWN_SOURCE

    @Slot()
    def mix(self) -> None:
        """Loads the data again with the examples among them."""
        base, problem = self._loaded(), self._reasons().mix
        if base is None or problem:
            self._say(Tone.WARNING, problem)
            return
        loaded, old = self._split and self._split.dataset, self._mixture
        again = old and old.both is loaded and old.drawn is self.drawn
        mixture = old if old and again else Mixture.of(base, self.drawn)
        if mixture is old or mixture.both is loaded:
            self._say(Tone.HINT, added_text(self.drawn.m, self.drawn.m))
            return
        self._mixture, self._asked = mixture, mixture.both
        self._window.wishes.mix(mixture.both)

    @Slot()
    def save(self) -> None:
        """Asks where to, then writes the examples as NPZ."""
        if problem := self._reasons().save:
            self._say(Tone.WARNING, problem)
            return
        name = f"{tr('my-examples')}.npz"
        if path := self._window.files.ask_save(tr("Save my examples"), name, ["NPZ (*.npz)"]):
            self.write(path)

    def write(self, path: Path) -> None:
        """Writes the examples to `path` and says so in the end, or why not."""
        drawn = self.drawn

        def work(_watch: Watch) -> str:
            atomic_write(path, dataset_npz(drawn.dataset(shown(path.stem))))
            return tr("The drawn examples are in {path}.").format(path=path)

        doing = tr("{name} is being written.").format(name=path.name)
        self._window.files.exporting.begin(doing, work)

    # -- inside ----------------------------------------------------------------------------------

    def _editor(self) -> PixelEditor:
        """The one that the pictures of the set fit."""
        view = self._view
        return view.pad if view.pad.isVisibleTo(view) else self._window.draw.editor

    def _shape(self) -> tuple[int, int]:
        """The size of a new set."""
        return self._own_size or self._around.shape or _START

    def _labelled(self) -> tuple[DrawnSet, Floats]:
        """The set with the classes of the panel's label, and the target (q,) it stands for.

        Raises:
            ValueError: there is no label yet, or one that no file could hold.
        """
        if problem := self._view.problem():
            raise ValueError(problem)
        return self.drawn.with_label(self._view.label())

    def _try(self, text: str, edited: Callable[[], DrawnSet]) -> None:
        """Makes an edit that adds one example or none, or says why not."""
        try:
            after = edited()
        except ValueError as error:
            self._say(Tone.WARNING, str(error))
            return
        self._push(text, after, range(self.drawn.m, after.m))

    def _push(self, text: str, after: DrawnSet, rows: Sequence[int]) -> None:
        edit = SetEdit(text, self.drawn, after, rows, lambda: self.drawn, self._put)
        self.undo_stack.push(edit)

    def _fitted(self, drawn: DrawnSet) -> DrawnSet:
        """The set; one without examples in the size that the next one is drawn in."""
        fits = drawn.m or drawn.image_shape == self._shape()
        return drawn if fits else DrawnSet(self._shape())

    def _put(self, drawn: DrawnSet) -> None:
        self.drawn = self._fitted(drawn)
        if any(map(fonts.has_hangul, drawn.class_names)):
            fonts.ensure_hangul()
        self._refresh()
        self.changed.emit()

    def _go_on(self) -> None:
        """What was asked for is on the screen."""
        if self._request.source == DRAWN_SOURCE:
            self._window.trainer.start_requested.emit()
        elif done := self._mixture:
            self._say(Tone.DONE, done.text())

    def _loaded(self) -> Dataset | None:
        """The data on the screen, without what was mixed into them."""
        if self._split is None:
            return None
        data, done = self._split.dataset, self._mixture
        return done.base if done and data is done.both else data

    def _reasons(self) -> Reasons:
        locked = locked_tip() if self._attached else ""
        return reasons(self._loaded(), self._request, self.drawn, locked)

    def _refresh(self) -> None:
        why, shape = self._reasons(), self.drawn.image_shape
        self._view.show_size(None if self._own_size is None and shape == self._shape() else shape)
        self._view.show_set(self.drawn, self._around, why)
        for key, reason in (
            ("train_drawn", why.train), ("mix_drawn", why.mix), ("save_drawn", why.save),
        ):  # fmt: skip
            self._window.commands.show_reason(key, reason)

    def _connect(self) -> None:
        view = self._view
        view.add_requested.connect(self.add)
        view.relabel_requested.connect(self.relabel)
        view.delete_requested.connect(self.delete)
        view.rename_requested.connect(self.rename)
        view.show_requested.connect(self.show)
        view.size_chosen.connect(self._choose_size)
        view.new_requested.connect(self.begin_anew)
        view.mix_requested.connect(self.mix)
        view.save_requested.connect(self.save)
