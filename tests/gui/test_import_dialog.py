"""The dialog before a file is loaded: every guess can be mended, and what it leads to is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.preview import Preview
from softmax_gui.gui import theme
from softmax_gui.gui.import_dialog import ImportDialog
from softmax_gui.gui.importer import Importer
from softmax_gui.gui.views import import_texts as texts
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.i18n import set_language
from tests.gui import imports
from tests.gui.imports import problem
from tests.gui.windows import LEFT, LONG_MS, find

DISPLAY = Qt.ItemDataRole.DisplayRole


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path) -> Iterator[ImportDialog]:
    """A made-up table, looked at."""
    path = tmp_path / "fruit.csv"
    path.touch()
    yield from shown(qtbot, path)


@pytest.fixture
def pictures(qtbot: QtBot, tmp_path: Path) -> Iterator[ImportDialog]:
    """A made-up folder of pictures, looked at."""
    yield from shown(qtbot, tmp_path)


def shown(qtbot: QtBot, path: Path) -> Iterator[ImportDialog]:
    parent = QWidget()
    qtbot.addWidget(parent)
    importer = Importer(imports.look, imports.read, parent)
    one = ImportDialog(path, importer, ReadOptions(), "", parent)
    one.open()
    qtbot.waitUntil(one.load_button.isEnabled, timeout=LONG_MS)
    yield one
    one.close()
    importer.shutdown()


def choose(dialog: ImportDialog, name: str, key: str) -> None:
    """Picks a choice of a field by keys."""
    field = find(dialog, ChoiceField, name)
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_Home)
    for _ in range(field.findData(key)):
        QTest.keyClick(field, Qt.Key.Key_Down)


def header(dialog: ImportDialog) -> list[str]:
    model = dialog.preview.table.model_of_rows
    horizontal = Qt.Orientation.Horizontal
    return [model.headerData(k, horizontal, DISPLAY) for k in range(model.columnCount())]


def test_that_the_label_is_tinted_and_named_and_what_is_unused_is_gray(
    dialog: ImportDialog,
) -> None:
    assert header(dialog) == ["width", "height", "weight", "fruit (label)", "box (not used)"]
    model = dialog.preview.table.model_of_rows
    background, foreground = Qt.ItemDataRole.BackgroundRole, Qt.ItemDataRole.ForegroundRole
    assert [model.data(model.index(0, k), background) is not None for k in range(5)] == [
        False, False, False, True, False,
    ]  # fmt: skip
    assert model.data(model.index(0, 4), foreground) is not None
    assert model.data(model.index(0, 3), DISPLAY) == "apple"


def test_that_only_fields_that_matter_are_there(
    dialog: ImportDialog, pictures: ImportDialog
) -> None:
    def fields(one: ImportDialog) -> set[str]:
        captions = one.fields._captions.items()
        return {name for name, caption in captions if caption.isVisibleTo(one)}

    table = {"label", "delimiter", "decimal", "header", "encoding", "comment", "missing"}
    assert fields(dialog) == table
    assert fields(pictures) == {"height", "width", "colour"}


def test_that_another_label_column_is_looked_at_and_a_problem_locks_load(
    qtbot: QtBot, dialog: ImportDialog
) -> None:
    choose(dialog, "Label column", "2")
    qtbot.waitUntil(lambda: "regression" in problem(dialog), timeout=LONG_MS)
    assert not dialog.load_button.isEnabled()
    assert dialog.options().label_column == "weight"
    QTest.mouseClick(find(dialog.fields, QAbstractButton, "Guess again"), LEFT)
    qtbot.waitUntil(dialog.load_button.isEnabled, timeout=LONG_MS)
    assert dialog.options() == ReadOptions()
    assert problem(dialog) == ""
    assert header(dialog)[3] == "fruit (label)"


def test_that_what_the_user_did_not_touch_stays_a_guess(qtbot: QtBot, dialog: ImportDialog) -> None:
    choose(dialog, "Encoding", "latin-1")
    choose(dialog, "Missing values", "mean")
    assert dialog.options() == ReadOptions(encoding="latin-1", missing="mean")


def test_that_a_comma_for_the_decimals_never_meets_a_comma_between_cells(
    qtbot: QtBot, dialog: ImportDialog
) -> None:
    choose(dialog, "Decimal mark", ",")
    qtbot.waitUntil(lambda: dialog.fields._preview.guessed.decimal == ",", timeout=LONG_MS)
    choose(dialog, "Separator", ",")
    assert (dialog.options().delimiter, dialog.options().decimal) == (",", None)


def test_that_classes_are_moved_by_keys_and_buttons_and_keep_their_counts(
    qtbot: QtBot, dialog: ImportDialog
) -> None:
    order = dialog.outcome.classes
    order.list.setFocus()
    order.list.setCurrentRow(2)
    QTest.mouseClick(find(order, QAbstractButton, "Move the class up"), LEFT)
    assert dialog.options().class_order == ("apple", "plum", "pear")
    QTest.mouseClick(find(order, QAbstractButton, "Move the class up"), LEFT)
    assert order.names() == ("plum", "apple", "pear")
    assert order.list.item(0).text() == "plum: 6"
    qtbot.waitUntil(
        lambda: dialog.fields._preview.guessed.class_order == order.names(), timeout=LONG_MS
    )
    assert order.list.currentRow() == 0


def test_that_another_label_column_forgets_the_order_of_the_classes(
    dialog: ImportDialog,
) -> None:
    dialog.fields.set_order(("plum", "pear", "apple"))
    choose(dialog, "Label column", "4")
    assert dialog.options().class_order == ()
    assert dialog.options().label_column == "box"


def test_that_a_labels_file_is_asked_for_where_none_was_found(
    dialog: ImportDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog.fields.show_preview(Preview("npy", n=50, d=16))
    assert find(dialog, QLineEdit, "Labels file").isVisibleTo(dialog)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/data/labels.npy", ""))
    QTest.mouseClick(find(dialog, QAbstractButton, "Choose a labels file"), LEFT)
    assert dialog.options().labels == "/data/labels.npy"


def test_that_the_size_of_pictures_is_chosen(qtbot: QtBot, pictures: ImportDialog) -> None:
    side = pictures.fields._sides["height"]
    side.setFocus()
    QTest.keyClick(side, Qt.Key.Key_Up)
    assert pictures.options().picture_size == (25, 32)
    assert pictures.preview.pictures.count() == 20


def test_that_a_column_is_told_by_its_number_where_its_name_is_not_clear() -> None:
    columns = ("a", "b", "b", "3", "")
    words = [texts.column_word(place, columns) for place in range(5)]
    assert words == ["a", "2", "3", "4", "5"]
    places = [texts.column_place(one, columns) for one in ("a", "-1", "5", "6", "c", None)]
    assert places == [0, 4, 4, -1, -1, -1]


def test_that_the_remaining_time_is_no_more_exact_than_it_can_be() -> None:
    assert texts.remaining(0.2) == "about 1 s left"
    assert texts.remaining(42.4) == "about 42 s left"
    assert texts.remaining(200) == "about 3 min left"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_that_everything_has_a_name_and_fits_a_small_screen(
    qtbot: QtBot, tmp_path: Path, scheme: str, language: str
) -> None:
    theme.apply(scheme)
    set_language(language)
    try:
        for one in shown(qtbot, tmp_path):
            used = [
                part
                for part in one.findChildren(QWidget)
                if part.focusPolicy() & Qt.FocusPolicy.TabFocus and part.isVisibleTo(one)
                and not part.objectName().startswith("qt_")
                and type(part) is not QLineEdit
            ]  # fmt: skip
            assert [part for part in used if not (part.accessibleName() or part.property("text"))
                    ] == []  # fmt: skip
            smallest = one.minimumSizeHint()
            assert smallest.width() <= 1024 / 1.25
            assert smallest.height() <= 768 / 1.25 - 64
    finally:
        set_language("en")
        theme.apply("system")
