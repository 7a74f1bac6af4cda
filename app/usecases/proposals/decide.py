"""Accept, refuse and take back: nothing that is proposed enters the model before a person accepts it.

An accepted need is a dependency, an accepted redundancy a group, that the source `manual` states from then on; of a group that a
person states, it is believed before the needs of the dependent on each of its members. A refusal is remembered: the same is
proposed no more.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from app.domain.changes import columns_of
from app.domain.columns import Batch
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.json_columns import members_text
from app.domain.nouns import DEPENDENCY, REDUNDANCY_GROUP
from app.domain.proposals import ACCEPTED, NEED, REFUSED, Proposal, ProposalDecision
from app.domain.rows import LedgerDependency, LedgerGroup
from app.domain.texts import is_text
from app.ports.documents import Documents
from app.usecases.find import identify
from app.usecases.keep import audit
from app.usecases.keep.proposals import PROPOSAL_DECISIONS, PROPOSALS, decision_name
from app.usecases.keep.seal import Seal
from app.usecases.keep.sources import MANUAL, manual_source
from app.usecases.tools import Tools
from app.usecases.write_revision import turn

RELATION = "accepted proposal"
SIGNS = 1000  # of a reason


def accept_proposal(tools: Tools, proposal: str, caller: str, reason: str = "", needed: int | None = None) -> ProposalDecision:
    """Writes what is proposed as stated by a person. `needed`: of a redundancy, how many members suffice, where not as proposed.

    NotFound where it is no longer proposed, or one of its CIs is gone; InvalidInput for a number out of bounds.
    """
    item = _get(tools.documents, proposal)
    if item.kind == NEED and needed is not None:
        raise InvalidInput("needed goes with a redundancy", field="needed")
    suffice = item.needed if needed is None else needed
    if not 1 <= suffice <= len(item.providers):
        raise InvalidInput(f"needed: from 1 to {len(item.providers)}", field="needed")
    decided = replace(_decision(item, ACCEPTED, caller, reason), needed=suffice)
    source = manual_source(tools.documents)
    note = f"{item.kind} of {item.dependent_name} on {', '.join(item.provider_names)} accepted, by {caller}"
    with turn(tools.store, tools.documents, f"proposal:{uuid.uuid4().hex}", note) as mine:
        base = tools.store.current()
        dependent, *members = (identify(tools.store, base.revision, key).ci_id for key in (item.dependent, *item.providers))
        counters = dict(base.counters)
        if item.kind == NEED:
            batch = _need_begun(tools, base.revision, dependent, members[0], source.source_id)
        else:
            number = int(counters.get(REDUNDANCY_GROUP.name, 1))
            batch = _group_begun(number, _group_key(decided), dependent, members, suffice, source.source_id)
            counters[REDUNDANCY_GROUP.name] = number + 1
        mine.open(base)
        mine.write(batch)
        kept = replace(decided, revision=mine.revision)
        keeps = ((PROPOSAL_DECISIONS.kind, kept.decision, PROPOSAL_DECISIONS.text(kept)),)
        details: Mapping[str, object] = {"providers": list(item.providers), **({"reason": reason} if reason else {})}
        seal = Seal(
            caller, f"{item.kind} accepted", item.dependent, forgets=((PROPOSALS.kind, proposal),), details=details, keeps=keeps
        )
        mine.publish(counters, seal)
    return kept


def refuse_proposal(tools: Tools, proposal: str, caller: str, reason: str = "") -> ProposalDecision:
    """Remembers that this is not so; the model stays as it is."""
    item = _get(tools.documents, proposal)
    decided = _decision(item, REFUSED, caller, reason)
    with tools.documents.together():
        PROPOSAL_DECISIONS.put(tools.documents, decided.decision, decided)
        PROPOSALS.delete(tools.documents, proposal)
        details = {"providers": list(item.providers), **({"reason": reason} if reason else {})}
        audit.record(tools.documents, caller, f"{item.kind} refused", item.dependent, details)
    return decided


def take_back_proposal(tools: Tools, decision: str, caller: str) -> ProposalDecision:
    """Ends what was accepted, or forgets a refusal, so that it may be proposed again."""
    kept = PROPOSAL_DECISIONS.find(tools.documents, decision)
    if kept is None:
        raise NotFound(f"no decision {decision!r} about a proposal: it was taken back")
    forgets = ((PROPOSAL_DECISIONS.kind, decision),)
    action = f"{kept.kind} {kept.verdict}, taken back"
    if kept.verdict == REFUSED:
        with tools.documents.together():
            PROPOSAL_DECISIONS.delete(tools.documents, decision)
            audit.record(tools.documents, caller, action, kept.dependent)
        return kept
    source = manual_source(tools.documents)
    with turn(tools.store, tools.documents, f"proposal:{uuid.uuid4().hex}", f"{action}: {kept.dependent}, by {caller}") as mine:
        base = tools.store.current()
        batch = _ended(tools, base.revision, kept, source.source_id)
        mine.open(base)
        mine.write(batch)
        mine.publish(base.counters, Seal(caller, action, kept.dependent, forgets=forgets))
    return kept


def _get(documents: Documents, proposal: str) -> Proposal:
    item = PROPOSALS.find(documents, proposal)
    if item is None:
        raise NotFound(f"no proposal {proposal!r}: it was decided, or later ones took its place; see forestay proposals")
    return item


def _decision(item: Proposal, verdict: str, caller: str, reason: str) -> ProposalDecision:
    if len(reason) > SIGNS or "\x00" in reason or not is_text(reason):
        raise InvalidInput(f"reason: a text of at most {SIGNS} signs", field="reason")
    name = decision_name(item.kind, item.dependent, item.providers)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return ProposalDecision(
        name, verdict, item.kind, item.dependent, item.providers, item.needed, caller, now, reason, 0, item.evidence
    )


def _group_key(decided: ProposalDecision) -> str:
    return f"{MANUAL}:{decided.decision}"


def _need_begun(tools: Tools, base: int, dependent: int, provider: int, source_id: int) -> Batch:
    held = tools.store.rows(base, DEPENDENCY.name, "dependent_id", [dependent])
    for row in range(len(held["dependent_id"])):
        if int(held["provider_id"][row]) == provider and int(held["source_id"][row]) == source_id:
            raise Conflict("a person states this need already")
    row_begun = LedgerDependency(dependent, provider, "hard", source_id, None, RELATION)
    return Batch(DEPENDENCY.name, columns_of(DEPENDENCY.names(), [row_begun]), {name: [] for name in DEPENDENCY.identity})


def _group_begun(number: int, key: str, dependent: int, members: list[int], needed: int, source_id: int) -> Batch:
    row = LedgerGroup(number, key, dependent, "ordinary", needed, members_text(members), None, None, None, None, None, source_id)
    return Batch(REDUNDANCY_GROUP.name, columns_of(REDUNDANCY_GROUP.names(), [row]), {"group_id": []})


def _ended(tools: Tools, base: int, kept: ProposalDecision, source_id: int) -> Batch:
    """Ends the row that the decision began, wherever its CIs are now; nothing where it is gone."""
    if kept.kind != NEED:
        rows = tools.store.rows(base, REDUNDANCY_GROUP.name, "key", [_group_key(kept)])
        ids = [int(number) for number in rows["group_id"]]
        return Batch(REDUNDANCY_GROUP.name, {name: [] for name in REDUNDANCY_GROUP.names()}, {"group_id": ids})
    ended: dict[str, list[object]] = {name: [] for name in DEPENDENCY.identity}
    dependent, provider = (identify(tools.store, base, key).ci_id for key in (kept.dependent, kept.providers[0]))
    rows = tools.store.rows(base, DEPENDENCY.name, "dependent_id", [dependent])
    for row in range(len(rows["dependent_id"])):
        if int(rows["provider_id"][row]) == provider and int(rows["source_id"][row]) == source_id:
            for name in DEPENDENCY.identity:
                ended[name].append(rows[name][row])
    return Batch(DEPENDENCY.name, {name: [] for name in DEPENDENCY.names()}, ended)
