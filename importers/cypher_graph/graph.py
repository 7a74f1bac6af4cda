"""A Neo4j of somebody else: it is only read, block by block, over Bolt to a host that the settings name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import neo4j
from neo4j.exceptions import AuthError, ClientError, DriverError, Forbidden, Neo4jError, ServiceUnavailable, SessionExpired

from app.domain.errors import InvalidInput, NotAllowed, SourceFailed
from importers.http.client import Unreachable
from importers.http.outbound import Outbound, checked_place

SCHEMES = {"bolt": 7687, "bolt+s": 7687}  # no routing: a cluster's table would send us to hosts that nobody named
READS = "r"
SECONDS = 3600.0  # for one statement


@dataclass(slots=True)
class Graph:
    location: str
    outbound: Outbound
    auth: tuple[str, str]
    database: str = ""
    ca_file: str = ""
    block: int = 5000

    def __post_init__(self) -> None:
        if urlsplit(self.location).scheme not in SCHEMES:
            raise InvalidInput(
                f"cypher: location is bolt://host:port or bolt+s://host:port, not {self.location!r}", field="location"
            )
        checked_place(self.location, self.outbound, SCHEMES)

    def refuse_writes(self, name: str, statement: str) -> None:
        """Raises NotAllowed for a statement that does anything but read, as the server itself plans it."""
        with self._session() as session:
            kind = session.run(f"EXPLAIN {statement}").consume().query_type
        if kind != READS:
            raise NotAllowed(f"the statement of {name} does not only read (type {kind}), and is not run", answered=403)

    def rows(self, name: str, statement: str) -> Iterator[list[dict[str, Any]]]:
        """Yields blocks of rows of one read transaction; the server holds back what was not fetched yet."""
        self.refuse_writes(name, statement)
        with self._session() as session, session.begin_transaction(timeout=SECONDS) as transaction:
            result = transaction.run(statement)
            names = result.keys()
            while block := result.fetch(self.block):
                yield [
                    {word: plain(value, f"{name}.{word}") for word, value in zip(names, record, strict=True)} for record in block
                ]

    def count(self, name: str, statement: str) -> int:
        """Returns how many rows a statement gives, as the server counts them, without sending them."""
        for block in self.rows(name, f"CALL {{\n{statement.strip().rstrip(';')}\n}} RETURN count(*) AS number"):
            return int(block[0]["number"])
        raise SourceFailed(f"{self._host()} does not say how many rows {name} has")

    @contextmanager
    def _session(self) -> Iterator[neo4j.Session]:
        try:
            with self._driver() as driver, driver.session(
                database=self.database or None, default_access_mode=neo4j.READ_ACCESS, fetch_size=self.block
            ) as session:  # fmt: skip
                yield session
        except AuthError as error:
            raise NotAllowed(f"{self._host()} refuses the sign-in: {error.message}", answered=401) from None
        except Forbidden as error:
            raise NotAllowed(f"{self._host()} refuses access: {error.message}", answered=403) from None
        except (ServiceUnavailable, SessionExpired) as error:
            raise Unreachable(f"{self._host()}: {_first_line(error)}") from None
        except ClientError as error:
            raise SourceFailed(f"{self._host()}: {error.code}: {_first_line(error)}", answered=400) from None
        except (Neo4jError, DriverError) as error:
            raise SourceFailed(f"{self._host()}: {_first_line(error)}", answered=500) from None

    def _driver(self) -> neo4j.Driver:
        """Returns a driver. Without TLS it uses the address that was checked; with TLS the name, as the certificate must be of
        that name."""
        parts = urlsplit(self.location)
        host, address = checked_place(self.location, self.outbound, SCHEMES)
        secure = parts.scheme == "bolt+s"
        place = host if secure else address
        port = parts.port or SCHEMES[parts.scheme]
        options: dict[str, Any] = {"encrypted": secure, "connection_timeout": 10, "connection_acquisition_timeout": 20,
                                   "max_connection_pool_size": 2, "notifications_min_severity": "OFF"}  # fmt: skip
        if secure:
            options["trusted_certificates"] = neo4j.TrustCustomCAs(self.ca_file) if self.ca_file else neo4j.TrustSystemCAs()
        return neo4j.GraphDatabase.driver(f"bolt://{f'[{place}]' if ':' in place else place}:{port}", auth=self.auth, **options)

    def _host(self) -> str:
        return urlsplit(self.location).netloc


def _first_line(error: Exception) -> str:
    return (getattr(error, "message", None) or str(error) or type(error).__name__).splitlines()[0][:300]


def plain(value: Any, where: str) -> Any:
    """Returns a value as JSON holds it, times as ISO 8601. A node or relation is refused: its properties are what is wanted."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list):
        return [plain(one, where) for one in value]
    if hasattr(value, "iso_format"):
        return value.iso_format()
    raise SourceFailed(f"{where} is a {type(value).__name__}: return properties (n.name AS name), not nodes, relations or maps")
