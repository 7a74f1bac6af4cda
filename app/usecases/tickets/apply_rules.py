"""Apply the rules: causes that last get a ticket, one each; what is over is resolved; a storm shares one.

A cause is known again by what it explains: when another CI turns out to be behind what an open ticket is about, the ticket goes
on with that one. Where two that had tickets turn out to be one, the younger ticket is resolved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.errors import ForestayError, StoreUnavailable
from app.domain.sentences import count, minute
from app.domain.ticket_rules import TICKET_KIND, TicketRule
from app.domain.tickets import RESOLVED
from app.ports.records import Kept
from app.usecases.answers.live_state import live_state
from app.usecases.keep.lease import alone
from app.usecases.keep.live import in_one_unit
from app.usecases.keep.orders import ORDERS, Order, Wanted, want
from app.usecases.keep.served import base_url
from app.usecases.keep.ticket_rules import SEEN_CAUSES, SeenCause, list_rules, seen_by
from app.usecases.tickets.enrich import COMMENT
from app.usecases.tickets.watch import Cause, watch
from app.usecases.tools import Tools

LEASE_SECONDS = 120.0
LISTED = 50  # causes that the ticket of a storm names
HOUR = timedelta(hours=1)


def apply_rules(tools: Tools, holder: str, now: datetime | None = None) -> int:
    """Applies every rule that is switched on; returns how many tickets were asked for or resolved. Does nothing while another
    process does it. A rule that cannot be applied leaves its tickets as they are and holds up no other: its fault is raised at
    the end."""
    rules = [rule for rule in list_rules(tools.documents) if rule.enabled]
    if not rules:
        return 0
    moment, done, fault = now or datetime.now(UTC), 0, None
    with alone(tools.documents, "ticket rules", holder, LEASE_SECONDS) as lease:
        if lease is None:
            return 0
        state, base = live_state(tools, moment), base_url(tools.settings, tools.documents)
        for rule in rules:
            try:
                done += _Turn(tools, rule, moment).take(watch(tools, rule, state, base))
            except StoreUnavailable:
                raise
            except ForestayError as error:
                fault = error
    if fault is not None:
        raise fault
    return done


class _Turn:
    """One rule at one moment."""

    def __init__(self, tools: Tools, rule: TicketRule, moment: datetime) -> None:
        self._tools, self._documents, self._rule, self._moment = tools, tools.documents, rule, moment
        self._now, self._done = moment.isoformat(), 0

    def take(self, causes: Sequence[Cause]) -> int:
        """Brings the tickets of the rule in line with the causes that hold; returns how many changed."""
        seen = seen_by(self._documents, self._rule.name)
        left = {kept.key: kept for kept in seen}
        pairs: list[tuple[Cause, Kept[SeenCause] | None]] = []
        for cause in causes:
            known = _known_again(cause, list(left.values()))
            if known is not None:
                del left[known.key]
            pairs.append((cause, known))
        joined = {kept.key: cause for cause in causes for kept in left.values() if set(cause.members) & {*kept.value.members}}
        budget = self._rule.per_hour - sum(
            kept.value.asked_at > (self._moment - HOUR).isoformat() and not kept.value.shares for kept in seen
        )
        storm: list[Cause] = []
        for cause, known in pairs:
            value = known.value if known is not None else SeenCause(self._rule.name, cause.subject, self._now)
            value = replace(value, subject=cause.subject, members=sorted({*value.members, *cause.members}), gone_since="")
            if not value.cause and not self._lasts(value):
                self._keep(known, value, None, cause)
                continue
            if value.shares or (not value.cause and budget <= 0):
                storm.append(cause)
                shared = replace(value, cause=self._storm, shares=True, asked_at=value.asked_at or self._now)
                self._keep(known, shared, None, cause)
                continue
            if not value.cause:
                budget -= 1
                value = replace(value, cause=f"rule:{self._rule.name}:{cause.subject}", asked_at=self._now)
            self._keep(known, value, cause, cause)
        lingering = [kept for kept in left.values() if not self._gone(kept, joined.get(kept.key))]
        self._tell_storm(storm, any(kept.value.shares for kept in lingering))
        return self._done

    @property
    def _storm(self) -> str:
        return f"rule:{self._rule.name}:further causes"

    def _lasts(self, value: SeenCause) -> bool:
        return datetime.fromisoformat(value.since) + timedelta(minutes=self._rule.hold_minutes) <= self._moment

    def _keep(self, known: Kept[SeenCause] | None, value: SeenCause, asked: Cause | None, cause: Cause) -> None:
        """Writes what is seen and, in the same unit of work, what its ticket should be."""
        key = known.key if known is not None else _key_of(self._rule.name, cause.subject, value.since)
        new = [False]

        def act() -> None:
            kept = value
            if asked is not None and not self._was_ended(value):
                order = self._want(value.cause, lambda order: self._wanted(order, asked))
                kept = replace(value, order=order.key if order is not None else value.order)
            if known is None or kept != known.value:
                SEEN_CAUSES.put(self._documents, key, kept)
            new[0] = kept.order != value.order

        in_one_unit(self._documents, act)
        self._done += new[0]

    def _was_ended(self, value: SeenCause) -> bool:
        """Whether people ended the ticket while its cause goes on: they have the last word."""
        order = ORDERS.find(self._documents, value.order) if value.order else None
        return order is not None and order.over

    def _wanted(self, order: Order | None, cause: Cause) -> Wanted:
        if order is None:
            kind = TICKET_KIND[self._rule.watches]
            return Wanted(kind, cause.summary, cause.text, cause.priority, cis=list(cause.cis), comments={})
        wanted = order.wanted
        cis = [*wanted.cis, *(key for key in cause.cis if key not in wanted.cis)]
        comments = dict(wanted.comments)
        if COMMENT in comments or cause.text != wanted.description:  # the description says what held first
            comments[COMMENT] = cause.text
        return replace(wanted, priority=cause.priority, cis=cis, comments=comments)

    def _want(self, cause: str, wanted: Callable[[Order | None], Wanted | None]) -> Order | None:
        return want(self._documents, self._rule.connector, cause, f"rule {self._rule.name}", wanted, now=self._moment)

    def _gone(self, kept: Kept[SeenCause], joined: Cause | None) -> bool:
        """Resolves the ticket of a cause that is gone for long enough, at once where another ticket is about the same; returns
        whether it is that long."""
        value = kept.value
        since = value.gone_since or self._now
        over = joined is not None or datetime.fromisoformat(since) + timedelta(minutes=self._rule.clear_minutes) <= self._moment
        if not over:
            if not value.gone_since:
                SEEN_CAUSES.put(self._documents, kept.key, replace(value, gone_since=since))
            return False
        reason = f"{joined.subject} is the cause of this too" if joined is not None else f"it is over since {minute(since)} UTC"

        def act() -> None:
            if value.cause and not value.shares:
                self._want(
                    value.cause,
                    lambda order: None if order is None else replace(order.wanted, phase=RESOLVED, reason=reason),
                )
            SEEN_CAUSES.delete(self._documents, kept.key)

        in_one_unit(self._documents, act)
        self._done += bool(value.cause)
        return True

    def _tell_storm(self, storm: Sequence[Cause], lingers: bool) -> None:
        """Keeps the one ticket of what is beyond the budget, and resolves it when none of that holds any more."""

        def wanted(order: Order | None) -> Wanted | None:
            if not storm:
                return (
                    None
                    if order is None or lingers
                    else replace(order.wanted, phase=RESOLVED, reason="none of them holds any more")
                )
            text = "\n".join(f"- {cause.summary}" for cause in storm[:LISTED])
            text += f"\n- and {len(storm) - LISTED:,} more" if len(storm) > LISTED else ""
            worst = min(cause.priority for cause in storm)
            if order is None:
                summary = f"{count(len(storm), 'further cause')} of the rule {self._rule.name}"
                return Wanted(TICKET_KIND[self._rule.watches], summary, text, worst)
            return replace(order.wanted, priority=worst, comments={**order.wanted.comments, COMMENT: text})

        def act() -> None:
            self._want(self._storm, wanted)

        in_one_unit(self._documents, act)


def _known_again(cause: Cause, seen: Sequence[Kept[SeenCause]]) -> Kept[SeenCause] | None:
    """Returns what is seen of the same cause: by its subject, else the oldest that has a member in common."""
    same = [kept for kept in seen if kept.value.subject == cause.subject]
    members = set(cause.members)
    shared = [kept for kept in seen if members & {*kept.value.members}]
    asked = [kept for kept in shared if kept.value.cause]  # one with a ticket goes on, whatever it is called
    return next(iter([*(kept for kept in asked), *same, *shared]), None)


def _key_of(rule: str, subject: str, since: str) -> str:
    return hashlib.sha256(f"{rule}\0{subject}\0{since}".encode()).hexdigest()[:32]
