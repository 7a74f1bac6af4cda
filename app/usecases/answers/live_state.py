"""What is reported, placed on the estate: each report at the position of its CI, by today's keys and aliases, or listed with the
reason why it has none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.errors import NotFound
from app.domain.live import DEGRADED, LiveEffect, LiveReport, effect_of
from app.domain.now import NowUnplaced
from app.ports.graph_store import Hit
from app.usecases.estate import Estate
from app.usecases.find import former_hits
from app.usecases.keep.live import AlertRecord, Present, present
from app.usecases.match_names import Match, match_of
from app.usecases.tools import Tools


@dataclass(frozen=True, slots=True)
class LiveState:
    """The present of one revision. `effects` and `reports` by position; `at`: to the minute, as exact as the answers are."""

    estate: Estate
    at: datetime
    digest: str
    effects: Mapping[int, LiveEffect]
    reports: Mapping[int, Sequence[LiveReport]]
    unplaced: Sequence[NowUnplaced]

    @property
    def out(self) -> list[int]:
        """Positions of what is down or in maintenance, by start."""
        found = [position for position, effect in self.effects.items() if effect.state != DEGRADED]
        return sorted(found, key=lambda position: (self.effects[position].started_at, position))

    @property
    def shares(self) -> dict[int, float]:
        return {position: effect.share for position, effect in self.effects.items() if effect.state == DEGRADED}


def this_minute(now: datetime | None = None) -> datetime:
    """Returns the time to the minute: answers of one minute are the same to the byte."""
    return (now or datetime.now(UTC)).astimezone(UTC).replace(second=0, microsecond=0)


def minute_tag(tools: Tools, words: Present) -> str:
    """Returns what tells the answers about the present apart: what is reported, and the minute."""
    digest = live_state(tools, words=words).digest if tools.scoped else words.digest
    return f"{digest}-{this_minute():%H%M}"


def live_state(tools: Tools, now: datetime | None = None, words: Present | None = None) -> LiveState:
    """Returns all that is reported now, placed on the estate of today; under a scope what is reported of the CIs in it."""
    words = words or present(tools.documents)
    estate = tools.estates.at()
    revision = estate.revision.revision
    texts = {report.ci for report in words.reports}
    for kept in words.alerts:
        texts.update([kept.value.ci] if kept.value.ci else [], kept.value.names)
    hits = tools.store.find(revision, sorted(texts)) if texts else {}

    def match(names: Sequence[str]) -> Match:
        found = match_of([[name] for name in names], hits)
        if found.ci or found.candidates or not names:
            return found
        former = {hit.key for hit in former_hits(tools.store, revision, names[0])}
        return Match(next(iter(former))) if len(former) == 1 else Match(candidates=sorted(former))

    by_key = {hit.key: hit for found in hits.values() for hit in found}
    reports: dict[int, list[LiveReport]] = {}
    unplaced: list[NowUnplaced] = []
    said: list[tuple[LiveReport, str, Sequence[str], list[str]]] = [(one, "", (), [one.ci]) for one in words.reports]
    said += [(kept.value.report(), kept.key, kept.value.near, _names(kept.value, tools.scoped)) for kept in words.alerts]
    seen = hashlib.sha256()
    for report, alert_key, near, names in said:
        found = match(names)
        position, why = _place(tools, estate, by_key, found, revision)
        if position >= 0:
            reports.setdefault(position, []).append(report)
            seen.update(f"{report}\n".encode())
        elif not tools.scoped:  # it may be of a CI outside of the scope
            unplaced.append(
                NowUnplaced(
                    alert_key, names, why, found.candidates, near, report.state, report.started_at, report.origin, report.alert,
                    report.reason,
                )
            )  # fmt: skip
    effects = {position: effect_of(reports[position]) for position in sorted(reports)}
    digest = seen.hexdigest()[:16] if tools.scoped else words.digest
    return LiveState(estate, this_minute(now), digest, effects, reports, unplaced)


def _names(alert: AlertRecord, scoped: bool) -> list[str]:
    """The CI that the alert was matched to first, then what it was matched by; under a scope the former alone, as the latter may
    name another CI that is in it."""
    return [alert.ci] if alert.ci and scoped else [*([alert.ci] if alert.ci else []), *alert.names]


def _place(tools: Tools, estate: Estate, by_key: Mapping[str, Hit], found: Match, revision: int) -> tuple[int, str]:
    if found.candidates:
        return -1, f"{len(found.candidates)} CIs answer to it: name one by its key"
    if not found.ci:
        return -1, "no CI answers to it: it is not imported, was retired, or has another name"
    hit = by_key.get(found.ci)
    ci_id = hit.ci_id if hit else next(iter(tools.store.find(revision, [found.ci])[found.ci])).ci_id
    try:
        return estate.position(ci_id), ""
    except NotFound as error:
        return -1, error.message
