"""Sends heavy questions from the web process into the lane, and returns each answer, or a job after a few seconds."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar, cast

import structlog
from flask import Flask, Response, g, request

from app.api import refusals
from app.api.answering import CALLER
from app.api.auth import counted_as, is_passed_on
from app.api.bodies import Blueprint
from app.api.lane import GONE, Lane, Question
from app.api.waiting_pages import WaitingPages, is_page
from app.bootstrap import Forestay
from app.domain.errors import Conflict, ForestayError, OutOfTime
from app.usecases.answers.documents import as_bytes
from app.usecases.keep import runs

View = TypeVar("View", bound=Callable[..., Any])

PASSED = (
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "wsgi.url_scheme",
    "REMOTE_ADDR",
    "CONTENT_TYPE",
    "HTTP_HOST",
    "HTTP_ACCEPT",
    "HTTP_IF_MATCH",
    "HTTP_IF_NONE_MATCH",
)
PAST = {"revision", "as_of", "since"}
STEP_ASIDE = "forestay.step_aside"  # in the environment of a request: what is called before its thread waits
WAIT_SECONDS = 0.1
TICK_SECONDS = 1.0
RENEW_SECONDS = runs.LEASE_SECONDS / 3
LARGE_BODY = 64 << 10  # bytes that are read in the lane: while JSON is read, no other thread of its process computes
LARGE_PAGE = 200  # rows; to compute and write more of them takes as long as dozens of light answers
LARGEST_RESULT = 8 << 20  # bytes of an answer that is kept with its job


def always() -> bool:
    return True


def heavy(view: View, when: Callable[[], bool] = always) -> View:
    """Declares that a view may take long (`when`: for which requests); such a request is answered in the lane, where there is
    one."""
    view.heavy = when  # type: ignore[attr-defined]
    return view


def _never() -> bool:
    return False


def asks_for_the_past() -> bool:
    """Returns whether a question names a state of the estate that may have to be loaded for it."""
    return bool(PAST & request.args.keys())


def pass_on(app: Flask, forestay: Forestay, lane: Lane | None) -> None:
    """Sends heavy questions through the lane; without a lane they are answered where they arrive."""
    if lane is None:
        return
    waiting = WaitingPages()

    @app.before_request
    def through_the_lane() -> Response | None:
        view: Any = app.view_functions.get(request.endpoint or "")
        if view is None or g.caller is None or is_passed_on():
            return None
        long = asks_for_the_past() or getattr(view, "heavy", _never)()
        if not long and not _has_large_body(view) and not _asks_for_a_large_page():
            return None
        _judge_query(view)
        environment = {name: request.environ[name] for name in PASSED if name in request.environ}
        environment[CALLER] = [g.caller.name, g.caller.role, g.caller.key, g.caller.scope]
        if getattr(view, "heavy", _never) is always:
            request.environ[refusals.ABOUT] = refusals.PATH
        shown = is_page()
        question = waiting.again() if shown else None
        question = question or lane.admit(counted_as(forestay), environment, request.get_data(cache=False))
        later = waiting.page if shown else partial(_as_job, forestay) if long and request.path.startswith("/api/") else None
        answer = _waited_for(forestay, question, later)
        if answer.status_code == 202 and shown:
            return answer
        waiting.answered(question)
        if answer.status_code < 400 and getattr(view, "sensitive", False):
            forestay.reads.note(g.caller.name, f"read {request.endpoint}", request.full_path.rstrip("?"))
        return answer


def _judge_query(view: Any) -> None:
    """Refuses a query that its schema does not take, at once and without a process of the lane."""
    for parameter in getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", ()):
        if parameter["in"] == "query":
            Blueprint.ARGUMENTS_PARSER.parse(parameter["schema"], request, location="query")


def _has_large_body(view: Any) -> bool:
    return (request.content_length or 0) > LARGE_BODY and not getattr(view, "streams", False)


def _asks_for_a_large_page() -> bool:
    limit = request.args.get("limit", "")
    return limit.isdecimal() and int(limit[:9]) > LARGE_PAGE


def _waited_for(forestay: Forestay, question: Question, later: Callable[[Question], Response] | None) -> Response:
    """Returns the answer, or what `later` makes of a question that is not answered in time."""
    request.environ.get(STEP_ASIDE, always)()
    gone = leaving(request.environ)
    late = time.monotonic() + forestay.settings.web.answer_seconds
    while not question.done.wait(WAIT_SECONDS):
        if gone():
            question.end(GONE)
            raise OutOfTime(GONE)
        if later is not None and time.monotonic() > late:
            return later(question)
    question.checked()
    return Response(question.answer, question.status, list(question.headers))


def leaving(environ: Mapping[str, Any]) -> Callable[[], bool]:
    """Returns a function that tells whether the caller has closed the connection, as far as the server in use can tell."""
    if "waitress.client_disconnected" in environ:
        return cast(Callable[[], bool], environ["waitress.client_disconnected"])
    connection: socket.socket | None = environ.get("gunicorn.socket")

    def closed() -> bool:
        if connection is None:
            return False
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    return closed


def _as_job(forestay: Forestay, question: Question) -> Response:
    subject = f"{request.method} {request.full_path.rstrip('?')}"
    job = runs.begin(forestay.documents, "answer", {"question": subject}, g.caller.name)
    keeper = Keeper(forestay, job)
    question.watch, question.finished = lambda: keeper.watch(question), keeper.finish
    if question.done.is_set():
        keeper.finish(question)
    headers = {"Location": f"/api/v1/jobs/{job.job_id}", "Retry-After": "5", "Cache-Control": "no-store"}
    return Response(as_bytes(runs.get_job(forestay.documents, job.job_id)), 202, headers, mimetype="application/json")


class Keeper:
    """Keeps the job of a question that goes on: renews its lease, notices when it is cancelled, writes its outcome."""

    def __init__(self, forestay: Forestay, job: runs.Job) -> None:
        self._forestay, self._job = forestay, job
        self._lock, self._over = threading.Lock(), False
        self._looked = self._renewed = time.monotonic()

    def watch(self, question: Question) -> None:
        now = time.monotonic()
        if now - self._looked < TICK_SECONDS:
            return
        self._looked = now
        try:
            if runs.get_job(self._forestay.documents, self._job.job_id).cancel_asked:
                question.end(runs.CANCELLED)
            elif now - self._renewed > RENEW_SECONDS:
                runs.report(self._forestay.documents, self._job, 0.0, "computing" if question.started else "waiting")
                self._renewed = now
        except Conflict:
            question.end("the job was taken over")
        except ForestayError:  # the store did not answer: the next second tries again, and the lease lasts 60
            return

    def finish(self, question: Question) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
        state, result, error = outcome(question)
        try:
            runs.finish(self._forestay.documents, self._job, state, result, error)
        except ForestayError as failure:
            structlog.get_logger().warning("an answer could not be kept", job=self._job.job_id, error=failure.message)


def outcome(question: Question) -> tuple[str, dict[str, Any], str]:
    """Returns state, result and error of the job of a question that has ended."""
    if question.unwanted == runs.CANCELLED:
        return runs.CANCELLED, {}, ""
    if question.failure:
        return runs.FAILED, {}, question.failure
    if question.status >= 400:
        return runs.FAILED, {}, str(json.loads(question.answer).get("detail", ""))
    if len(question.answer) > LARGEST_RESULT:
        return runs.FAILED, {}, f"the answer is larger than {LARGEST_RESULT >> 20} MiB: ask for a smaller page"
    return runs.DONE, {"answer": json.loads(question.answer)}, ""
