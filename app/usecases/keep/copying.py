"""A mark on a store that a restore or a promotion fills.

Until the store is whole nobody writes to it, and the doctor says what it is.
"""

from __future__ import annotations

from app.domain.errors import Conflict
from app.ports.documents import Documents

KIND, KEY = "copying", "copying"
UNFINISHED = "this store is being filled by a restore or a promotion, which was not finished yet"
CURE = "do it again: it goes on where it stopped"


def begin(documents: Documents) -> None:
    documents.put(KIND, KEY, "{}")


def end(documents: Documents) -> None:
    documents.delete(KIND, KEY)


def is_unfinished(documents: Documents) -> bool:
    return documents.get(KIND, KEY) is not None


def refuse_unfinished(documents: Documents) -> None:
    """Raises Conflict where the store is not whole."""
    if is_unfinished(documents):
        raise Conflict(f"{UNFINISHED}: {CURE}")
