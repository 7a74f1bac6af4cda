"""Turns of light answers: a few requests compute at a time, so that they do not take the interpreter from one another.

A server has more threads than that, for requests that wait for the lane. A turn is asked for politely: who does not get one in a
moment goes on without, so nothing that holds one for long keeps others from their answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

TURN = "forestay.turn"  # in the environment of a request: the turn that it has
WAIT_SECONDS = 0.02


class Turn:
    """The turn of one request."""

    def __init__(self, turns: threading.Semaphore) -> None:
        self._turns, self._has = turns, False

    def take(self) -> None:
        self._has = self._turns.acquire(timeout=WAIT_SECONDS)

    def give(self) -> None:
        if self._has:
            self._has = False
            self._turns.release()


def in_turns(application: Callable[..., Iterable[bytes]], count: int) -> Callable[..., Iterable[bytes]]:
    """Returns an application of which `count` requests compute at a time."""
    turns = threading.Semaphore(count)

    def answer(environment: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        turn = environment[TURN] = Turn(turns)
        turn.take()
        try:
            return application(environment, start_response)
        finally:
            turn.give()

    return answer


@contextmanager
def given_up(environment: dict[str, Any]) -> Iterator[None]:
    """Gives the turn of a request to others while it waits for something."""
    turn = environment.get(TURN)
    if turn is not None:
        turn.give()
    try:
        yield
    finally:
        if turn is not None:
            turn.take()
