"""The answer of a server: status, headers and body, and the message of an error in the forms that servers use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import ForestayError, InvalidInput, LimitExceeded, NotAllowed, SourceFailed
from app.domain.strict_json import strict_json
from importers.http.waiting import asked_seconds

MESSAGE_CHARACTERS = 300  # characters of a server's own message that are shown
WORDS = ("message", "msg", "detail", "error_description", "error_human", "title", "errorMessages", "errors", "error")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `where`: host and path; `headers`: names in small letters."""

    where: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Returns the body, where it is strict JSON; SourceFailed says what it is instead."""
        try:
            return strict_json(self.body, self.where)
        except LimitExceeded:
            raise
        except InvalidInput as error:
            kind = self.headers.get("content-type", "").partition(";")[0].strip() or "no type"
            if b"<html" in self.body[:2000].lower() or kind == "text/html":
                raise SourceFailed(
                    f"{self.where} answered {self.status} with a web page instead of JSON: a sign-in page?"
                ) from None
            raise SourceFailed(
                f"{self.where} answered {self.status} with {kind} that is not whole JSON: {error.message}"
            ) from None

    def number(self, header: str) -> int | None:
        """Returns a header that holds a whole number; None where it is not there or holds something else."""
        text = self.headers.get(header.lower(), "").strip()
        return int(text) if text.isascii() and text.isdigit() else None

    def retry_after(self) -> float | None:
        """Returns the seconds that the server asks to wait; None where it does not."""
        return asked_seconds(self.headers.get("retry-after", ""))

    def failure(self) -> ForestayError:
        """Returns the error of an unexpected answer, with the server's own message; its details give the status as `answered`."""
        message = self.message()
        tail = f": {message}" if message else ""
        if self.status in (401, 403):
            what = "refuses the sign-in" if self.status == 401 else "refuses access"
            return NotAllowed(f"{self.where} {what} ({self.status}){tail}", answered=self.status)
        if 300 <= self.status < 400:
            return SourceFailed(f"{self.where} answered {self.status}: a redirect, which is not followed", answered=self.status)
        return SourceFailed(f"{self.where} answered {self.status}{tail}", answered=self.status)

    def message(self) -> str:
        """Returns the server's own words in the answer: the message of an error body, or the text of a page without its
        markup."""
        try:
            return _words(strict_json(self.body, self.where))[:MESSAGE_CHARACTERS]
        except ForestayError:
            text = re.sub(rb"<(script|style).*?</\1>|<[^>]*>", b" ", self.body[:20_000], flags=re.DOTALL | re.IGNORECASE)
            return " ".join(text.decode("utf-8", "replace").split())[:MESSAGE_CHARACTERS]


def _words(body: Any, depth: int = 0) -> str:
    """Returns the message in an error body, of any vendor's form.

    >>> _words({"error": {"message": "User Not Authenticated", "detail": "Required to provide Auth information"}})
    'User Not Authenticated; Required to provide Auth information'
    >>> _words(["ERROR_SESSION_TOKEN_INVALID", "session_token seems invalid"])
    'ERROR_SESSION_TOKEN_INVALID; session_token seems invalid'
    """
    if isinstance(body, str | int | float):
        return str(body).strip()
    if depth > 3:
        return ""
    parts: list[Any] = []
    if isinstance(body, dict):
        parts = [body[word] for word in WORDS if body.get(word)]
        if not parts and depth:
            parts = list(body.values())
    elif isinstance(body, list):
        parts = body[:5]
    return "; ".join(dict.fromkeys(text for text in (_words(part, depth + 1) for part in parts) if text))
