"""A few requests compute at a time, in the order in which they came, and one that takes long keeps nobody from an answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from app.cli.turns import Turns


class Request:
    """A request of the server: `work` is done when its turn comes."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work, self.done = work, threading.Event()

    def service(self) -> None:
        self._work()
        self.done.set()

    def cancel(self) -> None:
        self.done.set()


@pytest.fixture
def turns() -> Iterator[Turns]:
    made = Turns(threads=4, count=1)
    yield made
    made.shutdown()


def test_one_computes_at_a_time_and_they_come_in_order(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.turns.WAIT_SECONDS", 60.0)  # nobody becomes late
    inside, most, order = [0], [0], list[int]()

    def work(number: int) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.001)
        order.append(number)
        inside[0] -= 1

    requests = [Request(lambda number=number: work(number)) for number in range(6)]
    for request in requests:
        turns.add_task(request)
    assert all(request.done.wait(5) for request in requests)
    assert most == [1] and order == list(range(6))


def test_one_that_holds_its_turn_for_long_keeps_nobody_from_an_answer(turns: Turns) -> None:
    begun, held = threading.Event(), threading.Event()
    long, quick = Request(lambda: begun.set() or held.wait(5)), Request(lambda: None)
    turns.add_task(long)
    assert begun.wait(5)
    turns.add_task(quick)
    assert quick.done.wait(5) and not long.done.is_set()
    held.set()
    assert long.done.wait(5)


def test_one_that_steps_aside_gives_its_turn_on_at_once(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.turns.WAIT_SECONDS", 60.0)  # nobody becomes late
    begun, aside, held = threading.Event(), threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        aside.wait(5)
        turns.step_aside()
        held.wait(5)

    long, first, second = Request(wait), Request(lambda: None), Request(lambda: None)
    turns.add_task(long)
    assert begun.wait(5)
    turns.add_task(first)
    assert not first.done.wait(0.05), "its turn is held"
    aside.set()
    assert first.done.wait(5)
    turns.add_task(second)
    assert second.done.wait(5) and not long.done.is_set()
    held.set()
    assert long.done.wait(5)


def test_a_request_that_fails_gives_its_turn_back(turns: Turns) -> None:
    turns.add_task(Request(lambda: 1 / 0))
    after = Request(lambda: None)
    turns.add_task(after)
    assert after.done.wait(5)
