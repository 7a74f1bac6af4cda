"""What the model may lack, proposed with its evidence: needs that nobody stated, and redundancy that nobody declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NEED, REDUNDANCY = "need", "redundancy"
PROPOSAL_KINDS = (NEED, REDUNDANCY)
ACCEPTED, REFUSED = "accepted", "refused"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A need of `dependent` on the one of `providers`, or a group of them of which `needed` suffice; CIs by key.

    `proposal` is its name, the same as long as its rank is. Of what failed together: `together` of `failures` unexplained
    failures of the dependent were within minutes of one of the provider's `provider_failures`; `expected` by chance; `chance`: of
    so many or more; `false_share`: of all pairs as unlikely as this, the share that is chance. Of redundancy: `alone` failures of
    a single member, `stood`: those that the dependent outlived. `calls`: how often traces saw the call; `seen_by`: the sources
    that saw it; `counted`: such a source has it in the model already.
    """

    proposal: str
    kind: str
    dependent: str
    dependent_name: str
    providers: Sequence[str]
    provider_names: Sequence[str]
    needed: int
    evidence: Sequence[str]
    together: int = 0
    failures: int = 0
    provider_failures: int = 0
    expected: float | None = None
    chance: float | None = None
    false_share: float | None = None
    alone: int = 0
    stood: int = 0
    calls: float | None = None
    seen_by: Sequence[str] = ()
    counted: bool = False


@dataclass(frozen=True, slots=True)
class ProposalRun:
    """What was looked at: `failures` of `cis` from `begun_at` until `ended_at`, of which `unexplained` began within 15 minutes of
    others that did not cause them; `tests`: pairs that were held against chance; `recorded_share`: of the failures that known
    needs let expect, those on record; `crowded`: failures of hours at which too many began; `calls`: calls that only traces know;
    `refused`: proposals that people refused before; `kept` of `found` proposals."""

    revision: int
    at: str
    cis: int
    failures: int
    begun_at: str | None
    ended_at: str | None
    unexplained: int
    tests: int
    recorded_share: float | None
    crowded: int
    calls: int
    refused: int
    found: int
    kept: int


@dataclass(frozen=True, slots=True)
class ProposalPage:
    run: ProposalRun | None  # None: nobody looked yet
    items: Sequence[Proposal]
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class ProposalDecision:
    """What a person made of a proposal. `revision`: the one that wrote it; 0 where it was refused."""

    decision: str
    verdict: str
    kind: str
    dependent: str
    providers: Sequence[str]
    needed: int
    by: str
    at: str
    why: str
    revision: int
    evidence: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ProposalDecisions:
    items: Sequence[ProposalDecision]
    limit: int
    truncated: bool
    next: str | None
