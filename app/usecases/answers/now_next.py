"""From the present state: its probable cause, and what to restore first."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import numpy as np

from app.domain.graph import ORIGIN_NAMES
from app.domain.live import DEGRADED, DOWN, MAINTENANCE
from app.domain.now import CauseRow, NowCauses, RestoreFirst, RestoreRow
from app.domain.sentences import count, number
from app.risk.jit import Array
from app.risk.outage.diagnosis import FALSE_REPORTS, MISSING, Diagnosis, ProbableCause, diagnose
from app.risk.outage.present import clocks, present_state
from app.risk.outage.propagation import Outage, outage
from app.risk.outage.restore_first import EXACT, RestoreOrder, restore_order
from app.risk.outage.what_if import Rule, service_curve
from app.usecases.answers.live_state import LiveState, live_state
from app.usecases.answers.paths import known
from app.usecases.keep.live import Present
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

CAUSES, UNEXPLAINED_SHOWN = 10, 100
SECONDS = 2.0  # for the search of causes
ORDERED = 32  # CIs that are put into an order, those first that cost most alone
SHOWN = 100
ASSUMED_HOURS = 4.0
StateOf = Callable[[frozenset[int]], Outage]  # the state while these CIs are as they are reported, and no other


def now_causes(
    tools: Tools, limit: int = CAUSES, now: datetime | None = None, seconds: float = SECONDS, words: Present | None = None
) -> NowCauses:
    """Returns the CIs whose outage explains best what is reported down."""
    state = live_state(tools, now, words)
    estate = state.estate
    down = [position for position in state.out if state.effects[position].state == DOWN]
    resting = [position for position in state.out if state.effects[position].state == MAINTENANCE]
    found = diagnose(estate.compiled, down, limit, seconds=seconds, space=estate.workspace(), known=resting)
    weights = [math.exp(one.score - found.ranked[0].score) for one in found.ranked]
    rows = [_cause(state, one, weight / sum(weights)) for one, weight in zip(found.ranked, weights, strict=True)]
    unexplained = [estate.key(int(position)) for position in found.unexplained[:UNEXPLAINED_SHOWN]]
    return NowCauses(
        stamp=stamp_of(estate, tools.documents),
        at=state.at.isoformat(),
        observed=len(down),
        sentence=_said_of_causes(rows, len(down), found),
        items=rows,
        fewest=[estate.key(position) for position in found.fewest],
        unexplained=unexplained,
        unexplained_total=len(found.unexplained),
        tried=found.tried,
        candidates=found.candidates,
        truncated=found.tried < found.candidates or len(unexplained) < len(found.unexplained),
        assumptions=[
            f"of the CIs that are down nobody reports {MISSING:.0%}, of the reports {FALSE_REPORTS:.0%} are false",
            "what is in maintenance explains what it takes down",
            "CIs that are reported degraded are no evidence",
            "among CIs that explain alike the one that fails more often comes first",
        ],
    )


def _cause(state: LiveState, one: ProbableCause, share: float) -> CauseRow:
    estate, position = state.estate, one.position
    reported = position in state.effects
    text = f"If {estate.name(position)} is the cause, it explains {count(one.explained, 'report')}"
    unseen = one.missing
    text += (
        f" and takes down {count(unseen, 'CI')} that nobody reports."
        if unseen
        else ", and nothing that it takes down is unreported."
    )
    return CauseRow(
        estate.key(position), estate.name(position), estate.text("ci_class", position), estate.text("team", position), reported,
        one.explained, unseen, share, text,
    )  # fmt: skip


def _said_of_causes(rows: Sequence[CauseRow], observed: int, found: Diagnosis) -> str:
    if not observed:
        return "No CI is reported down."
    if not rows:
        return (
            "What is reported down is explained by what is in maintenance."
            if not found.candidates
            else "No cause was found in the time allowed."
        )
    first = rows[0]
    text = f"Most probably {first.name} is the cause: it explains {first.explained} of {count(observed, 'CI')} reported down"
    if len(found.fewest) > 1:
        text += f"; {len(found.fewest)} causes together leave {len(found.unexplained)} unexplained"
    elif len(found.unexplained):
        text += f"; {len(found.unexplained)} stay unexplained"
    return text + "."


@dataclass(frozen=True, slots=True)
class _Work:
    """The CIs that are worked on (roots), those that fall with them, and what each costs and takes. `weights` float64[S]: the
    loss of the next hour of each service, in the measure."""

    roots: Sequence[int]
    follow: Sequence[int]
    fell: Mapping[int, frozenset[int]]
    hours: Mapping[int, float]
    origins: Mapping[int, str]
    measure: str
    weights: Array


def restore_first(tools: Tools, most: int = ORDERED, now: datetime | None = None, words: Present | None = None) -> RestoreFirst:
    """Returns the order in which to restore what is reported, by the loss avoided for each hour of work."""
    state = live_state(tools, now, words)
    estate = state.estate
    compiled, rule = estate.compiled, cast(Rule, tools.settings.model.rule)
    work = _work(state, rule)
    space = estate.workspace()

    def state_of(out: frozenset[int]) -> Outage:
        down = [position for position in out if position not in state.shares]
        return present_state(compiled, down, {p: s for p, s in state.shares.items() if p in out}, space, rule)

    rest = compiled.flat.rest_capability[compiled.service_position]

    def loss(out: frozenset[int]) -> float:
        result = state_of(out)
        lost = float((work.weights[result.services_down] * rest[result.services_down]).sum())
        degraded = result.services_degraded
        return lost + float((work.weights[degraded] * (rest[degraded] - result.service_capability)).sum())

    alone = {root: loss(frozenset({root})) for root in work.roots}
    chosen = sorted(work.roots, key=lambda root: (-alone[root], root))[:most]
    needs = {root: frozenset(other for other in chosen if other != root and root in work.fell[other]) for root in chosen}
    hours = {root: work.hours[root] for root in chosen}
    order = restore_order(loss, hours, needs, _packages(work, chosen, state_of) if len(chosen) > EXACT else ())
    rows = _rows(state, work, order, state_of)
    left = [root for root in work.roots if root not in hours]
    return RestoreFirst(
        stamp=stamp_of(estate, tools.documents),
        at=state.at.isoformat(),
        measure=work.measure,
        sentence=_said_of_order(rows, work.measure, estate.options.currency),
        items=rows,
        left_out=[estate.key(position) for position in left[:SHOWN]],
        left_out_total=len(left),
        follow=[estate.key(position) for position in work.follow[:SHOWN]],
        follow_total=len(work.follow),
        exact=order.exact and not left,
        avoided=order.avoided,
        truncated=bool(left) or len(work.follow) > SHOWN,
        assumptions=[
            "one crew works on one CI after another, and none is part restored already",
            "what falls with another reported CI comes back with it",
            f"where nobody knows the restore time, {ASSUMED_HOURS:g} h are assumed; a maintenance takes until its expected end",
            "each service loses what its next hour costs, for as long as the work takes",
        ],
    )


def _work(state: LiveState, rule: Rule) -> _Work:
    compiled, estate = state.estate.compiled, state.estate
    space = estate.workspace()
    fell: dict[int, frozenset[int]] = {}
    roots: list[int] = []
    follow: list[int] = []
    taken: set[int] = set()
    for position in sorted(state.effects):  # providers come before what needs them
        if position in taken:
            follow.append(position)
            continue
        roots.append(position)
        out = state.effects[position].state != DEGRADED
        fell[position] = frozenset(outage(compiled, [position], space).failed.tolist()) if out else frozenset()
        lasting = [root for root in roots if root not in state.shares]
        taken = set(outage(compiled, lasting, space).failed.tolist()) if len(lasting) > 1 else set(fell[position]) | taken
    result = present_state(compiled, state.out, state.shares, space, rule)
    hours = {root: _hours(state, root) for root in roots}
    measure, weights = _weights(state, result)
    return _Work(
        roots, follow, fell, {root: one[0] for root, one in hours.items()}, {root: one[1] for root, one in hours.items()},
        measure, weights,
    )  # fmt: skip


def _hours(state: LiveState, position: int) -> tuple[float, str]:
    """Returns the work on a CI and where the figure is from."""
    ends = [one.ends_at for one in state.reports[position] if one.state == MAINTENANCE and one.ends_at]
    if state.effects[position].state == MAINTENANCE and ends:
        left = (datetime.fromisoformat(max(ends)) - state.at) / timedelta(hours=1)
        if left > 0:
            return left, "expected end"
    estate = state.estate
    hours = known(estate.compiled.repair_hours[position])
    if hours is None or hours <= 0:
        return ASSUMED_HOURS, "assumed"
    return hours, ORIGIN_NAMES[int(estate.graph.cis.repair_origin[int(estate.compiled.row[position])])]


def _weights(state: LiveState, result: Outage) -> tuple[str, Array]:
    """Returns the measure that is known of every service that is hit, and what the next hour costs each in it: money, else
    customers, else services."""
    compiled = state.estate.compiled
    hit = [*result.services_down.tolist(), *result.services_degraded.tolist()]
    weights = np.zeros(len(compiled.service_position))
    curves = {number: service_curve(compiled, number) for number in hit}
    order = state.out
    running = clocks(compiled, order, state.estate.workspace())
    if all(curve is not None for curve in curves.values()):
        for one, curve in curves.items():
            turn = running.of(int(compiled.service_position[one]))
            since = state.effects[order[turn]].started_at if turn >= 0 else ""
            elapsed = max((state.at - datetime.fromisoformat(since)) / timedelta(hours=1), 0.0) if since else 0.0
            weights[one] = curve.at(elapsed + 1.0) - curve.at(elapsed) if curve is not None else 0.0
        return "money an hour", weights
    if all(known(compiled.customers[one]) is not None for one in hit):
        weights[hit] = compiled.customers[hit]
        return "customers", weights
    weights[hit] = 1.0
    return "services", weights


def _packages(work: _Work, chosen: Sequence[int], state_of: StateOf) -> list[frozenset[int]]:
    """Returns for the costliest services that are down the CIs that bring each back together, nothing of it dispensable."""
    everything = frozenset(chosen)
    first = state_of(everything)
    services = sorted(first.services_down.tolist(), key=lambda one: -work.weights[one])[:ORDERED]
    found: set[frozenset[int]] = set()
    for service in services:
        package = everything
        for root in sorted(everything, key=lambda one: -work.hours[one]):
            if service not in set(state_of(everything - (package - {root})).services_down.tolist()):
                package -= {root}
        found.add(package)
    return sorted(found, key=sorted)


def _rows(state: LiveState, work: _Work, order: RestoreOrder, state_of: StateOf) -> list[RestoreRow]:
    estate = state.estate
    out = frozenset(step.ci for step in order.steps)
    rows, done = [], 0.0
    hit = _hit(state_of(out)) if out else set()
    for step in order.steps:
        out -= {step.ci}
        still = _hit(state_of(out))
        back = [estate.name(int(estate.compiled.service_position[one])) for one in sorted(hit - still)]
        hit, done = still, done + step.hours
        rows.append(
            RestoreRow(
                estate.key(step.ci), estate.name(step.ci), estate.text("ci_class", step.ci), estate.text("team", step.ci),
                estate.text("supplier", step.ci), state.effects[step.ci].state, step.hours, work.origins[step.ci], done,
                step.loss_before, step.loss_after, step.avoided_per_hour, back[:SHOWN], len(back),
            )
        )  # fmt: skip
    return rows


def _hit(result: Outage) -> set[int]:
    return {*result.services_down.tolist(), *result.services_degraded.tolist()}


def _said_of_order(rows: Sequence[RestoreRow], measure: str, currency: str) -> str:
    if not rows:
        return "Nothing is reported that could be restored."
    first = rows[0]
    unit = f"{currency} an hour" if measure == "money an hour" else measure
    text = f"Restore {first.name} first ({number(first.hours)} h of work)"
    if first.avoided_per_hour > 0:
        text += f": each hour of that work saves {number(first.avoided_per_hour)} {unit}"
    return text + "."
