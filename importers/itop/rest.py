"""iTop's REST/JSON: one address, the operation in the form field json_data, errors as `code` inside a 200."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from app.domain.errors import NotAllowed, SourceFailed
from importers.http.client import Client

PATH, VERSION = "webservices/rest.php", "1.3"
NO_CLASS = ("valid class", "unknown class")
NOBODY = ("login", "web services", "auth_user", "auth_pwd")
WIDEST = 1 << 48


@dataclass(frozen=True, slots=True)
class ItopObject:
    """One object: its final class, its id, and the fields that were requested."""

    final_class: str
    number: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """All objects with after < id <= upto, by rising id."""

    after: int
    upto: int
    objects: list[ItopObject]


@dataclass(slots=True)
class Rest:
    """The calls. `answered_at`: the server's clock at its last answer, where it gives one."""

    client: Client
    answered_at: datetime | None = None

    def ask(self, **operation: Any) -> Mapping[str, Any]:
        form = {"json_data": json.dumps(operation)}
        answer = self.client.request("POST", PATH, parameters={"version": VERSION}, form=form, repeatable=True)
        self.answered_at = _clock(answer.headers.get("date", ""))
        body = answer.json()
        if not isinstance(body, dict) or "code" not in body:
            raise SourceFailed(f"{answer.where} gave no answer of iTop's REST service: code is missing")
        if str(body["code"]) != "0":
            raise _failure(answer.where, str(body["code"]), str(body.get("message") or ""))
        return body

    def get(self, name: str, where: str, fields: str, limit: int = 0) -> tuple[list[ItopObject], int]:
        """Returns objects of a class by rising id, at most `limit` (0: all), and how many there are in all."""
        pages = {"limit": limit, "page": 1} if limit else {}
        key = f"SELECT {name} WHERE {where}" if where else f"SELECT {name}"
        body = self.ask(operation="core/get", **{"class": name}, key=key, output_fields=fields, **pages)
        number = re.match(r"Found: (\d+)", str(body.get("message") or ""))
        if number is None:
            raise SourceFailed(f"iTop does not say how many objects of {name} there are: {body.get('message')!r}")
        objects = [_object(name, one) for one in (body.get("objects") or {}).values()]
        total = int(number[1])
        if len(objects) != total and (not limit or len(objects) < min(total, limit)):
            raise SourceFailed(f"iTop gave {len(objects)} of {total} objects of {name}")
        return sorted(objects, key=lambda one: one.number), total

    def count(self, name: str, where: str) -> int:
        return self.get(name, where, "id", 1)[1]

    def windows(self, name: str, fields: str, size: int, also: str = "") -> Iterator[Window]:
        """Yields a class in ranges of ids of at most `size` objects each: the order of an answer is not guaranteed, so a page
        cannot be trusted to hold the lowest ids."""
        last, width = 0, size
        while width < WIDEST:
            objects, total = self.get(name, _both(f"id > {last} AND id <= {last + width}", also), fields, size)
            if total > size and width > 1:
                width = max(1, width // 2)
                continue
            wrong = next((one.number for one in objects if not last < one.number <= last + width), None)
            if wrong is not None:
                raise SourceFailed(f"iTop ignores the bounds of ids: it gave {name} {wrong}")
            if objects:
                yield Window(last, last + width, objects)
            elif not self.count(name, _both(f"id > {last}", also)):
                return
            last += width
            width = width * 4 if not objects else width * 2 if total < size // 2 else width
        raise SourceFailed(f"iTop says there is more of {name} and gives nothing")

    def impacts(self, name: str, window: Window) -> list[tuple[str, str]]:
        """Returns what the objects of a window impact, one step down: (left, right) as class::id; the right depends on the
        left."""
        key = f"SELECT {name} WHERE id > {window.after} AND id <= {window.upto}"
        body = self.ask(
            operation="core/get_related",
            **{"class": name},
            key=key,
            relation="impacts",
            direction="down",
            depth=1,
            redundancy=False,
        )
        scope = re.match(r"Scope: (\d+)", str(body.get("message") or ""))
        if scope is None or int(scope[1]) != len(window.objects):
            shown = scope[1] if scope else "no number"
            raise SourceFailed(f"iTop looked for impacts of {shown} objects of {name}, {len(window.objects)} expected")
        relations = body.get("relations") or {}
        if not isinstance(relations, dict):
            raise SourceFailed("iTop gave relations that are no object")
        return [(left, str(end["key"])) for left, ends in relations.items() for end in ends]


def _both(where: str, also: str) -> str:
    return f"{where} AND {also}" if also else where


def _object(name: str, one: Any) -> ItopObject:
    try:
        return ItopObject(str(one["class"]), int(one["key"]), one["fields"])
    except (KeyError, TypeError, ValueError):
        raise SourceFailed(f"iTop gave an object of {name} without class, key or fields") from None


def _failure(where: str, code: str, message: str) -> SourceFailed | NotAllowed:
    text = f"{where} answered code {code}: {message[:300]}"
    if code in ("1", "5", "6"):
        nobody = code != "1" or any(word in message.casefold() for word in NOBODY)
        return NotAllowed(text, answered=401 if nobody else 403)
    return SourceFailed(text, answered=404 if any(word in message.casefold() for word in NO_CLASS) else 200)


def _clock(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None
