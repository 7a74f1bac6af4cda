"""Digests of everything that kernels answer about random estates: run as a program once interpreted and once compiled, they must
be equal.

FORESTAY_KERNELS=interpreted python -m tests.both_ways 3 7     one line for each question about the estates of seeds 3..6
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from app.risk.exact.answers.service import Want, exact_service
from app.risk.exact.diagrams.budget import Budget
from app.risk.first_order.paper_redundancy import paper_redundancy
from app.risk.first_order.reassess import reassess
from app.risk.first_order.sweep import contributions_in, contributions_to, first_order
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.subestate import subestate_of
from app.risk.intake.compile import compile_graph
from app.risk.outage.causes import causes, standing_groups
from app.risk.outage.cold_start import cold_start
from app.risk.outage.diagnosis import diagnose
from app.risk.outage.expected_capability import expected_capability
from app.risk.outage.one_away import one_failure_away
from app.risk.outage.present import clocks, present_state
from app.risk.outage.propagation import outage
from app.risk.recovery.crews import Crews, crew_schedule
from app.risk.recovery.data_loss import data_loss
from app.risk.recovery.restore_times import restoration, restore_plan
from app.risk.recovery.single_outages import hours_after_single_outages
from app.risk.sampling.critical import critical
from app.risk.sampling.degradation_worlds import sample_degradation
from app.risk.sampling.rare import rare_unavailability
from app.risk.sampling.worlds import sample_worlds
from app.risk.sampling.years import simulate_years
from app.risk.study.estate_redundancy import estate_redundancy
from app.risk.timeline.one_outage import what_if
from app.risk.timeline.question import Fail, Question, Step
from app.risk.timeline.timeline import timeline
from tests.unit.risk.build import graph_of
from tests.unit.risk.first_order.test_sweep import rich_estate

WANT = Want(counts=True, cut_sets=20, bounds=True, fussell_vesely=True)
BUDGET = Budget(20_000, 60.0)
UNTIMED = {"seconds"}


def digest(value: Any) -> str:
    """Of every bit of an answer but the seconds it took."""
    said = hashlib.blake2b(digest_size=8)
    for part in _parts(value):
        said.update(part)
    return said.hexdigest()


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, np.ndarray):
        yield f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes()
    elif is_dataclass(value):
        for entry in fields(value):
            if entry.name not in UNTIMED:
                yield entry.name.encode()
                yield from _parts(getattr(value, entry.name))
    elif isinstance(value, dict):
        for key in value:
            yield repr(key).encode()
            yield from _parts(value[key])
    elif isinstance(value, frozenset):
        yield from _parts(sorted(value))
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _parts(part)
    elif isinstance(value, (float, np.floating)):
        yield float(value).hex().encode()
    elif isinstance(value, (bool, np.bool_)):
        yield str(bool(value)).encode()
    elif isinstance(value, (int, np.integer)):
        yield str(int(value)).encode()
    elif isinstance(value, (str, type(None))):
        yield repr(value).encode()
    else:
        raise TypeError(f"no digest of {type(value)}")


def answers(seed: int) -> Iterator[tuple[str, Any]]:
    """Every question that reaches a kernel, with its answer, about one random estate."""
    rng = random.Random(seed)
    estate = rich_estate(rng, rng.choice((4, 9, 14)))
    compiled = compile_graph(graph_of(estate))
    yield "compile", compiled.to_arrays()
    first = first_order(compiled, threads=1)
    yield "first order", first
    yield "worst rule", first_order(compiled, threads=1, rule=1)
    yield from _recovery(compiled, rng)
    yield "paper", paper_redundancy(compiled)
    yield "cold start", cold_start(compiled)
    yield from _outages(compiled, rng)
    worlds = sample_worlds(compiled, seed, 0, 1)
    yield "worlds", worlds
    yield "redundancy", estate_redundancy(compiled, first, BUDGET, threads=1, samples=4096)
    for number, position in enumerate(compiled.service_position.tolist()):
        yield from _service(compiled, first, number, position, seed)
    changed = compile_graph(graph_of(_changed(estate, rng)))
    yield "reassess", reassess(compiled, first, changed)


def _outages(compiled: CompiledGraph, rng: random.Random) -> Iterator[tuple[str, Any]]:
    for _ in range(3):
        down = sorted(rng.sample(range(len(compiled)), min(2, len(compiled))))
        result = outage(compiled, down)
        yield "outage", result
        yield "causes", causes(compiled, result)
        groups = standing_groups(compiled, result)
        yield "groups", (groups.touched, groups.worn)
        yield "one away", one_failure_away(compiled, result, 60.0)
        yield "what if", what_if(compiled, down, 4.0, (1.0, 2.0))
        failed = [Step(at_hours, [Fail(np.array([position], np.int32), modelled=True)]) for at_hours, position in enumerate(down)]
        yield "over time", timeline(compiled, Question(failed))
        yield "present", present_state(compiled, down[:1], {down[-1]: 0.5})
        yield "clocks", clocks(compiled, down)
        yield "diagnosis", diagnose(compiled, result.failed.tolist(), 5)


def _recovery(compiled: CompiledGraph, rng: random.Random) -> Iterator[tuple[str, Any]]:
    plan = restore_plan(compiled)
    times = restoration(compiled, compiled.repair_hours, np.arange(len(compiled), dtype=np.int32), plan)
    yield "recovery", times
    crews = Crews(np.array([rng.randrange(-1, 2) for _ in range(len(compiled))], np.int32), np.array([1, 2], np.int32))
    yield "crews", tuple(crew_schedule(compiled, compiled.repair_hours, times, plan, crews, compiled.service_position))
    loss = data_loss(compiled, compiled.repair_hours, np.zeros(len(compiled)))
    yield "data", tuple(loss)
    point = np.flatnonzero(first_order(compiled, threads=1).failed).astype(np.int32)
    yield "after each", hours_after_single_outages(compiled, point, np.resize(compiled.service_position, len(point)))


def _service(compiled: CompiledGraph, first: Any, number: int, position: int, seed: int) -> Iterator[tuple[str, Any]]:
    yield "exact", exact_service(compiled, position, BUDGET, want=WANT)
    yield "contributions", (contributions_to(compiled, number), contributions_in(compiled, first, number))
    yield "expected capability", expected_capability(compiled, position)
    cut = subestate_of(compiled, position)
    yield "cut out", (cut.compiled.to_arrays(), cut.positions)
    yield "degradation", sample_degradation(cut, seed, 0, 1)
    yield "years", simulate_years(cut, seed, 0, 1)
    yield "rare", rare_unavailability(cut, seed, 2048)
    yield "critical", critical(cut, seed, 2048)


def _changed(estate: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    cis = [dict(ci) for ci in estate["cis"]]
    rng.choice(cis)["repair_hours"] = 7.5
    return {**estate, "cis": cis}


def main(first: int, last: int) -> None:
    """Print one line for each answer: seed, number, question, digest."""
    for seed in range(first, last):
        for number, (name, value) in enumerate(answers(seed)):
            print(seed, number, name, digest(value))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
