"""A full disk, a folder that may not be written, an unknown ending; and plots saved as files."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import Tone
from tests.gui.test_files_menu import assert_kept, export, probabilities, refused, written
from tests.gui.windows import data, newest, press, stepped

FIGURES = ("loss", "accuracy", "weights", "probabilities")


def saved(window: MainWindow, monkeypatch: pytest.MonkeyPatch, figure: str, path: Path) -> None:
    """Saves a plot by its keys."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    press(window, f"Ctrl+Alt+{FIGURES.index(figure) + 1}")
    written(window)


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ("fsync", errno.ENOSPC, "no space left"), ("replace", errno.ENOSPC, "no space left"),
        ("fsync", errno.EROFS, "write-protected"), ("fsync", errno.EIO, "error"),
    ],
)  # fmt: skip
def test_that_a_disk_that_fails_at_any_write_costs_no_old_file(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    call: str, code: int, words: str,
) -> None:  # fmt: skip
    before, path = stepped(qtbot, window), tmp_path / "weights.npz"
    export(window, path)
    old = path.read_bytes()
    stepped(qtbot, window)
    before = newest(window)

    def fails(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os if call == "fsync" else Path, call, fails)
        export(window, path)
    text = refused(window)
    assert words in text
    assert "weights.npz" in text
    assert str(tmp_path) in text
    assert "Nothing was lost." in text
    assert path.read_bytes() == old
    assert [one.name for one in tmp_path.glob("*tmp*")] == []
    assert_kept(qtbot, window, before)
    export(window, path)
    assert window.messages.tone() is Tone.DONE


def test_that_a_place_that_cannot_be_is_told_in_words(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    (tmp_path / "a file").write_text("x")
    (tmp_path / "folder.npz").mkdir()
    before = stepped(qtbot, window)
    for place, words in (
        ("no/such/folder/w.npz", "no folder"), ("a file/w.npz", "no folder"),
        ("folder.npz", "is a folder"), ("x" * 300 + ".npz", "too long"),
        ("weights.docx", "unknown ending"), ("weights.pt", "unknown ending"),
    ):  # fmt: skip
        export(window, tmp_path / place)
        assert words in refused(window), place
    assert_kept(qtbot, window, before)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_that_a_read_only_folder_is_told(window: MainWindow, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    export(window, tmp_path / "weights.npz")
    tmp_path.chmod(0o700)
    assert "write-protected" in refused(window)


def test_that_a_file_that_may_not_be_replaced_stays(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights.npz"
    path.write_text("mine")
    monkeypatch.setattr(os, "access", lambda *_: False)
    export(window, path)
    assert "write-protected" in refused(window)
    assert path.read_text() == "mine"


def test_that_weights_that_are_no_numbers_are_not_written(
    window: MainWindow, tmp_path: Path
) -> None:
    from dataclasses import replace

    from softmax_gui.core.models import Dense

    snapshot = newest(window)
    broken = replace(snapshot, model=Dense(snapshot.model.W + float("nan"), snapshot.model.b))
    window.files.write_weights(broken, data(window), tmp_path / "weights.npz")
    written(window)
    assert "not a finite number" in refused(window)
    assert not (tmp_path / "weights.npz").exists()


@pytest.mark.parametrize("figure", FIGURES)
def test_that_each_plot_is_saved_as_a_picture_or_as_its_numbers(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: str
) -> None:
    stepped(qtbot, window)
    for suffix in (".png", ".svg", ".csv"):
        path = tmp_path / f"{figure}{suffix}"
        saved(window, monkeypatch, figure, path)
        assert window.messages.tone() is Tone.DONE
        assert str(path) in window.messages.text()
    assert not QImage(str(tmp_path / f"{figure}.png")).isNull()
    assert "</svg>" in (tmp_path / f"{figure}.svg").read_text()
    assert len((tmp_path / f"{figure}.csv").read_text().splitlines()) >= 4


@pytest.mark.parametrize("name", ["loss.jpeg", "loss.pdf"])
def test_that_a_picture_of_an_unknown_kind_names_the_known_ones(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    saved(window, monkeypatch, "loss", tmp_path / name)
    text = refused(window)
    assert name in text
    assert ".png, .svg, .csv" in text
    assert not (tmp_path / name).exists()


def test_that_a_full_disk_is_told_for_a_plot_too(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        saved(window, patch, "loss", tmp_path / "loss.png")
    assert "no space left" in refused(window)
    assert list(tmp_path.glob("*.png")) == []


def test_that_the_last_message_stands_in_the_line_at_the_bottom_as_plain_text(
    window: MainWindow, tmp_path: Path
) -> None:
    export(window, tmp_path / "<b>weights<i>.docx")
    assert "<b>weights<i>.docx" in window.status._message.text()
    assert probabilities(window).shape == (100, 3)
    message = next(one for one in window.messages.findChildren(QLabel) if "weights" in one.text())
    assert message.textFormat() is Qt.TextFormat.PlainText
