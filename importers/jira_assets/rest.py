"""Jira Assets over REST, of Cloud and of Data Center: objects by AQL, and what their attributes are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from app.domain.errors import SourceFailed
from importers.http.client import Client

TRIES = 3  # times a list is read that changes meanwhile
DISCOVER = "rest/servicedeskapi/assets/workspace"


def text(value: str) -> str:
    """Returns a text quoted for AQL.

    >>> text('Server "A"')
    '"Server \\\\"A\\\\""'
    """
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True)
class Page:
    """One page: objects, and whether it is the last."""

    rows: list[Mapping[str, Any]]
    last: bool


class Api(Protocol):
    client: Client

    def page(self, aql: str, start: int, size: int) -> Page:
        """Returns objects from position `start` on (from 0)."""
        ...

    def total(self, aql: str) -> int: ...

    def attributes(self, object_type: str) -> list[Mapping[str, Any]]: ...


@dataclass(slots=True)
class Cloud:
    """The API of Cloud. `site`: the client of the site, which names its workspace; `client`: that of the API's host."""

    client: Client
    site: Client
    workspace: str = ""
    prefix: str = "jsm/assets/workspace"

    def _path(self, path: str) -> str:
        if not self.workspace:
            answer = self.site.request("GET", DISCOVER)
            body = answer.json()
            values = body.get("values") if isinstance(body, dict) else None
            if not isinstance(values, list) or not values or not isinstance(values[0].get("workspaceId"), str):
                raise SourceFailed(f"{answer.where} names no workspace of Assets")
            self.workspace = values[0]["workspaceId"]
        return f"{self.prefix}/{quote(self.workspace, safe='')}/v1/{path}"

    def page(self, aql: str, start: int, size: int) -> Page:
        parameters = {"startAt": start, "maxResults": size, "includeAttributes": "true"}
        path = self._path("object/aql")
        answer = self.client.request("POST", path, parameters=parameters, json={"qlQuery": aql}, repeatable=True)
        body = answer.json()
        rows = _objects(answer.where, body, "values")
        return Page(rows, body.get("isLast") is True or not rows)

    def total(self, aql: str) -> int:
        answer = self.client.request("POST", self._path("object/aql/totalcount"), json={"qlQuery": aql}, repeatable=True)
        return _number(answer.where, answer.json(), "totalCount")

    def attributes(self, object_type: str) -> list[Mapping[str, Any]]:
        return _list(self.client, self._path(f"objecttype/{quote(object_type, safe='')}/attributes"))


@dataclass(slots=True)
class DataCenter:
    client: Client

    def page(self, aql: str, start: int, size: int) -> Page:
        """Returns a page. Cloud numbers its pages; a page that begins elsewhere is cut out of two."""
        number, skip = divmod(start, size)
        parameters = {"qlQuery": aql, "page": number + 1, "resultPerPage": size, "includeAttributes": "true"}
        answer = self.client.request("GET", "rest/assets/1.0/aql/objects", parameters=parameters)
        body = answer.json()
        rows = _objects(answer.where, body, "objectEntries")
        return Page(
            rows[skip:], len(rows) <= skip or number * size + len(rows) >= _number(answer.where, body, "totalFilterCount")
        )

    def total(self, aql: str) -> int:
        parameters = {"qlQuery": aql, "page": 1, "resultPerPage": 1, "includeAttributes": "false"}
        answer = self.client.request("GET", "rest/assets/1.0/aql/objects", parameters=parameters)
        return _number(answer.where, answer.json(), "totalFilterCount")

    def attributes(self, object_type: str) -> list[Mapping[str, Any]]:
        return _list(self.client, f"rest/assets/1.0/objecttype/{quote(object_type, safe='')}/attributes")


@dataclass(slots=True)
class Rest:
    api: Api
    page_size: int = 50
    _attributes: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)

    def objects(self, aql: str) -> dict[int, Mapping[str, Any]]:
        """Returns all objects by id. Pages count from the beginning, so a list that changes while it is read is read again."""
        rows: dict[int, Mapping[str, Any]] = {}
        total = 0
        for _ in range(TRIES):
            rows = self._once(aql)
            if len(rows) == (total := self.api.total(aql)):
                return dict(sorted(rows.items()))
        raise SourceFailed(f"Jira Assets gave {len(rows)} of {total} objects for {aql}")

    def _once(self, aql: str) -> dict[int, Mapping[str, Any]]:
        rows: dict[int, Mapping[str, Any]] = {}
        start, answer = 0, Page([], False)
        while not answer.last:
            answer = self.api.page(f"{aql} ORDER BY Key ASC", start, self.page_size)
            rows |= {_id(row): row for row in answer.rows}
            start += len(answer.rows)
        return rows

    def newest(self, aql: str) -> Mapping[str, Any]:
        rows = self.api.page(f"{aql} ORDER BY Updated DESC", 0, 1).rows
        return rows[0] if rows else {}

    def names(self, object_type: str) -> dict[str, tuple[str, str]]:
        """Returns, by the id of an attribute of a type, its name and what kind of reference it is ("" where it is none)."""
        if object_type not in self._attributes:
            names: dict[str, tuple[str, str]] = {}
            for one in self.api.attributes(object_type):
                kind = one.get("referenceType")
                names[str(one.get("id"))] = (
                    str(one.get("name") or ""),
                    str(kind.get("name") or "") if isinstance(kind, dict) else "",
                )
            self._attributes[object_type] = names
        return self._attributes[object_type]

    def forget(self) -> None:
        """Drops the names of attributes: they may differ in the next run."""
        self._attributes.clear()


def _list(client: Client, path: str) -> list[Mapping[str, Any]]:
    answer = client.request("GET", path)
    body = answer.json()
    if not isinstance(body, list) or any(not isinstance(one, dict) for one in body):
        raise SourceFailed(f"{answer.where} gave no list of attributes")
    return body


def _objects(where: str, body: Any, name: str) -> list[Mapping[str, Any]]:
    rows = body.get(name) if isinstance(body, dict) else None
    if not isinstance(rows, list) or any(not isinstance(row, dict) for row in rows):
        raise SourceFailed(f"{where} gave no {name}")
    return rows


def _number(where: str, body: Any, name: str) -> int:
    number = body.get(name) if isinstance(body, dict) else None
    if not isinstance(number, int):
        raise SourceFailed(f"{where} gave no {name}")
    return number


def _id(row: Mapping[str, Any]) -> int:
    try:
        return int(row["id"])
    except (KeyError, TypeError, ValueError):
        raise SourceFailed("Jira Assets gave an object without id") from None
