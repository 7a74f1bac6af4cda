"""What a rule watches: the causes that hold now, each with what its ticket should say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from app.domain.live import DOWN
from app.domain.recovery import RecoveryGap
from app.domain.sentences import count, listed, minute, number
from app.domain.ticket_rules import GAP, HELD, LOSS, OUTAGE, REDUNDANCY, STALE, TicketRule
from app.domain.ticket_words import filled
from app.domain.tickets import INCIDENT
from app.risk.outage.causes import worn_groups
from app.risk.outage.diagnosis import diagnose
from app.risk.outage.propagation import outage
from app.usecases.answers.impact import priority_of, suggested_for, urgency_of
from app.usecases.answers.live_state import LiveState
from app.usecases.answers.now_next import CAUSES, SECONDS
from app.usecases.answers.paths import used_up
from app.usecases.answers.plain_text import pasted
from app.usecases.answers.ranking import area_page
from app.usecases.answers.recovery_gaps import gaps_page
from app.usecases.approve import held_runs
from app.usecases.keep.sources import MANUAL, list_sources
from app.usecases.keep.ticket_templates import template_of
from app.usecases.tickets.comment import tell_of_incident
from app.usecases.tools import Tools

MOST = 500  # causes of a rule that are looked at
CIS = 100  # that a ticket is tied to
TOLD_WHOLE = 40  # causes of an evening that are told with all that follows from them


@dataclass(frozen=True, slots=True)
class Cause:
    """`subject`: what it is; `members`: what it explains, by which it is known again; `cis`: that its ticket is tied to."""

    subject: str
    summary: str
    text: str
    priority: str
    cis: Sequence[str] = ()
    members: Sequence[str] = ()


def watch(tools: Tools, rule: TicketRule, state: LiveState, base_url: str) -> list[Cause]:
    """Returns the causes that a rule sees now, those at least as urgent as it asks for, the most urgent first."""
    found = WATCHERS[rule.watches](tools, rule, state, base_url)
    return sorted((one for one in found if one.priority <= rule.least_priority), key=lambda one: (one.priority, one.subject))


def _outages(tools: Tools, rule: TicketRule, state: LiveState, base_url: str) -> list[Cause]:
    """Returns the fewest CIs that together explain what is reported down, and each that none of them explains. What falls with
    what is in maintenance is silent."""
    estate, down, resting = state.estate, *_out(state)
    if not down:
        return []
    space = estate.workspace()
    found = diagnose(estate.compiled, down, CAUSES, seconds=SECONDS, space=space, known=resting)
    causes, taken = [], set[int]()
    roots = [*found.fewest, *(int(position) for position in found.unexplained)]
    for place, root in enumerate(roots[:MOST]):
        fell = set(outage(estate.compiled, [root], space).failed.tolist())
        explained = [position for position in down if position in fell and position not in taken]
        taken.update(explained)
        tell = _outage if place < TOLD_WHOLE else _outage_in_short
        causes.append(tell(tools, state, root, [estate.key(position) for position in explained], base_url))
    if len(roots) > MOST:
        text = f"{count(len(roots) - MOST, 'more CI is', 'more CIs are')} down and explained by none of these: see {base_url}/now"
        causes.append(
            Cause("more causes", f"{len(roots) - MOST:,} more causes of what is down", text, "3", members=["more causes"])
        )
    return causes


def _outage_in_short(tools: Tools, state: LiveState, root: int, explained: Sequence[str], base_url: str) -> Cause:
    """Returns the cause by its priority alone: where there are many at once, only the first are told whole."""
    key, name = state.estate.key(root), state.estate.name(root)
    suggested = suggested_for(tools, [key], state.estate.revision.revision)
    text = f"Forestay: {pasted(name)} out. Suggested priority {suggested.priority} ({suggested.row}).\n{base_url}/ci?"
    members = _members(key, explained)
    return Cause(key, f"{name} is down", text + urlencode({"key": key}), suggested.priority, members[:CIS], members)


def _members(key: str, explained: Sequence[str]) -> list[str]:
    """Returns the keys of a cause and of what it explains, the cause first."""
    return list(dict.fromkeys([key, *explained]))


def _out(state: LiveState) -> tuple[list[int], list[int]]:
    """Returns the positions of what is down, and of what is in maintenance."""
    down = [position for position in state.out if state.effects[position].state == DOWN]
    return down, [position for position in state.out if state.effects[position].state != DOWN]


def _outage(tools: Tools, state: LiveState, root: int, explained: Sequence[str], base_url: str) -> Cause:
    key, name = state.estate.key(root), state.estate.name(root)
    told = tell_of_incident(tools, [key], state, base_url, explained)
    members = _members(key, explained)
    sure = root in state.effects
    also = f", {count(len(explained), 'CI')} reported down" if len(explained) > 1 else ""
    what = told.fields["what"] + ("" if sure else " (the probable cause: nobody reports it)")
    return Cause(
        key,
        f"{name} is {'down' if sure else 'probably down'}{also}",
        filled(template_of(tools.documents, INCIDENT), {**told.fields, "what": what}),
        told.priority,
        members[:CIS],
        members,
    )


def _redundancy(tools: Tools, rule: TicketRule, state: LiveState, base_url: str) -> list[Cause]:
    """Returns the groups that carry their dependent and have nothing left to lose; those that maintenance alone wears are
    silent."""
    estate, (down, resting) = state.estate, _out(state)
    if not down:
        return []
    space = estate.workspace()
    planned = outage(estate.compiled, resting, space)
    quiet = set(worn_groups(estate.compiled, planned).tolist())
    result = outage(estate.compiled, state.out, space)
    worn = [number for number in worn_groups(estate.compiled, result).tolist() if number not in quiet][:MOST]
    level = priority_of(tools.settings.tickets, "last", urgency_of(tools.settings.tickets, [None], True))
    causes = []
    for row in used_up(estate, result, worn):
        of, left = len(row.left) + len(row.failed), len(row.left)
        text = f"Forestay: {row.dependent_name} hangs on {left} of {count(of, 'member')} of {row.key}, of which it needs "
        text += f"{row.needed}: one more failure stops it. Out: {listed(row.failed, 10)}."
        summary = f"{row.dependent_name} has no redundancy left, {left} of {of}"
        cis = [row.dependent, *row.failed][:CIS]
        causes.append(Cause(row.key, summary, f"{pasted(text)}\n{base_url}/now", level, cis, [row.key]))
    return causes


def _gaps(tools: Tools, rule: TicketRule, state: LiveState, base_url: str) -> list[Cause]:
    """Returns the services whose worst gap between required and achievable recovery is above the threshold."""
    worst: dict[str, RecoveryGap] = {}
    for gap in gaps_page(tools, MOST).items:
        worst.setdefault(gap.service_key, gap)
    return [
        Cause(
            key,
            f"{gap.service_name} is back {gap.gap_hours:,.3g} h later than its RTO of {gap.wants_hours:,.3g} h",
            f"{pasted(gap.sentence)}\n{base_url}/recovery-of?" + urlencode({"key": key}),
            "4",
            list(dict.fromkeys([key, gap.key])),
            [key],
        )
        for key, gap in worst.items()
        if gap.gap_hours > rule.threshold
    ]


def _losses(tools: Tools, rule: TicketRule, state: LiveState, base_url: str) -> list[Cause]:
    """Returns the CIs whose expected loss a year is above the threshold."""
    page = area_page(tools, "ci", MOST, None, state.estate.revision.revision)
    return [
        Cause(
            row.name,
            f"{row.label} is expected to cost {number(row.money_per_year)} {state.estate.options.currency} a year",
            f"{pasted(row.reason)}\n{base_url}/area?" + urlencode({"kind": "ci", "name": row.name}),
            "4",
            [row.name],
            [row.name],
        )
        for row in page.items
        if row.money_per_year is not None and row.money_per_year > rule.threshold
    ]


def _stale(tools: Tools, rule: TicketRule, state: LiveState, base_url: str) -> list[Cause]:
    """Returns the sources that were not read to the end for more hours than the threshold."""
    limit = (state.at - timedelta(hours=rule.threshold)).isoformat()
    return [
        Cause(
            source.name,
            f"The source {source.name} was not read whole for more than {rule.threshold:,.3g} h",
            f"Last read whole: {minute(source.synced_at) or 'never'} UTC; its last run: {source.last_state or 'none'}."
            f"\n{base_url}/sources",
            "3",
            members=[source.name],
        )
        for source in list_sources(tools.documents)
        if source.name != MANUAL and source.synced_at < limit
    ]


def _held(tools: Tools, rule: TicketRule, state: LiveState, base_url: str) -> list[Cause]:
    """Returns the runs that wait for a person."""
    return [
        Cause(
            f"{run.source}/{run.run_id}",
            f"Run {run.run_id} of {run.source} waits for approval",
            f"{pasted('; '.join(run.held_because))}\n{base_url}/run?" + urlencode({"id": run.run_id}),
            "3",
            members=[f"{run.source}/{run.run_id}"],
        )
        for run in held_runs(tools.documents)
    ]


WATCHERS: dict[str, Callable[[Tools, TicketRule, LiveState, str], list[Cause]]] = {
    OUTAGE: _outages,
    REDUNDANCY: _redundancy,
    GAP: _gaps,
    LOSS: _losses,
    STALE: _stale,
    HELD: _held,
}
