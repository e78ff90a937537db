"""Colours, language and unit change at once, everywhere, and are there again on the next start."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QColor, QFontMetrics, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.gui import theme
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.settings import Settings, load_settings
from softmax_gui.gui.theme import DARK, LIGHT, Theme
from softmax_gui.i18n import language
from tests.gui.plots import texts
from tests.gui.windows import actions, load, opened, shown_texts, stepped
from tests.gui.windows import press as type_shortcut

# Names of data, classes, files, units and things that have no other name in Korean.
UNTRANSLATED = re.compile(
    r"cat|chicken|dog|setosa|versicolor|virginica|sepal|petal|length|width|digits|iris|2x2"
    r"|Softmax GUI|CPU|GPU|CUDA|MPS|NVIDIA|Apple|numpy|torch|nat|bit|log|ln|surprisal|H\(Y\|X\)"
    r"|SGD|Adam|PHM|Newton-CG|L-BFGS|CSV|NPZ|JSON|PNG|SVG|safetensors|English|(Ctrl|Shift|Alt|Backspace)\+?|F\d+"
)


def press(window: MainWindow, keys: str) -> None:
    """A shortcut, and the events in which Qt spreads its effect over the widgets."""
    type_shortcut(window, keys)
    QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def every_text(window: MainWindow) -> list[str]:
    """What can be seen, pointed at or read aloud, in whatever language."""
    found = [window.windowTitle(), *shown_texts(window)]
    for one in window.findChildren(QWidget):
        if one.isVisibleTo(window) and not one.objectName().startswith("qt_"):
            wanted = ("text", "title", "windowTitle", "toolTip", "accessibleName", "statusTip")
            found += [str(one.property(name) or "") for name in wanted]
        if isinstance(one, QComboBox):
            found += [one.itemText(place) for place in range(one.count())]
    for action in actions(window):
        found += [action.text(), action.toolTip(), action.statusTip()]
    found += [menu.title() for menu in window.commands.menus.values()]
    curves = window.plots.complete()
    for plot in (curves.loss, curves.accuracy):
        found += texts(plot)
    return [text for text in found if re.search(r"[^\W\d_]", text)]  # letters of any script


def luminance(color: QColor) -> float:
    parts = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4
             for one in (color.redF(), color.greenF(), color.blueF())]  # fmt: skip
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    """Between two colours, 1 to 21. Source: WCAG 2.2, relative luminance."""
    high, low = sorted((luminance(QColor(one)), luminance(QColor(other))), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["text", "muted", "accent", "warning", "error"])
@pytest.mark.parametrize("behind", ["window", "base"])
def test_that_every_text_colour_can_be_read(colors: Theme, name: str, behind: str) -> None:
    assert contrast(getattr(colors, name), getattr(colors, behind)) >= 4.5


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_that_the_primary_button_can_be_read_and_nothing_is_pure(colors: Theme) -> None:
    assert contrast(colors.on_accent, colors.accent) >= 4.5
    assert contrast(colors.text, colors.base) < 20
    assert contrast(colors.grid, colors.base) < 1.5


def test_that_a_disabled_text_is_fainter_than_an_enabled_one(window: MainWindow) -> None:
    for keys in ("Ctrl+Alt+L", "Ctrl+Alt+D"):
        press(window, keys)
        palette, role = QApplication.palette(), QPalette.ColorRole
        group, background = QPalette.ColorGroup, QApplication.palette().color(role.Window).name()
        faded = palette.color(group.Disabled, role.ButtonText).name()
        enabled = palette.color(group.Active, role.ButtonText).name()
        assert 1.5 < contrast(faded, background) < contrast(enabled, background)


@pytest.mark.parametrize("source", ["2x2", "iris"])
def test_that_korean_leaves_no_english_behind_and_english_no_korean(
    qtbot: QtBot, window: MainWindow, source: str
) -> None:
    load(qtbot, window, source)
    stepped(qtbot, window)
    english = every_text(window)
    press(window, "Ctrl+Alt+K")
    assert language() == "ko"
    left = [one for one in every_text(window)
            if re.search("[A-Za-z]{3}", UNTRANSLATED.sub("", one))]  # fmt: skip
    assert left == []
    press(window, "Ctrl+Alt+E")
    assert every_text(window) == english
    assert [one for one in english if re.search("[가-힣]", one)] == [
        "한국어",
        "한국어 (Ctrl+Alt+K)",
    ]


def test_that_korean_can_be_read_on_any_machine(window: MainWindow) -> None:
    press(window, "Ctrl+Alt+K")
    assert QFontMetrics(window.font()).inFontUcs4(ord("한"))


def test_that_dark_and_light_repaint_everything(qtbot: QtBot, window: MainWindow) -> None:
    stepped(qtbot, window)
    background = {}
    for keys, colors in (("Ctrl+Alt+D", DARK), ("Ctrl+Alt+L", LIGHT)):
        press(window, keys)
        assert theme.current() is colors
        for view in (window.plots.complete().loss, window.plots.weights, window.prediction.bars):
            corner = QColor(view.grab().toImage().pixel(2, 2)).name().upper()
            assert corner == colors.base, view
        background[keys] = QColor(window.grab().toImage().pixel(2, 2)).lightness()
        sign = window.messages.findChildren(QLabel)[0]
        assert sign.palette().color(QPalette.ColorRole.WindowText).name().upper() == colors.accent
    assert background["Ctrl+Alt+D"] < 100 < background["Ctrl+Alt+L"]


def test_that_the_colours_follow_the_system_while_it_is_asked_to(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def turn(scheme: Qt.ColorScheme) -> Theme:
        told = SimpleNamespace(colorScheme=lambda: scheme)
        monkeypatch.setattr(theme, "QGuiApplication", SimpleNamespace(styleHints=lambda: told))
        QGuiApplication.styleHints().colorSchemeChanged.emit(scheme)
        return theme.current()

    press(window, "Ctrl+Alt+S")
    assert turn(Qt.ColorScheme.Dark) is DARK
    assert turn(Qt.ColorScheme.Light) is LIGHT
    press(window, "Ctrl+Alt+L")
    assert turn(Qt.ColorScheme.Dark) is LIGHT


def test_that_theme_language_and_unit_are_there_again_on_the_next_start(
    qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "settings.json"
    with opened(qtbot, path) as window:
        for keys in ("Ctrl+Alt+D", "Ctrl+Alt+K", "Ctrl+Shift+B"):
            press(window, keys)
    settings, trouble = load_settings(path)
    assert (settings.theme, settings.language, settings.unit, trouble) == ("dark", "ko", "bit", "")
    with opened(qtbot, path, settings) as window:
        assert theme.current() is DARK
        assert language() == "ko"
        assert "bit" in window.plots._titles["loss"].text()
        for key in ("dark", "ko", "bit"):
            assert window.commands[key].isChecked()


def test_that_words_nobody_knows_count_as_the_default(qtbot: QtBot, tmp_path: Path) -> None:
    settings = Settings(theme="pink", language="tlh", unit="hartley", device="abacus",
                        geometry="???", layout="???", plots="???")  # fmt: skip
    with opened(qtbot, tmp_path / "settings.json", settings) as window:
        assert window.appearance.settings.theme == "system"
        assert window.appearance.settings.language == "system"
        assert window.appearance.settings.unit == "nat"
        assert window.wishes.config.device == "auto"
