"""The inbox: senders, their deliveries, and where they deliver to."""

from __future__ import annotations

import http
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from flask import g, request

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route, whole
from app.api.operations import parts_of
from app.api.schemas.answers import schema_of
from app.api.schemas.questions import PageQuestion, RulesQuestion, SenderQuestion
from app.domain.alerts import AlertRules
from app.domain.errors import ForestayError, NotAllowed, NotFound
from app.domain.hooks import HOOK_KINDS
from app.usecases.keep import inbox
from app.usecases.keep.hooks import receive_hook
from app.usecases.keep.inbox import InboxCounts, SenderRow
from app.usecases.work_inbox import work_delivery

blueprint = Blueprint("inbox", __name__, url_prefix="/api/v1", description="What other systems send us")
RECEIVE, RECEIVE_TICKET = "inbox.receive", "inbox.receive_ticket"
SENDER = "forestay.sender"  # in the environment of a request: whose delivery it is, once judged
WAITS, WORKED, UNREADABLE = "waiting", "worked", "unreadable"


@dataclass(frozen=True, slots=True)
class SenderPage:
    items: Sequence[SenderRow]


@dataclass(frozen=True, slots=True)
class NewSender:
    sender: SenderRow
    secret: str  # shown once
    deliver_to: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery was kept. `state`: worked, waiting (for the runner), or unreadable: `faults` says why."""

    delivery: str
    state: str
    counts: InboxCounts
    faults: Sequence[str]


@dataclass(frozen=True, slots=True)
class HookReceipt:
    """A delivery of a ticket system was kept. `new`: False where it was received before."""

    delivery: str
    new: bool


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    delivery: str
    sender: str
    received_at: str
    worked_at: str
    counts: InboxCounts
    faults: Sequence[str]


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    waiting: int
    items: Sequence[DeliveryRow]
    limit: int
    truncated: bool
    next: str | None


def _rules(question: dict[str, Any]) -> AlertRules:
    return AlertRules(tuple(question["labels"]), question["severities"], question["degraded_share"])


@route(blueprint, "/inbox/senders", "admin", SenderPage, called="senders_list")
def page() -> Any:
    """Every sender with its rules and what has come from it; without its secrets."""
    return SenderPage(inbox.list_senders(forestay().documents))


@route(blueprint, "/inbox/senders", "admin", NewSender, method="POST", status=201, called="senders_create")
@blueprint.arguments(SenderQuestion)
def make(question: dict[str, Any]) -> Any:
    """Make a sender; its secret is in this answer and nowhere else."""
    documents = forestay().documents
    forestay().check_place("sender", "", {"secret_env": question["secret_env"]})
    secret, sender = inbox.make_sender(
        documents,
        question["name"],
        question["kind"],
        _rules(question),
        g.caller.name,
        question["connector"],
        question["secret_env"],
    )
    return _shown_once(inbox.sender_row(documents, sender), secret)


@route(blueprint, "/inbox/senders/<sender>", "admin", SenderRow, method="PUT", called="senders_change")
@blueprint.arguments(RulesQuestion)
def change(question: dict[str, Any], sender: str) -> Any:
    """Change how a sender's alerts are read, from the next delivery on."""
    documents = forestay().documents
    return inbox.sender_row(documents, inbox.change_rules(documents, sender, _rules(question), g.caller.name))


@route(blueprint, "/inbox/senders/<sender>/rotate", "admin", NewSender, method="POST", status=201, called="senders_rotate")
def rotate(sender: str) -> Any:
    """Make a further secret; the one before it stays good until the next rotation or until old ones are ended."""
    documents = forestay().documents
    secret, changed = inbox.rotate_secret(documents, sender, g.caller.name)
    return _shown_once(inbox.sender_row(documents, changed), secret)


@route(blueprint, "/inbox/senders/<sender>/old-secrets", "admin", SenderRow, method="DELETE", called="senders_end_old_secrets")
def end_old(sender: str) -> Any:
    """End every secret of a sender but the newest."""
    documents = forestay().documents
    return inbox.sender_row(documents, inbox.end_old_secrets(documents, sender, g.caller.name))


@route(blueprint, "/inbox/senders/<sender>", "admin", SenderPage, method="DELETE", called="senders_delete")
def remove(sender: str) -> Any:
    """Remove a sender; those that are left. What its alerts said stays until it is cleared."""
    documents = forestay().documents
    inbox.remove_sender(documents, sender, g.caller.name)
    return SenderPage(inbox.list_senders(documents))


def _shown_once(row: SenderRow, secret: str) -> Any:
    made = NewSender(row, secret, f"/api/v1/inbox/{row.kind}/{row.name}")
    return reply(made, 201, {"Cache-Control": "no-store"})


@route(blueprint, "/inbox/deliveries", "read", DeliveryPage, called="deliveries_list")
@blueprint.arguments(PageQuestion, location="query")
def deliveries(question: dict[str, Any]) -> Any:
    """Deliveries that were worked, the newest first, and how many wait."""
    documents = forestay().documents
    stored = inbox.page_deliveries(documents, question.get("after", ""), question["limit"] + 1)
    more, rows = len(stored) > question["limit"], stored[: question["limit"]]
    items = [
        DeliveryRow(row.key, one.sender, one.received_at, one.worked_at, one.counts, one.faults)
        for row in rows
        for one in [row.value]
    ]
    return DeliveryPage(len(inbox.waiting(documents)), items, question["limit"], more, rows[-1].key if more else None)


def judged_sender() -> inbox.Sender:
    """Returns the sender of this request, judged once over the raw body. NotAllowed where its credential is not good."""
    if SENDER not in request.environ:
        parts, service = request.view_args or {}, whole()
        request.environ[SENDER] = inbox.authentic(
            service.documents,
            parts.get("sender", ""),
            parts.get("kind", inbox.ALERTMANAGER),
            dict(request.headers),
            request.get_data(cache=True),
            lambda names: service.ticket_systems.secrets(names),
        )
    return request.environ[SENDER]  # type: ignore[no-any-return]


def is_known_sender() -> bool:
    """Whether this is a delivery with a good credential: no limit of requests makes us lose one."""
    if request.endpoint not in (RECEIVE, RECEIVE_TICKET):
        return False
    try:
        return bool(judged_sender())
    except NotAllowed:
        return False


def _with_errors(view: Any) -> Any:
    for code in (401, 413, 421, 429, 503):
        view = blueprint.alt_response(code, http.HTTPStatus(code).name)(view)
    return blueprint.alt_response(400, schema=schema_of(Receipt), description="Kept, but it could not be read")(view)


@blueprint.route("/inbox/alertmanager/<sender>", methods=["POST"], parameters=parts_of("<sender>"))
@blueprint.doc(
    operationId="deliveries_receive",
    requestBody={"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
)
@_with_errors
@blueprint.response(200, schema_of(Receipt))
def receive(sender: str) -> Any:
    """Take a delivery of Alertmanager's webhook: kept before it is acknowledged, then worked.

    Take a delivery of Alertmanager's webhook: kept before it is acknowledged, then worked. Sign in with a secret of the sender,
    `Authorization: Bearer` or Basic."""
    judged = judged_sender()
    service = whole()
    number = inbox.receive(service.documents, judged.name, request.get_data(cache=True))
    try:
        worked = work_delivery(service, number)
    except ForestayError as error:  # it is kept: the runner works it
        structlog.get_logger().warning("a delivery waits for the runner", delivery=number, error=error.message)
        worked = None
    if worked is None:
        return reply(Receipt(number, WAITS, InboxCounts(), ()))
    unreadable = worked.counts.unreadable_deliveries > 0
    receipt = Receipt(number, UNREADABLE if unreadable else WORKED, worked.counts, worked.faults)
    return reply(receipt, 400 if unreadable else 200)


@blueprint.route("/inbox/<kind>/<sender>", methods=["POST"], parameters=parts_of("<kind>/<sender>"))
@blueprint.doc(
    operationId="ticket_deliveries_receive",
    requestBody={"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
)
@_with_errors
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.response(202, schema_of(HookReceipt))
def receive_ticket(kind: str, sender: str) -> Any:
    """Take a delivery of a ticket system's webhook: kept before it is acknowledged, worked by the runner.

    Take a delivery of a ticket system's webhook: kept before it is acknowledged, worked by the runner. It is signed over the raw
    body as its kind does, or carries a secret of the sender (ServiceNow, iTop, RT). A delivery that was received before is
    acknowledged and not kept again."""
    if kind not in HOOK_KINDS:
        raise NotFound(f"no deliveries of kind {kind[:40]!r} are taken; known: alertmanager, {', '.join(HOOK_KINDS)}")
    judged = judged_sender()
    received = receive_hook(whole().documents, judged, dict(request.headers), request.get_data(cache=True))
    return reply(HookReceipt(received.number, received.new), 202)
