"""Outages out of incidents (model 1.13, 1.16): overlapping incidents of one CI are one failure with the union of their times, and
an incident that nobody closed ends at the CI's next one or after 30 days.

I incidents of one source, F failures, N CIs; times are unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

SECONDS_PER_HOUR = 3600.0
CAP_SECONDS = 720 * 3600  # 30 days: longer nobody leaves a CI down without a word
_APART = np.int64(1 << 40)  # so that one running maximum serves all CIs


@dataclass(frozen=True, slots=True)
class Spells:
    """I incidents in order of CI and start: where `at` (row of the CI), from `started` until `ended`; `forced` ends are those
    that were taken for want of any, `closed` those that the source states; the rest are open still."""

    at: Any  # int64[I]
    started: Any  # int64[I]
    ended: Any  # int64[I]
    closed: Any  # bool[I]
    forced: Any  # bool[I]


def spells(at: Any, started: Any, ended: Any, closed: Any, now: int) -> Spells:
    """Incidents with an end each: that stated, else that of the CI's next incident (which started later), else 30 days, at most
    now.

    Example by hand: open at 100, the next at 400 (closed 500): 100..400 forced, 400..500.
    """
    order = np.lexsort((started, at))
    at, started, closed = at[order], started[order], closed[order]
    following = np.full(len(at), np.iinfo(np.int64).max)
    if len(at) > 1:
        # the next one that starts later: equal starts of one CI share it
        fresh = np.flatnonzero((at[1:] != at[:-1]) | (started[1:] != started[:-1])) + 1
        place = np.searchsorted(fresh, np.arange(len(at)), side="right")
        known = place < len(fresh)
        later = fresh[np.minimum(place, len(fresh) - 1)] if len(fresh) else np.zeros(len(at), np.int64)
        known &= at[later] == at
        following = np.where(known, started[later], following)
    given_up = np.minimum(following, started + CAP_SECONDS)
    open_end = np.maximum(np.minimum(given_up, now), started)
    return Spells(at, started, np.where(closed, ended[order], open_end), closed, ~closed & (given_up < now))


@dataclass(frozen=True, slots=True)
class Failures:
    """F failures: where and when they started, how many hours they lasted; `closed`: every incident of it has a stated end;
    `lasting`: the others are open still, none was given up."""

    at: Any  # int64[F]
    started: Any  # int64[F]
    hours: Any  # float64[F]
    closed: Any  # bool[F]
    lasting: Any  # bool[F]


def failures(of: Spells, root: Any) -> Failures:
    """What the incidents that started at their CI (`root` bool[I], in the order of the spells) are as failures: those that
    overlap or touch are one. A forced end touches nothing: the incident that forces it is a failure of its own.

    Example by hand: 10:00-12:00, 10:05-12:00, 12:00-13:00 are one of 3 hours; 14:00-15:00 is another.
    """
    at, started, ended = of.at[root], of.started[root], of.ended[root]
    if not len(at):
        return Failures(at, started, np.zeros(0), np.zeros(0, bool), np.zeros(0, bool))
    reach = np.where(of.forced[root], np.maximum(ended - 1, started), ended)
    covered = np.maximum.accumulate(reach + at * _APART) - at * _APART
    first = np.ones(len(at), bool)
    first[1:] = (at[1:] != at[:-1]) | (started[1:] > covered[:-1])
    begin = np.flatnonzero(first)
    until = np.maximum.reduceat(ended, begin)
    closed = np.logical_and.reduceat(of.closed[root], begin)
    lasting = ~closed & ~np.logical_or.reduceat(of.forced[root], begin)
    return Failures(at[begin], started[begin], np.maximum(until - started[begin], 0) / SECONDS_PER_HOUR, closed, lasting)


def hours_out(of: Spells, begin: Any, end: Any) -> Any:
    """Hours in its window (begin, end int64[N]) that each CI was out, float64[N]: the union of its incidents."""
    low, high = np.clip(of.started, begin[of.at], end[of.at]), np.clip(of.ended, begin[of.at], end[of.at])
    apart = of.at * _APART
    covered = np.concatenate([[np.int64(-1)], np.maximum.accumulate(high + apart)[:-1]]) if len(low) else apart
    low = np.maximum(low, np.minimum(covered - apart, high))
    return np.bincount(of.at, weights=np.maximum(high - low, 0), minlength=len(begin)) / SECONDS_PER_HOUR
