"""What CIs lack, what stands alone, what contradicts: each finding with what its CIs weigh in the ranking."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.domain.ci_classes import OTHER
from app.domain.columns import ABSENT
from app.domain.errors import NotFound
from app.domain.graph import ASSUMED, DECLARED, MEASURED
from app.domain.nouns import INCIDENT
from app.domain.quality import ClassQuality, Finding
from app.ports.graph_store import GraphStore
from app.risk.first_order.data_quality import coverage, on_cycles, only_in_one, orphans, positions_of_known, row_codes
from app.risk.intake.joined_outages import spells
from app.usecases.answers.conflicts import disagreeing
from app.usecases.answers.quality.several import costliest
from app.usecases.answers.quality.weighing import EXAMPLES, Fault, Scale
from app.usecases.tools import Tools

NAMED = 20
NO_EXPOSURE = Fault(
    "no exposure",
    "services stop unseen: neither customers nor money of theirs are in any total",
    "give customers and money an hour of these services (PUT /services, or the source)",
)
NO_RTO = Fault(
    "no RTO",
    "whether these services come back in time cannot be said",
    "state rto_hours and mtpd_hours after the business impact analysis",
)
NEVER_CLOSED = Fault(
    "incident never closed",
    "rates and restore times of these CIs are doubtful: an incident without end is taken to end at the CI's next one, or after "
    "30 days",
    "close these incidents at their source, with the time at which the CI was back",
)
SEEN_ONLY = Fault(
    "observed, not declared",
    "calls that were seen, which proves no need: they count as the setting `calls` of their source says (hard where nobody said: "
    "an upper bound), and the CMDB does not know them",
    "add those that are needs to the CMDB; for the others set calls to share or soft at the source",
)
DECLARED_ONLY = Fault(
    "declared, not observed",
    "both ends are observed, yet never this call: the ranking may count a dependency that is not there",
    "check whether it still exists; a failover path may be rightly unseen",
)
OBSERVING = ("callgraph", "servicegraph")  # kinds of sources that see what really calls what


def ci_findings(scale: Scale) -> list[Finding]:
    """Returns findings on values that nobody gave and on shapes that are rather mistakes than facts.

    Common causes are no CIs and are left out.
    """
    assessment = scale.assessment
    compiled, cis = assessment.estate.compiled, assessment.estate.graph.cis
    real = np.ones(len(compiled), np.bool_)
    real[sorted(assessment.estate.causes)] = False
    of = int(real.sum())
    codes = {name: row_codes(compiled, getattr(cis, name).codes) for name in ("team", "site", "ci_class")}
    other = cis.ci_class.values.index(OTHER) if OTHER in cis.ci_class.values else -2
    cycles, circles = on_cycles(compiled)
    weighs = "CIs that carry {share} of the expected loss"
    masks = {
        Fault("no owner", f"{weighs} belong to nobody in the ranking of teams", "set the owner at the source"): codes["team"] < 0,
        Fault(
            "no site",
            f"{weighs} are missing in the ranking of sites and in outages of a site",
            "set the location at the source",
        ): codes["site"] < 0,
        Fault(
            "class unknown",
            f"{weighs} have the rates of no class of their own",
            "map the source's class in its mapping file",
        ): (codes["ci_class"] < 0) | (codes["ci_class"] == other),
        Fault(
            "rate assumed",
            "{share} of the expected loss rests on rates that nobody gave",
            "import incidents, or give failures_per_year and repair_hours, the costliest CIs first",
        ): _origin(scale) == ASSUMED,
        Fault(
            "orphan",
            f"{weighs} have no dependency at all: what leans on them is not counted",
            "import the relations of these classes, or retire what is not there any more",
        ): orphans(compiled),
        Fault(
            "on a cycle",
            f"{weighs} need each other all around ({circles} cycles): each takes all the others",
            "check the direction of these relations at the source",
        ): cycles,
    }
    return [scale.finding(fault, real & mask, of) for fault, mask in masks.items()]


def _origin(scale: Scale) -> Any:
    assessment = scale.assessment
    return np.asarray(assessment.rate_origin)


def service_findings(scale: Scale) -> list[Finding]:
    """Returns findings on services that lack what the ranking and the goals need.

    Their impact is what they are expected to suffer, where that is known.
    """
    compiled = scale.assessment.estate.compiled
    curved = np.diff(compiled.curve_ptr) > 0
    blind = np.isnan(compiled.customers) & np.isnan(compiled.money_per_hour) & ~curved
    return [_services(scale, NO_EXPOSURE, blind), _services(scale, NO_RTO, np.isnan(compiled.rto_hours))]


def _services(scale: Scale, fault: Fault, mask: Any) -> Finding:
    assessment, numbers = scale.assessment, np.flatnonzero(mask)
    suffered = assessment.services.service_hours[numbers] if scale.measure == "service_hours_per_year" else None
    if scale.measure == "customer_hours_per_year":
        suffered = assessment.services.customer_hours[numbers]
    elif scale.measure == "money_per_year":
        suffered = assessment.services.money[numbers]
    known = suffered[~np.isnan(suffered)] if suffered is not None else np.zeros(0)
    impact = float(known.sum()) if len(known) else None
    compiled = assessment.estate.compiled
    examples = [assessment.estate.key(int(compiled.service_position[number])) for number in numbers[:EXAMPLES]]
    share = scale.share(impact)
    return Finding(fault.kind, len(numbers), len(mask), impact, share, fault.effect, fault.advice, examples)


def unclosed_finding(scale: Scale, store: GraphStore) -> Finding:
    """Returns the finding on incidents that nobody closed: each is taken to end at its CI's next one, or after 30 days."""
    assessment = scale.assessment
    rows = store.load_columns(assessment.estate.revision.revision, INCIDENT.name)
    at, started, ended = (np.asarray(rows[name], np.int64) for name in ("ci_id", "started_at", "ended_at"))
    ends = spells(at, started, ended, ended != ABSENT, assessment.estate.options.now)
    order = np.lexsort((started, at))[ends.forced]
    _, positions = positions_of_known(assessment.estate.compiled, np.unique(at[order]))
    impact = scale.impact(positions) if len(positions) else None
    examples = [
        f"{rows['incident_key'][row]}, open since {datetime.fromtimestamp(int(started[row]), UTC):%Y-%m-%d}"
        for row in order[:NAMED].tolist()
    ]
    share = scale.share(impact)
    return Finding(NEVER_CLOSED.kind, len(order), len(at), impact, share, NEVER_CLOSED.effect, NEVER_CLOSED.advice, examples)


def class_rows(scale: Scale, sources: Any, ci_ids: Any, names: Mapping[int, str]) -> list[ClassQuality]:
    """Returns, for each source and class, how far the CIs of the source's records are described (two columns of the ledger), the
    largest first."""
    assessment = scale.assessment
    compiled, cis = assessment.estate.compiled, assessment.estate.graph.cis
    # several records of one CI count once
    pairs = np.unique((np.asarray(sources, np.int64) << 32) | np.asarray(ci_ids, np.int64))
    known, positions = positions_of_known(compiled, pairs & 0xFFFFFFFF)
    origin = _origin(scale)[positions]
    masks = np.array(
        [
            row_codes(compiled, cis.team.codes)[positions] >= 0,
            row_codes(compiled, cis.site.codes)[positions] >= 0,
            origin == MEASURED,
            origin == DECLARED,
            origin == ASSUMED,
            orphans(compiled)[positions],
        ]
    )
    width = len(cis.ci_class.values) + 1
    classes = row_codes(compiled, cis.ci_class.codes)[positions] + 1
    codes, counts, sums = coverage(pairs[known] >> 32, classes, masks, width)
    order = np.argsort(-counts, kind="stable")
    rows = []
    for place in order:
        source_id, code = divmod(int(codes[place]), width)
        number, totals = int(counts[place]), sums[:, place].tolist()
        name = cis.ci_class.values[code - 1] if code else ""
        owner, site, measured, declared, assumed = (value / number for value in totals[:5])
        source = names.get(source_id, f"source {source_id}")
        rows.append(ClassQuality(source, name, number, owner, site, measured, declared, assumed, totals[5]))
    return rows


def conflict_finding(scale: Scale, tools: Tools) -> Finding:
    """Returns the finding on CIs about which sources contradict each other; of the CIs with several records the costliest are
    compared."""
    revision = scale.assessment.estate.revision.revision
    looked_at = costliest(scale, tools)
    ids, positions = looked_at.ids, looked_at.positions
    held = np.isin(ids, disagreeing(tools, revision, ids.tolist()))
    impact = scale.impact(positions[held]) if held.any() else None
    effect = f"sources disagree on attributes of these CIs; the one believed first counts{looked_at.cut}"
    advice = "see `forestay conflicts`; mend the wrong source, or change which is believed first"
    return Finding(
        "contradiction", int(held.sum()), len(ids), impact, scale.share(impact), effect, advice, scale.examples(positions[held])
    )


def observation_findings(scale: Scale, columns: Mapping[str, Any], observing: set[int]) -> list[Finding]:
    """Returns findings on dependencies that are seen and not declared, and the reverse; none where no source observes."""
    if not observing:
        return []
    dependent, provider = np.asarray(columns["dependent_id"]), np.asarray(columns["provider_id"])
    observed = np.isin(np.asarray(columns["source_id"]), sorted(observing))
    seen, declared = only_in_one(dependent, provider, observed)
    of_seen = len(np.unique((dependent[observed] << 32) | provider[observed]))
    of_declared = len(np.unique((dependent[~observed] << 32) | provider[~observed]))
    return [
        _pairs(scale, SEEN_ONLY, (dependent[seen], provider[seen]), of_seen),
        _pairs(scale, DECLARED_ONLY, (dependent[declared], provider[declared]), of_declared),
    ]


def _pairs(scale: Scale, fault: Fault, pairs: tuple[Any, Any], of: int) -> Finding:
    """The finding of dependencies (dependents and providers), weighed by their providers."""
    dependents, providers = pairs
    _, positions = positions_of_known(scale.assessment.estate.compiled, np.unique(providers))
    impact = scale.impact(positions) if len(positions) else None
    first = zip(dependents[:EXAMPLES].tolist(), providers[:EXAMPLES].tolist(), strict=True)
    examples = [f"{_key(scale, a)} -> {_key(scale, b)}" for a, b in first]
    return Finding(fault.kind, len(providers), of, impact, scale.share(impact), fault.effect, fault.advice, examples)


def _key(scale: Scale, ci_id: int) -> str:
    try:
        return scale.assessment.estate.key(scale.assessment.estate.position(ci_id))
    except NotFound:
        return f"CI {ci_id}, not assessed"
