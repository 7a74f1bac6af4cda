"""Who was refused for a while is refused again without the application being asked, and nobody else is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from app.api.answering import CALLER
from app.api.refusals import ABOUT, EVERYTHING, MOST, PATH, QUESTION, Refusals


class Door:
    """An application that refuses for five seconds what its caller is told to be about, and counts what reaches it."""

    def __init__(self) -> None:
        self.asked, self.about, self.refuses, self.now = 0, QUESTION, True, 100.0
        self.kept = Refusals(self, lambda: self.now)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.asked += 1
        environ[ABOUT] = self.about
        if not self.refuses:
            start_response("200 OK", [])
            return [b"here you are"]
        start_response("429 TOO MANY REQUESTS", [("Retry-After", "5"), ("Content-Type", "text/plain"), ("Set-Cookie", "a=b")])
        return [b"too ", b"many"]

    def ask(self, path: str = "/a", query: str = "", key: str = "one", **more: Any) -> tuple[str, dict[str, str], bytes]:
        said: list[Any] = []
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "HTTP_AUTHORIZATION": key, **more}
        body = b"".join(self.kept(environ, lambda status, headers, *_: said.append((status, dict(headers)))))
        return said[0][0][:3], said[0][1], body


def test_a_refusal_is_kept_until_its_time() -> None:
    door = Door()
    assert door.ask()[0] == "429"
    door.now += 3.5
    status, headers, body = door.ask()
    assert (status, headers["Retry-After"], body, door.asked) == ("429", "2", b"too many", 1)
    assert "Set-Cookie" not in headers and headers["Content-Type"] == "text/plain"
    door.now += 1.5
    door.refuses = False
    assert (door.ask()[2], door.asked) == (b"here you are", 2)


@pytest.mark.parametrize(
    ("about", "same", "other"),
    [
        (QUESTION, {"query": "x=1"}, {"query": "x=2"}),
        (PATH, {"query": "x=2"}, {"path": "/b"}),
        (EVERYTHING, {"path": "/b", "query": "y"}, {"key": "two"}),
    ],
)
def test_what_a_refusal_is_about(about: str, same: dict[str, str], other: dict[str, str]) -> None:
    door = Door()
    door.about = about
    door.ask(query="x=1")
    door.refuses = False
    assert door.ask(**same)[0] == "429" and door.asked == 1
    assert door.ask(**other)[0] == "200" and door.asked == 2


@pytest.mark.parametrize("other", [{"HTTP_COOKIE": "session=2"}, {"REMOTE_ADDR": "192.0.2.1"}, {CALLER: ["a"]}])
def test_another_caller_is_not_refused(other: dict[str, Any]) -> None:
    door = Door()
    door.about = EVERYTHING
    door.ask()
    door.refuses = False
    assert door.ask(**other)[0] == "200"


def test_signs_of_life_are_never_refused() -> None:
    door = Door()
    door.about = EVERYTHING
    door.ask()
    door.refuses = False
    assert [door.ask(path)[0] for path in ("/livez", "/readyz", "/static/forestay.css", "/")] == ["200", "200", "200", "429"]


def test_many_refusals_do_not_fill_the_memory() -> None:
    door = Door()
    for number in range(MOST + 2):
        door.ask(query=str(number))
    assert len(door.kept._kept) <= MOST
