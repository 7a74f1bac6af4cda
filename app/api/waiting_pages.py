"""Pages that are still being worked out: the browser says so, asks again by itself, and gets the answer of the same question."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from flask import Response, g, render_template, request

from app.api.lane import GONE, Question

AGAIN_SECONDS = 1  # after which a browser asks again
LEFT_SECONDS = 20.0  # without being asked for again, a question ends


def is_page() -> bool:
    """Returns whether a browser asks for a page to show; what a script or a program fetches is waited for."""
    return request.method == "GET" and not request.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")


@dataclass(slots=True)
class _Waiting:
    question: Question
    since: float
    asked: float

    def watch(self) -> None:
        if time.monotonic() - self.asked > LEFT_SECONDS:
            self.question.end(GONE)


@dataclass
class WaitingPages:
    """The questions of pages that took longer than one request waits, by who asked for which address."""

    _of: dict[tuple[str, str], _Waiting] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def again(self) -> Question | None:
        """Returns the question that this request asks for again, if there is one."""
        with self._lock:
            self._of = {key: one for key, one in self._of.items() if time.monotonic() - one.asked <= LEFT_SECONDS}
            known = self._of.get(_key())
            if known is None or known.question.failure:
                return None
            known.asked = time.monotonic()
            return known.question

    def answered(self, question: Question) -> None:
        """Forgets a question whose answer is on its way."""
        with self._lock:
            known = self._of.get(_key())
            if known is not None and known.question is question:
                del self._of[_key()]

    def page(self, question: Question) -> Response:
        """Returns the page that says that the answer is still being worked out; the question is kept until it is asked again."""
        now = time.monotonic()
        with self._lock:
            known = self._of.get(_key())
            if known is None or known.question is not question:
                known = self._of[_key()] = _Waiting(question, now, now)
                question.watch = known.watch
            known.asked = now
        text = render_template("waiting.html", seconds=round(now - known.since), computing=bool(question.started))
        headers = {"Refresh": str(AGAIN_SECONDS), "Retry-After": str(AGAIN_SECONDS), "Cache-Control": "no-store"}
        return Response(text, 202, headers, mimetype="text/html")


def _key() -> tuple[str, str]:
    return f"{g.caller.name}\0{g.caller.key}\0{g.caller.role}", request.full_path
