"""Every kernel of the product, in the order in which people need them, and how far compiling them has come."""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from app.risk.jit.content import weight
from app.risk.jit.kernels import KERNELS, Kernel

ROOM = "app.risk"
LATER = ("sampling.", "exact.")  # what comes last: the ranking, outages and pages come before services are solved and years drawn
PROCESSES = 4
POLL_SECONDS = 0.2
LEAST = 8_000  # what any kernel takes to compile, in bytes of byte code: measured, about a third of a second


@dataclass(frozen=True, slots=True)
class Progress:
    """Kernels compiled of all, and seconds left; None before there is a rate."""

    done: int
    total: int
    seconds_left: float | None


def every_kernel() -> list[Kernel[..., Any]]:
    """All kernels, callees before callers."""
    package = import_module(ROOM)
    for module in pkgutil.walk_packages(package.__path__, f"{ROOM}."):
        import_module(module.name)
    wanted = [kernel for kernel in KERNELS.values() if kernel.function.__module__.startswith(f"{ROOM}.")]
    wanted.sort(key=lambda kernel: (_late(kernel), kernel.name))
    placed: dict[str, Kernel[..., Any]] = {}
    for kernel in wanted:
        _place(kernel, placed)
    return list(placed.values())


def _place(kernel: Kernel[..., Any], placed: dict[str, Kernel[..., Any]]) -> None:
    if kernel.name in placed:
        return
    for callee in kernel.callees:
        _place(callee, placed)
    placed[kernel.name] = kernel


def missing(kernels: list[Kernel[..., Any]]) -> list[Kernel[..., Any]]:
    """Those without compiled code on this machine."""
    from app.risk.jit import native

    return [kernel for kernel in kernels if not native.is_kept(kernel)]


def of_kind(kernel: Kernel[..., Any]) -> list[Kernel[..., Any]]:
    """The kernels that an answer which needs this one is likely to need: all but the late ones, unless it is a late one
    itself."""
    return every_kernel() if _late(kernel) else [known for known in every_kernel() if not _late(known)]


def _late(kernel: Kernel[..., Any]) -> bool:
    return kernel.name.startswith(LATER)


def _to_do(kernels: list[Kernel[..., Any]]) -> int:
    return sum(LEAST + weight(kernel) for kernel in kernels)


class Course:
    """How far a compilation has come, seen from any process; the rate is that of the time it is watched."""

    def __init__(self, kernels: list[Kernel[..., Any]] | None = None) -> None:
        self.kernels = kernels or every_kernel()
        self._started = time.monotonic()
        self._left_at_start = _to_do(missing(self.kernels))

    def now(self) -> Progress:
        """Kernels done, all, and the time left at the rate so far (by the amount of code, not by the number)."""
        left = missing(self.kernels)
        todo = _to_do(left)
        done = self._left_at_start - todo
        seconds = (time.monotonic() - self._started) * todo / done if done else None
        return Progress(len(self.kernels) - len(left), len(self.kernels), 0.0 if not left else seconds)


def compile_all(
    listen: Callable[[Progress], None] = lambda progress: None,
    kernels: list[Kernel[..., Any]] | None = None,
    processes: int | None = None,
) -> float:
    """Compile what is missing of the kernels (default: all) in parallel processes, `listen` hears how far it is; seconds
    taken."""
    course = Course(kernels)
    started = time.monotonic()
    left = missing(course.kernels)
    if left:
        names = [kernel.name for kernel in course.kernels]
        count = min(processes or min(PROCESSES, os.cpu_count() or 1), len(left))
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=compile_missing, args=(names,), daemon=True) for _ in range(count)]
        for worker in workers:
            worker.start()
        try:
            while any(worker.is_alive() for worker in workers):
                listen(course.now())
                workers[0].join(POLL_SECONDS)
                time.sleep(0.0 if workers[0].is_alive() else POLL_SECONDS)
        finally:
            for worker in workers:
                worker.terminate()
                worker.join()
        for kernel in missing(course.kernels):  # a worker died, or nothing may be written
            from app.risk.jit import native

            native.make(kernel)
    listen(course.now())
    return time.monotonic() - started


def load_all() -> None:
    """Load the code of every kernel that Python calls, where it is kept: afterwards no call interprets."""
    for kernel in every_kernel():
        kernel.load()


def compile_missing(names: list[str]) -> None:
    """What one process of several does: take kernels whose callees are compiled and that no other process is at."""
    from app.risk.jit import native

    every_kernel()
    left = missing([KERNELS[name] for name in names])
    while left:
        before = len(left)
        for kernel in _ready(left):
            native.try_make(kernel)
        left = missing(left)
        if len(left) == before:
            time.sleep(POLL_SECONDS)


def _ready(left: list[Kernel[..., Any]]) -> Iterator[Kernel[..., Any]]:
    from app.risk.jit import native

    for kernel in left:
        if not native.is_kept(kernel) and all(native.is_kept(callee) for callee in kernel.callees):
            yield kernel
