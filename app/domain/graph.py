"""DependencyGraph: the estate as columns, the one input of `risk.compile`.

Letters: N CIs, E dependency rows, G groups, M member rows, S services. Arrays are numpy at run time. CIs are named by their
position in `ci_id` (sorted, int64); dependencies, groups and services hold ci_ids, which `compile` resolves and checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.columns import Categorical, Texts

HARD, SOFT, SUPPLY = 0, 1, 2  # dependency kinds
ORDINARY_GROUP, SUPPLY_GROUP = 0, 1
UNKNOWN, MEASURED, DECLARED, ASSUMED = 0, 1, 2, 3  # origins, one for each value
EXPONENTIAL, LOGNORMAL = 0, 1  # restore time distributions

KIND_CODES = {"hard": HARD, "soft": SOFT, "supply": SUPPLY}
ORIGIN_NAMES = ("unknown", "measured", "declared", "assumed")


@dataclass(frozen=True, slots=True)
class CiColumns:
    """N rows in order of ci_id. `assessed` False leaves a CI out (retired, planned, another environment, or left out on
    request)."""

    ci_id: Any  # int64[N], strictly increasing
    key: Texts
    name: Texts
    ci_class: Categorical
    site: Categorical
    team: Categorical
    supplier: Categorical
    lifecycle: Categorical
    environment: Categorical
    assessed: Any  # bool[N]
    failures_per_year: Any  # float64[N], per year of up time; NaN only where `unavailability` is given
    failures_origin: Any  # int8[N]
    repair_hours: Any  # float64[N], mean; NaN: unknown
    repair_origin: Any  # int8[N]
    repair_distribution: Any  # int8[N]
    repair_sigma: Any  # float64[N], NaN for exponential
    unavailability: Any  # float64[N], NaN: follows from rate and restore time
    failure_on_demand: Any  # float64[N], 0 where unknown
    level_share: Any  # float64[N], 1 where not degraded
    restart_hours: Any  # float64[N], 0 where unknown
    observed_years: Any  # float64[N], exposure behind a measured rate, else 0
    observed_incidents: Any  # int32[N]
    observed_doubtful: Any = None  # int32[N], of its incidents those that nobody closed; None: none
    observed_source: Any = None  # int64[N], which source of incidents speaks, -1 none; None: none anywhere
    # of a restore time that failures seen at the CI measure: standard deviations of its logarithm, float64[N], NaN none
    repair_shared_spread: Any = None  # by what the class shares
    repair_own_spread: Any = None  # by what is the CI's own
    # 90 % intervals stated with the value in use, float64[N], NaN none; None: nobody states any
    failures_per_year_low: Any = None
    failures_per_year_high: Any = None
    repair_hours_low: Any = None
    repair_hours_high: Any = None
    # what recovery asks beside: float64[N], NaN nobody said; None: nobody says any
    restore_pool: Categorical | None = None
    starts_without: Categorical | None = None
    backup_interval_hours: Any = None
    backup_origin: Any = None  # int8[N]
    transfer_lag_hours: Any = None


@dataclass(frozen=True, slots=True)
class DependencyColumns:
    dependent_id: Any  # int64[E]
    provider_id: Any  # int64[E]
    kind: Any  # int8[E]
    weight: Any  # float64[E], soft only


@dataclass(frozen=True, slots=True)
class GroupColumns:
    key: Sequence[str]  # G
    dependent_id: Any  # int64[G]
    kind: Any  # int8[G]
    needed: Any  # int64[G]
    member_offsets: Any  # int64[G+1]
    member_id: Any  # int64[M], in the given order
    share: Any  # float64[M], NaN: group without shares
    failover_minutes: Any  # float64[G], NaN: switches at once
    failover_success: Any  # float64[G], NaN: 1
    common_cause_share: Any = None  # float64[G], beta, NaN none; None: no group has one
    common_cause_unavailability: Any = None  # float64[G], of the common cause itself, NaN: by beta


@dataclass(frozen=True, slots=True)
class OpenNeedColumns:
    """Needs that were not read: each row stands for `needs` needs of a CI that a source stated and nobody could read or
    resolve."""

    dependent_id: Any  # int64[K]; -1: of no known CI
    needs: Any  # int64[K]


@dataclass(frozen=True, slots=True)
class ServiceExposure:
    """What depends on one business service. Unknown is None, never 0. `impact`: category -> ((hours, loss), ...)."""

    ci_id: int
    customers: float | None = None
    money_per_hour: float | None = None
    currency: str = ""
    impact: dict[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    mtpd_hours: float | None = None
    rto_hours: float | None = None
    rpo_hours: float | None = None
    mbco_share: float | None = None
    availability_target: float | None = None
    customer_population: str = ""  # services of one population share customers
    assumed: bool = False  # nobody said that it is a service: no CI depends on it


@dataclass(frozen=True, slots=True)
class DependencyGraph:
    cis: CiColumns
    dependencies: DependencyColumns
    groups: GroupColumns
    services: Sequence[ServiceExposure]  # S, in order of ci_id; empty: `compile` takes the CIs nobody depends on
    open_needs: OpenNeedColumns | None = None  # None: everything was read
    groups_tested: bool = False  # the groups hold what tests say in place of what was stated
