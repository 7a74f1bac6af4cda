"""An identity provider: its discovery document and its keys, read when they are needed and kept for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.domain.errors import ForestayError, SourceFailed
from app.ports.identity_provider import ProviderHttp
from app.settings import LOOPBACK

KEPT_SECONDS = 3600.0
AGAIN_SECONDS = 5.0  # after a failure
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(slots=True)
class Provider:
    """One issuer. Reads nothing before someone signs in."""

    issuer: str
    http: ProviderHttp
    clock: Callable[[], float] = time.monotonic
    _lock: Lock = field(default_factory=Lock)
    _about: tuple[float, Mapping[str, Any]] | None = None
    _keys: tuple[float, KeySet] | None = None
    _failed: tuple[float, ForestayError] | None = None

    def about(self) -> Mapping[str, Any]:
        """Returns the discovery document; SourceFailed where it is not this issuer's, or lacks what signing in needs."""
        with self._lock:
            now = self.clock()
            if self._about and now - self._about[0] < KEPT_SECONDS:
                return self._about[1]
            if self._failed and now - self._failed[0] < AGAIN_SECONDS:
                raise self._failed[1]
            try:
                found = self.http.read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", {})
                _check(self.issuer, found)
            except ForestayError as error:
                self._failed = now, error
                raise
            self._about, self._failed = (now, found), None
            return self._about[1]

    def keys(self, unless: KeySet | None = None) -> KeySet:
        """Returns the keys that the provider signs with. `unless`: keys that did not do, so that they are read anew."""
        where = str(self.about()["jwks_uri"])
        with self._lock:
            now = self.clock()
            if self._keys and self._keys[1] is not unless and now - self._keys[0] < KEPT_SECONDS:
                return self._keys[1]
            try:
                self._keys = now, KeySet.import_key_set(self.http.read(where, {}))
            except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
                raise SourceFailed(f"the keys of the identity provider ({where}) cannot be read: {error}") from None
            return self._keys[1]


def _check(issuer: str, found: Any) -> None:
    if not isinstance(found, dict):
        raise SourceFailed(f"the discovery document of {issuer} is no JSON object")
    if found.get("issuer") != issuer:
        raise SourceFailed(
            f"the discovery document is that of {str(found.get('issuer'))[:200]!r}; sign_in.issuer is {issuer!r}, and has to be "
            "the same to the letter"
        )
    for name in NEEDED:
        if not isinstance(found.get(name), str):
            raise SourceFailed(f"the discovery document of {issuer} has no {name}")
    for name in (*NEEDED, "userinfo_endpoint", "end_session_endpoint"):
        if isinstance(found.get(name), str) and not is_safe_address(found[name]):
            raise SourceFailed(f"{name} of {issuer} is no address of https: {found[name][:200]}")


def is_safe_address(url: str) -> bool:
    """Returns whether what is sent to an address stays between the two: https, or this machine.

    >>> is_safe_address("https://login.example.com"), is_safe_address("http://login.example.com"), is_safe_address("http://[::1]:1/")
    (True, False, True)
    """
    try:
        parts = urlsplit(url)
        return (parts.scheme == "https" and bool(parts.hostname)) or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    except ValueError:
        return False
