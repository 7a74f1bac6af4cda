"""Identifiers in the one spelling in which they are compared and stored, and those that say nothing whoever holds them."""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from importlib.resources import files

Identifier = tuple[str, str]

FQDN, HOST = "fqdn", "host"
_UPPER = {"serial", "asset_tag"}
_LOOSE = {"mac": "-:. ", "uuid": "{} "}


def normalise(kind: str, value: str) -> Identifier:
    """An identifier in the one spelling in which it is compared and stored.

    >>> normalise("FQDN", "Web1.Example.ORG.")
    ('fqdn', 'web1.example.org')
    >>> normalise("serial", " ab-12 ")
    ('serial', 'AB-12')
    >>> normalise("mac", "00-1B-44-11-3A-B7")
    ('mac', '001b44113ab7')
    """
    kind = _kind(kind)
    value = value.strip()
    if kind in _UPPER:
        return kind, value.upper()
    value = value.casefold()
    if kind == FQDN:
        return kind, value.rstrip(".")
    if kind in _LOOSE:
        for drop in _LOOSE[kind]:
            value = value.replace(drop, "")
    return kind, value


@lru_cache(maxsize=1024)
def _kind(kind: str) -> str:
    return kind.strip().casefold()


def host_of(fqdn: str) -> str:
    """The name of a host without its domain.

    >>> host_of("web1.example.org"), host_of("web1")
    ('web1', 'web1')
    """
    return fqdn.partition(".")[0]


@cache
def _placeholders() -> dict[str, frozenset[str]]:
    table: dict[str, list[str]] = tomllib.loads(files("app.domain").joinpath("identity_rules.toml").read_text("utf-8"))[
        "placeholders"
    ]
    anywhere = table["anywhere"]
    return {kind: frozenset(normalise(kind, value)[1] for value in [*values, *anywhere]) for kind, values in table.items()}


def says_nothing(identifier: Identifier) -> bool:
    """A normalised value that makers and tools write where they have none.

    >>> says_nothing(("serial", "TO BE FILLED BY O.E.M.")), says_nothing(("serial", "00000000")), says_nothing(("serial", "7XK2"))
    (True, True, False)
    """
    kind, value = identifier
    known = _placeholders()
    if not value or value in known.get(kind, known["anywhere"]):
        return True
    return kind in ("serial", "uuid", "mac", "asset_tag") and len(set(value.replace("-", ""))) < 2
