"""Decides under which names the service answers, from which address a request comes, and from which page.

A page of another site can point its own name at this machine (DNS rebinding), and its requests then look as if they came from one
of our pages. The name that it uses gives it away, for a browser sends it with every request.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from app.api.answering import CALLER
from app.api.problem_document import PROBLEM, problem_document
from app.settings import LOOPBACK, WebSettings

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,62}[a-z0-9_])?"
_HOST = re.compile(rf"(\[[0-9a-f:.]{{2,45}}\]|{_LABEL}(?:\.{_LABEL})*)\.?(?::([0-9]{{1,5}}))?")
_USUAL = {"http": 80, "https": 443}
ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - addresses that are no name of a host


def host_and_port(text: str) -> tuple[str, int | None] | None:
    """Returns the name of a Host header in small letters, without brackets and final dot, and its port; None where it is no name.

    >>> host_and_port("Localhost:8080"), host_and_port("[::1]"), host_and_port("a@b"), host_and_port("a:99999")
    (('localhost', 8080), ('::1', None), None, None)
    """
    match = _HOST.fullmatch(text.casefold()) if text.isascii() and len(text) <= 300 else None
    if match is None or (match.group(2) and not 0 < int(match.group(2)) <= 65535):
        return None
    name = match.group(1).strip("[]")
    if ":" in name:
        try:
            name = str(ipaddress.IPv6Address(name))
        except ValueError:
            return None
    return name, int(match.group(2)) if match.group(2) else None


def names_of(web: WebSettings) -> frozenset[str]:
    """Returns the names that the service answers under: loopback, the one it listens on, that of `public_url`, and the list
    `hosts`."""
    given = [*LOOPBACK, *web.hosts, urlsplit(web.public_url).netloc.rpartition("@")[2]]
    given += [] if web.host in ANYWHERE else [web.host]
    names = (host_and_port(f"[{name}]" if name.count(":") > 1 and not name.startswith("[") else name) for name in given if name)
    return frozenset(part[0] for part in names if part)


Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def under_known_names(app: Wsgi, names: frozenset[str]) -> Wsgi:
    """Returns the application, restricted to requests to one of these names: 421 for any other name, 400 where the header holds
    no name."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = host_and_port(environ.get("HTTP_HOST", ""))
        if CALLER in environ or (host is not None and host[0] in names):
            return app(environ, start_response)
        status, title, code = (400, "Bad Request", "bad_host") if host is None else (421, "Misdirected Request", "unknown_host")
        detail = (
            "the Host header is no name of a host"
            if host is None
            else (
                "the service does not answer under this name; if it shall, name it in web.public_url or web.hosts "
                "(FORESTAY_WEB_HOSTS)"
            )
        )
        body = json.dumps(problem_document(status, title, code, detail)).encode()
        headers = [
            ("Content-Type", PROBLEM),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        start_response(f"{status} {title}", [*headers, ("X-Content-Type-Options", "nosniff")])
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    return answer


def is_own_page(headers: Headers, web: WebSettings) -> bool:
    """Returns whether a request that a browser may have sent by itself comes from a page of this service. A program sends neither
    header."""
    site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    return origin is None or _place(origin) in {
        _place(f"http://{headers.get('Host', '')}"),
        _place(f"https://{headers.get('Host', '')}"),
        _place(web.public_url),
    } - {None}


def _place(url: str) -> tuple[str, str, int] | None:
    """Returns scheme, host and port of an origin or of an address; None where it has none."""
    scheme, mark, rest = url.partition("://")
    host = host_and_port(rest.split("/", 1)[0]) if mark else None
    if host is None or scheme not in _USUAL:
        return None
    return scheme, host[0], host[1] or _USUAL[scheme]


def address_of(environ: Mapping[str, Any], trusted: Sequence[str]) -> str:
    """Returns the address that a request comes from: that of the connection, or, behind a trusted proxy, the last forwarded
    address that is no trusted proxy.

    >>> address_of({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.9, 198.51.100.7"}, ["10.0.0.0/8"])
    '198.51.100.7'
    """
    networks = [ipaddress.ip_network(text, strict=False) for text in trusted]
    forwarded = [part.strip() for part in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
    address = str(environ.get("REMOTE_ADDR") or "")
    while forwarded and any(_is_in(address, network) for network in networks):
        before = forwarded.pop()
        if _parsed(before) is None:
            break
        address = before
    return address


def _is_in(address: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    parsed = _parsed(address)
    return parsed is not None and parsed in network


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None
