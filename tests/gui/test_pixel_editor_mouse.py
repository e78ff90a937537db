"""Drawing in the pixel editor with mouse and wheel."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.pixel_editor import PixelEditor
from softmax_gui.gui.widgets.strokes import coverage
from tests.gui.hand import (
    CONTROL,
    LEFT,
    RIGHT,
    black_editor,
    center,
    click,
    drag,
    heard,
    turn,
)


@pytest.fixture
def make(qtbot: QtBot) -> Callable[..., PixelEditor]:
    return partial(black_editor, qtbot)


def test_that_the_left_button_paints_and_the_right_one_erases(
    qtbot: QtBot, make: Callable[..., PixelEditor]
) -> None:
    editor = make()
    editor.brush_value = 0.7
    with qtbot.waitSignal(editor.image_edited) as edit:
        click(editor, 0, 1)
    np.testing.assert_array_equal(edit.args[0], [[0, 0.7], [0, 0]])
    edit.args[0][:] = 5  # the listener's own copy
    click(editor, 0, 1)  # already there: nothing to undo
    assert editor.undo_stack.count() == 1
    click(editor, 1, 0)
    click(editor, 0, 1, RIGHT)
    np.testing.assert_array_equal(editor.image(), [[0, 0], [0.7, 0]])


def test_that_a_quick_second_click_paints_too(make: Callable[..., PixelEditor]) -> None:
    editor = make()
    click(editor, 0, 0)
    click(editor, 0, 0, RIGHT)
    QTest.mouseDClick(editor, LEFT, pos=center(editor, 0, 0))
    QTest.mouseRelease(editor, LEFT, pos=center(editor, 0, 0))
    assert editor.image()[0, 0] == 1
    assert editor.undo_stack.count() == 3


@pytest.mark.parametrize("size", [1.0, 2.5])
def test_that_a_fast_drag_leaves_no_gap(make: Callable[..., PixelEditor], size: float) -> None:
    editor = make((28, 28))
    editor.brush_size = size
    drag(editor, center(editor, 1, 2), center(editor, 25, 11), center(editor, 3, 26))
    full = editor.image() == 1
    reached = np.zeros_like(full)
    reached[1, 2] = full[1, 2]
    for _ in range(full.size):  # grow along touching painted cells
        padded = np.pad(reached, 1)
        around = [padded[1 + i : 29 + i, 1 + j : 29 + j] for i in (-1, 0, 1) for j in (-1, 0, 1)]
        reached = np.logical_or.reduce(around) & full
    assert reached[1, 2]
    assert reached[25, 11]
    assert reached[3, 26]
    assert full[2:25].any(axis=1).all()


def test_that_a_drag_out_of_the_picture_and_back_paints_only_inside(
    make: Callable[..., PixelEditor],
) -> None:
    editor = make((8, 8))
    editor.brush_size = 1
    drag(editor, center(editor, 0, 6), QPoint(4000, -3000), center(editor, 7, 7))
    assert editor.image()[0, 6] == 1
    assert editor.image()[7, 7] == 1
    assert editor.undo_stack.count() == 1


def test_that_the_cells_under_the_line_are_covered_fully_and_soft_ones_partly() -> None:
    soft = coverage((9, 9), (4.1, 4.9), (4.1, 4.9), 3.0)
    assert soft[4, 4] == 1
    assert 0 < soft[4, 2] < 1
    assert soft[0, 0] == 0
    assert coverage((9, 9), (4.5, 4.5), (4.5, 4.5), 1.0).sum() == 1
    assert coverage((3, 3), (-5.0, -5.0), (-9.0, -5.0), 2.0).sum() == 0


def test_that_a_drag_is_one_stroke_that_undo_and_redo_restore_exactly(
    make: Callable[..., PixelEditor],
) -> None:
    editor = make((28, 28))
    first = np.random.default_rng(0).random((28, 28))
    editor.set_image(first)
    drag(editor, center(editor, 2, 2), center(editor, 20, 9), center(editor, 5, 25))
    painted = editor.image()
    drag(editor, center(editor, 9, 2), center(editor, 9, 25), button=RIGHT)
    erased = editor.image()
    assert editor.undo_stack.count() == 2
    edits = heard(editor.image_edited)
    for act, expected in (
        (editor.undo_stack.undo, painted),
        (editor.undo_stack.undo, first),
        (editor.undo_stack.redo, painted),
        (editor.undo_stack.redo, erased),
    ):
        act()
        np.testing.assert_array_equal(editor.image(), expected)
        np.testing.assert_array_equal(edits[-1][0], expected)
    assert len(edits) == 4


def test_that_undo_in_the_middle_of_a_stroke_drops_the_stroke(
    make: Callable[..., PixelEditor],
) -> None:
    editor = make((8, 8))
    click(editor, 0, 0)
    QTest.mousePress(editor, LEFT, pos=center(editor, 4, 4))
    editor.undo_stack.undo()
    QTest.mouseMove(editor, center(editor, 4, 7))
    QTest.mouseRelease(editor, LEFT, pos=center(editor, 4, 7))
    assert editor.image().sum() == 0
    assert editor.undo_stack.index() == 0


def test_that_a_wheel_or_a_second_button_does_not_break_a_stroke(
    make: Callable[..., PixelEditor],
) -> None:
    editor = make((8, 8))
    QTest.mousePress(editor, LEFT, pos=center(editor, 4, 1))
    QTest.mousePress(editor, RIGHT, pos=center(editor, 4, 1))
    QTest.mouseRelease(editor, RIGHT, pos=center(editor, 4, 1))
    assert editor.undo_stack.count() == 0
    turn(editor, 0, 0)
    assert editor.undo_stack.count() == 2
    while editor.undo_stack.canUndo():
        editor.undo_stack.undo()
    QTest.mouseRelease(editor, LEFT, pos=center(editor, 4, 1))
    assert editor.image().sum() == 0


def test_that_a_lost_release_ends_the_stroke_at_the_next_move(
    qtbot: QtBot, make: Callable[..., PixelEditor]
) -> None:
    editor = make((8, 8))
    QTest.mousePress(editor, LEFT, pos=center(editor, 4, 1))
    other = QWidget()
    qtbot.addWidget(other)
    QTest.mouseRelease(other, LEFT)
    QTest.mouseMove(editor, center(editor, 4, 6))
    assert editor.undo_stack.count() == 1
    assert editor.image()[4, 6] == 0


def test_that_a_listener_may_set_the_picture_it_was_given(make: Callable[..., PixelEditor]) -> None:
    editor, other = make((8, 8)), make((8, 8))
    editor.image_edited.connect(lambda image: editor.set_image(image.astype(np.float32)))
    for one in (editor, other):
        drag(one, center(one, 1, 1), center(one, 6, 3), center(one, 2, 6))
        assert one.undo_stack.count() == 1
    assert (editor.image() == 1).sum() == (other.image() == 1).sum()
    editor.undo_stack.undo()
    assert editor.image().sum() == 0


def test_that_wheel_ticks_on_one_cell_are_one_edit(make: Callable[..., PixelEditor]) -> None:
    editor = make()
    for _ in range(3):
        assert turn(editor, 0, 1)
    assert editor.image()[0, 1] == 0.15  # not 0.15000000000000002
    turn(editor, 0, 1, -120, CONTROL)
    np.testing.assert_array_equal(editor.image(), [[0, 0.14], [0, 0]])
    assert editor.undo_stack.count() == 1
    turn(editor, 1, 1)
    turn(editor, 0, 1)
    assert editor.undo_stack.count() == 3
    for _ in range(3):
        editor.undo_stack.undo()
    assert editor.image().sum() == 0
    editor.undo_stack.redo()
    assert editor.image()[0, 1] == 0.14


def test_that_wheel_ticks_before_and_after_another_picture_are_two_edits(
    make: Callable[..., PixelEditor],
) -> None:
    editor, other = make(), np.full((2, 2), 0.5)
    turn(editor, 0, 0)
    editor.set_image(other)
    turn(editor, 0, 0)
    editor.undo_stack.undo()
    np.testing.assert_array_equal(editor.image(), other)
    editor.undo_stack.undo()
    assert editor.image().sum() == 0


def test_that_a_fine_wheel_waits_for_a_whole_notch(make: Callable[..., PixelEditor]) -> None:
    editor = make()
    for _ in range(7):
        turn(editor, 0, 0, 30)
    assert editor.image()[0, 0] == 0.05
    turn(editor, 0, 0, 30)
    assert editor.image()[0, 0] == 0.1


def test_that_the_wheel_stops_at_0_and_1_and_there_and_back_is_no_edit(
    make: Callable[..., PixelEditor],
) -> None:
    editor = make()
    turn(editor, 0, 0, -120)
    assert editor.undo_stack.count() == 0
    turn(editor, 0, 0, 120 * 50)
    assert editor.image()[0, 0] == 1
    turn(editor, 0, 0, -120 * 50)
    assert editor.image()[0, 0] == 0
    gc.collect()
    assert editor.undo_stack.count() == 0


def test_that_the_wheel_beside_the_picture_is_left_to_a_scroll_area(
    make: Callable[..., PixelEditor],
) -> None:
    editor = make((1, 4))
    assert turn(editor, 0, 0)
    assert not turn(editor, 1, 0)  # below the only row
