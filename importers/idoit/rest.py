"""i-doit's JSON-RPC: one address, errors inside a 200, single calls and batches, lists of objects by type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.domain.errors import ForestayError, NotAllowed, SourceFailed
from importers.http.client import Answer, Client
from importers.http.sign_in import Call, Session

PATH = "src/jsonrpc.php"
TRIES = 3  # times a list is read that changes meanwhile
NOBODY = re.compile(r"log ?in|authenti|credential|api.?key|session", re.IGNORECASE)
NO_RIGHT = re.compile(r"permission|not allowed|denied|no right", re.IGNORECASE)
NOT_THERE = re.compile(r"not found|unknown|does not exist|invalid (object type|category)", re.IGNORECASE)


def session_of(user: str, password: str, api_key: str) -> Session:
    def opened(call: Call) -> Mapping[str, str]:
        headers = {"X-RPC-Auth-Username": user, "X-RPC-Auth-Password": password}
        answer = call("POST", PATH, json=_question("idoit.login", {"apikey": api_key}), headers=headers)
        result = _result(answer, answer.json())
        number = result.get("session-id") if isinstance(result, dict) else None
        if not number:
            raise SourceFailed(f"{answer.where} gave no session-id")
        return {"X-RPC-Auth-Session": str(number)}

    return Session(opened, [password, api_key])


@dataclass(slots=True)
class Rest:
    """The calls. `page_size`: objects in one answer; `batch_size`: calls in one batch."""

    client: Client
    api_key: str
    page_size: int = 500
    batch_size: int = 100

    def ask(self, method: str, **parameters: Any) -> Any:
        question = _question(method, {**parameters, "apikey": self.api_key, "language": "en"})
        return self._signed_in(question, lambda answer, body: _result(answer, body))

    def batch(self, method: str, many: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
        """Yields the results of many calls, in their order."""
        for start in range(0, len(many), self.batch_size):
            part = many[start : start + self.batch_size]
            questions = [
                _question(method, {**one, "apikey": self.api_key, "language": "en"}, number) for number, one in enumerate(part)
            ]
            yield from self._signed_in(questions, lambda answer, body, part=part: _results(answer, body, len(part)))

    def _signed_in(self, question: Any, read: Any) -> Any:
        """Yields the results of signed-in calls. That a session ended is said in a 200, so it is opened again here, once."""
        for last in (False, True):
            answer = self.client.request("POST", PATH, json=question, repeatable=True)
            try:
                return read(answer, answer.json())
            except NotAllowed as error:
                if last or error.details.get("answered") != 401 or not self.client.sign_in.renew(self.client.bare):
                    raise
        raise AssertionError

    def objects(self, object_type: str) -> dict[int, Mapping[str, Any]]:
        """Returns all objects of a type by id. A list that changes while it is read is read again."""
        for _ in range(TRIES):
            rows = self._once(object_type)
            if rows is not None:
                return rows
        raise SourceFailed(f"i-doit: the end of {object_type} was not reached, or its objects changed each time they were read")

    def _once(self, object_type: str) -> dict[int, Mapping[str, Any]] | None:
        """Returns the objects; None where the list moved, or ended before its highest id. Pages count from the beginning, so each
        begins with the last row of the one before: where it does not, rows went in between and others were passed over."""
        rows: dict[int, Mapping[str, Any]] = {}
        last = 0
        while True:
            page = self.page(object_type, max(len(rows) - 1, 0), self.page_size)
            if rows:
                if not page or _id(page[0]) != last:
                    return None
                page = page[1:]
            if not page:
                break
            for row in page:
                number = _id(row)
                if number <= last:
                    raise SourceFailed(f"i-doit ignores order_by id: {number} after {last} in {object_type}")
                rows[number] = row
                last = number
        highest = self.page(object_type, 0, 1, "DESC")
        return rows if (_id(highest[0]) if highest else 0) == last else None

    def page(self, object_type: str, start: int, count: int, order: str = "ASC") -> list[Mapping[str, Any]]:
        wanted = {"type": object_type, "status": "C__RECORD_STATUS__NORMAL"}
        rows = self.ask("cmdb.objects.read", filter=wanted, limit=f"{start},{count}", order_by="id", sort=order)
        if not isinstance(rows, list) or any(not isinstance(row, dict) for row in rows):
            raise SourceFailed(f"i-doit gave no list of objects of {object_type}")
        return rows

    def close(self) -> None:
        """Ends the session; where the server cannot be reached, it ends the session by itself."""
        sign_in = self.client.sign_in
        if isinstance(sign_in, Session) and sign_in.opened():
            with suppress(ForestayError):
                headers = sign_in.headers(self.client.bare)
                self.client.bare("POST", PATH, json=_question("idoit.logout", {"apikey": self.api_key}), headers=headers)
            sign_in.forget()


def _question(method: str, parameters: Mapping[str, Any], number: int = 1) -> dict[str, Any]:
    return {"version": "2.0", "method": method, "params": dict(parameters), "id": number}


def _results(answer: Answer, body: Any, expected: int) -> list[Any]:
    if not isinstance(body, list):
        _result(answer, body)  # one error for the whole batch
        raise SourceFailed(f"{answer.where} answered a batch with no list")
    by_number = {str(one.get("id")): one for one in body if isinstance(one, dict)}
    if len(by_number) != expected or any(str(number) not in by_number for number in range(expected)):
        raise SourceFailed(f"{answer.where} answered {len(by_number)} of {expected} questions of a batch")
    return [_result(answer, by_number[str(number)]) for number in range(expected)]


def _result(answer: Answer, body: Any) -> Any:
    if not isinstance(body, dict) or ("result" not in body and "error" not in body):
        raise SourceFailed(f"{answer.where} gave no answer of JSON-RPC")
    if not body.get("error"):
        return body.get("result")
    error = body["error"] if isinstance(body["error"], dict) else {"message": str(body["error"])}
    message = f"{error.get('message') or ''} {error.get('data') or ''}".strip()
    text = f"{answer.where} answered error {error.get('code')}: {message[:300]}"
    if NOBODY.search(message):
        raise NotAllowed(text, answered=401)
    if NO_RIGHT.search(message):
        raise NotAllowed(text, answered=403)
    raise SourceFailed(text, answered=404 if NOT_THERE.search(message) else 200)


def _id(row: Mapping[str, Any]) -> int:
    try:
        return int(row["id"])
    except (KeyError, TypeError, ValueError):
        raise SourceFailed("i-doit gave an object without id") from None
