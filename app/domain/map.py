"""The map: a part of the estate around some CIs, in tiers, and what of it falls when they fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import CiRow, Stamp, Step
from app.domain.stability_tests import NEVER_TESTED

MOST_HOPS = 5
DIRECTIONS = {"both": "both", "above": "what hangs on it", "below": "what it hangs on"}
ALIKE = 10  # more CIs of a kind than these are one node
KINDS = ("hard", "supply", "group", "soft")  # the gravest first


@dataclass(frozen=True, slots=True)
class MapRedundancy:
    """A redundancy group of a CI: `left` of `members` stand. whole, worn (some lost), used up (no more may be lost), failed.
    `evidence`: what shows that it holds."""

    key: str
    needed: int
    members: int
    left: int
    state: str
    evidence: str = NEVER_TESTED


@dataclass(frozen=True, slots=True)
class MapNode:
    """A CI, or like CIs as one. `band`: the tier, 0 that of the CIs in focus, below 0 what hangs on them, by the longest way.
    `toward`: the node before it on the shortest way from a focus."""

    id: str  # a CI's key; of a group begins with ~, and opens it
    key: str  # "" of a group
    name: str
    ci_class: str
    state: str  # up, out (assumed to fail), down, degraded, interrupted (while a standby takes over)
    left_share: float  # of its work, where it is degraded
    band: int
    cis: int  # how many it stands for
    focus: bool
    service: bool
    toward: str
    redundancy: Sequence[MapRedundancy]
    opens: bool


@dataclass(frozen=True, slots=True)
class MapEdge:
    """`dependent` needs `provider`. `needs`: how many needs it stands for; `kind`: the gravest of them."""

    dependent: str
    provider: str
    kind: str
    needs: int
    on_path: bool


@dataclass(frozen=True, slots=True)
class MapAnswer:
    """`said`: what is shown of how much. `path`: how the selected CI comes to fall; empty where it does not."""

    stamp: Stamp
    focus: Sequence[CiRow]
    also: Sequence[CiRow]
    hops: int
    direction: str
    fails: bool
    nodes: Sequence[MapNode]
    edges: Sequence[MapEdge]
    nodes_total: int
    edges_total: int
    cis_shown: int  # by themselves or in a group
    cis_total: int  # within the hops
    said: str
    selected: str  # id of a node
    way: Sequence[str]  # ids of the nodes from a focus to the selected one
    path: Sequence[Step]
    cis_down: int  # in the whole estate
    services_down: int
    services_degraded: int
    services_interrupted: int
    truncated: bool
