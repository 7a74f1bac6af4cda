"""What tests of redundancy groups change: success and duration of a failover, and capacity shares (model 1.13).

Evidence ages: a test counts half after a year, a quarter after two, so that the estimate goes back to the prior. The prior of
the success is what holds without a test (what a source states, else 1), with the weight of one test: Beta(p0 + S, 1 - p0 + F);
with p0 = .5 that is the Beta(.5 + S, .5 + F) of one of whom nothing is known. A game day that failed a group is a failed
failover; no test changes a failure rate. G groups, M members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.domain.graph import GroupColumns
from app.domain.stability_tests import GroupEvidence

HALF_LIFE_DAYS = 365.25  # a proposal, see docs/model.md
PRIOR_WEIGHT = 1.0  # how many tests the prior is worth
SECONDS_PER_DAY = 86400
SHORTEST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Estimate:
    """Success (0..1) with its 90 % interval and minutes of a failover (None: nobody says); `passed`, `failed`: tests; `weight`:
    what they count for today; `newest_at`: unix seconds of the last one."""

    success: float
    success_low: float
    success_high: float
    minutes: float | None
    passed: int
    failed: int
    weight: float
    newest_at: int


def weight_of(at: int, now: int) -> float:
    """What a test counts for: by whole days, half after a year.

    >>> [round(weight_of(0, days * 86400), 4) for days in (0, 365, 731)]
    [1.0, 0.5002, 0.2498]
    """
    days = max(now - at, 0) // SECONDS_PER_DAY
    return float(0.5 ** (days / HALF_LIFE_DAYS))


def success_of(prior: float, passed: float, failed: float) -> float:
    """Mean of Beta(p0 + S, 1 - p0 + F). One more failure never makes it larger.

    Example by hand: p0 = .9, one test that failed today: (.9 + 0) / 2 = .45; one that passed: 1.9 / 2 = .95.

    >>> round(success_of(0.9, 0, 1), 4), round(success_of(0.9, 1, 0), 4), round(success_of(0.5, 3, 1), 4)
    (0.45, 0.95, 0.7)
    """
    return (PRIOR_WEIGHT * prior + passed) / (PRIOR_WEIGHT + passed + failed)


def success_interval(passed: float, failed: float) -> tuple[float, float]:
    """The 90 % interval of the success from the tests alone: Beta(.5 + S, .5 + F). By hand: without a test 0.0062 to 0.9938.

    >>> [round(value, 4) for value in success_interval(0, 0)]
    [0.0062, 0.9938]
    """
    from scipy.special import betaincinv

    a, b = 0.5 + passed, 0.5 + failed
    return float(betaincinv(a, b, 0.05)), float(betaincinv(a, b, 0.95))


def estimate(stated_success: float, stated_minutes: float, evidence: Sequence[GroupEvidence], now: int) -> Estimate | None:
    """What the switches tried of one group say (NaN: nobody stated it); None without any.

    The minutes are the mean of what was stated (with the weight of one test) and of the switches that worked, by their weights; a
    switch that failed measures no duration. Example by hand: stated 10 min, one switch of 4 min today: 7 min.
    """
    tried = [one for one in evidence if one.passed is not None and one.at <= now]
    if not tried:
        return None
    weights = [weight_of(one.at, now) for one in tried]
    passed = sum(w for one, w in zip(tried, weights, strict=True) if one.passed)
    failed = sum(w for one, w in zip(tried, weights, strict=True) if not one.passed)
    timed = [(one.minutes, w) for one, w in zip(tried, weights, strict=True) if one.passed and one.minutes is not None]
    known = [] if np.isnan(stated_minutes) else [(float(stated_minutes), PRIOR_WEIGHT)]
    both = [*known, *timed]
    minutes = sum(value * w for value, w in both) / sum(w for _, w in both) if both else None
    low, high = success_interval(passed, failed)
    prior = 1.0 if np.isnan(stated_success) else float(stated_success)
    count = sum(bool(one.passed) for one in tried)
    newest = max(one.at for one in tried)
    return Estimate(success_of(prior, passed, failed), low, high, minutes, count, len(tried) - count, passed + failed, newest)


def with_tests(
    groups: GroupColumns, ci: Mapping[str, Any], evidence: Sequence[GroupEvidence], now: int, before: GroupColumns | None = None
) -> GroupColumns:
    """The groups with what tests say of them in place of what was stated. Groups that are equal in dependent, members, need and
    kind are one, whoever states them. `before`: taken over where nothing differs from it, so that nothing is compiled again."""
    if not evidence:
        return groups
    of_key: dict[str, list[GroupEvidence]] = {}
    for one in evidence:
        of_key.setdefault(one.group, []).append(one)
    row_of = {key: row for row, key in enumerate(groups.key) if key in of_key}
    of_shape: dict[tuple[Any, ...], list[GroupEvidence]] = {}
    for key, row in row_of.items():
        of_shape.setdefault(_shape(groups, row), []).extend(of_key[key])
    dependents = {shape[0] for shape in of_shape}
    rows = np.flatnonzero(np.isin(np.asarray(groups.dependent_id), list(dependents))).tolist()
    success, minutes = np.array(groups.failover_success, float), np.array(groups.failover_minutes, float)
    share = np.array(groups.share, float)
    for row in rows:
        said = of_shape.get(_shape(groups, row))
        if said is None:
            continue
        found = estimate(float(success[row]), float(minutes[row]), said, now)
        if found is not None:
            success[row] = found.success
            minutes[row] = np.nan if found.minutes is None else found.minutes
        first, last = int(groups.member_offsets[row]), int(groups.member_offsets[row + 1])
        share[first:last] = _shares(share[first:last], np.asarray(groups.member_id)[first:last], ci, said, now)
    made = replace(groups, failover_success=success, failover_minutes=minutes, share=share)
    return before if before is not None and _same(made, before) else made


def _shape(groups: GroupColumns, row: int) -> tuple[Any, ...]:
    first, last = int(groups.member_offsets[row]), int(groups.member_offsets[row + 1])
    members = tuple(np.asarray(groups.member_id)[first:last].tolist())
    return int(groups.dependent_id[row]), members, int(groups.needed[row]), int(groups.kind[row])


def _shares(stated: Any, members: Any, ci: Mapping[str, Any], said: Sequence[GroupEvidence], now: int) -> Any:
    """Shares of the members after load tests: the aged mean of what was measured and what was stated, which has the weight of one
    test. A group in which not every member has a share keeps what it has: half of the shares say nothing of the whole."""
    measured = [one for one in said if one.share is not None and one.at <= now]
    if not measured:
        return stated
    ids = np.asarray(ci["ci_id"])
    shares = np.array(stated, float)
    for place, member in enumerate(members.tolist()):
        at = int(np.searchsorted(ids, member))
        key = ci["key"][at] if at < len(ids) and int(ids[at]) == member else ""
        pairs = [(one.share or 0.0, weight_of(one.at, now)) for one in measured if one.member == key]
        if not pairs:
            continue
        if not np.isnan(shares[place]):
            pairs.append((float(shares[place]), PRIOR_WEIGHT))
        shares[place] = max(sum(value * w for value, w in pairs) / sum(w for _, w in pairs), SHORTEST_SHARE)
    return stated if np.isnan(shares).any() else shares


def _same(a: GroupColumns, b: GroupColumns) -> bool:
    names = ("dependent_id", "kind", "needed", "member_offsets", "member_id", "share", "failover_minutes", "failover_success")
    stated = ("common_cause_share", "common_cause_unavailability")
    return list(a.key) == list(b.key) and all(
        np.array_equal(np.asarray(getattr(a, name), float), np.asarray(getattr(b, name), float), equal_nan=True)
        for name in (*names, *stated)
    )
