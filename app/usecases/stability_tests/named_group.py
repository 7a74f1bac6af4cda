"""The redundancy group that a text names."""

from __future__ import annotations

from app.domain.errors import Ambiguous, NotFound
from app.domain.nouns import REDUNDANCY_GROUP
from app.usecases.find import identify
from app.usecases.tools import Tools

GROUP = REDUNDANCY_GROUP.name


def named_group(tools: Tools, revision: int, text: str) -> str:
    """Returns the key of the group that a text names: by its key, or by the CI that has no other."""
    rows = tools.store.rows(revision, GROUP, "key", [text])
    if len(rows["key"]):
        return text
    try:
        hit = identify(tools.store, revision, text)
    except NotFound:
        raise NotFound(f"no redundancy group and no CI {text[:200]!r}: see the groups of a CI in forestay ci") from None
    keys = sorted(str(key) for key in tools.store.rows(revision, GROUP, "dependent_id", [hit.ci_id])["key"])
    if len(keys) > 1:
        raise Ambiguous(f"{text!r} has {len(keys)} redundancy groups: name one of {', '.join(keys[:10])}", keys[:10])
    if not keys:
        raise NotFound(f"{text!r} has no redundancy group")
    return keys[0]
