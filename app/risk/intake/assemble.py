"""From the ledger's columns to a DependencyGraph: what is assessed, which rate and restore time each CI gets, and from where.

A value's origin, in falling order of trust: `measured` (incidents observed at the CI, or measured by the source), `declared` (a
source says so), `assumed` (the prior of its class in `ci_classes.toml`). Nothing here reads or writes anything; N CIs, S
services.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.domain.ci_classes import OTHER, CiClass
from app.domain.columns import Categorical
from app.domain.graph import (
    ASSUMED,
    DECLARED,
    EXPONENTIAL,
    KIND_CODES,
    LOGNORMAL,
    MEASURED,
    ORDINARY_GROUP,
    SUPPLY_GROUP,
    UNKNOWN,
    CiColumns,
    DependencyColumns,
    DependencyGraph,
    GroupColumns,
    OpenNeedColumns,
    ServiceExposure,
)
from app.domain.json_columns import impact_of, shares_of
from app.domain.sentences import needs_of_nobody
from app.domain.stability_tests import GroupEvidence
from app.risk.intake.evidence import Observed, class_rows, observed_incidents, posterior_rates
from app.risk.intake.number_lists import whole_number_lists
from app.risk.intake.tested import with_tests

BY_PEOPLE = "manual:"  # how the keys of groups begin that a person stated
RANGES = ("failures_per_year_low", "failures_per_year_high", "repair_hours_low", "repair_hours_high")
GRAPH_COLUMNS: dict[str, tuple[str, ...]] = {
    "ci": (
        "ci_id", "key", "name", "ci_class", "raw_class", "lifecycle", "environment", "site", "team", "supplier", "is_service",
        "failures_per_year",
        "failures_origin", "repair_hours", "repair_origin", "repair_distribution", "repair_sigma", "unavailability",
        "failure_on_demand",
        "level_share", "restart_hours", "restore_pool", "starts_without", "backup_interval_hours", "transfer_lag_hours", *RANGES,
    ),
    "dependency": ("dependent_id", "provider_id", "kind", "source_id", "weight"),
    "redundancy_group": (
        "group_id", "key", "dependent_id", "kind", "needed", "members", "shares", "failover_minutes", "failover_success",
        "source_id",
        "common_cause_share", "common_cause_unavailability",
    ),
    "exposure": (
        "ci_id", "source_id", "customers", "money_per_hour", "currency", "impact", "mtpd_hours", "rto_hours", "rpo_hours",
        "mbco_share",
        "availability_target", "customer_population",
    ),
    "incident": ("source_id", "incident_key", "ci_id", "started_at", "ended_at", "root_cause"),
    "observation": ("source_id", "scope", "observed_from", "observed_until"),
    "open_need": ("source_id", "need_key", "dependent_id", "kind", "needs"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AssembleOptions:
    environments: tuple[str, ...] = ("production",)
    lifecycles: tuple[str, ...] = ("active", "maintenance")
    location_failures: bool = True
    currency: str = "EUR"
    exchange_rates: Mapping[str, float] = field(default_factory=dict)
    source_priority: Mapping[int, int] = field(default_factory=dict)  # source_id -> number, lower wins
    now: int = 0  # unix seconds: until when an open incident lasts, and how old a test is
    tests: tuple[GroupEvidence, ...] = ()  # of the revision: evidence on its redundancy groups


@dataclass(frozen=True, slots=True)
class Assembled:
    graph: DependencyGraph
    left_out: Mapping[str, int]  # why -> CIs
    warnings: tuple[str, ...]
    needs_of_nobody: int = 0  # not read, and nobody answers to whose they are


def assemble(
    columns: Mapping[str, Mapping[str, Any]], classes: Mapping[str, CiClass], options: AssembleOptions,
    before: DependencyGraph | None = None,
    unchanged: Collection[str] = (),
) -> Assembled:  # fmt: skip
    """Build the graph of one revision from its columns (nouns and names of GRAPH_COLUMNS). `before`: the graph of an earlier
    revision, of which the nouns `unchanged` are taken over."""
    ci = columns["ci"]
    warnings: list[str] = []
    assessed, left_out = _assessed(ci, options)
    observed = observed_incidents(ci, columns["incident"], columns["observation"], classes, options.now)
    cis = _cis(ci, classes, options, assessed, observed)
    graph = DependencyGraph(
        cis=cis,
        dependencies=_stated_needs(columns, before, unchanged),
        groups=_tested_groups(columns, options, before, "redundancy_group" in unchanged),
        services=_services(ci, columns["exposure"], assessed, options, warnings),
        open_needs=_open_needs(columns["open_need"], _of_no_class(ci, cis), before),
        groups_tested=bool(options.tests),
    )
    nobodys = _of_nobody(columns["open_need"])
    if nobodys:
        warnings.append(needs_of_nobody(nobodys))
    warnings += _incidents_not_read(columns["open_need"], cis, observed)
    return Assembled(graph, left_out, tuple(warnings), nobodys)


def _tested_groups(
    columns: Mapping[str, Mapping[str, Any]], options: AssembleOptions, before: DependencyGraph | None, unchanged: bool
) -> GroupColumns:
    """`before` holds the groups as they were tested by then, so where there are tests they are taken from the ledger again."""
    if before is not None and unchanged and not options.tests and not before.groups_tested:
        return before.groups
    groups = _groups(columns["redundancy_group"])
    return with_tests(groups, columns["ci"], options.tests, options.now, before.groups if before is not None else None)


def _of_nobody(need: Mapping[str, Any]) -> int:
    dependents, needs = np.asarray(need["dependent_id"]), np.asarray(need["needs"])
    return int(needs[dependents < 0].sum())


def _incidents_not_read(need: Mapping[str, Any], cis: CiColumns, observed: Observed) -> list[str]:
    """A class's rate is drawn from what was seen at all CIs of it, so an incident that was not read touches more than the CI it
    was at."""
    kinds: Categorical = need["kind"]
    lost = np.flatnonzero(np.isin(kinds.codes, [code for code, kind in enumerate(kinds.values) if kind == "incident"]))
    if not len(lost) or not (observed.years > 0).any():
        return []
    ids, dependents = np.asarray(cis.ci_id), np.asarray(need["dependent_id"])[lost]
    at = np.minimum(np.searchsorted(ids, dependents), max(len(ids) - 1, 0))
    words = {str(cis.ci_class[int(place)] or OTHER) for place in at[ids[at] == dependents].tolist()} if len(ids) else set()
    if not words:
        return []
    named = ", ".join(sorted(words))
    return [f"incomplete: {len(lost):,} incidents were not read: measured failure rates of these classes are at least: {named}"]


def _assessed(ci: Mapping[str, Any], options: AssembleOptions) -> tuple[Any, dict[str, int]]:
    left_out: dict[str, int] = {}
    assessed = np.ones(len(ci["ci_id"]), bool)
    for name, default, allowed in (
        ("lifecycle", "active", options.lifecycles),
        ("environment", "production", options.environments),
    ):
        codes, values = ci[name].codes, ci[name].values
        for code, value in [(-1, default), *enumerate(values)]:
            if value not in allowed:
                rows = (codes == code) & assessed
                if rows.any():
                    left_out[f"{name} {value}"] = int(rows.sum())
                    assessed &= ~rows
    return assessed, left_out


def _cis(
    ci: Mapping[str, Any], classes: Mapping[str, CiClass], options: AssembleOptions, assessed: Any, observed: Observed
) -> CiColumns:
    class_row, table = class_rows(ci["ci_class"], classes)
    rate, rate_origin = _given(ci["failures_per_year"], ci["failures_origin"])
    repair, repair_origin = _given(ci["repair_hours"], ci["repair_origin"])
    direct = ~np.isnan(ci["unavailability"])

    prior_rate = np.asarray([row.failures_per_year for row in table])[class_row]
    measured = observed.years > 0
    if measured.any():
        posterior = posterior_rates(class_row, table, observed)
        rate = np.where(measured, posterior, rate)
        rate_origin = np.where(measured, MEASURED, rate_origin).astype(np.int8)
    missing = np.isnan(rate) & ~direct
    rate = np.where(missing, prior_rate, rate)
    rate_origin = np.where(missing, ASSUMED, rate_origin).astype(np.int8)

    distribution = _coded(ci["repair_distribution"], {"exponential": EXPONENTIAL, "lognormal": LOGNORMAL}, EXPONENTIAL)
    sigma = np.asarray(ci["repair_sigma"], float)
    no_repair = np.isnan(repair) & ~direct
    use_measured = ~np.isnan(observed.repair_hours) & ~direct & (repair_origin != MEASURED)
    no_repair |= use_measured
    class_repair = np.asarray([row.repair_hours for row in table])[class_row]
    class_sigma = np.asarray([row.repair_sigma for row in table])[class_row]
    repair = np.where(use_measured, observed.repair_hours, np.where(no_repair, class_repair, repair))
    repair_origin = np.where(use_measured, MEASURED, np.where(no_repair, ASSUMED, repair_origin)).astype(np.int8)
    distribution = np.where(no_repair, LOGNORMAL, distribution).astype(np.int8)
    sigma = np.where(no_repair, class_sigma, sigma)
    sigma = np.where((distribution == LOGNORMAL) & np.isnan(sigma), class_sigma, sigma)

    if not options.location_failures:
        places = np.asarray([_is_below(row, "location", classes) for row in table])[class_row]
        rate = np.where(places & (rate_origin == ASSUMED), 0.0, rate)
    other_rate = measured | missing | direct  # another value is in use than the one the range was stated with
    ranges = {
        name: np.where(no_repair if name in RANGES[2:] else other_rate, np.nan, np.asarray(ci[name], float)) for name in RANGES
    }
    stated_interval = np.asarray(ci["backup_interval_hours"], float)
    class_interval = np.asarray([np.nan if row.backup_interval_hours is None else row.backup_interval_hours for row in table])
    interval = np.where(np.isnan(stated_interval), class_interval[class_row], stated_interval)
    interval_origin = np.where(np.isnan(stated_interval), np.where(np.isnan(interval), UNKNOWN, ASSUMED), DECLARED)
    return CiColumns(
        ci_id=ci["ci_id"], key=ci["key"], name=ci["name"], ci_class=ci["ci_class"], site=ci["site"], team=ci["team"],
        supplier=ci["supplier"], lifecycle=ci["lifecycle"], environment=ci["environment"], assessed=assessed,
        failures_per_year=rate, failures_origin=rate_origin, repair_hours=repair, repair_origin=repair_origin,
        repair_distribution=distribution, repair_sigma=sigma, unavailability=np.asarray(ci["unavailability"], float),
        failure_on_demand=np.nan_to_num(ci["failure_on_demand"], nan=0.0), level_share=np.nan_to_num(ci["level_share"], nan=1.0),
        restart_hours=np.nan_to_num(ci["restart_hours"], nan=0.0), observed_years=observed.years,
        observed_incidents=observed.counts,
        observed_doubtful=observed.doubtful, observed_source=observed.source,
        repair_shared_spread=np.where(use_measured, observed.repair_shared, np.nan),
        repair_own_spread=np.where(use_measured, observed.repair_own, np.nan), restore_pool=ci["restore_pool"],
        starts_without=ci["starts_without"], backup_interval_hours=interval,
        backup_origin=interval_origin.astype(np.int8), transfer_lag_hours=np.asarray(ci["transfer_lag_hours"], float),
        **ranges,
    )  # fmt: skip


def _given(values: Any, origin: Categorical) -> tuple[Any, Any]:
    values = np.asarray(values, float)
    given_by = _coded(origin, {"measured": MEASURED, "declared": DECLARED}, DECLARED)
    return values, np.where(np.isnan(values), UNKNOWN, given_by).astype(np.int8)


def _coded(column: Categorical, codes: Mapping[str, int], default: int) -> Any:
    lookup = np.asarray([codes.get(value, default) for value in column.values] + [default], np.int8)
    return lookup[column.codes]


def _is_below(row: CiClass, ancestor: str, classes: Mapping[str, CiClass]) -> bool:
    while row.name != ancestor:
        if not row.parent:
            return False
        row = classes[row.parent]
    return True


def _stated_needs(
    columns: Mapping[str, Mapping[str, Any]], before: DependencyGraph | None, unchanged: Collection[str]
) -> DependencyColumns:
    """The dependencies, without those on members of a group that a person states for the same dependent: it is believed first."""
    group = columns["redundancy_group"]
    by_people = [row for row, key in enumerate(group["key"]) if key.startswith(BY_PEOPLE)]
    same = before is not None and "dependency" in unchanged
    if same and before is not None and ("redundancy_group" in unchanged or not (by_people or _has_groups_of_people(before))):
        return before.dependencies
    needs = _dependencies(columns["dependency"])
    if not by_people:
        return needs
    offsets, members = whole_number_lists([group["members"][row] for row in by_people])
    dependents = np.repeat(np.asarray(group["dependent_id"])[by_people], np.diff(offsets))
    pairs = set(zip(dependents.tolist(), members.tolist(), strict=True))
    near = np.flatnonzero(np.isin(needs.dependent_id, np.unique(dependents)))
    given = zip(needs.dependent_id[near].tolist(), needs.provider_id[near].tolist(), strict=True)
    kept = np.ones(len(needs.dependent_id), bool)
    kept[near] = [pair not in pairs for pair in given]
    return DependencyColumns(needs.dependent_id[kept], needs.provider_id[kept], needs.kind[kept], needs.weight[kept])


def _has_groups_of_people(graph: DependencyGraph) -> bool:
    return any(key.startswith(BY_PEOPLE) for key in graph.groups.key)


def _dependencies(dependency: Mapping[str, Any]) -> DependencyColumns:
    return DependencyColumns(
        np.asarray(dependency["dependent_id"], np.int64),
        np.asarray(dependency["provider_id"], np.int64),
        _coded(dependency["kind"], KIND_CODES, 0),
        np.asarray(dependency["weight"], float),
    )


def _groups(group: Mapping[str, Any]) -> GroupColumns:
    offsets, members = whole_number_lists(group["members"])
    shares = np.full(len(members), np.nan)
    for row, text in enumerate(group["shares"]):
        if text:
            given = shares_of(text)
            shares[offsets[row] : offsets[row] + len(given)] = given
    return GroupColumns(
        key=list(group["key"]),
        dependent_id=group["dependent_id"],
        kind=_coded(group["kind"], {"ordinary": ORDINARY_GROUP, "supply": SUPPLY_GROUP}, ORDINARY_GROUP),
        needed=np.asarray(group["needed"], np.int64),
        member_offsets=offsets,
        member_id=members,
        share=shares,
        failover_minutes=np.asarray(group["failover_minutes"], float),
        failover_success=np.asarray(group["failover_success"], float),
        common_cause_share=np.asarray(group["common_cause_share"], float),
        common_cause_unavailability=np.asarray(group["common_cause_unavailability"], float),
    )


def _of_no_class(ci: Mapping[str, Any], cis: CiColumns) -> Any:
    """Ids of the CIs of which `class_not_read` holds."""
    assumed = (np.asarray(cis.failures_origin) == ASSUMED) | (np.asarray(cis.repair_origin) == ASSUMED)
    return np.asarray(cis.ci_id, np.int64)[class_not_read(ci, assumed)]


def class_not_read(ci: Mapping[str, Any], assumed: Any) -> Any:
    """bool[N]: the source of a CI names a class that no table knows, and the class would have given its rate or restore time.

    `ci` holds the columns of noun `ci`, and `assumed` is bool[N]: nobody gave the rate or the restore time. Those of `other`
    stand in, and may be lower.
    """
    classes, words = ci["ci_class"], ci["raw_class"]
    other = np.isin(classes.codes, [-1, *(code for code, name in enumerate(classes.values) if name == OTHER)])
    has_word = np.isin(words.codes, [code for code, word in enumerate(words.values) if word not in ("", OTHER)])
    direct = ~np.isnan(np.asarray(ci["unavailability"], float))
    return other & has_word & assumed & ~direct


def _open_needs(need: Mapping[str, Any], class_unknown: Any, before: DependencyGraph | None) -> OpenNeedColumns:
    """Those of the graph before where they are the same, so that nothing that hangs on them is made again."""
    dependents, needs = np.asarray(need["dependent_id"], np.int64), np.asarray(need["needs"], np.int64)
    dependents = np.concatenate([dependents, class_unknown])
    needs = np.concatenate([needs, np.ones(len(class_unknown), np.int64)])
    held = before.open_needs if before else None
    if held is not None and np.array_equal(held.dependent_id, dependents) and np.array_equal(held.needs, needs):
        return held
    return OpenNeedColumns(dependents, needs)


def _services(
    ci: Mapping[str, Any], exposure: Mapping[str, Any], assessed: Any, options: AssembleOptions, warnings: list[str]
) -> list[ServiceExposure]:
    """Exposures of one CI from several sources are one: each field from the source with the best priority that gives it."""
    ids = np.asarray(ci["ci_id"])
    rows: dict[int, list[int]] = {}
    for row, ci_id in enumerate(np.asarray(exposure["ci_id"]).tolist()):
        rows.setdefault(ci_id, []).append(row)
    for ci_id in ids[np.asarray(ci["is_service"]) == 1].tolist():
        rows.setdefault(ci_id, [])
    services = []
    unknown_currencies: dict[str, set[int]] = {}
    for ci_id in sorted(rows):
        at = int(np.searchsorted(ids, ci_id))
        if at == len(ids) or ids[at] != ci_id or not assessed[at]:
            continue
        claims = sorted(rows[ci_id], key=lambda row: options.source_priority.get(int(exposure["source_id"][row]), 1 << 30))
        services.append(_exposure(ci_id, exposure, claims, options, unknown_currencies))
    for currency, cis in sorted(unknown_currencies.items()):
        warnings.append(f"no exchange rate for {currency}: the money of {len(cis)} services is unknown in {options.currency}")
    return services


def _exposure(
    ci_id: int, exposure: Mapping[str, Any], claims: Sequence[int], options: AssembleOptions, unknown: dict[str, set[int]]
) -> ServiceExposure:
    def first(name: str) -> tuple[float | None, int]:
        for row in claims:
            value = float(exposure[name][row])
            if not np.isnan(value):
                return value, row
        return None, -1

    def worth(row: int) -> float | None:
        """What one unit of the row's currency is in the reporting currency."""
        currency = exposure["currency"][row] or options.currency
        rate = 1.0 if currency == options.currency else options.exchange_rates.get(currency)
        if rate is None:
            unknown.setdefault(currency, set()).add(ci_id)
        return rate

    money, paid_by = first("money_per_hour")
    if money is not None:
        rate = worth(paid_by)
        money = None if rate is None else money * rate
    curves: dict[str, tuple[tuple[float, float], ...]] = {}
    drawn_by = next((row for row in claims if impact_of(exposure["impact"][row])), -1)
    for name, curve in (impact_of(exposure["impact"][drawn_by]) if drawn_by >= 0 else {}).items():
        rate = worth(drawn_by) if name == "money" else 1.0
        if rate is not None:
            curves[name] = tuple((float(hours), float(loss) * rate) for hours, loss in curve)
    return ServiceExposure(
        ci_id=ci_id, customers=first("customers")[0], money_per_hour=money, currency=options.currency,
        impact=curves, mtpd_hours=first("mtpd_hours")[0], rto_hours=first("rto_hours")[0], rpo_hours=first("rpo_hours")[0],
        mbco_share=first("mbco_share")[0], availability_target=first("availability_target")[0],
        customer_population=next((text for row in claims if (text := exposure["customer_population"][row])), ""),
    )  # fmt: skip
