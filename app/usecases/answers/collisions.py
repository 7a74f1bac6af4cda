"""Which planned changes collide: with each other, with what is out now, with freezes and demand peaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import numpy as np

from app.domain.change_answers import (
    IN_FREEZE,
    IN_PEAK,
    TOGETHER,
    CollisionRow,
    Collisions,
    Gaps,
    NotPlaced,
    Party,
    TimeSpan,
    UnreadRow,
    collision_sentence,
    gaps_sentence,
)
from app.domain.errors import InvalidInput
from app.domain.planned import CHANGE, FREEZE, PlannedEntry, moment_text
from app.domain.results import Step
from app.domain.sentences import count
from app.risk.jit import Array
from app.risk.outage.causes import causes
from app.risk.outage.collisions import Collision, Span, collisions, common
from app.risk.outage.collisions import Collisions as Found
from app.risk.outage.propagation import Outage, outage
from app.risk.outage.what_if import Rule
from app.usecases import paging
from app.usecases.answers.live_state import LiveState, live_state
from app.usecases.answers.paths import Paths
from app.usecases.calendars.place import OutNow, Placed, in_period, out_now, place_entries, touched
from app.usecases.estate import Estate
from app.usecases.keep.planned import Plans, all_plans
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

SHOWN, SPANS, LISTED = 20, 20, 100
DAYS = 90.0  # that are looked at where nobody says how many
TRIED = 64  # reported CIs of which is tried which a collision needs
ASSUMPTIONS = (
    "a change takes its CIs out for the whole of each window, and nothing else fails",
    "what is reported down or in maintenance lasts until its expected end; without one, or past it, it lasts",
    "a freeze or peak of a service covers the service and all that it needs",
    "a window ends before one begins that begins where it ends",
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is planned in a period, on the estate of today. The outages: `changes`, then `now`."""

    estate: Estate
    rule: Rule
    period: Span
    plans: Plans
    changes: Sequence[Placed]
    closed: Sequence[Placed]  # freezes and peaks
    now: Sequence[OutNow]
    not_placed: Sequence[NotPlaced]
    reports_not_placed: int
    together: int
    sets: int
    outages: dict[tuple[int, ...], Outage] = field(default_factory=dict)

    @property
    def roots(self) -> list[Sequence[int]]:
        return [*(change.positions for change in self.changes), *(one.positions for one in self.now)]

    def outage(self, positions: Sequence[int]) -> Outage:
        """What falls and degrades with these CIs out."""
        key = tuple(sorted(set(positions)))
        if key not in self.outages:
            self.outages[key] = outage(self.estate.compiled, list(key), self.estate.workspace(), self.rule)
        return self.outages[key]

    def reach(self, change: Placed) -> Array:
        result = self.outage(change.positions)
        return np.union1d(result.failed, result.degraded)

    def search(self, about: int | None = None, spans: Sequence[Span] | None = None) -> Found:
        """Collisions of outages; `spans`: in place of those of the one asked about."""
        own: list[Sequence[Span]] = [*(change.spans for change in self.changes), *([one.span] for one in self.now)]
        if about is not None and spans is not None:
            own[about] = spans
        return collisions(
            self.estate.compiled, self.roots, own, about, self.together, self.sets, self.estate.workspace()
        )  # fmt: skip

    def closed_to(self, change: Placed, spans: Sequence[Span] | None = None) -> list[tuple[Placed, list[Span]]]:
        """Freezes and peaks that a change falls into and whose scope it touches, with the time."""
        reach, found = self.reach(change), []
        for one in self.closed:
            when = common(change.spans if spans is None else spans, one.spans)
            if when and touched(one, reach):
                found.append((one, when))
        return found

    def gaps(self, unsure: int) -> Gaps:
        unread = unread_of(self.plans)
        ends = [entry.known_until for entry in self.plans.entries if entry.known_until is not None]
        first = min(ends, default=self.period[1])
        until = moment_text(first) if first < self.period[1] else ""
        total = len(self.not_placed)
        said = gaps_sentence(len(unread), total, until, unsure, self.reports_not_placed)
        return Gaps(
            unread[:LISTED], len(unread), self.not_placed[:LISTED], total, until, unsure, self.reports_not_placed, said
        )  # fmt: skip


def unread_of(plans: Plans) -> list[UnreadRow]:
    return [UnreadRow(one.name, row.record, row.field, row.reason) for one in plans.calendars for row in one.unread]


def schedule_of(
    tools: Tools, period: Span, state: LiveState | None = None, asked: PlannedEntry | None = None, at: datetime | None = None
) -> Schedule:
    """Returns what is planned in a period. `asked`: a change that is not kept, which comes first."""
    state = state or live_state(tools, at)
    plans = all_plans(tools.documents)
    entries = in_period([*([asked] if asked else []), *plans.entries], period)
    placed, not_placed = place_entries(tools.store, state.estate, entries)
    settings = tools.settings.changes
    return Schedule(
        state.estate, cast(Rule, tools.settings.model.rule), period, plans,
        [one for one in placed if one.entry.kind == CHANGE], [one for one in placed if one.entry.kind != CHANGE],
        out_now(state, period), not_placed, len(state.unplaced), settings.together, settings.sets,
    )  # fmt: skip


def rows_of(schedule: Schedule, found: Found, about: int | None = None) -> list[CollisionRow]:
    """Returns the collisions in words, those that begin first first: of changes with each other and with what is out now, then of
    freezes and peaks."""
    rows = [*_joined(schedule, found)]
    for number, change in enumerate(schedule.changes):
        if about is None or number == about:
            rows += [_closed_row(schedule, change, one, when) for one, when in schedule.closed_to(change)]
    return [row for _, row in sorted(rows, key=lambda pair: (pair[0], pair[1].sentence))]


def _joined(schedule: Schedule, found: Found) -> list[tuple[int, CollisionRow]]:
    """One row for each set of parties: what is out now is one party, whatever part of it is expected back when."""
    changes = len(schedule.changes)
    by_parties: dict[tuple[tuple[int, ...], bool], list[Collision]] = {}
    for one in found.found:
        parties = tuple(item for item in one.items if item < changes)
        by_parties.setdefault((parties, len(parties) < len(one.items)), []).append(one)
    return [(min(one.spans[0][0] for one in same), _row(schedule, parties, same)) for (parties, _), same in by_parties.items()]


def _row(schedule: Schedule, parties: Sequence[int], same: Sequence[Collision]) -> CollisionRow:
    estate, compiled = schedule.estate, schedule.estate.compiled
    roots = schedule.roots
    first = same[0]
    together = np.unique(np.concatenate([one.together for one in same]))
    services = [position for position in together.tolist() if compiled.flat.service_at[position] >= 0]
    sides = [_party(estate, schedule.changes[number]) for number in parties]
    out = sorted({position for item in first.items for position in roots[item]})
    if len(parties) < len(first.items):
        changed = sorted({position for number in parties for position in roots[number]})
        needed = _needed(schedule, changed, [p for p in out if p not in set(changed)], int(first.together[0]))
        sides.append(Party("now", "what is out now", "now", [estate.key(p) for p in needed[:SHOWN]], len(needed)))
        out = sorted({*changed, *needed})
    shown = next((int(position) for position in services if position in set(first.together.tolist())), int(first.together[0]))
    names = [estate.name(position) for position in services]
    spans = sorted(span for one in same for span in one.spans)
    smallest = all(one.smallest for one in same)
    return CollisionRow(
        TOGETHER, collision_sentence(TOGETHER, [side.title for side in sides], names, len(together), smallest), sides,
        _spans(spans[:SPANS]), len(spans), smallest, names[:SHOWN], len(names), len(together), _path(schedule, out, shown),
    )  # fmt: skip


def _needed(schedule: Schedule, changed: Sequence[int], reported: list[int], witness: int) -> list[int]:
    """Of what is out now, CIs without any of which the collision would not be one."""
    if len(reported) > TRIED:
        return reported
    kept = list(reported)
    for position in reported:
        fewer = [one for one in kept if one != position]
        if witness in schedule.outage([*changed, *fewer]).failed:
            kept = fewer
    return kept


def _path(schedule: Schedule, out: Sequence[int], position: int) -> Sequence[Step]:
    result = schedule.outage(out)
    paths = Paths(schedule.estate, causes(schedule.estate.compiled, result))
    return paths.to(position) if paths.reach(position) else ()


def _party(estate: Estate, change: Placed) -> Party:
    keys = [estate.key(position) for position in change.positions]
    return Party(change.entry.entry, change.entry.title, change.entry.kind, keys[:SHOWN], len(keys))


def _closed_row(schedule: Schedule, change: Placed, closed: Placed, when: Sequence[Span]) -> tuple[int, CollisionRow]:
    estate = schedule.estate
    result = schedule.outage(change.positions)
    hit = [*result.services_down.tolist(), *result.services_degraded.tolist()]
    names = [estate.name(int(estate.compiled.service_position[number])) for number in hit]
    kind = IN_FREEZE if closed.entry.kind == FREEZE else IN_PEAK
    named = Party(closed.entry.entry, closed.entry.title, closed.entry.kind, (closed.entry.scope,), 1)
    row = CollisionRow(
        kind, collision_sentence(kind, [change.entry.title, closed.entry.title], names, 0, True), [_party(estate, change), named],
        _spans(when[:SPANS]), len(when), True, names[:SHOWN], len(names), 0, (),
    )  # fmt: skip
    return when[0][0], row


def _spans(spans: Sequence[Span]) -> list[TimeSpan]:
    return [TimeSpan(moment_text(start), moment_text(end)) for start, end in spans]


def collisions_page(
    tools: Tools, days: float = DAYS, limit: int = 100, after: str | None = None, at: datetime | None = None
) -> Collisions:
    """Returns the collisions of the next days, from this minute on."""
    if not 0 < days <= tools.settings.changes.horizon_days:
        raise InvalidInput(f"days: above 0, at most {tools.settings.changes.horizon_days:g} (changes.horizon_days)", field="days")
    offset = paging.decode(after, "offset")["offset"] if after else 0
    state = live_state(tools, at)
    begin = int(state.at.timestamp())
    schedule = schedule_of(tools, (begin, begin + int(days * 86_400)), state)
    found = schedule.search()
    rows = rows_of(schedule, found)
    stopped = {service for row in rows if row.kind == TOGETHER for service in row.services}
    gaps = schedule.gaps(len(found.unsure))
    following = offset + limit
    more = following < len(rows)
    return Collisions(
        stamp_of(schedule.estate, tools.documents), moment_text(schedule.period[0]), moment_text(schedule.period[1]),
        _sentence(rows, gaps), rows[offset:following], len(rows), len(stopped), gaps, ASSUMPTIONS, limit, more,
        paging.encode(offset=following) if more else None,
    )  # fmt: skip


def _sentence(rows: Sequence[CollisionRow], gaps: Gaps) -> str:
    kinds: Mapping[str, str] = {
        TOGETHER: "of changes that together take something down",
        IN_FREEZE: "in a freeze",
        IN_PEAK: "in a peak",
    }
    parts = [f"{amount} {words}" for kind, words in kinds.items() if (amount := sum(row.kind == kind for row in rows))]
    said = f"{count(len(rows), 'collision')}: {', '.join(parts)}." if rows else "No collision is known."
    return f"{said} Not all is known: {gaps.sentence}" if gaps.sentence else said
