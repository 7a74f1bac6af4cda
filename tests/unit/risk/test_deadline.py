"""Every long loop of an answer looks at the deadline of its question between two blocks, in whatever thread it runs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.domain.errors import OutOfTime
from app.risk.first_order.sweep import sweep
from app.risk.graph.subestate import subestate_of
from app.risk.jit.clock import deadline, look
from app.risk.sampling.degradation_worlds import sample_degradation
from app.risk.sampling.stratified import stratified
from app.risk.sampling.tilted import tilted
from app.risk.sampling.years import simulate_years
from app.risk.timeline.one_outage import what_if
from app.usecases.answers.service_risk.years import within
from tests.builders import estate

OFTEN = {"failures_per_year": 9.0, "repair_hours": 90.0}


@pytest.fixture(scope="module")
def built() -> Any:
    return estate("S; a; b", groups={"S": [(1, "a b")]}, profiles={"a": OFTEN, "b": OFTEN})


LOOPS: dict[str, Callable[[Any, Any], object]] = {
    "worlds": lambda compiled, cut: sample_degradation(cut, 0, 0, 2, (), threads=2),
    "stratified samples": lambda compiled, cut: stratified(cut, 0, 1024, threads=2),
    "tilted samples": lambda compiled, cut: tilted(cut, 0, 1024, threads=2),
    "years": lambda compiled, cut: simulate_years(cut, 0, 0, 2, threads=2, listen=within(math.inf, 2)),
    "one outage": lambda compiled, cut: what_if(compiled, [1], 4.0),
    "all single outages": lambda compiled, cut: sweep(compiled, np.arange(3, dtype=np.int32)),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_ends_when_the_time_of_its_question_is_over(built: Any, name: str) -> None:
    compiled, cut = built.compiled, subestate_of(built.compiled, int(built.at("S")[0]))
    with deadline(time.monotonic() + 600):
        LOOPS[name](compiled, cut)
    with deadline(time.monotonic() - 1), pytest.raises(OutOfTime, match=r"raise web\.heavy_seconds"):
        LOOPS[name](compiled, cut)
    LOOPS[name](compiled, cut)  # nothing of it is left


def test_the_earlier_deadline_binds_and_names_its_setting() -> None:
    now = time.monotonic()
    with deadline(now - 1, "limits.scenario_seconds"), deadline(now + 600), pytest.raises(OutOfTime, match=r"scenario_seconds"):
        look()
    with deadline(now + 600), deadline(now - 1, "limits.scenario_seconds"), pytest.raises(OutOfTime, match=r"scenario_seconds"):
        look()
