"""API keys and page sessions: who may do what.

A key is shown once; the store keeps its prefix and the SHA-256 of its 256 random bits. Roles are ordered sets of permissions.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from app.domain.errors import InvalidInput, NotAllowed, NotFound
from app.domain.scope import scope_of
from app.ports.documents import Documents
from app.ports.records import Records

PERMISSIONS = ("read", "simulate", "report", "assess", "sync", "approve", "edit", "admin")
ROLES: dict[str, tuple[str, ...]] = {
    "viewer": ("read",),
    "operator": ("read", "simulate", "report"),
    "analyst": ("read", "simulate", "report", "assess", "approve", "edit"),
    "integrator": ("read", "simulate", "report", "sync"),
    "admin": PERMISSIONS,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a key's name, role and prefix; `local`, without a key, where sign-in is off."""

    name: str
    role: str
    key: str = ""
    scope: str = ""  # "": everything

    def may(self, permission: str) -> bool:
        return permission in ROLES[self.role]


LOCAL = Caller("local", "admin")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone whom an identity provider vouched for; `subject` names them for good, `name` is what they are called."""

    subject: str
    name: str
    role: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class AccessKey:
    prefix: str
    name: str
    role: str
    created_at: str
    expires_at: str  # "" never
    revoked_at: str = ""
    scope: str = ""  # site=, team= or service= and a name: all that the key sees; "" everything
    last_used_at: str = ""  # to within some minutes; "" never


@dataclass(frozen=True, slots=True)
class LockedKey(AccessKey):
    """A key with the digest of its secret."""

    sha256: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class KeyUse:
    at: str


@dataclass(frozen=True, slots=True)
class Session:
    """A page session, open until a time: entered with the key of a prefix, or by a person whom an identity provider vouched
    for."""

    prefix: str
    until: str
    person: Person | None = None
    terms: str = ""  # digest of the settings by which the person got the role


KEYS, USES, SESSIONS = Records("key", LockedKey), Records("key_use", KeyUse), Records("session", Session)


def create_key(
    documents: Documents, name: str, role: str, days: float | None = None, now: datetime | None = None, scope: str = ""
) -> tuple[str, AccessKey]:
    """Makes a key. Returns the secret text, which is shown once, and what is kept of it. A key with a scope only reads."""
    if role not in ROLES:
        raise InvalidInput(f"role {role!r}: one of {', '.join(ROLES)}")
    if not name.strip():
        raise InvalidInput("a key needs a name")
    if scope and ROLES[role] != ("read",):
        raise InvalidInput(f"a key with a scope only reads: give it the role viewer, not {role}", field="scope")
    now = now or datetime.now(UTC)
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    until = (now + timedelta(days=days)).isoformat() if days is not None else ""
    key = AccessKey(prefix, name.strip(), role, now.isoformat(), until, scope=scope_of(scope).text() if scope else "")
    KEYS.put(documents, prefix, LockedKey(**_fields(key), sha256=_digest(secret)), expected=0)
    return f"fsy_{prefix}_{secret}", key


def rotate_key(
    documents: Documents, prefix: str, overlap_hours: float, now: datetime | None = None
) -> tuple[str, AccessKey, AccessKey]:
    """Makes a key that may do and see the same, for as long as the old one was made for; both are good for `overlap_hours`.

    Returns the secret text, the new key and the old one.
    """
    now = now or datetime.now(UTC)
    kept = KEYS.kept(documents, prefix)
    if kept is None:
        raise NotFound(f"no key {prefix}")
    old = kept.value
    if _has_ended(old, now):
        raise InvalidInput(f"key {prefix} is revoked or has expired: create a new one")
    days = None
    if old.expires_at:
        days = (datetime.fromisoformat(old.expires_at) - datetime.fromisoformat(old.created_at)) / timedelta(days=1)
    with documents.together():
        secret_text, key = create_key(documents, old.name, old.role, days, now, old.scope)
        until = (now + timedelta(hours=overlap_hours)).isoformat()
        ending = replace(old, expires_at=min(until, old.expires_at or until))
        KEYS.put(documents, prefix, ending, expected=kept.version)
    return secret_text, key, _shown(ending)


def list_keys(documents: Documents) -> list[AccessKey]:
    """Returns every key without its digest, with its last use."""
    return [_with_last_use(documents, _shown(kept.value)) for kept in KEYS.every(documents)]


def note_use(documents: Documents, prefix: str, now: datetime | None = None) -> None:
    """Notes that a key was used."""
    USES.put(documents, prefix, KeyUse((now or datetime.now(UTC)).isoformat()))


def _with_last_use(documents: Documents, key: AccessKey) -> AccessKey:
    used = USES.find(documents, key.prefix)
    return replace(key, last_used_at=used.at) if used else key


def revoke_key(documents: Documents, prefix: str, now: datetime | None = None) -> AccessKey:
    """Revokes a key for good and returns it; NotFound where there is none."""
    at = (now or datetime.now(UTC)).isoformat()
    return _shown(KEYS.change(documents, prefix, lambda key: replace(key, revoked_at=at)))


def caller_of(documents: Documents, secret_text: str, now: datetime | None = None) -> Caller:
    """Returns the caller behind a key; NotAllowed when it is unknown, wrong, expired or revoked (one message for all four)."""
    return verified_key(documents, secret_text, now)[0]


def verified_key(documents: Documents, secret_text: str, now: datetime | None = None) -> tuple[Caller, str]:
    """Returns the caller behind a key and until when the key is good ("": for ever); NotAllowed as `caller_of`."""
    refused = NotAllowed("the key is not valid", status=401)
    parts = secret_text.strip().split("_", 2)
    if len(parts) != 3 or parts[0] != "fsy" or not parts[1].isalnum():
        raise refused
    key = KEYS.find(documents, parts[1])
    if key is None or not hmac.compare_digest(key.sha256, _digest(parts[2])) or _has_ended(key, now or datetime.now(UTC)):
        raise refused
    return Caller(key.name, key.role, parts[1], key.scope), key.expires_at


def _has_ended(key: AccessKey, now: datetime) -> bool:
    return bool(key.revoked_at or (key.expires_at and datetime.fromisoformat(key.expires_at) <= now))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _fields(key: AccessKey) -> dict[str, str]:
    return {name: getattr(key, name) for name in AccessKey.__slots__}


def _shown(key: AccessKey) -> AccessKey:
    """Returns what may be shown of a key."""
    return AccessKey(**_fields(key))


def open_session(documents: Documents, secret_text: str, hours: float, now: datetime | None = None) -> str:
    """Enters a page session with a key. Returns the token that the signed cookie carries; the key itself is not kept."""
    now = now or datetime.now(UTC)
    caller_of(documents, secret_text, now)
    _take_away_ended(documents, now)
    token = secrets.token_urlsafe(32)
    session = Session(secret_text.strip().split("_", 2)[1], (now + timedelta(hours=hours)).isoformat())
    SESSIONS.put(documents, _digest(token), session, expected=0)
    return token


def open_session_of(documents: Documents, person: Person, terms: str, hours: float, now: datetime | None = None) -> str:
    """Enters a page session as a person. Returns the token that the signed cookie carries."""
    now = now or datetime.now(UTC)
    _take_away_ended(documents, now)
    token = secrets.token_urlsafe(32)
    SESSIONS.put(documents, _digest(token), Session("", (now + timedelta(hours=hours)).isoformat(), person, terms), expected=0)
    return token


def session_caller(documents: Documents, token: str, now: datetime | None = None) -> Caller | None:
    """Returns the caller of a session; None when it ended, or when its key was revoked or ran out."""
    return verified_session(documents, token, now)[0]


def verified_session(documents: Documents, token: str, now: datetime | None = None, terms: str = "") -> tuple[Caller | None, str]:
    """Returns the caller of a session and until when it is good; None as `session_caller`, and for a person who entered under
    other terms than these."""
    now = now or datetime.now(UTC)
    session = SESSIONS.find(documents, _digest(token))
    if session is None or datetime.fromisoformat(session.until) <= now:
        return None, ""
    if session.person is not None:
        person = session.person
        if not terms or not hmac.compare_digest(session.terms, terms):
            return None, ""
        return Caller(person.name, person.role, person.subject, person.scope), session.until
    key = KEYS.find(documents, session.prefix)
    if key is None or _has_ended(key, now):
        return None, ""
    return Caller(key.name, key.role, session.prefix, key.scope), min(session.until, key.expires_at or session.until)


def _take_away_ended(documents: Documents, now: datetime) -> None:
    for kept in list(SESSIONS.every(documents)):
        if datetime.fromisoformat(kept.value.until) <= now:
            SESSIONS.delete(documents, kept.key)


def close_session(documents: Documents, token: str) -> None:
    SESSIONS.delete(documents, _digest(token))
