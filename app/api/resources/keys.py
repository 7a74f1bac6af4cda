"""API keys and the audit trail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.schemas.questions import KeyQuestion, PageQuestion, RotateQuestion
from app.usecases.keep import access, audit
from app.usecases.keys import make_key, revoke_key, rotate_key

blueprint = Blueprint("keys", __name__, url_prefix="/api/v1", description="API keys and the audit trail")


@dataclass(frozen=True, slots=True)
class KeyPage:
    items: Sequence[access.AccessKey]


@dataclass(frozen=True, slots=True)
class NewKey:
    key: access.AccessKey
    secret: str  # shown once


@dataclass(frozen=True, slots=True)
class AuditPage:
    items: Sequence[Mapping[str, object]]
    limit: int
    truncated: bool
    next: str | None


@route(blueprint, "/keys", "admin", KeyPage)
def page() -> Any:
    """Every key, without its secret."""
    return KeyPage(access.list_keys(forestay().documents))


@route(blueprint, "/keys", "admin", NewKey, method="POST", status=201)
@blueprint.arguments(KeyQuestion)
def make(question: dict[str, Any]) -> Any:
    """Make a key; its secret is in this answer and nowhere else."""
    documents = forestay().documents
    asked = question["name"], question["role"], question["days"], question["scope"]
    secret, key = make_key(documents, forestay().store, g.caller.name, *asked)
    return reply(NewKey(key, secret), 201, {"Cache-Control": "no-store"})


@route(blueprint, "/keys/<prefix>/rotate", "admin", NewKey, method="POST", status=201)
@blueprint.arguments(RotateQuestion)
def rotate(question: dict[str, Any], prefix: str) -> Any:
    """Make the key's successor; for some hours both are good. Its secret is in this answer and nowhere else."""
    secret, key, _ = rotate_key(forestay().documents, g.caller.name, prefix, question["overlap_hours"])
    return reply(NewKey(key, secret), 201, {"Cache-Control": "no-store"})


@route(blueprint, "/keys/<prefix>", "admin", access.AccessKey, method="DELETE")
def revoke(prefix: str) -> Any:
    """Revoke a key; sessions entered with it end."""
    return revoke_key(forestay().documents, g.caller.name, prefix)


@route(blueprint, "/audit", "admin", AuditPage, called="audit_list")
@blueprint.arguments(PageQuestion, location="query")
def trail(question: dict[str, Any]) -> Any:
    """The audit trail, newest first; `forestay audit verify` walks its chain."""
    entries = audit.entries(forestay().documents, question.get("after", ""), question["limit"] + 1)
    more, rows = len(entries) > question["limit"], entries[: question["limit"]]
    items = [{"entry": row.key, **json.loads(row.body)} for row in rows]
    return AuditPage(items, question["limit"], more, rows[-1].key if more else None)
