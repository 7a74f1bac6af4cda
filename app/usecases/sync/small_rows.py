"""Groups, services, incidents and observations to rows of the ledger, their references resolved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from app.domain.changes import Row
from app.domain.payloads import canonical
from app.domain.record_checks import Fault, group_fault, incident_fault, observation_fault, service_fault
from app.domain.records import GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord
from app.domain.references import Unresolved
from app.domain.sentences import listed
from app.ports.ci_source import SmallRecord
from app.usecases.sync.setup import SyncSettings
from app.usecases.sync.unread import Unread


class Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault[1])
        self.fault = fault


@dataclass(frozen=True, slots=True)
class TakenGroup:
    """A group with the members that resolve, each CI once. `missing`: texts of those that do not, with the reason; `twins`: how many members
    are one CI with another."""

    row: Row
    missing: dict[str, Unresolved]
    twins: int
    resolved: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SmallRows:
    """`one`: the CI that a text means; `key_of`: the key of a CI."""

    settings: SyncSettings
    one: Callable[[str], int | Unresolved]
    key_of: Callable[[int], str]

    def row_of(self, record: SmallRecord) -> tuple[Row, Row]:
        """Identity and row; groups by (key,), as their ids are given at the end."""
        if isinstance(record, GroupRecord):
            row = self.group(record).row
            return (row[1],), row
        if isinstance(record, ServiceRecord):
            return self._service(record)
        if isinstance(record, IncidentRecord):
            return self._incident(record)
        return self._observation(record)

    def group(self, record: GroupRecord) -> TakenGroup:
        """Refused where not one member resolves. What does not is left out: `needed` stays, at most the number of members left, so the group
        gets stricter, never laxer."""
        _check(group_fault(record))
        dependent = self._ci("dependent", record.dependent)
        found: dict[int, int] = {}  # member -> its place
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
            if answer in found:
                twins += 1
            found.setdefault(answer, place)
        if not found:
            first = next(iter(missing.values()))
            raise Refused(("members", first.reason, first.advice))
        shares = [record.shares[place] for place in found.values()] if record.shares else []
        row = (
            0,
            f"{self.settings.source}:{record.key}",
            dependent,
            record.kind,
            min(record.needed, len(found)),
            canonical(list(found)),
            canonical(shares) if shares else "",
            record.failover_minutes,
            record.failover_success,
            record.common_cause_share,
            record.common_cause_unavailability,
            self.settings.source_id,
        )
        return TakenGroup(row, missing, twins, resolved)

    def _service(self, record: ServiceRecord) -> tuple[Row, Row]:
        _check(service_fault(record))
        ci_id = self._ci("key", record.ci)
        impact = (
            canonical({name: [list(point) for point in points] for name, points in record.impact.items()})
            if record.impact
            else ""
        )
        row = (
            ci_id,
            self.settings.source_id,
            record.customers,
            record.customer_population or None,
            record.money_per_hour,
            record.currency or None,
            impact,
            record.mtpd_hours,
            record.rto_hours,
            record.rpo_hours,
            record.mbco_share,
            record.availability_target,
        )
        return row[:2], row

    def _incident(self, record: IncidentRecord) -> tuple[Row, Row]:
        _check(incident_fault(record))
        identity = (self.settings.source_id, record.key)
        return identity, (*identity, self._ci("ci", record.ci), record.started_at, record.ended_at, int(record.root_cause))

    def _observation(self, record: ObservationRecord) -> tuple[Row, Row]:
        _check(observation_fault(record))
        scope = record.scope
        if scope.startswith("ci:"):
            scope = f"ci:{self.key_of(self._ci('scope', scope[3:]))}"
        identity = (self.settings.source_id, scope)
        return identity, (*identity, record.observed_from, record.observed_until)

    def _ci(self, field_name: str, text: str) -> int:
        answer = self.one(text)
        if isinstance(answer, Unresolved):
            raise Refused((field_name, answer.reason, answer.advice))
        return answer


def partly(taken: TakenGroup, record: GroupRecord, before: Unread | None = None) -> Unread | None:
    """The open need of a group of which members were lost or are one CI; None: it stands as it was stated."""
    if not taken.missing and not taken.twins:
        return None
    told = before or Unread("group", record.dependent, "", "", record=record)
    members = len(record.members)
    said = []
    if taken.missing:
        said.append(
            f"{len(taken.missing)} of {members} members unknown: {'; '.join(why.reason for why in list(taken.missing.values())[:3])}"
        )
    if taken.twins:
        said.append("redundancy only on paper, members are one CI")
    return replace(
        told,
        text=f"group {record.key}: {record.needed} of {listed(record.members)}",
        reason="; ".join(said),
        needs=len(taken.missing),
        resolved=taken.resolved,
    )


def _check(fault: Fault | None) -> None:
    if fault:
        raise Refused(fault)
