"""Rules that ask for tickets and templates of comments, as they are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.ticket_rules import TICKET_KIND, WATCHED, TicketRule
from app.domain.ticket_words import COMMENT_FIELDS, DEFAULT_TEMPLATES
from app.ports.documents import Documents
from app.usecases.keep.ticket_rules import RULES, SEEN_CAUSES, SeenCause, list_rules, seen_by
from app.usecases.keep.ticket_templates import template_of


@dataclass(frozen=True, slots=True)
class WatchedKind:
    """What a rule can watch, and of which kind its tickets are."""

    watches: str
    what: str
    ticket_kind: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule; `seen`: causes that it sees now, or saw until lately; `with_ticket`: those of them that have a ticket."""

    rule: TicketRule
    seen: int
    with_ticket: int


@dataclass(frozen=True, slots=True)
class RulePage:
    items: Sequence[RuleRow]
    watched: Sequence[WatchedKind]


@dataclass(frozen=True, slots=True)
class RuleDetail:
    rule: TicketRule
    causes: Sequence[SeenCause]


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """The template of the comment on a kind of ticket; `fields`: what may stand in braces, with what each says."""

    ticket_kind: str
    template: str
    own: bool
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TemplatePage:
    items: Sequence[TemplateRow]


def rule_page(documents: Documents) -> RulePage:
    """Returns the rules by name, and what there is to watch."""
    seen: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for kept in SEEN_CAUSES.every(documents):
        seen[kept.value.rule] += 1
        asked[kept.value.rule] += bool(kept.value.cause)
    rows = [RuleRow(rule, seen[rule.name], asked[rule.name]) for rule in list_rules(documents)]
    return RulePage(rows, [WatchedKind(name, what, TICKET_KIND[name]) for name, what in WATCHED.items()])


def rule_detail(documents: Documents, name: str) -> RuleDetail:
    """Returns a rule with the causes that it sees, the oldest first; NotFound where there is none of the name."""
    return RuleDetail(RULES.get(documents, name), [kept.value for kept in seen_by(documents, name)])


def template_page(documents: Documents) -> TemplatePage:
    return TemplatePage([template_row(documents, kind) for kind in COMMENT_FIELDS])


def template_row(documents: Documents, kind: str) -> TemplateRow:
    """Returns the template of a kind of ticket; NotFound for a kind without one."""
    template = template_of(documents, kind)
    return TemplateRow(kind, template, template != DEFAULT_TEMPLATES[kind], COMMENT_FIELDS[kind])
