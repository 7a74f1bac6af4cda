"""What the tickets of a connector say of failures, on its way to the ledger as a source of incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.records import IncidentRecord, RejectedRecord


@dataclass(frozen=True, slots=True)
class TicketIncidents:
    """`read_from`, `read_to` (unix seconds): what was changed there between was read completely; None: nothing was yet.
    `left_out`: tickets that are no evidence, by reason."""

    incidents: Sequence[IncidentRecord] = ()
    rejected: Sequence[RejectedRecord] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    read_from: int | None = None
    read_to: int | None = None
    notes: Sequence[str] = ()
