"""An LDAP directory: it is only read, over verified TLS, in pages to their end; large groups are put together."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import (
    LDAPBindError,
    LDAPCommunicationError,
    LDAPException,
    LDAPInsufficientAccessRightsResult,
    LDAPInvalidCredentialsResult,
    LDAPOperationResult,
    LDAPStartTLSError,
)

from app.domain.errors import InvalidInput, NotAllowed, SourceFailed
from importers.http.client import Unreachable
from importers.http.outbound import Outbound, checked_place

SCHEMES = {"ldap": 389, "ldaps": 636}
PAGED = "1.2.840.113556.1.4.319"
SECONDS = 60
RANGED = re.compile(r"(.+);range=(\d+)-(\d+|\*)", re.IGNORECASE)
Values = Mapping[str, Sequence[bytes]]
Entry = tuple[str, dict[str, list[bytes]]]  # DN, values by attribute


@dataclass(slots=True)
class Directory:
    location: str
    outbound: Outbound
    user: str
    password: str
    ca_file: str = ""
    page_size: int = 500

    def __post_init__(self) -> None:
        if urlsplit(self.location).scheme not in SCHEMES:
            raise InvalidInput(f"ldap: location is ldaps://host or ldap://host, not {self.location!r}", field="location")
        checked_place(self.location, self.outbound, SCHEMES)

    def entries(self, base: str, wanted: str, attributes: Sequence[str], page_size: int = 0) -> Iterator[list[Entry]]:
        """Yields pages of entries below a base that a filter selects; the server's cookie says which is the last. `page_size`:
        another than that of the settings."""
        with self._connected() as connection:
            cookie: Any = None
            while True:
                given = {"paged_size": page_size or self.page_size, "paged_cookie": cookie, "attributes": list(attributes)}
                connection.search(base, wanted, ldap3.SUBTREE, time_limit=SECONDS, **given)
                found_entries = [one for one in connection.response or () if one.get("type") == "searchResEntry"]
                control = ((connection.result or {}).get("controls") or {}).get(PAGED)
                if control is None:
                    raise SourceFailed(f"{self._host()} does not page its answers, so their end is not seen")
                yield [(one["dn"], self._whole(connection, one["dn"], one["raw_attributes"])) for one in found_entries]
                cookie = control["value"]["cookie"]
                if not cookie:
                    return

    def _whole(self, connection: Any, dn: str, attributes: Values) -> dict[str, list[bytes]]:
        def ask(attribute: str) -> Values:
            connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=[attribute], time_limit=SECONDS)
            responses = [one for one in connection.response or () if one.get("type") == "searchResEntry"]
            return responses[0]["raw_attributes"] if responses else {}

        return whole(attributes, ask)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        parts = urlsplit(self.location)
        host, _ = checked_place(self.location, self.outbound, SCHEMES)
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, version=ssl.PROTOCOL_TLS_CLIENT, ca_certs_file=self.ca_file or None)
        port = parts.port or SCHEMES[parts.scheme]
        try:
            server = ldap3.Server(host, port, use_ssl=parts.scheme == "ldaps", tls=tls, get_info=ldap3.NONE, connect_timeout=10)
            how: dict[str, Any] = {
                "read_only": True,
                "auto_referrals": False,
                "auto_range": False,
                "raise_exceptions": True,
                "receive_timeout": SECONDS,
                "auto_bind": ldap3.AUTO_BIND_NONE,
                "return_empty_attributes": False,
            }
            connection = ldap3.Connection(server, self.user, self.password, **how)
            connection.open()
            if parts.scheme == "ldap":
                connection.start_tls()  # never a password in the clear
            connection.bind()
            try:
                yield connection
            finally:
                connection.unbind()
        except (LDAPInvalidCredentialsResult, LDAPBindError) as error:
            raise NotAllowed(f"{self._host()} refuses the sign-in: {_reason(error)}", answered=401) from None
        except LDAPInsufficientAccessRightsResult as error:
            raise NotAllowed(f"{self._host()} refuses access: {_reason(error)}", answered=403) from None
        except (LDAPCommunicationError, LDAPStartTLSError, ssl.SSLError, OSError) as error:
            raise Unreachable(f"{self._host()}: {_reason(error)}") from None
        except LDAPException as error:
            raise SourceFailed(f"{self._host()}: {_reason(error)}", answered=400) from None

    def _host(self) -> str:
        return urlsplit(self.location).netloc


def whole(attributes: Values, ask: Callable[[str], Values]) -> dict[str, list[bytes]]:
    """Returns values by attribute, where Active Directory gives large ones in ranges: `member;range=0-1499` and so on to
    `member;range=1500-*`.

    >>> rest = {"member;range=2-*": {"member;range=2-*": [b"c"]}}
    >>> whole({"cn": [b"x"], "member": [], "member;range=0-1": [b"a", b"b"]}, rest.__getitem__)
    {'cn': [b'x'], 'member': [b'a', b'b', b'c']}
    """
    texts = {name: list(values) for name, values in attributes.items() if not RANGED.fullmatch(name)}
    for name in attributes:
        parts, values = RANGED.fullmatch(name), list(attributes[name])
        if parts is None:
            continue
        word, last = parts[1], parts[3]
        while last != "*":
            more = ask(f"{word};range={int(last) + 1}-*")
            step = next((part for part in map(RANGED.fullmatch, more) if part and part[1].casefold() == word.casefold()), None)
            if step is None or int(step[2]) != int(last) + 1:
                raise SourceFailed(f"the directory gave {word} up to value {last} and not the rest")
            values += more[step[0]]
            last = step[3]
        texts[word] = values
    return texts


def _reason(error: Exception) -> str:
    if isinstance(error, LDAPOperationResult):
        return " ".join(filter(None, (str(error.description), str(error.message)))).strip("\x00 ")[:300]
    return str(error)[:300] or type(error).__name__
