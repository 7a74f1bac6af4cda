"""The live state: what people and monitoring report of CIs right now, and what several reports of one CI come to.

A report lasts until it is taken back: an end that was expected and has passed is shown as overdue, never taken for the news that
the CI is up again. A CI in maintenance is out: it uses up redundancy like one that failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DOWN, DEGRADED, MAINTENANCE, NOTED = "down", "degraded", "maintenance", "noted"
STATES = (DOWN, DEGRADED, MAINTENANCE)
ASSUMED_SHARE = 0.5  # what a degraded CI is taken to do where nobody says how much


@dataclass(frozen=True, slots=True)
class LiveReport:
    """One word about one CI. `ci`: its key when it was reported; `share`: what a degraded CI still does, None where nobody said.

    `origin`: the caller, "alertmanager:<sender>" or "ticket:<connector>"; `alert`: the name of the alert, "" for people. Times
    are ISO 8601 with zone, "": unknown.
    """

    ci: str
    state: str
    share: float | None
    started_at: str
    ends_at: str
    origin: str
    reason: str
    reported_at: str
    alert: str = ""


@dataclass(frozen=True, slots=True)
class LiveEffect:
    """What the reports of one CI come to."""

    state: str
    share: float  # what it still does; 0 where it is out
    share_assumed: bool
    started_at: str  # since when it is in the worst of its states


def effect_of(reports: Sequence[LiveReport]) -> LiveEffect:
    """Returns the worst that is said of a CI: down before maintenance before degraded, of these the lowest share; since the
    earliest start of those that say so (of what is out: of any that says it is out).

    >>> a = LiveReport("x", "degraded", None, "2026-11-20T10:00:00+00:00", "", "me", "", "")
    >>> b = LiveReport("x", "maintenance", None, "2026-11-20T11:00:00+00:00", "", "me", "", "")
    >>> effect_of([a]).share, effect_of([a, b]).state, effect_of([a, b]).started_at[11:13]
    (0.5, 'maintenance', '11')
    """
    out = [report for report in reports if report.state != DEGRADED]
    if out:
        state = DOWN if any(report.state == DOWN for report in out) else MAINTENANCE
        return LiveEffect(state, 0.0, False, min(report.started_at for report in out))
    share, assumed = min((ASSUMED_SHARE if report.share is None else report.share, report.share is None) for report in reports)
    return LiveEffect(DEGRADED, share, assumed, min(report.started_at for report in reports))
