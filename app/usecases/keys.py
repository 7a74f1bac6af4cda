"""Keys are made, rotated and revoked here, each with its entry in the audit trail."""

from __future__ import annotations

from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.usecases.keep import access, audit
from app.usecases.scope import known_scope


def make_key(
    documents: Documents, store: GraphStore, caller: str, name: str, role: str, days: float | None = None, scope: str = ""
) -> tuple[str, access.AccessKey]:
    """Makes a key. Returns its secret, which is kept nowhere, and what is kept; InvalidInput for a role or scope that is none."""
    scope = known_scope(scope, store) if scope else ""
    with documents.together():
        secret, key = access.create_key(documents, name, role, days, scope=scope)
        audit.record(documents, caller, "key created", key.prefix, {"name": key.name, "role": key.role, "scope": key.scope})
    return secret, key


def rotate_key(
    documents: Documents, caller: str, prefix: str, overlap_hours: float
) -> tuple[str, access.AccessKey, access.AccessKey]:
    """Makes the successor of a key. Returns its secret, the new key and the old one."""
    with documents.together():
        secret, key, old = access.rotate_key(documents, prefix, overlap_hours)
        audit.record(documents, caller, "key rotated", prefix, {"successor": key.prefix, "good_until": old.expires_at})
    return secret, key, old


def revoke_key(documents: Documents, caller: str, prefix: str) -> access.AccessKey:
    """Revokes a key for good; sessions entered with it end."""
    with documents.together():
        key = access.revoke_key(documents, prefix)
        audit.record(documents, caller, "key revoked", prefix)
    return key
