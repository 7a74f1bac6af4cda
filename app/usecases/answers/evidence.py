"""The evidence of one CI: which incidents count, which were joined, which are left out and why, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from app.domain.ci_classes import ci_classes
from app.domain.columns import ABSENT, Categorical
from app.domain.errors import NotFound
from app.domain.evidence import Evidence, EvidenceIncident, EvidenceValue, FailureSeen, LeftOutIncident, WatchedFor
from app.domain.graph import MEASURED, ORIGIN_NAMES
from app.domain.nouns import INCIDENT, OBSERVATION, OPEN_NEED
from app.domain.sentences import count
from app.risk.graph.needs import needs_of
from app.risk.intake.cause_rows import FIRST_ID
from app.risk.intake.evidence import class_rows, incidents_of, windows
from app.risk.intake.joined_outages import CAP_SECONDS, failures
from app.risk.study.uncertainty import SPREADS, interval_of, ranges_of, spread_sources
from app.usecases.estate import Estate
from app.usecases.find import identify
from app.usecases.keep.sources import told_of
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

FELL, NO_WINDOW, NOBODY = (
    "it fell with another CI: counted there",
    "it began outside of the time that was watched",
    "no source says from when on this CI was watched",
)
SHOWN_WITH_IT = 50
UNITS = {"failures_per_year": "1/year of up time", "repair_hours": "h, mean"}


class _Row(NamedTuple):
    source_id: int
    incident: EvidenceIncident
    started: int
    ended: int
    root: bool


def ci_evidence(
    tools: Tools, text: str, limit: int, revision: int | None = None, as_of: datetime | None = None, declared_spread: float = 0.0
) -> Evidence:
    """Returns the evidence of the CI that answers to `text`; at most `limit` failures and as many incidents that are left out,
    the latest first."""
    estate = tools.estates.at(revision, as_of)
    at = estate.revision.revision
    hit = identify(tools.store, at, text)
    position = estate.position(hit.ci_id)
    row = int(estate.compiled.row[position])
    cis = estate.graph.cis
    speaks = -1 if cis.observed_source is None else int(cis.observed_source[row])
    names = {source.source_id: source.name for source in told_of(tools.documents)}
    rows = _rows(tools.store.rows(at, INCIDENT.name, "ci_id", [hit.ci_id]), names)
    one = {
        "ci_id": np.asarray([hit.ci_id]),
        "key": [hit.key],
        "ci_class": Categorical(np.zeros(1, np.int32), (cis.ci_class[row] or "other",)),
    }
    now = estate.options.now
    watched = _windows(one, tools, at, speaks, now)
    seen, left_out = _failures(one, rows, speaks, watched, now, names)
    with_it = _fell_with(tools, estate, position, speaks, seen)
    told = [
        FailureSeen(_iso(began), round(hours, 4), end, incidents, fell)
        for (began, hours, end, incidents), fell in zip(seen, with_it, strict=True)
    ]
    values = [_value(estate, row, name, seen, watched, declared_spread) for name in UNITS]
    return Evidence(
        stamp=stamp_of(estate, tools.documents),
        key=hit.key,
        name=estate.name(position),
        ci_class=cis.ci_class[row] or "other",
        source=names.get(speaks, ""),
        sentence=_sentence(values, len(told), sum(len(one.incidents) for one in told), len(left_out), names.get(speaks, "")),
        values=values,
        windows=[WatchedFor(_iso(begin), _iso(end)) for begin, end in watched],
        failures=told[:limit],
        left_out=left_out[:limit],
        not_read=_not_read(tools, at, hit.ci_id),
        limit=limit,
        truncated=len(told) > limit or len(left_out) > limit,
    )


def _rows(columns: Mapping[str, Any], names: Mapping[int, str]) -> list[_Row]:
    found = []
    for i in range(len(columns["incident_key"])):
        source, started, ended = (int(columns[name][i]) for name in ("source_id", "started_at", "ended_at"))
        incident = EvidenceIncident(
            names.get(source, "?"), columns["incident_key"][i], _iso(started), None if ended == ABSENT else _iso(ended)
        )
        found.append(_Row(source, incident, started, ended, int(columns["root_cause"][i]) == 1))
    return sorted(found, key=lambda row: (row.started, row.incident.incident))


def _windows(one: Mapping[str, Any], tools: Tools, at: int, speaks: int, now: int) -> list[tuple[int, int]]:
    if speaks < 0:
        return []
    observation = tools.store.load_columns(at, OBSERVATION.name)
    pieces = windows(one, observation, speaks, ci_classes(), now)
    return [(int(begin[0]), int(end[0])) for begin, end in pieces if end[0] > begin[0]]


_Seen = tuple[int, float, str, list[EvidenceIncident]]


def _failures(
    one: Mapping[str, Any], rows: list[_Row], speaks: int, watched: list[tuple[int, int]], now: int, names: Mapping[int, str]
) -> tuple[list[_Seen], list[LeftOutIncident]]:
    """Returns the failures that count and the incidents that do not, the latest first."""
    mine = [row for row in rows if row.source_id == speaks]
    left_out = [
        LeftOutIncident(row.incident, NOBODY if speaks < 0 else f"{names.get(speaks, '?')} watched this CI longer")
        for row in rows
        if row.source_id != speaks
    ]
    left_out += [LeftOutIncident(row.incident, FELL) for row in mine if not row.root]
    columns = {
        "ci_id": np.full(len(mine), one["ci_id"][0]), "started_at": np.asarray([row.started for row in mine], np.int64),
        "ended_at": np.asarray([row.ended for row in mine], np.int64),
        "root_cause": np.asarray([int(row.root) for row in mine]),
    }  # fmt: skip
    spells, root = incidents_of(one["ci_id"], columns, np.arange(len(mine)), now)
    found = failures(spells, root)
    seen: list[_Seen] = []
    for number in range(len(found.at)):
        began, hours = int(found.started[number]), float(found.hours[number])
        following = int(found.started[number + 1]) if number + 1 < len(found.at) else CAP_SECONDS + now
        of_it = [row.incident for row in mine if row.root and began <= row.started < following]
        if any(begin <= began < end for begin, end in watched):
            end = "closed" if found.closed[number] else "open" if found.lasting[number] else "given up"
            seen.append((began, hours, end, of_it))
        else:
            left_out += [LeftOutIncident(incident, NO_WINDOW) for incident in of_it]
    return seen[::-1], sorted(left_out, key=lambda one: one.incident.started_at, reverse=True)


def _fell_with(tools: Tools, estate: Estate, position: int, speaks: int, seen: list[_Seen]) -> list[list[str]]:
    """Returns for each failure the incidents of CIs that depend on this one, which overlap it and are counted here alone."""
    if not seen:
        return []
    every = tools.store.load_columns(estate.revision.revision, INCIDENT.name)
    fell = np.flatnonzero((np.asarray(every["source_id"]) == speaks) & (np.asarray(every["root_cause"]) == 0))
    started, ended = np.asarray(every["started_at"])[fell], np.asarray(every["ended_at"])[fell]
    ended = np.where(ended == ABSENT, np.iinfo(np.int64).max, ended)
    depends: dict[int, str] = {}
    told: list[list[str]] = []
    for began, hours, _, _ in seen:
        words = []
        for place in fell[(started <= began + hours * 3600) & (ended >= began)].tolist()[:SHOWN_WITH_IT]:
            ci_id = int(every["ci_id"][place])
            if ci_id not in depends:
                depends[ci_id] = _name_if_dependent(estate, ci_id, position)
            if depends[ci_id]:
                words.append(f"{depends[ci_id]}: {every['incident_key'][place]}")
        told.append(words)
    return told


def _name_if_dependent(estate: Estate, ci_id: int, position: int) -> str:
    try:
        other = estate.position(ci_id)
    except NotFound:
        return ""
    return estate.name(other) if position in needs_of(estate.compiled.flat, other) else ""


def _value(
    estate: Estate, row: int, name: str, seen: list[_Seen], watched: list[tuple[int, int]], declared_spread: float
) -> EvidenceValue:
    cis, now = estate.graph.cis, estate.options.now
    is_rate = name == "failures_per_year"
    origin = int((cis.failures_origin if is_rate else cis.repair_origin)[row])
    value = float(getattr(cis, name)[row])
    at = np.asarray([row])
    low, high = (value * factor for factor in interval_of(ranges_of(cis, at, ci_classes(), declared_spread), 0, is_rate))
    measured = origin == MEASURED and float(cis.observed_years[row]) > 0
    counted = [one for one in seen if is_rate or one[2] == "closed"]
    newest = (
        max([one[0] for one in counted] + ([end for _, end in watched] if is_rate else []))
        if measured and (counted or is_rate)
        else None
    )
    number, table = class_rows(cis.ci_class, ci_classes())
    like = (number == number[row]) & (np.asarray(cis.observed_years) > 0) & (np.asarray(cis.ci_id) < FIRST_ID)
    prior = table[int(number[row])]
    return EvidenceValue(
        name,
        None if np.isnan(value) else value,
        UNITS[name],
        ORIGIN_NAMES[origin],
        None if np.isnan(low) else low,
        None if np.isnan(high) else high,
        SPREADS[int(spread_sources(cis, at)[0 if is_rate else 1][0])],
        len(counted) if measured else 0,
        float(cis.observed_years[row]) if measured else 0.0,
        "" if newest is None else _iso(newest),
        None if newest is None else round((now - newest) / 86400, 2),
        int(like.sum()),
        int(np.asarray(cis.observed_incidents)[like].sum()),
        float(np.asarray(cis.observed_years)[like].sum()),
        prior.failures_per_year if is_rate else prior.repair_hours,
    )


def _not_read(tools: Tools, at: int, ci_id: int) -> int:
    rows = tools.store.load_columns(at, OPEN_NEED.name, ["dependent_id", "kind", "needs"])
    return sum(
        int(rows["needs"][i])
        for i in range(len(rows["needs"]))
        if int(rows["dependent_id"][i]) == ci_id and rows["kind"][i] == "incident"
    )


def _sentence(values: list[EvidenceValue], failed: int, joined: int, left_out: int, source: str) -> str:
    rate = values[0]
    if not source:
        return f"Nobody watched this CI: its rate is {rate.origin}. Incidents on record that do not count: {left_out}."
    more = f", of {joined} incidents" if joined != failed else ""
    return (
        f"{source} watched it for {rate.years:.1f} years in service: {count(failed, 'failure')}{more}. "
        f"{count(left_out, 'incident is', 'incidents are')} left out."
    )


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
