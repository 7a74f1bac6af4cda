"""Make a study: both parts of the loss, sampled worlds beside the exact engine, outer draws, borders between teams, and simulated
years if they are asked for."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.domain.areas import AREA_COLUMNS
from app.domain.ci_classes import ci_classes
from app.domain.sentences import count
from app.domain.service_risk import EXACT, SIMULATED, UNKNOWN, Estimate
from app.domain.study import StudyOptions, StudyRow
from app.risk.exact.diagrams.budget import Budget
from app.risk.first_order.areas import measure_of
from app.risk.first_order.borders import Borders, borders
from app.risk.first_order.populations import said_of
from app.risk.sampling.own_failures import BLOCK_WORLDS
from app.risk.sampling.worlds import Worlds, sample_worlds
from app.risk.services.sampled_service import SAMPLES
from app.risk.study import estate_redundancy as redundancy
from app.risk.study.ask_first import questions
from app.risk.study.estate_redundancy import EstateRedundancy, estate_redundancy
from app.risk.study.tables import (
    PAIRS,
    Agreement,
    K,
    PartSums,
    agreement,
    ci_table,
    figures,
    grouped_table,
    part_of,
    service_table,
)
from app.risk.study.uncertainty import OuterDraws, drawn_groupings, drawn_services, ranges_of, response, shifts
from app.usecases.answers.areas import area_codes
from app.usecases.answers.paths import known
from app.usecases.assess import Assessed, assessed
from app.usecases.operation_progress import Listener, silent
from app.usecases.stamps import MODEL_VERSION
from app.usecases.studies.exceedance import exceedance_arrays
from app.usecases.studies.read import STUDIES, KeptStudy
from app.usecases.tools import Tools

THREADS = 2
KEPT = 10  # studies whose tables stay; the row of every study does


def make_study(
    tools: Tools, options: StudyOptions, revision: int | None = None, declared_spread: float = 0.0,
    listen: Listener = silent,
) -> StudyRow:  # fmt: skip
    """Computes and keeps a study of a revision (default: the current one).

    The same options give the same numbers, whatever the number of workers.
    """
    seconds: dict[str, float] = {}
    with _step("every single outage", listen, seconds):
        assessment = assessed(tools.estates, tools.cache, revision, listen=listen)
    compiled, first = assessment.estate.compiled, assessment.first
    measure = measure_of(assessment.totals.values())
    measure = measure if measure in PAIRS else "service_hours_per_year"
    with _step("redundancy, service by service", listen, seconds) as tell:
        more = estate_redundancy(compiled, first, Budget(options.nodes, options.seconds), THREADS, tell, options.seed)
    with _step("sampled worlds", listen, seconds) as tell:
        worlds = sample_worlds(
            compiled, options.seed, 0, max(1, -(-options.worlds // BLOCK_WORLDS)), threads=THREADS, listen=tell
        )
    with _step("ranges of rates and restore times", listen, seconds) as tell:
        tables, range_, shift = _spread(assessment, more, measure, options, declared_spread, tell)
    with _step("borders between teams", listen, seconds) as tell:
        over = borders(
            compiled,
            first,
            area_codes(assessment, "team")[0],
            assessment.pair_losses(measure),
            options.examined,
            assessment.estate.workspace(),
            tell,
        )
    with _step("simulated years", listen, seconds) as tell:
        lived = exceedance_arrays(compiled, options, tell)
    compared = agreement(worlds, more)
    study = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"
    arrays = {f"redundancy.{name}": column for name, column in more.to_arrays().items()} | tables | lived
    arrays |= {"worlds.q": compared.q, "worlds.low": compared.low, "worlds.high": compared.high}
    arrays |= {f"borders.{name}": getattr(over, name) for name in ("provider_team", "dependent_team", "loss", "pairs")}
    tools.cache.save(assessment.estate.revision.revision, f"{STUDIES.kind}-{study}", arrays)
    tools.cache.settle()  # another process may ask for the tables as soon as the study is listed
    row = _row(study, assessment, options, _Parts(measure, more, worlds, compared, over, range_, shift, seconds))
    for old in STUDIES.page(tools.documents, "", 1000, newest_first=True)[KEPT - 1 :]:
        tools.cache.drop(old.value.row.revision, f"{STUDIES.kind}-{old.key}")
    STUDIES.put(tools.documents, study, KeptStudy(row, _sums(over)))
    return row


@contextmanager
def _step(name: str, listen: Listener, seconds: dict[str, float]) -> Iterator[Callable[[float], None]]:
    """Runs one step: reports its progress under `name`, and notes how long it took."""
    started = time.perf_counter()
    listen(name, 0.0)
    yield lambda share: listen(name, share)
    seconds[name] = round(time.perf_counter() - started, 3)


def _spread(
    assessment: Assessed,
    more: EstateRedundancy,
    measure: str,
    options: StudyOptions,
    declared_spread: float,
    tell: Callable[[float], None],
) -> tuple[dict[str, Any], Estimate, float]:
    """Returns the tables, the range of the total, and by how much stated ranges move what is expected of all CIs."""
    estate, compiled = assessment.estate, assessment.estate.compiled
    ranges = ranges_of(estate.graph.cis, compiled.row, ci_classes(), declared_spread)
    answer = response(compiled, measure, tell, assessment.populations)
    pairs = assessment.pair_losses(measure)
    outer = OuterDraws(answer, ranges, compiled.ci_id, options.draws, options.seed)
    shift, of_service = shifts(answer, ranges, assessment.first, pairs, len(compiled.service_position))
    arrays = ci_table(assessment.totals, more, measure, outer, shift).to_arrays("ci")
    worth = questions(outer, *area_codes(assessment, "ci"), K)
    arrays |= {f"ask.{name}": column for name, column in worth._asdict().items()}
    suffered = drawn_services(outer, assessment.first, pairs, len(compiled.service_position))
    arrays |= service_table(compiled.customers, assessment.services, more, measure, suffered, of_service).to_arrays("service")
    arrays["shift.service"] = of_service
    groupings = [area_codes(assessment, kind) for kind in AREA_COLUMNS]
    grouped = drawn_groupings(outer, groupings)
    for kind, (codes, _), drawn in zip(AREA_COLUMNS, groupings, grouped, strict=True):
        table, total = grouped_table(codes, drawn, assessment.totals, more, measure, shift)
        arrays |= table.to_arrays(kind)
    low, middle, high = figures(total)  # every column adds up to the same total: the last one's will do
    range_ = Estimate(middle, SIMULATED, low, high, "median, 5 % and 95 % of the outer draws; the redundancy part at its value")
    return arrays, range_, float(np.nansum(shift))


def _sums(over: Borders) -> dict[str, float]:
    return {"inside": over.inside, "interrupted": over.interrupted, "left_out": over.left_out, "crossing": float(over.loss.sum())}


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a study has worked out, step by step."""

    measure: str
    more: EstateRedundancy
    worlds: Worlds
    compared: Agreement
    over: Borders
    range_: Estimate  # of the total
    shift: float  # by how much stated ranges move the total
    seconds: Mapping[str, float]


def _row(study: str, assessment: Assessed, options: StudyOptions, parts: _Parts) -> StudyRow:
    measure, more, worlds, compared, over, shift = (
        parts.measure, parts.more, parts.worlds, parts.compared, parts.over, parts.shift,
    )  # fmt: skip
    estate, sums = assessment.estate, assessment.totals.sums()
    sums[measure] = None if sums[measure] is None else (sums[measure] or 0.0) + shift
    examined = float(over.loss.sum()) + over.inside + over.interrupted
    together = [[k, int(n) / worlds.worlds] for k, n in enumerate(worlds.together.tolist()) if n]
    return StudyRow(
        study=study,
        revision=estate.revision.revision,
        made_at=datetime.now(UTC).isoformat(),
        model_version=MODEL_VERSION,
        settings=estate.fingerprint,
        currency=estate.options.currency,
        measure=measure,
        options=options,
        seconds=dict(parts.seconds),
        services=len(more.method),
        services_exact=int((more.method == redundancy.EXACT).sum()),
        services_bounded=int((more.method == redundancy.BOUNDED).sum()),
        services_down_at_rest=int((more.method == redundancy.AT_REST).sum()),
        services_simulated=int((more.samples > 0).sum()),
        money=_parts(sums["money_per_year"], part_of(more, "money")),
        service_hours=_parts(sums["service_hours_per_year"], part_of(more, "hours")),
        customer_hours=_parts(sums["customer_hours_per_year"], part_of(more, "hours", np.nan_to_num(estate.compiled.customers))),
        mtpd_breaches=_parts(float(assessment.first.breaches.sum()), part_of(more, "breaches")),
        total_range=parts.range_,
        services_down_together=together[:1000],
        simulated_agree=compared.agree,
        simulated_compared=compared.compared,
        border_share=Estimate(
            float(over.loss.sum()) / examined, EXACT if over.left_out == 0 else "approximate", note=_left_out(over)
        )
        if examined > 0
        else Estimate(None, UNKNOWN, note="no loss was examined"),
        notes=[*_notes(assessment, more, options), *_of_ranges(measure, shift)],
    )


def _of_ranges(measure: str, shift: float) -> list[str]:
    if not shift:
        return []
    what = measure.replace("_", " ")
    return [
        f"stated ranges count in {what} with what is expected over them ({shift:+,.6g} a year against the values alone); "
        "other measures are at the values"
    ]


def _parts(first: float | None, more: PartSums) -> dict[str, float | None]:
    """Returns the parts of a loss.

    `redundancy` = exact + simulated; `redundancy_low` and `redundancy_high`: its ends where a part of it is simulated.
    """
    if first is None:
        return dict.fromkeys(
            (
                "first_order",
                "redundancy",
                "redundancy_exact",
                "redundancy_simulated",
                "redundancy_low",
                "redundancy_high",
                "total",
            )
        )
    return {
        "first_order": first,
        "redundancy": more.exact + more.simulated,
        "redundancy_exact": more.exact,
        "redundancy_simulated": more.simulated,
        "redundancy_low": known(more.exact + more.low),
        "redundancy_high": known(more.exact + more.high),
        "total": first + more.exact + more.simulated,
    }


def _left_out(over: Borders) -> str:
    return f"CIs that lose {over.left_out:,.0f} a year together were not followed" if over.left_out > 0 else ""


def _notes(assessment: Assessed, more: EstateRedundancy, options: StudyOptions) -> list[str]:
    notes = [text for text in (said_of(assessment.populations),) if text]
    if assessment.populations.shared:
        notes.append(
            "customers of services that only combinations of failures stop are counted once for each service: an upper bound"
        )
    if bounded := int((more.method == redundancy.BOUNDED).sum()):
        notes.append(
            f"{bounded:,} services need more than {options.nodes:,} nodes or {options.seconds:g} s: their unavailability is an "
            f"interval, their redundancy part is simulated ({SAMPLES:,} samples each, seed {options.seed}) and stands apart as "
            "well as in the sums"
        )
    if incomplete := len(assessment.estate.incomplete_services):
        notes.append(
            f"{count(incomplete, 'service hangs', 'services hang')} on needs that were not read "
            f"({assessment.estate.needs_not_read:,}): the figures are at "
            "least these"
        )
    notes += assessment.estate.assembled.warnings
    if unknown := int((more.unknown > 0).sum()):
        notes.append(f"the cones of {unknown:,} services hold CIs without an unavailability: they count as never down")
    return notes
