"""What a process does about kernels that this machine has not compiled yet.

A command waits for them and says so; a web process refuses the question and says when to ask again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from app.domain.errors import NotReady
from app.risk.jit import catalogue, kernels, place
from app.risk.jit.catalogue import Course, Progress
from app.risk.jit.kernels import POLICY, Kernel

ANSWER_SECONDS = 0.6  # a request interprets no longer than that
NICENESS = 19  # whoever asks goes first, also a process that answers heavy questions
ASK_AGAIN_SECONDS = 5  # where nobody knows yet how long it takes


def wait_for_kernels(listen: Callable[[Progress], None], beside: Beside) -> None:
    """Makes a command or a job wait for its kernels: one that is too large to interpret waits until all kernels of its kind are
    compiled, in parallel processes. Where interpreting only takes long, `beside` begins to compile them meanwhile."""

    def compile_kind(missing: Kernel[..., Any]) -> None:
        catalogue.compile_all(listen, catalogue.of_kind(missing))

    POLICY.when_missing = compile_kind
    POLICY.when_slow = beside.start_once


class Beside:
    """The one process beside this one that compiles what is missing."""

    def __init__(self, arguments: Sequence[str]) -> None:
        behind = ["nice", "-n", str(NICENESS)] if shutil.which("nice") else []
        self._command = [*behind, sys.executable, "-m", "app", *arguments, "warm-up"]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self._asked = False

    def start_once(self) -> None:
        """Starts the process, unless it was started before."""
        if not self._asked:
            self.start()

    def start(self) -> None:
        """Starts the process, unless it runs already or kernels are only to be interpreted.

        It ends at once where nothing is missing.
        """
        if kernels.MODE == kernels.INTERPRETED:
            return
        with self._lock:
            self._asked = True
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        """Stops the process; what it has compiled is kept."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()
                self._process.wait()


def never_compile_in_requests(beside: Beside) -> None:
    """Makes a web process raise NotReady for questions that are too large to interpret and whose kernels are not compiled yet.

    The error says how many kernels and seconds are left.
    """

    def say_when(missing: Kernel[..., Any]) -> None:
        beside.start()
        now = _course().now()
        if now.done < now.total:
            raise not_ready(now)

    POLICY.when_missing = say_when
    POLICY.patience_seconds = ANSWER_SECONDS


def keep_kernels_in(fallback: Path) -> None:
    """Keeps compiled code in this folder where the user's cache folder cannot be written; processes started from this one do the
    same."""
    if not place.writable(place.base_folder()):
        os.environ[place.VARIABLE] = str(fallback)


@cache
def _course() -> Course:
    return Course()


def not_ready(now: Progress) -> NotReady:
    """Returns the error that says how far compiling has come and when to ask again."""
    seconds = ASK_AGAIN_SECONDS if now.seconds_left is None else max(1, round(now.seconds_left))
    left = "" if now.seconds_left is None else f", about {seconds} s left"
    return NotReady(
        "this machine is compiling the kernels that this answer needs, once after an installation: "
        f"{now.done} of {now.total}{left}",
        retry_after=min(seconds, 30),
        kernels_done=now.done,
        kernels_total=now.total,
    )
