"""Brings resources/i18n/ko.po in step with the texts in the code, and compiles ko.mo.

Run it after a text was added or changed: `.venv/bin/python packaging/translations.py`. It prints
what Korean still lacks; write that into ko.po and run it again. Translations of texts that are
gone are dropped. The same texts give the same bytes: neither file holds a date or a version.
"""

from __future__ import annotations

import ast
import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "resources" / "i18n" / "ko.po"
MARKS = {"tr", "N_"}
HEADER = """\
# Korean texts of Softmax GUI, under the licence of the project.
# Only what follows msgstr is written by hand; packaging/translations.py keeps the rest."""


class KoreanCatalog(Catalog):
    """A catalog whose header says what gettext needs, and nothing that changes by itself."""

    mime_headers = (
        ("Project-Id-Version", "Softmax GUI"),
        ("Language", "ko"),
        ("Plural-Forms", "nplurals=1; plural=0;"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
    )


def texts(folder: Path = ROOT / "softmax_gui") -> dict[str, list[str]]:
    """Every text inside tr("...") or N_("..."), with the files it stands in, both sorted."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MARKS:
                argument = node.args[0]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    name = path.relative_to(folder.parent).as_posix()
                    found.setdefault(argument.value, set()).add(name)
    # By file, not by line: otherwise every edit of the code would shuffle the catalog.
    return {text: sorted(found[text]) for text in sorted(found, key=lambda t: (min(found[t]), t))}


def korean() -> dict[str, str]:
    """What ko.po holds now: English to Korean, empty where that is still to be written."""
    with PO.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file, locale="ko") if one.id}


def catalog(places: dict[str, list[str]], known: dict[str, str]) -> Catalog:
    """The texts of `places` with the Korean that is known of them; of the others it is empty."""
    messages = KoreanCatalog(locale="ko", header_comment=HEADER, fuzzy=False)
    for text, files in places.items():
        messages.add(text, known.get(text, ""), locations=[(name, 0) for name in files])
    return messages


def po_bytes(messages: Catalog) -> bytes:
    """The catalog as a PO file."""
    buffer = io.BytesIO()
    write_po(buffer, messages, width=100, include_lineno=False)
    return buffer.getvalue()


def mo_bytes(messages: Catalog) -> bytes:
    """The catalog compiled, as gettext reads it; an empty translation is left out."""
    buffer = io.BytesIO()
    write_mo(buffer, messages)
    return buffer.getvalue()


def main() -> int:
    """Writes both files; returns 1 while a text lacks Korean."""
    messages = catalog(texts(), korean())
    PO.write_bytes(po_bytes(messages))
    PO.with_suffix(".mo").write_bytes(mo_bytes(messages))
    missing = [text for text, written in korean().items() if not written]
    for text in missing:
        print(f"no Korean yet: {text}")
    print(f"{len(messages)} texts, {len(missing)} without Korean")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
