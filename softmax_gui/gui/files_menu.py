"""File dialogs: open data and weights, export weights, save a plot, predict a file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Split
from softmax_gui.data.options import ReadOptions, Watch
from softmax_gui.data.reuse import suited
from softmax_gui.export.foreign import ROWS_ARE_CLASSES, ROWS_ARE_FEATURES, Ambiguous
from softmax_gui.export.model import ModelProblem, Transposed
from softmax_gui.export.predictions import save_predictions
from softmax_gui.export.runs import trained_model
from softmax_gui.export.weights import EXPORTS, FORMAT_NAMES, load_model, save_model
from softmax_gui.files import FileProblem, atomic_write, shown
from softmax_gui.gui.errands import Errands
from softmax_gui.gui.exporting import Exporting
from softmax_gui.gui.widgets.figures import Kind, figure_content
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.i18n import tr
from softmax_gui.training.snapshot import Snapshot

Say = Callable[..., None]  # Narrator.say
_DATA = "*.csv *.tsv *.txt *.npz *.npy *.idx* *-ubyte *.gz *.parquet"
CERTIFIED = 100  # rows of the validation part that another reader is asked about
FIGURE_KINDS: dict[str, Kind] = {".png": "png", ".svg": "svg", ".csv": "csv"}


class FilesMenu:
    """Asks for paths, reads and writes, and says how it went; keeps the last folder."""

    def __init__(self, window: QWidget, errands: Errands, say: Say, folder: str) -> None:
        self._window, self._say = window, say
        self.folder = folder
        self.exporting = Exporting(errands, say, window)

    def ask_data(self) -> str:
        """The path of a data file, or "" when the user thinks better of it."""
        kinds = tr("Tables and arrays ({patterns})").format(patterns=_DATA)
        return self._ask_open(tr("Open data"), f"{kinds};;{tr('All files')} (*)")

    def ask_folder(self) -> str:
        """The path of a folder of pictures, or "" when the user thinks better of it."""
        title = tr("Open folder of pictures")  # the files are shown: a look says which folder it is
        folder = QFileDialog.getExistingDirectory(
            self._window, title, self.folder, QFileDialog.Option(0)
        )
        if folder:
            self.folder = str(Path(folder).parent)
        return folder

    def ask_run(self) -> Path | None:
        """A run folder, or None when the user thinks better of it."""
        folder = QFileDialog.getExistingDirectory(
            self._window, tr("Attach to run"), self.folder, QFileDialog.Option.ShowDirsOnly
        )
        if folder:
            self.folder = str(Path(folder).parent)
        return Path(folder) if folder else None

    def export_weights(self, snapshot: Snapshot | None, split: Split | None) -> None:
        """Asks where to, then writes the weights of this snapshot, if there is one."""
        if not self._has_data(split):
            return
        if snapshot is None or split is None:
            text = tr("There are no weights yet: the data are still being loaded.")
            self._say(Tone.WARNING, text)
            return
        filters = [f"{FORMAT_NAMES[ending]} (*{ending})" for ending in EXPORTS]
        start = f"{split.dataset.name}-weights.safetensors"
        path = self.ask_save(tr("Export weights"), start, filters)
        if path is not None:
            self.write_weights(snapshot, split, path)

    def write_weights(self, snapshot: Snapshot, split: Split, path: Path) -> None:
        """Writes the weights of this snapshot to `path` and says so in the end, or why not."""

        def work(_watch: Watch) -> str:
            model = trained_model(snapshot, split)
            parity = save_model(model, path, test_inputs=_test_inputs(split))
            text = tr("The weights of step {step:,} are in {path}.")
            text = text.format(step=snapshot.step, path=path)
            return text if parity is None else f"{text} {parity.sentence()}"

        text = tr("{name} is being written, and read back by another program.")
        self.exporting.begin(text.format(name=path.name), work)

    def predict_file(
        self, snapshot: Snapshot | None, split: Split | None, options: ReadOptions,
        *, pictures: bool = False,
    ) -> None:  # fmt: skip
        """Asks for a file of rows and where the predictions go, then writes them.

        `options` says how the model's own data were read; the rest is guessed. `pictures` asks
        for a folder of pictures.
        """
        if not self._has_data(split):
            return
        if snapshot is None or split is None:
            self._say(
                Tone.WARNING, tr("There are no weights yet: the data are still being loaded.")
            )
            return
        kinds = tr("Tables and arrays ({patterns})").format(patterns=_DATA)
        title, filters = tr("Predict a file"), f"{kinds};;{tr('All files')} (*)"
        source = self.ask_folder() if pictures else self._ask_open(title, filters)
        if not source:
            return
        shape = split.dataset.image_shape
        if pictures and shape and options.picture_size is None:
            options = replace(options, picture_size=shape, colour=options.colour or "gray")
        name = f"{Path(source).stem}-predictions.csv"
        path = self.ask_save(tr("Save the predictions"), name, ["CSV (*.csv)"])
        if path is not None:
            self.write_predictions(snapshot, split, Path(source), path, options)

    def write_predictions(
        self, snapshot: Snapshot, split: Split, source: Path, path: Path, options: ReadOptions
    ) -> None:
        """Writes what this snapshot says of the rows of `source` to `path`, and says so."""

        def work(watch: Watch) -> str:
            _look_at_target(source, path)
            model, how = trained_model(snapshot, split), suited(source, options)
            said = save_predictions(path, model, str(source), how, watch)
            return tr("The predictions are in {path}. {summary}").format(path=path, summary=said)

        text = tr("The rows of {name} are being predicted.").format(name=shown(source.name))
        self.exporting.begin(text, work, long=True)

    def open_weights(self, split: Callable[[], Split | None]) -> tuple[Dense, str] | None:
        """Weights from a file the user chooses, for the data at hand when that is done."""
        if not self._has_data(split()):
            return None
        path, now = self._ask_weights(), split()  # others may have come while the dialog was open
        return self.read_weights(path, now) if path and now else None

    def _has_data(self, split: Split | None) -> bool:
        if split is None:
            self._say(Tone.WARNING, tr("There are no data yet. Choose a source first."))
        return split is not None

    def _ask_weights(self) -> Path | None:
        patterns = " ".join(f"*{ending}" for ending in EXPORTS)
        kinds = tr("Weights ({patterns})").format(patterns=patterns)
        path = self._ask_open(tr("Open weights"), f"{kinds};;{tr('All files')} (*)")
        return Path(path) if path else None

    def read_weights(self, path: Path, split: Split) -> tuple[Dense, str] | None:
        """Weights from `path` for the data at hand and what to say of them, or None and why not."""
        try:
            dense = self._fitting(path, split)
        except (ModelProblem, FileProblem) as error:
            message = tr("{error} The current model stays.")
            self._say(Tone.ERROR, message.format(error=error))
            return None
        return dense, tr("The weights of {name} are loaded.").format(name=path.name)

    def _fitting(self, path: Path, split: Split) -> Dense:
        """The weights in a file for these data; asks what its rows are where both would do."""
        data = split.dataset
        try:
            model = load_model(path, features=data.d)
        except Ambiguous as question:
            rows_are_classes = self._says_yes(
                tr("{question}\nYes: a row of the file is a class. No: a row is a feature.").format(
                    question=question
                )
            )
            orientation = ROWS_ARE_CLASSES if rows_are_classes else ROWS_ARE_FEATURES
            model = load_model(path, orientation=orientation, features=data.d)
        try:
            return model.fitted_to(data, split.scaling)
        except Transposed as error:
            if not self._says_yes(tr("{error}\nSwap rows and columns?").format(error=error)):
                raise
        return model.transposed().fitted_to(data, split.scaling)

    def _says_yes(self, question: str) -> bool:
        answer = QMessageBox.question(self._window, tr("Open weights"), question)
        return answer == QMessageBox.StandardButton.Yes

    def save_figure(self, figure: QWidget, name: str) -> None:
        """Asks where to, then writes a plot as PNG, SVG or CSV."""
        filters = [f"{kind.upper()} (*{suffix})" for suffix, kind in FIGURE_KINDS.items()]
        path = self.ask_save(tr("Save a plot"), f"{name}.png", filters)
        if path is not None:
            self.write_figure(figure, path)

    def write_figure(self, figure: QWidget, path: Path) -> None:
        """Writes a plot to `path` and says so in the end, or why not."""
        kind = FIGURE_KINDS.get(path.suffix.lower())
        if kind is None:
            text = tr("{name}: unknown ending. Use one of {known}.")
            known = ", ".join(FIGURE_KINDS)
            self._say(Tone.ERROR, text.format(name=path.name, known=known))
            return
        content = figure_content(figure, kind)  # painted here: no widget on another thread

        def work(_watch: Watch) -> str:
            atomic_write(path, content())
            return tr("The plot is in {path}.").format(path=path)

        self.exporting.begin(tr("{name} is being written.").format(name=path.name), work)

    def _ask_open(self, title: str, filters: str) -> str:
        path, _ = QFileDialog.getOpenFileName(self._window, title, self.folder, filters)
        if path:
            self.folder = str(Path(path).parent)
        return path

    def ask_save(self, title: str, name: str, filters: list[str]) -> Path | None:
        """Where a file goes, with the ending of the filter; None when the user thinks better."""
        start = str(Path(self.folder) / name) if self.folder else name
        text, chosen = QFileDialog.getSaveFileName(self._window, title, start, ";;".join(filters))
        if not text:
            return None
        path = Path(text)
        if not path.suffix:  # the chosen filter says the format
            path = path.with_suffix(chosen.rpartition("*")[2].rstrip(")"))
            if path.exists():  # the dialog asked about the name without the ending
                message = tr("{name} is there already. Choose its whole name to replace it.")
                self._say(Tone.ERROR, message.format(name=path.name))
                return None
        self.folder = str(path.parent)
        return path


def _look_at_target(source: Path, path: Path) -> None:
    """Refuses to write over the rows that are read; not on the window's thread.

    Raises:
        FileProblem: it is the same file.
    """
    with suppress(OSError):  # one of them is not there, which is told by whoever opens it
        if path.samefile(source):
            text = tr("{name} holds the rows. Choose another name for the predictions.")
            raise FileProblem(text.format(name=shown(path.name)))


def _test_inputs(split: Split) -> np.ndarray | None:
    """Some rows nobody trained on, in the units of the file, for the certificate."""
    rows = split.validation.X[:CERTIFIED]
    return split.scaling.undo(rows) if len(rows) else None
