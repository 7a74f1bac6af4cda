"""The one way out: HTTP GET of JSON from hosts that the settings name, without redirects, within limits of time and size.

requests' conveniences that reach further are off: environment proxies, netrc, redirects. An address is resolved once, checked
and used: link-local and metadata addresses are refused always, private ones where the settings say so. TLS is verified.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from app.domain.errors import InvalidInput, LimitExceeded, NotAllowed, SourceFailed
from importers.limits import strict_json

ANSWER_BYTES = 64 << 20
CHUNK = 1 << 16
TIMEOUTS = (5.0, 60.0)
RETRY = Retry(total=4, connect=2, read=2, status=4, backoff_factor=0.5, backoff_max=20, backoff_jitter=0.3, redirect=0,
              status_forcelist=(429, 502, 503, 504), allowed_methods=("GET", "HEAD"), respect_retry_after_header=True,
              raise_on_status=False)  # fmt: skip
METADATA = {"metadata.google.internal", "metadata"}
ALWAYS_REFUSED = [
    ipaddress.ip_network(text) for text in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32")
]


@dataclass(frozen=True, slots=True)
class Outbound:
    """`hosts`: host or host:port that may be called; `private_hosts`: loopback and private addresses may be among them."""

    hosts: Sequence[str] = ()
    private_hosts: bool = True


class _PinnedAdapter(HTTPAdapter):
    """Connects to an address that was checked, under the name that was asked for."""

    def __init__(self, address: str, host: str) -> None:
        self._address, self._host = address, host
        super().__init__(max_retries=RETRY)

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        parts = urlsplit(request.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        extra = {"server_hostname": self._host, "assert_hostname": self._host} if parts.scheme == "https" else {}
        return self.poolmanager.connection_from_host(self._address, port, parts.scheme, pool_kwargs=extra)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        request.headers["Host"] = urlsplit(request.url).netloc.rpartition("@")[2]
        return super().send(request, *args, **kwargs)


@dataclass(slots=True)
class Client:
    base: str
    outbound: Outbound
    headers: Mapping[str, str] = field(default_factory=dict)
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host or parts.username:
            raise InvalidInput(f"{self.base!r} is not an http(s) address without a user in it", field="location")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if not {host, f"{host}:{port}"} & {name.casefold() for name in self.outbound.hosts}:
            raise NotAllowed(f"{host}:{port} is not among the hosts that may be called (setting outbound.hosts)")
        self._session.trust_env = False
        self._session.mount(f"{parts.scheme}://", _PinnedAdapter(_address(host, port, self.outbound), host))

    def get_json(self, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The body of a 200 answer; NotAllowed for 401 and 403, SourceFailed for anything else."""
        url = path if path.startswith(("http://", "https://")) else self.base.rstrip("/") + "/" + path.lstrip("/")
        if urlsplit(url)[:2] != urlsplit(self.base)[:2]:
            raise SourceFailed(f"the source points to another host: {urlsplit(url).netloc}")
        try:
            with self._session.get(
                url, params=parameters, headers={"Accept": "application/json", **self.headers}, timeout=TIMEOUTS, stream=True,
                allow_redirects=False,
            ) as answer:  # fmt: skip
                body = self._body(answer)
        except requests.RequestException as error:
            raise SourceFailed(f"{urlsplit(url).netloc}: {type(error).__name__}") from error
        where = f"{urlsplit(url).netloc}{urlsplit(url).path}"
        if answer.status_code in (401, 403):
            raise NotAllowed(f"{where} refuses the sign-in ({answer.status_code})")
        if answer.status_code != 200:
            raise SourceFailed(f"{where} answered {answer.status_code}")
        return strict_json(body, where)

    def _body(self, answer: requests.Response) -> bytes:
        parts, size = [], 0
        for chunk in answer.iter_content(CHUNK):
            size += len(chunk)
            if size > ANSWER_BYTES:
                raise LimitExceeded(f"the answer is larger than {ANSWER_BYTES >> 20} MiB")
            parts.append(chunk)
        return b"".join(parts)


def _address(host: str, port: int, outbound: Outbound) -> str:
    if host in METADATA:
        raise NotAllowed(f"{host} is a metadata service")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SourceFailed(f"{host} cannot be resolved") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        plain = getattr(address, "ipv4_mapped", None) or address
        if any(plain in network for network in ALWAYS_REFUSED) or plain.is_multicast or plain.is_unspecified or plain.is_reserved:
            raise NotAllowed(f"{host} resolves to {plain}, which is never called")
        if not outbound.private_hosts and (plain.is_private or plain.is_loopback):
            raise NotAllowed(f"{host} resolves to the private address {plain}")
    return str(addresses[0])
