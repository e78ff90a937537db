"""Hangul on a machine without a Korean font: the one that ships (Pretendard, OFL 1.1)."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from softmax_gui.resources import resource

_FILES = ("Pretendard-Regular.otf", "Pretendard-SemiBold.otf")
_looked = False


def has_hangul(text: str) -> bool:
    """Whether a syllable or letter of Hangul is in the text."""
    return any("가" <= c <= "힣" or "ᄀ" <= c <= "ㆎ" for c in text)


def ensure_hangul() -> None:
    """Makes Hangul readable; loads the shipped font only where the system has none."""
    global _looked
    if _looked:
        return
    _looked = True
    if QFontDatabase.families(QFontDatabase.WritingSystem.Korean):
        return
    for name in _FILES:
        QFontDatabase.addApplicationFont(str(resource("fonts", name)))
    font = QFont(QApplication.font())
    font.setFamilies([*font.families(), "Pretendard"])
    QApplication.setFont(font)
