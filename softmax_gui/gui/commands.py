"""Every command: one QAction each, with a shortcut, in a menu, some in the toolbar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QUndoStack
from PySide6.QtWidgets import QMainWindow, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from softmax_gui.gui import theme
from softmax_gui.gui.icons import icon
from softmax_gui.gui.undoing import UndoJournal
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.i18n import N_, tr


@dataclass(frozen=True)
class Command:
    """One thing the user can do; `choice_of` makes it one of a group of alternatives."""

    key: str
    menu: str
    text: str
    shortcut: str
    tip: str = ""
    choice_of: str = ""
    checkable: bool = False
    separated: bool = False  # a line above it in the menu


MENUS = {"file": N_("&File"), "edit": N_("&Edit"), "view": N_("&View"), "train": N_("&Train"),
         "help": N_("&Help")}  # fmt: skip
SUBMENUS = {"recent": ("file", N_("Recent")), "figure": ("file", N_("Save a plot")),
            "example": ("edit", N_("Show an example of")),
            "drawn": ("edit", N_("My examples")),
            "theme": ("view", N_("Colours")), "language": ("view", N_("Language"))}  # fmt: skip

COMMANDS = (
    Command("open_data", "file", N_("Open data…"), "Ctrl+O",
            N_("A table, arrays or pictures from a file, with a look at it first.")),
    Command("open_folder", "file", N_("Open folder of pictures…"), "Ctrl+Shift+F",
            N_("Pictures in a folder, a sub-folder a class.")),
    Command("clear_recent", "recent", N_("Clear the list"), "Ctrl+Alt+R",
            N_("Forgets which files were opened."), separated=True),
    Command("open_weights", "file", N_("Open weights…"), "Ctrl+Shift+O",
            N_("Start from exported weights, at step 0.")),
    Command("export_weights", "file", N_("Export weights…"), "Ctrl+E",
            N_("Write the weights as safetensors, NPZ, JSON or CSV."), separated=True),
    Command("attach", "file", N_("Attach to run…"), "Ctrl+Shift+A",
            N_("Watch a run that another process makes, in its run folder."), separated=True),
    Command("detach", "file", N_("Detach"), "Ctrl+Shift+D", N_("Back to your own run.")),
    Command("save_loss", "figure", N_("Loss…"), "Ctrl+Alt+1"),
    Command("save_accuracy", "figure", N_("Accuracy…"), "Ctrl+Alt+2"),
    Command("save_weights_plot", "figure", N_("Weights…"), "Ctrl+Alt+3"),
    Command("save_probabilities", "figure", N_("Probabilities…"), "Ctrl+Alt+4"),
    Command("save_decays", "figure", N_("Weight decays…"), "Ctrl+Alt+5"),
    Command("quit", "file", N_("Quit"), "Ctrl+Q", separated=True),
    Command("undo", "edit", N_("Undo"), "Ctrl+Z", N_("Takes the last stroke back.")),
    Command("redo", "edit", N_("Redo"), "Ctrl+Shift+Z", N_("Makes the stroke again.")),
    Command("clear", "edit", N_("Clear the picture"), "Ctrl+Backspace", separated=True),
    Command("invert", "edit", N_("Invert the picture"), "Ctrl+I"),
    Command("noise", "edit", N_("Add noise"), "Ctrl+J"),
    Command("add_drawn", "drawn", N_("Add example"), "Ctrl+D",
            N_("Adds the picture in the editor under the label chosen.")),
    Command("train_drawn", "drawn", N_("Train on my examples"), "Ctrl+Shift+T",
            N_("Loads the drawn examples in the place of the data, and trains.")),
    Command("mix_drawn", "drawn", N_("Add to the data"), "Ctrl+Shift+M",
            N_("Loads the data again, with the drawn examples among them.")),
    Command("save_drawn", "drawn", N_("Save as NPZ…"), "Ctrl+Shift+E",
            N_("Writes the drawn examples as arrays.")),
    Command("train", "train", N_("Train"), "F5", N_("Start or pause training.")),
    Command("step", "train", N_("Step (one minibatch)"), "F6"),
    Command("epoch", "train", N_("Epoch (every example once)"), "F7"),
    Command("reset", "train", N_("Reset"), "F8", N_("Back to step 0 and zero weights.")),
    Command("sweep", "train", N_("Try 16 weight decays"), "F9",
            N_("Runs to the optimum with one weight decay after the other, or pauses that."),
            separated=True),
    Command("slower", "train", N_("Slower"), "Ctrl+[", separated=True),
    Command("faster", "train", N_("Faster"), "Ctrl+]"),
    Command("nat", "view", N_("Nats"), "Ctrl+Shift+N",
            N_("Losses and entropies in nats (base e)."), choice_of="unit"),
    Command("bit", "view", N_("Bits"), "Ctrl+Shift+B",
            N_("Losses and entropies in bits (base 2): 1 nat = 1.4427 bit."), choice_of="unit"),
    Command("log_step", "view", N_("Logarithmic steps"), "Ctrl+L", checkable=True, separated=True),
    Command("log_loss", "view", N_("Logarithmic loss"), "Ctrl+Shift+L", checkable=True),
    Command("light", "theme", N_("Light"), "Ctrl+Alt+L", choice_of="theme"),
    Command("dark", "theme", N_("Dark"), "Ctrl+Alt+D", choice_of="theme"),
    Command("theme_system", "theme", N_("As the system"), "Ctrl+Alt+S", choice_of="theme"),
    Command("language_system", "language", N_("As the system"), "Ctrl+Alt+Y",
            choice_of="language"),
    Command("en", "language", "English", "Ctrl+Alt+E", choice_of="language"),
    Command("ko", "language", "한국어", "Ctrl+Alt+K", choice_of="language"),
    Command("reset_layout", "view", N_("Reset layout"), "Ctrl+0",
            N_("Every panel back to its first place."), separated=True),
    Command("guide", "help", N_("User guide"), "F1"),
    Command("shortcuts", "help", N_("Keyboard shortcuts"), "Ctrl+/"),
    Command("about", "help", N_("About Softmax GUI"), "Ctrl+F1", separated=True),
)  # fmt: skip
PICTURE_ONLY = ("clear", "invert", "noise")
OWN_RUN_ONLY = ("open_data", "open_folder", "open_weights", "export_weights", "train", "step",
                "epoch", "reset", "sweep", "slower", "faster")  # fmt: skip
TOOLBAR = ("train", "step", "epoch", "reset")
EXAMPLES = 9  # Ctrl+1 to Ctrl+9 show an example of a class


class Commands:
    """Builds the actions, menus and toolbar of the window, and says their texts."""

    def __init__(self, window: QMainWindow) -> None:
        self._actions: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}
        self.menus: dict[str, QMenu] = {}
        self._is_picture, self._is_attached, self._is_solving = True, False, False
        for key in MENUS:
            self.menus[key] = window.menuBar().addMenu("")
        for command in COMMANDS:
            self._add(command, window)
        self.examples = [self._add_example(place, window) for place in range(EXAMPLES)]
        self.toolbar = self._make_toolbar(window)

    def __getitem__(self, key: str) -> QAction:
        """The action of a command."""
        return self._actions[key]

    def all(self) -> list[QAction]:
        """Every action, in the order of the menus."""
        return [*self._actions.values(), *self.examples]

    def paths(self) -> list[tuple[str, str]]:
        """Every command as "Menu › Submenu › Command", and its shortcut as the system writes it."""
        found = [(self._path(a), _written(a)) for a in self.all() if a.isVisible()]
        return [(path, keys) for path, keys in found if keys]

    def _path(self, action: QAction) -> str:
        home = next(key for key, menu in self.menus.items() if action in menu.actions())
        parent = [self.menus[SUBMENUS[home][0]].title()] if home in SUBMENUS else []
        parts = [*parent, self.menus[home].title(), action.text()]
        return " › ".join(part.replace("&&", "\0").replace("&", "").replace("\0", "&")
                          for part in parts)  # fmt: skip

    def adopt(self, key: str, menu: str, action: QAction, shortcut: str) -> None:
        """Takes an action that Qt made (a dock's) in among the commands."""
        action.setShortcut(QKeySequence(shortcut))
        self.menus[menu].addAction(action)
        self._actions[key] = action

    def name_examples(self, names: tuple[str, ...]) -> None:
        """The classes of which Ctrl+1 to Ctrl+9 show an example."""
        for place, action in enumerate(self.examples):
            action.setVisible(place < len(names))
            action.setEnabled(place < len(names))
            if place < len(names):
                action.setText(one_line(names[place])[:40].replace("&", "&&"))

    def show_picture(self, picture: bool) -> None:
        """Clear, Invert and Noise are for pictures; for a table their tips say why they are off."""
        self._is_picture = picture
        for command in COMMANDS:
            if command.key in PICTURE_ONLY:
                self[command.key].setEnabled(picture)
                self._describe(command)

    def show_attached(self, attached: bool) -> None:
        """While another run is watched, one's own rests; the tips say so."""
        self._is_attached = attached
        for command in COMMANDS:
            if command.key in (*OWN_RUN_ONLY, "detach"):
                self[command.key].setEnabled(attached == (command.key == "detach"))
                self._describe(command)

    def show_solving(self, solving: bool) -> None:
        """What a step is: an iteration of a solver, or a minibatch."""
        if solving != self._is_solving:
            self._is_solving = solving
            self._describe(next(command for command in COMMANDS if command.key == "step"))

    def _describe(self, command: Command) -> None:
        action, tip = self[command.key], tr(command.tip) if command.tip else ""
        if command.key in PICTURE_ONLY and not self._is_picture:
            tip = tr("These features are no pixels.")
        if command.key in OWN_RUN_ONLY and self._is_attached:
            tip = tr("A run is being watched. Detach from it first.")
        if command.key == "detach" and not self._is_attached:
            tip = tr("No run is being watched.")
        solving = command.key == "step" and self._is_solving
        action.setText(tr("Step (one iteration)") if solving else tr(command.text))
        action.setToolTip(f"{tip or action.text()} ({_written(action)})")
        action.setStatusTip(tip)

    def show_reason(self, key: str, reason: str) -> None:
        """Turns a command off where there is a reason, which its tip then says."""
        self._describe(next(command for command in COMMANDS if command.key == key))
        self[key].setEnabled(not reason)
        if reason:
            self[key].setToolTip(reason)
            self[key].setStatusTip(reason)

    def show_running(self, running: bool) -> None:
        """The primary button: Train, then Pause."""
        self["train"].setText(tr("Pause") if running else tr("Train"))
        self["train"].setIcon(icon("pause" if running else "train"))

    def retranslate(self) -> None:
        """Sets every text."""
        for key, text in MENUS.items():
            self.menus[key].setTitle(tr(text))
        for key, (_, text) in SUBMENUS.items():
            self.menus[key].setTitle(tr(text))
        for command in COMMANDS:
            self._describe(command)
        self.toolbar.setWindowTitle(tr("Toolbar"))

    def restyle(self, running: bool) -> None:
        """Draws the icons, and the primary button, in the theme's colours."""
        for key in TOOLBAR:
            self[key].setIcon(icon("pause" if key == "train" and running else key))
        colors = theme.current()
        self._primary.setStyleSheet(
            f"QToolButton {{ background: {colors.accent}; color: {colors.on_accent};"
            " border: none; border-radius: 4px; padding: 5px 12px; font-weight: bold; }"
            f" QToolButton:disabled {{ background: {colors.border}; color: {colors.muted}; }}"
        )

    def connect_examples(self, show: Callable[[int], None]) -> None:
        """Ctrl+1 to Ctrl+9 call show(0) to show(8)."""
        for label, action in enumerate(self.examples):
            action.triggered.connect(lambda _=False, label=label: show(label))

    def follow(self, stack: QUndoStack | UndoJournal) -> None:
        """Undo and Redo are enabled while the stack has something for them."""
        stack.canUndoChanged.connect(self["undo"].setEnabled)
        stack.canRedoChanged.connect(self["redo"].setEnabled)
        self["undo"].setEnabled(stack.canUndo())
        self["redo"].setEnabled(stack.canRedo())

    def finish_toolbar(self, speed: QWidget) -> None:
        """The speed control, and at the right end the unit."""
        self.toolbar.addSeparator()
        self.toolbar.addWidget(speed)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.toolbar.addWidget(space)
        for key in ("nat", "bit"):
            self.toolbar.addAction(self[key])

    def _add(self, command: Command, window: QMainWindow) -> None:
        action = QAction(window)
        action.setShortcut(QKeySequence(command.shortcut))
        action.setCheckable(command.checkable or bool(command.choice_of))
        if command.choice_of:
            group = self._groups.setdefault(command.choice_of, QActionGroup(window))
            group.addAction(action)
        menu = self._menu(command.menu)
        if command.separated:
            menu.addSeparator()
        menu.addAction(action)
        self._actions[command.key] = action

    def _add_example(self, place: int, window: QMainWindow) -> QAction:
        action = QAction(window)
        action.setShortcut(QKeySequence(f"Ctrl+{place + 1}"))
        action.setVisible(False)  # until there is a class
        action.setEnabled(False)
        self._menu("example").addAction(action)
        return action

    def _menu(self, key: str) -> QMenu:
        if key not in self.menus:
            parent, _ = SUBMENUS[key]
            self.menus[key] = self.menus[parent].addMenu("")
        return self.menus[key]

    def _make_toolbar(self, window: QMainWindow) -> QToolBar:
        toolbar = QToolBar(window)
        toolbar.setObjectName("toolbar")
        toolbar.setMovable(False)
        toolbar.setContentsMargins(8, 4, 8, 4)
        toolbar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for key in TOOLBAR:
            toolbar.addAction(self[key])
        button = toolbar.widgetForAction(self["train"])
        assert isinstance(button, QToolButton)  # noqa: S101 - what Qt makes for an action
        self._primary = button
        window.addToolBar(toolbar)
        return toolbar


def _written(action: QAction) -> str:
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
