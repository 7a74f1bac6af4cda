"""What another scenario would change."""

from __future__ import annotations

import math

from app.domain.timeline import Compared, Difference
from app.risk.timeline.played import DOWN, RECOVERING
from app.usecases.answers.paths import known
from app.usecases.scenarios.played import Played


def compared_with(played: Played, beside: Played, rows: slice) -> Compared:
    """What another scenario would change, service by service, the largest difference in money first."""
    estate = played.estate
    mine = {story.service: story for story in played.losses.stories}
    theirs = {story.service: story for story in beside.losses.stories}
    differences = []
    for service in sorted({*mine, *theirs}):
        here, there = mine.get(service), theirs.get(service)
        money, other = (known(story.money) if story else 0.0 for story in (here, there))
        down, other_down = (story.hours_down if story else 0.0 for story in (here, there))
        late, other_late = (bool(story and story.mtpd_breached_at < math.inf) for story in (here, there))
        degraded = [(story.hours_degraded, story.lost_share) if story else (0.0, 0.0) for story in (here, there)]
        if (money, down, late, degraded[0]) != (other, other_down, other_late, degraded[1]):
            delta = other - money if money is not None and other is not None else None
            differences.append(
                Difference(
                    estate.service_keys[service], estate.service_name(service), down, other_down, money, other, delta,
                    late, other_late,
                )
            )  # fmt: skip
    differences.sort(key=lambda row: (-abs(row.money_difference or 0.0), -abs(row.other_hours_down - row.hours_down), row.key))
    stories = beside.losses.stories
    paid = [story.money for story in stories if not math.isnan(story.money)]
    lost = [story.customer_hours for story in stories if not math.isnan(story.customer_hours)]
    return Compared(
        beside.scenario.title,
        sum(paid) if paid or not stories else None,
        sum(lost) if lost or not stories else None,
        sum(state in (DOWN, RECOVERING) for state in beside.states.values()),
        sum(story.mtpd_breached_at < math.inf for story in stories),
        beside.timeline.end_hours,
        len(differences),
        differences[rows],
    )
