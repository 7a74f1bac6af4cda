"""PagerDuty, by Events v2. Our key is the dedup_key: a second trigger of it makes no second incident.

202 means queued: nothing can be found or read back. Incidents are polled from the REST API where a token for it is given: it
lists them by when they were made, so a poll looks through those of the last weeks for what changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.errors import InvalidInput, SourceFailed
from app.domain.hooks import pagerduty_incident
from app.domain.tickets import OPEN, RESOLVED, Ticket, TicketDraft
from app.ports.ticket_systems import TicketSetting
from app.ports.web_client import Web, WebAnswer, WebClient
from app.tickets.connector import Asked, listed
from app.tickets.one_way import NOTHING, OneWay, named
from app.tickets.options import CA_FILE, LINK, OVERLAP, Options, moment
from app.tickets.texts import clipped, one_line

PATH = "v2/enqueue"
PAGE, LIST_HOLDS = 100, 10_000  # rows of a page; offset and limit together are at most so many
SEVERITIES = ("critical", "error", "warning", "info")
SETTINGS = (
    TicketSetting("url", "address of the Events API", "https://events.pagerduty.com"),
    TicketSetting("routing_key_env", "variable (or VARIABLE_FILE) that holds the integration's key", needed=True, secret=True),
    CA_FILE,
    TicketSetting(
        "api_token_env", "variable (or VARIABLE_FILE) that holds a token of the REST API, to read incidents", secret=True
    ),
    TicketSetting("api_url", "address of the REST API", "https://api.pagerduty.com"),
    TicketSetting("look_back_days", "a poll looks through the incidents made in so many days for what changed", "30"),
    OVERLAP,
    TicketSetting("source", "what the events say they come from", "forestay"),
    TicketSetting("priorities", "severity for each of our priorities", "1=critical, 2=error, 3=warning, 4=info, 5=info"),
    LINK,
)


def open_system(options: Options, http: Web) -> PagerDuty:
    key = http.secret(options.name, options.given, "routing_key_env")
    events = http.client(options.name, {**options.given, "url": options["url"]}, headers={})
    rest = None
    if options["api_token_env"]:
        token = http.secret(options.name, options.given, "api_token_env")
        headers = {"Authorization": f"Token token={token}", "Accept": "application/vnd.pagerduty+json;version=2"}
        rest = http.client(options.name, {**options.given, "url": options["api_url"]}, headers=headers)
    return PagerDuty(options, events, key, rest)


class PagerDuty(OneWay):
    kind = "pagerduty"
    limit = 20_000
    title_limit = 1024

    def __init__(self, options: Options, web: Any, routing_key: str, rest: WebClient | None = None) -> None:
        super().__init__(options, web)
        self._rest, self._look_back = rest, timedelta(days=options.number("look_back_days", 1, 180))
        self.abilities = replace(NOTHING, polls=rest is not None)
        self.table, self._routing_key = options.priorities(), routing_key
        if bad := [one for one in self.table.values() if one not in SEVERITIES]:
            raise options.bad("priorities", f"are {', '.join(SEVERITIES)}, not {bad[0]!r}")

    def check(self) -> str:
        said = "PagerDuty: the Events API takes events; whether a key is good shows with the first"
        if self._rest is None:
            return said
        now = datetime.now(UTC)
        self._listed(now - timedelta(hours=1), now, 0)
        return f"{said}; its incidents can be read"

    def changed_since(self, moment: datetime) -> Iterator[Ticket]:
        """Yields incidents whose status changed since a moment, of those made in the days that a poll looks through."""
        if self._rest is None:
            return
        since = moment - timedelta(minutes=self.options.number("overlap_minutes", 0, 1440))
        made = self._made_between(since - self._look_back, datetime.now(UTC) + timedelta(minutes=5))
        changed = [ticket for ticket in made if ticket.updated_at is None or ticket.updated_at >= since]
        yield from sorted(changed, key=lambda ticket: (ticket.updated_at or since, ticket.id))

    def _made_between(self, begin: datetime, end: datetime) -> Iterator[Ticket]:
        """Yields incidents by when they were made; a stretch of time with more than a list can hold is read in halves."""
        rows, more = self._listed(begin, end, 0)
        offset, found = len(rows), [*rows]
        while more and offset + PAGE <= LIST_HOLDS:
            rows, more = self._listed(begin, end, offset)
            offset, found = offset + len(rows), [*found, *rows]
        if more and end - begin > timedelta(seconds=2):
            half = begin + (end - begin) / 2
            yield from self._made_between(begin, half)
            yield from self._made_between(half, end)
            return
        for row in found:
            changed = moment(row.get("last_status_change_at"), UTC)
            yield pagerduty_incident(row, changed, changed if row.get("status") == RESOLVED else None)

    def _listed(self, begin: datetime, end: datetime, offset: int) -> tuple[Sequence[Mapping[str, Any]], bool]:
        """Returns a page of incidents, and whether more follow."""
        times = {"since": begin.isoformat(timespec="seconds"), "until": end.isoformat(timespec="seconds"), "time_zone": "UTC"}
        asked = Asked("GET", "incidents", parameters={**times, "limit": PAGE, "offset": offset})
        body = self.send(asked, web=self._rest).json()
        rows = listed(body, f"{self.name}: the incidents", "incidents")
        if any(not isinstance(row.get("id"), str) for row in rows):
            raise SourceFailed(f"{self.name}: an incident came without an id")
        return rows, bool(rows) and body.get("more") is True

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
