"""A few requests compute at a time; who waits gives its turn to others, and nobody is kept from an answer."""

from __future__ import annotations

import threading
import time
from typing import Any

from app.api.turns import WAIT_SECONDS, given_up, in_turns


def test_so_many_compute_at_a_time_and_who_waits_lets_others_go() -> None:
    inside, most, waits = [0], [0], threading.Event()

    def application(environment: dict[str, Any], start_response: Any) -> list[bytes]:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        if environment.get("waits"):
            inside[0] -= 1
            with given_up(environment):
                waits.wait(5)
            inside[0] += 1
        time.sleep(WAIT_SECONDS / 20)
        inside[0] -= 1
        return [b"done"]

    answer = in_turns(application, 1)
    threads = [threading.Thread(target=lambda n=n: answer({"waits": n == 0}, None)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads[1:]:
        thread.join(5)
        assert not thread.is_alive()
    waits.set()
    threads[0].join(5)
    assert most[0] == 1


def test_one_that_holds_its_turn_for_long_keeps_nobody_from_an_answer() -> None:
    held, begun = threading.Event(), threading.Event()

    def application(environment: dict[str, Any], start_response: Any) -> list[bytes]:
        if environment.get("holds"):
            begun.set()
            held.wait(5)
        return [b"done"]

    answer = in_turns(application, 1)
    long = threading.Thread(target=lambda: answer({"holds": True}, None))
    long.start()
    assert begun.wait(5) and answer({}, None) == [b"done"]
    held.set()
    long.join(5)
    assert answer({}, None) == [b"done"]
