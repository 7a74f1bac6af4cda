"""The answer of a scenario, from what was played."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from app.domain.quantities import NORMAL_95
from app.domain.results import OneAway
from app.domain.sentences import not_read_elsewhere
from app.domain.timeline import TimelineAnswer
from app.risk.outage.causes import standing_groups
from app.risk.outage.one_away import one_failure_away
from app.risk.timeline.losses import Losses
from app.risk.timeline.played import DEGRADED, DOWN, INTERRUPTED, RECOVERING
from app.usecases import paging
from app.usecases.answers.paths import left_incomplete, used_up
from app.usecases.estate import Estate
from app.usecases.scenarios.calls import calls_of
from app.usecases.scenarios.compare import compared_with
from app.usecases.scenarios.document import document_of
from app.usecases.scenarios.moments import customers_most, steps_of, told_of
from app.usecases.scenarios.played import Played, outage_at, worst_step
from app.usecases.scenarios.returns import Comebacks
from app.usecases.scenarios.service_rows import services_of, worst_first
from app.usecases.scenarios.words import assumptions_of, sentence_of
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

AWAY_SECONDS = 1.0
CIS_SHOWN = 50


def answer_of(tools: Tools, played: Played, beside: Played | None, limit: int, offset: int) -> TimelineAnswer:
    estate, losses = played.estate, played.losses
    stories = sorted(losses.stories, key=lambda story: worst_first(estate, story))
    rows = slice(offset, offset + limit)
    worst = worst_step(played)
    lasting = outage_at(played, worst)
    standing = standing_groups(estate.compiled, lasting)
    worn = standing.worn
    away = one_failure_away(estate.compiled, lasting, AWAY_SECONDS, estate.workspace(), standing)
    comebacks = Comebacks(played)
    recovered = len(comebacks)
    calls = calls_of(played)
    told = told_of(played)
    compared = compared_with(played, beside, rows) if beside else None
    mtpd = [story for story in stories if story.mtpd_breached_at < math.inf]
    first = min(mtpd, key=lambda story: story.mtpd_breached_at, default=None)
    money = [story.money for story in stories if not math.isnan(story.money)]
    lost = [story.customer_hours for story in stories if not math.isnan(story.customer_hours)]
    most, unknown, note = customers_most(played, told)
    needs, incomplete = left_incomplete(estate, played.down_services)
    longest = max(
        len(stories), recovered, len(worn), len(away.positions), len(calls), len(told),
        compared.services_total if compared else 0,
    )  # fmt: skip
    more = offset + limit < longest
    low, high = _range_of(losses)
    return TimelineAnswer(
        stamp=stamp_of(estate, tools.documents),
        title=played.scenario.title,
        scenario=document_of(played.scenario),
        sentence=sentence_of(played, stories, first, money) + not_read_elsewhere(needs, incomplete),
        start_at=played.scenario.start_at.isoformat() if played.scenario.start_at else "",
        end_hours=played.timeline.end_hours,
        open_ended=any(one.never_restored for one in played.timeline.outcomes),
        outcomes=played.timeline.count,
        simulated=played.timeline.simulated,
        steps=steps_of(played, told),
        moments=[told.row(place) for place in range(len(told))[rows]],
        moments_total=len(told),
        cis_failed=len(played.failed_themselves),
        cis_down_most=int(played.moments.cis_down.max(initial=0)),
        services_total=len(stories),
        services_down=sum(state in (DOWN, RECOVERING) for state in played.states.values()),
        services_interrupted=sum(state == INTERRUPTED for state in played.states.values()),
        services_degraded=sum(state == DEGRADED for state in played.states.values()),
        customers_most=most,
        customers_unknown=unknown,
        customers_note=note,
        customer_hours=sum(lost) if lost or not stories else None,
        customer_hours_unknown=len(stories) - len(lost),
        money=sum(money) if money or not stories else None,
        money_low=low if money or not stories else None,
        money_high=high if money or not stories else None,
        money_plus_minus=NORMAL_95 * float(np.std(losses.paid, ddof=1) / np.sqrt(len(losses.paid)))
        if played.timeline.simulated
        else 0.0,
        money_unknown=len(stories) - len(money),
        rto_breaches=sum(story.rto_breached_at < math.inf for story in stories),
        mtpd_breaches=len(mtpd),
        first_mtpd_service=estate.service_keys[first.service] if first else "",
        first_mtpd_breached_at_hours=first.mtpd_breached_at if first else None,
        services=services_of(played, stories[rows]),
        recovery=comebacks.rows(rows),
        recovery_total=recovered,
        worst_at_hours=worst,
        redundancy_used_up=used_up(estate, lasting, worn[rows].tolist()),
        redundancy_used_up_total=len(worn),
        one_failure_away=[_away(estate, service, cis) for service, cis in list(away.positions.items())[rows]],
        one_failure_away_total=len(away.positions),
        calls=calls[rows],
        calls_total=len(calls),
        compared=compared,
        warnings=list(played.warnings),
        assumptions=assumptions_of(played, comebacks, away.tried, away.candidates),
        open_needs=needs,
        services_incomplete=incomplete,
        limit=limit,
        truncated=more or away.truncated,
        next=paging.encode(revision=estate.revision.revision, offset=offset + limit) if more else None,
    )


def _away(estate: Estate, service: int, positions: Sequence[int]) -> OneAway:
    cis = [estate.key(p) for p in positions[:CIS_SHOWN]]
    names = [estate.name(p) for p in positions[:CIS_SHOWN]]
    return OneAway(estate.service_keys[service], estate.service_name(service), cis, len(positions), names)


def _range_of(losses: Losses) -> tuple[float, float]:
    """Money between which nine of ten outcomes of the failovers lie, by their probability."""
    order = np.argsort(losses.paid, kind="stable")
    so_far = np.cumsum(losses.probability[order])
    pick = [min(int(np.searchsorted(so_far, share - 1e-12)), len(order) - 1) for share in (0.05, 0.95)]
    return float(losses.paid[order[pick[0]]]), float(losses.paid[order[pick[1]]])
