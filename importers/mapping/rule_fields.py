"""Finds which fields of a row a list's rule uses: the others may change without changing anything here."""

from __future__ import annotations

from importers.mapping.rules import ListRule


def fields_of(rule: ListRule) -> frozenset[str]:
    named = (
        rule.key,
        rule.class_field,
        rule.of,
        rule.criticality,
        *rule.fields_.values(),
        *rule.identifiers.values(),
        *rule.aliases.values(),
        *rule.references,
        *(rule.attributes or ()),
        *rule.service_if,
        *rule.skip_if,
        *rule.only_if,
        *rule.exposure.values(),
    )
    return frozenset(name for name in named if name)
