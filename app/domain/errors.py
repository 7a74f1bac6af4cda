"""The error tree.

ForestayError(code, message)
|-- InvalidInput            400/422  the caller's input; names field and reason
|   |-- Rejected                     one record was refused; the rest goes on
|   `-- LimitExceeded       413      a parser's or a budget's limit
|-- Unconditional           428      something would be replaced unseen: say what it replaces
|-- NotFound                404
|-- Ambiguous               409      several CIs answer to one identity: `candidates`
|-- Conflict                409      revision moved on, pending revision, wrong expected version
|   |-- Stale               412      it is not any more as the caller knew it
|   |-- Fenced                       the lease was lost to another process
|   `-- HeldForApproval              the deletion guard holds a run
|-- NotAllowed              401/403
|-- TooBusy                 429      more questions wait than are taken: `retry_after` seconds
|-- OutOfTime               503      a question took longer than it may
|-- SourceFailed            502      a CMDB or file did not deliver; last known good is kept
|-- StoreUnavailable        503
`-- NotReady                503      kernels are being compiled: `retry_after` seconds
"""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.concealed import concealed


class ForestayError(Exception):
    code = "error"

    def __init__(self, message: str, **details: object) -> None:
        self.message = concealed(message)  # a server may repeat a secret in its own words
        super().__init__(self.message)
        self.details = details


class InvalidInput(ForestayError):
    code = "invalid_input"


class Rejected(InvalidInput):
    code = "rejected_record"


class LimitExceeded(InvalidInput):
    code = "limit_exceeded"


class Unconditional(ForestayError):
    code = "unconditional"


class NotFound(ForestayError):
    code = "not_found"


class Ambiguous(ForestayError):
    code = "ambiguous"

    def __init__(self, message: str, candidates: Sequence[str]) -> None:
        super().__init__(message, candidates=list(candidates))
        self.candidates = list(candidates)


class Conflict(ForestayError):
    code = "conflict"


class Stale(Conflict):
    code = "stale"


class Fenced(Conflict):
    code = "fenced"


class HeldForApproval(Conflict):
    code = "held_for_approval"


class NotAllowed(ForestayError):
    code = "not_allowed"


class TooBusy(ForestayError):
    code = "too_busy"


class OutOfTime(ForestayError):
    code = "out_of_time"


class SourceFailed(ForestayError):
    code = "source_failed"


class StoreUnavailable(ForestayError):
    code = "store_unavailable"


class NotReady(ForestayError):
    code = "not_ready"
