"""The nouns of the ledger: what is kept by revision, its columns and its identity.

Both stores, the import path and the loader read this table; a new column is added here, in `rows` and in the statements of the
two stores. Identity columns are never absent. Types are those of `columns`. `JSON` in a remark means JSON text, canonical (sorted
keys, no blanks).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.domain.rows import (
    LedgerCi,
    LedgerDependency,
    LedgerExposure,
    LedgerGroup,
    LedgerIncident,
    LedgerNeed,
    LedgerObservation,
    LedgerRecord,
)

FOREVER = 9223372036854775807
KEY_BYTES = 4000  # longest key or alias both stores can index
Identity = tuple[Any, ...]  # the values of a row's identity columns
R = TypeVar("R", bound=tuple[Any, ...])


@dataclass(frozen=True, slots=True)
class Noun(Generic[R]):
    """A noun of the ledger, whose rows are of the class `row`."""

    name: str
    row: type[R]
    identity: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]  # every column, identity first: (name, type)

    def types(self) -> dict[str, str]:
        return dict(self.columns)

    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    def identity_of(self, row: R) -> Identity:
        """Returns the values of the identity columns of a row."""
        return row[: len(self.identity)]

    def by_identity(self, rows: Iterable[R]) -> dict[Identity, R]:
        """Returns rows by their identity."""
        size = len(self.identity)
        return {row[:size]: row for row in rows}


CI = Noun(
    "ci",
    LedgerCi,
    ("ci_id",),
    (
        ("ci_id", "INTEGER"),
        ("key", "TEXT"),  # ci_key: minted once, never changes
        ("name", "TEXT"),
        ("ci_class", "CATEGORY"),  # a class of ci_classes.toml
        ("raw_class", "CATEGORY"),  # the word of the source that founded it
        ("lifecycle", "CATEGORY"),  # planned, active, maintenance, retired
        ("environment", "CATEGORY"),
        ("site", "CATEGORY"),
        ("team", "CATEGORY"),
        ("supplier", "CATEGORY"),  # several: "A + B", sorted
        ("is_service", "INTEGER"),  # 1: a source or a person says it is a business service, else 0
        ("failures_per_year", "REAL"),  # per year of up time
        ("failures_origin", "CATEGORY"),  # measured, declared; absent: the class prior is used and marked assumed
        ("failures_per_year_low", "REAL"),  # 90 % interval of the rate, stated with it
        ("failures_per_year_high", "REAL"),
        ("repair_hours", "REAL"),  # mean restore time
        ("repair_origin", "CATEGORY"),
        ("repair_distribution", "CATEGORY"),  # exponential, lognormal
        ("repair_sigma", "REAL"),  # of the logarithm, lognormal only
        ("repair_hours_low", "REAL"),  # 90 % interval of the mean restore time, stated with it
        ("repair_hours_high", "REAL"),
        ("unavailability", "REAL"),  # given directly, 0..1
        ("failure_on_demand", "REAL"),  # gamma of model 1.2, 0..1
        ("level_share", "REAL"),  # share left of a CI that is degraded itself; 0: it is out; absent: 1
        ("restart_hours", "REAL"),
        ("restore_pool", "CATEGORY"),  # the crew or shared capacity that its restoration takes one place of
        ("starts_without", "CATEGORY"),  # hard needs that it need not wait for to start: "A | B", by key, id or name
        ("backup_interval_hours", "REAL"),
        ("transfer_lag_hours", "REAL"),  # until what it holds or hands on is safe elsewhere
        ("aliases", "TEXT"),  # JSON list of [kind, value], sorted; the store indexes the values casefolded
        ("attributes", "TEXT"),  # JSON object: everything else a source said
    ),
)

DEPENDENCY = Noun(
    "dependency",
    LedgerDependency,
    ("dependent_id", "provider_id", "kind", "source_id"),
    (
        ("dependent_id", "INTEGER"),
        ("provider_id", "INTEGER"),
        ("kind", "CATEGORY"),  # hard, soft, supply
        ("source_id", "INTEGER"),
        ("weight", "REAL"),  # soft only, (0, 1]
        ("relation", "CATEGORY"),  # the source's own word
    ),
)

REDUNDANCY_GROUP = Noun(
    "redundancy_group",
    LedgerGroup,
    ("group_id",),
    (
        ("group_id", "INTEGER"),
        ("key", "TEXT"),  # source:key
        ("dependent_id", "INTEGER"),
        ("kind", "CATEGORY"),  # ordinary, supply
        ("needed", "INTEGER"),
        ("members", "TEXT"),  # JSON list of ci_ids in the given order (the first `needed` are active)
        ("shares", "TEXT"),  # JSON list of capacity shares, one a member, or empty text
        ("failover_minutes", "REAL"),
        ("failover_success", "REAL"),
        ("common_cause_share", "REAL"),  # beta of model 1.2, 0..1; absent: no common cause
        ("common_cause_unavailability", "REAL"),  # of the common cause itself, 0..1; needed where members are unlike
        ("source_id", "INTEGER"),
    ),
)

EXPOSURE = Noun(
    "exposure",
    LedgerExposure,
    ("ci_id", "source_id"),
    (
        ("ci_id", "INTEGER"),
        ("source_id", "INTEGER"),
        ("customers", "REAL"),
        ("customer_population", "CATEGORY"),  # services of one population share customers; absent: customers of its own
        ("money_per_hour", "REAL"),
        ("currency", "CATEGORY"),
        ("impact", "TEXT"),  # JSON object: category -> [[hours, loss], ...]
        ("mtpd_hours", "REAL"),
        ("rto_hours", "REAL"),
        ("rpo_hours", "REAL"),
        ("mbco_share", "REAL"),
        ("availability_target", "REAL"),
    ),
)

INCIDENT = Noun(
    "incident",
    LedgerIncident,
    ("source_id", "incident_key"),
    (
        ("source_id", "INTEGER"),
        ("incident_key", "TEXT"),
        ("ci_id", "INTEGER"),
        ("started_at", "INTEGER"),  # unix seconds, UTC
        ("ended_at", "INTEGER"),  # absent: still open
        ("root_cause", "INTEGER"),  # 1: started here; 0: fell with another
    ),
)

OBSERVATION = Noun(
    "observation",
    LedgerObservation,
    ("source_id", "scope"),
    (
        ("source_id", "INTEGER"),
        ("scope", "TEXT"),  # "*", "class:<ci_class>" or "ci:<ci_key>"; further windows of it: "2 *", "3 *" (observations.py)
        ("observed_from", "INTEGER"),
        ("observed_until", "INTEGER"),
    ),
)

SOURCE_RECORD = Noun(
    "source_record",
    LedgerRecord,
    ("source_id", "source_key"),
    (
        ("source_id", "INTEGER"),
        ("source_key", "TEXT"),  # class:id of the source
        ("ci_id", "INTEGER"),
        ("content_hash", "INTEGER"),  # signed 64 bits
        ("payload", "TEXT"),  # JSON of the CiRecord
    ),
)

OPEN_NEED = Noun(  # a need that a source stated and that could not be read or resolved
    "open_need",
    LedgerNeed,
    ("source_id", "need_key"),
    (
        ("source_id", "INTEGER"),
        ("need_key", "TEXT"),
        ("dependent_id", "INTEGER"),  # absent: nobody answers to the dependent
        ("kind", "CATEGORY"),  # dependency, group
        ("needs", "INTEGER"),  # how many needs were not read; 0: all were, and members of the group are one CI
        ("text", "TEXT"),  # what the source said, for people
        ("reason", "TEXT"),
        ("statement", "TEXT"),  # JSON object from which it is resolved again; empty text: it cannot be
    ),
)

NOUNS: dict[str, Noun[Any]] = {
    noun.name: noun for noun in (CI, DEPENDENCY, REDUNDANCY_GROUP, EXPOSURE, INCIDENT, OBSERVATION, SOURCE_RECORD, OPEN_NEED)
}
