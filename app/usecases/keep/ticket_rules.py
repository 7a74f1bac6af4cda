"""The rules that ask for tickets, and the causes that each of them sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from app.domain.errors import InvalidInput
from app.domain.tags import tag_of
from app.domain.ticket_rules import TicketRule, checked_rule
from app.ports.documents import Documents
from app.ports.records import Kept, Records
from app.usecases.exposures import Condition, accept_any
from app.usecases.keep import audit
from app.usecases.keep.connectors import CONNECTORS
from app.usecases.keep.sources import NAME


@dataclass(frozen=True, slots=True)
class SeenCause:
    """A cause while a rule sees it, and until its ticket is resolved. `subject`: what it is, of an outage the CI that explains
    the others now; `members`: keys of what it explains; `cause`: what its ticket is about ("" none was asked for yet); `order`:
    our key on that; `gone_since`: since when it is not seen, "" it is; `shares`: its ticket is that of several."""

    rule: str
    subject: str
    since: str
    members: Sequence[str] = ()
    gone_since: str = ""
    cause: str = ""
    order: str = ""
    asked_at: str = ""
    shares: bool = False


RULES = Records("ticket_rule", TicketRule, "rule")
SEEN_CAUSES = Records("ticket_rule_cause", SeenCause)


def rule_tag(rule: TicketRule | None) -> str:
    """Returns a tag of a rule; "" where there is none."""
    return "" if rule is None else tag_of(asdict(rule))


def put_rule(documents: Documents, rule: TicketRule, caller: str, condition: Condition = accept_any) -> TicketRule:
    """Keeps a rule under its name. Stale where the `condition` does not hold of what is there, NotFound where its connector is
    not there."""
    checked_rule(rule)
    if not NAME.match(rule.name):
        raise InvalidInput("name: small letters, digits, dot, dash and underscore, starting with a letter or digit", field="name")
    with documents.together():
        CONNECTORS.get(documents, rule.connector)
        kept = RULES.kept(documents, rule.name)
        condition(rule_tag(kept.value if kept else None))
        RULES.put(documents, rule.name, rule, expected=kept.version if kept else 0)
        details = {"watches": rule.watches, "connector": rule.connector, "enabled": rule.enabled}
        audit.record(documents, caller, "rule changed" if kept else "rule added", rule.name, details)
    return rule


def remove_rule(documents: Documents, name: str, caller: str, condition: Condition = accept_any) -> None:
    """Removes a rule. Tickets that it asked for stay as they are."""
    with documents.together():
        condition(rule_tag(RULES.get(documents, name)))
        RULES.delete(documents, name)
        for kept in seen_by(documents, name):
            SEEN_CAUSES.delete(documents, kept.key)
        audit.record(documents, caller, "rule removed", name)


def list_rules(documents: Documents) -> list[TicketRule]:
    return [kept.value for kept in RULES.every(documents)]


def seen_by(documents: Documents, rule: str) -> list[Kept[SeenCause]]:
    """Returns the causes that a rule sees, or saw until lately, the oldest first."""
    found = [kept for kept in SEEN_CAUSES.every(documents) if kept.value.rule == rule]
    return sorted(found, key=lambda kept: (kept.value.since, kept.key))
