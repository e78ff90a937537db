"""Every command: one QAction each, with a shortcut, in a menu, some in the toolbar."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QUndoStack
from PySide6.QtWidgets import QMainWindow, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from softmax_gui.gui import theme
from softmax_gui.gui.command_list import (
    COMMANDS,
    EXAMPLES,
    MENUS,
    OWN_RUN_ONLY,
    PICTURE_ONLY,
    SUBMENUS,
    TOOLBAR,
    Command,
)
from softmax_gui.gui.icons import icon
from softmax_gui.gui.undoing import UndoJournal
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.i18n import tr


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
