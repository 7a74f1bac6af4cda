"""What a ticket is told of the estate: the fields of its comment, from the answers that pages and API give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from app.domain.change_answers import ChangeCheck
from app.domain.errors import InvalidInput
from app.domain.planned import moment_of
from app.domain.results import Stamp, UsedUpGroup
from app.domain.sentences import count, listed, minute, number
from app.domain.tickets import CHANGE
from app.domain.timeline import TimelineAnswer
from app.domain.what_if import AtHour
from app.usecases.answers.change_check import ChangeQuestion, check_change
from app.usecases.answers.impact import Suggested, suggested_for
from app.usecases.answers.live_state import LiveState
from app.usecases.answers.plain_text import pasted
from app.usecases.scenarios.document import scenario_of
from app.usecases.scenarios.what_if import Question, ask_what_if, outage_document
from app.usecases.tickets.named_cis import named_cis
from app.usecases.tools import Tools

NAMED, GROUPS, CALLS, SERVICES = 3, 5, 6, 200
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Told:
    """The fields of a comment, with the priority that it suggests and the keys of the services that it says are hit."""

    fields: Mapping[str, str]
    priority: str
    priority_row: str
    services: Sequence[str]


def tell_of_incident(tools: Tools, cis: Sequence[str], state: LiveState, base_url: str, explained: Sequence[str] = ()) -> Told:
    """Returns what an outage of these CIs means, beside all that is reported to be out now and that it does not explain."""
    known = {*cis, *explained}
    also = [key for position in state.out if (key := state.estate.key(position)) not in known]
    document = outage_document({"ci": [*cis, *also]}, None)
    answer = ask_what_if(tools, Question(scenario_of(document), revision=state.estate.revision.revision))
    suggested = _suggested(tools, [*dict.fromkeys([*cis, *explained])], also, state.estate.revision.revision)
    timeline = answer.timeline
    beside = f", beside {count(len(also), 'other CI')} that {'is' if len(also) == 1 else 'are'} out now" if also else ""
    at = {row.hours: _hit(row, state.estate.options.currency) for row in answer.at}
    last = next(reversed(at.values()), NOTHING)
    link = f"{base_url}/what-if?" + urlencode(
        [*(("ci", key) for key in [*cis, *also]), ("revision", str(timeline.stamp.revision))]
    )
    return Told(
        _pasted(
            what=f"{_names(tools, cis)} out{beside}",
            priority=suggested.priority,
            reason=suggested.row,
            now=at.get(0.0, NOTHING),
            after_1h=at.get(1.0, last),
            after_4h=at.get(4.0, last),
            first_mtpd=_first_mtpd(timeline),
            redundancy=_used_up(timeline.redundancy_used_up, timeline.redundancy_used_up_total),
            call=_calls(timeline),
            unknown=_unknown(
                timeline.customers_unknown, timeline.money_unknown, timeline.open_needs, timeline.services_incomplete
            ),
            as_of=_as_of(timeline.stamp),
        )
        | {"link": link},
        suggested.priority,
        suggested.row,
        suggested.services,
    )


def _suggested(tools: Tools, cis: Sequence[str], also: Sequence[str], revision: int) -> Suggested:
    """Returns what is suggested for an outage of these CIs: with what else is out, where that makes them hit services that the
    others do not hit by themselves; else by themselves, so that a small incident beside a large one stays small."""
    together = suggested_for(tools, [*cis, *also], revision)
    if not also or set(together.services) - set(suggested_for(tools, also, revision).services):
        return together
    return suggested_for(tools, cis, revision)


def tell_of_change(tools: Tools, cis: Sequence[str], starts_at: str, ends_at: str, base_url: str, at: datetime | None) -> Told:
    """Returns what a change of these CIs means in its window. InvalidInput where that is over or none."""
    if not starts_at or not ends_at:
        raise InvalidInput("the change has no window", field="starts_at")
    start, end = moment_of(starts_at, "starts_at"), moment_of(ends_at, "ends_at")
    check = check_change(tools, ChangeQuestion(cis=cis, start=start, end=end), at)
    link = f"{base_url}/changes"
    return Told(
        _pasted(
            what=f"{_names(tools, cis)} out from {minute(starts_at)} to {minute(ends_at)} UTC",
            verdict=check.sentence,
            priority=check.priority,
            reason=check.priority_row,
            impact=_hit_by_change(check),
            redundancy=_used_up(check.redundancy_used_up, check.redundancy_used_up_total),
            collisions=_collisions(check),
            better=_better(check),
            unknown=_unknown(check.customers_unknown, check.money_unknown, check.open_needs, check.services_incomplete),
            as_of=_as_of(check.stamp),
        )
        | {"link": link},
        check.priority,
        check.priority_row,
        [hit.key for hit in check.services],
    )


def _pasted(**said: str) -> dict[str, str]:
    """Texts that do nothing where they are pasted."""
    return {name: pasted(text) for name, text in said.items()}


def _names(tools: Tools, cis: Sequence[str]) -> str:
    return listed([ci.name for ci in named_cis(tools, cis)], NAMED)


def _hit(row: AtHour, currency: str) -> str:
    parts = [
        text
        for amount, text in (
            (row.services_down, f"{count(row.services_down, 'service')} down"),
            (row.services_interrupted, f"{row.services_interrupted:,} interrupted"),
            (row.services_degraded, f"{row.services_degraded:,} degraded"),
        )
        if amount
    ]
    if not parts:
        return "no service"
    customers = "customers unknown" if row.customers is None else f"{number(row.customers)} customers"
    money = "" if row.money is None or not row.hours else f", {number(row.money)} {currency} lost until then"
    return ", ".join(parts) + f", {customers}{money}"


def _first_mtpd(timeline: TimelineAnswer) -> str:
    if timeline.first_mtpd_breached_at_hours is not None:
        names = {row.key: row.name for row in timeline.services}
        service = names.get(timeline.first_mtpd_service, timeline.first_mtpd_service)
        return f"after {60 * timeline.first_mtpd_breached_at_hours:,.0f} minutes, {service}"
    return "none is breached" if timeline.services_total else "no service is hit"


def _used_up(groups: Sequence[UsedUpGroup], total: int) -> str:
    if not total:
        return NOTHING
    named = []
    for group in groups[:GROUPS]:
        of = len(group.left) + len(group.failed)
        named.append(f"{group.dependent_name or group.dependent} hangs on {len(group.left):,} of {count(of, 'member')}")
    return "; ".join(named) + (f"; and {total - len(named):,} more" if total > len(named) else "")


def _calls(timeline: TimelineAnswer) -> str:
    rows = []
    for call in timeline.calls[:CALLS]:
        left = "no MTPD" if call.minutes is None else f"{call.minutes:,} min, {call.service_name or call.service}"
        rows.append(f"{call.kind} {call.name or 'not named'} ({count(call.cis, 'CI')}, {left})")
    more = timeline.calls_total - len(rows)
    return "; ".join(rows) + (f"; and {more:,} more" if more > 0 else "") or "nobody is named"


def _unknown(customers: int, money: int, needs: int, incomplete: int) -> str:
    parts = [
        text
        for amount, text in (
            (customers, f"customers of {count(customers, 'service')}"),
            (money, f"money of {count(money, 'service')}"),
            (needs, f"{count(needs, 'need')} that {'was' if needs == 1 else 'were'} not read"),
            (incomplete, f"{count(incomplete, 'service')} may be hit as well"),
        )
        if amount
    ]
    return ", ".join(parts) or NOTHING


def _hit_by_change(check: ChangeCheck) -> str:
    if not check.services_total and not check.services_interrupted:
        return "no service"
    customers = "customers unknown" if check.customers is None else f"{number(check.customers)} customers"
    return (
        f"{count(check.services_down, 'service')} down, {check.services_degraded:,} degraded, "
        f"{check.services_interrupted:,} interrupted, {customers}"
    )


def _collisions(check: ChangeCheck) -> str:
    said = [row.sentence.rstrip(".") for row in check.collisions[:NAMED]]
    more = check.collisions_total - len(said)
    return "; ".join(said) + (f"; and {more:,} more" if more > 0 else "") or NOTHING


def _better(check: ChangeCheck) -> str:
    said = [f"{minute(row.start_at)} to {minute(row.end_at)} UTC" for row in check.better_windows[:NAMED]]
    return "; ".join(said) or "none was found"


def _as_of(stamp: Stamp) -> str:
    read = ", ".join(f"{source.name} {minute(source.synced_at) or 'never'}" for source in stamp.sources[:NAMED])
    return f"Revision {stamp.revision} of {minute(stamp.revision_at)} UTC" + (f"; read: {read}" if read else "")


def told_of(tools: Tools, kind: str, cis: Sequence[str], window: tuple[str, str], state: LiveState, base_url: str) -> Told:
    """Returns what a ticket of a kind is told."""
    if kind == CHANGE:
        return tell_of_change(tools, cis, *window, base_url, state.at)
    return tell_of_incident(tools, cis, state, base_url)
