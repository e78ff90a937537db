"""Colours: a light and a dark theme, one colour a class, and the maps of weights and pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

SCHEMES = ("system", "light", "dark")

# Okabe and Ito (2008): told apart by every kind of colour-blind eye.
_CLASS_COLORS = (
    "#E69F00", "#0072B2", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#999999",
)  # fmt: skip


@dataclass(frozen=True)
class Theme:
    """The colours of one scheme, as "#RRGGBB"."""

    dark: bool
    window: str  # behind panels
    base: str  # behind plots, pictures and fields
    text: str
    muted: str  # captions, units, reference lines; 4.5 to 1 against window and base
    border: str
    grid: str  # barely visible
    accent: str
    on_accent: str
    warning: str
    error: str
    negative: str  # the ends of the diverging map; its middle is base
    positive: str


LIGHT = Theme(
    dark=False, window="#F5F6F8", base="#FFFFFF", text="#1F2328", muted="#5A636E",
    border="#D5DAE0", grid="#E9ECF0", accent="#4A49C8", on_accent="#FFFFFF",
    warning="#8A5A00", error="#B3261E", negative="#2166AC", positive="#B2182B",
)  # fmt: skip
DARK = Theme(
    dark=True, window="#1C1E22", base="#25282D", text="#E7E9EC", muted="#A3ABB5",
    border="#3D424A", grid="#31353B", accent="#9A98FF", on_accent="#16171A",
    warning="#F0B849", error="#FF8A80", negative="#6CA9E0", positive="#F08A80",
)  # fmt: skip

_current = LIGHT


def current() -> Theme:
    """The theme in force; a widget asks for it whenever it paints."""
    return _current


def apply(scheme: str) -> Theme:
    """Puts "light", "dark" or "system" in force; every widget gets a PaletteChange."""
    global _current
    hints = QGuiApplication.styleHints()
    dark = scheme == "dark" or (scheme == "system" and hints.colorScheme() == Qt.ColorScheme.Dark)
    _current = DARK if dark else LIGHT
    QApplication.setPalette(_palette(_current))
    return _current


def _palette(theme: Theme) -> QPalette:
    role, palette = QPalette.ColorRole, QPalette()
    for roles, color in (
        ((role.Window, role.Button, role.ToolTipBase), theme.window),
        ((role.Base,), theme.base),
        ((role.AlternateBase, role.Midlight), theme.grid),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText), theme.text),
        ((role.PlaceholderText,), theme.muted),
        ((role.Mid, role.Dark), theme.border),
        ((role.Light,), theme.base),
        ((role.Highlight, role.Link, role.Accent), theme.accent),
        ((role.HighlightedText,), theme.on_accent),
    ):
        for one in roles:
            palette.setColor(one, QColor(color))
    faded = mixed(theme.muted, theme.window, 0.45)
    for one in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, one, faded)
    return palette


def class_color(index: int) -> QColor:
    """The colour of class `index` (from 0) everywhere; more than eight classes repeat."""
    return QColor(_CLASS_COLORS[index % len(_CLASS_COLORS)])


def mixed(color: str, other: str, share: float) -> QColor:
    """`color` with `share` (0 to 1) of it replaced by `other`."""
    one, two = QColor(color).getRgbF()[:3], QColor(other).getRgbF()[:3]  # type: ignore[index]
    return QColor.fromRgbF(*(a + share * (b - a) for a, b in zip(one, two, strict=True)))


def diverging_lut() -> np.ndarray:
    """(256, 3) uint8: `negative`, then the background at zero, then `positive`."""
    ends = [QColor(c).getRgb()[:3] for c in (_current.negative, _current.base, _current.positive)]  # type: ignore[index]
    at = np.linspace(-1.0, 1.0, 256)
    columns = [np.interp(at, (-1, 0, 1), [end[i] for end in ends]) for i in range(3)]
    return np.stack(columns, axis=1).round().astype(np.uint8)


def tabular(font: QFont) -> QFont:
    """A copy of `font` whose digits all have one width, so that numbers do not jump."""
    copy = QFont(font)
    copy.setFeature(QFont.Tag("tnum"), 1)
    return copy
