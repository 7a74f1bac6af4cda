"""Which identifiers count for which class (`identity_rules.toml`), read once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from app.domain.ci_classes import OTHER, ci_classes

NAME = "name"
SCOPED = "+class"

Identifier = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """`family`: the class whose line it is. `never` and `scoped`: kinds that do not count, and those that count only within the family."""

    family: str
    every: bool
    counted: frozenset[str]
    scoped: frozenset[str]
    never: frozenset[str]

    def effective(self, identifier: Identifier) -> Identifier | None:
        """The identifier as it is compared; None: it does not count."""
        kind, value = identifier
        if kind in self.scoped:
            return f"{kind}{SCOPED}", f"{self.family}:{value}"
        if kind in self.never or not (self.every or kind in self.counted):
            return None
        return identifier


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("app.domain").joinpath("identity_rules.toml").read_text("utf-8"))


@cache
def rule_of(ci_class: str) -> Rule:
    """The rule of a class: its own line, else its parent's.

    >>> rule_of("web_server").family, rule_of("web_server").effective(("fqdn", "a.example"))
    ('middleware', ('fqdn+class', 'middleware:a.example'))
    >>> rule_of("router").effective(("name", "r1")) is None
    True
    """
    lines, classes = _table()["counts"], ci_classes()
    family = ci_class if ci_class in classes else OTHER
    while family not in lines:
        family = classes[family].parent
    line: list[str] = lines[family]
    scoped = frozenset(kind.removesuffix(SCOPED) for kind in line if kind.endswith(SCOPED))
    never = frozenset(kind[1:] for kind in line if kind.startswith("-"))
    return Rule(family, "*" in line, frozenset(line) - {"*"}, scoped, never)


def counts_by_name(ci_class: str) -> bool:
    return NAME in rule_of(ci_class).scoped


def effective(ci_class: str, identifiers: Iterable[Identifier]) -> tuple[Identifier, ...]:
    """Those identifiers that count for a record of this class, each as it is compared."""
    rule = rule_of(ci_class)
    found = (rule.effective(identifier) for identifier in identifiers)
    return tuple(dict.fromkeys(identifier for identifier in found if identifier is not None))


def strength(kind: str) -> int:
    """The lower, the more a shared identifier of this kind says.

    >>> strength("serial") < strength("fqdn+class") < strength("name+class")
    True
    """
    table: Mapping[str, int] = _table()["strength"]
    return table.get(kind.removesuffix(SCOPED), table[OTHER])
