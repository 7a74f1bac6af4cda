"""The rows of an answer about the services that a scenario touches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.domain.timeline import CriticalStep, ServiceStretch, ServiceTimeline
from app.risk.outage.causes import causes
from app.risk.timeline.losses import Story
from app.usecases.answers.paths import Paths, known
from app.usecases.estate import Estate
from app.usecases.scenarios.played import Played, hours_of_steps, outage_at
from app.usecases.scenarios.returns import critical_paths


def worst_first(estate: Estate, story: Story) -> tuple[float, float, float, str]:
    return -(known(story.money) or 0.0), -story.p_down, -story.hours_down, estate.service_keys[story.service]


class PathsOf:
    """The paths to services, from the outage of the step that took each down; made once a step."""

    def __init__(self, played: Played) -> None:
        self._played, self._made = played, dict[int, Paths]()
        self._times = np.asarray(hours_of_steps(played))

    def to(self, story: Story) -> list[Any]:
        if not story.stretches:
            return []
        place = int(np.searchsorted(self._times, story.stretches[0].start, side="right")) - 1
        estate = self._played.estate
        if place not in self._made:
            lasting = outage_at(self._played, float(self._times[place]))
            self._made[place] = Paths(estate, causes(estate.compiled, lasting, serving=True))
        position = int(estate.compiled.service_position[story.service])
        paths = self._made[place]
        return paths.to(position) if paths.reach(position) else []


def services_of(played: Played, stories: Sequence[Story]) -> list[ServiceTimeline]:
    """Returns the rows of some services."""
    paths = PathsOf(played)
    critical = critical_paths(played, played.estate.compiled.service_position[[story.service for story in stories]].tolist())
    return [_row(played, story, paths, steps) for story, steps in zip(stories, critical, strict=True)]


def _row(played: Played, story: Story, paths: PathsOf, critical: Sequence[CriticalStep]) -> ServiceTimeline:
    estate, compiled = played.estate, played.estate.compiled
    position = int(compiled.service_position[story.service])
    ends = [stretch.end for stretch in story.stretches]
    back = max(ends, default=0.0)
    open_end = played.outcome.never_restored > 0 and back >= played.timeline.end_hours
    breached = _finite(story.mtpd_breached_at)
    return ServiceTimeline(
        key=estate.key(position),
        name=estate.name(position),
        state=played.states[story.service],
        stretches=[ServiceStretch(s.start, s.end, s.state, s.capability) for s in story.stretches],
        lost_share=story.lost_share,
        hours_down=story.hours_down,
        hours_degraded=story.hours_degraded,
        back_at_hours=None if open_end or not ends else back,
        p_down=min(story.p_down, 1.0),
        customers=known(compiled.customers[story.service]),
        customer_hours=known(story.customer_hours),
        money=known(story.money),
        money_low=known(story.money_low),
        money_high=known(story.money_high),
        rto_hours=known(compiled.rto_hours[story.service]),
        rto_breached_at_hours=_finite(story.rto_breached_at),
        p_rto_breached=min(story.p_rto_breached, 1.0),
        mtpd_hours=known(compiled.mtpd_hours[story.service]),
        mtpd_breached_at_hours=breached,
        mtpd_breached_at_minutes=None if breached is None else round(breached * 60),
        p_mtpd_breached=min(story.p_mtpd_breached, 1.0),
        path=paths.to(story),
        critical_path=critical,
        open_needs=estate.open_needs(position),
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
