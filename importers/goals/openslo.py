"""OpenSLO files (openslo/v1): objectives as goals. Indicators are not taken: they name a system that measures, and what that
measures is said here by gauges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

import yaml

from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.goals import AVAILABILITY, ERROR_RATE, LONGEST_DAYS, MONTH, Goal, Terms, zone_of
from app.domain.slo import SloFile, SloRead, SloUnread

DOCUMENTS, DEPTH = 10_000, 100
OTHER_KINDS = ("DataSource", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget", "Service")
DURATION = re.compile(r"([1-9]\d{0,5})([mhdwMQY])")
SLICES = ("Timeslices", "RatioTimeslices")
HOURS = {"h": 1, "d": 24, "w": 168}


class _Unread(Exception):
    def __init__(self, field: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.field, self.reason, self.remedy = field, reason, remedy


class _Plain(yaml.SafeLoader):
    """A loader that refuses aliases, of which a few lines can stand for gigabytes, and what is nested too deeply."""

    nested = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise InvalidInput("a YAML alias: write the value out", field="yaml")
        self.nested += 1
        if self.nested > DEPTH:
            raise InvalidInput(f"YAML nested more than {DEPTH} deep", field="yaml")
        node = super().compose_node(parent, index)
        self.nested -= 1
        return node


def read_openslo(name: str, body: bytes) -> SloFile:
    """Returns the goals of a file and what of it could not be read. InvalidInput for what is no YAML: then nothing of it is
    taken."""
    read: list[SloRead] = []
    unread: list[SloUnread] = []
    number = 0
    try:
        for number, document in enumerate(yaml.load_all(body, _Plain), 1):
            if number > DOCUMENTS:
                raise LimitExceeded(f"{name}: more than {DOCUMENTS:,} documents")
            _take(f"document {number}", document, f"file {name}", read, unread)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}" if mark else ""
        raise InvalidInput(f"{name}{place}: not YAML: {getattr(error, 'problem', None) or type(error).__name__}") from error
    return SloFile(read, unread, number)


def _take(record: str, document: Any, origin: str, read: list[SloRead], unread: list[SloUnread]) -> None:
    if document is None:
        return
    if not isinstance(document, Mapping) or not str(document.get("apiVersion", "")).startswith("openslo/"):
        unread.append(SloUnread(record, "apiVersion", "is no OpenSLO document", "only documents of openslo/v1 are read"))
        return
    record = f"{record}: {_text(_part(document, 'metadata').get('name'))}".removesuffix(": ")
    kind = document.get("kind")
    if kind != "SLO" or document["apiVersion"] != "openslo/v1":
        if kind not in OTHER_KINDS:
            unread.append(
                SloUnread(record, "kind", f"{kind} of {document['apiVersion']} is not read"[:200], "SLO of openslo/v1 is")
            )
        return
    spec = _part(document, "spec")
    try:
        service = _text(spec.get("service"))
        if not service:
            raise _Unread("spec.service", "names no service", "name the service, as this service knows it")
        goal_kind = _kind(spec)
        terms = _terms(spec.get("timeWindow"))
        read.append(SloRead(record, service, _goal(record, goal_kind, terms, spec, origin, unread)))
    except _Unread as why:
        unread.append(SloUnread(record, why.field, why.reason, why.remedy))


def _kind(spec: Mapping[str, Any]) -> str:
    """Returns which goal an objective is. Of time slices the share that is good is an availability; of requests (occurrences)
    that of good ones to all is an error rate. A threshold, as of latency, is neither."""
    method = spec.get("budgetingMethod")
    indicator = _part(_part(spec, "indicator"), "spec")
    if "thresholdMetric" in indicator:
        raise _Unread("spec.indicator", "a threshold, as of latency, is no availability and no error rate", "state a ratioMetric")
    if "ratioMetric" not in indicator and method not in SLICES:
        raise _Unread("spec.indicator", "what is counted is not in the document", "write the indicator into the SLO")
    if method in SLICES:
        return AVAILABILITY
    if method == "Occurrences":
        return ERROR_RATE
    raise _Unread("spec.budgetingMethod", f"{_text(method) or 'none'} is unknown", "Occurrences, Timeslices or RatioTimeslices")


def _terms(windows: Any) -> Terms:
    if not isinstance(windows, list) or len(windows) != 1 or not isinstance(windows[0], Mapping):
        raise _Unread("spec.timeWindow", "is not one window", "state exactly one")
    window = windows[0]
    length = DURATION.fullmatch(_text(window.get("duration")))
    if length is None:
        raise _Unread("spec.timeWindow.duration", "is no duration", "a number and one of m, h, d, w, M, Q, Y, like 28d")
    amount, unit = int(length[1]), length[2]
    if window.get("isRolling") is True:
        hours = amount * HOURS.get(unit, 0)
        if not hours or hours % 24 or hours // 24 > LONGEST_DAYS:
            raise _Unread(
                "spec.timeWindow.duration", f"rolls over {length[0]}", f"windows that roll are whole days, 1d to {LONGEST_DAYS}d"
            )
        return Terms(f"{hours // 24}d")
    if (amount, unit) != (1, "M"):
        meant = "; m means minutes, a month is 1M" if unit == "m" else ""
        raise _Unread(
            "spec.timeWindow.duration", f"is a calendar window of {length[0]}{meant}", "calendar windows are months: 1M"
        )
    calendar = _part(window, "calendar")
    begin = calendar.get("startTime")
    if isinstance(begin, str):
        try:
            begin = datetime.fromisoformat(begin)
        except ValueError:
            begin = None
    if not isinstance(begin, datetime) or begin.day != 1 or begin.time() != time():
        raise _Unread(
            "spec.timeWindow.calendar.startTime", "is not the first midnight of a month", "months begin on day 1 at 00:00"
        )
    zone = _text(calendar.get("timeZone"))
    try:
        zone_of(zone)
    except InvalidInput as error:
        raise _Unread("spec.timeWindow.calendar.timeZone", f"{zone or 'none'}: {error.message}", "an IANA name") from None
    return Terms(MONTH, zone)


def _goal(record: str, kind: str, terms: Terms, spec: Mapping[str, Any], origin: str, unread: list[SloUnread]) -> Goal:
    """Returns the goal with the strictest target of the objectives; the others are listed."""
    objectives = spec.get("objectives")
    targets = sorted(
        (target for one in objectives if (target := _target(one)) is not None) if isinstance(objectives, list) else [],
        reverse=True,
    )
    if not targets:
        raise _Unread("spec.objectives", "no objective states a target", "target from 0 to below 1, or targetPercent below 100")
    for other in targets[1:]:
        unread.append(
            SloUnread(
                record, "spec.objectives", f"{other:g} is less strict than {targets[0]:g}", "a service has one goal of a kind"
            )
        )
    target = targets[0] if kind == AVAILABILITY else round(1.0 - targets[0], 12)
    said = _text(spec.get("description"))[:500]
    return Goal(kind, target, terms, reason=said, origin=origin)


def _target(objective: Any) -> float | None:
    if not isinstance(objective, Mapping):
        return None
    for name, whole in (("target", 1.0), ("targetPercent", 100.0)):
        value = objective.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value < whole:
            return round(float(value) / whole, 12)
    return None


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(value: Any) -> str:
    return value.strip()[:200] if isinstance(value, str) else ""
