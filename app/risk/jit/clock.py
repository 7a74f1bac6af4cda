"""The clock of a budget in seconds: it stands still while kernels are compiled, loaded, waited for or interpreted.

So an answer that ran out of time on a warm machine runs out of it in the same place on a fresh one. Beside it the deadline of the
question that this process answers, which does not stand still: loops over blocks look at it between two of them.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.errors import OutOfTime

_of_thread = threading.local()
_deadlines = [(math.inf, "")]  # of this process, which answers one question at a time; the last one counts


def working_time() -> float:
    """Seconds of this thread's work since some fixed moment; only differences mean something."""
    return time.monotonic() - float(getattr(_of_thread, "stopped", 0.0))


@contextmanager
def stopped() -> Iterator[None]:
    """Charge nobody for what runs inside."""
    if getattr(_of_thread, "standing", False):
        yield
        return
    _of_thread.standing = True
    started = time.monotonic()
    try:
        yield
    finally:
        _of_thread.standing = False
        _of_thread.stopped = float(getattr(_of_thread, "stopped", 0.0)) + time.monotonic() - started


@contextmanager
def deadline(until: float, setting: str = "web.heavy_seconds") -> Iterator[None]:
    """What runs inside, in whatever thread of this process, ends at a moment of `time.monotonic` (one clock for all processes of
    a machine), or at that of a deadline around it where that is earlier. `setting`: what to raise for more time."""
    _deadlines.append(min(_deadlines[-1], (until, setting)))
    try:
        yield
    finally:
        _deadlines.pop()


def look() -> None:
    """To be called between two blocks of a long loop: OutOfTime where the deadline is over."""
    until, setting = _deadlines[-1]
    if time.monotonic() > until:
        raise OutOfTime(f"the time for this question is over: ask for less, or raise {setting}")
