"""The KPIs of services: what incidents and Prometheus tell, against the goals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.domain.goals import (
    AVAILABILITY,
    ERROR_RATE,
    TIME_TO_REPAIR,
    Goal,
    Terms,
    exact_percent,
    target_text,
    window_at,
    window_before,
    window_text,
)
from app.domain.kpis import (
    INCIDENTS,
    PROMETHEUS,
    BurnRow,
    DifferenceRow,
    ErrorBudgetRow,
    GoalRow,
    KpiRow,
    MeanTimeRow,
    TrendRow,
    WayOfMeasuring,
)
from app.domain.observations import Window
from app.domain.planned import moment_text
from app.domain.sentences import number, percent
from app.risk.measures.service_levels import (
    HOUR,
    History,
    Level,
    MeanTime,
    Outage,
    began_in,
    burn_rate,
    difference,
    error_budget,
    error_rate,
    level,
    mean_time_between_failures,
    mean_time_to_detect,
    mean_time_to_repair,
)
from app.usecases.estate import Estate
from app.usecases.goals.histories import Requests, gauge_history, incident_histories, maintenance_of, requests_in
from app.usecases.goals.set_goals import A_SOURCE, stated_target
from app.usecases.keep.goals import GOALS, KeptGoals
from app.usecases.keep.readings import GAUGES, Gauge
from app.usecases.tools import Tools

MET, MISSED, UNDECIDED, NO_GOAL = "met", "missed", "undecided", "no goal"
WORST_FIRST = (MISSED, UNDECIDED, MET, NO_GOAL)
BURN_HOURS = (1, 6, 72)
TREND_WINDOWS = 6
USUAL = Terms()
REPAIR_RULE = (
    "time down of all outages that began in the window, by how many of them are over; 90 % interval for exponential times"
)
BETWEEN_RULE = "time up that is known, by the outages that began in it; 90 % interval of a Poisson count"
DETECT_RULE = "from the first moment measured down to the first incident that overlaps it; 90 % interval of Student's t"


@dataclass(frozen=True, slots=True)
class Measured:
    """All that is known of one service: its goals and histories. `histories`: by way of measuring."""

    position: int
    key: str
    name: str
    goals: Mapping[str, Goal]
    stated: float | None  # the availability target of the ledger
    histories: Mapping[str, History]
    maintenance: Sequence[Window]
    requests: Requests | None = None
    gauge: Gauge | None = None
    now: int = 0
    of_goals: Mapping[str, GoalRow] = field(default_factory=dict)

    def terms(self, kind: str) -> Terms:
        """Returns how a KPI is judged: as its goal says, else as that of availability, else as usual."""
        return next((self.goals[name].terms for name in (kind, AVAILABILITY) if name in self.goals), USUAL)

    @property
    def has_goal(self) -> bool:
        return bool(self.of_goals)


def measured(tools: Tools, estate: Estate, positions: Sequence[int], now: int) -> list[Measured]:
    """Returns what is known of services, in the given order. All reads are of the present."""
    told = incident_histories(tools, estate, positions, now)
    maintenance = maintenance_of(tools, estate, positions)
    kept = {row.key: row.value for row in GOALS.every(tools.documents)}
    known = {row.key: row.value for row in GAUGES.every(tools.documents)}
    return [_one(tools, estate, position, now, told.get(position), maintenance[position], kept, known) for position in positions]


def _one(
    tools: Tools,
    estate: Estate,
    position: int,
    now: int,
    incidents: History | None,
    maintenance: Sequence[Window],
    kept: Mapping[str, KeptGoals],
    gauges: Mapping[str, Gauge],
) -> Measured:
    key = estate.key(position)
    goals = kept[key].goals if key in kept else {}
    stated = stated_target(estate, position)
    histories = {} if incidents is None else {INCIDENTS: incidents}
    gauge, requests = gauges.get(key), None
    if gauge is not None:
        since = min(_earliest(terms, now) for terms in (USUAL, *(goal.terms for goal in goals.values())))
        history, requests = gauge_history(tools.documents, gauge, since)
        if history.known:
            histories[PROMETHEUS] = history
    return Measured(
        position,
        key,
        estate.name(position),
        goals,
        stated,
        histories,
        maintenance,
        requests,
        gauge,
        now,
        _goal_rows(goals, stated),
    )


def _earliest(terms: Terms, now: int) -> int:
    """Returns when the oldest window of the trend begins."""
    window = window_at(terms, now)
    for _ in range(TREND_WINDOWS - 1):
        window = window_before(terms, window)
    return window[0]


def _goal_rows(goals: Mapping[str, Goal], stated: float | None) -> dict[str, GoalRow]:
    """Returns the goals that hold. The availability target is the ledger's, whoever stated it; its terms are those set with a
    goal."""
    found = {}
    for kind in (AVAILABILITY, ERROR_RATE, TIME_TO_REPAIR):
        goal = goals.get(kind) or Goal(kind, None)
        target = stated if kind == AVAILABILITY else goal.target
        if target is None:
            continue
        terms, mine = goal.terms, goal.set_to == target  # else someone else stated another since, at the exposure or in a source
        found[kind] = GoalRow(
            kind=kind,
            target=target,
            target_text=target_text(kind, target),
            window=terms.window,
            zone=terms.zone,
            maintenance_counts=terms.maintenance_counts,
            window_text=window_text(terms),
            by=goal.by if mine else "",
            reason=goal.reason if mine else "",
            set_at=goal.at if mine else "",
            target_from=(goal.origin or "by hand") if mine else A_SOURCE,
        )
    return found


def kpis_of(one: Measured) -> list[KpiRow]:
    return [availability_of(one), error_rate_of(one), time_to_repair_of(one)]


def verdict_of(rows: Sequence[KpiRow]) -> str:
    """Returns the worst verdict of a service's goals."""
    return min((row.verdict for row in rows), key=WORST_FIRST.index)


def levels_of(one: Measured, terms: Terms, window: Window) -> dict[str, Level]:
    return {
        way: level(history, window, one.now, one.maintenance, terms.maintenance_counts) for way, history in one.histories.items()
    }


def speaks(levels: Mapping[str, Level]) -> str:
    """Returns the way of measuring that knows more of the window; of two that know as much Prometheus, "" where there is none."""
    return min(levels, key=lambda way: (levels[way].missing, way == INCIDENTS)) if levels else ""


def availability_of(one: Measured) -> KpiRow:
    terms = one.terms(AVAILABILITY)
    window = window_at(terms, one.now)
    levels = levels_of(one, terms, window)
    way = speaks(levels)
    goal = one.of_goals.get(AVAILABILITY)
    if not way:
        return _row(one, AVAILABILITY, goal, window, None, None, None, 1.0, 0, "", "nothing measured its availability")
    found = levels[way]
    outages = len(began_in(one.histories[way].outages, window, one.now, _left_out(one, terms)))
    value = found.availability
    said = "is not known" if value is None else f"is {exact_percent(value)}"
    told = f"availability over {window_text(terms)} {said}, by {way}{_missing(found.missing_share)}"
    return _row(one, AVAILABILITY, goal, window, value, found.low, found.high, found.missing_share, outages, way, told)


def error_rate_of(one: Measured) -> KpiRow:
    terms = one.terms(ERROR_RATE)
    window = window_at(terms, one.now)
    goal = one.of_goals.get(ERROR_RATE)
    if one.requests is None or not one.requests.hours:
        return _row(one, ERROR_RATE, goal, window, None, None, None, 1.0, 0, "", "nothing measured its error rate")
    came, failed, missing = requests_in(one.requests, window, one.now, _left_out(one, terms))
    found = error_rate(failed, came, missing)
    said = "is not known" if found.rate is None else f"is {exact_percent(found.rate)} of {number(found.requests)} requests"
    told = f"error rate over {window_text(terms)} {said}{_missing(missing)}"
    return _row(
        one, ERROR_RATE, goal, window, found.rate, found.low, found.high, missing, round(found.requests), PROMETHEUS, told
    )


def time_to_repair_of(one: Measured) -> KpiRow:
    terms = one.terms(TIME_TO_REPAIR)
    window = window_at(terms, one.now)
    levels = levels_of(one, terms, window)
    way = speaks(levels)
    goal = one.of_goals.get(TIME_TO_REPAIR)
    if not way:
        return _row(one, TIME_TO_REPAIR, goal, window, None, None, None, 1.0, 0, "", "nothing measured its outages")
    began = began_in(one.histories[way].outages, window, one.now, _left_out(one, terms))
    found = mean_time_to_repair(began)
    said = (
        f"was {number(found.mean)} h, the mean of {found.n}"
        if found.mean is not None
        else f"is not known: {len(began)} outages, none over"
    )
    told = f"time to repair over {window_text(terms)} {said}, by {way}{_missing(levels[way].missing_share)}"
    return _row(
        one, TIME_TO_REPAIR, goal, window, found.mean, found.low, found.high, levels[way].missing_share, found.n, way, told
    )


def _missing(share: float) -> str:
    return f"; of {percent(share)} of the time nothing is known" if share > 0 else ""


def _left_out(one: Measured, terms: Terms) -> Sequence[Window]:
    return [] if terms.maintenance_counts else one.maintenance


def _row(
    one: Measured,
    kind: str,
    goal: GoalRow | None,
    window: Window,
    value: float | None,
    low: float | None,
    high: float | None,
    missing: float,
    n: int,
    way: str,
    told: str,
) -> KpiRow:
    target = goal.target if goal is not None else None
    verdict = _verdict(kind, target, value, low, high, missing)
    against = "" if goal is None else f"; the goal is {goal.target_text}: {verdict}"
    return KpiRow(
        kind, goal, moment_text(window[0]), moment_text(min(window[1], one.now)), moment_text(window[1]), value, low, high,
        missing, n, way, verdict, f"The {told}{against}." if way else f"For {one.name}, {told}{against}.",
    )  # fmt: skip


def _verdict(kind: str, target: float | None, value: float | None, low: float | None, high: float | None, missing: float) -> str:
    """Returns whether a goal was met. Availability and error rate are decided where the whole range is on one side: what is
    missing may have been either; a mean time to repair is what it was, and with an open outage at least that long."""
    if target is None:
        return NO_GOAL
    if kind == TIME_TO_REPAIR:
        if value is None:
            return MISSED if low is not None and low > target else UNDECIDED
        return MISSED if value > target else MET if missing == 0.0 else UNDECIDED
    if low is None or high is None:
        return UNDECIDED
    if kind == AVAILABILITY:
        return MET if low >= target else MISSED if high < target else UNDECIDED
    return MET if high <= target else MISSED if low > target else UNDECIDED


def ways_of(one: Measured) -> list[WayOfMeasuring]:
    terms = one.terms(AVAILABILITY)
    window = window_at(terms, one.now)
    rows = []
    for way, found in sorted(levels_of(one, terms, window).items()):
        history = one.histories[way]
        began = began_in(history.outages, window, one.now, _left_out(one, terms))
        rows.append(
            WayOfMeasuring(
                way, found.counted, found.up, found.down, found.missing, found.maintenance, found.missing_share,
                found.availability, found.low, found.high, len(began), sum(not outage.closed for outage, _ in began),
                history.doubtful, history.step, moment_text(history.known[-1][1]),
            )
        )  # fmt: skip
    return rows


def difference_of(one: Measured) -> DifferenceRow | None:
    """Returns what incidents and Prometheus tell differently of the window; None where one of them tells nothing."""
    if set(one.histories) != {INCIDENTS, PROMETHEUS}:
        return None
    terms = one.terms(AVAILABILITY)
    window = window_at(terms, one.now)
    told = levels_of(one, terms, window)
    found = difference(one.histories[INCIDENTS], one.histories[PROMETHEUS], window, one.now)
    a, b = told[INCIDENTS].availability, told[PROMETHEUS].availability
    apart = None if a is None or b is None else a - b
    said = (
        f"Both say down for {_minutes(found.both)}; incidents alone for {_minutes(found.first_alone)}, Prometheus alone for "
        f"{_minutes(found.second_alone)}."
    )
    return DifferenceRow(apart, found.both, found.first_alone, found.second_alone, found.first_unseen, found.second_unseen, said)


def _minutes(seconds: int) -> str:
    return f"{number(seconds / 60)} min"


def budget_of(one: Measured) -> ErrorBudgetRow | None:
    """Returns the error budget of the availability goal; None without a goal or without any measurement."""
    goal, terms = one.of_goals.get(AVAILABILITY), one.terms(AVAILABILITY)
    window = window_at(terms, one.now)
    levels = levels_of(one, terms, window)
    way = speaks(levels)
    if goal is None or goal.target is None or not way:
        return None
    left = error_budget(levels[way], window, goal.target, one.maintenance, terms.maintenance_counts)
    return ErrorBudgetRow(
        left.allowed, left.used, left.left, left.left_at_least, left.overspent, left.left / left.allowed if left.allowed else
        None, [_burn(one, hours, goal.target, terms) for hours in BURN_HOURS],
    )  # fmt: skip


def _burn(one: Measured, hours: int, target: float, terms: Terms) -> BurnRow:
    """Returns the burn rate over the last hours, by the way of measuring that knows more of them."""
    length = hours * HOUR
    levels = levels_of(one, terms, (one.now - length, one.now))
    way = speaks(levels)
    step, found = one.histories[way].step, levels[way]
    rate = burn_rate(found, target, length, step)
    if rate is None:
        every = f"measured every {step} s, " if step else ""
        return BurnRow(hours, None, f"not known: {every}{percent(1.0 - found.missing_share)} of the time known, by {way}")
    return BurnRow(hours, rate, f"{number(rate)} times what the goal allows, by {way}")


def times_of(one: Measured) -> tuple[MeanTimeRow, MeanTimeRow, MeanTimeRow]:
    """Returns the mean times to repair, to detect and between failures, over the window of the availability goal."""
    terms = one.terms(AVAILABILITY)
    window = window_at(terms, one.now)
    levels = levels_of(one, terms, window)
    way = speaks(levels)
    nothing = MeanTime(None, None, None, 0)
    detect = nothing
    if set(one.histories) == {INCIDENTS, PROMETHEUS}:
        seen, noted = ([outage for outage, _ in _began(one, terms, window, kind)] for kind in (PROMETHEUS, INCIDENTS))
        detect = mean_time_to_detect(seen, [*noted, *one.histories[INCIDENTS].outages])
    if not way:
        return _times(nothing, REPAIR_RULE), _times(detect, DETECT_RULE), _times(nothing, BETWEEN_RULE)
    began = _began(one, terms, window, way)
    between = mean_time_between_failures(levels[way].up, len(began))
    return _times(mean_time_to_repair(began), REPAIR_RULE), _times(detect, DETECT_RULE), _times(between, BETWEEN_RULE)


def _began(one: Measured, terms: Terms, window: Window, way: str) -> list[tuple[Outage, int]]:
    return began_in(one.histories[way].outages, window, one.now, _left_out(one, terms))


def _times(found: MeanTime, rule: str) -> MeanTimeRow:
    return MeanTimeRow(found.mean, found.low, found.high, found.n, rule)


def trend_of(one: Measured) -> tuple[list[TrendRow], str]:
    """Returns availability over the last windows, the oldest first, and what the last two whole ones say."""
    terms = one.terms(AVAILABILITY)
    window, windows = window_at(terms, one.now), list[Window]()
    for _ in range(TREND_WINDOWS):
        windows.append(window)
        window = window_before(terms, window)
    rows = []
    for each in reversed(windows):
        levels = levels_of(one, terms, each)
        way = speaks(levels)
        found = levels[way] if way else None
        rows.append(
            TrendRow(
                moment_text(each[0]), moment_text(each[1]), each[1] <= one.now, found.availability if found else None,
                found.low if found else 0.0, found.high if found else 1.0, found.missing_share if found else 1.0,
            )
        )  # fmt: skip
    known = [row for row in rows if row.whole and row.value is not None]
    if len(known) < 2:
        return rows, "Fewer than two whole windows are measured: there is no trend yet."
    before, last = known[-2], known[-1]
    apart = (last.value or 0.0) - (before.value or 0.0)
    if before.low <= last.high and last.low <= before.high and (before.missing_share or last.missing_share):
        return rows, "The last two whole windows may be equal: their ranges overlap, for parts of them are missing."
    word = "the same as" if apart == 0 else "better than" if apart > 0 else "worse than"
    by = "" if apart == 0 else f", by {exact_percent(abs(apart))}"
    return rows, f"The last whole window was {word} the one before{by}."


def present(now: datetime | None = None) -> int:
    """Returns the moment of an answer, unix seconds."""
    return int((now or datetime.now(UTC)).timestamp())
