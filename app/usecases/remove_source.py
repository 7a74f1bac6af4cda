"""Remove a source: its records end in one revision (a CI that no other source tells of is retired), then everything kept of it
goes."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.completeness import SAID, Evidence, Part
from app.domain.errors import Conflict, InvalidInput
from app.domain.records import SyncReport
from app.ports.ci_source import CiBlock, DependencyBlock, SmallBlock
from app.ports.documents import Documents
from app.usecases.changes.kept import drop_list
from app.usecases.keep import audit, plan, runs
from app.usecases.keep.refused import keep_refused
from app.usecases.keep.sources import MANUAL, RegisteredSource, forget_source, get_source
from app.usecases.operation_progress import Listener, silent
from app.usecases.run_sync import SyncRequest, run_sync
from app.usecases.tools import Tools
from app.usecases.uploads import remove_uploads


@dataclass(frozen=True, slots=True)
class Removal:
    """`run`: what ended, or would end, of its records; None where they are kept as last known. `done`: False for a dry run."""

    source: str
    done: bool
    kept: bool
    run: SyncReport | None


class NothingMore:
    """A source of which a person says that it holds nothing any more."""

    def check(self) -> Sequence[str]:
        return ["the source is to be removed"]

    def read(self, folder: Path) -> NothingMore:
        return self

    def difference(self, folder: Path) -> None:
        return None

    def keep(self, folder: Path, facts: str, not_plain: Mapping[str, Collection[int]]) -> None:
        return None

    def cis(self) -> Iterator[CiBlock]:
        return iter(())

    def dependencies(self) -> Iterator[DependencyBlock]:
        return iter(())

    def small(self, kind: str) -> Iterator[SmallBlock]:
        return iter(())

    def evidence(self) -> Evidence:
        return Evidence(SAID, (Part("the word that it is removed", 1),))

    def warnings(self) -> Sequence[str]:
        return []

    def where(self, place: str, position: int) -> str:
        return place


def remove_source(
    tools: Tools, name: str, apply: bool, keep: bool, caller: str, listen: Listener = silent, fence: int | None = None
) -> Removal:
    """Removes a source.

    Without `apply` this is a dry run, whose change list says what would be retired. With `keep`, CIs stay as last known, and
    belong to the source again if one of this name is added later.
    """
    documents = tools.documents
    source = get_source(documents, name)
    if name == MANUAL:
        raise InvalidInput("what people said by hand is no source to remove; take single values back instead", field="name")
    _none_running(documents, name)
    run = None
    if not keep:
        request = SyncRequest(
            name, dry_run=not apply, apply=True, approve=True, complete=True, full=True, caller=caller, fence=fence
        )
        run = run_sync(tools, request, listen, NothingMore())
    if apply:
        details = {"kept": keep, "retired": run.retired if run else 0, "revision": run.revision if run else 0}
        _forget(tools, source, caller, details)
    return Removal(name, apply, keep, run)


def _none_running(documents: Documents, name: str) -> None:
    """Cancels the waiting runs of the source; Conflict where one runs, as it must end first."""
    for job in _jobs_of(documents, name):
        if job.state == runs.RUNNING:
            raise Conflict(f"job {int(job.job_id)} reads this source right now; cancel it or wait")


def _jobs_of(documents: Documents, name: str) -> list[runs.Job]:
    jobs = [runs.get_job(documents, row.key) for row in runs.OPEN.page(documents, "", 500)]
    return [job for job in jobs if job.verb == "sync" and job.arguments.get("source") == name]


def _forget(tools: Tools, source: RegisteredSource, caller: str, told: Mapping[str, object]) -> None:
    """Deletes what is kept of the source, its files first: if this is interrupted, the source is still there and can be removed
    again."""
    documents = tools.documents
    for job in _jobs_of(documents, source.name):
        runs.cancel(documents, job.job_id)
    shutil.rmtree(tools.spool_folder(source), ignore_errors=True)
    for file in tools.staging_folder.glob(f"{source.name}.staging*"):
        file.unlink(missing_ok=True)
    remove_uploads(source)
    listed = get_source(documents, source.name).listed_run
    if listed:
        drop_list(documents, listed)
    keep_refused(documents, source.name, "", [])
    with documents.together():
        plan.forget_plan(documents, source.name)
        forget_source(documents, source.name)
        audit.record(documents, caller, "source removed", source.name, told)
