"""Which hosts may be called, and at which address: named in the settings, resolved once, never a metadata or link-local one."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.domain.errors import InvalidInput, NotAllowed, SourceFailed

METADATA = {"metadata.google.internal", "metadata"}
ALWAYS_REFUSED = [
    ipaddress.ip_network(text) for text in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32")
]


WEB = {"http": 80, "https": 443}  # schemes and their usual ports


@dataclass(frozen=True, slots=True)
class Outbound:
    """`hosts`: host or host:port that may be called; `private_hosts`: loopback and private addresses may be among them."""

    hosts: Sequence[str] = ()
    private_hosts: bool = True


def checked_place(base: str, outbound: Outbound, schemes: Mapping[str, int] = WEB) -> tuple[str, str]:
    """Host and address to call for a base URL of one of these schemes; InvalidInput or NotAllowed where it may not be called."""
    parts = urlsplit(base)
    host = parts.hostname or ""
    if parts.scheme not in schemes or not host or parts.username:
        kinds = "http(s)" if schemes is WEB else " or ".join(schemes)
        raise InvalidInput(f"{base!r} is not an address of {kinds} without a user in it", field="location")
    port = parts.port or schemes[parts.scheme]
    if not {host, f"{host}:{port}"} & {name.casefold() for name in outbound.hosts}:
        raise NotAllowed(f"{host}:{port} is not among the hosts that may be called (setting outbound.hosts)")
    return host, _address(host, port, outbound)


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
