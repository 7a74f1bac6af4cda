"""Signatures of what must not be changed unnoticed, by a key that someone who can write the database does not have."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signer:
    """`keys`: the first one signs, all verify, so that a key can be replaced. Without any, nothing is signed."""

    keys: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Signer({len(self.keys)} keys)"

    @property
    def key_id(self) -> str:
        """The name of the key that signs; "" where there is none."""
        return _id(self.keys[0]) if self.keys else ""

    def sign(self, text: str) -> str:
        return _signature(self.keys[0], text) if self.keys else ""

    def fits(self, key_id: str, text: str, signature: str) -> bool | None:
        """Whether a signature is that of the text under the key of this name; None where that key is not here."""
        for key in self.keys:
            if _id(key) == key_id:
                return hmac.compare_digest(_signature(key, text).encode(), signature.encode())
        return None


def _id(key: str) -> str:
    return hashlib.sha256(b"id of " + key.encode()).hexdigest()[:8]


def _signature(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
