"""PagerDuty, by Events v2. Our key is the dedup_key: a second trigger of it makes no second incident.

202 means queued: nothing can be found, read back or polled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.domain.errors import InvalidInput, SourceFailed
from app.domain.tickets import OPEN, TicketDraft
from app.ports.ticket_systems import TicketSetting
from app.ports.web_client import Web, WebAnswer
from app.tickets.connector import Asked
from app.tickets.one_way import OneWay, named
from app.tickets.options import CA_FILE, LINK, Options
from app.tickets.texts import clipped, one_line

PATH = "v2/enqueue"
SEVERITIES = ("critical", "error", "warning", "info")
SETTINGS = (
    TicketSetting("url", "address of the Events API", "https://events.pagerduty.com"),
    TicketSetting("routing_key_env", "variable (or VARIABLE_FILE) that holds the integration's key", needed=True, secret=True),
    CA_FILE,
    TicketSetting("source", "what the events say they come from", "forestay"),
    TicketSetting("priorities", "severity for each of our priorities", "1=critical, 2=error, 3=warning, 4=info, 5=info"),
    LINK,
)


def open_system(options: Options, http: Web) -> PagerDuty:
    key = http.secret(options.name, options.given, "routing_key_env")
    return PagerDuty(options, http.client(options.name, {**options.given, "url": options["url"]}, headers={}), key)


class PagerDuty(OneWay):
    kind = "pagerduty"
    limit = 20_000
    title_limit = 1024

    def __init__(self, options: Options, web: Any, routing_key: str) -> None:
        super().__init__(options, web)
        self.table, self._routing_key = options.priorities(), routing_key
        if bad := [one for one in self.table.values() if one not in SEVERITIES]:
            raise options.bad("priorities", f"are {', '.join(SEVERITIES)}, not {bad[0]!r}")

    def check(self) -> str:
        return "PagerDuty: the Events API takes events; whether a key is good shows with the first"

    def _event(self, action: str, key: str, **more: Any) -> Asked:
        if len(key) > 255:
            raise InvalidInput("the key is longer than the 255 characters of a dedup_key", field="key")
        body = {"routing_key": self._routing_key, "event_action": action, "dedup_key": key, **more}
        return Asked("POST", PATH, json=body)

    def _payload(self, summary: str, priority: str, **details: Any) -> dict[str, Any]:
        return {
            "summary": summary,
            "severity": self.table[priority],
            "source": self.options["source"],
            "custom_details": {name: value for name, value in details.items() if value},
        }

    def _making(self, draft: TicketDraft) -> Sequence[Asked]:
        details = {"description": clipped(draft.description, self.limit), "kind": draft.kind, "cis": named(draft.cis)}
        payload = self._payload(self.titled(draft), draft.priority, **details)
        if draft.cis:
            payload["component"] = draft.cis[0].name
        link = self.options["link_template"].replace("{key}", draft.key)
        links = {"links": [{"href": link, "text": "Forestay"}]} if link else {}
        return [self._event("trigger", draft.key, payload=payload, **links)]

    def _moving(self, ticket_id: str, phase: str, reason: str) -> Asked:
        if phase != OPEN:
            return self._event("resolve", ticket_id)
        return self._event("trigger", ticket_id, payload=self._payload(one_line(reason, self.title_limit) or ticket_id, "3"))

    def _weighing(self, ticket_id: str, priority: str) -> Asked:
        return self._event("trigger", ticket_id, payload=self._payload(f"Priority {priority}: {ticket_id}", priority))

    def _commenting(self, ticket_id: str, key: str, text: str) -> Asked:
        first = one_line(text.partition("\n")[0], self.title_limit) or key
        return self._event("trigger", ticket_id, payload=self._payload(first, "3", comment=text))

    def _taken(self, answer: WebAnswer) -> None:
        body = answer.json()
        if answer.status != 202 or not isinstance(body, dict) or body.get("status") != "success":
            raise SourceFailed(f"{self.name}: {answer.where} did not say that it took the event: {answer.message()}")
