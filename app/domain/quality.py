"""How good the data is, and what that does to the ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.results import Stamp


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """One source as its last run left it.

    `age_hours`: since it was read to the end, None never. `dangling`: relations that name a CI nobody knows; `dangling_at_least`:
    more were refused than the run lists.
    """

    name: str
    kind: str
    synced_at: str
    age_hours: float | None
    state: str
    stale: Mapping[str, str]
    records: int
    refused: int
    dangling: int
    dangling_at_least: bool
    unknown_relations: Mapping[str, int]
    unknown_classes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ClassQuality:
    """CIs of one class that one source tells of, assessed ones only; shares 0-1. `orphans`: no dependency and no group at all."""

    source: str
    ci_class: str
    cis: int
    owner_share: float
    site_share: float
    measured_share: float
    declared_share: float
    assumed_share: float
    orphans: int


@dataclass(frozen=True, slots=True)
class Finding:
    """`count` of `of` things have a fault.

    `impact`: what the CIs concerned are expected to cost a year, in the page's measure; None where it is unknown or not tied to
    CIs. `share`: of the total. `examples`: the costliest, by key.
    """

    kind: str
    count: int
    of: int
    impact: float | None
    share: float | None
    effect: str
    advice: str
    examples: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PaperShared:
    """One thing that takes redundant groups of which it is no member: a CI, a site or a supplier.

    `shared` is the key of a CI and `impact` the expected loss a year by its outage; sites and suppliers have None, as nobody
    gives them a rate. `groups`: how many it takes; `examples`: "key: 2 of 2 members, 1 needed".
    """

    by: str  # ci, site, supplier
    shared: str
    name: str
    impact: float | None
    groups: int
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class Quality:
    """`measure`: what impacts are counted in; `total`: over all CIs.

    Lists hold the first `limit` rows, worst first. `groups`: redundant ones; `groups_on_paper`: those of them that one CI outside
    takes; `examined`: CIs whose outage was tried, of `cis`.
    """

    stamp: Stamp
    measure: str
    total: float | None
    cis: int
    services: int
    groups: int
    groups_on_paper: int
    examined: int
    sources: Sequence[SourceQuality]
    classes: Sequence[ClassQuality]
    classes_total: int
    findings: Sequence[Finding]
    paper: Sequence[PaperShared]
    paper_total: int
    limit: int
    truncated: bool
    notes: Sequence[str] = field(default=())
