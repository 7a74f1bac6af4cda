"""Builds the service from settings. This one room knows every adapter; it imports each one when it is first needed."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.domain.ci_classes import ci_classes
from app.domain.errors import InvalidInput, StoreUnavailable
from app.domain.scope import scope_of
from app.domain.signing import Signer
from app.ports.ci_source import CiSource
from app.ports.documents import Document, Documents
from app.ports.graph_store import Revision
from app.ports.store import Store
from app.settings import Settings
from app.storage.compiled_files import CompiledFiles
from app.storage.leftovers import leftovers, take_away
from app.storage.private_files import close_to_others, kept_secret, make_folder, open_to_others, replace_file
from app.storage.workbench import LocalWorkbench
from app.storage.write_behind import WriteBehind
from app.usecases.estate import Estates
from app.usecases.keep.audit import ReadTrail, begin_signing
from app.usecases.keep.sources import RegisteredSource
from app.usecases.scope import visible_cis

if TYPE_CHECKING:
    from app.domain.slo import SloFile
    from app.ports.range_reader import Prometheus
    from app.ports.ticket_systems import TicketSystems
    from app.usecases.search.indexes import SearchIndexes
    from app.usecases.sign_in.provider import Provider

LAST_KNOWN = "last-known.json"
SCOPES_KEPT = 8  # views of scoped callers that stay in memory


@dataclass(frozen=True)
class Forestay:
    """The service, assembled: everything a door needs."""

    settings: Settings
    store: Store
    documents: Documents
    cache: WriteBehind
    carries: bool = True  # whether a later revision is brought forward from an earlier one by the changes between them
    scoped: bool = False  # whether it is a part of the estate that a caller with a scope sees

    @cached_property
    def estates(self) -> Estates:
        return Estates(self.store, self.documents, self.cache, self.settings.model, self.carries)

    @cached_property
    def searches(self) -> SearchIndexes:
        from app.usecases.search.indexes import SearchIndexes

        return SearchIndexes(self)

    @cached_property
    def scopes(self) -> Scopes:
        return Scopes(self)

    @cached_property
    def provider(self) -> Provider:
        """Returns the identity provider of the settings: its own host may be called, others of it where the settings name
        them."""
        from app.usecases.sign_in.provider import Provider
        from importers.http.addresses import Addresses
        from importers.http.client import Outbound

        given, outbound = self.settings.sign_in, self.settings.outbound
        hosts = [*outbound.hosts, urlsplit(given.issuer).netloc]
        return Provider(given.issuer, Addresses(Outbound(hosts, outbound.private_hosts), given.ca_file))

    @cached_property
    def ticket_systems(self) -> TicketSystems:
        """Returns the kinds of ticket systems, with the guarded client lent to them."""
        from app.tickets.registry import Registered
        from importers.http.client import Outbound
        from importers.http.lent import Lent

        outbound = self.settings.outbound
        return Registered(Lent(Outbound(tuple(outbound.hosts), outbound.private_hosts)))

    @cached_property
    def prometheus(self) -> Prometheus:
        """Returns what opens a Prometheus server, with the guarded client."""
        from importers.goals.prometheus import PrometheusServers
        from importers.http.client import Outbound
        from importers.http.lent import Lent

        outbound = self.settings.outbound
        return PrometheusServers(Lent(Outbound(tuple(outbound.hosts), outbound.private_hosts)))

    def read_openslo(self, name: str, body: bytes) -> SloFile:
        """Returns the goals of an OpenSLO file, and what of it could not be read."""
        from importers.goals.openslo import read_openslo

        return read_openslo(name, body)

    @cached_property
    def workbench(self) -> LocalWorkbench:
        return LocalWorkbench()

    def open_source(self, source: RegisteredSource) -> CiSource:
        """The importer of a registered source; InvalidInput for an unknown kind or bad settings."""
        if source.kind == "tickets":
            from app.usecases.tickets.incidents import ticket_incidents
            from importers.tickets.opening import open_tickets

            return open_tickets(source.location, source.settings, lambda: ticket_incidents(self, source.location))
        return open_source(self.settings, source.kind, source.location, source.settings)

    @property
    def data_folder(self) -> Path:
        return self.settings.data_folder

    @property
    def staging_folder(self) -> Path:
        return self.settings.staging_folder

    @property
    def short_lived(self) -> frozenset[str]:
        """Returns the classes whose CIs come and go by design: those of the class table, and those of the settings."""
        table = (row.name for row in ci_classes().values() if row.short_lived)
        return frozenset((*table, *self.settings.model.short_lived))

    def check_place(self, kind: str, location: str, settings: Mapping[str, Any]) -> None:
        """Checks what a source, connector or sender that came through the API may name: a URL (its host is checked when it is
        called) or a file below the data folder's `input`, mapping and authority included, and no variable of this service itself,
        whose secret would be sent elsewhere."""
        from importers.registry import FILE_KINDS

        inside = self.settings.data_folder / "input"
        if (
            location
            and kind != "tickets"
            and (kind in FILE_KINDS or "://" not in location)
            and not _below(Path(location), inside)
        ):
            raise InvalidInput(f"location: a URL, or a path below {inside}", field="location")
        for name, value in settings.items():
            text = str(value)
            if name.endswith("_env") and any(part.startswith("FORESTAY_") for part in text.upper().split()):
                raise InvalidInput(
                    f"{name}: {text} is a variable of this service itself; give the secret one of its own", field=name
                )
            named = name == "ca_file" or (name == "mapping" and (kind != "json" or "/" in text or text.endswith(".toml")))
            if named and text and not _below(Path(text), inside):
                raise InvalidInput(f"{name}: a path below {inside}", field=name)

    def open_to_others(self) -> list[Path]:
        """Returns files of the data folder, and a database that lies elsewhere, that others than their owner may read or
        write."""
        return [path for place in self._places for path in open_to_others(place)]

    def close_to_others(self) -> int:
        return sum(close_to_others(place) for place in self._places)

    @property
    def _places(self) -> list[Path]:
        folder, database = self.settings.data_folder, Path(self.settings.store_url.removeprefix("sqlite:"))
        elsewhere = self.settings.store_url.startswith("sqlite:") and not _below(database, folder)
        return [folder, database] if elsewhere else [folder]

    def leftovers(self) -> list[Path]:
        """Returns the files that processes which died began and did not finish."""
        elsewhere = self._places[1:]
        return leftovers(self.settings.data_folder, self.settings.staging_folder, elsewhere[0] if elsewhere else None)

    def take_away(self, path: Path) -> None:
        take_away(path)

    def unreadable_cache(self) -> list[Path]:
        return CompiledFiles(self.settings.cache_folder).unreadable()

    def spool_folder(self, source: RegisteredSource) -> Path:
        return self.settings.data_folder / "spool" / source.name

    @cached_property
    def reads(self) -> ReadTrail:
        return ReadTrail(self.documents)

    def keep_known(self) -> Revision:
        """Keeps what is needed to answer while the store is away: the current revision's columns and index on disk, and the
        documents that answers rest on. Returns the revision."""
        from app.storage.known_documents import KEPT, MOST
        from app.storage.known_store import known_text

        at = self.store.current()
        self.estates.at(at.revision)
        self.searches.make_small(at)  # a large one is made by `assess`, beside the process that serves
        documents = {
            kind: [(row.key, row.version, row.body) for row in islice(every(self.documents, kind), MOST)] for kind in KEPT
        }
        text = known_text(at, datetime.now(UTC), documents)
        replace_file(self.settings.cache_folder / LAST_KNOWN, text)
        return at

    def known(self) -> tuple[Forestay, Revision, datetime] | None:
        """Returns the service on what was kept of the store, which revision that is, and when it was read; None where nothing
        was."""
        from app.storage.known_documents import KnownDocuments
        from app.storage.known_store import KnownStore, known_from
        from app.usecases.estate import COLUMNS
        from app.usecases.search.indexes import kept_index

        try:
            revision, read_at, kept = known_from((self.settings.cache_folder / LAST_KNOWN).read_text("utf-8"))
        except (OSError, InvalidInput):
            return None
        documents = KnownDocuments(audit_signer(self.settings), kept)
        settings = Estates(None, documents, self.cache, self.settings.model).settings_at(revision)  # type: ignore[arg-type]
        index = kept_index(self.cache, revision.revision, settings)
        store: Any = KnownStore(revision, self.cache, COLUMNS, index.likely, index.aliases_by_id)
        service = Forestay(self.settings, store, documents, self.cache)
        service.__dict__["reads"] = self.reads  # what is read now is noted once the store is back
        return service, revision, read_at

    def close(self) -> None:
        if "reads" in self.__dict__:
            self.reads.close()
        self.cache.settle()
        self.store.close()


class Scopes:
    """The service as callers with a scope see it: one view for each scope, the latest of them in memory."""

    def __init__(self, whole: Forestay) -> None:
        self._whole = whole
        self._views: OrderedDict[str, Forestay] = OrderedDict()
        self._lock = Lock()

    def view(self, text: str) -> Forestay:
        with self._lock:
            if text not in self._views:
                self._views[text] = self._made(text)
            self._views.move_to_end(text)
            while len(self._views) > SCOPES_KEPT:
                self._views.popitem(last=False)[1].cache.settle()
            return self._views[text]

    def _made(self, text: str) -> Forestay:
        from app.storage.scoped_store import ScopedStore

        whole = self._whole
        store: Any = ScopedStore(whole.store, visible_cis(scope_of(text), whole))
        folder = whole.settings.cache_folder / "scopes" / hashlib.sha256(text.encode()).hexdigest()[:16]
        return Forestay(whole.settings, store, whole.documents, WriteBehind(CompiledFiles(folder)), carries=False, scoped=True)


def open_source(settings: Settings, kind: str, location: str, source_settings: Mapping[str, Any]) -> CiSource:
    from importers import registry

    return registry.open_source(kind, location, source_settings, outbound=settings.outbound)


def assemble_beside(settings: Settings) -> Forestay:
    """As `assemble_service`, for a process that answers for another one: it makes no store, and where the store does not answer
    it opens it later and answers from what was kept of it meanwhile."""
    return _on_a_store_that_may_be_away(settings, make=False)[0]


def assemble_to_serve(settings: Settings) -> tuple[Forestay, str]:
    """As `assemble_service`, for a process that serves: where the store does not answer it is opened once it does. Returns why it
    does not, too; "" where it does. A store of which something was kept is not begun anew where it is gone."""
    make_folder(settings.data_folder)
    return _on_a_store_that_may_be_away(settings, make=not (settings.cache_folder / LAST_KNOWN).exists())


def _on_a_store_that_may_be_away(settings: Settings, make: bool) -> tuple[Forestay, str]:
    from app.storage.late_store import LateStore

    why = ""
    try:
        store = _opened(settings, make)
    except StoreUnavailable as error:
        store, why = LateStore(lambda: _opened(settings, make)), error.message
    return Forestay(settings, store, store, WriteBehind(CompiledFiles(settings.cache_folder))), why


def _opened(settings: Settings, make: bool = True) -> Any:
    store = open_store(settings.store_url, settings, make)
    begin_signing(store)
    return store


def assemble_service(settings: Settings) -> Forestay:
    """Opens the store that the settings name; raises StoreUnavailable when it cannot be reached."""
    make_folder(settings.data_folder)
    store = _opened(settings)
    return Forestay(settings, store, store, WriteBehind(CompiledFiles(settings.cache_folder)))


def every(documents: Documents, kind: str) -> Iterator[Document]:
    """Yields all documents of a kind in order of key."""
    after = ""
    while page := documents.page(kind, after, 500):
        yield from page
        after = page[-1].key


def _below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def open_store(url: str, settings: Settings, make: bool = True) -> Any:
    """Returns a store by its URL: sqlite:PATH, or a Neo4j URI with the user and password of the settings. `make`: a file that is
    not there is begun."""
    if url.startswith("sqlite:"):
        path = Path(url.removeprefix("sqlite:"))
        from app.storage.sqlite_store import SqliteStore

        make_folder(path.parent)
        store: Any = SqliteStore(path, make)
    else:
        from app.storage.neo4j_store import Neo4jStore

        store = Neo4jStore(url, (settings.store.user, settings.store.password), settings.store.database)
    store.signer = audit_signer(settings)
    return store


def session_secret(settings: Settings) -> str:
    """Returns the configured secret, or one that is made once and kept in the data folder, readable by its owner only."""
    return settings.web.session_secret or kept_secret(settings.data_folder / "session-secret").strip()


def audit_signer(settings: Settings) -> Signer:
    """Returns a signer with the keys of the settings, or with one that is made once and kept in the data folder, outside of the
    database."""
    return Signer(tuple((settings.audit.key or kept_secret(settings.data_folder / "audit.key")).split()))
