"""Keyset paging: a cursor is bound to the revision (and question) it was made for, and says where the next page starts."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from app.domain.errors import InvalidInput

DEFAULT_LIMIT, MAX_LIMIT = 100, 500


class Page(Protocol):
    """A page of an answer, with the cursor of the one after it."""

    @property
    def next(self) -> str | None: ...


P = TypeVar("P", bound=Page)


def encode(**parts: Any) -> str:
    raw = json.dumps(parts, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(cursor: str, *names: str) -> dict[str, Any]:
    """Returns the parts of a cursor. InvalidInput where it is not one of ours, or not for this list."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise InvalidInput("after: not a cursor of this service; take it from the `next` of a page") from None
    if not isinstance(parts, dict) or set(parts) != set(names):
        raise InvalidInput("after: a cursor of another list")
    if not all(_possible(name, value) for name, value in parts.items()):
        raise InvalidInput("after: not a cursor of this service; take it from the `next` of a page")
    return parts


def _possible(name: str, value: Any) -> bool:
    """Whether a part of a cursor can be ours. Cursors come back from outside and may hold anything."""
    if name in ("kind", "name", "service", "cis", "asked", "before", "key"):
        return isinstance(value, str)
    if name == "locations":
        return value is None or isinstance(value, bool)
    return type(value) is int and 0 <= value < 2**62


def with_next(page: Any, cursor: str | None) -> Any:
    """Returns the same page with the cursor of the next one."""
    return replace(page, next=cursor)


def pages(ask: Callable[[str | None], P]) -> Iterator[P]:
    """Yields the pages of an answer from the first to the last, each asked for when it is read."""
    page = ask(None)
    yield page
    while page.next is not None:
        page = ask(page.next)
        yield page
