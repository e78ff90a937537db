"""How the app looks and speaks: colours, language, unit; the user's choice, kept in Settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QCoreApplication, QEvent, QLibraryInfo, QObject, QTranslator, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from softmax_gui.gui import fonts, theme
from softmax_gui.gui.commands import Commands
from softmax_gui.gui.settings import Settings
from softmax_gui.gui.units import Unit
from softmax_gui.i18n import LANGUAGES, set_language


class Appearance(QObject):
    """Puts one choice in force at a time, and ticks it in the menu; goes with its window."""

    def __init__(
        self,
        window: QWidget,
        commands: Commands,
        settings: Settings,
        show_unit: Callable[[Unit], None],
    ) -> None:
        super().__init__(window)
        self._window, self._commands, self._show_unit = window, commands, show_unit
        self.settings = settings
        self._qt_texts = QTranslator(window)
        for key, slot in {
            "nat": lambda: self.set_unit("nat"),
            "bit": lambda: self.set_unit("bit"),
            "light": lambda: self.set_theme("light"),
            "dark": lambda: self.set_theme("dark"),
            "theme_system": lambda: self.set_theme("system"),
            "en": lambda: self.set_language("en"),
            "ko": lambda: self.set_language("ko"),
            "language_system": lambda: self.set_language("system"),
        }.items():
            commands[key].triggered.connect(slot)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)

    def restore(self) -> None:
        """Puts what the settings say in force; unknown words count as the default."""
        self.set_theme(self.settings.theme)
        self.set_language(self.settings.language)
        self.set_unit(self.settings.unit)

    def unit(self) -> Unit:
        """The unit of every loss on screen."""
        return Unit(self.settings.unit)

    def set_unit(self, name: str) -> None:
        """Every loss, entropy and surprisal on screen in "nat" or "bit"."""
        unit = Unit.BIT if name == "bit" else Unit.NAT
        self.settings = replace(self.settings, unit=unit.value)
        self._commands[unit.value].setChecked(True)
        self._show_unit(unit)

    def set_theme(self, scheme: str) -> None:
        """The "light" or the "dark" colours, or "system": those of the system."""
        scheme = scheme if scheme in theme.SCHEMES else "system"
        self.settings = replace(self.settings, theme=scheme)
        self._commands["theme_system" if scheme == "system" else scheme].setChecked(True)
        theme.apply(scheme)

    @Slot()
    def _follow_system(self) -> None:
        if self.settings.theme == "system":
            theme.apply("system")

    def set_language(self, choice: str) -> None:
        """Every text in "en", "ko" or "system", at once."""
        choice = choice if choice in LANGUAGES else "system"
        self.settings = replace(self.settings, language=choice)
        self._commands["language_system" if choice == "system" else choice].setChecked(True)
        language = set_language(choice)
        QCoreApplication.removeTranslator(self._qt_texts)
        if language == "ko":
            fonts.ensure_hangul()
            folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
            if self._qt_texts.load(f"qtbase_{language}", folder):
                QCoreApplication.installTranslator(self._qt_texts)
        QCoreApplication.sendEvent(self._window, QEvent(QEvent.Type.LanguageChange))
