"""The proposals that are kept, what was looked at for them, and what people made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from app.domain.proposals import Proposal, ProposalDecision, ProposalDecisions, ProposalPage, ProposalRun
from app.ports.documents import Documents
from app.ports.records import Records

PROPOSALS = Records("proposal", Proposal)
PROPOSAL_RUNS = Records("proposal_run", ProposalRun)
PROPOSAL_DECISIONS = Records("proposal_decision", ProposalDecision)


def decision_name(kind: str, dependent: str, providers: Sequence[str]) -> str:
    """Returns the name of a decision: the same for the same subject, in whatever order its providers come."""
    return hashlib.sha256("\x00".join((kind, dependent, *sorted(providers))).encode()).hexdigest()[:20]


def keep_proposals(documents: Documents, run: ProposalRun, best: Sequence[Proposal]) -> None:
    """Keeps proposals in place of those that were kept before."""
    with documents.together():
        for old in list(PROPOSALS.every(documents)):
            PROPOSALS.delete(documents, old.key)
        for item in best:
            PROPOSALS.put(documents, item.proposal, item)
        PROPOSAL_RUNS.put(documents, "last", run)


def proposal_page(documents: Documents, limit: int, after: str = "") -> ProposalPage:
    """Returns a page of kept proposals, the most telling first."""
    items = [kept.value for kept in PROPOSALS.page(documents, after, limit + 1)]
    more, shown = len(items) > limit, items[:limit]
    return ProposalPage(PROPOSAL_RUNS.find(documents, "last"), shown, limit, more, shown[-1].proposal if more else None)


def proposal_decisions(documents: Documents, limit: int, after: str = "") -> ProposalDecisions:
    """Returns a page of what people decided about proposals, in order of their names."""
    items = [kept.value for kept in PROPOSAL_DECISIONS.page(documents, after, limit + 1)]
    more, shown = len(items) > limit, items[:limit]
    return ProposalDecisions(shown, limit, more, shown[-1].decision if more else None)
