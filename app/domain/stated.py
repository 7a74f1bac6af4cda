"""Rows of the ledger and the records that state them, one from the other; `name` is what the record calls a CI."""

from __future__ import annotations

from app.domain.json_columns import impact_of, impact_text, shares_of
from app.domain.records import DependencyRecord, GroupRecord, IncidentRecord, ServiceRecord
from app.domain.rows import LedgerDependency, LedgerExposure, LedgerGroup, LedgerIncident


def exposure_row(ci_id: int, source_id: int, record: ServiceRecord) -> LedgerExposure:
    return LedgerExposure(
        ci_id,
        source_id,
        record.customers,
        record.customer_population or None,
        record.money_per_hour,
        record.currency or None,
        impact_text(record.impact),
        record.mtpd_hours,
        record.rto_hours,
        record.rpo_hours,
        record.mbco_share,
        record.availability_target,
    )


def exposure_record(name: str, row: LedgerExposure) -> ServiceRecord:
    return ServiceRecord(
        name,
        row.customers,
        row.money_per_hour,
        row.currency or "",
        impact_of(row.impact),
        row.mtpd_hours,
        row.rto_hours,
        row.rpo_hours,
        row.mbco_share,
        row.availability_target,
        row.customer_population or "",
    )


def group_record(key: str, name: str, members: tuple[str, ...], row: LedgerGroup) -> GroupRecord:
    """`key`: that of the source; `members`: what the record calls them."""
    return GroupRecord(
        key,
        name,
        members,
        row.needed,
        row.kind,
        tuple(shares_of(row.shares)),
        row.failover_minutes,
        row.failover_success,
        row.common_cause_share,
        row.common_cause_unavailability,
    )


def dependency_record(name: str, provider: str, row: LedgerDependency) -> DependencyRecord:
    return DependencyRecord(name, provider, row.kind, row.weight, row.relation or "")


def incident_record(name: str, row: LedgerIncident) -> IncidentRecord:
    return IncidentRecord(row.incident_key, name, row.started_at, row.ended_at, bool(row.root_cause))
