"""Writes a PNG of the window in each state: colours, languages, sizes, scale 2."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# (file prefix, theme, language, width, height, scale)
LOOKS = (
    ("light-en", "light", "en", 1280, 800, 1),
    ("dark-en", "dark", "en", 1280, 800, 1),
    ("light-ko", "light", "ko", 1280, 800, 1),
    ("dark-ko", "dark", "ko", 1280, 800, 1),
    ("small-en", "light", "en", 1024, 768, 1),
    ("small-ko", "dark", "ko", 1024, 768, 1),
    ("scale2-en", "light", "en", 1280, 800, 2),
    ("scale2-ko", "dark", "ko", 1280, 800, 2),
)


def main() -> int:
    """A process a look: the scale is fixed when Qt starts."""
    parser = argparse.ArgumentParser(prog="run.py screens", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="looks whose name begins so")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    code = 0
    for look, theme, language, width, height, scale in LOOKS:
        if not look.startswith(options.only):
            continue
        with tempfile.TemporaryDirectory() as home:
            environment = os.environ | {
                "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
                "QT_SCALE_FACTOR": str(scale), "HOME": home, "XDG_CONFIG_HOME": home,
                "XDG_STATE_HOME": home, "XDG_CACHE_HOME": home,
            }  # fmt: skip
            prefix = options.folder / look
            command = [sys.executable, "-m", "tests.screens.tour", str(prefix), theme, language,
                       str(width), str(height)]  # fmt: skip
            code |= subprocess.run(command, env=environment, check=False).returncode
    return code


if __name__ == "__main__":
    sys.exit(main())
