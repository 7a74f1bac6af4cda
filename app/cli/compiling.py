"""Prints how far the compiling of kernels is while a command waits for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from app.risk.jit.catalogue import Progress

LINE_SECONDS = 5.0  # between two lines where no terminal shows them in one place


def tell() -> Callable[[Progress], None]:
    """Prints on standard error how many kernels are compiled and how long the rest takes; on a terminal in one line."""
    shown = [0.0]
    terminal = sys.stderr.isatty()

    def listen(now: Progress) -> None:
        due = terminal or time.monotonic() - shown[0] >= LINE_SECONDS
        if not due or (now.done == now.total and not shown[0]):
            return
        shown[0] = time.monotonic()
        left = "" if now.seconds_left is None else f", about {now.seconds_left:.0f} s left"
        text = f"compiling kernels, once on this machine: {now.done} of {now.total}{left}"
        print(
            f"\r{text:<78}" if terminal else text,
            end="" if terminal and now.done < now.total else "\n",
            file=sys.stderr,
            flush=True,
        )

    return listen
