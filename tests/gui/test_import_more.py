"""What "More" in the import dialog says of a file: groups, parts, targets and the memory limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QListWidget, QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import open_data, preview
from softmax_gui.gui.import_dialog import ImportDialog
from softmax_gui.gui.importer import Importer
from softmax_gui.gui.widgets.choice_field import ChoiceField
from tests.gui.imports import problem, some_pictures
from tests.gui.test_import_dialog import choose, header
from tests.gui.windows import LEFT, LONG_MS, find

HEAD = "width,height,cat,dog,who,part,kind\n"
ROWS = "".join(
    f"{k},{k * 0.5},{k % 2},{1 - k % 2},p{k % 5},{('train', 'train', 'validation', 'test')[k % 4]},"
    f"{'cat' if k % 2 else 'dog'}\n"
    for k in range(40)
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A table with one-hot columns, a group, a part and a label."""
    path = tmp_path / "pets.csv"
    path.write_text(HEAD + ROWS)
    return path


@pytest.fixture
def dialog(qtbot: QtBot, file: Path) -> Iterator[ImportDialog]:
    """The table, looked at by the real reader, with More open."""
    parent = QWidget()
    qtbot.addWidget(parent)
    importer = Importer(preview, open_data, parent)
    one = ImportDialog(file, importer, ReadOptions(label_column="kind"), "", parent)
    one.open()
    qtbot.waitUntil(lambda: one.load_button.isEnabled() or bool(problem(one)), timeout=LONG_MS)
    QTest.mouseClick(find(one, QAbstractButton, "More on how the file is read"), LEFT)
    yield one
    if shiboken6.isValid(one):  # Load has closed and deleted it
        one.close()
    importer.shutdown()


def notes(dialog: ImportDialog) -> list[str]:
    found = dialog.outcome.notes
    return [found.item(k).text() for k in range(found.count())]


def tick(dialog: ImportDialog, *places: int) -> None:
    """Ticks columns by keys."""
    field = dialog.fields.more.targets
    field.setFocus()
    for place in places:
        field.setCurrentRow(place)
        QTest.keyClick(field, Qt.Key.Key_Space)


def test_that_a_part_column_is_said_to_lead_to_parts_and_is_no_feature(
    qtbot: QtBot, dialog: ImportDialog
) -> None:
    assert '"who"' in problem(dialog)  # a word where a number should be
    choose(dialog, "Part column", "5")
    choose(dialog, "Group column", "4")
    qtbot.waitUntil(dialog.load_button.isEnabled, timeout=LONG_MS)
    said = ReadOptions(label_column="kind", split_column="part", group_column="who")
    assert dialog.options() == said
    assert 'Rows by the column "part": 20 train, 10 validation, 10 test.' in notes(dialog)
    assert header(dialog)[4:] == ["who (not used)", "part (not used)", "kind (label)"]
    with qtbot.waitSignal(dialog.read_done, timeout=LONG_MS) as read:
        dialog.load_button.click()
    dataset = read.args[0]
    assert dataset.feature_names == ("width", "height", "cat", "dog")
    assert dataset.groups[:2] == ("p0", "p1")
    assert dataset.parts.tolist()[:4] == [0, 0, 1, 2]


def test_that_targets_are_ticked_by_keys_and_take_the_place_of_the_label(
    qtbot: QtBot, dialog: ImportDialog
) -> None:
    choose(dialog, "Part column", "5")
    choose(dialog, "Group column", "4")
    qtbot.waitUntil(dialog.load_button.isEnabled, timeout=LONG_MS)
    tick(dialog, 2)
    qtbot.waitUntil(lambda: "1 target columns" in problem(dialog), timeout=LONG_MS)
    tick(dialog, 3)
    assert dialog.options().target_columns == ("cat", "dog")
    assert dialog.options().label_column is None
    qtbot.waitUntil(lambda: "dog (label)" in header(dialog), timeout=LONG_MS)
    assert header(dialog)[2:4] == ["cat (label)", "dog (label)"]
    label = find(dialog, ChoiceField, "Label column")
    assert label.currentText() == "2 one-hot or soft-label columns"
    choose(dialog, "Label column", "6")
    assert dialog.options().target_columns == ()
    qtbot.waitUntil(dialog.load_button.isEnabled, timeout=LONG_MS)
    checked = [item.checkState() for item in dialog.fields.more._items()]
    assert Qt.CheckState.Checked not in checked


def test_that_one_column_for_two_purposes_is_told_and_can_be_taken_back(
    qtbot: QtBot, dialog: ImportDialog
) -> None:
    choose(dialog, "Part column", "5")
    choose(dialog, "Group column", "6")
    qtbot.waitUntil(lambda: "two purposes" in problem(dialog), timeout=LONG_MS)
    assert find(dialog, ChoiceField, "Group column").key() == "6"
    choose(dialog, "Group column", "4")
    qtbot.waitUntil(dialog.load_button.isEnabled, timeout=LONG_MS)
    choose(dialog, "Group column", "")
    assert dialog.options().group_column is None


def test_that_a_column_that_names_no_parts_is_refused_with_the_word(
    qtbot: QtBot, dialog: ImportDialog
) -> None:
    choose(dialog, "Group column", "5")
    choose(dialog, "Part column", "4")
    qtbot.waitUntil(lambda: '"p0" in row 1 of the data is no part' in problem(dialog),
                    timeout=LONG_MS)  # fmt: skip
    assert not dialog.load_button.isEnabled()


def test_that_files_without_columns_have_only_the_limit_there(
    qtbot: QtBot, dialog: ImportDialog
) -> None:
    more = dialog.fields.more
    assert more.targets.isVisibleTo(dialog)
    dialog.fields.show_preview(some_pictures())
    assert not more.targets.isVisibleTo(dialog)
    assert not find(more, ChoiceField, "Group column").isVisibleTo(dialog)
    assert more.limit.isVisibleTo(dialog)


def test_that_a_table_of_very_many_columns_lists_none_to_be_ticked(
    dialog: ImportDialog,
) -> None:
    seen = dialog.fields._preview
    wide = replace(seen, columns=tuple(f"x{k}" for k in range(5001)))
    dialog.fields.show_preview(wide)
    assert find(dialog, QListWidget, "Target columns").count() == 0
    assert not dialog.fields.more.targets.isVisibleTo(dialog)
