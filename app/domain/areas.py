"""The kinds of problem areas: single CIs, single services, and CIs that have a team, a site, a supplier or a class in common."""

from __future__ import annotations

from collections.abc import Mapping

AREA_LABELS = {"ci": "CI", "service": "Service", "team": "Team", "site": "Site", "supplier": "Supplier", "class": "Class"}
AREA_KINDS = tuple(AREA_LABELS)  # in the order in which people choose among them
AREA_COLUMNS = {"class": "ci_class", "site": "site", "team": "team", "supplier": "supplier"}  # in the order of a study's draws
AREA_SORTS = (
    "rank",
    "name",
    "owner",
    "money_per_year",
    "customer_hours_per_year",
    "service_hours_per_year",
    "services_hit",
    "gap",
    "redundancy",
    "trend",
)
ORIGINS = ("measured", "declared", "assumed", "unknown")
HIGH, FAIR, LOW = "high", "fair", "low"
MEASURED_FOR_HIGH, GUESSED_FOR_FAIR = 0.8, 0.5


def confidence(inputs: Mapping[str, float], open_needs: int = 0) -> str:
    """Returns how far a loss can be trusted, in a word, from the shares of it that rest on failure rates of each origin: high
    where at least 80 % is measured, fair where at most half is assumed or unknown, else low. Needs that were not read, and rates
    that are unknown, leave at most fair.

    >>> confidence({"measured": 1.0}), confidence({"measured": 1.0}, open_needs=1), confidence({"assumed": 1.0}), confidence({})
    ('high', 'fair', 'low', 'low')
    """
    guessed = inputs.get("assumed", 0.0) + inputs.get("unknown", 0.0)
    if not inputs or guessed > GUESSED_FOR_FAIR:
        return LOW
    if inputs.get("measured", 0.0) < MEASURED_FOR_HIGH or open_needs or inputs.get("unknown", 0.0) > 0:
        return FAIR
    return HIGH
