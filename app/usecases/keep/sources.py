"""The registered sources: name, kind, where they are, how they are mapped, and which of them is believed first."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.keep.due_times import trigger_of

NAME = re.compile(r"^[a-z0-9][a-z0-9._-]{0,62}$")
MANUAL = "manual"  # what people say through the page, the API or the command line
MANUAL_PRIORITY = 0


@dataclass(frozen=True, slots=True)
class RegisteredSource:
    """A source and how it is read.

    `priority`: the lower number is believed first, attribute by attribute. `settings`: what the kind of source needs (no secrets:
    these are named by environment variable or file).
    """

    source_id: int
    name: str
    kind: str
    location: str = ""
    priority: int = 100
    settings: Mapping[str, Any] = field(default_factory=dict)
    schedule: str = ""  # cron line in UTC or "every 15m"; "" by hand only
    last_run: str = ""
    last_state: str = ""
    last_revision: int = 0
    first_revision: int = 0  # the first it wrote; 0 none yet
    listed_run: str = ""  # the run whose change list is kept: the last one, where it stopped before it wrote
    synced_at: str = ""  # last time it was read to the end
    changed_at: str = ""
    # class of the source or kind of record -> when it was last read whole
    complete_at: Mapping[str, str] = field(default_factory=dict)
    # lists the last run could not read whole, with the reason: they are stale
    incomplete: Mapping[str, str] = field(default_factory=dict)

    def is_new(self) -> bool:
        """Whether no run of it was ever carried through."""
        return not self.synced_at


def _numbers_as_shown(body: dict[str, Any]) -> dict[str, Any]:
    """Turns numbers of runs into those that people see: an earlier version kept the keys under which runs lie."""
    return {**body, **{name: body.get(name, "").lstrip("0") for name in ("last_run", "listed_run")}}


SOURCES = Records("source", RegisteredSource, older=_numbers_as_shown)
FORMER = Records("former_source", RegisteredSource, older=_numbers_as_shown)


def add_source(
    documents: Documents,
    name: str,
    kind: str,
    location: str,
    priority: int | None = None,
    settings: Mapping[str, Any] | None = None,
    schedule: str = "",
) -> RegisteredSource:
    """Registers a source. Without a priority it is believed after all that are there. Conflict when the name is taken."""
    if not NAME.match(name):
        raise InvalidInput("name: small letters, digits, dot, dash and underscore, starting with a letter or digit", field="name")
    if schedule:
        trigger_of(schedule)
    for _ in range(20):
        try:
            with documents.together():
                if SOURCES.find(documents, name) is not None:
                    raise InvalidInput(f"there is a source {name} already", status=409)
                known = list_sources(documents)
                number = _number(documents, name)
                if priority is None:
                    priority = max([source.priority for source in known if source.name != MANUAL], default=0) + 10
                source = RegisteredSource(number, name, kind, location, priority, dict(settings or {}), schedule)
                SOURCES.put(documents, name, source, expected=0)
                _known.until = 0.0
                return source
        except Conflict:
            continue
    raise Conflict("sources change too quickly; try again")


def _number(documents: Documents, name: str) -> int:
    """Returns the next number, or that of a removed source of this name: CIs of it that were kept belong to it again."""
    former = FORMER.find(documents, name)
    if former is not None:
        FORMER.delete(documents, name)
        return former.source_id
    counter = documents.get("source_counter", "next")
    number = int(counter.body) if counter else 1
    documents.put("source_counter", "next", str(number + 1), expected=counter.version if counter else 0)
    return number


def forget_source(documents: Documents, name: str) -> None:
    """Takes a source away.

    Earlier revisions, and CIs that are kept, still name it, so its number, name and place in the order of trust are remembered,
    but no place, setting or name of a secret.
    """
    source = get_source(documents, name)
    former = RegisteredSource(source.source_id, name, source.kind, "", source.priority, first_revision=source.first_revision)
    FORMER.put(documents, name, former)
    SOURCES.delete(documents, name)
    _known.until = 0.0


def told_of(documents: Documents) -> list[RegisteredSource]:
    """Returns every source that has records somewhere in the ledger: the registered ones and removed ones."""
    former = [kept.value for kept in FORMER.every(documents)]
    return sorted([*list_sources(documents), *former], key=lambda source: (source.priority, source.name))


def get_source(documents: Documents, name: str) -> RegisteredSource:
    source = SOURCES.find(documents, name)
    if source is None:
        known = ", ".join(source.name for source in list_sources(documents)) or "none"
        raise NotFound(f"no source {name!r}; known: {known}")
    return source


def find_source(documents: Documents, name: str) -> RegisteredSource | None:
    """Returns the source of a name; None where there is none."""
    return SOURCES.find(documents, name)


@dataclass(slots=True)
class _Known:
    """The list as last read, for the many readers of one process.

    Its own writes show at once, those of others within FRESH_SECONDS.
    """

    documents: object = None
    sources: tuple[RegisteredSource, ...] = ()
    told_of: tuple[RegisteredSource, ...] = ()
    until: float = 0.0


FRESH_SECONDS = 0.5
_known = _Known()


def known_sources(documents: Documents) -> Sequence[RegisteredSource]:
    """Returns `list_sources` for answers: half a second old at most."""
    _refresh(documents)
    return _known.sources


def known_told_of(documents: Documents) -> Sequence[RegisteredSource]:
    """Returns `told_of` for answers: half a second old at most."""
    _refresh(documents)
    return _known.told_of


def _refresh(documents: Documents) -> None:
    if _known.documents is not documents or time.monotonic() >= _known.until:
        _known.sources, _known.told_of = tuple(list_sources(documents)), tuple(told_of(documents))
        _known.documents, _known.until = documents, time.monotonic() + FRESH_SECONDS


def list_sources(documents: Documents) -> list[RegisteredSource]:
    """Returns the sources by priority, then name."""
    return sorted((kept.value for kept in SOURCES.every(documents)), key=lambda source: (source.priority, source.name))


def update_source(documents: Documents, name: str, **changes: Any) -> RegisteredSource:
    """Writes changed fields, again where another writer was quicker."""
    return update_source_if(documents, name, lambda source: None, **changes)


def update_source_if(
    documents: Documents, name: str, met: Callable[[RegisteredSource], None], **changes: Any
) -> RegisteredSource:
    """As `update_source`; `met` raises where the source, as it is then, must not be changed."""

    def changed(source: RegisteredSource) -> RegisteredSource:
        met(source)
        return replace(source, **changes)

    source = SOURCES.change(documents, name, changed)
    _known.until = 0.0
    return source


def set_source(
    documents: Documents,
    name: str,
    location: str | None = None,
    priority: int | None = None,
    schedule: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> RegisteredSource:
    """Changes what is given and leaves the rest; a setting that is None goes back to its default."""
    changes: dict[str, Any] = {
        key: value for key, value in (("location", location), ("priority", priority), ("schedule", schedule)) if value is not None
    }
    if schedule:
        trigger_of(schedule)
    if settings is not None:
        kept = {**get_source(documents, name).settings, **settings}
        changes["settings"] = {key: value for key, value in kept.items() if value is not None}
    return update_source(documents, name, **changes)


def manual_source(documents: Documents) -> RegisteredSource:
    """Returns the source of what people say by hand; it is believed before all others."""
    return find_source(documents, MANUAL) or add_source(documents, MANUAL, MANUAL, "", MANUAL_PRIORITY)
