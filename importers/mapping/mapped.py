"""What a raw row maps to: records, refusals, or nothing because the mapping leaves it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.records import (
    CiRecord,
    DependencyRecord,
    GroupRecord,
    IncidentRecord,
    ObservationRecord,
    RejectedRecord,
    ServiceRecord,
)

KIND_OF = {
    CiRecord: "ci",
    DependencyRecord: "dependency",
    GroupRecord: "group",
    ServiceRecord: "service",
    IncidentRecord: "incident",
    ObservationRecord: "observation",
}
UNKNOWN_TYPE = "unknown type: "  # before the word of a relation that no mapping names: low confidence


@dataclass(frozen=True, slots=True)
class Ignored:
    """The mapping leaves a record of this kind out."""

    kind: str
    reason: str


Mapped = CiRecord | DependencyRecord | GroupRecord | ServiceRecord | IncidentRecord | ObservationRecord | RejectedRecord | Ignored


def unknown_types(counts: Mapping[str, int]) -> list[str]:
    """Returns one sentence for each type of relation that no mapping names."""
    return [
        f"{number} dependencies of {relation}, which no mapping names: taken by default, with low confidence; name it in a "
        "mapping file"
        for relation, number in sorted(counts.items())
    ]
