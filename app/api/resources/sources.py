"""Sources: registered CMDBs and files, their check and their sync."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask import g, request

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.conditions import condition, conditional
from app.api.schemas.questions import RemoveQuestion, SourceChangeQuestion, SourceQuestion, SyncQuestion, UploadQuestion
from app.domain.errors import Conflict, InvalidInput, LimitExceeded, NotAllowed
from app.domain.tags import tag_of
from app.usecases.add_source import add_source
from app.usecases.ask_about_source import ask_about_source
from app.usecases.change_source import change_source
from app.usecases.keep import runs
from app.usecases.keep import sources as keep
from app.usecases.uploads import Upload, Uploaded, is_upload, take_upload

blueprint = Blueprint("sources", __name__, url_prefix="/api/v1", description="Sources and their sync")

UPLOADS = {".csv": "callgraph", ".xlsx": "csv", ".json": "json", ".xml": "archimate"}
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class SourcePage:
    items: Sequence[keep.RegisteredSource]


@dataclass(frozen=True, slots=True)
class Checked:
    source: str
    findings: Sequence[str]


@route(blueprint, "/sources", "read", SourcePage)
def page() -> Any:
    """Sources by priority: the first is believed first."""
    return SourcePage(keep.list_sources(forestay().documents))


@route(blueprint, "/sources/<name>", "read", keep.RegisteredSource)
def one(name: str) -> Any:
    """A source: where it is, how it is mapped, how its last run ended."""
    source = keep.get_source(forestay().documents, name)
    answer = reply(source)
    answer.set_etag(f"{tag_of(asdict(source))}.{_own_tag(source)}")
    return answer


def _own_tag(source: keep.RegisteredSource) -> str:
    """Returns a tag of what people can change of a source, the uploaded file included, but not of how its runs ended."""
    file = Path(source.location) if source.location and "://" not in source.location else None
    try:
        status = file.stat() if file else None
    except (OSError, ValueError):  # not there, or no name of a file
        status = None
    held = (status.st_size, status.st_mtime_ns) if status else ()
    return tag_of((source.kind, source.location, source.priority, source.settings, source.schedule, held))


@route(blueprint, "/sources", "admin", keep.RegisteredSource, method="POST", status=201, called="sources_create")
@blueprint.arguments(SourceQuestion)
def add(question: dict[str, Any]) -> Any:
    """Register a source. Its place must be one this service may read: a file below the data folder's `input`, or a configured
    host."""
    service = forestay()
    service.check_place(question["kind"], question["location"], question["settings"])
    source = add_source(service, g.caller.name, **question)
    return reply(source, 201, {"Location": f"/api/v1/sources/{source.name}"})


@route(blueprint, "/sources/<name>", "admin", keep.RegisteredSource, method="PATCH")
@conditional
@blueprint.arguments(SourceChangeQuestion)
def change(question: dict[str, Any], name: str) -> Any:
    """Change how a source is read: what is named changes, the rest stays. Its place must be one this service may read."""
    service = forestay()
    known = keep.get_source(service.documents, name)
    condition(needed=False)(_own_tag(known))
    place = known.location if question["location"] is None else question["location"]
    service.check_place(known.kind, place, question["settings"])
    return change_source(
        service,
        name,
        g.caller.name,
        question["location"],
        question["priority"],
        question["schedule"],
        question["settings"],
    )


@route(blueprint, "/sources/<name>/check", "sync", Checked, method="POST", asks_source=True)
def check(name: str) -> Any:
    """Whether the source can be reached and read, and what is there."""
    service = forestay()
    source = keep.get_source(service.documents, name)
    return Checked(name, service.open_source(source).check())


@route(blueprint, "/sources/<name>/sync", "sync", runs.Job, method="POST", status=202)
@blueprint.arguments(SyncQuestion)
def sync(question: dict[str, Any], name: str) -> Any:
    """Sync as a job; the result is the run report. `approve` and `complete` pass the deletion guard and need the permission
    `approve`."""
    if (question["approve"] or question["complete"]) and not g.caller.may("approve"):
        raise NotAllowed(f"role {g.caller.role} may not say that a run is approved or its input complete", status=403)
    return _begin("sync", "sync asked", name, question)


@route(blueprint, "/sources/<name>/remove", "admin", runs.Job, method="POST", status=202)
@blueprint.arguments(RemoveQuestion)
def remove(question: dict[str, Any], name: str) -> Any:
    """Remove the source as a job; without `apply` a dry run, whose run and change list say what would be retired."""
    return _begin("remove", "removal asked", name, question)


def _begin(kind: str, act: str, name: str, question: dict[str, Any]) -> Any:
    """Begins a job about a source and records in the audit trail who asked for it."""
    job = ask_about_source(forestay().documents, kind, act, name, question, g.caller.name)
    return reply(job, 202, {"Location": f"/api/v1/jobs/{job.job_id}"})


@route(blueprint, "/sources/<name>/file", "sync", Uploaded, method="PUT", status=201, streams=True)
@blueprint.doc(
    requestBody={"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
)
@conditional
@blueprint.arguments(UploadQuestion, location="query")
def upload(question: dict[str, Any], name: str) -> Any:
    """Hand over a file as the source's input (raw body; `filename` in the query says what it is); then sync. Streams to disk, up
    to the limit. It needs If-Match with the ETag of the source, or `*` for whatever is there. Where the source reads another
    place, this needs the role that may change it."""
    service = forestay()
    data, condition_met = service.settings.data_folder, condition(needed=True)
    source = keep.get_source(service.documents, name)
    before = _own_tag(source)
    condition_met(before)
    ending = re.search(r"\.[a-z]+$", question["filename"].casefold())
    if not ending or ending.group() not in UPLOADS:
        raise InvalidInput(f"filename: a name that ends in {', '.join(UPLOADS)}", field="filename")
    limit = service.settings.web.upload_bytes
    if (request.content_length or 0) > limit:
        raise LimitExceeded(f"the file is larger than {limit:,} bytes")
    request.max_content_length = limit + 1
    if source.location and not is_upload(data, source, ending.group()) and not g.caller.may("admin"):
        raise NotAllowed(
            f"source {name} reads {source.location}; role {g.caller.role} may not make it read another place", status=403
        )

    def met(now: keep.RegisteredSource) -> None:
        """Checks the condition again at the end: a long upload may have been overtaken."""
        condition_met(_own_tag(now))
        if _own_tag(now) != before:
            raise Conflict(
                f"source {name} was changed, or given another file, while this one was sent: look at it, then send again"
            )

    blocks = iter(lambda: request.stream.read(BLOCK), b"")
    uploaded = take_upload(service.documents, data, Upload(source, ending.group(), blocks, limit), g.caller.name, met)
    return reply(uploaded, 201)
