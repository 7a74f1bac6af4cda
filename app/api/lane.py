"""The lane of heavy questions: a few processes, a short queue, and an end to each question.

What takes long runs in processes of its own, so that the threads that serve everybody only wait for it, and not for long. A
question is admitted or refused at once, becomes a job after a few seconds, and ends with its process when its time is over or
nobody wants its answer any more.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from app.api.answering import UNTIL
from app.api.frames import read_frame, write_frame
from app.domain.errors import OutOfTime, StoreUnavailable, TooBusy

LOOK_SECONDS = 0.1  # seconds between two looks at the clocks of the questions
RETRY_AFTER = 5
CLOSE_SECONDS = 5.0
START_SECONDS = 60.0  # for a process to get ready, which no question is charged with
GRACE_SECONDS = 3.0  # a process ends a question by itself between two blocks of its loops; it is killed where it does not
GONE, ENDED = "nobody waits for this answer any more", "the process that computed this answer has ended; ask again"
CLOSED = "the service stops; ask again in a moment"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the lane takes: `processes` compute at a time, `waiting` questions wait for one, of which and of those in work one
    caller has `per_caller` at most; `seconds` for each question."""

    processes: int
    waiting: int
    per_caller: int
    seconds: float


@dataclass(slots=True, eq=False)
class Question:
    """One admitted question: `done` is set once it has an answer (status, headers, body) or a `failure`."""

    caller: str
    environment: Mapping[str, Any]
    body: bytes
    done: threading.Event = field(default_factory=threading.Event)
    status: int = 0
    headers: Sequence[tuple[str, str]] = ()
    answer: bytes = b""
    failure: str = ""  # why it ended without an answer
    out_of_time: bool = False
    handed: float = 0.0  # when a process got it
    started: float = 0.0  # when that process was ready
    unwanted: str = ""  # why it shall end
    watch: Callable[[], None] | None = None  # called now and then while it waits or runs
    finished: Callable[[Question], None] | None = None

    def end(self, why: str) -> None:
        """Asks for the question's end, wherever it is."""
        self.unwanted = self.unwanted or why

    def checked(self) -> Question:
        """Returns the question where it was answered; else raises the error that says why not."""
        if self.out_of_time:
            raise OutOfTime(self.failure)
        if self.failure:
            raise StoreUnavailable(self.failure)
        return self


class Lane:
    """The processes and their queue. `command` starts a process of `answering.answer_forever`: one by `begin`, the others when
    they are needed."""

    def __init__(self, command: Sequence[str], limits: Limits) -> None:
        self.limits = limits
        self._command = list(command)
        self._waiting: deque[Question] = deque()
        self._running: dict[Question, subprocess.Popen[bytes] | None] = {}
        self._of: Counter[str] = Counter()
        self._lock = threading.Condition()
        self._idle: list[subprocess.Popen[bytes]] = []
        self._starting: set[subprocess.Popen[bytes]] = set()  # not ready yet, as far as anybody has read
        self._closed = False
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Starts a process before the first question, and waits until it is ready: the first question then does not."""
        process = self._new_process()
        assert process.stdout is not None
        read_frame(process.stdout)
        with self._lock:
            self._starting.discard(process)
            if not self._closed:
                self._start_threads()
                self._idle.append(process)
                return
        process.kill()
        process.wait()

    def admit(self, caller: str, environment: Mapping[str, Any], body: bytes) -> Question:
        """Takes a question in, or raises TooBusy at once, before it costs anything."""
        limits = self.limits
        with self._lock:
            if self._closed:
                raise StoreUnavailable(CLOSED)
            if self._of[caller] >= limits.per_caller:
                raise TooBusy(f"{limits.per_caller} heavy questions of yours are not answered yet", retry_after=RETRY_AFTER)
            if len(self._waiting) + len(self._running) >= limits.processes + limits.waiting:
                raise TooBusy("more heavy questions wait already than this service takes", retry_after=RETRY_AFTER)
            question = Question(caller, environment, body)
            self._of[caller] += 1
            self._waiting.append(question)
            self._start_threads()
            self._lock.notify()
        return question

    def close(self) -> None:
        """Ends every process and question; nothing is admitted any more."""
        with self._lock:
            self._closed = True
            ended = [*self._waiting, *self._running]
            processes = [*self._idle, *(process for process in self._running.values() if process)]
            self._waiting.clear()
            self._lock.notify_all()
        for question in ended:
            question.end(CLOSED)
        for process in processes:
            process.kill()
        for question in ended:
            if question not in self._running:
                self._finish(question, CLOSED)
        for process in processes:
            process.wait()
        for thread in self._threads:  # these threads write the outcome of their questions: the store must not be closed before
            thread.join(CLOSE_SECONDS)

    def _new_process(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._starting.add(process)
        return process

    def _start_threads(self) -> None:
        if not self._threads:
            work = [self._work] * self.limits.processes
            self._threads = [threading.Thread(target=target, daemon=True) for target in (*work, self._look)]
            for thread in self._threads:
                thread.start()

    def _work(self) -> None:
        """Serves one desk: takes the oldest question, gives it to a process, hands its answer on."""
        while True:
            with self._lock:
                while not self._waiting and not self._closed:
                    self._lock.wait()
                if self._closed:
                    return
                question = self._waiting.popleft()
                self._running[question] = None
            try:
                why = question.unwanted or self._ask(question)
            except Exception as error:  # the desk outlives whatever a process does
                why = f"{ENDED} ({type(error).__name__})"
            self._finish(question, question.unwanted or why)

    def _ask(self, question: Question) -> str:
        """Returns why there is no answer; "" where there is one."""
        with self._lock:
            process = self._idle.pop() if self._idle else None
        if process is None or process.poll() is not None:
            process = self._new_process()
        with self._lock:
            question.handed = time.monotonic()
            self._running[question] = process
            if self._closed:
                process.kill()
        assert process.stdin is not None and process.stdout is not None
        try:
            if process in self._starting:
                self._starting.discard(process)
                read_frame(process.stdout)
            question.started = time.monotonic()
            until = question.started + self.limits.seconds
            write_frame(process.stdin, {**question.environment, UNTIL: until}, question.body)
            frame = read_frame(process.stdout)
        except OSError:
            frame = None
        with self._lock:
            self._running[question] = None
            keep = frame is not None and not frame[0]["last"] and not question.unwanted and not self._closed
            if keep:
                self._idle.append(process)
        if not keep:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what could not be sent any more
                    pipe.close()
        if frame is None:
            return ENDED
        header, question.answer = frame
        question.status, question.headers = header["status"], [(name, value) for name, value in header["headers"]]
        return ""

    def _finish(self, question: Question, why: str) -> None:
        with self._lock:
            self._running.pop(question, None)
            self._of[question.caller] -= 1
            if self._of[question.caller] <= 0:
                del self._of[question.caller]
        question.failure = why
        question.done.set()
        if question.finished is not None:
            question.finished(question)

    def _is_late(self, question: Question) -> bool:
        now = time.monotonic()
        if not question.started:
            return now - question.handed > START_SECONDS
        return now - question.started > self.limits.seconds + GRACE_SECONDS

    def _look(self) -> None:
        """Watches every question's clock, and ends the questions that shall end."""
        while not self._closed:
            time.sleep(LOOK_SECONDS)
            with self._lock:
                running, waiting = dict(self._running), list(self._waiting)
            for question in (*running, *waiting):
                if question.watch is not None:
                    question.watch()
            for question, process in running.items():
                if process is not None and not question.unwanted and self._is_late(question):
                    question.out_of_time = True
                    late = f"stopped after {self.limits.seconds:g} s: ask for less, or raise web.heavy_seconds"
                    question.end(late if question.started else f"its process did not get ready in {START_SECONDS:g} s")
                if question.unwanted:
                    with self._lock:
                        if process is not None and self._running.get(question) is process:
                            process.kill()
            for question in waiting:
                if question.unwanted:
                    with self._lock:
                        try:
                            self._waiting.remove(question)
                        except ValueError:
                            continue
                    self._finish(question, question.unwanted)
