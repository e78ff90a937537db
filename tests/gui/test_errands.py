"""Errands are done in turn on a thread of their own, can be cancelled, and end with the window."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from softmax_gui.data.options import Cancelled, Watch
from softmax_gui.export.model import ModelProblem
from softmax_gui.files import FileProblem
from softmax_gui.gui import errands as module
from softmax_gui.gui.errands import Errand, Errands, Work, sentence
from tests.gui.windows import LONG_MS


class Owner(QObject):
    """Hears of errands."""

    def __init__(self) -> None:
        super().__init__()
        self.errands = Errands(self)
        self.heard: list[Any] = []
        self.shares: list[float] = []

    def begin(self, work: Work, *, writes: bool = False) -> Errand:
        hear = self.heard.append
        errand = Errand(work, hear, hear, self.shares.append, writes=writes)
        self.errands.begin(errand)
        return errand


class Waiting:
    """Work that asks its watch until it is let through."""

    def __init__(self, result: str = "done", *, deaf: bool = False) -> None:
        self.began, self.open, self.ended = (threading.Event() for _ in range(3))
        self._result, self._deaf = result, deaf

    def __call__(self, watch: Watch) -> str:
        self.began.set()
        try:
            while not self.open.wait(0.005):
                if not self._deaf:
                    watch(0.5)
            return self._result
        finally:
            self.ended.set()


@pytest.fixture
def owner(qtbot: QtBot) -> Iterator[Owner]:
    """One with errands, whose thread ends with the test."""
    one = Owner()
    yield one
    one.errands.shutdown()
    assert not one.errands.is_stuck()


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    """Work that never outlives the test."""
    one = Waiting()
    yield one
    one.open.set()


def test_that_errands_are_done_in_turn_on_a_thread_of_their_own(qtbot: QtBot, owner: Owner) -> None:
    assert not owner.errands.is_stuck()
    window, threads = threading.get_ident(), []

    def work(place: int) -> Work:
        def do(_: Watch) -> int:
            threads.append(threading.get_ident())
            return place

        return do

    for place in range(5):
        owner.begin(work(place))
    assert owner.errands.busy
    qtbot.waitUntil(lambda: not owner.errands.busy, timeout=LONG_MS)
    assert owner.heard == [0, 1, 2, 3, 4]
    assert len(set(threads)) == 1
    assert threads[0] != window


def test_that_an_errand_under_way_and_one_that_waits_can_be_cancelled(
    qtbot: QtBot, owner: Owner, waiting: Waiting
) -> None:
    began: list[bool] = []
    first = owner.begin(waiting)
    second = owner.begin(lambda _: began.append(True))
    owner.begin(lambda _: "third")
    qtbot.waitUntil(waiting.began.is_set, timeout=LONG_MS)
    owner.errands.cancel(second)
    owner.errands.cancel(first)
    qtbot.waitUntil(lambda: not owner.errands.busy, timeout=LONG_MS)
    assert [type(one) for one in owner.heard] == [Cancelled, Cancelled, str]
    assert began == []


def test_that_a_cancel_that_comes_too_late_or_means_nothing_does_nothing(
    qtbot: QtBot, owner: Owner
) -> None:
    errand = owner.begin(lambda _: "done")
    qtbot.waitUntil(lambda: not owner.errands.busy, timeout=LONG_MS)
    owner.errands.cancel(errand)
    owner.errands.cancel(None)
    owner.begin(lambda _: "next")
    qtbot.waitUntil(lambda: not owner.errands.busy, timeout=LONG_MS)
    assert owner.heard == ["done", "next"]


def test_that_only_an_errand_that_takes_its_time_tells_how_far_it_is(
    qtbot: QtBot, owner: Owner, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.begin(lambda watch: watch(0.9))
    qtbot.waitUntil(lambda: not owner.errands.busy, timeout=LONG_MS)
    assert owner.shares == []
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    monkeypatch.setattr(module, "TELL_S", 0.0)
    errand = owner.begin(waiting)
    qtbot.waitUntil(lambda: 0.5 in owner.shares, timeout=LONG_MS)
    owner.errands.cancel(errand)
    told = len(owner.shares)
    qtbot.waitUntil(lambda: not owner.errands.busy, timeout=LONG_MS)
    assert len(owner.shares) == told  # nothing more is heard of what is cancelled


def test_that_a_refusal_is_told_and_the_next_errand_is_done(qtbot: QtBot, owner: Owner) -> None:
    def refuse(_: Watch) -> None:
        raise FileProblem("a.csv is empty.")

    owner.begin(refuse)
    owner.begin(lambda _: "next")
    qtbot.waitUntil(lambda: not owner.errands.busy, timeout=LONG_MS)
    assert str(owner.heard[0]) == "a.csv is empty."
    assert owner.heard[1] == "next"


def test_that_closing_lets_a_file_be_written_and_ends_a_reading(qtbot: QtBot) -> None:
    done: list[str] = []
    owner, reading = Owner(), Waiting()
    owner.begin(reading)
    qtbot.waitUntil(reading.began.is_set, timeout=LONG_MS)
    owner.begin(lambda _: done.append("written"), writes=True)
    owner.errands.shutdown()
    assert not owner.errands.is_stuck()
    assert reading.ended.is_set()
    assert done == ["written"]


def test_that_a_file_asked_for_just_before_closing_is_written_whole(qtbot: QtBot) -> None:
    for _ in range(20):  # the thread may not have begun when it is told to end
        owner, written = Owner(), threading.Event()
        owner.begin(lambda _, written=written: written.set(), writes=True)  # type: ignore[misc]
        owner.errands.shutdown()
        assert written.is_set()
        assert not owner.errands.is_stuck()


def test_that_a_writing_that_takes_too_long_is_told_to_end(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "JOIN_MS", 50)
    monkeypatch.setattr(module, "END_MS", LONG_MS)
    owner, writing = Owner(), Waiting()
    owner.begin(writing, writes=True)
    qtbot.waitUntil(writing.began.is_set, timeout=LONG_MS)
    owner.errands.shutdown()
    assert writing.ended.is_set()
    assert not owner.errands.is_stuck()


def test_that_a_call_that_does_not_return_is_stuck_and_closing_goes_on(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "JOIN_MS", 20)
    monkeypatch.setattr(module, "END_MS", 20)
    owner, deaf = Owner(), Waiting(deaf=True)
    owner.begin(deaf, writes=True)
    qtbot.waitUntil(deaf.began.is_set, timeout=LONG_MS)
    owner.errands.shutdown()
    assert owner.errands.is_stuck()
    deaf.open.set()
    qtbot.waitUntil(lambda: not owner.errands.is_stuck(), timeout=LONG_MS)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileProblem("a.csv is empty."), "a.csv is empty."),
        (ModelProblem("No weights."), "No weights."),
        (MemoryError(), "There is not enough memory for it."),
        (KeyError("x"), "It could not be done (KeyError: 'x')."),
    ],
)
def test_that_every_error_becomes_a_sentence(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[Any] = []
    monkeypatch.setattr(module.log, "error", lambda *_, exc_info: logged.append(exc_info))
    assert sentence(error) == words
    assert logged == ([error] if isinstance(error, KeyError) else [])
