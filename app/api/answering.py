"""The process that answers heavy questions for a web process: the same application, which gets its questions over a pipe, one at
a time.

It may be killed at any moment: a question that takes too long, or that nobody waits for any more, ends with its process.
"""

from __future__ import annotations

import io
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any

from flask import Flask

from app.api.frames import read_frame, write_frame
from app.risk.jit.clock import deadline

UNTIL = "forestay.until"  # travels with a question: the moment of `time.monotonic` at which its time is over
CALLER = "forestay.caller"  # in the environment of a question that was judged by the web process; no request can set it
READY: dict[str, Any] = {}  # the header of the first frame: from now on the time of a question is its own
NICENESS = 15  # light answers of the web process come first; compiling comes last
FULL_SHARE = 0.5  # a process that holds this part of its memory after an answer is replaced by a fresh one


def answer_forever(app: Flask, memory_bytes: int, questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answers until the web process ends; its end ends this process even in the middle of an answer."""
    _take_less(memory_bytes)
    waiting: queue.SimpleQueue[tuple[dict[str, Any], bytes]] = queue.SimpleQueue()

    def read() -> None:
        while frame := read_frame(questions):
            waiting.put(frame)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    write_frame(answers, READY, b"")
    while True:
        header, body = waiting.get()
        with deadline(header.pop(UNTIL)):
            status, headers, answer = answer_of(app, header, body)
        full = _resident_bytes() > FULL_SHARE * memory_bytes
        write_frame(answers, {"status": status, "headers": headers, "last": full}, answer)
        if full:
            os._exit(0)


def answer_of(
    app: Callable[..., Iterable[bytes]], environment: Mapping[str, Any], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Returns status, headers and body of the application's answer to a question that travelled as plain values."""
    answers: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        answers[:] = [int(status.split(" ", 1)[0]), headers]
        return lambda _: None

    full = {
        **environment,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    parts = app(full, start_response)
    try:
        answer = b"".join(parts)
    finally:
        if close := getattr(parts, "close", None):
            close()
    return answers[0], answers[1], answer


def _take_less(memory_bytes: int) -> None:
    """Steps back behind the web process and limits the memory of this one; does nothing where the system knows no such limits."""
    step_back(NICENESS)
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def step_back(niceness: int) -> None:
    """Lets other processes compute first; does nothing where the system knows no such order."""
    if hasattr(os, "nice"):
        os.nice(niceness)


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
