"""Callers whose credential was verified a short time ago: they alone are answered while credentials cannot be looked up.

A key that was revoked since the store went away stays good here for REMEMBERED_SECONDS at most, and only to read: nothing can be
written meanwhile. Whoever was not verified here before gets the store's absence (503). Only digests are remembered.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from flask import current_app

from app.api import away
from app.domain.errors import NotAllowed, StoreUnavailable
from app.usecases.keep.access import Caller

REMEMBERED_SECONDS = 900.0
MOST = 10_000

Looked = tuple[Caller | None, str]  # who it is, and until when the credential is good ("": for ever)


class Known:
    """The callers that one application verified, each under the digest of its credential."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, tuple[Caller, str, float]] = OrderedDict()
        self._lock = Lock()

    def note(self, digest: str, caller: Caller | None, until: str) -> None:
        with self._lock:
            self._of.pop(digest, None)
            if caller is not None:
                self._of[digest] = caller, until, time.monotonic()
            while len(self._of) > MOST:
                self._of.popitem(last=False)

    def find(self, digest: str) -> Caller | None:
        """Returns the caller, where it was verified lately and the credential has not run out since."""
        caller, until, at = self._of.get(digest, (None, "", 0.0))
        late = time.monotonic() - at > REMEMBERED_SECONDS
        return None if late or (until and datetime.fromisoformat(until) <= datetime.now(UTC)) else caller


def verified(kind: str, secret: str, look_up: Callable[[], Looked]) -> Caller | None:
    """Returns the caller behind a credential: looked up, or remembered while the store is away; NotAllowed, StoreUnavailable."""
    known: Known = current_app.extensions["known_callers"]
    digest = hashlib.sha256(f"{kind} {secret}".encode()).hexdigest()
    if not away.is_away():
        try:
            caller, until = look_up()
            known.note(digest, caller, until)
            return caller
        except NotAllowed:
            known.note(digest, None, "")
            raise
        except StoreUnavailable:
            away.begin()
    caller = known.find(digest)
    if caller is None:
        raise StoreUnavailable(
            "the store does not answer, so keys and sessions cannot be looked up; only who asked here in the last "
            f"{REMEMBERED_SECONDS / 60:.0f} minutes is answered"
        )
    return caller
