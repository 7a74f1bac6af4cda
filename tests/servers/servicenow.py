"""A strict ServiceNow for tests: the Table API as documented, with its traps. Written from the wire format, not from the
importer.

* `sysparm_display_value` false | true | all give three value shapes; everything is a text; an empty reference is "".
* An invalid part of a query is ignored and the rest runs; column names are case-sensitive.
* The limit is applied before access rules (`hidden`), so pages can be short or empty although more rows follow; X-Total-Count
  counts all.
* Basic, OAuth (tokens that end after `token_lasts` requests) and x-sn-apikey; 401, 403, 404 with the documented bodies.
* 429 with Retry-After in seconds or as a date; an error inside a 200.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any

from werkzeug import Request, Response

USER, PASSWORD, KEY, CLIENT = "forestay", "s3cret pass", "now_k3y", ("client-1", "client s3cret")
USER_ZONE = timedelta(hours=1)  # display values of times are in the user's zone
Condition = tuple[str, str, str]


class Table:
    """Rows by sys_id; every field is a text; a reference is (sys_id, shown name) and a time ("time", UTC text)."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self.rows = {str(row["sys_id"]): dict(row) for row in rows}
        self.fields = {"sys_id", "sys_updated_on", "sys_class_name", "name"} | {
            name for row in self.rows.values() for name in row
        }

    def select(self, conditions: Sequence[Condition], order: str, offset: int, limit: int) -> tuple[list[Mapping[str, Any]], int]:
        """Rows of one page and how many there are in all."""
        found = [row for row in self.rows.values() if all(holds(row, *condition) for condition in conditions)]
        name, falling = order.removeprefix("-") or "sys_id", order.startswith("-")
        found.sort(key=lambda row: (plain(row.get(name, "")), row["sys_id"]), reverse=falling)
        return found[offset : offset + limit], len(found)


def plain(value: Any) -> str:
    if isinstance(value, tuple):
        return str(value[1] if value[0] == "time" else value[0])
    return str(value)


def holds(row: Mapping[str, Any], name: str, sign: str, word: str) -> bool:
    value = plain(row.get(name, ""))
    return {
        "=": value == word, "!=": value != word, ">=": value >= word, "<=": value <= word, ">": value > word, "<": value < word,
        "LIKE": word.casefold() in value.casefold(), "STARTSWITH": value.startswith(word), "IN": value in word.split(","),
    }[sign]  # fmt: skip


class NumberedTable(Table):
    """Millions of rows made by number: sys_id is the number in 32 hex digits. Changed ones are kept, gone ones are listed.
    `stamp`: of all rows that were not changed, but for the first, which is newer."""

    def __init__(self, count: int, make: Callable[[int], Mapping[str, Any]], fields: Iterable[str], stamp: str) -> None:
        super().__init__(())
        self.count, self.make, self.stamp = count, make, stamp
        self.fields |= set(fields)
        self.changed: dict[int, dict[str, Any]] = {}
        self.gone: list[int] = []

    def change(self, number: int, **values: Any) -> None:
        self.changed[number] = {**self.make(number), **values}

    def drop(self, number: int) -> None:
        if number not in self.gone:
            self.gone.insert(bisect_right(self.gone, number), number)

    def row(self, number: int) -> Mapping[str, Any]:
        return self.changed.get(number) or self.make(number)

    def select(self, conditions: Sequence[Condition], order: str, offset: int, limit: int) -> tuple[list[Mapping[str, Any]], int]:
        first, last, since = 0, self.count, ""
        for name, sign, word in conditions:
            if (name, sign) == ("sys_id", ">"):
                first = int(word, 16) + 1
            elif (name, sign) == ("sys_id", "<="):
                last = min(last, int(word, 16) + 1)
            elif (name, sign) == ("sys_updated_on", ">="):
                since = word
            elif sign != "!=":
                raise NotImplementedError(f"{name}{sign} on generated rows")
        if order.startswith("-") or since > self.stamp:
            gone = set(self.gone)
            numbers = [n for n in sorted({0, *self.changed}) if first <= n < last and n not in gone]
            numbers = [n for n in numbers if plain(self.row(n)["sys_updated_on"]) >= since]
            if order.startswith("-"):
                numbers.sort(key=lambda n: plain(self.row(n)["sys_updated_on"]), reverse=True)
            return [self.row(n) for n in numbers[offset : offset + limit]], len(numbers)
        gone_before = bisect_right(self.gone, first - 1)
        total = max(0, last - first) - (bisect_right(self.gone, last - 1) - gone_before)
        rows, number, skip, gone = [], first, offset, set(self.gone)
        while number < last and len(rows) < limit:
            if number not in gone:
                if skip:
                    skip -= 1
                else:
                    rows.append(self.row(number))
            number += 1
        return rows, total


@dataclass
class ServiceNowStub:
    """`tables`: by name. `hidden`: sys_ids that access rules hide. `forbidden`: tables that answer 403. `busy`: answers 429 to
    the next so many requests. `error_inside`: tables that answer 200 with a cut result and an error. `asked`: every request for a
    table."""

    tables: dict[str, Table]
    hidden: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    error_inside: set[str] = field(default_factory=set)
    busy: int = 0
    busy_by_date: bool = False
    token_lasts: int = 1_000_000
    v1: bool = False
    shape: str = ""  # an instance that gives this shape whatever was asked
    ignores_filters: bool = False
    asked: list[Request] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)
    grants: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        if request.path == "/oauth_token.do" and request.method == "POST":
            return self._token(request)
        if refusal := self._refusal(request):
            return refusal
        if request.headers.get("Accept") != "application/json":
            return failure(400, "Invalid Accept header", "")
        prefix = "/api/now/table/"
        if not request.path.startswith(prefix):
            return failure(404, "Requested URI does not represent any resource", request.path)
        if self.busy:
            self.busy -= 1
            return self._too_many()
        self.asked.append(request)
        name = request.path.removeprefix(prefix)
        if name not in self.tables:
            return failure(400, f"Invalid table {name}", "")
        if name in self.forbidden:
            return failure(403, "User Not Authorized", "Failed API level ACL Validation")
        return self.page(request, name)

    # --- signing in
    def _token(self, request: Request) -> Response:
        form, known = request.form, (request.form.get("client_id"), request.form.get("client_secret")) == CLIENT
        grant = form.get("grant_type", "")
        right = {
            "password": (form.get("username"), form.get("password")) == (USER, PASSWORD),
            "client_credentials": True,
            "refresh_token": form.get("refresh_token") == "refresh-1",
        }.get(grant, False)
        if not known or not right:
            return Response('{"error_description":"access_denied","error":"server_error"}', 401, content_type="application/json")
        self.grants.append(grant)
        token = f"token-{len(self.grants)}"
        self.tokens[token] = self.token_lasts
        body = {
            "access_token": token,
            "refresh_token": "refresh-1",
            "scope": "useraccount",
            "token_type": "Bearer",
            "expires_in": 1799,
        }
        return Response(json.dumps(body), content_type="application/json")

    def _refusal(self, request: Request) -> Response | None:
        given = request.headers.get("Authorization", "")
        if given.startswith("Bearer "):
            token = given.removeprefix("Bearer ")
            if self.tokens.get(token, 0) > 0:
                self.tokens[token] -= 1
                return None
        elif (
            request.authorization and (request.authorization.username, request.authorization.password) == (USER, PASSWORD)
        ) or request.headers.get("x-sn-apikey") == KEY:
            return None
        return failure(401, "User Not Authenticated", "Required to provide Auth information")

    def _too_many(self) -> Response:
        answer = failure(429, "Rate limit exceeded", "Rate limit of 100 requests per hour for Table API exceeded")
        answer.headers["Retry-After"] = formatdate(time.time() + 2, usegmt=True) if self.busy_by_date else "1"
        answer.headers["X-RateLimit-Limit"] = "100"
        answer.headers["X-RateLimit-Reset"] = str(int(time.time()) + 60)
        return answer

    # --- rows
    def page(self, request: Request, name: str) -> Response:
        table, arguments = self.tables[name], request.args
        conditions, order = parsed(arguments.get("sysparm_query", ""), table.fields)
        if self.ignores_filters:
            conditions = [row for row in conditions if row[0] != "sys_updated_on"]
        limit, offset = int(arguments.get("sysparm_limit", 10_000)), int(arguments.get("sysparm_offset", 0))
        rows, total = table.select(conditions, order, offset, limit)
        if not total and self.v1:
            return failure(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
        rows = [row for row in rows if row["sys_id"] not in self.hidden] if self.hidden else rows
        names = [part for part in arguments.get("sysparm_fields", "").split(",") if part]
        bare = arguments.get("sysparm_exclude_reference_link") == "true"
        shape = self.shape or arguments.get("sysparm_display_value", "false")
        body: dict[str, Any] = {"result": [shaped(row, names or sorted(row), shape, bare, name) for row in rows]}
        if name in self.error_inside and len(rows) > 1:
            body["result"] = body["result"][: len(rows) // 2]
            body["error"] = {"message": "Transaction cancelled: maximum execution time exceeded", "detail": None}
        answer = Response(json.dumps(body), content_type="application/json;charset=UTF-8")
        answer.headers["X-Total-Count"] = str(total)
        if offset + limit < total:
            answer.headers["Link"] = f'<{request.base_url}?sysparm_offset={offset + limit}&sysparm_limit={limit}>;rel="next"'
        return answer


def parsed(query: str, fields: set[str]) -> tuple[list[Condition], str]:
    """Conditions and order ("-name" falling); what is no valid part is ignored."""
    conditions, order = [], ""
    for part in query.split("^"):
        if part.startswith("ORDERBYDESC"):
            order = f"-{part.removeprefix('ORDERBYDESC')}" if part.removeprefix("ORDERBYDESC") in fields else order
        elif part.startswith("ORDERBY"):
            order = part.removeprefix("ORDERBY") if part.removeprefix("ORDERBY") in fields else order
        else:
            for sign in ("!=", ">=", "<=", "STARTSWITH", "LIKE", "IN", "=", ">", "<"):
                name, found, word = part.partition(sign)
                if found and name in fields:
                    conditions.append((name, sign, word))
                    break
    return conditions, order


def shaped(row: Mapping[str, Any], names: Sequence[str], shape: str, bare: bool, table: str) -> dict[str, Any]:
    """One row in the shape asked for."""
    found: dict[str, Any] = {}
    for name in names:
        value = row.get(name, "")
        if isinstance(value, tuple) and value[0] == "time":
            text, shown, link = value[1], local(value[1]), ""
        elif isinstance(value, tuple):
            text, shown, link = value[0], value[1], f"https://example.service-now.com/api/now/table/{table}_{name}/{value[0]}"
        else:
            text = shown = str(value)
            link = ""
        if shape == "all":
            found[name] = {"display_value": shown, "value": text, **({"link": link} if link and not bare else {})}
        elif not link or not text:
            found[name] = shown if shape == "true" else text
        elif shape == "true":
            found[name] = {"display_value": shown, "link": link} if not bare else shown
        else:
            found[name] = text if bare else {"link": link, "value": text}
    return found


def local(text: str) -> str:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) + USER_ZONE).strftime("%Y-%m-%d %H:%M:%S") if text else ""


def failure(status: int, message: str, detail: str) -> Response:
    body = {"error": {"message": message, "detail": detail}, "status": "failure"}
    return Response(json.dumps(body), status, content_type="application/json;charset=UTF-8")
