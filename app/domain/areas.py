"""The kinds of problem areas: single CIs, single services, and CIs that have a team, a site, a supplier or a class in common."""

from __future__ import annotations

AREA_LABELS = {"ci": "CI", "service": "Service", "team": "Team", "site": "Site", "supplier": "Supplier", "class": "Class"}
AREA_KINDS = tuple(AREA_LABELS)  # in the order in which people choose among them
AREA_COLUMNS = {"class": "ci_class", "site": "site", "team": "team", "supplier": "supplier"}  # in the order of a study's draws
