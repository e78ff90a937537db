"""Undo goes back in the order things were done, over several stacks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QUndoCommand, QUndoStack
from pytestqt.qtbot import QtBot

from softmax_gui.gui.undoing import UndoJournal


class Note(QUndoCommand):
    """Writes its name down; notes of one number in a row become one."""

    def __init__(self, page: list[str], name: str, number: int = -1) -> None:
        super().__init__(name)
        self.page, self.name, self.number = page, name, number

    def redo(self) -> None:
        self.page.append(self.name)

    def undo(self) -> None:
        assert self.page.pop() == self.name

    def id(self) -> int:
        return self.number

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, Note) or other.name != self.name:
            return False
        self.page.pop()
        return True


class Desk:
    """Two stacks that write on one page, and their journal."""

    def __init__(self, limit: int = 0) -> None:
        self.page: list[str] = []
        self.stacks = [QUndoStack(), QUndoStack()]
        self.journal = UndoJournal()
        for stack in self.stacks:
            stack.setUndoLimit(limit)
            self.journal.watch(stack)

    def push(self, stack: int, name: str, number: int = -1) -> None:
        self.stacks[stack].push(Note(self.page, name, number))


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    return Desk()


def test_that_what_was_done_last_is_undone_first_wherever_it_was_done(desk: Desk) -> None:
    for stack, name in ((0, "a"), (1, "b"), (1, "c"), (0, "d")):
        desk.push(stack, name)
    for left in ("abc", "ab", "a", ""):
        desk.journal.undo()
        assert "".join(desk.page) == left
    assert not desk.journal.canUndo()
    for there in ("a", "ab", "abc", "abcd"):
        desk.journal.redo()
        assert "".join(desk.page) == there
    assert not desk.journal.canRedo()


def test_that_nothing_can_be_redone_after_something_else_was_done(desk: Desk) -> None:
    desk.push(0, "a")
    desk.push(1, "b")
    desk.journal.undo()
    desk.push(0, "c")
    assert not desk.journal.canRedo()
    desk.journal.redo()
    desk.journal.undo()
    assert desk.page == ["a"]


class Flip(QUndoCommand):
    """Two in a row are nothing."""

    def id(self) -> int:
        return 9

    def mergeWith(self, _other: QUndoCommand) -> bool:
        self.setObsolete(True)
        return True


def test_that_an_edit_made_before_the_watch_may_be_merged_away(qtbot: QtBot) -> None:
    stack, journal, page = QUndoStack(), UndoJournal(), list[str]()
    stack.push(Note(page, "a"))
    stack.push(Flip())
    journal.watch(stack)
    stack.push(Flip())
    assert (stack.count(), journal.canUndo()) == (1, False)
    stack.push(Note(page, "b"))
    journal.undo()
    assert page == ["a"]


def test_that_merged_edits_are_one(desk: Desk) -> None:
    desk.push(1, "x")
    for _ in range(3):
        desk.push(0, "step", 7)
    desk.journal.undo()
    assert desk.page == ["x"]
    desk.journal.undo()
    assert desk.page == []


def test_that_a_stack_that_is_cleared_is_forgotten(desk: Desk) -> None:
    desk.push(0, "a")
    desk.push(1, "b")
    desk.stacks[1].clear()
    desk.page.pop()
    desk.journal.undo()
    assert desk.page == []
    assert not desk.journal.canUndo()


def test_that_commands_hear_when_there_is_something_to_undo(qtbot: QtBot, desk: Desk) -> None:
    heard: list[bool] = []
    desk.journal.canUndoChanged.connect(heard.append)
    desk.push(0, "a")
    desk.journal.undo()
    assert heard[0] is True
    assert heard[-1] is False


def test_that_edits_dropped_by_a_limit_are_passed_over(qtbot: QtBot) -> None:
    desk = Desk(limit=2)
    for name in "abcd":
        desk.push(0, name)
    desk.push(1, "e")
    for _ in range(5):
        desk.journal.undo()
    assert desk.page == ["a", "b"]
    assert not desk.journal.canUndo()


@given(moves=st.lists(st.sampled_from(["0", "1", "undo", "redo"]), max_size=40))
def test_that_a_journal_does_what_one_stack_would_do(qapp: object, moves: list[str]) -> None:
    desk, page, alone = Desk(), list[str](), QUndoStack()
    for place, move in enumerate(moves):
        if move == "undo":
            desk.journal.undo()
            alone.undo()
        elif move == "redo":
            desk.journal.redo()
            alone.redo()
        else:
            desk.push(int(move), f"{place}")
            alone.push(Note(page, f"{place}"))
        assert desk.page == page
        assert desk.journal.canUndo() == alone.canUndo()
        assert desk.journal.canRedo() == alone.canRedo()
