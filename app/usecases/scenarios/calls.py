"""Whom to call in a scenario, those with the least time first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from app.domain.timeline import ToCall
from app.risk.graph.dependents import services_above
from app.risk.graph.places import places_among
from app.risk.graph.ragged import ascending
from app.risk.timeline.deadlines import tightest
from app.usecases.scenarios.played import Played

MOST_SMALL = np.iinfo(np.int16).max


def calls_of(played: Played) -> list[ToCall]:
    """Teams and suppliers of the CIs that fail, those with the least time first."""
    estate, compiled = played.estate, played.estate.compiled
    fallen = ascending(np.concatenate([np.zeros(0, np.int32), *played.outcome.lasting])).astype(np.int32)
    deadline, owner = np.full(len(fallen), np.inf), np.full(len(fallen), -1, np.int32)
    positions = compiled.service_position[np.asarray([story.service for story in played.losses.stories], np.int64)]
    for story, position, place in zip(
        played.losses.stories, positions.tolist(), np.searchsorted(fallen, positions).tolist(), strict=True
    ):
        mtpd = float(compiled.mtpd_hours[story.service])
        if place < len(fallen) and fallen[place] == position and not math.isnan(mtpd) and story.first_down_at < math.inf:
            deadline[place], owner[place] = story.first_down_at + mtpd, story.service
    best, whose = tightest(compiled.flat, fallen, deadline, owner)
    failed = played.failed_themselves
    first_failed = np.full(len(failed), np.inf)
    for step, positions in played.steps:
        if step.do == "fail":
            places = places_among(failed, positions)
            first_failed[places] = np.minimum(first_failed[places], step.at_hours)
    places = np.minimum(places_among(fallen, failed), max(len(fallen) - 1, 0))
    fell = fallen[places] == failed if len(fallen) else np.zeros(len(failed), np.bool_)
    sets: list[tuple[str, str, Any]] = []
    for kind in ("team", "supplier"):
        category = getattr(estate.graph.cis, kind)
        codes = estate.codes(kind)[failed]
        small = codes.astype(np.int16) if len(category.values) <= MOST_SMALL else codes  # whose digits are sorted, in one step
        order = np.argsort(small, kind="stable")  # by name, the CIs of each in their order
        parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []
        for members in parts:
            code = int(codes[members[0]])
            sets.append((kind, category.values[code] if code >= 0 else "", members))
    above = services_above(compiled, [failed[members] for _, _, members in sets], played.down_services)
    rows = []
    for (kind, name, members), services in zip(sets, above.tolist(), strict=True):
        begun = float(first_failed[members].min())
        held = places[members[fell[members]]]
        tight = int(held[np.argmin(best[held])]) if len(held) else -1
        until = float(best[tight]) if tight >= 0 else math.inf
        service = int(whose[tight]) if until < math.inf else -1
        rows.append(
            ToCall(
                kind, name, len(members), services, round((until - begun) * 60) if until < math.inf else None,
                estate.service_keys[service] if service >= 0 else "", estate.service_name(service) if service >= 0 else "",
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row.minutes is None, row.minutes or 0, not row.name, row.kind, row.name))
