"""What signing in asks of HTTP: an identity provider's documents are read, and a code is sent to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class ProviderHttp(Protocol):
    """HTTP to whole addresses. Both raise NotAllowed for a host that may not be called, SourceFailed where nothing useful comes
    back."""

    def read(self, url: str, headers: Mapping[str, str]) -> Any:
        """Returns the JSON at an address."""

    def send(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Any]:
        """Sends a form, once, and returns the status and the JSON of the answer, that of a refusal (400, 401) too."""
