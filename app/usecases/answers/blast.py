"""Blast radius: what falls with a set of CIs, right now, at one revision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.domain.errors import InvalidInput
from app.domain.results import BlastRadius, FallenCi
from app.domain.sentences import if_it_fails, not_read_elsewhere
from app.risk.outage.causes import causes, standing_groups
from app.risk.outage.propagation import Outage, outage
from app.usecases import paging
from app.usecases.answers.felt import felt_by
from app.usecases.answers.paths import customers_by_share, down_customers, left_incomplete, service_hits, totals, used_up
from app.usecases.estate import Estate
from app.usecases.find import ci_row, identify_all
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools


def blast_radius(
    tools: Tools,
    texts: Sequence[str],
    limit: int = 100,
    after: str | None = None,
    revision: int | None = None,
    as_of: datetime | None = None,
    every_service: bool = False,
) -> BlastRadius:
    """Returns totals, and from the cursor on `limit` of the services hit (`every_service`: all of them), each with its path, of
    the groups whose redundancy is used up, and of the fallen CIs.

    A cursor holds the revision, so pages of one question fit together whatever is imported meanwhile.
    """
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "offset", "cis")
        if cursor["cis"] != _question(texts):
            raise InvalidInput("after: a cursor of another question")
        revision, as_of, offset = cursor["revision"], None, cursor["offset"]
    estate = tools.estates.at(revision, as_of)
    hits = identify_all(tools.store, estate.revision.revision, texts)
    forced = [estate.position(hit.ci_id) for hit in hits]
    result = outage(estate.compiled, forced, estate.workspace())
    hit = len(result.services_down) + len(result.services_degraded)
    tree = causes(estate.compiled, result) if offset < hit or not offset else None
    services = service_hits(estate, result, tree)
    customers, _, counted = down_customers(estate, result.services_down.tolist())
    customers_unknown = sum(hit.customers is None for hit in services)
    money, money_unknown = totals(services)
    groups = standing_groups(estate.compiled, result)
    needs, incomplete = left_incomplete(estate, result.services_down.tolist())
    names = [estate.name(position) for position in result.down.tolist()]
    felt = felt_by(estate, result, names, [hit.name for hit in services if hit.state == "down"], groups=groups)
    fallen, total = fallen_cis(estate, result, offset, limit)
    following = offset + limit
    more = following < max(total, len(groups.worn), len(services))
    first = min(
        (hit for hit in services if hit.state == "down" and hit.mtpd_hours is not None),
        key=lambda hit: hit.mtpd_hours or 0,
        default=None,
    )
    return BlastRadius(
        stamp=stamp_of(estate, tools.documents),
        cis=[ci_row(hit) for hit in hits],
        cis_down=len(result.failed),
        cis_degraded=len(result.degraded),
        services_down=len(result.services_down),
        services_degraded=len(result.services_degraded),
        services_interrupted=len(felt.interrupted),
        customers=customers,
        customers_by_share=customers_by_share(estate, result, customers),
        customers_unknown=customers_unknown,
        customers_note=counted,
        money_per_hour=money,
        money_unknown=money_unknown,
        first_mtpd_hours=first.mtpd_hours if first else None,
        first_mtpd_service=first.name if first else "",
        sentence=if_it_fails(felt) + not_read_elsewhere(needs, incomplete),
        services=services if every_service else services[offset:following],
        services_total=len(services),
        redundancy_used_up=used_up(estate, result, groups.worn[offset:following].tolist()),
        redundancy_used_up_total=len(groups.worn),
        fallen=fallen,
        fallen_total=total,
        limit=limit,
        truncated=more,
        next=paging.encode(revision=estate.revision.revision, offset=following, cis=_question(texts)) if more else None,
        open_needs=needs,
        services_incomplete=incomplete,
    )


def _question(texts: Sequence[str]) -> str:
    return "|".join(texts)


def fallen_cis(estate: Estate, result: Outage, offset: int, limit: int) -> tuple[list[FallenCi], int]:
    """Returns the failed CIs in order from providers to dependents, then the degraded ones."""
    down = len(result.failed)
    total = down + len(result.degraded)
    failed = result.failed[offset : offset + limit]
    low, high = max(offset - down, 0), max(offset + limit - down, 0)
    capabilities = [0.0] * len(failed) + result.capability[low:high].tolist()
    rows = estate.compiled.row[[*failed.tolist(), *result.degraded[low:high].tolist()]]
    cis = estate.graph.cis
    texts = zip(cis.key.at(rows), cis.name.at(rows), cis.ci_class.at(rows), capabilities, strict=True)
    return [
        FallenCi(key, name or key, ci_class, "down" if number < len(failed) else "degraded", capability)
        for number, (key, name, ci_class, capability) in enumerate(texts)
    ], total
