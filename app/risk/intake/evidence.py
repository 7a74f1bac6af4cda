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

from app.domain.ci_classes import CiClass
from app.domain.columns import ABSENT
from app.domain.observations import scope_of, union
from app.domain.quantities import HOURS_PER_YEAR
from app.risk.intake.joined_outages import SECONDS_PER_HOUR, Spells, failures, hours_out, spells

REPAIR_CAP_HOURS = 720.0  # 30 days: a lognormal restore time has no finite predictive mean (model 0.9)
CLASS_WEIGHT = 3.0  # how many repairs the class median is worth against the CI's own [a proposal, see docs/model.md]


@dataclass(frozen=True, slots=True)
class Observed:
    """N rows: years in service under observation (0: nobody watched), failures that started there in them, mean restore time
    (NaN: fewer than 2), and how many of its incidents nobody closed (`doubtful`: their ends are taken for want of any)."""

    years: Any
    counts: Any
    repair_hours: Any
    doubtful: Any


def observed_incidents(
    ci: Mapping[str, Any], incident: Mapping[str, Any], observation: Mapping[str, Any], classes: Mapping[str, CiClass], now: int
) -> Observed:
    """Exposure, counts and restore times of every CI (N rows, in the order of `ci`). `now` (unix seconds) ends open incidents and
    windows."""
    ids = np.asarray(ci["ci_id"])
    best = np.zeros(len(ids))
    counts, doubtful = np.zeros(len(ids), np.int32), np.zeros(len(ids), np.int32)
    repair = np.full(len(ids), np.nan)
    for source in sorted(set(np.asarray(observation["source_id"]).tolist())):
        rows = np.flatnonzero(np.asarray(incident["source_id"]) == source)
        outages, root = _incidents_of(ids, incident, rows, now)
        found = failures(outages, root)
        years, inside, open_inside = np.zeros(len(ids)), np.zeros(len(found.at), bool), np.zeros(len(outages.at), bool)
        for begin, end in windows(ci, observation, source, classes, now):
            hours = (end - begin) / SECONDS_PER_HOUR - hours_out(outages, begin, end)
            years += np.maximum(hours, 0.0) / HOURS_PER_YEAR
            inside |= (found.started >= begin[found.at]) & (found.started < end[found.at])
            open_inside |= outages.forced & (outages.ended > begin[outages.at]) & (outages.started < end[outages.at])
        better = years > best
        best = np.where(better, years, best)
        counts = np.where(better, _count(found.at[inside], ids), counts).astype(np.int32)
        doubtful = np.where(better, _count(outages.at[open_inside], ids), doubtful).astype(np.int32)
        fixed = inside & found.closed & (found.hours > 0)
        repair = np.where(better, _mean_repair(found.at[fixed], found.hours[fixed], ci, classes), repair)
    return Observed(best, counts, repair, doubtful)


def _count(at: Any, ids: Any) -> Any:
    return np.bincount(at, minlength=len(ids))


def posterior_rates(class_row: Any, table: Sequence[CiClass], observed: Observed) -> Any:
    """Posterior mean rate per year of every CI (N), NaN where nobody watched: prior Gamma(a, b) of the class, then Gamma(a + n, b
    + T).

    The prior is drawn from the class's own counts where it has at least 5 watched CIs and 3 incidents (empirical Bayes), else
    from the parent class's, else from the table: mean m and spread s of the logarithm give a = 1 / (exp(s^2) - 1), b = a / m.
    """
    from app.risk.intake.estimate import class_prior, gamma_posterior_mean

    rates = np.full(len(class_row), np.nan)
    index = {row.name: number for number, row in enumerate(table)}
    watched = observed.years > 0
    for number in np.unique(class_row[watched]).tolist():
        rows = watched & (class_row == number)
        a, b = class_prior_of(table, index, number, class_row, observed, class_prior)
        rates[rows] = gamma_posterior_mean(a, b, observed.counts[rows], observed.years[rows])
    return rates


def class_prior_of(
    table: Sequence[CiClass], index: Mapping[str, int], number: int, class_row: Any, observed: Observed, estimate: Any
) -> tuple[float, float]:
    """Shape and rate (years) of the prior a class has: its own counts, its parent's, or the table's."""
    watched = observed.years > 0
    row: CiClass | None = table[number]
    while row is not None:
        members = [place for place, other in enumerate(table) if _descends(other, row.name, table, index)]
        rows = watched & np.isin(class_row, members)
        if rows.sum() >= 5 and observed.counts[rows].sum() >= 3:
            a, b = estimate(observed.counts[rows], observed.years[rows])
            return float(a), float(b)
        row = table[index[row.parent]] if row.parent else None
    return table_prior(table[number])


def table_prior(row: CiClass) -> tuple[float, float]:
    """Gamma(a, b) with the table's mean and spread; a class that never fails by itself gets a weak prior of its parent's kind.

    >>> from app.domain.ci_classes import ci_classes
    >>> a, b = table_prior(ci_classes()["server"])
    >>> round(a / b, 6)
    0.15
    """
    if row.failures_per_year <= 0:
        return 0.5, 1.0 / 0.1
    a = 1.0 / np.expm1(row.failures_sigma**2) if row.failures_sigma > 0 else 1e6
    return float(a), float(a / row.failures_per_year)


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


def _incidents_of(ids: Any, incident: Mapping[str, Any], rows: Any, now: int) -> tuple[Spells, Any]:
    """The incidents of known CIs among `rows`, and which of them started at their CI."""
    wanted = np.asarray(incident["ci_id"])[rows]
    at = np.minimum(np.searchsorted(ids, wanted), max(len(ids) - 1, 0))
    known = np.flatnonzero(ids[at] == wanted) if len(ids) else np.zeros(0, np.int64)
    at, rows = at[known], rows[known]
    started, ended = np.asarray(incident["started_at"])[rows], np.asarray(incident["ended_at"])[rows]
    order = np.lexsort((started, at))
    root = np.asarray(incident["root_cause"])[rows][order] == 1
    return spells(at, started, ended, ended != ABSENT, now), root


def _mean_repair(at: Any, hours: Any, ci: Mapping[str, Any], classes: Mapping[str, CiClass]) -> Any:
    """Mean restore time by CI from at least 2 closed incidents: median shrunk to the class's, sigma of the class, capped at 30
    days.

    log median = (n * mean(log h) + 3 * log(class median)) / (n + 3), mean = median * exp(sigma^2 / 2).
    """
    count = len(ci["ci_id"])
    n = np.bincount(at, minlength=count)
    total = np.bincount(at, weights=np.log(hours), minlength=count) if len(at) else np.zeros(count)
    sigma = np.asarray([classes[v].repair_sigma if v in classes else 1.0 for v in ci["ci_class"].values] + [1.0])[
        ci["ci_class"].codes
    ]
    mean = np.asarray([classes[v].repair_hours if v in classes else 4.0 for v in ci["ci_class"].values] + [4.0])[
        ci["ci_class"].codes
    ]
    class_median = np.log(mean) - sigma**2 / 2
    shrunk = (total + CLASS_WEIGHT * class_median) / (n + CLASS_WEIGHT)
    return np.where(n >= 2, np.minimum(np.exp(shrunk + sigma**2 / 2), REPAIR_CAP_HOURS), np.nan)
