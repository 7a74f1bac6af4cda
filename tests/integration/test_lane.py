"""The lane of heavy questions with real processes: who is admitted, when a question ends, what becomes of its process and its
job."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from app.api import frames
from app.api.heavy import Keeper, outcome
from app.api.lane import Lane, Limits, Question
from app.bootstrap import assemble_service
from app.domain.errors import OutOfTime, StoreUnavailable, TooBusy
from app.jobs.runner import run_one
from app.settings import load_settings
from app.usecases.keep import runs

# says its process's number after as many seconds as the body says; "die": ends without a word
PROCESS = f"""
import os, runpy, sys, time
frames = runpy.run_path({frames.__file__!r})  # without the room around it, which takes seconds to import
read_frame, write_frame = frames["read_frame"], frames["write_frame"]
write_frame(sys.stdout.buffer, {{}}, b"")
while frame := read_frame(sys.stdin.buffer):
    if frame[1] == b"die":
        os._exit(3)
    time.sleep(float(frame[1]))
    head = {{"status": 200, "headers": [["X-Asked", frame[0]["PATH_INFO"]]], "last": False}}
    write_frame(sys.stdout.buffer, head, str(os.getpid()).encode())
"""
LONG = b"600"


@pytest.fixture
def lane_with(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lane]]:
    monkeypatch.setattr("app.api.lane.GRACE_SECONDS", 0.2)  # these processes end nothing by themselves
    made: list[Lane] = []

    def make(processes: int = 1, waiting: int = 2, per_caller: int = 9, seconds: float = 60.0) -> Lane:
        made.append(Lane([sys.executable, "-c", PROCESS], Limits(processes, waiting, per_caller, seconds)))
        return made[-1]

    yield make
    for lane in made:
        lane.close()


def ask(lane: Lane, body: bytes = b"0", caller: str = "anna") -> Question:
    return lane.admit(caller, {"PATH_INFO": "/asked"}, body)


def answered(question: Question) -> str:
    assert question.done.wait(30)
    return question.checked().answer.decode()


def begun(question: Question) -> Question:
    while not question.started:
        time.sleep(0.01)
    return question


def test_questions_are_answered_one_after_the_other_by_one_process(lane_with: Callable[..., Lane]) -> None:
    lane = lane_with()
    first, second = ask(lane), ask(lane)
    assert answered(first) == answered(second)
    assert (first.status, first.headers) == (200, [("X-Asked", "/asked")])


def test_a_process_that_was_begun_answers_the_first_question(lane_with: Callable[..., Lane]) -> None:
    lane = lane_with()
    lane.begin()
    (process,) = lane._idle
    assert answered(ask(lane)) == str(process.pid)


def test_beyond_what_may_wait_a_question_is_refused_at_once_and_admitted_when_there_is_room(
    lane_with: Callable[..., Lane],
) -> None:
    lane = lane_with(processes=1, waiting=1)
    running, waiting = begun(ask(lane, LONG)), ask(lane, caller="ben")
    with pytest.raises(TooBusy) as refused:
        ask(lane, caller="cleo")
    assert refused.value.details["retry_after"] > 0
    running.end("not wanted")
    answered(waiting)
    answered(ask(lane, caller="cleo"))


def test_one_caller_cannot_take_all_the_places(lane_with: Callable[..., Lane]) -> None:
    lane = lane_with(processes=1, waiting=5, per_caller=2)
    held = [ask(lane, LONG), ask(lane, LONG)]
    with pytest.raises(TooBusy, match="of yours"):
        ask(lane)
    other = ask(lane, caller="ben")
    for question in held:
        question.end("not wanted")
    answered(other)
    answered(ask(lane))


def test_a_question_ends_with_its_process_when_its_time_is_over(lane_with: Callable[..., Lane]) -> None:
    lane = lane_with(seconds=0.5)
    before = answered(ask(lane))
    started = time.monotonic()
    late = ask(lane, LONG)
    with pytest.raises(OutOfTime, match=r"stopped after 0.5 s"):
        answered(late)
    assert time.monotonic() - started < 10
    assert answered(ask(lane)) != before  # by a fresh process


def test_what_nobody_waits_for_any_more_ends_waiting_or_running(lane_with: Callable[..., Lane]) -> None:
    lane = lane_with()
    running, waiting = begun(ask(lane, LONG)), ask(lane, LONG)
    for question in (waiting, running):
        question.end("left")
        with pytest.raises(StoreUnavailable, match="left"):
            answered(question)
    answered(ask(lane))


def test_a_process_that_dies_costs_its_question_only(lane_with: Callable[..., Lane]) -> None:
    lane = lane_with()
    with pytest.raises(StoreUnavailable, match="has ended"):
        answered(ask(lane, b"die"))
    answered(ask(lane))


def test_closing_ends_everything_soon(lane_with: Callable[..., Lane]) -> None:
    lane = lane_with()
    questions = [begun(ask(lane, LONG)), ask(lane, LONG)]
    started = time.monotonic()
    lane.close()
    for question in questions:
        with pytest.raises(StoreUnavailable, match="stops"):
            answered(question)
    assert time.monotonic() - started < 5
    with pytest.raises(StoreUnavailable):
        ask(lane)


@pytest.mark.parametrize(
    ("status", "answer", "failure", "unwanted", "expected"),
    [
        (200, b'{"a": 1}', "", "", (runs.DONE, {"answer": {"a": 1}}, "")),
        (422, b'{"detail": "no such CI"}', "", "", (runs.FAILED, {}, "no such CI")),
        (0, b"", "stopped after 3 s", "", (runs.FAILED, {}, "stopped after 3 s")),
        (0, b"", runs.CANCELLED, runs.CANCELLED, (runs.CANCELLED, {}, "")),
    ],
)
def test_a_job_says_what_came_of_its_question(status, answer, failure, unwanted, expected) -> None:
    question = Question("anna", {}, b"")
    question.status, question.answer, question.failure, question.unwanted = status, answer, failure, unwanted
    assert outcome(question) == expected


def test_cancelling_the_job_ends_the_question(lane_with: Callable[..., Lane], tmp_path) -> None:
    forestay = assemble_service(load_settings(environment={}, data_folder=tmp_path))
    try:
        question = begun(ask(lane_with(), LONG))
        job = runs.begin(forestay.documents, "answer", {"question": "GET /asked"}, "anna")
        keeper = Keeper(forestay, job)
        keeper._looked -= 60.0
        question.watch, question.finished = lambda: keeper.watch(question), keeper.finish
        assert runs.take(forestay.documents) is None  # no runner takes it while it is in hand
        assert runs.cancel(forestay.documents, job.job_id).cancel_asked
        assert question.done.wait(30)
        while runs.get_job(forestay.documents, job.job_id).state == runs.RUNNING:
            time.sleep(0.01)
        assert runs.get_job(forestay.documents, job.job_id).state == runs.CANCELLED
        assert runs.open_jobs(forestay.documents) == []
    finally:
        forestay.close()


def test_a_runner_that_is_told_to_stop_puts_its_job_back(tmp_path) -> None:
    forestay = assemble_service(load_settings(environment={}, data_folder=tmp_path))
    try:
        job = runs.enqueue(forestay.documents, "assess", {}, "anna")
        stop = threading.Event()
        stop.set()
        assert run_one(forestay, stop)
        assert runs.get_job(forestay.documents, job.job_id).state == runs.WAITING
        assert run_one(forestay)
        assert runs.get_job(forestay.documents, job.job_id).state == runs.DONE
    finally:
        forestay.close()
