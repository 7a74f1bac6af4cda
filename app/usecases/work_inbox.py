"""Work what the inbox kept: alerts become the live state. Who works a delivery, how often and in what order changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain

from app.domain.alerts import (
    APPLIED,
    FIRING,
    IGNORED,
    OUTCOMES,
    UNMATCHED,
    UNREADABLE,
    Alert,
    AlertRules,
    Delivery,
    judged,
    names_in,
    read_delivery,
)
from app.domain.errors import InvalidInput
from app.domain.live import DEGRADED, NOTED
from app.domain.strict_json import strict_json
from app.ports.documents import Documents
from app.ports.records import Kept
from app.usecases.keep import inbox
from app.usecases.keep.inbox import COUNTS, SENDERS, SHOWN_FAULTS, WAITING, WORKED, InboxCounts, Waiting, Worked
from app.usecases.keep.live import OVER, AlertRecord, alert_key, in_one_unit, keep_alert, known_alert
from app.usecases.match_names import Match, matches_of
from app.usecases.tools import Tools

DEPTH, VALUES = 16, 1_000_000


def work_inbox(tools: Tools) -> int:
    """Works the deliveries that wait, the oldest first; returns how many."""
    done = 0
    for delivery in inbox.waiting(tools.documents):
        work_delivery(tools, delivery.key)
        done += 1
    return done


def work_delivery(tools: Tools, number: str, now: datetime | None = None) -> Worked | None:
    """Works one delivery in one unit of work, once: the alerts that it changes, the counts and its end are written together.
    Returns what came of it, also where another has worked it; None where it is not known any more."""
    kept = WAITING.find(tools.documents, number)
    if kept is None:
        return WORKED.find(tools.documents, number)
    moment = now or datetime.now(UTC)
    delivery, fault = _read(kept)
    sender = SENDERS.find(tools.documents, kept.sender)
    rules = sender.rules if sender is not None else AlertRules()
    named = [names_in(alert.labels, rules.labels) for alert in delivery.alerts]
    matches = {id(alert): match for alert, match in zip(delivery.alerts, matches_of(tools.store, named), strict=True)}
    found: list[Worked] = []

    def act() -> None:
        found.clear()
        if WAITING.find(tools.documents, number) is None:
            return
        work = _Work(tools.documents, kept, number, moment, rules)
        for alert in delivery.alerts:
            work.take(alert, matches)
        found.append(work.ended(delivery, fault))
        _forget(tools.documents, int(number) - tools.settings.inbox.kept_deliveries)

    in_one_unit(tools.documents, act)
    return found[0] if found else WORKED.find(tools.documents, number)


def _read(kept: Waiting) -> tuple[Delivery, str]:
    try:
        return read_delivery(strict_json(kept.body.encode(), "the delivery", DEPTH, VALUES, finite=True)), ""
    except InvalidInput as error:
        return Delivery((), (), 0), error.message


class _Work:
    """One delivery in hand."""

    def __init__(self, documents: Documents, kept: Waiting, number: str, moment: datetime, rules: AlertRules) -> None:
        self._documents, self._kept, self._number, self._moment, self._rules = documents, kept, number, moment, rules
        self._counts: Counter[str] = Counter()
        self._closed: list[str] = []

    def take(self, alert: Alert, matches: Mapping[int, Match]) -> None:
        self._counts[self._outcome(alert, matches[id(alert)])] += 1

    def _outcome(self, alert: Alert, match: Match) -> str:
        state = self._rules.state_of(alert.labels)
        if state == NOTED:
            return IGNORED
        key = alert_key(self._kept.sender, alert.group_key, alert.fingerprint)
        known = known_alert(self._documents, key)
        outcome = judged(known.value.episode if known else None, alert.status, alert.starts_at.isoformat())
        if outcome != APPLIED:
            return outcome
        record = self._record(alert, match, state)
        if known is not None and known.value.starts_at == record.starts_at:  # the end of what fires, as it was matched then
            record = replace(known.value, status=record.status, resolved_at=record.resolved_at, closed_by=record.closed_by)
        keep_alert(self._documents, key, record)
        if alert.status != FIRING:
            self._closed.append(key)
        return APPLIED if record.ci else UNMATCHED

    def _record(self, alert: Alert, match: Match, state: str) -> AlertRecord:
        over = alert.status != FIRING
        return AlertRecord(
            sender=self._kept.sender,
            name=alert.name,
            group_key=alert.group_key,
            fingerprint=alert.fingerprint,
            starts_at=alert.starts_at.isoformat(),
            status=alert.status,
            state=state,
            share=self._rules.degraded_share if state == DEGRADED else None,
            reason=alert.reason,
            received_at=self._kept.received_at,
            names=list(chain(*names_in(alert.labels, self._rules.labels))),
            ci=match.ci,
            candidates=list(match.candidates),
            near=list(match.near),
            resolved_at=alert.ends_at.isoformat() if over and alert.ends_at else "",
            closed_by=self._number if over else "",
            labels=dict(alert.labels),
        )

    def ended(self, delivery: Delivery, fault: str) -> Worked:
        """Takes the delivery from those that wait, and counts it."""
        counts = InboxCounts(
            deliveries=1,
            unreadable_deliveries=int(bool(fault)),
            alerts=self._counts.total() + len(delivery.unreadable),
            **{name: self._counts[name] for name in OUTCOMES if name != UNREADABLE},
            unreadable=len(delivery.unreadable),
            lost=delivery.lost,
            last_at=self._kept.received_at,
        )
        faults = ([fault] if fault else []) + list(delivery.unreadable[:SHOWN_FAULTS])
        worked = Worked(self._kept.sender, self._kept.received_at, self._moment.isoformat(), counts, faults, tuple(self._closed))
        WAITING.delete(self._documents, self._number)
        WORKED.put(self._documents, self._number, worked, expected=0)
        total = COUNTS.kept(self._documents, self._kept.sender)
        summed = (total.value if total else InboxCounts()).plus(counts)
        COUNTS.put(self._documents, self._kept.sender, summed, expected=total.version if total else 0)
        return worked


def _forget(documents: Documents, until: int) -> None:
    """Forgets deliveries up to a number, some at a time, and the alerts that ended with them."""
    for old in WORKED.page(documents, "", 10):
        if int(old.key) > until:
            return
        _forget_alerts(documents, old)
        WORKED.delete(documents, old.key)


def _forget_alerts(documents: Documents, old: Kept[Worked]) -> None:
    for key in old.value.closed:
        over = OVER.find(documents, key)
        if over is not None and over.closed_by == old.key:
            OVER.delete(documents, key)
