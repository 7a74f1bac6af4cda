"""What is known of a service's time: by the incidents of the ledger, and by what was read of Prometheus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from app.domain.ci_classes import ci_classes
from app.domain.columns import ABSENT, Categorical
from app.domain.nouns import INCIDENT, OBSERVATION
from app.domain.observations import Window
from app.domain.planned import CHANGE, PLANNED
from app.domain.spans import together, without
from app.ports.documents import Documents
from app.risk.intake.evidence import windows
from app.risk.intake.joined_outages import CAP_SECONDS, failures, spells
from app.risk.measures.service_levels import HOUR, History, Outage, joined
from app.usecases.estate import Estate
from app.usecases.keep.planned import all_plans
from app.usecases.keep.readings import Gauge, HourRead, days_read
from app.usecases.tools import Tools


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests that were read, by the hour."""

    hours: Sequence[HourRead]
    since: int
    until: int


def incident_histories(tools: Tools, estate: Estate, positions: Sequence[int], now: int) -> dict[int, History]:
    """Returns, by position, the history of each service that a source watches or has incidents of.

    Incidents of the service itself count, whatever caused them. Those that overlap are one failure; one that nobody closed lasts
    until the service's next one, at most 30 days, and of the time after these 30 days nothing is known. What was watched is up
    where no incident is.
    """
    revision = estate.revision.revision
    ids = np.asarray([estate.ci_id(position) for position in positions], np.int64)
    order = np.argsort(ids)
    if not len(ids):
        return {}
    rows = tools.store.rows(revision, INCIDENT.name, "ci_id", ids.tolist())
    watched = _watched(tools, estate, [positions[n] for n in order], ids[order], rows, now)
    found: dict[int, History] = {}
    for n, number in enumerate(order.tolist()):
        mine = np.flatnonzero(np.asarray(rows["ci_id"]) == ids[number])
        history = _of_incidents(rows, mine, watched[n], now)
        if history.known:
            found[positions[number]] = history
    return found


def _watched(
    tools: Tools, estate: Estate, positions: Sequence[int], ids: Any, incidents: Mapping[str, Any], now: int
) -> list[list[Window]]:
    """Returns when any source watched each service: in the windows whose scope names it; of a source that has incidents of it and
    whose windows name only others, in these: who notes that service's outages then watches it too."""
    observation = tools.store.load_columns(estate.revision.revision, OBSERVATION.name)
    classes = [estate.text("ci_class", position) for position in positions]
    names = sorted(set(classes))
    codes = np.asarray([names.index(one) for one in classes], np.int32)
    keys = [estate.key(position) for position in positions]
    cis = {"ci_id": ids, "key": keys, "ci_class": Categorical(codes, tuple(names))}
    noted = set(zip(np.asarray(incidents["source_id"]).tolist(), np.asarray(incidents["ci_id"]).tolist(), strict=True))
    of_source = np.asarray(observation["source_id"])
    found: list[list[Window]] = [[] for _ in positions]
    for source in sorted(set(of_source.tolist())):
        named: list[list[Window]] = [[] for _ in positions]
        for begin, end in windows(cis, observation, source, ci_classes(), now):
            for n, window in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
                named[n].append(window)
        whole = _all_windows(observation, np.flatnonzero(of_source == source), now)
        for n, mine in enumerate(together(each) for each in named):
            found[n] += mine or (whole if (source, int(ids[n])) in noted else [])
    return [together(each) for each in found]


def _all_windows(observation: Mapping[str, Any], rows: Any, now: int) -> list[Window]:
    until = np.asarray(observation["observed_until"])[rows]
    until = np.minimum(np.where(until == ABSENT, now, until), now)
    return together(zip(np.asarray(observation["observed_from"])[rows].tolist(), until.tolist(), strict=True))


def _of_incidents(rows: Mapping[str, Any], mine: Any, watched: Sequence[Window], now: int) -> History:
    started, ended = (
        np.asarray(rows[name], np.int64)[mine] if len(mine) else np.zeros(0, np.int64) for name in ("started_at", "ended_at")
    )
    begun = started < now
    started, ended = started[begun], ended[begun]
    told = spells(np.zeros(len(started), np.int64), started, ended, (ended != ABSENT) & (ended <= now), now)
    stretches = [(int(a), int(b)) for a, b in zip(told.started, told.ended, strict=True)]
    given_up = [
        (end, now)
        for (begin, end), closed in zip(stretches, told.closed.tolist(), strict=True)
        if not closed and end == begin + CAP_SECONDS and end < now
    ]
    down = together(stretches)
    later = sorted(begin for begin, _ in stretches)
    unknown = [(end, next((begin for begin in later if begin >= end), until)) for end, until in given_up]
    single = failures(told, np.ones(len(told.at), bool))
    outages = [
        Outage(begin, begin + round(hours * HOUR), closed)
        for begin, hours, closed in zip(single.started.tolist(), single.hours.tolist(), single.closed.tolist(), strict=True)
    ]
    return History(down, together(without(watched, unknown), down), outages, 0, int(told.forced.sum()))


def gauge_history(documents: Documents, gauge: Gauge, since: int) -> tuple[History, Requests]:
    """Returns what was read of a gauge since a moment: stretches down and known, and the requests by the hour."""
    days = days_read(documents, gauge.uid, since)
    whole = together([(day.begin, day.end) for day in days])
    missing = together(*(day.missing for day in days))
    down = together(*(day.down for day in days))
    last = whole[-1][1] if whole else 0
    gaps = together(missing, [(a[1], b[0]) for a, b in pairwise(whole)])
    history = History(down, without(whole, missing) if gauge.up_query else [], joined(down, gaps, last), gauge.step_seconds)
    hours = [hour for day in days for hour in day.hours]
    return history, Requests(hours, whole[0][0] if whole else 0, last)


def requests_in(requests: Requests, window: Window, now: int, left_out: Sequence[Window]) -> tuple[float, float, float]:
    """Returns requests and failed ones of a window and the share of its time until now of which none are known. An hour that lies
    in it in part counts by its share, as does one in which maintenance is left out: requests are known by the hour."""
    begin, end = window[0], min(window[1], now)
    if end <= begin:
        return 0.0, 0.0, 1.0
    counted = without([(begin, end)], left_out)
    total = sum(b - a for a, b in counted)
    came = failed = known = 0.0
    for hour in requests.hours:
        inside = sum(max(0, min(b, hour.hour + HOUR) - max(a, hour.hour)) for a, b in counted)
        share = inside / HOUR
        if share:
            came, failed, known = came + share * hour.requests, failed + share * hour.errors, known + share * hour.seconds
    return came, failed, 1.0 - min(known / total, 1.0) if total else 1.0


def maintenance_of(tools: Tools, estate: Estate, positions: Sequence[int]) -> dict[int, list[Window]]:
    """Returns the planned maintenance of services: the windows of changes that are planned and name the service itself, by its
    key or any alias. A change of what the service needs is none of the service: whether it was felt is what is measured."""
    changes = [entry for entry in all_plans(tools.documents).entries if entry.kind == CHANGE and entry.state == PLANNED]
    texts = sorted({text for entry in changes for text in entry.cis})
    hits = tools.store.find(estate.revision.revision, texts) if texts else {}
    named = {text: ids.pop() for text, found in hits.items() if len(ids := {hit.ci_id for hit in found}) == 1}
    windows_of: dict[int, list[Window]] = {estate.ci_id(position): [] for position in positions}
    for entry in changes:
        for ci_id in {named[text] for text in entry.cis if text in named}:
            if ci_id in windows_of:
                windows_of[ci_id].extend(entry.windows)
    return {position: together(windows_of[estate.ci_id(position)]) for position in positions}
