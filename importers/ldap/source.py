"""Groups of a directory as teams: name, number of members, owner, address (README.md)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidInput, SourceFailed
from importers.ldap.directory import Directory
from importers.lists.mirror import Row
from importers.lists.raw_lists import Lists, RawList
from importers.mapping.mapped import Mapped
from importers.mapping.rows import map_row
from importers.mapping.rule_fields import fields_of
from importers.mapping.rules import ListRule, RuleSet

FIRST = re.compile(rb"[^=,]*=((?:\\[0-9a-fA-F]{2}|\\.|[^\\,+])*)")
ESCAPED = re.compile(rb"\\([0-9a-fA-F]{2}|.)")
NOTHING, COUNTED = "1.1", 500  # asks for no attribute (RFC 4511, 4.5.1.8); entries in one answer: servers give 500 at least
MADE = {"members", "dn", "owner_name"}  # fields that are no attributes of the directory


@dataclass(slots=True)
class Groups(Lists):
    directory: Directory
    rules: RuleSet
    base: str

    def __post_init__(self) -> None:
        for rule in self.rules.lists.values():
            if not isinstance(rule.ask.get("filter"), str) or not rule.ask.get("members"):
                raise InvalidInput(f"mapping: {rule.name} has no ask.filter or ask.members", field="mapping")

    def check(self) -> Sequence[str]:
        return [f"{raw.name}: {sum(len(page) for page in self.read(raw.name, ''))} groups" for raw in self.lists()]

    def lists(self) -> Sequence[RawList]:
        return [RawList(rule.name, rule.gives(), (rule.source_class,), ordered=False) for rule in self.rules.lists.values()]

    def fingerprint(self) -> str:
        return f"{self.directory.location} {self.base} {self.rules.text}"

    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        rule = self.rules.lists[name]
        attributes = sorted({*fields_of(rule), *rule.ask["members"], "owner", "managedBy"} - MADE)
        for page in self.directory.entries(self.base, rule.ask["filter"], attributes):
            yield [self._row(rule, dn, values) for dn, values in page]

    def total(self, name: str, after: str, upto: str) -> int | None:
        """Returns the number of a second read, without attributes: a read that ended too early does not end twice at the same
        place."""
        return sum(
            len(page) for page in self.directory.entries(self.base, self.rules.lists[name].ask["filter"], [NOTHING], COUNTED)
        )

    def _row(self, rule: ListRule, dn: str, values: Mapping[str, Sequence[bytes]]) -> Row:
        held = {name.casefold(): list(several) for name, several in values.items()}
        key = _identity(rule.key, held.get(rule.key.casefold(), []))
        if not key:
            raise SourceFailed(f"{dn} has no {rule.key}: may the account read it? (mapping: key is what never changes)")
        members = {one for word in rule.ask["members"] for one in held.get(word.casefold(), [])}
        members -= {b"", dn.encode()}  # a group must have a member, so an empty one names itself or nobody
        owner = next(iter([*held.get("owner", []), *held.get("managedby", [])]), b"")
        body = {"members": str(len(members)), "dn": dn, "owner_name": first_name(_text(owner))}
        texts = {name: _text(held[name.casefold()][0]) for name in fields_of(rule) if held.get(name.casefold())}
        return key, "", {name: text for name, text in {**texts, **body, rule.key: key}.items() if text}

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        return map_row(self.rules, self.rules.lists[name], body, f"{name} {body.get('dn', key)}")


def _identity(name: str, values: Sequence[bytes]) -> str:
    """Returns an entry's identity: entryUUID is text; Active Directory's objectGUID is 16 bytes, the first three parts
    little-endian."""
    if not values:
        return ""
    if name.casefold() == "objectguid" and len(values[0]) == 16:
        return str(uuid.UUID(bytes_le=values[0]))
    return _text(values[0])


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace").replace("\x00", "").strip()


def first_name(dn: str) -> str:
    """Returns the first part of a DN as a name; OpenLDAP writes a comma in it as \\2C (RFC 4514).

    >>> first_name("cn=Muster\\\\2C Anna,ou=people,dc=example,dc=com"), first_name("cn=A\\\\, B,dc=x"), first_name("")
    ('Muster, Anna', 'A, B', '')
    """
    match = FIRST.match(dn.encode())
    return (
        _text(ESCAPED.sub(lambda part: bytes.fromhex(part[1].decode()) if len(part[1]) == 2 else part[1], match[1]))
        if match
        else ""
    )
