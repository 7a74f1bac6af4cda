"""What use cases work with: `bootstrap` puts it together once, and the door that calls a use case passes it as one argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # not every use case meets them all
    from collections.abc import Set
    from pathlib import Path

    from app.domain.slo import SloFile
    from app.ports.ci_source import CiSource
    from app.ports.compiled_cache import CompiledGraphCache
    from app.ports.documents import Documents
    from app.ports.range_reader import Prometheus
    from app.ports.staging import Workbench
    from app.ports.store import Store
    from app.ports.ticket_systems import TicketSystems
    from app.settings import Settings
    from app.usecases.estate import Estates
    from app.usecases.keep.sources import RegisteredSource
    from app.usecases.search.indexes import SearchIndexes


class Tools(Protocol):
    """The assembled service as use cases see it. A step that works on one port alone takes that port."""

    @property
    def settings(self) -> Settings: ...
    @property
    def store(self) -> Store: ...
    @property
    def documents(self) -> Documents: ...
    @property
    def estates(self) -> Estates: ...
    @property
    def searches(self) -> SearchIndexes: ...
    @property
    def cache(self) -> CompiledGraphCache: ...
    @property
    def workbench(self) -> Workbench: ...
    @property
    def scoped(self) -> bool: ...  # whether store and estates are the part that a caller with a scope sees
    @property
    def ticket_systems(self) -> TicketSystems: ...
    @property
    def prometheus(self) -> Prometheus: ...
    @property
    def staging_folder(self) -> Path: ...
    @property
    def short_lived(self) -> Set[str]: ...  # classes whose CIs come and go by design
    def open_source(self, source: RegisteredSource) -> CiSource: ...
    def read_openslo(self, name: str, body: bytes) -> SloFile: ...
    def spool_folder(self, source: RegisteredSource) -> Path: ...
