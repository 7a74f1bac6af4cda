"""Find what is wrong and say what to do about it. What can be mended without a decision is mended if that is asked for."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from app.domain.errors import ForestayError, InvalidInput
from app.domain.sentences import count
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.ports.records import Records
from app.ports.ticket_systems import TicketSystems
from app.usecases.keep import audit, copying, runs, sync_runs
from app.usecases.keep.audit_verify import verify as verify_trail
from app.usecases.keep.connectors import health_of, list_connectors
from app.usecases.keep.hooks import HOOKS_DEAD
from app.usecases.keep.inbox import SENDERS
from app.usecases.keep.lease import holder_of
from app.usecases.keep.orders import DEAD
from app.usecases.keep.sources import MANUAL, RegisteredSource, list_sources
from app.usecases.uploads import left_uploads
from app.usecases.write_revision import settle, writer

FAULT, ATTENTION = "fault", "attention"
OLD_DAYS = 7
LITTLE, FULL = 2 << 30, 200 << 20  # bytes that are free
SKEW = timedelta(minutes=2)
MANY = 500
REPAIR = "forestay doctor --repair"


@dataclass(frozen=True, slots=True)
class Finding:
    severity: str  # fault, attention
    what: str
    cure: str


class Premises(Protocol):
    """The store and the machine that the service runs on."""

    @property
    def store(self) -> GraphStore: ...
    @property
    def documents(self) -> Documents: ...
    @property
    def data_folder(self) -> Path: ...
    @property
    def ticket_systems(self) -> TicketSystems: ...
    def open_to_others(self) -> Sequence[Path]: ...  # files of the data folder that others may read or write
    def close_to_others(self) -> int: ...  # how many there were
    def unreadable_cache(self) -> Sequence[Path]: ...
    def leftovers(self) -> Sequence[Path]: ...  # what processes that died began and did not finish
    def take_away(self, path: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found the last time that store and audit trail were read whole."""

    at: str
    findings: Sequence[Finding]


EXAMINATIONS = Records("examination", Examination)


def examine(premises: Premises, now: datetime | None = None) -> list[Finding]:
    """Examines store, audit trail, writers, files, clock, sources and jobs, and returns the findings, faults first."""
    return _faults_first([*read_whole(premises), *look_around(premises, now)])


def keep_examination(premises: Premises, now: datetime | None = None) -> Examination:
    """Reads store and audit trail whole, which takes the longer the larger they are, and keeps what is found."""
    done = Examination((now or datetime.now(UTC)).isoformat(), read_whole(premises))
    EXAMINATIONS.put(premises.documents, "last", done)
    return done


def read_whole(premises: Premises) -> list[Finding]:
    """Reads store and audit trail whole and returns what is wrong with them."""
    store, documents = premises.store, premises.documents
    if copying.is_unfinished(documents):
        return [Finding(FAULT, copying.UNFINISHED, copying.CURE)]
    in_store = "restore the latest backup into an empty store: forestay restore FILE"
    in_trail = "keep the store as evidence and restore from a backup"
    return [
        *(Finding(FAULT, fault, in_store) for fault in store.check()),
        *(Finding(FAULT, fault, in_trail) for fault in verify_trail(documents)),
    ]


def look_around(premises: Premises, now: datetime | None = None) -> list[Finding]:
    """Looks at writers, files, clock, sources and jobs and returns the findings, faults first: as quick on a large store as on a
    small one."""
    now = now or datetime.now(UTC)
    store, documents = premises.store, premises.documents
    if copying.is_unfinished(documents):
        return list(_files(premises))
    findings = [*_engine(store), *_writers(store, documents), *_clock(store, documents, now), *_files(premises)]
    sources = [source for source in list_sources(documents) if source.name != MANUAL]
    if not sources:
        findings.append(Finding(ATTENTION, "no source is registered", "forestay source add NAME KIND LOCATION"))
    for source in sources:
        findings += _source(documents, source, now)
    findings += [*_leader(documents, sources), *_jobs(documents, now), *_tickets(premises)]
    return _faults_first(findings)


def _faults_first(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.severity != FAULT)


def repair(premises: Premises) -> list[str]:
    """Settles what dead writers left, marks dead runs as failed, closes files to other users, and removes files that are
    unreadable or unfinished. Returns what was done."""
    store, documents, done = premises.store, premises.documents, []
    pending = store.pending()
    if pending is not None and settle(store, documents):
        carried = store.current().revision >= pending.revision
        done.append(f"revision {pending.revision} was {'carried through' if carried else 'taken back'}: {pending.note}")
    if not copying.is_unfinished(documents):
        done += [f"run {run_id} is said to have failed: its process died" for run_id in sync_runs.end_dead_runs(documents)]
    if closed := premises.close_to_others():
        done.append(f"{closed} files and folders of {premises.data_folder} are closed to others")
    for what, places in (("unreadable cache", premises.unreadable_cache()), ("an unfinished file", _unfinished(premises))):
        for place in places:
            premises.take_away(place)
            done.append(f"{what} was taken away: {place.name}")
    return done


def _engine(store: GraphStore) -> Iterator[Finding]:
    if why := store.outdated():
        yield Finding(ATTENTION, f"the store is kept by {store.engine()}: {why}", "upgrade it")


def _writers(store: GraphStore, documents: Documents) -> Iterator[Finding]:
    """Reports who writes the ledger, or died while writing it."""
    pending, other = store.pending(), writer(documents)
    if pending is not None and (other is None or other.dead):
        yield Finding(
            ATTENTION,
            f"revision {pending.revision} was left half written by {pending.note or pending.operation_id}, whose process died",
            f"nothing is lost: the next write carries it through or takes it back, and so does {REPAIR}",
        )
    elif other is not None and other.dead:
        yield Finding(
            ATTENTION, f"the lease of the ledger was left by a dead process ({other.operation})", "the next write takes it over"
        )
    for run_id in sync_runs.dead_runs(documents):
        yield Finding(ATTENTION, f"run {run_id} runs no more: its process died", f"its next run says so, and so does {REPAIR}")


def _clock(store: GraphStore, documents: Documents, now: datetime) -> Iterator[Finding]:
    """Reports records that are later than now: nothing that is written can be."""
    moments = {f"revision {row.revision}": row.published_at or row.created_at for row in [store.current()]}
    for row in audit.entries(documents, "", 1):
        try:
            moments["the last entry of the audit trail"] = audit.time_of(row)
        except ValueError:
            continue  # the walk over the trail names it
    for what, moment in moments.items():
        if moment > now + SKEW:
            late = moment.astimezone(UTC).isoformat(timespec="seconds")
            yield Finding(
                ATTENTION,
                f"{what} is of {late}, and this machine's clock shows {now.isoformat(timespec='seconds')}: "
                "one of two clocks is wrong",
                "let every machine follow one time server; leases and schedules go by the clock",
            )


def _unfinished(premises: Premises) -> list[Path]:
    return [*premises.leftovers(), *left_uploads(premises.data_folder, list_sources(premises.documents))]


def _files(premises: Premises) -> Iterator[Finding]:
    folder = premises.data_folder
    if exposed := premises.open_to_others():
        first = exposed[0].relative_to(folder.parent) if exposed[0].is_relative_to(folder.parent) else exposed[0]
        # a closed folder closes what lies in it
        severity = FAULT if exposed[0] == folder or folder not in exposed[0].parents else ATTENTION
        text = f"{len(exposed)} files and folders can be read or written by others than their owner: {first}, …"
        yield Finding(severity, text, REPAIR)
    free = shutil.disk_usage(folder).free
    if free < LITTLE:
        text = f"{free / (1 << 20):,.0f} MiB are free where {folder} lies"
        yield Finding(FAULT if free < FULL else ATTENTION, text, "make room, or move the data folder (data_folder)")
    if places := premises.unreadable_cache():
        yield Finding(
            ATTENTION, f"{len(places)} entries of the cache can't be read: {places[0].name}, …", f"they are made again; {REPAIR}"
        )

    if left := _unfinished(premises):
        text = f"{len(left)} files were begun by processes that died, or replaced, and are of no use: {left[0].name}, …"
        yield Finding(ATTENTION, text, REPAIR)


def _source(documents: Documents, source: RegisteredSource, now: datetime) -> Iterator[Finding]:
    name = source.name
    if source.last_state == "held":
        why = "; ".join(sync_runs.get_run(documents, source.last_run).held_because)
        yield Finding(ATTENTION, f"{name} is held: {why}", f"if it is right: forestay sync {name} --approve")
    elif source.last_state == "failed":
        error = sync_runs.get_run(documents, source.last_run).error
        yield Finding(ATTENTION, f"{name} failed: {error}", f"forestay source check {name}")
    for listed, reason in sorted(source.incomplete.items()):
        last = source.complete_at.get(listed, "never")[:16]
        yield Finding(ATTENTION, f"{name}: {reason}; stale, last read whole {last}", f"forestay source check {name}")
    if source.synced_at and (now - datetime.fromisoformat(source.synced_at)).days >= OLD_DAYS:
        yield Finding(ATTENTION, f"{name} was last read on {source.synced_at[:10]}", f"forestay sync {name}")


def _tickets(premises: Premises) -> Iterator[Finding]:
    """Ticket systems that do not take what they should, what was given up, and secrets of their deliveries that are not here."""
    documents = premises.documents
    for connector in list_connectors(documents):
        health = health_of(documents, connector.name)
        if health.failures or (health.error and health.failed_at > health.succeeded_at):
            told = f"{connector.name} failed {health.failures} times in a row: {health.error}"
            yield Finding(ATTENTION, told, f"forestay tickets connectors check {connector.name}")
    for records, one, many, cure in (
        (DEAD, "ticket was", "tickets were", "forestay tickets list --state 'given up'"),
        (HOOKS_DEAD, "delivery of a ticket system was", "deliveries of ticket systems were", "forestay hooks deliveries"),
    ):
        if dead := records.page(documents, "", MANY):
            often = f"{'at least ' if len(dead) == MANY else ''}{count(len(dead), one, many)}"
            yield Finding(ATTENTION, f"{often} given up: {dead[0].value.error}", f"{cure} names them; replay tries one again")
    for kept in SENDERS.every(documents):
        try:
            premises.ticket_systems.secrets(kept.value.secret_env)
        except InvalidInput as error:
            cure = "set the variable for the process that serves; until then its deliveries are answered 503 and come again"
            yield Finding(FAULT, f"deliveries of {kept.key} cannot be judged: {error.message}", cure)


def _leader(documents: Documents, sources: Sequence[RegisteredSource]) -> Iterator[Finding]:
    holder, until = holder_of(documents, "scheduler")
    if any(source.schedule for source in sources) and (not holder or until < time.time()):
        yield Finding(ATTENTION, "sources have a schedule and nobody fires it", "start one: forestay work, or forestay serve")


def _jobs(documents: Documents, now: datetime) -> Iterator[Finding]:
    for job in runs.open_jobs(documents):
        if job.state == runs.WAITING and (now - datetime.fromisoformat(job.created_at)).total_seconds() > 300:
            what = f"job {job.job_id} ({job.verb}) has waited for over 5 minutes"
            yield Finding(ATTENTION, what, "start a runner: forestay work")
        if job.state == runs.RUNNING and job.lease_until < time.time():
            yield Finding(
                ATTENTION, f"the runner of job {job.job_id} is gone", "start a runner: forestay work takes the job over"
            )


def unopened(error: ForestayError) -> Finding:
    """Returns the finding of a store that cannot be opened; its error says what to do."""
    return Finding(FAULT, error.message, "see there")
