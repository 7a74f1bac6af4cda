"""Whether a service can meet its availability goal, given what it depends on, and what uses up its error budget (model 1.6)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from app.domain.graph import ORIGIN_NAMES
from app.domain.quantities import HOURS_PER_YEAR
from app.domain.sentences import down_at_rest
from app.domain.sentences import number as said
from app.domain.service_risk import APPROXIMATE, EXACT, BudgetRow, Estimate, NeedRow, ServiceGoal
from app.risk.exact.answers.needs import exact_group
from app.risk.exact.answers.service import Want, exact_service
from app.risk.exact.diagrams.budget import Budget
from app.risk.first_order.sweep import Contributions, contributions_to
from app.risk.measures.goals import BudgetSheet, budget_sheet
from app.risk.services.service_figures import reachable_without_own
from app.usecases.answers.paths import known
from app.usecases.answers.service_risk.ask import (
    LISTED,
    Inquiry,
    RiskQuestion,
    ask,
    failovers_of,
    is_down_at_rest,
    remembered,
    scaled,
    unavailability_of,
    unknown,
    with_failovers,
)
from app.usecases.answers.service_risk.availability import lost_shares
from app.usecases.answers.service_risk.incomplete import as_far_as_read
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

NEEDS_SHOWN = 50
NEEDS_SECONDS, NEEDS_NODES = 3.0, 200_000  # of all of them together, of each: beyond that an interval will do


def service_goal(
    tools: Tools, question: RiskQuestion, target: float | None = None, detect_minutes: float = 0.0,
    limit: int = 50,
) -> ServiceGoal:  # fmt: skip
    """Judges the goal.

    `target`: the goal, default that of the service's exposure. `detect_minutes`: how much of a restore time is detection.
    """
    inquiry = ask(tools, question, Want(cut_sets=LISTED))
    goal = target if target is not None else _target(inquiry)
    q, worlds = unavailability_of(inquiry)
    lost, _, drawn = lost_shares(inquiry, q, ("product",))
    name = ("needs", inquiry.position, inquiry.forced, inquiry.question.nodes, inquiry.question.seconds)
    reachable, needs = _reachable(inquiry), remembered(inquiry.estate, name, lambda: _needs(inquiry))
    told = contributions_to(inquiry.estate.compiled, inquiry.number)
    sheet = _sheet(inquiry, told, lost, goal, detect_minutes)
    rows = [_row(inquiry, told, sheet, k) for k in range(min(limit, len(sheet.row)))]
    hidden = sum(known(minutes) or 0.0 for minutes in sheet.bad_minutes[limit:].tolist())
    rest = _rest_row(sheet)
    all_read = not inquiry.estate.open_needs(inquiry.position)
    availability = Estimate(0.0, EXACT) if is_down_at_rest(inquiry) else scaled(lost, -1.0, _rest(inquiry))
    total = known(sheet.total_minutes)
    allowed = known(sheet.budget_minutes)
    answer = ServiceGoal(
        stamp=stamp_of(inquiry.estate, tools.documents),
        key=inquiry.key,
        name=inquiry.name,
        target=goal,
        verdict=_verdict(goal, availability, all_read),
        sentence=_sentence(inquiry, goal, availability, needs, all_read),
        availability=availability,
        best_reachable=reachable,
        binding=needs[0] if needs else None,
        needs=needs,
        budget_minutes_per_year=allowed,
        bad_minutes_per_year=_bad_minutes(inquiry, lost),
        share_of_budget=total / allowed if total is not None and allowed else None,
        rows=[*rows, rest] if rest is not None else rows,
        rows_total=len(sheet.row) + (rest is not None),
        truncated=len(sheet.row) > limit,
        rows_not_shown_minutes=hidden,
        notes=_notes(inquiry, detect_minutes),
        effort=inquiry.effort(max(worlds, drawn)),
        settings={"detect_minutes": detect_minutes},
        share_of_budget_infinite=bool(total and allowed == 0.0),
    )
    return as_far_as_read(answer, inquiry)


def _bad_minutes(inquiry: Inquiry, lost: Estimate) -> Estimate:
    """Returns the bad minutes against the state at rest; where the service is down in it, all of the year."""
    if is_down_at_rest(inquiry):
        return Estimate(60.0 * HOURS_PER_YEAR, EXACT, note=down_at_rest(inquiry.name))
    return scaled(lost, 60.0 * HOURS_PER_YEAR)


def _target(inquiry: Inquiry) -> float | None:
    row = int(inquiry.estate.compiled.service_row[inquiry.number])
    return inquiry.estate.graph.services[row].availability_target if row >= 0 else None


def _rest(inquiry: Inquiry) -> float:
    return float(inquiry.estate.compiled.flat.rest_capability[inquiry.position])


def _sheet(inquiry: Inquiry, told: Contributions, lost: Estimate, goal: float | None, detect_minutes: float) -> BudgetSheet:
    compiled, at = inquiry.estate.compiled, told.position
    total = math.nan if lost.value is None else 60.0 * HOURS_PER_YEAR * lost.value
    return budget_sheet(
        told.service_hours,
        compiled.failures_per_year[at],
        compiled.repair_hours[at],
        total,
        math.nan if goal is None else goal,
        detect_minutes,
    )


def _row(inquiry: Inquiry, told: Contributions, sheet: BudgetSheet, k: int) -> BudgetRow:
    estate = inquiry.estate
    position = int(told.position[int(sheet.row[k])])
    return BudgetRow(
        key=estate.key(position),
        name=estate.name(position),
        detect_minutes=known(sheet.detect_minutes[k]),
        resolve_minutes=known(sheet.resolve_minutes[k]),
        share_of_users=known(sheet.share_of_users[k]),
        interval_days=_finite(sheet.interval_days[k]),
        bad_minutes_per_year=known(sheet.bad_minutes[k]),
        share_of_budget=_finite(sheet.share_of_budget[k]),
        flagged=bool(sheet.flagged[k]),
        origin=ORIGIN_NAMES[int(estate.graph.cis.failures_origin[int(estate.compiled.row[position])])],
        share_of_budget_infinite=math.isinf(sheet.share_of_budget[k]),
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _rest_row(sheet: BudgetSheet) -> BudgetRow | None:
    """Returns the row of what only combinations of failures cost, less what overlapping outages count twice above."""
    if math.isnan(sheet.rest_minutes):
        return None
    share = sheet.rest_minutes / sheet.budget_minutes if sheet.budget_minutes > 0 else None
    endless = sheet.budget_minutes == 0.0 and sheet.rest_minutes > 0.0
    return BudgetRow(
        "",
        "combinations of failures, less overlaps",
        None,
        None,
        None,
        None,
        sheet.rest_minutes,
        share,
        bool(share and share > 0.25) or endless,
        "",
        endless,
    )


def _reachable(inquiry: Inquiry) -> Estimate:
    """Returns the availability if the service's own CI never failed: what it depends on allows no better."""
    if not inquiry.is_exact:
        return unknown("needs the exact engine")
    switched = failovers_of(inquiry)
    more = 0.0 if switched is None else switched.down_hours() / HOURS_PER_YEAR
    return with_failovers(inquiry, Estimate(reachable_without_own(inquiry.exact), EXACT), -more)


def _needs(inquiry: Inquiry) -> list[NeedRow]:
    """Returns the direct needs, the one that allows least first; a group counts as one."""
    compiled, flat, v = inquiry.estate.compiled, inquiry.estate.compiled.flat, inquiry.position
    count = int(flat.reverse_ptr[v + 1] - flat.reverse_ptr[v] + flat.group_ptr[v + 1] - flat.group_ptr[v])
    seconds = min(inquiry.question.seconds, NEEDS_SECONDS) / max(1, min(count, NEEDS_SHOWN))
    budget = Budget(min(inquiry.question.nodes, NEEDS_NODES), seconds)
    found = []
    for u in flat.reverse[flat.reverse_ptr[v] : flat.reverse_ptr[v + 1]].tolist()[:NEEDS_SHOWN]:
        told = exact_service(compiled, int(u), budget, forced=inquiry.forced, want=Want(birnbaum=False))
        found.append(_need("hard or supply", inquiry, [int(u)], told.q_low, told.q_high, told.method == EXACT))
    for g in range(int(flat.group_ptr[v]), int(flat.group_ptr[v + 1])):
        members = flat.member[flat.member_ptr[g] : flat.member_ptr[g + 1]].tolist()
        told = exact_group(compiled, g, budget, inquiry.forced)
        kind = f"{int(flat.group_needed[g])} of {len(members)}"
        found.append(_need(kind, inquiry, members, told.q_low, told.q_high, told.method == EXACT))
    return sorted(
        found, key=lambda row: row.availability.value if row.availability.value is not None else row.availability.high or 1.0
    )


def _need(kind: str, inquiry: Inquiry, members: Sequence[int], low: float, high: float, exact: bool) -> NeedRow:
    names = [inquiry.estate.name(p) for p in members[:20]]
    if exact:
        return NeedRow(kind, names, Estimate(1.0 - high, EXACT))
    return NeedRow(kind, names, Estimate(None, "bounded", 1.0 - high, 1.0 - low))


def _verdict(goal: float | None, availability: Estimate, all_read: bool) -> str:
    """Returns the verdict.

    With needs that were not read the availability is an upper bound: a goal may be missed, and is not known to be met.
    """
    found = _judged(goal, availability)
    return "undecided" if found == "met" and not all_read else found


def _judged(goal: float | None, availability: Estimate) -> str:
    if goal is None:
        return "no goal"
    if availability.method in (EXACT, APPROXIMATE) and availability.value is not None:
        return "met" if availability.value >= goal else "missed"
    if availability.low is not None and availability.low >= goal:
        return "met"
    if availability.high is not None and availability.high < goal:
        return "missed"
    return "undecided"


def _sentence(inquiry: Inquiry, goal: float | None, availability: Estimate, needs: Sequence[NeedRow], all_read: bool) -> str:
    verdict = _verdict(goal, availability, all_read)
    if is_down_at_rest(inquiry):
        return down_at_rest(inquiry.name)
    if goal is None:
        return f"{inquiry.name} has no availability goal."
    reached = "an availability nobody can bound"
    if availability.value is not None:
        reached = f"{availability.value:.4%}"
    elif availability.low is not None and availability.high is not None:
        reached = f"between {availability.low:.4%} and {availability.high:.4%}"
    binding = (
        f" {' or '.join(needs[0].names[:3])} allows {needs[0].availability.value:.4%} at most."
        if needs and needs[0].availability.value is not None
        else ""
    )
    word = {"met": "meets", "missed": "misses", "undecided": "may or may not meet"}[verdict]
    at_most = "" if all_read else " at most, as needs were not read"
    allowed = f"the goal allows {said((1 - goal) * 525960)} bad minutes a year"
    return f"{inquiry.name} {word} its goal of {goal:.4%}: {reached} is expected{at_most}; {allowed}.{binding}"


def _notes(inquiry: Inquiry, detect_minutes: float) -> list[str]:
    notes = [
        "a row is one CI out with everything else up; the last row is what only combinations cost, "
        "less what overlapping outages count twice"
    ]
    if detect_minutes == 0.0:
        notes.append("restore times include detection: no part of them is shown as such")
    if inquiry.exact.unknown:
        notes.append(f"{inquiry.exact.unknown:,} CIs of the cone have no unavailability: they count as never down")
    return notes
