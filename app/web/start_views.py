"""The first step on an empty store: a file that is handed over on the page becomes a source and is read."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay, room_for_a_job
from app.api.resources.sources import BLOCK, UPLOADS
from app.domain.errors import InvalidInput, LimitExceeded
from app.usecases.ask_about_source import ask_about_source
from app.usecases.keep import audit
from app.usecases.keep import sources as keep
from app.usecases.keep.plan import ARGUMENTS
from app.usecases.uploads import Upload, take_upload

blueprint = Blueprint("start_web", __name__)


@blueprint.post("/start")
@permission("admin")
def start() -> Response:
    """Registers a file as a source, keeps it and asks for its sync; goes on to the sources, where the run waits or is done."""
    service = forestay()
    room_for_a_job()
    limit = service.settings.web.upload_bytes
    if (request.content_length or 0) > limit:
        raise LimitExceeded(f"the file is larger than {limit:,} bytes")
    request.max_content_length = limit + 1
    file = request.files.get("file")
    name = PurePath(file.filename or "").name if file else ""
    ending = PurePath(name).suffix.casefold()
    if file is None or ending not in UPLOADS:
        raise InvalidInput(f"choose a file whose name ends in {', '.join(UPLOADS)}", field="file")
    source_name = re.sub(r"[^a-z0-9._-]+", "-", PurePath(name).stem.casefold()).strip("-._")[:40] or "file"
    source = keep.add_source(service.documents, source_name, UPLOADS[ending], "")
    audit.record(service.documents, caller().name, "source added", source.name, {"kind": source.kind, "location": ""})
    blocks = iter(lambda: file.stream.read(BLOCK), b"")
    take_upload(service.documents, service.settings.data_folder, Upload(source, ending, blocks, limit), caller().name, _any)
    arguments: dict[str, Any] = {**ARGUMENTS}
    ask_about_source(service.documents, "sync", "sync asked", source.name, arguments, caller().name)
    return redirect(url_for("sources_web.sources"), 303)


start.streams = True  # type: ignore[attr-defined]  # the file is read here, not in the lane


def _any(source: keep.RegisteredSource) -> None:
    """The source was made a moment ago: whatever it is now, it takes the file."""
