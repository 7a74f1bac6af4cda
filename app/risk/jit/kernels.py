"""Kernel: one function over flat arrays, run as compiled code where it is at hand, else as the plain Python it is.

A call interprets while the work is small and takes compiled code once that pays: loading it costs about as much as `LOAD_SECONDS`
of interpreting. Work that is too large to interpret waits for the compiler, in the way that this process has chosen
(`when_missing`). Both ways give the same bits, so it never shows in an answer which one ran.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import cached_property, update_wrapper
from types import FunctionType
from typing import Any, Generic, ParamSpec, TypeVar, overload

import numpy as np

from app.risk.jit.clock import stopped

P = ParamSpec("P")
R = TypeVar("R")

LARGE = 1_000_000  # steps of one call that are too many to interpret; about a second
LOAD_SECONDS = 0.05  # interpreting one kernel that long costs as much as loading its compiled code
SLOW_SECONDS = 20.0  # interpreting that long: another process may begin to compile meanwhile
PATIENCE_SECONDS = 60.0  # interpreting that long costs as much as compiling what an answer needs
LOOK_SECONDS = 0.5  # how often a kernel without code looks whether another process has compiled it

KERNELS: dict[str, Kernel[..., Any]] = {}
preparations: list[Callable[[], object]] = []  # run once, before the first kernel is compiled or loaded
_running = threading.local()


def before_compiling(prepare: Callable[[], object]) -> Callable[[], object]:
    """Register what must be told to the compiler first; it runs when numba is loaded, which is late or never."""
    preparations.append(prepare)
    return prepare


INTERPRETED, COMPILED = "interpreted", "compiled"
MODE = os.environ.get("FORESTAY_KERNELS", "")  # one of the two forbids the other: for tests and for looking into kernels


def compile_here(missing: Kernel[..., Any]) -> None:
    """Compile in this process, or wait for the one that does: right for a command and for a job."""
    from app.risk.jit import native

    native.make(missing)


class Policy:
    """What this process does for a kernel that has no compiled code and too much work to interpret; one object for all
    threads."""

    def __init__(self) -> None:
        self.when_missing: Callable[[Kernel[..., Any]], None] = compile_here
        self.when_slow: Callable[[], None] = lambda: None  # told often, by threads that have interpreted for a while
        self.patience_seconds = PATIENCE_SECONDS


POLICY = Policy()


def fresh_patience() -> None:
    """Forget how long this thread has interpreted: a new question begins."""
    _running.seconds = 0.0


def elements(values: tuple[Any, ...]) -> int:
    """Number of array elements in the arguments of a call, tuples of arrays included: its size, whatever it does with them."""
    total = 0
    for value in values:
        if isinstance(value, np.ndarray):
            total += value.size
        elif isinstance(value, tuple):
            total += elements(value)
    return total


class Kernel(Generic[P, R]):
    """A function and, once it is loaded, its one compiled version."""

    def __init__(self, function: Callable[P, R], alone: bool, steps: Callable[..., int] | None) -> None:
        update_wrapper(self, function)
        self.function = function
        self.alone = alone  # callable from Python when compiled; else compiled into other kernels only
        self.name = f"{function.__module__.removeprefix('app.risk.')}.{function.__qualname__}"
        self._steps = steps
        self._code: Callable[..., R] | None = None
        self._spent = 0.0  # seconds of interpreting
        self._look_at = 0.0
        KERNELS[self.name] = self

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._code is not None:
            return self._code(*args, **kwargs)
        if getattr(_running, "kernel", False):
            return self.function(*args, **kwargs)
        if not self.alone or MODE == INTERPRETED or not self._pays(args):
            return self._interpret(*args, **kwargs)
        return self._take_code(args)(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Kernel[P, R]:
        return self

    def _interpret(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run as Python. Integers wrap and divisions by zero are silent, as in compiled code."""
        _running.kernel = True
        started = time.perf_counter()
        try:
            with stopped(), np.errstate(all="ignore"):
                return self.plain(*args, **kwargs)
        finally:
            _running.kernel = False
            taken = time.perf_counter() - started
            self._spent += taken
            _running.seconds = getattr(_running, "seconds", 0.0) + taken
            if _running.seconds > SLOW_SECONDS:
                POLICY.when_slow()

    def size_of(self, args: tuple[Any, ...]) -> int:
        """Steps that a call is expected to take: what the kernel says of itself, else the elements of its arguments."""
        return self._steps(*args) if self._steps is not None else elements(args)

    def _pays(self, args: tuple[Any, ...]) -> bool:
        """Whether this call takes compiled code: once interpreting has cost as much as loading it, where it is kept; and at any
        cost where the call is large or the thread has lost its patience."""
        if MODE == COMPILED:
            self.load()  # who finds code kept need not look what is missing
            return True
        large = self.size_of(args) > LARGE
        if not large and self._spent < LOAD_SECONDS:
            return False
        return self.load() or large or getattr(_running, "seconds", 0.0) > POLICY.patience_seconds

    def load(self) -> bool:
        """Take code that is kept from earlier, if there is some; whether there is."""
        now = time.monotonic()
        if self.alone and self._code is None and MODE != INTERPRETED and now >= self._look_at:
            from app.risk.jit import native

            self._look_at = now + LOOK_SECONDS
            with stopped():
                self._code = native.kept(self)
        return self._code is not None

    def _take_code(self, args: tuple[Any, ...]) -> Callable[..., R]:
        from app.risk.jit import native

        if self._code is None:
            with stopped():
                POLICY.when_missing(self)
                self._code = native.kept(self)
        return self._code or self.function

    @cached_property
    def plain(self) -> Callable[P, R]:
        """The function with the kernels that it calls as plain functions, so that interpreting passes this door once."""
        function = self.function
        assert isinstance(function, FunctionType)
        made = FunctionType(
            function.__code__, _plain_names(function), function.__name__, function.__defaults__, function.__closure__
        )
        made.__kwdefaults__ = function.__kwdefaults__
        return made

    @cached_property
    def callees(self) -> tuple[Kernel[..., Any], ...]:
        """The kernels that this one calls by name."""
        found = {id(value): value for value in self.named.values() if isinstance(value, Kernel) and value is not self}
        return tuple(found.values())

    @cached_property
    def named(self) -> dict[str, Any]:
        """Global values that the function's code names: constants, modules, types, other kernels."""
        return {
            name: self.function.__globals__[name] for name in _names(self.function.__code__) if name in self.function.__globals__
        }

    @property
    def _numba_type_(self) -> Any:
        """What another kernel that calls this one compiles against."""
        from app.risk.jit import native

        return native.type_of(self)


_plain: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}  # by its address: a module's names, and those with plain functions


def _plain_names(function: FunctionType) -> dict[str, Any]:
    """The names of a function's module, each kernel as its plain function."""
    known = _plain.get(id(function.__globals__))
    if known is not None:
        return known[1]
    names = dict(function.__globals__)
    _plain[id(function.__globals__)] = function.__globals__, names
    for name, value in list(names.items()):
        if isinstance(value, Kernel):
            names[name] = value.plain
    return names


def _names(code: Any) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            yield from _names(constant)


@overload
def kernel(function: Callable[P, R]) -> Kernel[P, R]: ...
@overload
def kernel(*, steps: Callable[..., int]) -> Callable[[Callable[P, R]], Kernel[P, R]]: ...
def kernel(function: Callable[P, R] | None = None, *, steps: Callable[..., int] | None = None) -> Any:
    """Make a kernel that Python calls. Its annotations are its one signature (`arrays`).

    `steps` takes the same arguments and says how many steps a call takes, where that is not about the number of array elements it
    is given.
    """
    if function is None:
        return lambda made: Kernel(made, True, steps)
    return Kernel(function, True, steps)


def inner(function: Callable[P, R]) -> Kernel[P, R]:
    """Make a kernel that only other kernels call: compiled into them, and plain Python to everyone else."""
    return Kernel(function, False, None)
