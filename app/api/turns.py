"""Turns of light answers: a few compute at a time, so that they do not take the interpreter from one another.

A server has more threads than that, for questions that wait for the lane; these take no turn. A turn is asked for politely: who
does not get one in a moment goes on without, so nothing that holds one for long keeps others from their answer.
"""

from __future__ import annotations

import threading

from flask import Flask, g

WAIT_SECONDS = 0.02


def take_turns(app: Flask, count: int) -> None:
    """Lets `count` light answers of an application compute at a time. Called after what sends questions into the lane."""
    turns = threading.Semaphore(count)

    @app.before_request
    def take() -> None:
        g.has_turn = turns.acquire(timeout=WAIT_SECONDS)

    @app.teardown_request
    def give(error: BaseException | None) -> None:
        if g.pop("has_turn", False):
            turns.release()
