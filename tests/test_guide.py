"""The user guide: the same page in both languages, with names, keys and commands that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QTextBlock, QTextDocument, QTextList, QTextTable

from softmax_gui import cli
from softmax_gui.gui.command_list import COMMANDS, EXAMPLES, TOOLBAR
from softmax_gui.i18n import language, set_language, tr
from softmax_gui.resources import resource
from tests.test_translations import FORBIDDEN, KOREAN

LANGUAGES = ("en", "ko")
KEYS = re.compile(r"(?:(?:Ctrl|Alt|Shift)\+)+(?:Backspace|[^\s,;:)])|\bF\d+")
DOCKS = 5  # Alt+1 to Alt+5 show and hide them


@pytest.fixture(autouse=True)
def _language_as_before() -> Iterator[None]:
    before = language()
    yield
    set_language(before)


def _guide(name: str) -> str:
    return resource("guide", f"{name}.md").read_text(encoding="utf-8")


def _blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def _outline(text: str) -> list[str]:
    """The kind of each line: heading and its level, list item, table row, code, text, nothing."""
    kinds = (r"#+ ", r"\d+\. ", r"- ", r"\|", r"```", r"softmax-gui ")
    lines = text.splitlines()
    return [next((m[0] for k in kinds if (m := re.match(k, line))), line and "text")
            for line in lines]  # fmt: skip


def test_that_both_guides_say_the_same_line_by_line() -> None:
    english, korean = (_outline(_guide(name)) for name in LANGUAGES)
    assert english == korean
    assert english.count("## ") >= 8


@pytest.mark.parametrize("pattern", [KEYS.pattern, r"`[^`\n]+`", r"^softmax-gui .*$"])
def test_that_both_guides_name_the_same_keys_files_and_commands(pattern: str) -> None:
    english, korean = (
        sorted(re.findall(pattern, _guide(name), re.MULTILINE)) for name in LANGUAGES
    )
    assert english
    assert english == korean


@pytest.mark.parametrize("name", LANGUAGES)
def test_that_every_command_of_the_toolbar_is_named_with_its_key(name: str) -> None:
    shortcuts = {c.shortcut for c in COMMANDS if c.key in TOOLBAR}
    assert len(shortcuts) == len(TOOLBAR)
    assert shortcuts - set(KEYS.findall(_guide(name))) == set()


@pytest.mark.parametrize("name", LANGUAGES)
def test_that_every_key_named_belongs_to_a_command(name: str) -> None:
    known = {c.shortcut for c in COMMANDS}
    known |= {f"Ctrl+{n}" for n in range(1, EXAMPLES + 1)}
    known |= {f"Alt+{n}" for n in range(1, DOCKS + 1)}
    known |= {"Ctrl+C", "Ctrl+Shift+C"}  # of the plot with the focus
    assert set(KEYS.findall(_guide(name))) - known == set()


@pytest.mark.parametrize("name", LANGUAGES)
def test_that_every_bold_word_stands_so_on_the_screen(name: str) -> None:
    set_language(name)
    bold = re.findall(r"\*\*(.+?)\*\*", _guide(name))
    assert len(bold) >= 10
    assert set(bold) - {tr(text) for text in KOREAN} == set()


@pytest.mark.parametrize("name", LANGUAGES)
def test_that_every_command_line_is_understood(name: str) -> None:
    lines = re.findall(r"^softmax-gui (.*)$", _guide(name), re.MULTILINE)
    commands = {cli._parser().parse_args(shlex.split(line)).run for line in lines}
    every = {cli._train, cli._predict, cli._evaluate, cli._export, cli._convert, cli._info}
    assert commands == every


@pytest.mark.parametrize("name", LANGUAGES)
def test_that_qt_renders_headings_tables_and_lists(name: str, qapp: object) -> None:
    document, text = QTextDocument(), _guide(name)
    document.setMarkdown(text)
    shown = [b for b in _blocks(document) if b.blockFormat().headingLevel()]
    assert len(shown) == len(re.findall(r"^#+ ", text, re.MULTILINE))
    frames = document.rootFrame().childFrames()
    tables = re.findall(r"^\|[-|]+\|$", text, re.MULTILINE)
    assert sum(isinstance(frame, QTextTable) for frame in frames) == len(tables) > 0
    assert any(isinstance(b.textList(), QTextList) for b in _blocks(document))
    assert "**" not in document.toPlainText()


def test_that_the_korean_guide_uses_no_word_of_a_machine_translation() -> None:
    assert FORBIDDEN.findall(_guide("ko")) == []
