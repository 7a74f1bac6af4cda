"""The part of an estate that a key sees: the CIs of one site, of one team, or everything that one service depends on."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors import InvalidInput

KINDS = ("site", "team", "service")


@dataclass(frozen=True, slots=True)
class Scope:
    """`value`: the name of the site or team, or any identity of the service.

    >>> scope_of("site=Frankfurt 2"), scope_of("site=Frankfurt 2").text()
    (Scope(kind='site', value='Frankfurt 2'), 'site=Frankfurt 2')
    """

    kind: str
    value: str

    def text(self) -> str:
        return f"{self.kind}={self.value}"


def scope_of(text: str) -> Scope:
    """Returns the scope that a text names; InvalidInput with the remedy where it names none."""
    kind, mark, value = text.partition("=")
    if not mark or kind.strip() not in KINDS or not value.strip():
        raise InvalidInput(f"scope {text!r}: write site=, team= or service= and a name", field="scope")
    return Scope(kind.strip(), value.strip())
