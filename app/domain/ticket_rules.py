"""Rules by which the service asks for tickets of its own: what they watch, how long that must last, how many an hour."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors import InvalidInput
from app.domain.tickets import INCIDENT, PRIORITIES, PROBLEM

OUTAGE, REDUNDANCY, GAP, LOSS, STALE, HELD = "outage", "redundancy", "recovery gap", "loss", "source stale", "run held"
WATCHED = {
    OUTAGE: "a cause of what is reported down, with all that it explains",
    REDUNDANCY: "a group that has nothing left to lose now",
    GAP: "a service that is back later than its RTO by more hours than the threshold",
    LOSS: "a CI whose expected loss a year is above the threshold, in money",
    STALE: "a source that was not read whole for more hours than the threshold",
    HELD: "a run that waits for approval",
}
TICKET_KIND = {OUTAGE: INCIDENT, REDUNDANCY: INCIDENT, GAP: PROBLEM, LOSS: PROBLEM, STALE: INCIDENT, HELD: INCIDENT}


@dataclass(frozen=True, slots=True)
class TicketRule:
    """`watches`: one of WATCHED; `connector`: whose tickets it asks for. `threshold`: hours or money, where what it watches has
    one. `least_priority`: no ticket for what is less urgent. A cause must last `hold_minutes` before it gets a ticket, and be
    gone for `clear_minutes` before that is resolved. Beyond `per_hour` new tickets of the rule, causes share one."""

    name: str
    watches: str
    connector: str
    enabled: bool = True
    threshold: float = 0.0
    least_priority: str = "4"
    hold_minutes: float = 1.0
    clear_minutes: float = 2.0
    per_hour: int = 20


def checked_rule(rule: TicketRule) -> TicketRule:
    """Returns the rule; InvalidInput names the field that is wrong.

    >>> checked_rule(TicketRule("outages", OUTAGE, "ops")).per_hour
    20
    """
    if rule.watches not in WATCHED:
        raise InvalidInput(f"watches: one of {', '.join(WATCHED)}, not {rule.watches!r}", field="watches")
    if rule.least_priority not in PRIORITIES:
        raise InvalidInput(f"least_priority: one of {', '.join(PRIORITIES)}", field="least_priority")
    for name, most in (("threshold", 1e15), ("hold_minutes", 10_080.0), ("clear_minutes", 10_080.0), ("per_hour", 1000)):
        if not 0 <= getattr(rule, name) <= most:
            raise InvalidInput(f"{name}: from 0 to {most:,g}", field=name)
    if rule.per_hour < 1:
        raise InvalidInput("per_hour: at least 1", field="per_hour")
    return rule
