"""Turns groups, services, incidents and observations into rows of the ledger, with their references resolved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from app.domain.json_columns import members_text, shares_text
from app.domain.record_checks import Fault, group_fault, incident_fault, observation_fault, service_fault
from app.domain.records import GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord
from app.domain.references import Unresolved
from app.domain.rows import LedgerExposure, LedgerGroup, LedgerIncident, LedgerObservation, SmallRow
from app.domain.sentences import listed
from app.domain.stated import exposure_row
from app.ports.ci_source import SmallRecord
from app.usecases.sync.setup import SyncSettings
from app.usecases.sync.unread import Unread


class Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault[1])
        self.fault = fault


@dataclass(frozen=True, slots=True)
class TakenGroup:
    """A group with the members that resolve, each CI once, without an id of its own yet.

    `missing`: texts of the members that do not resolve, with the reason; `twins`: how many members are one CI with another.
    """

    row: LedgerGroup
    missing: dict[str, Unresolved]
    twins: int
    resolved: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SmallRows:
    """Makes the rows. `one` returns the CI that a text means, `key_of` the key of a CI."""

    settings: SyncSettings
    one: Callable[[str], int | Unresolved]
    key_of: Callable[[int], str]

    def row_of(self, record: SmallRecord) -> SmallRow:
        if isinstance(record, GroupRecord):
            return self.group(record).row
        if isinstance(record, ServiceRecord):
            return self._service(record)
        if isinstance(record, IncidentRecord):
            return self._incident(record)
        return self._observation(record)

    def group(self, record: GroupRecord) -> TakenGroup:
        """Returns the group with the members that resolve; it is refused where none does.

        Members that do not resolve are left out: `needed` stays, at most the number of members left, so the group gets stricter,
        never laxer.
        """
        _check(group_fault(record))
        dependent = self._ci("dependent", record.dependent)
        places: dict[int, int] = {}  # member -> its place
        missing: dict[str, Unresolved] = {}
        resolved: dict[str, int] = {record.dependent: dependent}
        twins = 0
        for place, text in enumerate(record.members):
            answer = self.one(text)
            if not isinstance(answer, Unresolved) and answer == dependent:
                answer = Unresolved(f"'{text}' is the dependent itself", "remove it")
            if isinstance(answer, Unresolved):
                missing[text] = answer
                continue
            resolved[text] = answer
            if answer in places:
                twins += 1
            places.setdefault(answer, place)
        if not places:
            first = next(iter(missing.values()))
            raise Refused(("members", first.reason, first.advice))
        shares = [record.shares[place] for place in places.values()] if record.shares else []
        row = LedgerGroup(
            0,
            f"{self.settings.source}:{record.key}",
            dependent,
            record.kind,
            min(record.needed, len(places)),
            members_text(list(places)),
            shares_text(shares),
            record.failover_minutes,
            record.failover_success,
            record.common_cause_share,
            record.common_cause_unavailability,
            self.settings.source_id,
        )
        return TakenGroup(row, missing, twins, resolved)

    def _service(self, record: ServiceRecord) -> LedgerExposure:
        _check(service_fault(record))
        return exposure_row(self._ci("key", record.ci), self.settings.source_id, record)

    def _incident(self, record: IncidentRecord) -> LedgerIncident:
        _check(incident_fault(record))
        ci_id = self._ci("ci", record.ci)
        return LedgerIncident(
            self.settings.source_id, record.key, ci_id, record.started_at, record.ended_at, int(record.root_cause)
        )

    def _observation(self, record: ObservationRecord) -> LedgerObservation:
        _check(observation_fault(record))
        scope = record.scope
        if scope.startswith("ci:"):
            scope = f"ci:{self.key_of(self._ci('scope', scope[3:]))}"
        return LedgerObservation(self.settings.source_id, scope, record.observed_from, record.observed_until)

    def _ci(self, field_name: str, text: str) -> int:
        answer = self.one(text)
        if isinstance(answer, Unresolved):
            raise Refused((field_name, answer.reason, answer.advice))
        return answer


def partly(taken: TakenGroup, record: GroupRecord, before: Unread | None = None) -> Unread | None:
    """Returns the open need of a group of which members were lost or are one CI; None where the group stands as it was stated."""
    if not taken.missing and not taken.twins:
        return None
    unread = before or Unread("group", record.dependent, "", "", record=record)
    reasons = []
    if taken.missing:
        why = "; ".join(unresolved.reason for unresolved in list(taken.missing.values())[:3])
        reasons.append(f"{len(taken.missing)} of {len(record.members)} members unknown: {why}")
    if taken.twins:
        reasons.append("redundancy only on paper, members are one CI")
    return replace(
        unread,
        text=f"group {record.key}: {record.needed} of {listed(record.members)}",
        reason="; ".join(reasons),
        needs=len(taken.missing),
        resolved=taken.resolved,
    )


def _check(fault: Fault | None) -> None:
    if fault:
        raise Refused(fault)
