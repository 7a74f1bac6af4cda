"""Rows of the ledger by name: one class for each noun of `nouns`, whose fields are the columns of that noun in their order.

An absent value is None. Columns that hold JSON text are read and written with the functions of `json_columns`.
"""

from __future__ import annotations

from typing import NamedTuple


class LedgerCi(NamedTuple):
    ci_id: int
    key: str
    name: str | None
    ci_class: str | None
    raw_class: str | None
    lifecycle: str | None
    environment: str | None
    site: str | None
    team: str | None
    supplier: str | None
    is_service: int | None
    failures_per_year: float | None
    failures_origin: str | None
    failures_per_year_low: float | None
    failures_per_year_high: float | None
    repair_hours: float | None
    repair_origin: str | None
    repair_distribution: str | None
    repair_sigma: float | None
    repair_hours_low: float | None
    repair_hours_high: float | None
    unavailability: float | None
    failure_on_demand: float | None
    level_share: float | None
    restart_hours: float | None
    restore_pool: str | None
    starts_without: str | None
    backup_interval_hours: float | None
    transfer_lag_hours: float | None
    aliases: str | None
    attributes: str | None


class LedgerDependency(NamedTuple):
    dependent_id: int
    provider_id: int
    kind: str
    source_id: int
    weight: float | None
    relation: str | None


class LedgerGroup(NamedTuple):
    group_id: int
    key: str
    dependent_id: int
    kind: str
    needed: int
    members: str
    shares: str | None
    failover_minutes: float | None
    failover_success: float | None
    common_cause_share: float | None
    common_cause_unavailability: float | None
    source_id: int


class LedgerExposure(NamedTuple):
    ci_id: int
    source_id: int
    customers: float | None
    customer_population: str | None
    money_per_hour: float | None
    currency: str | None
    impact: str | None
    mtpd_hours: float | None
    rto_hours: float | None
    rpo_hours: float | None
    mbco_share: float | None
    availability_target: float | None


class LedgerIncident(NamedTuple):
    source_id: int
    incident_key: str
    ci_id: int
    started_at: int
    ended_at: int | None
    root_cause: int


class LedgerObservation(NamedTuple):
    source_id: int
    scope: str
    observed_from: int
    observed_until: int


class LedgerRecord(NamedTuple):
    source_id: int
    source_key: str
    ci_id: int
    content_hash: int
    payload: str


class LedgerNeed(NamedTuple):
    source_id: int
    need_key: str
    dependent_id: int | None
    kind: str
    needs: int
    text: str | None
    reason: str | None
    statement: str | None


SmallRow = LedgerGroup | LedgerExposure | LedgerIncident | LedgerObservation  # what a run holds whole, other than dependencies
SourcedRow = LedgerDependency | SmallRow  # what one source tells of CIs by their ids or keys
