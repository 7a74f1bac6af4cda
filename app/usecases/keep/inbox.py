"""The inbox: what other systems send us. A delivery is kept before it is acknowledged, worked afterwards, and counted.

A sender has one or two secrets, of which the digests are kept: two while one is exchanged. Its credential is judged over the raw
request before anything of it is read. What a delivery says is the matter of the use case of its kind (`work_inbox`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime

from app.domain.alerts import AlertRules, checked_rules
from app.domain.errors import Conflict, ForestayError, InvalidInput, NotAllowed, NotFound, StoreUnavailable
from app.domain.hooks import HOOK_KINDS, SIGNED, is_signed_by
from app.ports.documents import Documents
from app.ports.records import Kept, Records
from app.usecases.keep import audit
from app.usecases.keep.connectors import CONNECTORS

ALERTMANAGER = "alertmanager"
KINDS = (ALERTMANAGER, *HOOK_KINDS)
SECRETS = 2
NAME = 64
SHOWN_FAULTS = 20
NOT_GOOD = "the credential of this sender is not good"


@dataclass(frozen=True, slots=True)
class SenderSecret:
    made_at: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Sender:
    """One who may send: a kind of system, its secrets (the newest last), and how its alerts are read.

    `connector`: whose tickets a ticket system's deliveries speak of. `secret_env`: of a kind that signs, the variables (apart by
    blanks, two while one is exchanged) that hold what it signs with; such a sender has no secrets here."""

    name: str
    kind: str
    made_at: str
    secrets: Sequence[SenderSecret]
    rules: AlertRules = field(default_factory=AlertRules)
    connector: str = ""
    secret_env: str = ""


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """What has come from a sender since it was made. `alerts` = the six below it; `lost`: alerts that it said it left out."""

    deliveries: int = 0
    unreadable_deliveries: int = 0
    alerts: int = 0
    applied: int = 0
    duplicate: int = 0
    late: int = 0
    unmatched: int = 0
    noted: int = 0
    unreadable: int = 0
    lost: int = 0
    last_at: str = ""

    def plus(self, other: InboxCounts) -> InboxCounts:
        numbers = {
            entry.name: getattr(self, entry.name) + getattr(other, entry.name)
            for entry in fields(self)
            if entry.name != "last_at"
        }
        return InboxCounts(**numbers, last_at=other.last_at or self.last_at)


@dataclass(frozen=True, slots=True)
class SenderRow:
    """A sender as it is shown: without its secrets."""

    name: str
    kind: str
    made_at: str
    secrets_made_at: Sequence[str]
    rules: AlertRules
    counts: InboxCounts
    connector: str = ""
    secret_env: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that was kept and not worked yet: the raw body as text."""

    sender: str
    received_at: str
    body: str


@dataclass(frozen=True, slots=True)
class Worked:
    """A delivery that was worked, without its body. `closed`: keys of the alerts that it resolved."""

    sender: str
    received_at: str
    worked_at: str
    counts: InboxCounts
    faults: Sequence[str] = ()  # the first of what could not be read
    closed: Sequence[str] = ()


SENDERS = Records("inbox_sender", Sender, "sender")
COUNTS = Records("inbox_counts", InboxCounts)
WAITING, WORKED = Records("inbox_waiting", Waiting), Records("inbox_worked", Worked, "delivery")


def make_sender(
    documents: Documents, name: str, kind: str, rules: AlertRules, caller: str, connector: str = "", secret_env: str = ""
) -> tuple[str, Sender]:
    """Makes a sender. Returns its secret, which is shown once ("" of one that signs), and what is kept."""
    if kind not in KINDS:
        raise InvalidInput(f"kind is one of {', '.join(KINDS)}, not {kind!r}", field="kind")
    if not name or len(name) > NAME or not all(char.isascii() and (char.isalnum() or char in "-_.") for char in name):
        raise InvalidInput(f"the name of a sender is up to {NAME} letters, digits, '-', '_' and '.'", field="name")
    _check_hook(documents, kind, connector, secret_env)
    secret, kept = _new_secret()
    signs = kind in SIGNED
    sender = Sender(name, kind, kept.made_at, () if signs else (kept,), checked_rules(rules), connector, secret_env)
    with documents.together():
        if SENDERS.find(documents, name) is not None:
            raise Conflict(f"there is a sender {name} already: change it, or rotate its secret")
        SENDERS.put(documents, name, sender, expected=0)
        audit.record(documents, caller, "sender made", name, {"kind": kind})
    return "" if signs else secret, sender


def _check_hook(documents: Documents, kind: str, connector: str, secret_env: str) -> None:
    """Checks what a sender of a ticket system names."""
    if kind == ALERTMANAGER:
        if connector or secret_env:
            raise InvalidInput("connector and secret_env are for ticket systems", field="connector")
        return
    owner = CONNECTORS.find(documents, connector)
    if owner is None or owner.kind != kind:
        raise InvalidInput(f"connector: name one of kind {kind}, whose tickets the deliveries speak of", field="connector")
    names = secret_env.split()
    if kind in SIGNED and not 1 <= len(names) <= SECRETS:
        raise InvalidInput("secret_env: one or two variables that hold what the system signs with", field="secret_env")
    if kind not in SIGNED and names:
        raise InvalidInput(f"secret_env: {kind} does not sign: its secret is made here", field="secret_env")


def change_rules(documents: Documents, name: str, rules: AlertRules, caller: str) -> Sender:
    """Changes how a sender's alerts are read, from the next delivery on."""
    checked = checked_rules(rules)
    with documents.together():
        sender = SENDERS.change(documents, name, lambda kept: replace(kept, rules=checked))
        audit.record(documents, caller, "sender changed", name)
    return sender


def rotate_secret(documents: Documents, name: str, caller: str) -> tuple[str, Sender]:
    """Makes a further secret; the one before it stays good until the next rotation, older ones end."""
    if (SENDERS.find(documents, name) or Sender(name, "", "", ())).kind in SIGNED:
        raise InvalidInput(
            "this sender signs: change what its variables hold, two of them while one is exchanged", field="sender"
        )
    secret, kept = _new_secret()
    with documents.together():
        sender = SENDERS.change(documents, name, lambda old: replace(old, secrets=(*old.secrets, kept)[-SECRETS:]))
        audit.record(documents, caller, "sender's secret rotated", name)
    return secret, sender


def end_old_secrets(documents: Documents, name: str, caller: str) -> Sender:
    """Ends every secret but the newest."""
    with documents.together():
        sender = SENDERS.change(documents, name, lambda old: replace(old, secrets=old.secrets[-1:]))
        audit.record(documents, caller, "sender's old secrets ended", name)
    return sender


def remove_sender(documents: Documents, name: str, caller: str) -> None:
    """Removes a sender: nothing more is taken from it. What its alerts said stays until it is cleared."""
    with documents.together():
        if not SENDERS.delete(documents, name):
            raise NotFound(f"no sender {name}")
        audit.record(documents, caller, "sender removed", name)


def list_senders(documents: Documents) -> list[SenderRow]:
    return [sender_row(documents, kept.value) for kept in SENDERS.every(documents)]


def sender_row(documents: Documents, sender: Sender) -> SenderRow:
    """Returns what may be shown of a sender."""
    made = [secret.made_at for secret in sender.secrets]
    counts = COUNTS.find(documents, sender.name) or InboxCounts()
    return SenderRow(sender.name, sender.kind, sender.made_at, made, sender.rules, counts, sender.connector, sender.secret_env)


def _new_secret() -> tuple[str, SenderSecret]:
    secret = f"fsi_{secrets.token_urlsafe(32)}"
    return secret, SenderSecret(datetime.now(UTC).isoformat(), _digest(secret))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def authentic(
    documents: Documents,
    name: str,
    kind: str,
    headers: Mapping[str, str],
    body: bytes,
    held: Callable[[str], Sequence[str]] = lambda names: (),
    now: datetime | None = None,
) -> Sender:
    """Returns the sender whose credential a request carries: a signature over the raw body by one of the secrets that `held`
    finds under the sender's `secret_env`, where its kind signs; else `Authorization: Bearer SECRET`, or Basic with the sender's
    name and the secret as password.

    NotAllowed, with one message for all reasons, where it is not good; StoreUnavailable where it cannot be told. `body` is what
    was received, to the byte.
    """
    sender = SENDERS.find(documents, name) if 0 < len(name) <= NAME else None
    if kind in SIGNED:
        try:
            secrets = held(sender.secret_env) if sender is not None and sender.kind == kind else ()
        except InvalidInput:  # nothing is lost: the system sends again, and the doctor names the variable
            raise StoreUnavailable("deliveries of this sender cannot be judged now: its secret is not at hand") from None
        if not is_signed_by(kind, secrets, headers, body, now or datetime.now(UTC)) or sender is None:
            raise NotAllowed(NOT_GOOD, status=401)
        return sender
    given = _given(headers.get("Authorization", ""), name)
    known = [secret.sha256 for secret in sender.secrets] if sender is not None and sender.kind == kind else []
    digest = _digest(given)
    good = False
    for one in [*known, "0" * 64][: SECRETS + 1]:  # each is compared, in constant time, whoever the sender is
        good = hmac.compare_digest(one, digest) or good
    if not good or sender is None:
        raise NotAllowed(NOT_GOOD, status=401)
    return sender


def _given(header: str, name: str) -> str:
    scheme, _, rest = header.partition(" ")
    if scheme.casefold() == "bearer":
        return rest.strip()
    if scheme.casefold() == "basic":
        try:
            user, colon, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return ""
        return password if colon and user == name else ""
    return ""


def receive(documents: Documents, sender: str, body: bytes, now: datetime | None = None) -> str:
    """Keeps a delivery; returns its number. StoreUnavailable, and nothing else, where it cannot be kept: the sender tries
    again."""
    text = body.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    try:
        return WAITING.append(documents, Waiting(sender, (now or datetime.now(UTC)).isoformat(), text)).key
    except ForestayError as error:
        raise StoreUnavailable(f"the delivery could not be kept: {error.message}") from None


def waiting(documents: Documents, limit: int = 100) -> list[Kept[Waiting]]:
    """Returns the deliveries that wait to be worked, the oldest first."""
    return WAITING.page(documents, "", limit)


def page_deliveries(documents: Documents, after: str, limit: int) -> list[Kept[Worked]]:
    """Returns deliveries that were worked, the newest first."""
    return WORKED.page(documents, after, limit, newest_first=True)
