"""A record without the cells that cannot be used: a bad cell costs the cell, not the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from app.domain.record_checks import (
    ORIGINS,
    Fault,
    ci_fault,
    group_fault,
    incident_fault,
    observation_fault,
    service_fault,
    usable_alias,
)
from app.domain.records import CiRecord, GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord

S = TypeVar("S", bound=GroupRecord | ServiceRecord | IncidentRecord | ObservationRecord)
CHECKS: Mapping[type, Callable[[Any], Fault | None]] = {
    GroupRecord: group_fault,
    ServiceRecord: service_fault,
    IncidentRecord: incident_fault,
    ObservationRecord: observation_fault,
}
OPTIONAL: Mapping[type, Mapping[str, Any]] = {
    GroupRecord: {
        "shares": (), "failover_minutes": None, "failover_success": None,
        "common_cause_share": None, "common_cause_unavailability": None,
    },
    ServiceRecord: {
        "customers": None, "money_per_hour": None, "mtpd_hours": None, "rto_hours": None, "rpo_hours": None, "mbco_share": None,
        "availability_target": None, "currency": "", "customer_population": "",
    },
    IncidentRecord: {"ended_at": None},
    ObservationRecord: {},
}  # fmt: skip
CI_NUMBERS = (
    "failures_per_year", "repair_hours", "repair_sigma", "unavailability", "failure_on_demand", "level_share", "restart_hours",
    "backup_interval_hours", "transfer_lag_hours",
)  # fmt: skip


def readable(record: S) -> tuple[S, list[Fault]]:
    """Returns the record without the optional cells that cannot be used, and the fault of each; whatever else is wrong with it
    stays.

    >>> kept, faults = readable(ServiceRecord("shop", customers=-5.0, mtpd_hours=4.0))
    >>> kept.customers, kept.mtpd_hours, faults[0][0]
    (None, 4.0, 'customers')
    """
    faults: list[Fault] = []
    check, optional = CHECKS[type(record)], OPTIONAL[type(record)]
    while (fault := check(record)) is not None:
        if fault[0] in optional and getattr(record, fault[0]) != optional[fault[0]]:
            record = replace(record, **{fault[0]: optional[fault[0]]})
        elif fault[0] == "impact" and isinstance(record, ServiceRecord):
            record = _without_curve(record, fault)
        else:
            break
        faults.append(fault)
    return record, faults


def _without_curve(record: Any, fault: Fault) -> Any:
    bad = next(name for name, points in record.impact.items() if service_fault(ServiceRecord(record.ci, impact={name: points})))
    return replace(record, impact={name: points for name, points in record.impact.items() if name != bad})


def readable_ci(record: CiRecord) -> tuple[CiRecord, list[Fault]]:
    """Returns the same for a CI: only its key, class, lifecycle and the size of the whole can refuse it.

    >>> kept, faults = readable_ci(CiRecord("ci", "db", "db", "database", repair_hours=-4.0, failures_per_year=2.0))
    >>> kept.repair_hours, kept.failures_per_year, len(faults)
    (None, 2.0, 1)
    """
    faults: list[Fault] = []
    while (fault := ci_fault(record)) is not None:
        kept = _without(record, fault[0])
        if kept is record:
            break
        record = kept
        faults.append(fault)
    return record, faults


def _without(record: CiRecord, name: str) -> CiRecord:
    if name == "name":
        return record._replace(name=record.source_id)
    if name == "repair_sigma" and record.repair_sigma is None:
        return record._replace(repair_distribution="exponential")
    if name in ("restore_pool", "starts_without"):
        gone_text: dict[str, Any] = {name: ""}
        return record._replace(**gone_text)
    if name in CI_NUMBERS:
        gone: dict[str, Any] = {name: None}
        if name in ("failures_per_year", "repair_hours"):
            gone |= {f"{name}_low": None, f"{name}_high": None}
        return record._replace(**gone)
    if name.endswith(("_low", "_high")):
        value = name.rpartition("_")[0]
        ends: dict[str, Any] = {f"{value}_low": None, f"{value}_high": None}
        return record._replace(**ends)
    if name == "repair_distribution":
        return record._replace(repair_distribution="exponential", repair_sigma=None)
    if name == "origin":
        origins: dict[str, Any] = {
            at: "declared" for at in ("failures_origin", "repair_origin") if getattr(record, at) not in ORIGINS
        }
        return record._replace(**origins)
    if name == "aliases":
        return record._replace(
            identifiers=tuple(pair for pair in record.identifiers if usable_alias(pair[1])),
            aliases=tuple(pair for pair in record.aliases if usable_alias(pair[1])),
        )
    return record
