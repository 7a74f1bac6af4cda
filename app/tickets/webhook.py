"""Any receiver of webhooks, by Standard Webhooks: signed messages that tell what is asked of a ticket.

The id of a message is made of what it says, so that one that is sent again is known. Every secret of the setting signs, so that a
receiver may change from one to the next. A receiver that answers 410 gets nothing more.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from app.domain.concealed import conceal
from app.domain.errors import NotFound
from app.domain.tickets import TicketDraft
from app.ports.ticket_system import TicketRefused
from app.ports.ticket_systems import TicketSetting
from app.ports.web_client import Web, WebAnswer, WebClient
from app.tickets.connector import Asked
from app.tickets.one_way import OneWay, named
from app.tickets.options import CA_FILE, LINK, Options

PREFIX, SHORTEST, LONGEST = "whsec_", 24, 64
SETTINGS = (
    TicketSetting("url", "address that takes the messages", needed=True),
    TicketSetting(
        "secret_env",
        "variable (or VARIABLE_FILE) that holds the secret (whsec_ and base64 of 24 to 64 bytes); two, with a blank between "
        "them, while the receiver changes from one to the other",
        needed=True,
        secret=True,
    ),
    CA_FILE,
    LINK,
)


def open_system(options: Options, http: Web) -> Webhook:
    secrets = [_bytes(options, word) for word in http.secret(options.name, options.given, "secret_env").split()]
    return Webhook(options, http.client(options.name, options.given, headers={}), secrets)


def _bytes(options: Options, word: str) -> bytes:
    try:
        raw = base64.b64decode(conceal(word).removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not word.startswith(PREFIX) or not SHORTEST <= len(raw) <= LONGEST:
        raise options.bad("secret_env", "holds whsec_ and the base64 of 24 to 64 bytes")
    conceal(word.removeprefix(PREFIX))
    return raw


def signed(secrets: Sequence[bytes], message: str, stamp: int, body: bytes) -> str:
    """Returns the header webhook-signature: one signature by each secret."""
    text = f"{message}.{stamp}.".encode() + body
    return " ".join(f"v1,{base64.b64encode(hmac.new(one, text, hashlib.sha256).digest()).decode()}" for one in secrets)


class Webhook(OneWay):
    kind = "webhook"
    limit = 60_000

    def __init__(self, options: Options, web: Any, secrets: Sequence[bytes], clock: Callable[[], float] = time.time) -> None:
        super().__init__(options, web)
        self._secrets, self._clock, self.gone = secrets, clock, False

    def check(self) -> str:
        return f"a receiver of webhooks; messages are signed by {len(self._secrets)} secrets"

    def _message(self, what: str, key: str, **data: Any) -> Asked:
        """Returns a message. Its body says nothing that changes from try to try, and its id is made of it."""
        told = {"type": f"forestay.ticket.{what}", "data": {"key": key, **{name: value for name, value in data.items() if value}}}
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        message, stamp = f"msg_{hashlib.sha256(body).hexdigest()[:32]}", int(self._clock())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signed(self._secrets, message, stamp, body),
        }
        return Asked("POST", self.options["url"], content=body, headers=headers)

    def send(self, asked: Asked, accept: Sequence[int] = (), web: WebClient | None = None) -> WebAnswer:
        if self.gone:
            raise self._gone()
        try:
            return super().send(asked, accept, web)
        except NotFound as error:
            if error.details.get("answered") != 410:
                raise
            self.gone = True
            raise self._gone() from None

    def _gone(self) -> TicketRefused:
        return TicketRefused(f"{self.name}: the receiver is gone (410): it gets nothing more until it is set up again", gone=True)

    def _making(self, draft: TicketDraft) -> Sequence[Asked]:
        told = {
            "kind": draft.kind,
            "summary": self.titled(draft),
            "description": self.described(draft),
            "priority": draft.priority,
            "cis": named(draft.cis),
            "starts_at": draft.starts_at.isoformat() if draft.starts_at else "",
            "ends_at": draft.ends_at.isoformat() if draft.ends_at else "",
        }
        return [self._message("create", draft.key, **told)]

    def _moving(self, ticket_id: str, phase: str, reason: str) -> Asked:
        return self._message("transition", ticket_id, phase=phase, reason=reason)

    def _weighing(self, ticket_id: str, priority: str) -> Asked:
        return self._message("prioritise", ticket_id, priority=priority)

    def _commenting(self, ticket_id: str, key: str, text: str) -> Asked:
        return self._message("comment", ticket_id, text=text)
