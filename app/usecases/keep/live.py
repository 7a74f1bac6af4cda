"""What is reported of CIs right now: by people, one report a CI; by alerts, one record each while they fire."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from app.domain.alerts import FIRING, RESOLVED, Episode
from app.domain.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from app.domain.live import DEGRADED, STATES, LiveReport
from app.domain.texts import one_form
from app.ports.documents import Documents
from app.ports.records import TRIES, Kept, Records
from app.usecases.keep import audit

REASON = 500
PAGE = 500
SKEW = timedelta(minutes=5)  # how far clocks of others may be ahead
AWAY = 3  # times that the store may fail to answer one unit of work


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """The latest episode of an alert, with what it says of which CI. `ci`: "" where no CI, or more than one, answers to
    `names`."""

    sender: str
    name: str
    group_key: str
    fingerprint: str
    starts_at: str
    status: str
    state: str
    share: float | None
    reason: str
    received_at: str
    names: Sequence[str]  # texts that were looked at, the first label's first
    ci: str = ""
    candidates: Sequence[str] = ()  # keys of the CIs that answer to one of the names, where they are several
    near: Sequence[str] = ()  # keys of CIs whose names hold a part of one of these
    resolved_at: str = ""
    closed_by: str = ""  # number of the delivery that resolved it, or who cleared it
    labels: dict[str, str] = field(default_factory=dict)
    kind: str = "alertmanager"  # or ticket: an incident of the connector `sender`

    @property
    def episode(self) -> Episode:
        return Episode(self.starts_at, self.status)

    def report(self) -> LiveReport:
        return LiveReport(
            self.ci, self.state, self.share, self.starts_at, "", f"{self.kind}:{self.sender}", self.reason, self.received_at,
            self.name,
        )  # fmt: skip


REPORTS = Records("live", LiveReport)
FIRING_ALERTS, OVER = Records("alert", AlertRecord), Records("alert_over", AlertRecord)


def alert_key(sender: str, group_key: str, fingerprint: str) -> str:
    """Returns the key of an alert: the same for all of its episodes."""
    return hashlib.sha256("\0".join((sender, group_key, fingerprint)).encode()).hexdigest()[:32]


def report_key(ci: str) -> str:
    return hashlib.sha256(ci.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Present:
    """All that is reported now, and a digest of it that changes with every word of it."""

    reports: Sequence[LiveReport]
    alerts: Sequence[Kept[AlertRecord]]  # firing
    digest: str


def present(documents: Documents) -> Present:
    """Returns what is reported now, in order of its keys."""
    digest = hashlib.sha256()

    def every(kind: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while page := documents.page(kind, found[-1][0] if found else "", PAGE):
            for row in page:
                digest.update(f"{kind} {row.key} {row.body}\n".encode())
                found.append((row.key, row.body))
        return found

    reports = [REPORTS.read(body) for _, body in every(REPORTS.kind)]
    alerts = [Kept(key, 0, FIRING_ALERTS.read(body)) for key, body in every(FIRING_ALERTS.kind)]
    return Present(reports, alerts, digest.hexdigest()[:16])


def in_one_unit(documents: Documents, act: Callable[[], None]) -> None:
    """Does what an act writes together, again where another writer came between (a deadlock of two makes one of them fail as if
    the store were away)."""
    unanswered = 0
    for _ in range(TRIES):
        try:
            with documents.together():
                act()
            return
        except Conflict:
            continue
        except StoreUnavailable:
            unanswered += 1
            if unanswered == AWAY:
                raise
    raise Conflict("the live state changes too quickly; try again")


def checked_report(report: LiveReport) -> LiveReport:
    """Returns the report with its times in UTC and its reason in one form; InvalidInput names the field that is wrong."""
    if report.state not in STATES:
        raise InvalidInput(f"state is one of {', '.join(STATES)}, not {report.state!r}", field="state")
    if report.share is not None and (report.state != DEGRADED or not 0 <= report.share < 1):
        raise InvalidInput("share is what a degraded CI still does, from 0 to below 1", field="share")
    started, ends = _utc(report.started_at, "started_at"), _utc(report.ends_at, "ends_at")
    if ends and started and ends <= started:
        raise InvalidInput("ends_at lies after started_at", field="ends_at")
    return replace(report, started_at=started, ends_at=ends, reason=one_form(report.reason)[:REASON])


def _utc(text: str, field_name: str) -> str:
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise InvalidInput(f"{field_name} is a time with a zone, like 2026-11-20T03:00:00Z", field=field_name) from None


def set_report(documents: Documents, report: LiveReport, now: datetime | None = None) -> LiveReport:
    """Keeps what a person or a program says of a CI; it replaces what was said by hand before. Without a start, the CI has been
    in that state since it was first reported so."""
    at = now or datetime.now(UTC)
    moment = at.isoformat()
    wanted = checked_report(replace(report, reported_at=moment))
    if wanted.started_at > (at + SKEW).isoformat():
        raise InvalidInput("started_at lies in the future: the live state is what is so now", field="started_at")
    kept: list[LiveReport] = []

    def act() -> None:
        before = REPORTS.kept(documents, report_key(report.ci))
        same = before is not None and before.value.state == wanted.state
        started = wanted.started_at or (before.value.started_at if before is not None and same else moment)
        kept[:] = [checked_report(replace(wanted, started_at=started))]
        REPORTS.put(documents, report_key(report.ci), kept[0], before.version if before else 0)
        details = {"state": wanted.state, "started_at": started, "ends_at": wanted.ends_at, "reason": wanted.reason}
        audit.record(documents, report.origin, "live state set", report.ci, details)

    in_one_unit(documents, act)
    return kept[0]


def clear_reports(documents: Documents, ci: str, caller: str, now: datetime | None = None) -> int:
    """Takes back all that is reported of a CI, alerts included: a delivery that repeats one of these changes nothing until it
    fires anew. Returns how many reports that were; NotFound where there was none."""
    moment = (now or datetime.now(UTC)).isoformat()
    cleared = [0]

    def act() -> None:
        cleared[0] = int(REPORTS.delete(documents, report_key(ci)))
        for alert in present(documents).alerts:
            if alert.value.ci == ci:
                close_alert(documents, alert.key, moment, caller)
                cleared[0] += 1
        if cleared[0]:
            audit.record(documents, caller, "live state cleared", ci, {"reports": cleared[0]})

    in_one_unit(documents, act)
    if not cleared[0]:
        raise NotFound(f"nothing is reported of {ci}")
    return cleared[0]


def clear_alert(documents: Documents, alert: str, caller: str, now: datetime | None = None) -> AlertRecord:
    """Takes back one alert by its key, as for one that names no CI; NotFound where none of that key fires."""
    moment = (now or datetime.now(UTC)).isoformat()
    found = [FIRING_ALERTS.get(documents, alert)]

    def act() -> None:
        found[:] = [close_alert(documents, alert, moment, caller)]
        audit.record(documents, caller, "alert cleared", alert, {"name": found[0].name, "sender": found[0].sender})

    in_one_unit(documents, act)
    return found[0]


def close_alert(documents: Documents, key: str, resolved_at: str, closed_by: str) -> AlertRecord:
    """Moves an alert to those that are over."""
    over = replace(FIRING_ALERTS.get(documents, key), status=RESOLVED, resolved_at=resolved_at, closed_by=closed_by)
    FIRING_ALERTS.delete(documents, key)
    OVER.put(documents, key, over)
    return over


def known_alert(documents: Documents, key: str) -> Kept[AlertRecord] | None:
    """Returns the latest episode of an alert, firing or over; None where it was never heard of."""
    return FIRING_ALERTS.kept(documents, key) or OVER.kept(documents, key)


def keep_alert(documents: Documents, key: str, alert: AlertRecord) -> None:
    """Keeps the latest episode of an alert where one of its status belongs."""
    here, there = (FIRING_ALERTS, OVER) if alert.status == FIRING else (OVER, FIRING_ALERTS)
    there.delete(documents, key)
    before = here.kept(documents, key)
    here.put(documents, key, alert, before.version if before else 0)
