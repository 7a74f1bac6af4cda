"""GLPI's REST API (apirest.php): sessions, ranges of items, search options by table and field."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from app.domain.errors import ForestayError, SourceFailed
from importers.http.client import Answer, Client
from importers.http.sign_in import Call, Session

TRIES = 3  # how often a list is read at most that changes while it is read
PARTS = re.compile(r"(\d+)-(\d+)/(\d+)")


def session_of(authorization: str, app_token: str) -> Session:
    """Returns the session. `authorization`: the header's value, `user_token ...` or Basic."""
    app = {"App-Token": app_token} if app_token else {}

    def opened(call: Call) -> Mapping[str, str]:
        answer = call("GET", "apirest.php/initSession", headers={"Authorization": authorization, **app})
        body = answer.json()
        if not isinstance(body, dict) or not body.get("session_token"):
            raise SourceFailed(f"{answer.where} gave no session_token")
        return {"Session-Token": str(body["session_token"]), **app}

    return Session(opened, [word for word in (*authorization.split(), app_token) if word and word != "user_token"])


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass(slots=True)
class Rest:
    client: Client
    page_size: int = 500
    _options: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def get(self, path: str, **parameters: Any) -> Answer | None:
        """Returns the answer; None where the range lies beyond the total."""
        answer = self.client.request("GET", f"apirest.php/{path}", parameters=parameters, accept=(400,))
        if answer.status != 400:
            return answer
        if "ERROR_RANGE_EXCEED_TOTAL" in answer.message():
            return None
        raise answer.failure()

    def total(self, itemtype: str) -> int:
        answer = self.get(f"{itemtype}/", range="0-0", **_plain())
        if answer is None:
            return 0
        return _total(answer, len(_items(answer)))

    def items(self, itemtype: str) -> dict[int, Mapping[str, Any]]:
        """Returns all items by id. Ranges count from the beginning, so a list that changes while it is read is read again."""
        rows: dict[int, Mapping[str, Any]] = {}
        total = 0
        for _ in range(TRIES):
            rows, total = self._once(itemtype)
            if len(rows) == total:
                return dict(sorted(rows.items()))
        raise SourceFailed(f"GLPI gave {len(rows)} of {total} items of {itemtype}")

    def _once(self, itemtype: str) -> tuple[dict[int, Mapping[str, Any]], int]:
        rows: dict[int, Mapping[str, Any]] = {}
        start = total = 0
        while True:
            answer = self.get(f"{itemtype}/", range=f"{start}-{start + self.page_size - 1}", sort=1, order="ASC", **_plain())
            page = _items(answer) if answer else []
            for row in page:
                rows[_id(itemtype, row)] = row
            start += len(page)
            total = _total(answer, start) if answer and (page or answer.headers.get("content-range")) else total
            if not page or start >= total:
                return rows, total

    def item(self, itemtype: str, number: int) -> Mapping[str, Any] | None:
        try:
            answer = self.client.request("GET", f"apirest.php/{itemtype}/{number}", parameters=_plain())
        except SourceFailed as error:
            if error.details.get("answered") == 404:
                return None
            raise
        body = answer.json()
        if not isinstance(body, dict):
            raise SourceFailed(f"{answer.where} gave no item")
        return body

    def option(self, itemtype: str, table: str, name: str) -> int | None:
        """Returns the number of a search option of an item's own field; None where there is none."""
        if itemtype not in self._options:
            answer = self.get(f"listSearchOptions/{itemtype}")
            body = answer.json() if answer else {}
            self._options[itemtype] = body if isinstance(body, dict) else {}
        for number, option in self._options[itemtype].items():
            if isinstance(option, dict) and number.isdigit() and (option.get("table"), option.get("field")) == (table, name):
                return int(number)
        return None

    def newest(self, itemtype: str, table: str) -> str:
        """Returns the latest date_mod, in the server's local time; "" where there is none."""
        dated = self.option(itemtype, table, "date_mod")
        answer = self.get(f"{itemtype}/", range="0-0", sort=dated, order="DESC", **_plain()) if dated else None
        rows = _items(answer) if answer else []
        return str(rows[0].get("date_mod") or "") if rows else ""

    def changed(self, itemtype: str, table: str, since: str) -> Iterator[int]:
        """Returns the ids of items that changed after a time, those in the dustbin too."""
        dated, key = self.option(itemtype, table, "date_mod"), self.option(itemtype, table, "id")
        if dated is None or key is None:
            raise SourceFailed(f"GLPI has no search option for date_mod and id of {itemtype}")
        numbers: set[int] = set()
        for deleted in (0, 1):
            numbers.update(self._searched(itemtype, dated, key, since, deleted))
        yield from sorted(numbers)

    def _searched(self, itemtype: str, dated: int, key: int, since: str, deleted: int) -> Iterator[int]:
        criteria = {"criteria[0][field]": dated, "criteria[0][searchtype]": "morethan", "criteria[0][value]": since,
                 "forcedisplay[0]": key, "is_deleted": deleted}  # fmt: skip
        start = 0
        while True:
            answer = self.get(f"search/{itemtype}", range=f"{start}-{start + self.page_size - 1}", **criteria)
            if answer is None:
                return
            body = answer.json()
            if not isinstance(body, dict) or "totalcount" not in body:
                raise SourceFailed(f"{answer.where} gave no totalcount")
            rows = body.get("data") or []
            page = list(rows.values()) if isinstance(rows, dict) else rows
            for row in page:
                yield int(row[str(key)])
            start += len(page)
            if start >= int(body["totalcount"]):
                return
            if not page:
                raise SourceFailed(f"{answer.where} gave {start} of {body['totalcount']} changed items")

    def close(self) -> None:
        """Ends the session; where the server cannot be reached, it ends the session by itself."""
        sign_in = self.client.sign_in
        if isinstance(sign_in, Session) and sign_in.opened():
            with suppress(ForestayError):
                self.client.bare("GET", "apirest.php/killSession", headers=sign_in.headers(self.client.bare), repeatable=False)
            sign_in.forget()


def _plain() -> dict[str, str]:
    return {"expand_dropdowns": "false", "get_hateoas": "false"}


def _items(answer: Answer) -> Sequence[Mapping[str, Any]]:
    body = answer.json()
    if not isinstance(body, list) or any(not isinstance(row, dict) for row in body):
        raise SourceFailed(f"{answer.where} gave no list of items")
    return body


def _id(itemtype: str, row: Mapping[str, Any]) -> int:
    try:
        return int(row["id"])
    except (KeyError, TypeError, ValueError):
        raise SourceFailed(f"GLPI gave an item of {itemtype} without id") from None


def _total(answer: Answer, seen: int) -> int:
    """Returns the total that Content-Range gives; an answer without it is everything."""
    parts = PARTS.search(answer.headers.get("content-range", ""))
    if parts:
        return int(parts[3])
    if answer.status == 206:
        raise SourceFailed(f"{answer.where} gave a part without Content-Range")
    return seen
