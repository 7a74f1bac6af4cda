"""The neutral JSON document: its structs, from which the published JSON Schema is made."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Positive = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Key = Annotated[str, Meta(min_length=1, max_length=400)]


class Struct(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    pass


class RepairDistribution(Struct):
    kind: Literal["exponential", "lognormal"] = "exponential"
    sigma: Positive | None = None


class Ci(Struct):
    key: Key
    name: str = ""
    ci_class: str = msgspec.field(default="", name="class")
    environment: str = "production"
    lifecycle: Literal["planned", "active", "maintenance", "retired"] = "active"
    site: str = ""
    team: str = ""
    supplier: str = ""
    service: bool = False
    failures_per_year: Positive | None = None
    failures_per_calendar_year: Positive | None = None
    failures_per_year_low: Positive | None = None
    failures_per_year_high: Positive | None = None
    failures_origin: Literal["measured", "declared"] = "declared"
    repair_hours: Positive | None = None
    repair_median_hours: Positive | None = None
    repair_hours_low: Positive | None = None
    repair_hours_high: Positive | None = None
    repair_origin: Literal["measured", "declared"] = "declared"
    repair_distribution: RepairDistribution | None = None
    unavailability: Share | None = None
    failure_on_demand: Share | None = None
    level_share: Share | None = None
    restart_hours: Positive | None = None
    restore_pool: Annotated[str, Meta(max_length=200)] = ""
    starts_without: list[str] = []
    backup_interval_hours: Positive | None = None
    transfer_lag_hours: Positive | None = None
    identifiers: dict[str, str] = {}
    aliases: list[tuple[str, str]] = []
    attributes: dict[str, str | int | float | bool | None] = {}


class Dependency(Struct):
    dependent: str
    provider: str
    kind: Literal["hard", "soft", "supply"] = "hard"
    weight: float | None = None
    relation: str = ""


class Group(Struct):
    key: Key
    dependent: str
    needed: int
    members: list[str]
    supply: bool = False
    shares: list[float] | None = None
    failover_minutes: Positive | None = None
    failover_success: Share | None = None
    common_cause_share: Share | None = None
    common_cause_unavailability: Annotated[float, Meta(ge=0, lt=1)] | None = None


class Service(Struct):
    key: Key
    customers: Positive | None = None
    money_per_hour: Positive | None = None
    currency: str = ""
    impact: dict[str, list[tuple[float, float]]] = {}
    mtpd_hours: Positive | None = None
    rto_hours: Positive | None = None
    rpo_hours: Positive | None = None
    mbco_share: Share | None = None
    availability_target: Share | None = None
    customer_population: Annotated[str, Meta(max_length=200)] = ""


class Incident(Struct):
    key: Key
    ci: str
    started_at: str | int
    ended_at: str | int | None = None
    root_cause: bool = True


class Observation(Struct):
    scope: str
    observed_from: str | int
    observed_until: str | int


class Document(Struct):
    """`complete`: the writer says that this is all the source has; `rows`: how many of each kind it wrote."""

    cis: list[msgspec.Raw] = []
    dependencies: list[msgspec.Raw] = []
    groups: list[msgspec.Raw] = []
    services: list[msgspec.Raw] = []
    incidents: list[msgspec.Raw] = []
    observations: list[msgspec.Raw] = []
    rows: dict[str, int] = {}


class Published(Struct):
    """A document with its records, for the schema."""

    cis: list[Ci] = []
    dependencies: list[Dependency] = []
    groups: list[Group] = []
    services: list[Service] = []
    incidents: list[Incident] = []
    observations: list[Observation] = []
    rows: dict[str, int] = {}


def json_schema() -> dict[str, object]:
    schema = msgspec.json.schema(Published)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Forestay import document", **schema}
