"""HTTP to whole addresses instead of paths below one base: a guarded client for each of their hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from importers.http.client import Client, Outbound, Patience

SOON = Patience(tries=2, pause=0.2, longest=1.0, asked=1.0, connect=3.0, silence=5.0, answer=10.0)  # a person waits
REFUSALS = (400, 401, 403)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Reads and sends JSON. `ca_file`: authorities instead of the system's."""

    outbound: Outbound
    ca_file: str = ""
    patience: Patience = field(default=SOON)

    def read(self, url: str, headers: Mapping[str, str]) -> Any:
        return self._client(url).request("GET", url, headers=headers).json()

    def send(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Any]:
        answer = self._client(url).request("POST", url, form=form, headers=headers, accept=REFUSALS)
        return answer.status, answer.json()

    def _client(self, url: str) -> Client:
        parts = urlsplit(url)
        return Client(f"{parts.scheme}://{parts.netloc}", self.outbound, ca_file=self.ca_file, patience=self.patience)
