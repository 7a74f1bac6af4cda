"""What incident sources observed at each CI, and the rate and restore time that follow from it (model 1.13).

Only incidents that started at a CI count; a CI in scope without one counts too (n = 0). Exposure is in-service time: the observed window less
the time the CI was out in it. Where several sources watched one CI, the one that watched longest speaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.ci_classes import CiClass
from app.domain.columns import ABSENT
from app.domain.quantities import HOURS_PER_YEAR

SECONDS_PER_HOUR = 3600.0
REPAIR_CAP_HOURS = 720.0  # 30 days: a lognormal restore time has no finite predictive mean (model 0.9)
CLASS_WEIGHT = 3.0  # how many repairs the class median is worth against the CI's own [a proposal, see docs/model.md]


@dataclass(frozen=True, slots=True)
class Observed:
    """N rows: years in service under observation (0: nobody watched), root-cause incidents in them, mean restore time (NaN: fewer than 2)."""

    years: Any
    counts: Any
    repair_hours: Any


def observed_incidents(
    ci: Mapping[str, Any], incident: Mapping[str, Any], observation: Mapping[str, Any], classes: Mapping[str, CiClass], now: int
) -> Observed:
    """Exposure, counts and restore times of every CI (N rows, in the order of `ci`). `now` (unix seconds) ends open incidents and windows."""
    ids = np.asarray(ci["ci_id"])
    best = np.zeros(len(ids))
    counts = np.zeros(len(ids), np.int32)
    repair = np.full(len(ids), np.nan)
    for source in sorted(set(np.asarray(observation["source_id"]).tolist())):
        begin, end = _windows(ci, observation, source, classes, now)
        rows = np.flatnonzero(np.asarray(incident["source_id"]) == source)
        at, started, ended, closed = _incidents_of(ids, incident, rows, now)
        inside = (at >= 0) & (started >= begin[at]) & (started < end[at])
        root = inside & (np.asarray(incident["root_cause"])[rows] == 1)
        hours = np.maximum(np.minimum(ended, end[at]) - started, 0) / SECONDS_PER_HOUR
        out = _hours_out(at, started, ended, begin, end)
        years = np.maximum((end - begin) / SECONDS_PER_HOUR - out, 0.0) / HOURS_PER_YEAR
        better = years > best
        best = np.where(better, years, best)
        counts = np.where(better, np.bincount(at[root], minlength=len(ids)), counts).astype(np.int32)
        fixed = root & closed & (hours > 0)
        repair = np.where(better, _mean_repair(at[fixed], hours[fixed], ci, classes), repair)
    return Observed(best, counts, repair)


def _hours_out(at: Any, started: Any, ended: Any, begin: Any, end: Any) -> Any:
    """Hours in its window that each CI was out (N): the union of its incidents, two that tell of one outage count once."""
    rows = np.flatnonzero(at >= 0)
    rows = rows[np.lexsort((started[rows], at[rows]))]
    ci = at[rows]
    low, high = np.clip(started[rows], begin[ci], end[ci]), np.clip(ended[rows], begin[ci], end[ci])
    apart = ci * np.int64(1 << 40)  # so that one running maximum serves all CIs
    covered = np.concatenate([[np.int64(-1)], np.maximum.accumulate(high + apart)[:-1]]) if len(rows) else apart
    low = np.maximum(low, np.minimum(covered - apart, high))
    return np.bincount(ci, weights=np.maximum(high - low, 0), minlength=len(begin)) / SECONDS_PER_HOUR


def posterior_rates(class_row: Any, table: Sequence[CiClass], observed: Observed) -> Any:
    """Posterior mean rate per year of every CI (N), NaN where nobody watched: prior Gamma(a, b) of the class, then Gamma(a + n, b + T).

    The prior is drawn from the class's own counts where it has at least 5 watched CIs and 3 incidents (empirical Bayes), else from the parent
    class's, else from the table: mean m and spread s of the logarithm give a = 1 / (exp(s^2) - 1), b = a / m.
    """
    from app.risk.estimate import class_prior, gamma_posterior_mean

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


def _windows(
    ci: Mapping[str, Any], observation: Mapping[str, Any], source: int, classes: Mapping[str, CiClass], now: int
) -> tuple[Any, Any]:
    """From when until when a source watched each CI (unix seconds, equal where it did not): the narrowest scope that names it speaks."""
    count = len(ci["ci_id"])
    begin, end = np.zeros(count, np.int64), np.zeros(count, np.int64)
    rows = [row for row in range(len(observation["source_id"])) if int(observation["source_id"][row]) == source]
    scopes = sorted(
        ((str(observation["scope"][row]), row) for row in rows), key=lambda item: (_breadth(item[0], classes), item[0])
    )
    keys: dict[str, int] = {}
    if any(scope.startswith("ci:") for scope, _ in scopes):
        keys = {key: row for row, key in enumerate(ci["key"])}
    table = list(classes.values())
    index = {row.name: number for number, row in enumerate(table)}
    for scope, row in scopes:
        if scope == "*":
            inside: Any = slice(None)
        elif scope.startswith("ci:"):
            inside = [keys[scope[3:]]] if scope[3:] in keys else []
        else:
            named = [v in classes and _descends(classes[v], scope[6:], table, index) for v in ci["ci_class"].values]
            inside = np.asarray([*named, False])[ci["ci_class"].codes]
        until = int(observation["observed_until"][row])
        begin[inside] = int(observation["observed_from"][row])
        end[inside] = min(until, now) if until != ABSENT else now
    return begin, np.maximum(begin, end)


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


def _incidents_of(ids: Any, incident: Mapping[str, Any], rows: Any, now: int) -> tuple[Any, Any, Any, Any]:
    wanted = np.asarray(incident["ci_id"])[rows]
    at = np.minimum(np.searchsorted(ids, wanted), max(len(ids) - 1, 0))
    at = np.where(ids[at] == wanted, at, -1) if len(ids) else np.full(len(rows), -1)
    started, raw_end = np.asarray(incident["started_at"])[rows], np.asarray(incident["ended_at"])[rows]
    closed = raw_end != ABSENT
    return at, started, np.where(closed, raw_end, now), closed


def _mean_repair(at: Any, hours: Any, ci: Mapping[str, Any], classes: Mapping[str, CiClass]) -> Any:
    """Mean restore time by CI from at least 2 closed incidents: median shrunk to the class's, sigma of the class, capped at 30 days.

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
