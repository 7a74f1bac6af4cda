"""Which identifiers count for which class (`identity_rules.toml`), read once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from app.domain.ci_classes import OTHER, ci_classes
from app.domain.identity_spelling import (
    FQDN,
    HOST,
    Identifier,
    host_of,
    normalise,
    one_uuid,
    says_nothing,
    spellings,
    uuid_of_serial,
)
from app.domain.records import CiRecord

NAME = "name"
SCOPED = "+class"
FAMILY, ROLE = "family", "role"
MAKERS = ("manufacturer", "vendor", "maker", "make")


@dataclass(frozen=True, slots=True)
class Rule:
    """`family`: the class whose line it is.

    `scoped`: kinds that count within the family; `never`: those that do not count beyond it.
    """

    family: str
    every: bool
    counted: frozenset[str]
    scoped: frozenset[str]
    never: frozenset[str]

    def effective(self, identifier: Identifier) -> list[Identifier]:
        """Returns the identifier as it is compared, the stronger form first; nothing where it does not count."""
        kind, value = identifier
        compared = [(kind + SCOPED, f"{self.family}:{value}")] if kind in self.scoped else []
        if (self.every or kind in self.counted) and kind not in self.never:
            compared.append(identifier)
        return compared


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("app.domain").joinpath("identity_rules.toml").read_text("utf-8"))


@cache
def rule_of(ci_class: str) -> Rule:
    """Returns the rule of a class: its own line, else its parent's.

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
    """Returns the identifiers of a record that say something, normalised, whatever its class makes of them; with its name where
    its class counts names."""
    identifiers = [identifier for pair in record.identifiers if not says_nothing(identifier := normalise(*pair))]
    if NAME in rule_of(record.ci_class).scoped:
        identifiers.append(normalise(NAME, record.name))
    return identifiers


def effective(record: CiRecord, identifiers: list[Identifier]) -> tuple[Identifier, ...]:
    """Returns those of the identifiers (`searched`) that count for the record, each as it is compared."""
    rule = rule_of(record.ci_class)
    counted: dict[Identifier, None] = {}
    for identifier in map(_compared, identifiers):
        if identifier[0] == FQDN:
            if "." in identifier[1]:
                counted.update(dict.fromkeys(rule.effective(identifier)))
            counted.update(dict.fromkeys(rule.effective((HOST, f"{record.environment}:{host_of(identifier[1])}"))))
        elif identifier[0] == NAME:
            counted.update(dict.fromkeys(rule.effective((NAME, f"{record.environment}:{identifier[1]}"))))
        else:
            counted.update(dict.fromkeys(rule.effective(identifier)))
    return tuple(counted)


def marks(record: CiRecord, identifiers: list[Identifier]) -> tuple[Identifier, ...]:
    """Returns what tells a record from others: of these identifiers (`searched`) those that count for it, a DNS name only with
    its domain; the family and the role of the class; the maker."""
    kinds = forbidden_by("")
    telling = [pair for pair in map(_compared, identifiers) if pair[0] in kinds and (pair[0] != FQDN or "." in pair[1])]
    telling += [
        (kind, value) for kind, value in zip((FAMILY, ROLE), _kin(record.ci_class, record.raw_class), strict=True) if value
    ]
    maker = next((text for name in MAKERS if (text := record.attributes.get(name))), "")
    return (*telling, ("maker", maker_of(maker))) if maker_of(maker) else tuple(telling)


def _compared(identifier: Identifier) -> Identifier:
    """Returns an identifier as it is compared: a UUID in one byte order, the serial number of a VMware machine as the UUID it
    is."""
    kind, value = identifier
    if kind == "uuid":
        return kind, one_uuid(value)
    uuid = uuid_of_serial(value) if kind == "serial" else ""
    return ("uuid", one_uuid(uuid)) if uuid else identifier


@cache
def _kin(ci_class: str, raw_class: str) -> tuple[str, str]:
    """Returns family and role of a class, "" for none: from its own line, else its parent's; for an unknown class from the word
    of the source."""
    families, roles, words = (_table()[name] for name in ("families", "roles", "family_words"))
    classes = ci_classes()
    family, role, at = "", "", ci_class if ci_class in classes else OTHER
    while at and at != OTHER:
        family = family or next((name for name, listed in families.items() if at in listed), "")
        role = role or next((name for name, listed in roles.items() if at in listed), "")
        at = classes[at].parent
    if not family:
        word = raw_class.strip().casefold().replace(" ", "_").replace("-", "_")
        family = next((name for name, listed in words.items() if word in listed), "")
    return family, role


def maker_of(text: str) -> str:
    """Returns a maker's name as it is compared: its first word.

    >>> maker_of("Dell Inc."), maker_of("DELL"), maker_of("Hewlett-Packard"), maker_of("n/a")
    ('dell', 'dell', 'hp', '')
    """
    words = re.findall(r"[^\W_]+", text.casefold())
    if not words or says_nothing((NAME, text.strip().casefold())):
        return ""
    return {"hewlett": "hp", "hpe": "hp", "international": "ibm"}.get(words[0]) or str(words[0])


@cache
def forbidden_by(kind: str) -> tuple[str, ...]:
    """Returns the kinds whose difference forbids what a shared identifier of this kind would join: all but its own.

    >>> forbidden_by("serial")
    ('family', 'role', 'maker', 'uuid', 'cloud_id', 'fqdn')
    """
    own = kind.removesuffix(SCOPED)
    return tuple(name for name in _table()["forbidden_by"]["any"] if name != own)


def outweighs(differing: Iterable[str], agreeing: Iterable[str]) -> bool:
    """Whether what agrees outweighs what differs.

    >>> outweighs(["fqdn"], ["serial", "asset_tag"])
    True
    >>> outweighs(["fqdn"], ["uuid", "mac"]), outweighs(["family"], ["serial", "uuid"])
    (False, False)
    """
    table, against = _table()["outweighed"], set(differing)
    if len(against) > 1 or not against <= set(table["differing"]):
        return not against
    agreed = set(agreeing) & set(table["agreeing"])
    copied = set(table["cloned_together"])
    return len(agreed - copied) + bool(agreed & copied) > 1


@cache
def strength(kind: str) -> int:
    """Returns the strength of a kind: the lower, the more a shared identifier says.

    >>> strength("serial") < strength("fqdn+class") < strength("fqdn") < strength("name+class")
    True
    """
    table: Mapping[str, int] = _table()["strength"]
    return table.get(kind, table.get(kind.removesuffix(SCOPED), table[OTHER]))


def lookups(identifier: Identifier) -> Iterator[tuple[Identifier, tuple[str, ...]]]:
    """Returns what to look for so that all holders of an identifier are found: the value as staged, and the kinds of alias that
    it has in the ledger. A DNS name with domain may be held without it, and the reverse."""
    kind, value = identifier
    yield identifier, (kind,)
    for other in spellings(identifier):
        yield other, (other[0],)
    if kind == FQDN:
        if "." in value:
            yield (FQDN, host_of(value)), (FQDN,)
        else:
            yield (HOST, value), (HOST, NAME, "source id")


def staged(identifiers: list[Identifier]) -> list[Identifier]:
    """Returns what others find a record (`searched`) under: their `lookups` name one of these."""
    hosts = [(HOST, host_of(value)) for kind, value in identifiers if kind == FQDN and "." in value]
    return [*identifiers, *hosts] if hosts else identifiers
