"""API keys and page sessions: who may do what.

A key is shown once; the store keeps its prefix and the SHA-256 of its 256 random bits. Roles are ordered sets of permissions.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.errors import InvalidInput, NotAllowed, NotFound
from app.ports.documents import Documents

KIND = "key"
PERMISSIONS = ("read", "simulate", "assess", "sync", "edit", "admin")
ROLES: dict[str, tuple[str, ...]] = {
    "viewer": ("read",),
    "operator": ("read", "simulate"),
    "analyst": ("read", "simulate", "assess", "edit"),
    "integrator": ("read", "simulate", "sync"),
    "admin": PERMISSIONS,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a key's name, role and prefix; `local`, without a key, where sign-in is off."""

    name: str
    role: str
    key: str = ""

    def may(self, permission: str) -> bool:
        return permission in ROLES[self.role]


LOCAL = Caller("local", "admin")


@dataclass(frozen=True, slots=True)
class AccessKey:
    prefix: str
    name: str
    role: str
    created_at: str
    expires_at: str  # "" never
    revoked_at: str = ""


def create_key(
    documents: Documents, name: str, role: str, days: int | None = None, now: datetime | None = None
) -> tuple[str, AccessKey]:
    """Make a key; returns the secret text, which is shown once, and what is kept of it."""
    if role not in ROLES:
        raise InvalidInput(f"role {role!r}: one of {', '.join(ROLES)}")
    if not name.strip():
        raise InvalidInput("a key needs a name")
    now = now or datetime.now(UTC)
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    key = AccessKey(
        prefix, name.strip(), role, now.isoformat(), (now + timedelta(days=days)).isoformat() if days is not None else ""
    )
    documents.put(KIND, prefix, json.dumps({**_fields(key), "sha256": _digest(secret)}), expected=0)
    return f"fsy_{prefix}_{secret}", key


def list_keys(documents: Documents) -> list[AccessKey]:
    keys, after = [], ""
    while page := documents.page(KIND, after, 500):
        keys += [_key(json.loads(document.body)) for document in page]
        after = page[-1].key
    return keys


def revoke_key(documents: Documents, prefix: str, now: datetime | None = None) -> AccessKey:
    document = documents.get(KIND, prefix)
    if document is None:
        raise NotFound(f"no key {prefix}")
    row = json.loads(document.body)
    row["revoked_at"] = (now or datetime.now(UTC)).isoformat()
    documents.put(KIND, prefix, json.dumps(row), expected=document.version)
    return _key(row)


def caller_of(documents: Documents, secret_text: str, now: datetime | None = None) -> Caller:
    """The caller behind a key; NotAllowed when it is unknown, wrong, expired or revoked (one message for all four)."""
    refused = NotAllowed("the key is not valid", status=401)
    parts = secret_text.strip().split("_", 2)
    if len(parts) != 3 or parts[0] != "fsy" or not parts[1].isalnum():
        raise refused
    document = documents.get(KIND, parts[1])
    if document is None:
        raise refused
    row = json.loads(document.body)
    if not hmac.compare_digest(row["sha256"], _digest(parts[2])) or row["revoked_at"]:
        raise refused
    if row["expires_at"] and datetime.fromisoformat(row["expires_at"]) <= (now or datetime.now(UTC)):
        raise refused
    return Caller(row["name"], row["role"], parts[1])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _fields(key: AccessKey) -> dict[str, str]:
    return {name: getattr(key, name) for name in AccessKey.__slots__}


def _key(row: dict[str, str]) -> AccessKey:
    return AccessKey(**{name: row[name] for name in AccessKey.__slots__})


SESSION_KIND = "session"


def open_session(documents: Documents, secret_text: str, hours: float, now: datetime | None = None) -> str:
    """Enter a page session with a key; returns the token that the signed cookie carries. The key itself is not kept."""
    now = now or datetime.now(UTC)
    caller_of(documents, secret_text, now)
    token = secrets.token_urlsafe(32)
    body = {"prefix": secret_text.strip().split("_", 2)[1], "until": (now + timedelta(hours=hours)).isoformat()}
    documents.put(SESSION_KIND, _digest(token), json.dumps(body), expected=0)
    return token


def session_caller(documents: Documents, token: str, now: datetime | None = None) -> Caller | None:
    """The caller of a session; None when it ended or its key was revoked or ran out."""
    now = now or datetime.now(UTC)
    document = documents.get(SESSION_KIND, _digest(token))
    if document is None:
        return None
    row = json.loads(document.body)
    key_row = documents.get(KIND, row["prefix"])
    if key_row is None or datetime.fromisoformat(row["until"]) <= now:
        return None
    key = json.loads(key_row.body)
    if key["revoked_at"] or (key["expires_at"] and datetime.fromisoformat(key["expires_at"]) <= now):
        return None
    return Caller(key["name"], key["role"], row["prefix"])


def close_session(documents: Documents, token: str) -> None:
    documents.delete(SESSION_KIND, _digest(token))
