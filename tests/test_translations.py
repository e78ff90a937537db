"""Korean: complete, in step with the code, with the same placeholders and the right words."""

from __future__ import annotations

import ast
import importlib.util
import re
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from softmax_gui.i18n import language, set_language, tr

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "Run .venv/bin/python packaging/translations.py and write what it says is missing."
# What a machine makes of calibration, class, operation, derivative, surprisal, exponential family.
FORBIDDEN = re.compile(r"교정|수업|강의|레슨|운영|경영|파생|금융|놀라움|지수 집합")
PARTICLE = re.compile(r"\}[\"”’]*(은|는|이|가|을|를|과|와|으로|로|아|야)(?![가-힣])")


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "translations", ROOT / "packaging" / "translations.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()
KOREAN: dict[str, str] = SCRIPT.korean()


@pytest.fixture(autouse=True)
def _language_as_before() -> Iterator[None]:
    before = language()
    yield
    set_language(before)


def _placeholders(text: str) -> Counter[tuple[str, str, str | None]]:
    parts = string.Formatter().parse(text)
    return Counter((name, spec or "", how) for _, name, spec, how in parts if name is not None)


def test_that_ko_po_has_exactly_the_texts_in_the_code() -> None:
    in_code = set(SCRIPT.texts())
    assert in_code - KOREAN.keys() == set(), COMMAND
    assert KOREAN.keys() - in_code == set(), COMMAND


def test_that_every_text_in_the_code_has_korean() -> None:
    assert [text for text, written in KOREAN.items() if not written.strip()] == [], COMMAND


def test_that_ko_mo_is_what_ko_po_compiles_to() -> None:
    compiled = SCRIPT.mo_bytes(SCRIPT.catalog({text: [] for text in KOREAN}, KOREAN))
    assert SCRIPT.PO.with_suffix(".mo").read_bytes() == compiled, COMMAND


def test_that_neither_file_holds_a_date_a_version_or_a_gap_to_fill_in() -> None:
    header = SCRIPT.PO.read_text(encoding="utf-8").partition("#:")[0]
    assert not re.search(r"Date|Generated|ORGANIZATION|AUTHOR|ADDRESS|VERSION", header)
    assert "charset=utf-8" in header  # gettext reads the bytes of ko.mo by it


def test_that_english_and_korean_have_the_same_placeholders() -> None:
    differing = {t: k for t, k in KOREAN.items() if _placeholders(t) != _placeholders(k)}
    assert differing == {}


def test_that_english_and_korean_end_alike() -> None:
    """A sentence stays a sentence, a label a label, and a menu entry keeps its ellipsis."""
    differing = {t: k for t, k in KOREAN.items() if (t[-1] in ".…") != (k[-1] in ".…")}
    assert differing == {}


def test_that_a_menu_keeps_its_key_in_korean() -> None:
    keys = {t: k for t, k in KOREAN.items() if "&" in t or "&" in k}
    assert keys
    assert [t for t, k in keys.items() if not k.endswith(f"(&{t[t.index('&') + 1].upper()})")] == []


def test_that_no_word_of_a_machine_translation_is_used() -> None:
    assert {t: k for t, k in KOREAN.items() if FORBIDDEN.search(k)} == {}


def test_that_no_particle_depends_on_what_a_placeholder_stands_for() -> None:
    assert {t: k for t, k in KOREAN.items() if PARTICLE.search(k)} == {}


def test_that_every_text_is_written_out_where_it_is_marked() -> None:
    """An f-string or a sum inside tr() would never be found in the catalog."""
    wrong = [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for path in sorted((ROOT / "softmax_gui").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in SCRIPT.MARKS
        and not isinstance(node.args[0], ast.Constant | ast.Name | ast.Attribute)
    ]
    assert wrong == []


def test_that_tr_answers_in_the_language_set() -> None:
    assert set_language("ko") == language() == "ko"
    assert {text: tr(text) for text in KOREAN} == KOREAN
    assert set_language("en") == language() == "en"
    assert [text for text in KOREAN if tr(text) != text] == []


@pytest.mark.parametrize("choice", ["en", "ko"])
def test_that_an_unknown_text_stays_as_it_is(choice: str) -> None:
    set_language(choice)
    assert tr("Nobody has translated {this}.") == "Nobody has translated {this}."


def test_that_an_unknown_language_is_english() -> None:
    assert set_language("tlh") == language() == "en"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LC_ALL": "ko_KR.UTF-8", "LANG": "en_US.UTF-8"}, "ko"),
        ({"LC_MESSAGES": "ko_KR.UTF-8", "LANG": "en_US.UTF-8"}, "ko"),
        ({"LANGUAGE": "ko:en", "LC_ALL": "en_US.UTF-8", "LANG": "en_US.UTF-8"}, "ko"),
        ({"LANGUAGE": "en", "LC_ALL": "ko_KR.UTF-8", "LANG": "ko_KR.UTF-8"}, "en"),
        ({"LANGUAGE": "", "LC_ALL": "", "LANG": "ko_KR.UTF-8"}, "ko"),
    ],
)
def test_that_system_follows_the_environment(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert set_language("system") == language() == expected
