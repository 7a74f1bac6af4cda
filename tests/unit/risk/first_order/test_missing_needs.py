"""Needs out of what failed together, on estates of a few CIs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.risk.first_order.missing_needs import failed_together
from tests.builders import Built, estate

HOUR = 3600.0


def looked(built: Built, happened: str, hours: float = 10_000.0) -> Any:
    """`happened`: "100:b S; 400:a S" are failures at hour 100 of b and of S a minute later; the last CI fails at the end."""
    at: list[int] = []
    started: list[float] = []
    for time in happened.split(";"):
        hour, _, names = time.strip().partition(":")
        for late, name in enumerate(names.split()):
            at.append(int(built.at(name)[0]))
            started.append(float(hour) * HOUR + 60.0 * late)
    last = int(built.at(built.order[-1])[0])
    at, started = [last, *at, last], [0.0, *started, hours * HOUR]
    return failed_together(built.compiled, np.asarray(at), np.asarray(started), np.zeros(len(built.compiled), np.int64))


def pairs(built: Built, told: Any) -> list[tuple[str, str]]:
    return [(built.names([one.dependent])[0], built.names([one.provider])[0]) for one in told.pairs if not one.second]


def test_a_need_that_nobody_stated_by_hand() -> None:
    built = estate("S; a; b; other", hard="S>a")
    told = looked(built, "1000:b S; 4000:b S; 7000:a S")
    assert pairs(built, told) == [("S", "b")]
    (one,) = told.pairs
    assert (one.together, one.failures, one.provider_failures) == (2, 2, 2), "with a it falls anyway"
    assert one.expected == pytest.approx(2 * 2 * 0.5 / 10_000) and one.chance == pytest.approx((2 * 0.5 / 10_000) ** 2, rel=1e-6)


def test_what_often_happens_together_by_chance_is_no_need() -> None:
    built = estate("S; a; b; other", hard="S>a")
    times = "; ".join(f"{hour}:b" for hour in range(1, 100, 2)) + "; 30:S; 70.9:S"
    assert not looked(built, times, hours=100.0).pairs, "b fails within 15 minutes of half of all times"


def test_what_is_above_the_gap_is_explained_by_it() -> None:
    built = estate("S; app; vm; host; other", hard="S>app vm>host")  # app on vm: nobody stated it
    times = "; ".join(f"{1000 + 700 * n}:{'host ' if n % 2 else ''}vm app S" for n in range(8))
    told = looked(built, times)
    assert pairs(built, told) == [("app", "vm")], "not S on vm, and not app on host, which is behind it"


def test_of_two_that_always_fail_together_the_later_one_needs_the_earlier() -> None:
    built = estate("S; a; p; q; other", hard="S>a")
    known = "; ".join(f"{100 + 1000 * n}:a S" for n in range(6))  # the estate's own: what is needed fails first
    for first, second in (("p", "q"), ("q", "p")):
        together = "; ".join(f"{600 + 1000 * n}:{first} {second}" for n in range(6))
        assert pairs(built, looked(built, f"{known}; {together}")) == [(second, first)]


def test_what_fails_together_by_a_group_is_explained() -> None:
    built = estate("S; a; b; other", groups={"S": [(1, "a b")]})
    assert not looked(built, "; ".join(f"{1000 * n}:a b S" for n in range(1, 6))).pairs or (
        ("S", "a") not in pairs(built, looked(built, "; ".join(f"{1000 * n}:a b S" for n in range(1, 6))))
    )


def test_nothing_on_record() -> None:
    built = estate("S; a", hard="S>a")
    told = failed_together(built.compiled, np.zeros(0, np.int64), np.zeros(0), np.zeros(2, np.int64))
    assert told.failures == 0 and not told.pairs
