"""Assess a revision: the exact effect of every single outage, what it costs a year, and the scores for people who query the
store."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from app.domain.graph import ORIGIN_NAMES
from app.domain.results import AssessmentRow
from app.domain.sentences import listed
from app.ports.compiled_cache import CompiledGraphCache
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.ports.records import Records
from app.risk.first_order.areas import Ranking, measure_of, scores_of
from app.risk.first_order.pairs import FirstOrder
from app.risk.first_order.populations import Populations, by_ci, by_service, pair_customer_hours
from app.risk.first_order.reassess import reassess
from app.risk.first_order.sweep import first_order
from app.risk.first_order.totals import ServiceTotals, Totals, origin_counts, service_totals, totals_of
from app.risk.outage.failover import slow_switches
from app.risk.study.tables import PAIRS
from app.usecases.estate import Estate, Estates, compiled_at
from app.usecases.operation_progress import Listener, silent
from app.usecases.stamps import MODEL_VERSION
from app.usecases.tools import Tools

ASSESSMENTS = Records("assessment", AssessmentRow)
KEPT_IN_MEMORY = 2

_kept: OrderedDict[tuple[int, int], Assessed] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Assessed:
    """An estate with its first-order part: one row for each CI and one for each service."""

    estate: Estate
    first: FirstOrder
    totals: Totals
    services: ServiceTotals
    rate_origin: Any  # origin code of each CI's rate, by position
    populations: Populations
    shared_hours: (
        Any  # float64[P] customer-hours of each pair of CI and service, shared ones counted once; None: nobody shares any
    )
    rankings: dict[str, Ranking] = field(default_factory=dict, repr=False)  # by kind of area, made when first asked for
    codes: dict[str, tuple[Any, int]] = field(default_factory=dict, repr=False)  # likewise: the area of each CI, and how many
    # likewise: what the quality of its data takes seconds to find
    quality: dict[str, Any] = field(default_factory=dict, repr=False)
    found: dict[str, Any] = field(default_factory=dict, repr=False)  # likewise: what lists of areas are filtered and sorted by

    def pair_losses(self, measure: str) -> Any:
        """float64[P]: what each pair of CI and service loses a year in a measure."""
        if measure != "customer_hours_per_year":
            return getattr(self.first, PAIRS[measure])
        return pair_customer_hours(self.first, self.populations) if self.shared_hours is None else self.shared_hours

    @property
    def name(self) -> str:
        return assessment_name(self.estate.revision.revision, self.estate.fingerprint)


def assessment_name(revision: int, settings: str) -> str:
    """Returns the name under which an assessment is kept: its revision and the fingerprint of its settings."""
    return f"{revision:012d}-{settings}"


def is_assessed(documents: Documents, revision: int, settings: str) -> bool:
    """Returns whether an assessment of a revision under settings of this fingerprint is kept."""
    return ASSESSMENTS.find(documents, assessment_name(revision, settings)) is not None


def assessed(
    estates: Estates, cache: CompiledGraphCache, revision: int | None, locations: bool | None = None, listen: Listener = silent
) -> Assessed:
    """Returns the assessment of a revision from memory, from disk, or computed now; all three ways give the same bits."""
    estate = estates.at(revision, location_failures=locations)
    name = (id(estate), estate.revision.revision)
    with _lock:
        if name not in _kept or _kept[name].estate is not estate:
            _kept[name] = _compute(estate, cache, listen)
            while len(_kept) > KEPT_IN_MEMORY:
                _kept.popitem(last=False)
        return _kept[name]


def _compute(estate: Estate, cache: CompiledGraphCache, listen: Listener) -> Assessed:
    purpose = f"first-order-{MODEL_VERSION}-{estate.fingerprint}"
    arrays = cache.load(estate.revision.revision, purpose)
    if arrays is None:
        listen("every single outage", 0.0)
        first = _brought_forward(estate, cache, purpose, listen)
        first = first or first_order(estate.compiled, lambda share: listen("every single outage", share))
        cache.save(estate.revision.revision, purpose, first.to_arrays())
    else:
        first = FirstOrder.from_arrays(arrays)
    return _assessed(estate, first)


def altered(base: Assessed, estate: Estate, reaching: Any = None) -> Assessed:
    """Returns the assessment of an estate that differs from an assessed one by what somebody assumes. It is not kept.
    `reaching`: ci_ids of which an outage must reach one to find the structure changed, where somebody knows that."""
    first = reassess(base.estate.compiled, base.first, estate.compiled, reaching=reaching)
    return _assessed(estate, first if first is not None else first_order(estate.compiled))


def _assessed(estate: Estate, first: FirstOrder) -> Assessed:
    populations = estate.populations
    pairs = pair_customer_hours(first, populations) if populations.shared else None
    return Assessed(
        estate,
        first,
        totals_of(estate.compiled, first, by_ci(first, pairs)),
        service_totals(estate.compiled, first, by_service(first, populations, pairs)),
        estate.graph.cis.failures_origin[estate.compiled.row],
        populations,
        pairs,
    )


def _brought_forward(estate: Estate, cache: CompiledGraphCache, purpose: str, listen: Listener) -> FirstOrder | None:
    """Sweeps again only what changed since the latest earlier revision.

    None where there is no earlier sweep, or where most changed.
    """
    kept = [assessment for assessment in _kept.values() if _same_kind(assessment.estate, estate)]
    if kept:
        base = max(kept, key=lambda assessment: assessment.estate.revision.revision)
        listen("what changed", 0.0)
        return reassess(
            base.estate.compiled, base.first, estate.compiled, lambda share: listen("every outage that changed", share)
        )
    earlier = [number for number in cache.revisions(purpose) if number < estate.revision.revision]
    arrays = cache.load(max(earlier), purpose) if earlier else None
    compiled = compiled_at(cache, max(earlier), estate.options) if earlier else None
    if arrays is None or compiled is None:
        return None
    listen("what changed", 0.0)
    return reassess(
        compiled, FirstOrder.from_arrays(arrays), estate.compiled, lambda share: listen("every outage that changed", share)
    )


def _same_kind(before: Estate, estate: Estate) -> bool:
    """Returns an earlier revision under the same settings.

    One of another ledger would be right as well, as everything that differs is swept again.
    """
    return before.fingerprint == estate.fingerprint and before.revision.revision < estate.revision.revision


def assess(
    tools: Tools,
    revision: int | None = None,
    listen: Listener = silent,
) -> AssessmentRow:
    """Assesses a revision (default: the current one), keeps the result, and writes the scores if it is the current one."""
    started = time.perf_counter()
    listen("loading the estate", 0.0)
    assessment = assessed(tools.estates, tools.cache, revision, listen=listen)
    row = _row(assessment, time.perf_counter() - started)
    ASSESSMENTS.put(tools.documents, row.assessment, row)
    if tools.store.current().revision == row.revision:
        listen("writing scores", 0.0)
        write_scores(tools.store, assessment)
    return row


def write_scores(store: GraphStore, assessment: Assessed) -> int:
    """Writes the scores of the assessed CIs.

    Scores that did not change are not written again; common causes are in no ledger and have none.
    """
    compiled = assessment.estate.compiled
    known = len(compiled) - len(assessment.estate.causes)  # their numbers are the highest
    order = compiled.sorted_position[:known]
    columns = {name: column[order] for name, column in scores_of(assessment.totals).items()}
    numbers = compiled.sorted_ci_id[:known]
    return store.write_scores(assessment.name, assessment.estate.revision.revision, {"ci_id": numbers, **columns})


def get_assessment(documents: Documents, assessment: str) -> AssessmentRow:
    """Returns a kept assessment; NotFound where there is none."""
    return ASSESSMENTS.get(documents, assessment)


def page_assessments(documents: Documents, after: str = "", limit: int = 50) -> list[AssessmentRow]:
    """Returns a page of assessments, the newest revision first."""
    return [kept.value for kept in ASSESSMENTS.page(documents, after, limit, newest_first=True)]


def _row(assessment: Assessed, seconds: float) -> AssessmentRow:
    estate, compiled = assessment.estate, assessment.estate.compiled
    report = compiled.report
    sums = assessment.totals.sums()
    causes = sorted(estate.causes)
    origins = origin_counts(estate.graph.cis.failures_origin, compiled.row, len(ORIGIN_NAMES))
    for position in causes:
        origins[int(assessment.rate_origin[position])] -= 1
    hanging = sum(int(compiled.flat.forward_ptr[position + 1] - compiled.flat.forward_ptr[position]) for position in causes)
    return AssessmentRow(
        assessment=assessment.name,
        revision=estate.revision.revision,
        made_at=datetime.now(UTC).isoformat(),
        model_version=MODEL_VERSION,
        settings=estate.fingerprint,
        measure=measure_of(assessment.totals.values()),
        seconds=round(seconds, 3),
        cis=len(compiled) - len(causes),
        dependencies=len(compiled.flat.forward) + len(compiled.flat.soft_forward) - hanging,
        groups=len(compiled.flat.group_kind),
        services=len(compiled.service_position),
        services_assumed=int(report.counts.get("services_assumed", 0)),
        single_points=int(assessment.services.single_points.sum()),
        totals=sums,
        unknown=_unknown(assessment),
        simulated=int(assessment.first.simulated.sum()),
        origins={name: int(number) for name, number in zip(ORIGIN_NAMES, origins, strict=True)},
        report=dict(report.counts),
        messages=[*report.messages, *_slow(assessment)],
        not_counted_services=int(assessment.services.not_counted.sum()),
        not_counted_cis=int(assessment.totals.not_counted.sum()),
        down_at_rest=int(report.counts.get("down_at_rest", 0)),
        how=estate.how,
        common_causes=len(causes),
        open_needs=int(compiled.open_needs.sum()),
        services_incomplete=len(estate.incomplete_services),
    )


def _unknown(assessment: Assessed) -> dict[str, int]:
    """Counts what nobody gave: services without customers or money, CIs without a rate."""
    compiled = assessment.estate.compiled
    return {
        "services_without_customers": sum(value != value for value in compiled.customers.tolist()),
        "services_without_money": sum(value != value for value in assessment.services.money.tolist()),
        "cis_without_rate": int((compiled.failures_per_year != compiled.failures_per_year).sum()),
    }


def _slow(assessment: Assessed) -> list[str]:
    """Lists the groups for which waiting is better than switching."""
    compiled = assessment.estate.compiled
    keys = [compiled.group_key(int(group)) for group in slow_switches(compiled)]
    if not keys:
        return []
    return [
        "failover takes longer than the mean restore time of the active members: "
        f"switching is worse than waiting in {listed(keys, 5)}"
    ]
