"""What holds for every test: no screen, no user's files, the same random numbers in CI."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports Qt. One platform, one scale, one style and one language everywhere.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["LANGUAGE"] = "en"
for name in ("QT_SCALE_FACTOR", "QT_STYLE_OVERRIDE", "QT_QPA_PLATFORMTHEME"):
    os.environ.pop(name, None)

# No deadline and no "too slow": how fast the machine is proves nothing about the code.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session")
def loop_compiled() -> None:
    """Compiles what is not yet in the cache: half a minute a part, once for each version of it."""
    from softmax_gui.training import compiling

    pytest.importorskip("numba")
    for part in compiling.PARTS:
        compiling.load_part(part)
    compiling._loaded.clear()  # a session takes the loop by itself where it was loaded


def pytest_configure(config: pytest.Config) -> None:
    """Points every place where the app keeps files into a folder that goes with the session.

    But for the compiled loop, which this process and those it starts find where the last left it.
    """
    from softmax_gui.training import compiling

    kept = Path(tempfile.gettempdir()) / "softmax-gui-compiled" / compiling._cache().name
    os.environ.setdefault("NUMBA_CACHE_DIR", str(kept))
    folder = tempfile.TemporaryDirectory(prefix="softmax-gui-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    home = Path(folder.name)
    places = {"HOME": home, "USERPROFILE": home}
    for variable in ("CONFIG", "DATA", "CACHE", "STATE"):
        places[f"XDG_{variable}_HOME"] = home / variable.lower()
    for variable in ("APPDATA", "LOCAL_APPDATA", "COMMON_APPDATA"):  # as platformdirs asks Windows
        places[f"WIN_PD_OVERRIDE_{variable}"] = home / variable.lower()
    places |= {"APPDATA": home / "appdata", "LOCALAPPDATA": home / "local_appdata"}
    places["XDG_RUNTIME_DIR"] = home / "run"
    for variable, place in places.items():
        place.mkdir(mode=0o700, exist_ok=True)
        os.environ[variable] = str(place)
