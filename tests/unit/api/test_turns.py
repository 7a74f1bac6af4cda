"""A few light answers compute at a time, and one that takes long keeps nobody from an answer."""

from __future__ import annotations

import threading
import time

from flask import Flask

from app.api.turns import WAIT_SECONDS, take_turns


def asked(app: Flask, path: str, times: int) -> list[threading.Thread]:
    threads = [threading.Thread(target=lambda: app.test_client().get(path)) for _ in range(times)]
    for thread in threads:
        thread.start()
    return threads


def test_so_many_compute_at_a_time() -> None:
    app, inside, most = Flask("quick"), [0], [0]

    @app.get("/")
    def quick() -> str:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(WAIT_SECONDS / 20)
        inside[0] -= 1
        return "done"

    take_turns(app, 1)
    for thread in asked(app, "/", 6):
        thread.join(5)
        assert not thread.is_alive()
    assert most[0] == 1


def test_one_that_holds_its_turn_for_long_keeps_nobody_from_an_answer() -> None:
    app, begun, held = Flask("slow"), threading.Event(), threading.Event()

    @app.get("/long")
    def long() -> str:
        begun.set()
        held.wait(5)
        return "done"

    @app.get("/")
    def quick() -> str:
        return "done"

    take_turns(app, 1)
    (thread,) = asked(app, "/long", 1)
    assert begun.wait(5) and app.test_client().get("/").text == "done"
    held.set()
    thread.join(5)
    assert app.test_client().get("/").text == "done"
