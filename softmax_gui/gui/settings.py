"""What the app remembers between two starts: one small JSON file, written whole or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from softmax_gui.data import options as data_options
from softmax_gui.files import FileProblem, atomic_write, read_bounded
from softmax_gui.i18n import tr

LIMIT_BYTES = 1 << 20


@dataclass(frozen=True)
class Settings:
    """Preferences and layout; the defaults are those of the first start."""

    theme: str = "system"
    language: str = "system"
    unit: str = "nat"
    geometry: str = ""  # of the window, base64
    layout: str = ""  # of docks and toolbar, base64
    plots: str = ""  # how the plots share the space, base64
    folder: str = ""  # where the last file was opened or saved
    device: str = "auto"
    recent: tuple[str, ...] = ()  # what was opened last, newest first
    looks: str = ""  # how often test parts were looked at, by data, as JSON
    limit_bytes: int = data_options.LIMIT_BYTES  # of memory that the numbers of a file may take


def settings_path() -> Path:
    """Where this system keeps an app's settings."""
    return platformdirs.user_config_path("softmax-gui", appauthor=False) / "settings.json"


def load_settings(path: Path) -> tuple[Settings, str]:
    """The settings, and a sentence when they were damaged; those are kept beside as .bad."""
    try:
        if not path.exists():
            return Settings(), ""
        values = json.loads(read_bounded(path, LIMIT_BYTES))
        return _checked(values), ""
    except (OSError, ValueError, TypeError, RecursionError):  # a FileProblem is a ValueError
        bad = path.with_suffix(".bad")
        try:
            path.replace(bad)
        except OSError:
            return Settings(), tr("The settings in {path} can't be read.").format(path=path)
        message = tr("The settings were damaged. They are kept as {bad}; defaults are in force.")
        return Settings(), message.format(bad=bad)


def save_settings(path: Path, settings: Settings) -> str:
    """Writes the settings; returns a sentence when that could not be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, json.dumps(asdict(settings), indent=1).encode())
    except (FileProblem, OSError) as error:
        return tr("The settings could not be saved. {error}").format(error=error)
    return ""


def _checked(values: Any) -> Settings:
    if not isinstance(values, dict):
        raise TypeError("not an object")
    defaults = Settings()
    known = {
        field.name: values[field.name]
        for field in fields(Settings)
        if type(values.get(field.name)) is type(getattr(defaults, field.name))
    }
    recent = values.get("recent")  # a list, as JSON has no tuples
    if isinstance(recent, list) and all(isinstance(path, str) for path in recent):
        known["recent"] = tuple(recent)
    if not 0 < known.get("limit_bytes", 1) < 1 << 62:
        del known["limit_bytes"]
    for value in known.values():
        if not isinstance(value, int):
            "".join(value).encode()  # half a character, as JSON may hold, would stop a start later
    return replace(defaults, **known)
