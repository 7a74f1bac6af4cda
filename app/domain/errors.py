"""The error tree.

ForestayError(code, message)
|-- InvalidInput            400/422  the caller's input; names field and reason
|   |-- Rejected                     one record was refused; the rest goes on
|   `-- LimitExceeded       413      a parser's or a budget's limit
|-- Unconditional           428      something would be replaced unseen: say what it replaces
|-- NotFound                404
|   |-- NoSuchCi                     no CI answers to the identity
|   |-- NotAService                  the CI is there and is no business service
|   `-- NoSuchArea                   nothing that is ranked has this name
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
    """`code`: stable, for programs; `title`: the same in a few words, for people."""

    code = "error"
    title = "Something went wrong"

    def __init__(self, message: str, **details: object) -> None:
        self.message = concealed(message)  # a server may repeat a secret in its own words
        super().__init__(self.message)
        self.details = details


class InvalidInput(ForestayError):
    code = "invalid_input"
    title = "This cannot be asked so"


class Rejected(InvalidInput):
    code = "rejected_record"
    title = "A record was refused"


class LimitExceeded(InvalidInput):
    code = "limit_exceeded"
    title = "Too large"


class Unconditional(ForestayError):
    code = "unconditional"
    title = "Say what it replaces"


class NotFound(ForestayError):
    code = "not_found"
    title = "Not found"


class NoSuchCi(NotFound):
    title = "No such CI"


class NotAService(NotFound):
    title = "No such business service"


class NoSuchArea(NotFound):
    title = "No such problem area"


class Ambiguous(ForestayError):
    code = "ambiguous"
    title = "Several CIs answer to this"

    def __init__(self, message: str, candidates: Sequence[str]) -> None:
        super().__init__(message, candidates=list(candidates))
        self.candidates = list(candidates)


class Conflict(ForestayError):
    code = "conflict"
    title = "It changed meanwhile"


class Stale(Conflict):
    code = "stale"
    title = "It is not as you knew it"


class Fenced(Conflict):
    code = "fenced"
    title = "Another process took over"


class HeldForApproval(Conflict):
    code = "held_for_approval"
    title = "Held for approval"


class NotAllowed(ForestayError):
    code = "not_allowed"
    title = "Not allowed"


class TooBusy(ForestayError):
    code = "too_busy"
    title = "Too busy"


class OutOfTime(ForestayError):
    code = "out_of_time"
    title = "It took too long"


class SourceFailed(ForestayError):
    code = "source_failed"
    title = "A source did not deliver"


class StoreUnavailable(ForestayError):
    code = "store_unavailable"
    title = "The store is away"


class NotReady(ForestayError):
    code = "not_ready"
    title = "Not ready yet"
