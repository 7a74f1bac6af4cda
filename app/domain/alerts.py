"""Alerts as Alertmanager's webhook sends them (version 4): read strictly, judged against what is known of the same alert.

One alert is one (group key, fingerprint); an episode of it begins at `startsAt`. Deliveries may come twice, late and in any
order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.live import ASSUMED_SHARE, DEGRADED, DOWN, NOTED, STATES
from app.domain.texts import one_form

FIRING, RESOLVED = "firing", "resolved"
APPLIED, DUPLICATE, LATE, UNMATCHED, IGNORED, UNREADABLE = "applied", "duplicate", "late", "unmatched", "noted", "unreadable"
OUTCOMES = (APPLIED, DUPLICATE, LATE, UNMATCHED, IGNORED, UNREADABLE)
DEFAULT_LABELS = ("ci", "ci_key", "instance", "host", "hostname", "node", "nodename", "server", "vm", "device", "pod", "service")
DEFAULT_SEVERITIES = {
    "critical": DOWN, "page": DOWN, "error": DOWN, "high": DOWN,
    "warning": DEGRADED, "medium": DEGRADED, "low": DEGRADED,
    "info": NOTED, "none": NOTED,
}  # fmt: skip
LONGEST = 4000  # characters of a label that may name a CI
REASON = 500


@dataclass(frozen=True, slots=True)
class AlertRules:
    """How a sender's alerts are read. `labels`: which labels name a CI, the first that does counts; `severities`: the state that
    a value of the label `severity` means (down, degraded, maintenance, noted); an alert without one, or with one that is not
    listed, means down. `degraded_share`: what a degraded CI still does, None: nobody knows."""

    labels: Sequence[str] = DEFAULT_LABELS
    severities: Mapping[str, str] | None = None
    degraded_share: float | None = None

    def state_of(self, labels: Mapping[str, str]) -> str:
        known = DEFAULT_SEVERITIES if self.severities is None else self.severities
        return known.get(labels.get("severity", "").casefold(), DOWN)


def checked_rules(rules: AlertRules) -> AlertRules:
    """Returns the rules, severities in small letters; InvalidInput names what is wrong with them."""
    if not rules.labels or any(not label.strip() for label in rules.labels):
        raise InvalidInput("labels: name at least one label, none of them empty", field="labels")
    for severity, state in (rules.severities or {}).items():
        if state not in (*STATES, NOTED):
            raise InvalidInput(f"severities: {severity} is {', '.join((*STATES, NOTED))}, not {state!r}", field="severities")
    if rules.degraded_share is not None and not 0 <= rules.degraded_share < 1:
        raise InvalidInput("degraded_share is from 0 to below 1", field="degraded_share")
    if rules.severities is None:
        return rules
    return replace(rules, severities={severity.casefold(): state for severity, state in rules.severities.items()})


def said_of_rules(rules: AlertRules) -> str:
    """Returns the rule of severities as a sentence."""
    known = DEFAULT_SEVERITIES if rules.severities is None else rules.severities
    rows = "; ".join(f"{severity} means {state}" for severity, state in known.items())
    share = f"{rules.degraded_share:.0%}" if rules.degraded_share is not None else f"an assumed {ASSUMED_SHARE:.0%}"
    return f"{rows}; any other severity, or none, means down; what is degraded still does {share}"


@dataclass(frozen=True, slots=True)
class Alert:
    group_key: str
    fingerprint: str
    status: str  # firing, resolved
    starts_at: datetime
    ends_at: datetime | None  # of a resolved alert
    labels: Mapping[str, str]
    reason: str

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "") or self.fingerprint


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one webhook call says. `unreadable`: of each alert that could not be read, why; `lost`: alerts that Alertmanager left
    out."""

    alerts: Sequence[Alert]
    unreadable: Sequence[str]
    lost: int


def read_delivery(body: Any) -> Delivery:
    """Returns the alerts of a webhook's body; InvalidInput where it is none of Alertmanager's."""
    if not isinstance(body, dict) or not isinstance(body.get("alerts"), list):
        raise InvalidInput("not a body of Alertmanager's webhook: an object with a list `alerts`")
    if body.get("version") != "4":
        raise InvalidInput(f"version {body.get('version')!r} of the webhook's format: only version 4 is known")
    group, lost = str(body.get("groupKey", "")), body.get("truncatedAlerts", 0)
    alerts, unreadable = [], []
    for number, raw in enumerate(body["alerts"]):
        try:
            alerts.append(_read_alert(group, raw))
        except InvalidInput as error:
            unreadable.append(f"alerts[{number}]: {error.message}")
    return Delivery(alerts, unreadable, lost if isinstance(lost, int) and not isinstance(lost, bool) and lost > 0 else 0)


def _read_alert(group: str, raw: Any) -> Alert:
    if not isinstance(raw, dict):
        raise InvalidInput("an alert is an object")
    labels, notes = raw.get("labels"), raw.get("annotations") or {}
    if not isinstance(labels, dict) or not isinstance(notes, dict):
        raise InvalidInput("labels and annotations are objects")
    status, fingerprint = raw.get("status"), raw.get("fingerprint")
    if status not in (FIRING, RESOLVED):
        raise InvalidInput(f"status {status!r} is neither firing nor resolved")
    if not isinstance(fingerprint, str) or not fingerprint:
        raise InvalidInput("no fingerprint")
    plain = {str(name): one_form(str(value)) for name, value in labels.items()}
    reason = next((one_form(str(notes[name])) for name in ("summary", "description", "message") if notes.get(name)), "")
    began = _moment(raw.get("startsAt"), "startsAt")
    return Alert(
        group, fingerprint, status, began,
        _moment(raw.get("endsAt"), "endsAt") if status == RESOLVED else None, plain,
        (reason or plain.get("alertname", ""))[:REASON],
    )  # fmt: skip


def _moment(text: Any, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text)[:40])
        if moment.tzinfo is None or moment.year < 1970:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{field} {str(text)[:40]!r} is no time with a zone") from None


@dataclass(frozen=True, slots=True)
class Episode:
    """The latest episode that is known of an alert."""

    starts_at: str
    status: str


def judged(known: Episode | None, status: str, starts_at: str) -> str:
    """Returns whether an event of an alert is news (applied), known already (duplicate), or of a time that is over (late).

    >>> judged(None, "firing", "t1"), judged(Episode("t1", "firing"), "firing", "t1")
    ('applied', 'duplicate')
    >>> judged(Episode("t1", "resolved"), "firing", "t1")
    'late'
    >>> judged(Episode("t1", "resolved"), "firing", "t2"), judged(Episode("t2", "firing"), "resolved", "t1")
    ('applied', 'late')
    """
    if known is None or starts_at > known.starts_at:
        return APPLIED
    if starts_at < known.starts_at:
        return LATE
    if known.status == status:
        return DUPLICATE
    return APPLIED if status == RESOLVED else LATE


def names_in(labels: Mapping[str, str], looked_at: Sequence[str]) -> list[list[str]]:
    """Returns, label by label in the order in which they are looked at, the texts that may name a CI: the value, and without its
    port where it has one.

    >>> names_in({"instance": "web-1:9100", "job": "node"}, ("ci", "instance")), names_in({"instance": "[::1]:80"}, ("instance",))
    ([['web-1:9100', 'web-1']], [['[::1]:80', '::1']])
    """
    found = []
    for label in looked_at:
        value = labels.get(label, "").strip()[:LONGEST]
        if value and "\x00" not in value:
            host = without_port(value)
            found.append([value] if host == value else [value, host])
    return found


def without_port(text: str) -> str:
    """Returns the host of host:port; any other text as it is."""
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or not host:
        return text
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1]
    return text if ":" in host else host  # an address of version 6 without brackets, or a key like source:class:1
