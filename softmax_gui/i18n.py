"""Texts in the user's language: tr() by gettext; known to all, knows no one but the files."""

from __future__ import annotations

import gettext
import locale
import os

from softmax_gui.resources import resource

LANGUAGES = ("en", "ko")

_catalog: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def tr(message: str) -> str:
    """The message in the chosen language; the English text itself is the key."""
    return _catalog.gettext(message)


def N_(message: str) -> str:
    """The message as it is: marks a text in a table whose user calls tr() on it later."""
    return message


def language() -> str:
    """The language in force: "en" or "ko"."""
    return _language


def set_language(choice: str) -> str:
    """Puts "en", "ko" or "system" in force for every later tr(), and returns what it came to."""
    global _catalog, _language
    _language = _system_language() if choice == "system" else choice
    if _language == "ko":
        with resource("i18n", "ko.mo").open("rb") as file:
            _catalog = gettext.GNUTranslations(file)
    else:
        _language, _catalog = "en", gettext.NullTranslations()
    return _language


def _system_language() -> str:
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return "ko" if value.lower().startswith("ko") else "en"
    name = locale.getlocale()[0] or ""  # Windows says "Korean_Korea"
    return "ko" if name.lower().startswith("ko") else "en"
