"""The clock of a budget in seconds: it stands still while kernels are compiled, loaded, waited for or interpreted.

So an answer that ran out of time on a warm machine runs out of it in the same place on a fresh one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_of_thread = threading.local()


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
