"""The head of the audit trail in a second place.

Someone who can change the database, and even put back an earlier state of it, does not change that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from app.domain.errors import NotFound
from app.ports.documents import Documents
from app.usecases.keep import audit


def write_anchor(documents: Documents, path: Path, now: datetime | None = None) -> bool:
    """Appends the head to the file if it differs from that of the last line, and returns whether it did."""
    head = audit.current_head(documents)
    lines = list(anchor_lines(path)) if path.exists() else []
    if lines and f'"digest": "{head.digest}"' in lines[-1]:
        return False
    at = (now or datetime.now(UTC)).isoformat()
    text = audit.signed(documents.signer, {"at": at, "number": head.number, "digest": head.digest})
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def anchor_lines(path: Path) -> Iterator[str]:
    """Yields the lines of the file; NotFound where there is none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from (line.rstrip("\n") for line in file if line.strip())
    except OSError as error:
        raise NotFound(f"the anchor {path} can't be read: {error.strerror}; forestay audit anchor writes one") from error
