"""Identifiers in the one spelling in which they are compared and stored, and those that say nothing whoever holds them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from app.domain.texts import one_form

Identifier = tuple[str, str]

FQDN, HOST = "fqdn", "host"
_UPPER = {"serial", "asset_tag"}
_LOOSE = {"mac": "-:. ", "uuid": "{} "}


def normalise(kind: str, value: str) -> Identifier:
    """Returns an identifier in the one spelling in which it is compared and stored.

    >>> normalise("FQDN", "Web1.Example.ORG.")
    ('fqdn', 'web1.example.org')
    >>> normalise("serial", " ab-12 ")
    ('serial', 'AB-12')
    >>> normalise("mac", "00-1B-44-11-3A-B7")
    ('mac', '001b44113ab7')
    """
    kind = _kind(kind)
    value = one_form(value)
    if kind in _UPPER:
        return kind, value.upper()
    value = value.casefold()
    if kind in (FQDN, HOST):
        return kind, (value if value.isascii() else _ascii_name(value)).rstrip(".")
    if kind in _LOOSE:
        for drop in _LOOSE[kind]:
            value = value.replace(drop, "")
    return kind, value


@lru_cache(maxsize=4096)
def _ascii_name(name: str) -> str:
    """Returns a DNS name as resolvers use it: labels of other alphabets in their ASCII form (IDNA).

    >>> _ascii_name("m\u00fcller.example.org")
    'xn--mller-kva.example.org'
    """
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


@lru_cache(maxsize=1024)
def _kind(kind: str) -> str:
    return kind.strip().casefold()


def host_of(fqdn: str) -> str:
    """Returns the name of a host without its domain.

    >>> host_of("web1.example.org"), host_of("web1")
    ('web1', 'web1')
    """
    return fqdn.partition(".")[0]


@cache
def _placeholders() -> Mapping[str, Any]:
    table: Mapping[str, Any] = tomllib.loads(files("app.domain").joinpath("identity_rules.toml").read_text("utf-8"))
    return table["placeholders"]  # type: ignore[no-any-return]


@cache
def _words() -> frozenset[str]:
    return frozenset(word.casefold() for word in _placeholders()["words"])


@cache
def _counter_digits() -> int:
    return int(_placeholders()["counter_digits"])


@cache
def _listed(kind: str) -> frozenset[str]:
    return frozenset(normalise(kind, value)[1] for value in _placeholders().get(kind, ()))


_HEX_DIGITS = frozenset("0123456789abcdef")
# how a counter may begin: most values are told apart from one by two signs
_NEXT_TO_EACH_OTHER = frozenset(
    f"{a:x}{b:x}" for a in range(16) for b in range(16) if (b - a) % 16 in (1, 15) or (b - a) % 10 in (1, 9)
)
NUMBERED = ("serial", "asset_tag", "cloud_id")
_TOKENS = re.compile(r"[^\W_]+")


def says_nothing(identifier: Identifier) -> bool:
    """Whether a normalised value is one that makers and tools write where they have none.

    >>> says_nothing(("serial", "TO BE FILLED BY O.E.M.")), says_nothing(("serial", "00000000")), says_nothing(("serial", "7XK2"))
    (True, True, False)
    >>> says_nothing(("serial", "K.A.")), says_nothing(("serial", "#NV")), says_nothing(("serial", "TYPE2 - BOARD SERIAL NUMBER"))
    (True, True, True)
    """
    kind, value = identifier
    if not value or value in _listed(kind) or _unfilled(value):
        return True
    if kind in (FQDN, HOST) and "." in value:
        return host_of(value) == "localhost"
    folded = value.casefold()
    tokens = [folded] if folded.isalnum() else _TOKENS.findall(folded)
    words = _words()
    if all(token in words or _numbered_word(token) for token in tokens):
        return True
    if kind in ("uuid", "mac"):
        return _one_sign(value) or len("".join(tokens).strip("0")) <= 2
    return kind in NUMBERED and (_one_sign(value) or all(token in words or _counter(token) for token in tokens))


def _numbered_word(token: str) -> bool:
    """Returns a word of more than three letters without the number behind it: type2 and board1 say what type and board say; sn1
    does not."""
    letters = token.rstrip("0123456789")
    return 3 < len(letters) < len(token) and letters in _words()


def _unfilled(value: str) -> bool:
    """Whether a value is a template that nobody filled in, or the error value of a spreadsheet."""
    return value[0] == "#" or value.startswith(("$(", "${", "{{", "<", "%"))


def _one_sign(value: str) -> bool:
    return len(set(value.replace("-", ""))) < 2


def _counter(token: str) -> bool:
    """Whether a value is a short number, one that is nearly all zeros, or signs that only count up or down: 1004, 000000000001,
    0123456789abcdef."""
    if token.isdecimal() and (len(token) <= _counter_digits() or len(token.strip("0")) <= 2):
        return True
    if len(token) <= 3 or token[:2] not in _NEXT_TO_EACH_OTHER or not _HEX_DIGITS.issuperset(token):
        return False
    signs = [int(sign, 16) for sign in token]
    steps = {(after - before) % 16 for before, after in pairwise(signs)}
    tens = {(after - before) % 10 for before, after in pairwise(signs)}
    return steps in ({1}, {15}) or tens in ({1}, {9})


_HEX, _VMWARE = re.compile(r"[^0-9a-f]"), re.compile(r"^VMWARE-((?:[0-9A-F]{2}[ -]){15}[0-9A-F]{2})$")


def one_uuid(value: str) -> str:
    """Returns a UUID in the one of its two byte orders that sorts first; what is no UUID stays as it is.

    >>> one_uuid("c0b11142-3a7f-524d-9a1e-0c5c0f1d2e3f") == one_uuid("4211b0c1-7f3a-4d52-9a1e-0c5c0f1d2e3f")
    False
    >>> one_uuid("c1b01142-3a7f-524d-9a1e-0c5c0f1d2e3f") == one_uuid("4211b0c1-7f3a-4d52-9a1e-0c5c0f1d2e3f")
    True
    """
    orders = byte_orders(value)
    return min(orders) if orders else value


def byte_orders(value: str) -> tuple[str, ...]:
    """Returns the 32 digits of a UUID in both byte orders; () where it is none."""
    digits = _HEX.sub("", value.casefold())
    if len(digits) != 32:
        return ()
    parts = (digits[:8], digits[8:12], digits[12:16])
    swapped = "".join("".join(reversed(re.findall("..", part))) for part in parts) + digits[16:]
    return digits, swapped


def uuid_of_serial(serial: str) -> str:
    """Returns the UUID that VMware writes as the serial number of a virtual machine; "" where it is no such number.

    >>> uuid_of_serial("VMWARE-42 11 B0 C1 7F 3A 4D 52-9A 1E 0C 5C 0F 1D 2E 3F")
    '4211b0c17f3a4d529a1e0c5c0f1d2e3f'
    """
    match = _VMWARE.match(serial)
    return _HEX.sub("", match.group(1).casefold()) if match else ""


def spellings(identifier: Identifier) -> list[Identifier]:
    """Returns other spellings under which a ledger may hold the same identifier: a UUID in its other byte order, without dashes,
    as VMware's serial number."""
    kind, value = identifier
    orders = byte_orders(value if kind == "uuid" else uuid_of_serial(value) if kind == "serial" else "")
    others: list[Identifier] = []
    for digits in orders:
        pairs = re.findall("..", digits.upper())
        dashed = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        others += [("uuid", dashed), ("uuid", digits), ("serial", f"VMWARE-{' '.join(pairs[:8])}-{' '.join(pairs[8:])}")]
    return [other for other in others if other != identifier]
