"""Which process did something, so that others on its machine can tell that it is gone without waiting for a lease to run out."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def this_process() -> str:
    """Returns a name of this process among those of all machines: machine, number and the moment it was started, joined by
    slashes."""
    return f"{_machine()}/{os.getpid()}/{_started(os.getpid())}"


def is_gone(name: str) -> bool:
    """Whether a process is known to be gone: it ran on this machine since its last start, and does not run any more.

    A process elsewhere is never known to be gone.
    """
    parts = name.split("/")
    if len(parts) < 3 or not parts[1].isdecimal() or parts[0] != _machine() or not parts[2]:
        return False
    return _started(int(parts[1])) != parts[2]


def _machine() -> str:
    """Returns a name of this machine since its last start, and of the space in which its processes are numbered (a container has
    its own)."""
    try:
        booted = (PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{booted}:{(PROC / 'self/ns/pid').readlink().name}"
    except OSError:
        return platform.node().replace("/", "-")


def _started(number: int) -> str:
    """Returns when a process was started, in ticks since the machine was; "" where there is no such process, where it is dead and
    not reaped yet, or where the system does not tell."""
    with suppress(OSError):
        state, *rest = (PROC / str(number) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return "" if state in "ZXx" else rest[18]
    return ""
