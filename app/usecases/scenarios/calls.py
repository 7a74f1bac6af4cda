"""Whom to call in a scenario, those with the least time first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from app.domain.timeline import ToCall
from app.risk.graph.dependents import services_above
from app.risk.graph.places import places_among
from app.risk.graph.ragged import ascending
from app.risk.timeline.deadlines import called, tightest
from app.usecases.scenarios.played import Played


def calls_of(played: Played) -> list[ToCall]:
    """Teams and suppliers of the CIs that fail, those with the least time first."""
    estate, compiled = played.estate, played.estate.compiled
    fallen = ascending(np.concatenate([np.zeros(0, np.int32), *played.outcome.lasting])).astype(np.int32)
    deadline, owner = _deadlines(played, fallen)
    best, whose = tightest(compiled.flat, fallen, deadline, owner)
    failed = played.failed_themselves
    first_failed = np.full(len(failed), np.inf)
    for step, positions in played.steps:
        if step.do == "fail":
            places = places_among(failed, positions)
            first_failed[places] = np.minimum(first_failed[places], step.at_hours)
    places = places_among(fallen, failed)
    if len(fallen):
        places[fallen[np.minimum(places, len(fallen) - 1)] != failed] = -1
    else:
        places[:] = -1
    found, numbers = list[tuple[str, str, int, float, int]](), list[Any]()
    for kind in ("team", "supplier"):
        names = getattr(estate.graph.cis, kind).values
        codes = (estate.codes(kind)[failed] + 1).astype(np.int32)  # 0: none is named
        counts, begun, tight = called(codes, len(names) + 1, first_failed, places, best)
        used = np.flatnonzero(counts)
        number = np.zeros(len(counts), np.int32)
        number[used] = len(found) + np.arange(len(used), dtype=np.int32)
        numbers.append(number[codes])
        found += [
            (kind, names[code - 1] if code else "", *row)
            for code, *row in zip(*(column.tolist() for column in (used, counts[used], begun[used], tight[used])), strict=True)
        ]
    above = services_above(compiled, failed, numbers, len(found), np.asarray(played.down_services, np.int64))
    rows = []
    for (kind, name, cis, first, place), services in zip(found, above.tolist(), strict=True):
        until = float(best[place]) if place >= 0 else math.inf
        service = int(whose[place]) if until < math.inf else -1
        rows.append(
            ToCall(
                kind, name, cis, services, round((until - first) * 60) if until < math.inf else None,
                estate.service_keys[service] if service >= 0 else "", estate.service_name(service) if service >= 0 else "",
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row.minutes is None, row.minutes or 0, not row.name, row.kind, row.name))


def _deadlines(played: Played, fallen: Any) -> tuple[Any, Any]:
    """By CI of `fallen` (ascending) the hour until which it must be back where it is a service that stops, and that service."""
    compiled = played.estate.compiled
    deadline, owner = np.full(len(fallen), np.inf), np.full(len(fallen), -1, np.int32)
    services = np.asarray([story.service for story in played.losses.stories], np.int64)
    until = np.asarray([story.first_down_at for story in played.losses.stories], np.float64) + compiled.mtpd_hours[services]
    positions = compiled.service_position[services]
    places = np.searchsorted(fallen, positions)
    here = places < len(fallen)
    here[here] = fallen[places[here]] == positions[here]
    here &= until < np.inf  # and not NaN: the MTPD is known
    deadline[places[here]], owner[places[here]] = until[here], services[here]
    return deadline, owner
