"""What a scenario comes to, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.domain.sentences import count, hours, listed, number
from app.risk.timeline.losses import Story
from app.risk.timeline.played import DOWN, MOST_COUNTED, RECOVERING
from app.usecases.scenarios.played import Played
from app.usecases.scenarios.returns import Comebacks


def sentence_of(played: Played, stories: Sequence[Story], first: Story | None, money: Sequence[float]) -> str:
    estate = played.estate
    stopped = [estate.service_name(story.service) for story in stories if played.states[story.service] in (DOWN, RECOVERING)]
    text = f"{count(len(played.failed_themselves), 'CI')} out over {hours(played.timeline.end_hours)}: "
    if stopped:
        text += f"{count(len(stopped), 'service')} stop{'s' if len(stopped) == 1 else ''} ({listed(stopped)})"
    else:
        text += "no service stops"
    weaker = len(stories) - len(stopped)
    if weaker:
        text += f", {count(weaker, 'more is', 'more are') if stopped else count(weaker, 'is', 'are')} interrupted or degraded"
    text += "."
    if money:
        least = "at least " if len(money) < len(stories) else ""
        text += f" It costs {least}{number(sum(money))} {estate.options.currency}."
    if first is not None:
        text += f" {estate.service_name(first.service)} breaches its MTPD first, after {hours(first.mtpd_breached_at)}."
    return text


def assumptions_of(played: Played, comebacks: Comebacks, tried: int, candidates: int) -> list[str]:
    outcome, scenario = played.outcome, played.scenario
    said = [f"everything that no step names is up; degradations combine by the rule {played.rule!r}"]
    if played.timeline.count > 1:
        how = "sampled outcomes (simulated)" if played.timeline.simulated else "outcomes"
        least = "at least " if played.timeline.count == MOST_COUNTED else ""
        said.append(f"money and hours are expected values over {least}{played.timeline.count:,} {how} of the failovers")
    if played.losses.drawn:
        said.append(f"the range of money is that of {len(played.losses.paid):,} outcomes drawn of these (simulated)")
    if len(played.modelled):
        unknown = int(np.isnan(played.estate.compiled.repair_hours[played.modelled]).sum())
        said.append("CIs come back as the recovery model says: each starts once its needs are back, nothing waits for a crew")
        if unknown:
            said.append(f"the restore time of {count(unknown, 'CI')} is unknown and counts as 0: the figures are at least")
    if comebacks.in_circles:
        said.append("some CIs need each other to start: their return is an upper bound")
    if outcome.never_restored:
        said.append(f"{count(outcome.never_restored, 'CI is', 'CIs are')} never restored: figures go up to the hour given")
    if scenario.demand:
        said.append("customers and money are weighed by the demand profile")
    if tried < candidates:
        said.append(f"one failure away: the {tried:,} nearest of {candidates:,} CIs were examined in the time allowed")
    return said
