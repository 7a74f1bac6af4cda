"""What incident sources observed at each CI, and the rate and restore time that follow from it (model 1.13).

Only failures that started at a CI count, tickets that overlap once (`outages`); a CI in scope without one counts too (n = 0).
Exposure is in-service time: the observed windows less the time the CI was out in them. Where several sources watched one CI, the
one that watched longest speaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.ci_classes import OTHER, CiClass
from app.domain.columns import ABSENT, Categorical
from app.domain.observations import scope_of, union
from app.domain.quantities import HOURS_PER_YEAR
from app.risk.intake.class_rates import ClassRates, class_rates
from app.risk.intake.joined_outages import SECONDS_PER_HOUR, Spells, failures, hours_out, spells
from app.risk.intake.restore_times_seen import Restored, Seen, restored

NOTHING_SEEN = Seen(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool))


@dataclass(frozen=True, slots=True)
class Observed:
    """N rows: years in service under observation (0: nobody watched), failures that started there in them, mean restore time
    (NaN: fewer than 2 that are closed) with how sure it is (`restored`), how many of its incidents nobody closed (`doubtful`:
    their ends are taken for want of any), and the source that speaks (-1: none)."""

    years: Any
    counts: Any
    repair_hours: Any
    doubtful: Any
    repair_shared: Any
    repair_own: Any
    source: Any


def observed_incidents(
    ci: Mapping[str, Any], incident: Mapping[str, Any], observation: Mapping[str, Any], classes: Mapping[str, CiClass], now: int
) -> Observed:
    """Exposure, counts and restore times of every CI (N rows, in the order of `ci`). `now` (unix seconds) ends open incidents and
    windows."""
    ids = np.asarray(ci["ci_id"])
    best, speaks = np.zeros(len(ids)), np.full(len(ids), -1, np.int64)
    counts, doubtful = np.zeros(len(ids), np.int32), np.zeros(len(ids), np.int32)
    told: list[tuple[int, Seen]] = []
    for source in sorted(set(np.asarray(observation["source_id"]).tolist())):
        rows = np.flatnonzero(np.asarray(incident["source_id"]) == source)
        outages, root = incidents_of(ids, incident, rows, now)
        found = failures(outages, root)
        years, inside, open_inside = np.zeros(len(ids)), np.zeros(len(found.at), bool), np.zeros(len(outages.at), bool)
        for begin, end in windows(ci, observation, source, classes, now):
            hours = (end - begin) / SECONDS_PER_HOUR - hours_out(outages, begin, end)
            years += np.maximum(hours, 0.0) / HOURS_PER_YEAR
            inside |= (found.started >= begin[found.at]) & (found.started < end[found.at])
            open_inside |= outages.forced & (outages.ended > begin[outages.at]) & (outages.started < end[outages.at])
        better = years > best
        best = np.where(better, years, best)
        speaks = np.where(better, source, speaks)
        counts = np.where(better, _count(found.at[inside], ids), counts).astype(np.int32)
        doubtful = np.where(better, _count(outages.at[open_inside], ids), doubtful).astype(np.int32)
        timed = inside & (found.closed | found.lasting) & (found.hours > 0)
        told.append((source, Seen(found.at[timed], found.hours[timed], ~found.closed[timed])))
    repair = _restored(told, speaks, ci, classes)
    return Observed(best, counts, repair.hours, doubtful, repair.shared, repair.own, speaks)


def _restored(told: Sequence[tuple[int, Seen]], speaks: Any, ci: Mapping[str, Any], classes: Mapping[str, CiClass]) -> Restored:
    """Restore times from the failures of the source that speaks for each CI."""
    parts = [Seen(*(column[speaks[seen.at] == source] for column in seen)) for source, seen in told]
    seen = Seen(*(np.concatenate(columns) for columns in zip(*parts, strict=True))) if parts else NOTHING_SEEN
    order = np.argsort(seen.at, kind="stable")
    row, table = class_rows(ci["ci_class"], classes)
    hours, sigma = (np.asarray([getattr(one, name) for one in table])[row] for name in ("repair_hours", "repair_sigma"))
    return restored(Seen(*(column[order] for column in seen)), row, hours, sigma)


def class_rows(ci_class: Categorical, classes: Mapping[str, CiClass]) -> tuple[Any, list[CiClass]]:
    """Index of each CI's class among the table's classes (an unknown one is `other`), and the table in that order."""
    table = list(classes.values())
    index = {row.name: number for number, row in enumerate(table)}
    lookup = np.asarray([index.get(value, index[OTHER]) for value in ci_class.values] + [index[OTHER]], np.int64)
    return lookup[ci_class.codes], table


def _count(at: Any, ids: Any) -> Any:
    return np.bincount(at, minlength=len(ids))


def rates_by_class(class_row: Any, table: Sequence[CiClass], years: Any, counts: Any) -> dict[int, ClassRates]:
    """What is known of the rates of each class of which CIs are watched, by its row of the table."""
    watched = years > 0
    found = np.unique(class_row[watched]).tolist()
    rows = {number: watched & (class_row == number) for number in found}
    return {number: class_rates(table[number], counts[rows[number]], years[rows[number]]) for number in found}


def posterior_rates(class_row: Any, table: Sequence[CiClass], observed: Observed) -> Any:
    """Posterior mean rate per year of every CI (N), NaN where nobody watched."""
    rates = np.full(len(class_row), np.nan)
    for number, known in rates_by_class(class_row, table, observed.years, observed.counts).items():
        rows = (observed.years > 0) & (class_row == number)
        rates[rows] = known.mean(observed.counts[rows], observed.years[rows])
    return rates


def _descends(row: CiClass, ancestor: str, table: Sequence[CiClass], index: Mapping[str, int]) -> bool:
    while row.name != ancestor:
        if not row.parent:
            return False
        row = table[index[row.parent]]
    return True


def windows(
    ci: Mapping[str, Any], observation: Mapping[str, Any], source: int, classes: Mapping[str, CiClass], now: int
) -> list[tuple[Any, Any]]:
    """From when until when a source watched each CI, as pieces (begin, end int64[N], equal where it did not) that do not overlap.
    The narrowest scope that names a CI speaks; several windows of one scope are a union."""
    count = len(ci["ci_id"])
    of_scope: dict[str, list[tuple[int, int]]] = {}
    for row in np.flatnonzero(np.asarray(observation["source_id"]) == source).tolist():
        until = int(observation["observed_until"][row])
        window = (int(observation["observed_from"][row]), min(until, now) if until != ABSENT else now)
        of_scope.setdefault(scope_of(str(observation["scope"][row])), []).append(window)
    keys: dict[str, int] = {}
    if any(scope.startswith("ci:") for scope in of_scope):
        keys = {key: row for row, key in enumerate(ci["key"])}
    table = list(classes.values())
    index = {row.name: number for number, row in enumerate(table)}
    united = {scope: union(intervals) for scope, intervals in of_scope.items()}
    pieces = [(np.zeros(count, np.int64), np.zeros(count, np.int64)) for _ in range(max(map(len, united.values()), default=0))]
    for scope in sorted(united, key=lambda text: (_breadth(text, classes), text)):
        if scope == "*":
            inside: Any = slice(None)
        elif scope.startswith("ci:"):
            inside = [keys[scope[3:]]] if scope[3:] in keys else []
        else:
            named = [v in classes and _descends(classes[v], scope[6:], table, index) for v in ci["ci_class"].values]
            inside = np.asarray([*named, False])[ci["ci_class"].codes]
        for place, (begin, end) in enumerate(pieces):
            begin[inside], end[inside] = united[scope][place] if place < len(united[scope]) else (0, 0)
    return pieces


def _breadth(scope: str, classes: Mapping[str, CiClass]) -> int:
    """Broad scopes first, so that narrow ones overwrite them: all, classes from the root down, single CIs."""
    if scope == "*":
        return 0
    if scope.startswith("ci:"):
        return 100
    depth, row = 1, classes.get(scope.removeprefix("class:"))
    while row is not None and row.parent:
        depth, row = depth + 1, classes.get(row.parent)
    return depth


def incidents_of(ids: Any, incident: Mapping[str, Any], rows: Any, now: int) -> tuple[Spells, Any]:
    """The incidents of known CIs among `rows`, and which of them started at their CI."""
    wanted = np.asarray(incident["ci_id"])[rows]
    at = np.minimum(np.searchsorted(ids, wanted), max(len(ids) - 1, 0))
    known = np.flatnonzero(ids[at] == wanted) if len(ids) else np.zeros(0, np.int64)
    at, rows = at[known], rows[known]
    started, ended = np.asarray(incident["started_at"])[rows], np.asarray(incident["ended_at"])[rows]
    order = np.lexsort((started, at))
    root = np.asarray(incident["root_cause"])[rows][order] == 1
    return spells(at, started, ended, ended != ABSENT, now), root
