"""When a kernel interprets and when it takes compiled code; what makes two kernels the same; the clock that nobody is charged
by."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from app.domain.errors import NotReady
from app.risk.jit import Floats, Int32s, content, inner, kernel, kernels, native
from app.risk.jit.clock import stopped, working_time
from app.risk.jit.kernels import KERNELS, POLICY, Kernel, elements, fresh_patience
from app.usecases import compiling

SOURCE = """
from app.risk.jit import Int64s, inner, kernel
STEP = {step}

@inner
def raised(value: int) -> int:
    return value + STEP

@kernel
def summed(values: Int64s) -> int:
    total = 0
    for i in range(len(values)):
        total += raised(values[i])
    return total
"""


@pytest.fixture(autouse=True)
def no_traces() -> Iterator[None]:
    before = dict(KERNELS)
    yield
    KERNELS.clear()
    KERNELS.update(before)


@pytest.fixture
def tiers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Neither way is forced, no code is kept, and whoever needs some is refused; the names of those that looked for code."""
    looked: list[str] = []

    def none_kept(kernel: Kernel[..., Any]) -> None:
        looked.append(kernel.name)

    def refuse(missing: Kernel[..., Any]) -> None:
        raise NotReady("not yet", retry_after=1)

    monkeypatch.setattr(kernels, "MODE", "")
    monkeypatch.setattr(native, "kept", none_kept)
    monkeypatch.setattr(POLICY, "when_missing", refuse)
    fresh_patience()
    return looked


def made(step: int = 1, path: str = "one.py") -> Kernel[..., Any]:
    names: dict[str, Any] = {"__name__": "app.risk.made"}
    exec(compile(SOURCE.format(step=step), path, "exec"), names)
    return names["summed"]  # type: ignore[no-any-return]


def test_small_work_is_interpreted_without_looking_for_code(tiers: list[str]) -> None:
    assert made()(np.arange(10)) == 55
    assert tiers == []


def test_large_work_needs_code(tiers: list[str]) -> None:
    with pytest.raises(NotReady):
        made()(np.zeros(kernels.LARGE + 1, np.int64))
    assert tiers == ["made.summed"]


def test_steps_say_what_is_large(tiers: list[str]) -> None:
    @kernel(steps=lambda values, rounds: rounds * len(values))
    def rounds_of(values: Floats, rounds: int) -> float:
        return float(values[0] * rounds)

    assert rounds_of(np.ones(10), 3) == 3.0
    with pytest.raises(NotReady):
        rounds_of(np.ones(10), kernels.LARGE)


def test_what_was_interpreted_long_enough_looks_for_code_and_goes_on_without(tiers: list[str]) -> None:
    slow = made()
    slow._spent = kernels.LOAD_SECONDS
    assert slow(np.arange(3)) == 6
    assert slow(np.arange(3)) == 6
    assert tiers == ["made.summed"], "it looks again only after a while"


def test_a_thread_that_lost_its_patience_needs_code(tiers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    slow = made()
    slow._spent = kernels.LOAD_SECONDS
    monkeypatch.setattr(POLICY, "patience_seconds", 0.0)
    fresh_patience()
    assert slow(np.arange(3)) == 6, "nothing is interpreted yet"
    with pytest.raises(NotReady):
        slow(np.arange(3))
    fresh_patience()
    assert slow(np.arange(3)) == 6


def test_integers_wrap_and_divisions_by_zero_are_silent() -> None:
    @kernel
    def rough(values: Int32s, zero: Floats) -> float:
        return float(values[0] + values[0]) + 1.0 / zero[0]

    assert rough(np.array([2**31 - 1], np.int32), np.zeros(1)) == np.inf


def test_elements_counts_arrays_inside_records() -> None:
    assert elements((np.zeros(3), (np.zeros((2, 2)), 5), 7)) == 7


def test_the_same_text_elsewhere_is_the_same_kernel() -> None:
    assert content.digest(made()) == content.digest(made(path="elsewhere.py"))


def test_a_constant_of_a_callee_makes_another_kernel() -> None:
    assert content.digest(made(1)) != content.digest(made(2))


def test_another_signature_makes_another_kernel() -> None:
    def twice(values: Floats) -> float:
        return float(2 * values[0])

    def twice_32(values: Int32s) -> float:
        return float(2 * values[0])

    twice_32.__code__ = twice.__code__
    assert content.digest(kernel(twice)) != content.digest(kernel(twice_32))


def test_a_record_that_moved_makes_another_kernel() -> None:
    """Kept code names the module of each record; from an older version it would be looked for where it is no longer."""

    class Pair(NamedTuple):
        values: Floats

    def of_pair(pair: Pair) -> float:
        return float(pair.values[0])

    Pair.__annotations__["values"] = Floats
    of_pair.__annotations__ = {"pair": Pair, "return": float}
    here = content.digest(kernel(of_pair))
    Pair.__module__ = "elsewhere"
    assert content.digest(kernel(of_pair)) != here


def test_callees_are_found_and_weigh() -> None:
    outer = made()
    assert [callee.name for callee in outer.callees] == ["made.raised"]
    assert content.weight(outer) > content.weight(outer.callees[0]) > 0


def test_nobody_is_charged_for_compiling_or_interpreting() -> None:
    @kernel
    def slow(values: Floats) -> float:
        time.sleep(0.02)
        return float(values[0])

    before, wall = working_time(), time.monotonic()
    with stopped():
        time.sleep(0.02)
    slow(np.ones(1))
    charged, passed = working_time() - before, time.monotonic() - wall
    assert passed >= 0.04
    assert charged <= passed - 0.04 + 1e-6


def test_a_web_process_says_how_far_compiling_is(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []

    class Quiet(compiling.Beside):
        def start(self) -> None:
            started.append(True)

    class HalfWay:
        def now(self) -> compiling.Progress:
            return compiling.Progress(120, 276, 41.6)

    monkeypatch.setattr(kernels, "MODE", "")
    monkeypatch.setattr(native, "kept", lambda missing: None)
    monkeypatch.setattr(POLICY, "when_missing", POLICY.when_missing)
    monkeypatch.setattr(POLICY, "patience_seconds", POLICY.patience_seconds)
    monkeypatch.setattr(compiling, "_course", HalfWay)
    compiling.never_compile_in_requests(Quiet([]))
    with pytest.raises(NotReady, match=r"120 of 276, about 42 s left") as refused:
        made()(np.zeros(kernels.LARGE + 1, np.int64))
    assert refused.value.details["retry_after"] == 30
    assert started == [True]


@inner
def _inside(value: int) -> int:
    return value + 1


def test_an_inner_kernel_is_plain_python_to_python(tiers: list[str]) -> None:
    assert _inside(1) == 2
    assert tiers == []


def test_what_is_interpreted_for_long_has_a_process_beside_it_begin_to_compile(
    tiers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[bool] = []

    class Quiet(compiling.Beside):
        def start(self) -> None:
            self._asked = True
            started.append(True)

    monkeypatch.setattr(POLICY, "when_slow", POLICY.when_slow)
    monkeypatch.setattr(POLICY, "when_missing", POLICY.when_missing)
    monkeypatch.setattr(kernels, "SLOW_SECONDS", 0.0)
    compiling.wait_for_kernels(lambda progress: None, Quiet([]))
    slow = made()
    assert [slow(np.arange(3)), slow(np.arange(3))] == [6, 6]
    assert started == [True]
