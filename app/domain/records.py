"""Records: what one source says, before it is reconciled. One type for each kind of record.

References (`dependent`, `provider`, `ci`, `members`) are texts: the source's own `class:id` or id, else any alias of a CI in
the ledger. `identifiers` name what a CI *is* across sources (fqdn, serial, uuid, ...): records that share one are one CI
(`identity`). `aliases` only help to find it. Numbers are finite, shares within their bounds; `origin` of a value is "measured"
or "declared".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple


class CiRecord(NamedTuple):
    """A CI as one source states it.

    It is a tuple, as an import makes a million: that takes a quarter of the time of a frozen dataclass.
    """

    source_class: str
    source_id: str
    name: str
    ci_class: str  # a class of ci_classes.toml
    raw_class: str = ""  # the source's own word for it, where that is another one
    lifecycle: str = "active"
    environment: str = "production"
    site: str = ""
    team: str = ""
    supplier: str = ""
    is_service: bool = False
    failures_per_year: float | None = None
    failures_origin: str = "declared"
    failures_per_year_low: float | None = None  # low and high: a 90 % interval of the value, stated with it
    failures_per_year_high: float | None = None
    repair_hours: float | None = None
    repair_origin: str = "declared"
    repair_distribution: str = "exponential"
    repair_sigma: float | None = None
    repair_hours_low: float | None = None
    repair_hours_high: float | None = None
    unavailability: float | None = None
    failure_on_demand: float | None = None
    level_share: float | None = None
    restart_hours: float | None = None
    restore_pool: str = ""  # the crew or shared capacity that its restoration takes one place of
    starts_without: str = ""  # hard needs that it need not wait for to start: "A | B", by key, id or name
    backup_interval_hours: float | None = None
    transfer_lag_hours: float | None = None  # until what it holds or hands on is safe elsewhere
    identifiers: tuple[tuple[str, str], ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    attributes: Mapping[str, str] = MappingProxyType({})

    @property
    def source_key(self) -> str:
        return f"{self.source_class}:{self.source_id}"


@dataclass(frozen=True, slots=True)
class DependencyRecord:
    dependent: str
    provider: str
    kind: str = "hard"
    weight: float | None = None
    relation: str = ""


@dataclass(frozen=True, slots=True)
class GroupRecord:
    key: str
    dependent: str
    members: tuple[str, ...]
    needed: int
    kind: str = "ordinary"
    shares: tuple[float, ...] = ()
    failover_minutes: float | None = None
    failover_success: float | None = None
    common_cause_share: float | None = None  # beta: the share of each member's failures that take all members
    common_cause_unavailability: float | None = None  # of the common cause itself, where members are unlike


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    ci: str
    customers: float | None = None
    money_per_hour: float | None = None
    currency: str = ""
    impact: dict[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    mtpd_hours: float | None = None
    rto_hours: float | None = None
    rpo_hours: float | None = None
    mbco_share: float | None = None
    availability_target: float | None = None
    customer_population: str = ""  # services that name the same one share customers


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    key: str
    ci: str
    started_at: int  # unix seconds, UTC
    ended_at: int | None = None
    root_cause: bool = True


@dataclass(frozen=True, slots=True)
class ObservationRecord:
    """From when until when a source of incidents watched which CIs: "*" all, "class:<ci_class>" or "ci:<reference>"."""

    scope: str
    observed_from: int
    observed_until: int


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that was refused: its kind, where it stands (file and line, URL and position), its key, the field, the reason, and
    what to do. `about`: the CI whose need or value it was, as the source names it."""

    kind: str
    where: str
    key: str
    field: str
    reason: str
    advice: str = ""
    about: str = ""
    partly: bool = False  # the record was stored without this


@dataclass(slots=True)
class RecordCounts:
    """Counts of one kind of record in one run; they close: read = stored + unchanged + ignored + duplicate + rejected."""

    read: int = 0
    stored: int = 0
    unchanged: int = 0
    ignored: dict[str, int] = field(default_factory=dict)  # by type, left out by the mapping
    duplicate: int = 0
    rejected: int = 0
    cells_lost: int = 0  # of records that were stored without them

    def closes(self) -> bool:
        return self.read == self.stored + self.unchanged + sum(self.ignored.values()) + self.duplicate + self.rejected


@dataclass(slots=True)
class SyncReport:
    """What one sync of one source did.

    `state`: running; done or unchanged; partial (what was read is written or was there already, and some of it could not be
    read); dry_run; held, approved, replaced (a later run took its place, or an equal one waits already); failed, missed.
    """

    run_id: str
    source: str
    state: str = "done"
    path: str = "full"  # full: every record was read; difference: only the lines that came or went
    complete: bool = False  # completeness was proven, so what is missing may be retired
    proof: str = ""
    # lists not read to their end, with the reason: what is known last stays
    incomplete: dict[str, str] = field(default_factory=dict)
    # classes of the source and kinds of records proven complete, list by list
    read_whole: list[str] = field(default_factory=list)
    base_revision: int = 0
    revision: int = 0
    counts: dict[str, RecordCounts] = field(default_factory=dict)  # by kind of record
    created: int = 0
    changed: int = 0
    retired: int = 0
    retired_of: dict[str, int] = field(default_factory=dict)  # source records retired, by what the deletion guard watches
    dependencies_added: int = 0
    dependencies_changed: int = 0
    dependencies_retired: int = 0
    ended: list[str] = field(default_factory=list)  # of the dependencies that ended the first 100, by their ends
    open_needs: int = 0  # of this source, after the run: stated and not read
    needs_resolved: int = 0  # of any source, in this run
    rows_reconciled: int = 0
    rows_written: int = 0
    unknown_classes: dict[str, int] = field(default_factory=dict)
    identity_conflicts: list[str] = field(default_factory=list)
    held_because: list[str] = field(default_factory=list)
    said_complete: bool = False  # a person said that the input was all there is
    change_digest: str = ""  # of everything that a run which stopped before it wrote would change
    rejected: list[RejectedRecord] = field(default_factory=list)  # the first 1,000; the others in pages (usecases/keep/refused)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""
    caller: str = ""
    started_at: str = ""  # ISO 8601, UTC
    finished_at: str = ""  # "" as long as it runs, and for a run that died

    @property
    def wrote(self) -> bool:
        """Whether it made a new revision."""
        return self.state in ("done", "partial") and self.revision > self.base_revision
