"""One change: what falls with it, what may go wrong meanwhile, who should approve it, what it collides with, and when it does
better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.change_answers import (
    APPROVALS,
    CLEAR,
    COLLIDES,
    IN_PEAK,
    TOGETHER,
    UNCLEAR,
    BetterWindow,
    ChangeCheck,
    CollisionRow,
    Gaps,
    Reason,
    TimeSpan,
)
from app.domain.errors import InvalidInput
from app.domain.planned import CHANGE, PLANNED, PlannedEntry, moment_text
from app.domain.quantities import HOURS_PER_YEAR, NORMAL_95
from app.domain.results import OneAway, ServiceHit
from app.domain.sentences import count, number, percent
from app.risk.outage.causes import worn_groups
from app.risk.outage.collisions import Span, merged
from app.risk.outage.free_windows import free_windows
from app.risk.outage.one_away import OneAway as Away
from app.risk.outage.one_away import one_failure_away
from app.risk.outage.propagation import Outage
from app.risk.outage.what_if import Rule, service_curve
from app.risk.timeline.one_outage import what_if
from app.settings import ChangeSettings, TicketSettings
from app.usecases.answers.collisions import ASSUMPTIONS, Schedule, rows_of, schedule_of
from app.usecases.answers.felt import interrupted_services
from app.usecases.answers.impact import impact_level, priority_of, urgency_of
from app.usecases.answers.live_state import live_state
from app.usecases.answers.paths import customers_by_share, down_customers, known, left_incomplete, service_hits, used_up
from app.usecases.estate import Estate
from app.usecases.keep.planned import all_plans, entry_named
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

SHOWN, LISTED, AWAY_SHOWN = 50, 200, 50
AWAY_SECONDS = 1.0
CANDIDATES = 24  # free windows of which the loss is worked out
UNNAMED = "asked"  # the id of a change that is not kept
STANDARD, OWNER, BOARD, ANOTHER_TIME = APPROVALS
NOT_HOW_OFTEN = (
    "a further failure is counted by the rate of one CI at a time, and lasts to the end of the window: at most so much",
    "the loss does not depend on the hour of the day but through what else is planned then",
)


@dataclass(frozen=True, slots=True)
class ChangeQuestion:
    """A kept change by its id, or CIs with a window (unix seconds)."""

    change: str = ""
    cis: Sequence[str] = ()
    start: int = 0
    end: int = 0
    propose: int = 5


@dataclass(frozen=True, slots=True)
class Risk:
    """What a set of CIs costs that is out for some hours. `further`: at most, by rate; `worst`: the costliest further failure."""

    planned: float | None
    plus_minus: float
    unknown: int  # services whose money is unknown
    further: float
    worst: float
    p_further: float
    rates_unknown: int
    away: Away


def risk_of(estate: Estate, result: Outage, hours: float, rule: Rule) -> Risk:
    """Returns the loss of an outage planned for some hours, and what further failures meanwhile may add.

    A CI fails meanwhile with 1 - e^(-rate * hours). A service that is one failure away stops with the sum of the rates of its CIs
    and then costs at most what the whole window of it does.
    """
    compiled, space = estate.compiled, estate.workspace()
    effects = what_if(compiled, result.down, hours, (), rule, space)
    money = [story.money for story in effects.stories]
    away = one_failure_away(compiled, result, AWAY_SECONDS, space)
    rates: dict[int, float | None] = {}
    costs: dict[int, float] = {}
    further, unknown = 0.0, sum(math.isnan(amount) for amount in money)
    for service, positions in away.positions.items():
        curve = service_curve(compiled, service)
        cost = curve.at(hours) if curve is not None else 0.0
        unknown += curve is None
        total = 0.0
        for position in positions:
            rate = rates.setdefault(position, known(compiled.failures_per_year[position]))
            total += rate or 0.0
            costs[position] = costs.get(position, 0.0) + cost
        further += -math.expm1(-total * hours / HOURS_PER_YEAR) * cost
    known_money = [amount for amount in money if not math.isnan(amount)]
    return Risk(
        sum(known_money) if known_money or not money else None, NORMAL_95 * effects.money_error, unknown, further,
        max(costs.values(), default=0.0),
        -math.expm1(-sum(rate or 0.0 for rate in rates.values()) * hours / HOURS_PER_YEAR),
        sum(rate is None for rate in rates.values()), away,
    )  # fmt: skip


def check_change(tools: Tools, question: ChangeQuestion, at: datetime | None = None) -> ChangeCheck:
    """Answers for a change that is kept, or for CIs and a window. InvalidInput where it has no window ahead."""
    state = live_state(tools, at)
    begin = int(state.at.timestamp())
    asked = _asked(question, begin) if not question.change else None
    entry = asked or entry_named(all_plans(tools.documents), question.change)
    ahead = [(max(start, begin), end) for start, end in entry.windows if end > begin]
    if entry.kind != CHANGE:
        raise InvalidInput(f"{entry.entry} is a {entry.kind}, no change", field="change")
    if not ahead:
        raise InvalidInput(f"{entry.title} has no window ahead", field="change" if question.change else "end_at")
    settings = tools.settings.changes
    length = max(end - start for start, end in ahead)
    looked = max(max(end for _, end in ahead), ahead[0][0] + length + int(settings.propose_days * 86_400))
    if entry.state != PLANNED:
        entry = asked = replace(entry, state=PLANNED, entry=f"{entry.entry} ({entry.state})")
    schedule = schedule_of(tools, (begin, looked), state, asked)
    about = next(number for number, one in enumerate(schedule.changes) if one.entry.entry == entry.entry)
    change = schedule.changes[about]
    found = schedule.search(about)
    rows, gaps = rows_of(schedule, found, about), schedule.gaps(len(found.unsure))
    hours = length / 3600
    estate, result = schedule.estate, schedule.outage(change.positions)
    risk = risk_of(estate, result, hours, schedule.rule)
    facts = _facts(estate, result)
    reasons = reasons_of(settings, facts, risk, rows, gaps)
    verdict = COLLIDES if rows else UNCLEAR if gaps.sentence else CLEAR
    proposed = _better(schedule, about, ahead[0][0], length, question.propose, settings) if question.propose else []
    priority, row = _priority(tools.settings.tickets, facts)
    stop = result.services_down.tolist()
    customers, customers_unknown, note = down_customers(estate, stop)
    needs, incomplete = left_incomplete(estate, stop)
    worn = worn_groups(estate.compiled, result)
    keys = [estate.key(position) for position in change.positions]
    approval = max((reason.approval for reason in reasons), key=APPROVALS.index, default=STANDARD)
    none = not change.positions
    return ChangeCheck(
        stamp=stamp_of(estate, tools.documents),
        change=entry.entry,
        title=entry.title,
        verdict=verdict,
        sentence=_sentence(verdict, approval, reasons),
        approval=approval,
        priority=priority,
        priority_row=row,
        reasons=reasons,
        windows=[TimeSpan(moment_text(start), moment_text(end)) for start, end in ahead[:SHOWN]],
        windows_total=len(ahead),
        hours=hours,
        cis=keys[:LISTED],
        cis_total=len(keys),
        cis_down=len(result.failed),
        cis_degraded=len(result.degraded),
        services_down=len(stop),
        services_degraded=len(result.services_degraded),
        services_interrupted=facts.interrupted,
        services=facts.hits[:LISTED],
        services_total=len(facts.hits),
        customers=None if none else customers,
        customers_unknown=customers_unknown,
        customers_note=note,
        loss_planned=None if none else risk.planned,
        loss_planned_plus_minus=risk.plus_minus,
        loss_expected=None if none or risk.planned is None else risk.planned + risk.further,
        loss_highest=None if none or risk.planned is None else risk.planned + risk.worst,
        money_unknown=risk.unknown,
        redundancy_used_up=used_up(estate, result, worn[:SHOWN].tolist()),
        redundancy_used_up_total=len(worn),
        one_failure_away=_away(estate, risk.away),
        one_failure_away_total=len(risk.away.positions),
        one_failure_away_tried=risk.away.tried,
        one_failure_away_candidates=risk.away.candidates,
        p_further_failure=risk.p_further,
        rates_unknown=risk.rates_unknown,
        collisions=rows[:LISTED],
        collisions_total=len(rows),
        better_windows=proposed,
        looked_until_at=moment_text(looked),
        gaps=gaps,
        services_incomplete=incomplete,
        open_needs=needs,
        assumptions=[*ASSUMPTIONS, *NOT_HOW_OFTEN],
    )


def _asked(question: ChangeQuestion, begin: int) -> PlannedEntry:
    if not question.cis:
        raise InvalidInput("name CIs and a window, or the id of a change", field="cis")
    if question.end <= question.start:
        raise InvalidInput("end_at lies after start_at", field="end_at")
    if question.end - question.start > 400 * 86_400:
        raise InvalidInput("a window lasts 400 days at most", field="end_at")
    span = (question.start, question.end)
    return PlannedEntry(UNNAMED, CHANGE, "this change", question.cis, "", (span,), "", "UTC", None, PLANNED, "asked")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a change does to services, as the rule reads it."""

    hits: Sequence[ServiceHit]  # down and degraded
    interrupted: int
    stopped_customers: float
    shared_customers: float
    customers_unknown: int
    used_up: int
    incomplete: int


def _facts(estate: Estate, result: Outage) -> Facts:
    hits = service_hits(estate, result, None)
    customers, _, _ = down_customers(estate, result.services_down.tolist())
    shared = customers_by_share(estate, result, customers)
    unknown = sum(hit.customers is None for hit in hits)
    _, incomplete = left_incomplete(estate, result.services_down.tolist())
    worn = len(worn_groups(estate.compiled, result))
    return Facts(hits, len(interrupted_services(estate, result)), customers or 0.0, shared or 0.0, unknown, worn, incomplete)


def _priority(settings: TicketSettings, facts: Facts) -> tuple[str, str]:
    level = impact_level(settings, len(facts.hits), facts.interrupted, facts.shared_customers, facts.customers_unknown)
    urgency = urgency_of(settings, [hit.mtpd_hours for hit in facts.hits], facts.incomplete > 0)
    return priority_of(settings, level, urgency), f"{level}/{urgency}"


def reasons_of(
    settings: ChangeSettings, facts: Facts, risk: Risk, rows: Sequence[CollisionRow], gaps: Gaps
) -> list[Reason]:  # fmt: skip
    """Returns why the change needs an approval beyond the standard one, the highest first: the published rule (docs/model.md)."""
    found: list[Reason] = []

    def say(approval: str, sentence: str) -> None:
        found.append(Reason(approval, sentence))

    for row in rows:
        stops = row.kind == TOGETHER and row.services_total
        say(ANOTHER_TIME if stops or row.kind not in (TOGETHER, IN_PEAK) else BOARD, row.sentence)
    down = [hit for hit in facts.hits if hit.state == "down"]
    if down:
        many = facts.stopped_customers >= settings.board_customers
        unknown = any(hit.customers is None for hit in down)
        who = f" for {number(facts.stopped_customers)} customers" if facts.stopped_customers else ""
        say(
            BOARD if many or unknown else OWNER,
            f"it stops {count(len(down), 'service')}{who}{', of some unknown' if unknown else ''}",
        )
    if len(facts.hits) > len(down) or facts.interrupted:
        rest = len(facts.hits) - len(down) + facts.interrupted
        say(OWNER, f"it degrades or interrupts {count(rest, 'service')}")
    expected = (risk.planned or 0.0) + risk.further
    if expected >= settings.board_money:
        say(BOARD, f"the expected loss is {number(expected)}")
    if risk.unknown:
        say(OWNER, f"the loss of {count(risk.unknown, 'service')} is unknown")
    if risk.p_further >= settings.owner_p:
        approval = BOARD if risk.p_further >= settings.board_p else OWNER
        say(approval, f"a further failure stops a service with probability {percent(risk.p_further)}")
    if risk.rates_unknown:
        say(OWNER, f"how often {count(risk.rates_unknown, 'CI')} fail that a service then hangs on is unknown")
    if risk.away.truncated:
        say(OWNER, "not all that is one failure away could be examined")
    if facts.used_up:
        say(OWNER, f"it uses up the redundancy of {count(facts.used_up, 'group')}")
    if gaps.not_placed_total or gaps.unread_total or gaps.not_taken_apart or gaps.reports_not_placed or gaps.known_until_at:
        say(OWNER, gaps.sentence.rstrip("."))
    if facts.incomplete:
        say(OWNER, f"{count(facts.incomplete, 'service')} hang on needs that were not read")
    return sorted(found, key=lambda reason: -APPROVALS.index(reason.approval))


def _sentence(verdict: str, approval: str, reasons: Sequence[Reason]) -> str:
    said = {
        COLLIDES: "It collides.",
        UNCLEAR: "No collision is known, and not all is known.",
        CLEAR: "It collides with nothing.",
    }[verdict]
    why = [reason.sentence for reason in reasons if reason.approval == approval][:3]
    because = "; ".join(part.rstrip(".") for part in why) or "it stops, degrades and interrupts no service"
    return f"{said} Approval: {approval}, for {because}."


def _away(estate: Estate, away: Away) -> list[OneAway]:
    rows = []
    for service, positions in list(away.positions.items())[:SHOWN]:
        position = int(estate.compiled.service_position[service])
        cis = [estate.key(one) for one in positions[:AWAY_SHOWN]]
        names = [estate.name(one) for one in positions[:AWAY_SHOWN]]
        rows.append(OneAway(estate.key(position), estate.name(position), cis, len(positions), names))
    return rows


def _better(
    schedule: Schedule, about: int, wanted: int, length: int, most: int, settings: ChangeSettings
) -> list[BetterWindow]:  # fmt: skip
    """The nearest windows of the same length in which the change would meet no collision, freeze or peak: by expected loss, then
    by time."""
    within = (schedule.period[0], min(wanted + length + int(settings.propose_days * 86_400), schedule.period[1]))
    change = schedule.changes[about]
    if not change.positions:
        return []
    found = schedule.search(about, [within])
    blocked = [span for one in found.found for span in one.spans] + [span for _, spans in found.unsure for span in spans]
    blocked += [span for _, spans in schedule.closed_to(change, [within]) for span in spans]
    known: dict[frozenset[int], Risk] = {}
    alone: dict[frozenset[int], float] = {}
    rows = []
    for start in free_windows(merged(blocked), length, wanted, within, max(most, CANDIDATES)):
        beside = _beside(schedule, about, (start, start + length))
        if beside not in known:
            others = sorted({position for item in beside for position in schedule.roots[item]})
            known[beside] = risk_of(schedule.estate, schedule.outage([*change.positions, *others]), length / 3600, schedule.rule)
            before = risk_of(schedule.estate, schedule.outage(others), length / 3600, schedule.rule) if others else None
            alone[beside] = ((before.planned or 0.0) + before.further) if before else 0.0
        risk = known[beside]
        loss = None if risk.planned is None else max(risk.planned + risk.further - alone[beside], 0.0)
        names = [schedule.changes[item].entry.entry for item in sorted(beside) if item < len(schedule.changes)]
        rows.append((start, BetterWindow(moment_text(start), moment_text(start + length), loss, risk.p_further, names[:SHOWN])))
    nearest = sorted(rows, key=lambda row: (row[1].loss_expected is None, row[1].loss_expected or 0.0, abs(row[0] - wanted)))
    return [row for _, row in nearest[:most]]


def _beside(schedule: Schedule, about: int, window: Span) -> frozenset[int]:
    """Outages that are in progress at some time of a window."""
    spans: list[Sequence[Span]] = [*(change.spans for change in schedule.changes), *([one.span] for one in schedule.now)]
    return frozenset(
        item
        for item, own in enumerate(spans)
        if item != about and any(start < window[1] and end > window[0] for start, end in own)
    )
