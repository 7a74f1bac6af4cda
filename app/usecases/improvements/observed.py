"""What was seen of the CIs that an improvement is watched by, before and after it was done."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np

from app.domain.ci_classes import OTHER, ci_classes
from app.domain.columns import ABSENT
from app.domain.improvements import Improvement, MeasuredEffect
from app.domain.nouns import INCIDENT, OBSERVATION
from app.domain.observations import union
from app.domain.quantities import HOURS_PER_YEAR
from app.risk.intake.evidence import windows
from app.risk.measures.measured_effect import Period, Watched, measured_effect
from app.usecases.assess import Assessed, assessed
from app.usecases.find import identify
from app.usecases.tools import Tools

HOUR = 3600
SECONDS_PER_YEAR = HOURS_PER_YEAR * HOUR
MEMORY_YEARS = 3.0  # outages from longer ago say nothing of today [a proposal]


def measured_of(tools: Tools, one: Improvement, until: datetime) -> MeasuredEffect | None:
    """Returns the effect by the outages of the watched CIs until a moment; None where they were not observed before and after.
    An hour of an outage costs what it cost in the estate in which the effect was predicted."""
    base = assessed(tools.estates, tools.cache, one.predicted.revision)
    done, now = int(datetime.fromisoformat(one.done_at).timestamp()), int(until.timestamp())
    watched = [found for key in one.watched if (found := _watched(tools, base, key, done, now, one.predicted.effect.unit))]
    taken = measured_effect(watched)
    if taken is None:
        return None
    return MeasuredEffect(
        one.predicted.effect.unit, taken.less, taken.low, taken.high, max(w.before.years for w in watched),
        max(w.after.years for w in watched), sum(w.before.outages for w in watched), sum(w.after.outages for w in watched),
        datetime.fromtimestamp(now, UTC).isoformat(),
    )  # fmt: skip


def _watched(tools: Tools, base: Assessed, key: str, done: int, now: int, unit: str) -> Watched | None:
    revision = tools.store.current().revision
    hit = identify(tools.store, revision, key)
    rows = tools.store.rows(revision, INCIDENT.name, "ci_id", [hit.ci_id])
    seen = tools.store.load_columns(revision, OBSERVATION.name, ["source_id", "scope", "observed_from", "observed_until"])
    position = base.estate.position(hit.ci_id)
    cost = _loss_per_hour(base, position, unit)
    if math.isnan(cost):
        return None
    word = base.estate.text("ci_class", position)
    sources = sorted(set(np.asarray(rows["source_id"]).tolist()) | set(np.asarray(seen["source_id"]).tolist()))
    begin = done - int(MEMORY_YEARS * SECONDS_PER_YEAR)
    best: tuple[Period, Period] | None = None
    for source in sources:
        spans = _spans(base, position, seen, source, now)
        mine = [row for row in range(len(rows["source_id"])) if int(rows["source_id"][row]) == source]
        outages = [(int(rows["started_at"][row]), int(rows["ended_at"][row])) for row in mine]
        pair = _period(outages, spans, begin, done), _period(outages, spans, done, now)
        if best is None or min(p.years for p in pair) > min(p.years for p in best):
            best = pair
    if best is None:
        return None
    classes = ci_classes()
    return Watched(*best, cost, classes[word if word in classes else OTHER].repair_sigma)


def _spans(base: Assessed, position: int, seen: object, source: int, now: int) -> list[tuple[int, int]]:
    """Returns when a source watched the CI."""
    row = np.asarray([int(base.estate.compiled.row[position])])
    cis = base.estate.graph.cis
    one = {
        "ci_id": cis.ci_id[row],
        "key": [cis.key[int(row[0])]],
        "ci_class": type(cis.ci_class)(cis.ci_class.codes[row], cis.ci_class.values),
    }
    pieces = windows(one, seen, source, ci_classes(), now)  # type: ignore[arg-type]
    return union([(int(low[0]), int(high[0])) for low, high in pieces if high[0] > low[0]])


def _period(outages: list[tuple[int, int]], spans: list[tuple[int, int]], begin: int, end: int) -> Period:
    """Returns what was seen between two moments: overlapping outages count once; one that is open has no length."""
    inside = [(max(low, begin), min(high, end)) for low, high in spans if min(high, end) > max(low, begin)]
    years = sum(high - low for low, high in inside) / SECONDS_PER_YEAR
    closed = union([(low, high) for low, high in outages if high not in (None, ABSENT) and high > low])
    open_ones = {low for low, high in outages if high in (None, ABSENT)}
    alone = {low for low in open_ones if not any(a <= low < b for a, b in closed)}

    def counts(moment: int) -> bool:
        return any(low <= moment < high for low, high in inside)

    hours = [(high - low) / HOUR for low, high in closed if counts(low)]
    return Period(years, len(hours) + sum(counts(low) for low in alone), hours)


def _loss_per_hour(base: Assessed, position: int, unit: str) -> float:
    """Returns what an hour of an outage of the CI costs: of a service what it suffers by the hour, of another what its outages
    cost by their length. NaN: nobody knows."""
    number = base.estate.service_number.get(position)
    names = {"money_per_year": "money", "customer_hours_per_year": "customer_hours", "service_hours_per_year": "service_hours"}
    name = names.get(unit)
    if name is None:
        return math.nan
    if number is not None:
        hours = float(base.services.service_hours[number])
        return float(getattr(base.services, name)[number]) / hours if hours > 0 else math.nan
    compiled = base.estate.compiled
    rate, repair = float(compiled.failures_per_year[position]), float(compiled.repair_hours[position])
    return float(getattr(base.totals, name)[position]) / (rate * repair) if rate * repair > 0 else math.nan
