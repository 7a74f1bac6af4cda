"""Makes the lists that a mapping names, and checks each of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from app.domain.errors import ForestayError
from importers.lists.raw_lists import RawList
from importers.mapping.rules import ListRule, RelationRule, RuleSet


def ci_lists(rules: RuleSet) -> list[RawList]:
    return [RawList(rule.name, rule.gives(), (rule.source_class,), optional=rule.optional) for rule in rules.lists.values()]


def relation_lists(rules: RuleSet) -> list[RawList]:
    return [RawList(rule.name, ("dependency",), optional=rule.optional) for rule in rules.relations.values()]


def relations_by_list(rules: RuleSet) -> list[RawList]:
    """Returns relations of each list apart: a list that seems emptied must not take the relations of others along."""
    return [
        RawList(f"{name} {rule.name}", ("dependency", "group"), optional=rule.optional)
        for name in rules.relations
        for rule in rules.lists.values()
    ]


def looked_at(
    parts: Iterable[RawList | ListRule | RelationRule], look: Callable[[str], str], absent: Collection[int]
) -> list[str]:
    """Returns a sentence for each list. `look` returns what is found under a name; `absent`: statuses by which an optional list
    may refuse."""
    sentences = []
    for part in parts:
        try:
            sentences.append(f"{part.name}: {look(part.name)}")
        except ForestayError as error:
            if not part.optional or error.details.get("answered") not in absent:
                raise
            sentences.append(f"{part.name}: not there or not readable")
    return sentences
