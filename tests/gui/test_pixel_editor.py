"""The pixel editor as a whole: what it takes, shows and tells, and random use."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.pixel_editor import PixelEditor
from tests.gui.hand import (
    LEFT,
    RIGHT,
    black_editor,
    center,
    click,
    heard,
    press,
    turn,
)

Key = Qt.Key
SHAPES = [(1, 1), (2, 2), (1, 4), (4, 4), (3, 5), (8, 8), (28, 28), (100, 3), (64, 64)]


@pytest.fixture
def make(qtbot: QtBot) -> Callable[..., PixelEditor]:
    return partial(black_editor, qtbot)


def test_that_setters_never_emit_and_copy(make: Callable[..., PixelEditor]) -> None:
    editor = make()
    all_said = [
        heard(signal) for signal in (editor.image_edited, editor.cell_hovered, editor.entry_refused)
    ]
    mine = np.array([[0.1, 2.0], [-1.0, 0.4]])
    editor.set_image(mine)
    mine[0, 0] = 0.9
    editor.image()[:] = 0.9
    np.testing.assert_array_equal(editor.image(), [[0.1, 1], [0, 0.4]])
    editor.set_image(np.eye(5, dtype=np.uint8))
    editor.brush_value, editor.brush_size = 0.5, 3
    assert (editor.brush_value, editor.brush_size) == (0.5, 3)
    assert [len(edits) for edits in all_said] == [0, 0, 0]


@pytest.mark.parametrize(
    "image", [[[0, np.nan]], [[np.inf]], np.zeros(4), np.zeros((0, 3)), np.zeros((2, 2, 3))]
)
def test_that_what_is_no_picture_is_refused(make: Callable[..., PixelEditor], image: Any) -> None:
    editor = make((3, 5))
    with pytest.raises(ValueError, match="picture"):
        editor.set_image(image)
    with pytest.raises(ValueError, match="picture"):
        editor.edit_to(image, "Edit")
    with pytest.raises(ValueError, match="shape"):
        editor.edit_to(np.zeros((5, 3)), "Edit")
    assert editor.image().shape == (3, 5)


@pytest.mark.parametrize("value", [np.nan, -0.1, 1.1])
def test_that_a_brush_needs_a_value_from_0_to_1_and_a_size(
    make: Callable[..., PixelEditor], value: float
) -> None:
    editor = make()
    with pytest.raises(ValueError, match="brush value"):
        editor.brush_value = value
    for size in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="brush size"):
            editor.brush_size = size


def test_that_only_another_shape_empties_the_undo_stack(make: Callable[..., PixelEditor]) -> None:
    editor = make()
    click(editor, 0, 0)
    editor.set_image(np.full((2, 2), 0.5))
    assert editor.undo_stack.count() == 1
    turn(editor, 0, 0)
    turn(editor, 0, 0)
    editor.undo_stack.undo()
    np.testing.assert_array_equal(editor.image(), np.full((2, 2), 0.5))
    editor.undo_stack.undo()
    assert editor.image().sum() == 0
    editor.set_image(np.zeros((3, 3)))
    assert editor.undo_stack.count() == 0


def test_that_a_stroke_goes_on_over_a_picture_set_meanwhile(
    make: Callable[..., PixelEditor],
) -> None:
    editor = make((8, 8))
    editor.brush_size = 1
    QTest.mousePress(editor, LEFT, pos=center(editor, 0, 0))
    editor.set_image(np.full((8, 8), 0.5))
    QTest.mouseMove(editor, center(editor, 0, 1))
    QTest.mouseRelease(editor, LEFT, pos=center(editor, 0, 1))
    np.testing.assert_array_equal(editor.image()[1:], np.full((7, 8), 0.5))
    assert editor.image()[0, 1] == 1
    editor.undo_stack.undo()
    assert editor.image().sum() == 0


def test_that_another_shape_in_the_middle_of_a_stroke_drops_it(
    make: Callable[..., PixelEditor],
) -> None:
    editor = make((8, 8))
    QTest.mousePress(editor, LEFT, pos=center(editor, 4, 4))
    editor.set_image(np.zeros((2, 2)))
    QTest.mouseMove(editor, center(editor, 1, 1))
    QTest.mouseRelease(editor, LEFT, pos=center(editor, 1, 1))
    assert editor.image().sum() == 0
    assert editor.undo_stack.count() == 0


def test_that_presets_are_undoable_edits(make: Callable[..., PixelEditor]) -> None:
    editor = make()
    start = np.array([[0.1, 0.2], [0.3, 0.4]])
    editor.set_image(start)
    edits = heard(editor.image_edited)
    editor.invert()
    np.testing.assert_array_equal(editor.image(), 1 - start)
    assert editor.undo_stack.undoText() == "Invert"
    editor.clear()
    assert editor.image().sum() == 0
    editor.add_noise(np.full((2, 2), 0.25))
    np.testing.assert_array_equal(editor.image(), np.full((2, 2), 0.25))
    editor.add_noise(np.random.default_rng(0), deviation=5)
    assert editor.image().min() >= 0
    assert editor.image().max() <= 1
    editor.edit_to(np.full((2, 2), 0.5), "Example of cat")
    assert editor.undo_stack.undoText() == "Example of cat"
    assert len(edits) == 5
    for _ in range(5):
        editor.undo_stack.undo()
    np.testing.assert_array_equal(editor.image(), start)


def test_that_the_undo_stack_is_bounded_by_number_and_by_memory(
    make: Callable[..., PixelEditor],
) -> None:
    editor = make(undo_limit=10)
    for i in range(40):
        editor.edit_to(np.full((2, 2), i / 40), "Edit")
    assert editor.undo_stack.count() == 10
    assert make().undo_stack.undoLimit() == 200
    assert make((512, 512)).undo_stack.undoLimit() == 32


def test_that_the_cell_under_mouse_or_cursor_is_told(make: Callable[..., PixelEditor]) -> None:
    editor = make((3, 5))
    told: list[int] = []
    editor.cell_hovered.connect(told.append)
    QTest.mouseMove(editor, center(editor, 0, 2))
    QTest.mouseMove(editor, center(editor, 0, 2) + QPoint(2, 2))
    QTest.mouseMove(editor, center(editor, 2, 4))
    QTest.mouseMove(editor, QPoint(1, 1))  # beside the picture
    assert told == [2, 14, -1]
    QTest.mouseMove(editor, center(editor, 1, 0))
    QCoreApplication.sendEvent(editor, QEvent(QEvent.Type.Leave))
    press(editor, Key.Key_Right)
    assert told == [2, 14, -1, 5, -1, 1]


@pytest.mark.parametrize("shape", SHAPES)
def test_that_every_corner_of_any_shape_can_be_painted_and_is_drawn_crisp(
    make: Callable[..., PixelEditor], shape: tuple[int, int]
) -> None:
    editor = make(shape)
    editor.brush_size = 1
    corners = {(row, column) for row in (0, shape[0] - 1) for column in (0, shape[1] - 1)}
    for row, column in corners:
        click(editor, row, column)
    assert {(int(r), int(c)) for r, c in np.argwhere(editor.image() == 1)} == corners
    assert editor.image().sum() == len(corners)
    where = editor._lattice()
    assert editor.rect().toRectF().contains(where.rect)
    QCoreApplication.sendEvent(editor, QEvent(QEvent.Type.Leave))  # takes the brush away
    screen = editor.grab().toImage()
    beside = QPointF(0.25, 0.3) * where.cell if where.numbered else QPointF()  # the number
    at = where.cell_rect(0).center() + beside
    assert screen.pixelColor(int(at.x()), int(at.y())).lightness() == 255


def test_that_small_and_large_widgets_show_focus_cursor_brush_and_entry(
    qtbot: QtBot, make: Callable[..., PixelEditor]
) -> None:
    for shape in SHAPES:
        editor = make(shape)
        with qtbot.waitActive(editor):
            editor.activateWindow()
        for side in (1, 30, 120, 700):
            editor.resize(side, side)
            editor.setFocus()
            plain = editor.grab().toImage()
            QTest.mouseMove(editor, center(editor, 0, 0))
            QTest.keyClicks(editor, "0.5")
            assert side < 30 or editor.grab().toImage() != plain
            press(editor, Key.Key_Escape)
        editor.close()


def test_that_an_editor_with_edits_is_freed(qtbot: QtBot) -> None:
    editor = PixelEditor()
    for _ in range(5):
        editor.invert()
    gone = weakref.ref(editor)
    del editor
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (8, 8)])
def test_that_500_random_events_keep_the_picture_legal_and_undo_leads_back_to_the_first(
    make: Callable[..., PixelEditor], shape: tuple[int, int]
) -> None:
    random = np.random.default_rng(shape[0])
    editor = make(shape, undo_limit=1000)
    first = random.random(shape)
    editor.set_image(first)
    last = [first]
    editor.image_edited.connect(lambda image: last.__setitem__(0, image))
    keys = [
        Key.Key_Left, Key.Key_Right, Key.Key_Up, Key.Key_Down, Key.Key_Plus, Key.Key_Minus,
        Key.Key_PageUp, Key.Key_PageDown, Key.Key_Space, Key.Key_Delete, Key.Key_Backspace,
        Key.Key_0, Key.Key_7, Key.Key_Period, Key.Key_Comma, Key.Key_Enter, Key.Key_Escape,
    ]  # fmt: skip

    def somewhere() -> QPoint:
        return QPoint(*(int(v) for v in random.integers(-40, 280, 2)))

    def button() -> Any:
        return (LEFT, RIGHT, Qt.MouseButton.MiddleButton)[random.integers(3)]

    acts: list[Callable[[], object]] = [
        lambda: QTest.mousePress(editor, button(), pos=somewhere()),
        lambda: QTest.mouseMove(editor, somewhere()),
        lambda: QTest.mouseRelease(editor, button(), pos=somewhere()),
        lambda: turn(editor, 0, 0, int(random.integers(-400, 400))),
        lambda: QTest.keyClick(editor, keys[random.integers(len(keys))]),
        lambda: QTest.keyClick(editor, keys[random.integers(len(keys))]),
        editor.undo_stack.undo,
        editor.undo_stack.redo,
        lambda: setattr(editor, "brush_value", float(random.random())),
        editor.invert,
    ]
    for _ in range(500):
        acts[random.integers(len(acts))]()
        image = editor.image()
        assert image.shape == shape
        assert ((image >= 0) & (image <= 1)).all()
        np.testing.assert_array_equal(image, last[0])  # no change without a signal
    while editor.undo_stack.canUndo():
        editor.undo_stack.undo()
    np.testing.assert_array_equal(editor.image(), first)
