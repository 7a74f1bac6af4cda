"""Decides which hosts may be called, and at which address: named in the settings, resolved once, never a metadata or link-local
one."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.domain.errors import InvalidInput, NotAllowed, SourceFailed

METADATA = {"metadata.google.internal", "metadata"}
ALWAYS_REFUSED = [
    ipaddress.ip_network(text) for text in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32")
]


NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_PLACE = re.compile(r"(\[[0-9A-Fa-f]*:[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")

WEB = {"http": 80, "https": 443}  # schemes and their usual ports


@dataclass(frozen=True, slots=True)
class Outbound:
    """Where requests may go. `hosts`: host or host:port; `private_hosts`: whether loopback and private addresses may be among
    them."""

    hosts: Sequence[str] = ()
    private_hosts: bool = True


def checked_place(base: str, outbound: Outbound, schemes: Mapping[str, int] = WEB) -> tuple[str, str]:
    """Returns host and address to call for a base URL of one of these schemes; InvalidInput or NotAllowed where it may not be
    called."""
    host, port = _split(base, schemes)
    if not {host, f"{host}:{port}"} & {name.casefold() for name in outbound.hosts}:
        raise NotAllowed(f"{host}:{port} is not among the hosts that may be called (setting outbound.hosts)")
    return host, _address(host, port, outbound)


def _split(base: str, schemes: Mapping[str, int]) -> tuple[str, int]:
    """Returns the host in small letters without brackets, and the port, where the address is written in a form that every parser
    reads alike."""
    with suppress(ValueError):  # of an address that cannot be taken apart
        parts = urlsplit(base)
        place = _PLACE.fullmatch(parts.netloc)
        if place and base.isascii() and "\\" not in base and parts.scheme in schemes:
            port = int(place[2]) if place[2] else schemes[parts.scheme]
            if 0 < port <= 65535:
                return place[1].strip("[]").casefold(), port
    kinds = "http(s)" if schemes is WEB else " or ".join(schemes)
    raise InvalidInput(
        f"{base[:200]!r} is not an address of {kinds}, with host and port (or none) and without a user in it", field="location"
    )


def _within(address: Address) -> Iterator[Address]:
    """Yields the address, and the IPv4 addresses that stand in it where it leads into that network."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        yield from (one for one in inner if one is not None)


def _is_never_called(address: Address) -> bool:
    return (
        any(address in network for network in ALWAYS_REFUSED)
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
    )


def _address(host: str, port: int, outbound: Outbound) -> str:
    if host in METADATA:
        raise NotAllowed(f"{host} is a metadata service")
    try:
        resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SourceFailed(f"{host} cannot be resolved") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in resolved]
    for address in addresses:
        ways = list(_within(address))
        plain = ways[-1]
        if any(_is_never_called(way) for way in (ways[1:] or ways)):
            raise NotAllowed(f"{host} resolves to {plain}, which is never called")
        if not outbound.private_hosts and any(way.is_private or way.is_loopback for way in (ways[1:] or ways)):
            raise NotAllowed(f"{host} resolves to the private address {plain}")
    return str(addresses[0])
