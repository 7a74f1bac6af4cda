"""Which identifiers count for which class (`identity_rules.toml`), read once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from app.domain.ci_classes import OTHER, ci_classes
from app.domain.identity_spelling import FQDN, HOST, Identifier, host_of, normalise, says_nothing
from app.domain.records import CiRecord

NAME = "name"
SCOPED = "+class"


@dataclass(frozen=True, slots=True)
class Rule:
    """`family`: the class whose line it is. `scoped`: kinds that count within the family; `never`: those that do not count beyond it."""

    family: str
    every: bool
    counted: frozenset[str]
    scoped: frozenset[str]
    never: frozenset[str]

    def effective(self, identifier: Identifier) -> list[Identifier]:
        """The identifier as it is compared, the stronger form first; nothing: it does not count."""
        kind, value = identifier
        found = [(kind + SCOPED, f"{self.family}:{value}")] if kind in self.scoped else []
        if (self.every or kind in self.counted) and kind not in self.never:
            found.append(identifier)
        return found


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("app.domain").joinpath("identity_rules.toml").read_text("utf-8"))


@cache
def rule_of(ci_class: str) -> Rule:
    """The rule of a class: its own line, else its parent's.

    >>> rule_of("web_server").family, rule_of("web_server").effective(("fqdn", "a.example"))
    ('middleware', [('fqdn+class', 'middleware:a.example'), ('fqdn', 'a.example')])
    >>> rule_of("router").effective(("name", "r1"))
    []
    """
    lines, classes = _table()["counts"], ci_classes()
    family = ci_class if ci_class in classes else OTHER
    while family not in lines:
        family = classes[family].parent
    line: list[str] = lines[family]
    scoped = frozenset(kind.removesuffix(SCOPED) for kind in line if kind.endswith(SCOPED))
    never = frozenset(kind[1:] for kind in line if kind.startswith("-"))
    return Rule(family, "*" in line, frozenset(line) - {"*"}, scoped, never)


def searched(record: CiRecord) -> list[Identifier]:
    """The identifiers of a record that say something, normalised, whatever its class makes of them; a name where its class counts names."""
    found = [identifier for pair in record.identifiers if not says_nothing(identifier := normalise(*pair))]
    if NAME in rule_of(record.ci_class).scoped:
        found.append(normalise(NAME, record.name))
    return found


def effective(record: CiRecord, identifiers: list[Identifier]) -> tuple[Identifier, ...]:
    """Of these (`searched`) those that count for the record, each as it is compared."""
    rule = rule_of(record.ci_class)
    found: dict[Identifier, None] = {}
    for identifier in identifiers:
        if identifier[0] == FQDN:
            if "." in identifier[1]:
                found.update(dict.fromkeys(rule.effective(identifier)))
            found.update(dict.fromkeys(rule.effective((HOST, f"{record.environment}:{host_of(identifier[1])}"))))
        elif identifier[0] == NAME:
            found.update(dict.fromkeys(rule.effective((NAME, f"{record.environment}:{identifier[1]}"))))
        else:
            found.update(dict.fromkeys(rule.effective(identifier)))
    return tuple(found)


def marks(identifiers: list[Identifier]) -> tuple[Identifier, ...]:
    """Of these (`searched`) those by whose difference two records are told apart; a DNS name only with its domain."""
    kinds = _marking()
    return tuple(pair for pair in identifiers if pair[0] in kinds and (pair[0] != FQDN or "." in pair[1]))


@cache
def _marking() -> frozenset[str]:
    return frozenset(kind for kinds in _table()["forbidden_by"].values() for kind in kinds)


@cache
def forbidden_by(kind: str) -> tuple[str, ...]:
    """The kinds of identifier whose difference forbids what a shared one of this kind would join.

    >>> forbidden_by("fqdn+class"), forbidden_by("serial")
    (('serial',), ())
    """
    return tuple(_table()["forbidden_by"].get(kind.removesuffix(SCOPED), ()))


@cache
def strength(kind: str) -> int:
    """The lower, the more a shared identifier of this kind says.

    >>> strength("serial") < strength("fqdn+class") < strength("fqdn") < strength("name+class")
    True
    """
    table: Mapping[str, int] = _table()["strength"]
    return table.get(kind, table.get(kind.removesuffix(SCOPED), table[OTHER]))


def lookups(identifier: Identifier) -> Iterator[tuple[Identifier, tuple[str, ...]]]:
    """What to look for so that all holders of an identifier are found: the value as staged, and the kinds of alias it has in the ledger.
    A DNS name with domain may be held without it, and the reverse."""
    kind, value = identifier
    yield identifier, (kind,)
    if kind == FQDN:
        if "." in value:
            yield (FQDN, host_of(value)), (FQDN,)
        else:
            yield (HOST, value), (HOST, NAME, "source id")


def staged(identifiers: list[Identifier]) -> list[Identifier]:
    """Of a record (`searched`), what it is found under by others: `lookups` of theirs name one of these."""
    hosts = [(HOST, host_of(value)) for kind, value in identifiers if kind == FQDN and "." in value]
    return [*identifiers, *hosts] if hosts else identifiers
