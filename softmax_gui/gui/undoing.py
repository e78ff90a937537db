"""Undo across several stacks: Ctrl+Z takes back what was done last, wherever it was done."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack


class UndoJournal(QObject):
    """Remembers the order of what the stacks did; has the signals of one stack.

    All undoing and redoing has to go through it. What was undone can't be redone once something
    else was done on any of the stacks.
    """

    canUndoChanged = Signal(bool)
    canRedoChanged = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._done: list[QUndoStack] = []
        self._undone: list[QUndoStack] = []
        self._index: dict[QUndoStack, int] = {}
        self._moving = False

    def watch(self, stack: QUndoStack) -> None:
        """Takes the edits of one more stack in, from now on."""
        self._index[stack] = stack.index()
        stack.indexChanged.connect(lambda index, stack=stack: self._note(stack, index))

    def canUndo(self) -> bool:
        """Whether something can be undone."""
        return bool(self._done)

    def canRedo(self) -> bool:
        """Whether something can be redone."""
        return bool(self._undone)

    def undo(self) -> None:
        """Takes the last edit back."""
        self._move(self._done, self._undone, undo=True)

    def redo(self) -> None:
        """Makes the edit again that was undone last."""
        self._move(self._undone, self._done, undo=False)

    def _move(self, source: list[QUndoStack], target: list[QUndoStack], *, undo: bool) -> None:
        while source:
            stack = source.pop()
            if stack.canUndo() if undo else stack.canRedo():  # else it was dropped by its limit
                self._moving = True
                try:
                    stack.undo() if undo else stack.redo()
                finally:
                    self._moving = False
                if stack.count():
                    target.append(stack)
                break
        self._tell()

    def _note(self, stack: QUndoStack, index: int) -> None:
        if not shiboken6.isValid(stack):  # Qt empties a stack once more when it deletes it
            return
        before, self._index[stack] = self._index[stack], index
        if stack.count() == 0:  # cleared: another shape, another set
            self._done = [one for one in self._done if one is not stack]
            self._undone = [one for one in self._undone if one is not stack]
        elif self._moving:
            return
        elif index > before or 0 < index == stack.undoLimit():
            self._done.append(stack)
            self._undone.clear()
        elif index < before:  # an edit was merged away to nothing
            places = [place for place, one in enumerate(self._done) if one is stack]
            if places:
                del self._done[places[-1]]
        self._tell()

    def _tell(self) -> None:
        self.canUndoChanged.emit(self.canUndo())
        self.canRedoChanged.emit(self.canRedo())
