"""Webhooks of ticket systems: whose they are, by a signature over the raw body, and which tickets they speak of.

Formats: `X-Hub-Signature` of Jira (SHA-256) and Zammad (SHA-1), `X-GLPI-signature` over body and timestamp, Redmine 7,
PagerDuty v3, Standard Webhooks (https://www.standardwebhooks.com). ServiceNow, iTop and RT sign nothing: they carry a secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.tickets import INCIDENT, OPEN, RESOLVED, Ticket

TOLERANCE_SECONDS = 300  # of a timestamp that is signed
CARRIED = ("servicenow", "itop", "rt")  # a secret of ours as Bearer or Basic
DUMMY = b"no secret is known for this sender"


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of a request, whatever their case."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name.lower(), "")


def headers_of(given: Mapping[str, str]) -> Headers:
    return Headers({name.lower(): value for name, value in given.items()})


def _hub(name: str, prefix: str, digest: str) -> Callable[[bytes, Headers, bytes], bool]:
    def fits(secret: bytes, headers: Headers, body: bytes) -> bool:
        return _same(headers[name], prefix + hmac.new(secret, body, digest).hexdigest())

    return fits


def _glpi(secret: bytes, headers: Headers, body: bytes) -> bool:
    signed = body + headers["x-glpi-timestamp"].encode()
    return _same(headers["x-glpi-signature"], hmac.new(secret, signed, hashlib.sha256).hexdigest())


def _pagerduty(secret: bytes, headers: Headers, body: bytes) -> bool:
    wanted, good = f"v1={hmac.new(secret, body, hashlib.sha256).hexdigest()}", False
    for one in headers["x-pagerduty-signature"].split(",")[:10]:
        good = _same(one.strip(), wanted) or good
    return good


def _standard(secret: bytes, headers: Headers, body: bytes) -> bool:
    try:
        raw = base64.b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return False
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted, good = "v1," + base64.b64encode(hmac.new(raw, signed, hashlib.sha256).digest()).decode(), False
    for one in headers["webhook-signature"].split(" ")[:10]:
        good = _same(one, wanted) or good
    return good


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


@dataclass(frozen=True, slots=True)
class Signature:
    """How a kind signs. `delivery`, `timestamp`: the headers that name the delivery and say when it was signed, "" none."""

    fits: Callable[[bytes, Headers, bytes], bool]
    delivery: str = ""
    timestamp: str = ""


SIGNED: Mapping[str, Signature] = {
    "jira": Signature(_hub("x-hub-signature", "sha256=", "sha256"), "x-atlassian-webhook-identifier"),
    "zammad": Signature(_hub("x-hub-signature", "sha1=", "sha1"), "x-zammad-delivery"),
    "redmine": Signature(_hub("x-redmine-signature-256", "sha256=", "sha256")),
    "glpi": Signature(_glpi, "", "x-glpi-timestamp"),
    "pagerduty": Signature(_pagerduty, "x-webhook-id"),
    "webhook": Signature(_standard, "webhook-id", "webhook-timestamp"),
}
HOOK_KINDS = (*SIGNED, *CARRIED)


def is_signed_by(kind: str, secrets: Sequence[str], given: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether a delivery carries a signature by one of the secrets, over just this body and not too long ago. Each secret is
    tried, in constant time, also where there is none.

    >>> key, body = "s" * 32, b'{}'
    >>> sign = hmac.new(key.encode(), body, "sha256").hexdigest()
    >>> from datetime import UTC
    >>> is_signed_by("jira", [key], {"X-Hub-Signature": f"sha256={sign}"}, body, datetime(2026, 1, 1, tzinfo=UTC))
    True
    """
    how, headers, good = SIGNED[kind], headers_of(given), False
    for secret in [*(one.encode() for one in secrets), DUMMY][: max(len(secrets), 1)]:
        good = how.fits(secret, headers, body) or good
    return good and bool(secrets) and _is_fresh(how, headers, now)


def _is_fresh(how: Signature, headers: Headers, now: datetime) -> bool:
    if not how.timestamp:
        return True
    text = headers[how.timestamp]
    return text.isascii() and text.isdigit() and len(text) < 13 and abs(now.timestamp() - int(text)) <= TOLERANCE_SECONDS


def delivery_of(kind: str, given: Mapping[str, str], body: bytes) -> str:
    """Returns what names a delivery: its id where the kind gives one, and always what it says, so that an id that was sent with
    another body hides nothing."""
    header = SIGNED[kind].delivery if kind in SIGNED else ""
    name = headers_of(given)[header] if header else ""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass") + b"\0" + body).hexdigest()


PLACES: Mapping[str, Sequence[Sequence[str]]] = {
    "jira": (("issue", "id"), ("issue", "key")),
    "zammad": (("ticket", "id"),),
    "redmine": (("data", "issue", "id"), ("payload", "issue", "id"), ("issue", "id")),
    "glpi": (("item", "id"), ("items_id",), ("id",)),
    "servicenow": (("sys_id",), ("record", "sys_id")),
    "itop": (("key",), ("id",)),
    "rt": (("id",), ("ticket", "id")),
    "webhook": (("data", "ticket"), ("data", "id")),
}  # kind -> where the id of the ticket stands, the first that is there counts
CLASSES: Mapping[str, tuple[str, Sequence[Sequence[str]]]] = {
    "servicenow": ("/", (("table",), ("record", "sys_class_name"))),
    "itop": ("::", (("class",),)),
    "glpi": ("/", (("itemtype",), ("item", "itemtype"))),
}  # kind -> what stands between a ticket's class and id, and where the class is told


def tickets_in(kind: str, body: Any) -> list[str | Ticket]:
    """Returns what a delivery speaks of: ids of tickets, to be read, or tickets where it tells them whole. InvalidInput where it
    speaks of none.

    >>> tickets_in("jira", {"issue": {"id": "10000", "key": "OPS-24"}}), tickets_in("redmine", {"issue": {"id": 7}})
    (['10000'], ['7'])
    >>> tickets_in("itop", {"class": "Incident", "key": "17"})
    ['Incident::17']
    """
    if not isinstance(body, dict):
        raise InvalidInput("a delivery is a JSON object")
    if kind == "pagerduty":
        return [_incident(body)]
    number = _first(body, PLACES[kind])
    if number:
        between, places = CLASSES.get(kind, ("", ()))
        of = _first(body, places)
        return [f"{of}{between}{number}" if of and between not in number else number]
    wanted = " or ".join(".".join(place) for place in PLACES[kind])
    raise InvalidInput(f"the delivery names no ticket: {wanted} is missing")


def _first(body: Mapping[str, Any], places: Sequence[Sequence[str]]) -> str:
    """Returns the first word or number that stands at one of these places; "" where none does."""
    for place in places:
        found: Any = body
        for part in place:
            found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, str | int) and not isinstance(found, bool) and 0 < len(str(found)) <= 200:
            return str(found)
    return ""


PAGERDUTY_PHASES = {"triggered": OPEN, "acknowledged": OPEN, "resolved": RESOLVED}


def _incident(body: Mapping[str, Any]) -> Ticket:
    """Returns the incident of a PagerDuty v3 webhook, which tells it whole."""
    event = body.get("event")
    told = event.get("data") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(told, dict) or not isinstance(told.get("id"), str):
        raise InvalidInput("the delivery names no ticket: event.data.id is missing")
    return pagerduty_incident(told, _when(event.get("occurred_at")))


def pagerduty_incident(told: Mapping[str, Any], changed_at: datetime | None, restored_at: datetime | None = None) -> Ticket:
    """Returns an incident of PagerDuty as its webhooks and its list tell it, as of its last change."""
    status = _word(told.get("status"))
    service = told.get("service")
    named = [_word(service.get(name)) for name in ("summary", "id")] if isinstance(service, dict) else []
    priority = told.get("priority")
    level = _word(priority.get("summary")) if isinstance(priority, dict) else ""
    urgent = {"high": "2", "low": "4"}.get(_word(told.get("urgency")), "")
    return Ticket(
        str(told["id"]),
        _word(told.get("number", told.get("incident_number"))),
        _word(told.get("html_url")),
        INCIDENT,
        _word(told.get("title")),
        status,
        PAGERDUTY_PHASES.get(status, "unknown"),
        level[-1] if level[:1] in ("P", "p") and level[-1:] in ("1", "2", "3", "4", "5") else urgent,
        keys=(_word(told.get("incident_key")),),
        cis=tuple(name for name in named[:1] if name),
        created_at=_when(told.get("created_at")),
        updated_at=changed_at,
        restored_at=restored_at,
    )


def _word(value: Any) -> str:
    return str(value)[:1000] if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _when(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        raise InvalidInput(f"the delivery holds no time: {value[:40]!r}") from None
    return moment if moment is not None and moment.tzinfo is not None else None
