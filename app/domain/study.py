"""Answers of a study: the whole estate computed beyond the first order, with how sure each number is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.service_risk import Estimate


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """What a study may cost.

    `nodes` and `seconds`: of the exact engine, for each service; `worlds`: sampled states of the estate; `draws`: of rates and
    restore times; `years`: simulated for the loss exceedance curve (0: none); `examined`: CIs whose failures are followed over
    team borders.
    """

    nodes: int = 2_000_000
    seconds: float = 10.0
    worlds: int = 100_352
    draws: int = 400
    years: int = 0
    seed: int = 0
    examined: int = 2_000


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A finished study.

    It holds everything that is needed to compute the same bits again: revision, settings, model version, options.
    """

    study: str
    revision: int
    made_at: str
    model_version: str
    settings: str
    currency: str
    measure: str
    options: StudyOptions
    seconds: Mapping[str, float]  # by step
    services: int
    services_exact: int
    services_bounded: int
    services_down_at_rest: int
    # first_order, redundancy (of it redundancy_exact, _simulated; _low, _high: its 95 % ends), total
    money: Mapping[str, float | None]
    service_hours: Mapping[str, float | None]
    customer_hours: Mapping[str, float | None]
    mtpd_breaches: Mapping[str, float | None]
    total_range: Estimate  # of the measure: the outer draws
    services_down_together: Sequence[Sequence[float]]  # [how many at once, share of time], simulated
    simulated_agree: int  # services whose exact unavailability lies in the interval of the sampled worlds
    simulated_compared: int
    border_share: Estimate  # share of the examined loss that crosses a border between teams
    notes: Sequence[str]
    services_simulated: int = 0  # bounded ones whose redundancy part is simulated


@dataclass(frozen=True, slots=True)
class StudyPage:
    items: Sequence[StudyRow]
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class StudyAreaRow:
    """One area in the study's measure; first_order + redundancy = total.

    `low`, `high`: 5 % and 95 % of the outer draws. `group`: areas of one number cannot be told apart from its first. `p_worst`:
    probability of being among the k worst. `spread_from`: the shares of the area's loss by where the spread of its rates comes
    from: given (a range), class table, posterior, setting.
    """

    rank: int
    kind: str
    name: str
    label: str
    cis: int
    first_order: float | None
    redundancy: float | None
    total: float | None
    share: float
    low: float | None
    high: float | None
    p_worst: float | None
    expected_rank: float | None
    group: int | None
    spread_from: Mapping[str, float]
    open_needs: int = 0  # stated and not read: figures of services above are at least these


@dataclass(frozen=True, slots=True)
class StudyAreaPage:
    study: str
    revision: int
    kind: str
    measure: str
    k: int
    total: float
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[StudyAreaRow]


@dataclass(frozen=True, slots=True)
class AskFirstRow:
    """An input of a CI that is worth asking its team for. `p_changes`: how likely its true value changes which CIs are the k
    worst; `gain`: by how much a year, in the study's measure, those that are named as the worst are expected to come closer to
    those that are; `low`, `high`: 90 % interval of the value."""

    rank: int
    key: str
    name: str
    ci_class: str
    team: str
    site: str
    field: str
    unit: str
    value: float | None
    origin: str
    low: float | None
    high: float | None
    p_changes: float
    gain: float


@dataclass(frozen=True, slots=True)
class AskFirstPage:
    study: str
    revision: int
    measure: str
    k: int
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[AskFirstRow]


@dataclass(frozen=True, slots=True)
class StudyServiceRow:
    key: str
    name: str
    unavailability: Estimate
    simulated_unavailability: Estimate
    downtime_hours_per_year: Estimate
    stops_per_year: float | None
    hours_first_order: float | None
    hours_redundancy: float | None
    money_first_order: float | None
    money_redundancy: float | None
    money_is_exact: bool
    redundancy_method: (
        str  # exact, simulated, unknown: of hours_redundancy and, but for approximate lengths of stops, of money_redundancy
    )
    hours_redundancy_low: float | None  # 95 % where simulated
    hours_redundancy_high: float | None
    money_redundancy_low: float | None
    money_redundancy_high: float | None
    samples: int  # drawn for it, by the study's seed
    availability_target: float | None
    share_of_budget: float | None
    unknown_cis: int
    open_needs: int = 0  # of the service and of all it leans on: stated and not read


@dataclass(frozen=True, slots=True)
class StudyServicePage:
    study: str
    revision: int
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[StudyServiceRow]


@dataclass(frozen=True, slots=True)
class BorderRow:
    provider_team: str
    dependent_team: str
    loss: float
    share: float
    pairs: int


@dataclass(frozen=True, slots=True)
class StudyBorders:
    """Loss by the last border between teams that a failure crosses on its way to a service; `rows` + inside + interrupted =
    examined loss."""

    study: str
    revision: int
    measure: str
    examined: float
    inside: float
    interrupted: float
    not_examined: float
    rows: Sequence[BorderRow]


@dataclass(frozen=True, slots=True)
class ExceedanceRow:
    """How likely a year is to have an event (occurrence) or a sum (aggregate) above a loss."""

    loss: float
    occurrence: float
    aggregate: float


@dataclass(frozen=True, slots=True)
class StudyExceedance:
    study: str
    revision: int
    currency: str
    years: int
    expected_annual_loss: Estimate
    occurrence_1_in_10: Estimate
    occurrence_1_in_100: Estimate
    aggregate_1_in_10: Estimate
    aggregate_1_in_100: Estimate
    tail_value_1_in_100: Estimate
    curve: Sequence[ExceedanceRow]
    notes: Sequence[str]
