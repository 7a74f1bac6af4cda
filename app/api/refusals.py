"""Refuses a caller who asks again before the time that a 429 named, and computes nothing for that.

A refusal that has to be worked out costs as much as a light answer, so that a caller who does not wait takes the time of those
who do. What was refused is kept until then, by what it is about: the one question, every question of that path, or every question
of that caller.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.api.answering import CALLER
from app.api.hosts import Wsgi

ABOUT = "forestay.refused"  # in the environment of a request: what its refusal is about, where that is more than the question
QUESTION, PATH, EVERYTHING = "question", "path", "everything"
NEVER_REFUSED = ("/livez", "/readyz", "/static/")
MOST = 10_000  # refusals that are kept; beyond it those that are over go, then all


@dataclass(frozen=True, slots=True)
class Refusal:
    until: float
    headers: list[tuple[str, str]]
    body: bytes


class Refusals:
    """The application, with the refusals of its callers kept."""

    def __init__(self, app: Wsgi, now: Callable[[], float] = time.monotonic) -> None:
        self._app, self._now = app, now
        self._kept: dict[bytes, Refusal] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if CALLER in environ or environ["PATH_INFO"].startswith(NEVER_REFUSED):
            return self._app(environ, start_response)
        if self._kept and (kept := self._of(environ)):
            start_response("429 TOO MANY REQUESTS", [*kept.headers, ("Retry-After", self._left(kept))])
            return [kept.body]
        refused: list[tuple[str, str]] = []

        def note(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if status.startswith("429 "):
                refused.extend(headers)
            return start_response(status, headers, *rest)

        answer = self._app(environ, note)
        return self._keep(environ, refused, answer) if refused else answer

    def _of(self, environ: dict[str, Any]) -> Refusal | None:
        """Returns the refusal that still holds for a request."""
        now = self._now()
        for about in (QUESTION, PATH, EVERYTHING):
            kept = self._kept.get(_name(environ, about))
            if kept is not None and kept.until > now:
                return kept
        return None

    def _keep(self, environ: dict[str, Any], headers: list[tuple[str, str]], answer: Iterable[bytes]) -> Iterable[bytes]:
        named = {name.lower(): value for name, value in headers}
        if not named.get("retry-after", "").isdecimal():
            return answer
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        others = [(name, value) for name, value in headers if name.lower() not in ("retry-after", "date", "set-cookie")]
        now = self._now()
        if len(self._kept) >= MOST:
            held = {name: kept for name, kept in self._kept.items() if kept.until > now}
            self._kept = held if len(held) < MOST else {}
        self._kept[_name(environ, environ.get(ABOUT, QUESTION))] = Refusal(now + int(named["retry-after"]), others, body)
        return [body]

    def _left(self, kept: Refusal) -> str:
        return str(max(1, math.ceil(kept.until - self._now())))


def _name(environ: dict[str, Any], about: str) -> bytes:
    """Returns a digest of the credential and address of a request and of what a refusal of it is about."""
    credential = [environ.get(name, "") for name in ("HTTP_AUTHORIZATION", "HTTP_COOKIE", "REMOTE_ADDR", "HTTP_X_FORWARDED_FOR")]
    question = [environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")]
    parts = [about, *credential, *question[: {EVERYTHING: 0, PATH: 2, QUESTION: 3}[about]]]
    return hashlib.blake2b("\0".join(parts).encode(errors="surrogateescape"), digest_size=16).digest()
