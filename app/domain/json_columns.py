"""The columns of the ledger that hold JSON text, read and written in one place.

Only the indexes of the stores parse many texts at once themselves.

What is written is canonical, so equal values give equal texts. Absent text (None or "") reads as the empty value. The payload of
a source record has a module of its own, `payloads`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring as quoted
from typing import Any

from app.domain.payloads import canonical

Alias = tuple[str, str]  # kind and value
Curve = tuple[tuple[float, float], ...]  # points of hours and loss


def members_of(text: str | None) -> list[int]:
    """The ids of a group's members in the order given.

    >>> members_of("[3,1]"), members_of(None)
    ([3, 1], [])
    """
    members: list[int] = json.loads(text) if text else []
    return members


def members_text(members: Sequence[int]) -> str:
    return canonical(list(members))


def shares_of(text: str | None) -> list[float]:
    """The capacity shares of a group's members, in their order; empty where none were given."""
    shares: list[float] = json.loads(text) if text else []
    return shares


def shares_text(shares: Sequence[float]) -> str:
    return canonical(list(shares)) if shares else ""


def aliases_of(text: str | None) -> list[Alias]:
    """The aliases of a CI as (kind, value).

    >>> aliases_of('[["fqdn","a.example"]]'), aliases_of("")
    ([('fqdn', 'a.example')], [])
    """
    return [(kind, value) for kind, value in json.loads(text)] if text and text != "[]" else []


def aliases_of_all(texts: Iterable[str]) -> list[list[list[str]]]:
    """The aliases of many CIs, with one call of the parser.

    >>> aliases_of_all(['[["fqdn","a.example"]]', ""])
    [[['fqdn', 'a.example']], []]
    """
    return json.loads("[" + ",".join(text or "[]" for text in texts) + "]")  # type: ignore[no-any-return]


def aliases_text(aliases: Iterable[Alias]) -> str:
    """Sorted; put together by hand, as it is done for every CI of a sync.

    >>> aliases_text([("name", "b"), ("fqdn", "a.example")])
    '[["fqdn","a.example"],["name","b"]]'
    """
    return "[" + ",".join([f"[{quoted(kind)},{quoted(value)}]" for kind, value in sorted(aliases)]) + "]"


def aliases_of_kind(text: str | None, kind: str) -> list[str]:
    """The values of the aliases of one kind; texts without any are passed over unread."""
    return [value for other, value in aliases_of(text) if other == kind] if text and f'"{kind}"' in text else []


def has_alias_starting(text: str | None, kind: str, start: str) -> bool:
    """Whether a CI has an alias of this kind that begins so, without reading them all.

    >>> has_alias_starting('[["fqdn","a.example"]]', "fqdn", "a."), has_alias_starting(None, "fqdn", "a.")
    (True, False)
    """
    return f'["{kind}",{quoted(start)[:-1]}' in (text or "")


def attributes_of(text: str | None) -> dict[str, Any]:
    """Everything else that a source said of a CI."""
    attributes: dict[str, Any] = json.loads(text) if text else {}
    return attributes


def attributes_text(attributes: Mapping[str, Any]) -> str:
    return canonical(attributes) if attributes else ""


def impact_of(text: str | None) -> dict[str, Curve]:
    """The curves of loss of a service by category.

    >>> impact_of('{"safety":[[0,0],[4,10]]}')
    {'safety': ((0, 0), (4, 10))}
    """
    curves = json.loads(text) if text else {}
    return {category: tuple((hours, loss) for hours, loss in points) for category, points in curves.items()}


def impact_text(impact: Mapping[str, Iterable[Iterable[float]]]) -> str:
    return canonical({category: [list(point) for point in points] for category, points in impact.items()}) if impact else ""


def statement_of(text: str | None) -> dict[str, Any]:
    """What a source stated and could not be resolved, as a JSON object; empty where it cannot be resolved again."""
    statement: dict[str, Any] = json.loads(text) if text else {}
    return statement


def statement_text(statement: Mapping[str, Any]) -> str:
    return canonical(statement)
