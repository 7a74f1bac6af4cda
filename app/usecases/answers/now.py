"""Now: what is reported, propagated through the estate: who is hit, since when, how long there is, and what goes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, cast

from app.domain.live import DEGRADED, STATES, LiveReport
from app.domain.now import BANDS, Now, NowCi, NowReport, NowService, band_of, now_sentence
from app.domain.results import OneAway, ServiceHit, Step
from app.risk.outage.causes import causes, worn_groups
from app.risk.outage.one_away import OneAway as Away
from app.risk.outage.one_away import one_failure_away
from app.risk.outage.present import Clocks, clocks, present_state
from app.risk.outage.propagation import Outage
from app.risk.outage.what_if import Rule, service_curve
from app.usecases import paging
from app.usecases.answers.blast import fallen_cis
from app.usecases.answers.live_state import LiveState, live_state
from app.usecases.answers.paths import Paths, down_customers, known, left_incomplete, service_hits, totals, used_up
from app.usecases.keep import inbox
from app.usecases.keep.live import Present
from app.usecases.stamps import stamp_of

if TYPE_CHECKING:
    from app.usecases.tools import Tools

AWAY_SECONDS = 0.5  # for what is one failure away
AWAY_SHOWN = 50
MOMENTS = 16  # starts at which the level of degraded services is looked at
ASSUMPTIONS = (
    "what nobody reports is up; a report lasts until it is taken back, past its expected end too",
    "a CI in maintenance is out, as one that is down",
    "a service's clock runs from the moment at which what had been reported by then first took it down",
)
OF_A_SCOPE = "reports that name no CI of the scope are not told, as they may be of others"


def now_page(
    tools: Tools, limit: int = 100, after: str | None = None, now: datetime | None = None, words: Present | None = None
) -> Now:
    """Returns the present state: totals of the whole, and from the cursor on `limit` rows of each list. `words`: what is
    reported, where it was read already."""
    offset = 0
    if after is not None:
        offset = paging.decode(after, "now")["now"]
    state = live_state(tools, now, words)
    estate = state.estate
    rule = cast(Rule, tools.settings.model.rule)
    result = present_state(estate.compiled, state.out, state.shares, estate.workspace(), rule)
    hits = service_hits(estate, result, None)
    services = now_services(state, result, hits, rule)
    worn = worn_groups(estate.compiled, result)
    away = one_failure_away(estate.compiled, result, AWAY_SECONDS, estate.workspace())
    fallen, fallen_total = fallen_cis(estate, result, offset, limit)
    customers, customers_unknown, note = down_customers(estate, result.services_down.tolist())
    money, money_unknown = totals(hits)
    needs, incomplete = left_incomplete(estate, result.services_down.tolist())
    reported = Counter(effect.state for effect in state.effects.values())
    by_state = {name: reported[name] for name in STATES}
    following = offset + limit
    longest = max(len(state.effects), len(state.unplaced), len(services), len(worn), len(away.positions), fallen_total)
    rows = slice(offset, following)
    bands = Counter(service.band for service in services)
    down = len(result.services_down)
    return Now(
        stamp=stamp_of(estate, tools.documents),
        at=state.at.isoformat(),
        digest=state.digest,
        sentence=now_sentence(by_state, len(state.unplaced), down, len(services) - down, services[0] if services else None),
        cis_reported=by_state,
        cis_overdue=sum(_is_overdue(state, position) for position in state.effects),
        cis=[now_ci(state, position) for position in _worst_first(state)[rows]],
        cis_total=len(state.effects),
        unplaced=state.unplaced[rows],
        unplaced_total=len(state.unplaced),
        alerts_lost={} if tools.scoped else _lost(tools),
        deliveries_waiting=0 if tools.scoped else len(inbox.waiting(tools.documents)),
        cis_down=len(result.failed),
        cis_degraded=len(result.degraded),
        services_down=down,
        services_degraded=len(services) - down,
        services_by_band={band: bands[band] for band in BANDS},
        services=with_paths(state, result, services[rows]),
        services_total=len(services),
        customers=customers,
        customers_unknown=customers_unknown,
        customers_note=note,
        money_per_hour=money,
        money_unknown=money_unknown,
        redundancy_used_up=used_up(estate, result, worn[rows].tolist()),
        redundancy_used_up_total=len(worn),
        one_failure_away=_away_rows(state, away, rows),
        one_failure_away_total=len(away.positions),
        one_failure_away_tried=away.tried,
        one_failure_away_candidates=away.candidates,
        fallen=fallen,
        fallen_total=fallen_total,
        assumptions=[*_assumptions(state), *([OF_A_SCOPE] if tools.scoped else [])],
        limit=limit,
        truncated=following < longest,
        next=paging.encode(now=following) if following < longest else None,
        open_needs=needs,
        services_incomplete=incomplete,
    )


def _lost(tools: Tools) -> dict[str, int]:
    """Returns by sender how many alerts were left out of what it sent."""
    return {row.name: row.counts.lost for row in inbox.list_senders(tools.documents) if row.counts.lost}


def _assumptions(state: LiveState) -> list[str]:
    assumed = sum(effect.share_assumed for effect in state.effects.values())
    return [*ASSUMPTIONS] + (
        [f"of {assumed} degraded CIs nobody said how much they still do: half is assumed"] if assumed else []
    )


def _worst_first(state: LiveState) -> list[int]:
    return sorted(
        state.effects, key=lambda position: (STATES.index(state.effects[position].state), state.effects[position].started_at)
    )


def _ended(report: LiveReport, at: datetime) -> bool:
    return bool(report.ends_at) and datetime.fromisoformat(report.ends_at) < at


def _is_overdue(state: LiveState, position: int) -> bool:
    return any(_ended(report, state.at) for report in state.reports[position])


def now_ci(state: LiveState, position: int) -> NowCi:
    """Returns one reported CI with all that is said of it."""
    estate, effect = state.estate, state.effects[position]
    key = estate.key(position)
    return NowCi(
        key=key,
        name=estate.name(position),
        ci_class=estate.text("ci_class", position),
        team=estate.text("team", position),
        state=effect.state,
        share=effect.share,
        share_assumed=effect.share_assumed,
        started_at=effect.started_at,
        minutes=_minutes(state.at, effect.started_at),
        overdue=_is_overdue(state, position),
        reports=[
            NowReport(
                one.state, one.share, one.started_at, one.ends_at, _ended(one, state.at), one.origin, one.alert, one.reason,
                "" if one.ci in ("", key) else one.ci,
            )
            for one in state.reports[position]
        ],
    )  # fmt: skip


def _minutes(at: datetime, since: str) -> float:
    return max((at - datetime.fromisoformat(since)) / timedelta(minutes=1), 0.0)


def now_services(state: LiveState, result: Outage, hits: Sequence[ServiceHit], rule: Rule) -> list[NowService]:
    """Returns the services that are hit, the one with the least time left first; without paths."""
    estate, compiled = state.estate, state.estate.compiled
    order = state.out
    running = clocks(compiled, order, estate.workspace())
    below = _below_since(state, result, rule)
    rows, numbers = [], _numbers(state, result)
    for hit in hits:
        number = numbers[hit.key]
        position = int(compiled.service_position[number])
        since, earliest = _since(state, order, running, position), False
        if number in below:
            since, earliest = below[number]
        rows.append(_service(state, hit, number, since, earliest))
    return sorted(rows, key=_soonest_first)


def _soonest_first(row: NowService) -> tuple[bool, float, bool, float, str]:
    return row.minutes_left is None, row.minutes_left or 0.0, row.state != "down", -(row.customers or 0.0), row.key


def _numbers(state: LiveState, result: Outage) -> dict[str, int]:
    """Returns the numbers of the services that are hit, by key."""
    places = state.estate.compiled.service_position
    hit = [*result.services_down.tolist(), *result.services_degraded.tolist()]
    return {state.estate.key(int(places[number])): number for number in hit}


def _since(state: LiveState, order: Sequence[int], running: Clocks, position: int) -> str:
    turn = running.of(position)
    return state.effects[order[turn]].started_at if turn >= 0 else ""


def _service(state: LiveState, hit: ServiceHit, number: int, since: str, earliest: bool) -> NowService:
    compiled = state.estate.compiled
    mtpd, rto = known(compiled.mtpd_hours[number]), known(compiled.rto_hours[number])
    limit, hours = ("MTPD", mtpd) if mtpd is not None else ("RTO", rto) if rto is not None else ("", None)
    breach = datetime.fromisoformat(since) + timedelta(hours=hours) if since and hours is not None else None
    left = (breach - state.at) / timedelta(minutes=1) if breach is not None else None
    curve = service_curve(compiled, number)
    elapsed = _minutes(state.at, since) / 60 if since else 0.0
    return NowService(
        key=hit.key,
        name=hit.name,
        team=state.estate.text("team", int(compiled.service_position[number])),
        state=hit.state,
        lost_share=hit.lost_share,
        since_at=since,
        since_at_earliest=earliest,
        limit=limit,
        limit_hours=hours,
        breach_at=breach.isoformat() if breach else "",
        minutes_left=left,
        band=band_of(left),
        rto_hours=rto,
        mtpd_hours=mtpd,
        customers=hit.customers,
        money_per_hour=hit.money_per_hour,
        money_so_far=hit.lost_share * curve.at(elapsed) if curve is not None and since else None,
        path=(),
        open_needs=hit.open_needs,
    )


def _below_since(state: LiveState, result: Outage, rule: Rule) -> dict[int, tuple[str, bool]]:
    """Returns of each service that works below its MBCO since when, and whether it may have begun later."""
    compiled = state.estate.compiled
    low = {
        number
        for number, left in zip(result.services_degraded.tolist(), result.service_capability.tolist(), strict=True)
        if (mbco := known(compiled.mbco_share[number])) is not None and left < mbco
    }
    if not low:
        return {}
    starts = sorted({effect.started_at for effect in state.effects.values()})
    if len(starts) > MOMENTS:
        return dict.fromkeys(low, (starts[0], True))
    found: dict[int, tuple[str, bool]] = {}
    for start in starts:
        then = [position for position, effect in state.effects.items() if effect.started_at <= start]
        out = [position for position in then if state.effects[position].state != DEGRADED]
        shares = {position: share for position, share in state.shares.items() if position in set(then)}
        was = present_state(compiled, out, shares, state.estate.workspace(), rule)
        for number, left in zip(was.services_degraded.tolist(), was.service_capability.tolist(), strict=True):
            if number in low and number not in found and left < float(compiled.mbco_share[number]):
                found[number] = (start, False)
    return found


def with_paths(state: LiveState, result: Outage, services: Sequence[NowService]) -> list[NowService]:
    """Returns services with the path along which each was hit, where one leads to it."""
    if not services:
        return []
    paths, numbers, compiled = (
        Paths(state.estate, causes(state.estate.compiled, result, list(state.shares))),
        _numbers(state, result),
        state.estate.compiled,
    )

    def path(service: NowService) -> Sequence[Step]:
        position = int(compiled.service_position[numbers[service.key]])
        return paths.to(position) if paths.reach(position) else []

    return [replace(service, path=path(service)) for service in services]


def _away_rows(state: LiveState, away: Away, rows: slice) -> list[OneAway]:
    estate = state.estate
    found = []
    for service, positions in islice(away.positions.items(), rows.start, rows.stop):
        position = int(estate.compiled.service_position[service])
        cis = [estate.key(p) for p in positions[:AWAY_SHOWN]]
        names = [estate.name(p) for p in positions[:AWAY_SHOWN]]
        found.append(OneAway(estate.key(position), estate.name(position), cis, len(positions), names))
    return found
