"""The next game day: which experiment brings most per hour, its sheet with everything checked beforehand, and the day that is
planned."""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.json_columns import members_of
from app.domain.sentences import listed, number
from app.domain.stability_answers import GroupTested, NextExperiment, NextExperiments
from app.domain.stability_tests import CONFIGURED, FAILED_TEST, NEVER_TESTED
from app.risk.intake.tested import PRIOR_WEIGHT, weight_of
from app.risk.measures.experiments import less_loss, less_uncertainty
from app.risk.outage.propagation import outage
from app.usecases.answers.areas import ranking_of
from app.usecases.answers.group_evidence import SECONDS, Groups, TestedGroups
from app.usecases.answers.paths import down_customers
from app.usecases.assess import Assessed, assessed
from app.usecases.calendars.game_day_event import calendar_entry
from app.usecases.estate import Estate
from app.usecases.keep import audit
from app.usecases.keep.game_days import GAME_DAYS, GameDay
from app.usecases.keep.stability_tests import every_test, evidence_of, holds_at
from app.usecases.stability_tests.kept_stakes import with_stakes
from app.usecases.stability_tests.named_group import GROUP, named_group
from app.usecases.stability_tests.weigh import active_and_standby, group_number, minutes_now
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

PREPARING_HOURS = 1.0  # to prepare an experiment and to look at what came of it [a proposal, see docs/model.md]
USUAL_SWITCH_MINUTES = 15.0  # where nobody says how long a switch takes
MOST_NAMES = 20
LONGEST_DAY_HOURS = 24.0
MOST_PEOPLE = 50


def next_experiments(tools: Tools, limit: int) -> NextExperiments:
    """Returns the failover tests that bring most per hour, the best first."""
    base = with_stakes(tools, assessed(tools.estates, tools.cache, None))
    groups = Groups(base, every_test(tools.documents), SECONDS)
    rows = [groups.row(group) for group, (_, between) in groups.known.items() if between is not None]
    found = [_experiment(base, groups.tested, row) for row in rows]
    found.sort(key=lambda one: (-one.per_hour, one.group.group))
    return NextExperiments(
        stamp_of(base.estate, tools.documents), ranking_of(base, "ci").measure, found[:limit], len(found), len(groups.known),
        limit, len(found) > limit,
    )  # fmt: skip


def _experiment(base: Assessed, tested: TestedGroups, row: GroupTested) -> NextExperiment:
    now, revision = base.estate.options.now, base.estate.revision.revision
    counted = [one for test in tested.of(row.group) if holds_at(test, revision) and (one := evidence_of(test))]
    weights = [(bool(one.passed), weight_of(one.at, now)) for one in counted]
    a = 0.5 * PRIOR_WEIGHT + sum(weight for passed, weight in weights if passed)
    b = 0.5 * PRIOR_WEIGHT + sum(weight for passed, weight in weights if not passed)
    at_stake = max(row.loss_at_stake or 0.0, 0.0)
    hours = experiment_hours(base, row)
    loss, spread = less_loss(a, b, at_stake), less_uncertainty(a, b, at_stake)
    return NextExperiment(row, hours, loss, spread, max(loss, spread) / hours, _because(row))


def experiment_hours(base: Assessed, row: GroupTested) -> float:
    """Hours of a failover test: preparing, the switch there and back, and the repair of the active member where the switch fails,
    by the chance in use."""
    group = group_number(base, row.group)
    minutes = USUAL_SWITCH_MINUTES if row.failover_minutes is None else row.failover_minutes
    repair = 0.0
    if group is not None:
        active, _ = active_and_standby(base.estate, group)
        known = [float(base.estate.compiled.repair_hours[member]) for member in active]
        repair = max([value for value in known if not math.isnan(value)], default=0.0)
    return PREPARING_HOURS + 2.0 * minutes / 60.0 + (1.0 - row.success) * repair


def _because(row: GroupTested) -> str:
    if row.state == FAILED_TEST:
        return "its last test failed: what was mended since is not shown"
    if row.state == NEVER_TESTED:
        return "nobody says how it switches, and it was never tested"
    if row.state == CONFIGURED:
        return "it is set up to switch, and no test of the last two years shows that it does"
    return "it was tested, and its evidence ages"


@dataclass(frozen=True, slots=True)
class PlanDay:
    """What is asked for: a group (by its key), when, for how long (None: as long as the experiment takes), and who is there."""

    group: str
    start_at: str
    hours: float | None = None
    people: Sequence[str] = ()


def plan_day(tools: Tools, plan: PlanDay, caller: str) -> GameDay:
    """Keeps a game day with its sheet; InvalidInput where it has no time with a zone, or lies in the past."""
    start = _start(plan.start_at)
    sheet = sheet_of(tools, plan.group)
    if plan.hours is not None and not 0 < plan.hours <= LONGEST_DAY_HOURS:
        raise InvalidInput(f"hours: above 0 and at most {LONGEST_DAY_HOURS:g}", field="hours")
    if len(plan.people) > MOST_PEOPLE:
        raise InvalidInput(f"people: at most {MOST_PEOPLE}", field="people")
    named = [text.strip()[:200] for text in plan.people if text.strip()]
    day = replace(
        sheet, day=f"g-{uuid.uuid4().hex[:12]}", start_at=start.isoformat(), hours=plan.hours or round(sheet.hours, 2),
        people=[*sheet.people, *named], author=caller, planned_at=datetime.now(UTC).isoformat(),
    )  # fmt: skip
    with tools.documents.together():
        GAME_DAYS.put(tools.documents, day.day, day, expected=0)
        audit.record(tools.documents, caller, "game day planned", day.day, {"group": day.group, "start_at": day.start_at})
    return day


def calendar_of(tools: Tools, day: GameDay) -> bytes:
    """Returns the calendar entry of a game day (iCalendar): a planned change of what goes out, where it is imported."""
    revision = tools.store.current().revision
    rows = tools.store.rows(revision, GROUP, "key", [day.group])
    active: list[str] = []
    if len(rows["key"]):
        members = members_of(rows["members"][0])[: int(rows["needed"][0])]
        states = tools.store.states(revision, sorted(members[:1]))
        active = [str(key) for key in states["key"]]
    return calendar_entry(day, active)


def cancel_day(tools: Tools, name: str, caller: str) -> GameDay:
    """Cancels a game day; Conflict where it has a result."""

    def cancelled(day: GameDay) -> GameDay:
        if day.tests:
            raise Conflict(f"game day {name} has a result and stays")
        return replace(day, cancelled=True)

    with tools.documents.together():
        day = GAME_DAYS.change(tools.documents, name, cancelled)
        audit.record(tools.documents, caller, "game day cancelled", name)
    return day


def _start(text: str) -> datetime:
    try:
        start = datetime.fromisoformat(text)
        if start.tzinfo is None:
            raise ValueError
        start = start.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("start_at is a time with a zone, like 2026-12-04T09:00:00+01:00", field="start_at") from None
    if start <= datetime.now(UTC):
        raise InvalidInput("start_at: a game day is planned for a time to come", field="start_at")
    return start


def sheet_of(tools: Tools, group_key: str) -> GameDay:
    """Returns the sheet of a failover test of a group, with the blast radius as it is today: what stops if the switch works, and
    what if it does not. NotFound where the group plays no part in the assessed estate."""
    base = with_stakes(tools, assessed(tools.estates, tools.cache, None))
    estate = base.estate
    group_key = named_group(tools, estate.revision.revision, group_key)
    group = group_number(base, group_key)
    if group is None:
        raise NotFound(f"no redundancy group {group_key[:200]!r} in the assessed estate; forestay game-day next lists them")
    key = estate.compiled.group_key(group)
    groups = Groups(base, every_test(tools.documents))
    if not groups.can_lose_a_member(group):
        raise InvalidInput("the group cannot lose a member, so there is nothing to switch", field="group")
    row = groups.row(group)
    active, standby = active_and_standby(estate, group)
    dependent = int(estate.compiled.flat.group_dependent[group])
    hit, customers, limits = _stopped(estate, [active[0], dependent])
    stays, _, _ = _stopped(estate, [active[0]])
    minutes = minutes_now(base, group)
    names = [estate.name(member) for member in active], [estate.name(member) for member in standby]
    within = f"within {_minutes(minutes)}" if minutes else "at once"
    abort = _abort_minutes(minutes, limits)
    return GameDay(
        day="", group=key, dependent_key=row.dependent_key, dependent_name=row.dependent_name, start_at="",
        hours=experiment_hours(base, row), title=f"Failover of {row.dependent_name}: {names[0][0]} goes out",
        hypothesis=(
            f"When {names[0][0]} goes out, {listed(names[1], 5) or 'the rest of the group'} takes over {within}, "
            f"and {row.dependent_name} stays up."
        ),
        steps=_steps(names[0][0], row.dependent_name, abort), active=names[0], standby=names[1][:MOST_NAMES],
        hit=hit[:MOST_NAMES], hit_total=len(hit), stays=stays[:MOST_NAMES], customers=customers,
        abort=f"Bring {names[0][0]} back if {row.dependent_name} is down for longer than {_minutes(abort)}, "
        "or anything outside of the blast radius stops.",
        abort_minutes=abort, people=_people(estate, [*active, *standby, dependent], hit),
        checked_at_revision=estate.revision.revision, author="", planned_at="",
    )  # fmt: skip


def _stopped(estate: Estate, positions: Sequence[int]) -> tuple[list[str], float | None, list[float]]:
    """Returns the services that stop when these are out, by name, the customers of them, and the minutes of their RTO or MTPD."""
    result = outage(estate.compiled, sorted(set(positions)), estate.workspace())
    numbers = result.services_down.tolist()
    customers, _, _ = down_customers(estate, numbers)
    compiled, limits = estate.compiled, list[float]()
    for service in numbers:
        known = compiled.rto_hours[service], compiled.mtpd_hours[service]
        limits += [float(hours) * 60.0 for hours in known if hours == hours]
    return [estate.service_name(service) for service in numbers], customers, limits


def _abort_minutes(minutes: float | None, limits: Sequence[float]) -> float:
    """Twice what the switch should take, at least five minutes; at most half of the tightest RTO or MTPD of what would stop.

    >>> _abort_minutes(4.0, [240.0]), _abort_minutes(None, []), _abort_minutes(60.0, [30.0])
    (8.0, 30.0, 15.0)
    """
    most = 2.0 * (USUAL_SWITCH_MINUTES if minutes is None else minutes)
    return min([max(most, 5.0), *(limit / 2.0 for limit in limits)])


def _minutes(value: float) -> str:
    """
    >>> _minutes(1.0), _minutes(6.46306)
    ('1 minute', '6.46 minutes')
    """
    return f"{number(value)} {'minute' if number(value) == '1' else 'minutes'}"


def _steps(active: str, dependent: str, abort: float) -> list[str]:
    return [
        f"See that {dependent} works, and note how that is seen.",
        "See that no planned change, no freeze and no other outage falls into this time.",
        f"Take {active} out, and note the time.",
        f"Watch {dependent}: note when it stops and when it is back; bring {active} back after {_minutes(abort)}.",
        f"Bring {active} back, switch back, and see that {dependent} works.",
        "Hand in the result for this game day, passed or failed, with the minutes that the switch took.",
    ]


def _people(estate: Estate, positions: Sequence[int], services: Sequence[str]) -> list[str]:
    """Returns the teams of what is switched, with what they look after, and of the services that may stop."""
    teams: dict[str, list[str]] = {}
    for position in positions:
        teams.setdefault(estate.text("team", position) or "(no team)", []).append(estate.name(position))
    wanted = set(services)
    for service, position in enumerate(estate.compiled.service_position.tolist()):
        if estate.service_name(service) in wanted:
            teams.setdefault(estate.text("team", int(position)) or "(no team)", []).append(estate.service_name(service))
    return [f"{team}: {listed(list(dict.fromkeys(names)), 3)}" for team, names in sorted(teams.items())][:MOST_PEOPLE]
