"""The pages on which a source is added and changed: what its kind needs, a look at what it would bring, and when it runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay
from app.api.heavy import heavy
from app.domain.errors import ForestayError, InvalidInput
from app.usecases.add_source import add_source
from app.usecases.change_source import change_source
from app.usecases.keep.due_times import next_times
from app.usecases.keep.sources import MANUAL, RegisteredSource, get_source
from app.usecases.sample_source import SourceSample, sample_source

blueprint = Blueprint("source_setup_web", __name__)
SETTING = "set-"  # before the name of a setting in a form
HELP = {
    "mapping": "A mapping file below the data folder's input, laid over the one that comes with the kind.",
    "ca_file": "Authorities of the certificate, a file below the data folder's input; empty: the system's.",
    "full_after_hours": "After how many hours all is read again, although only what changed would do (168).",
    "page_size": "Rows of one page of its API.",
    "user": "The name to sign in with.",
}
ENVIRONMENT = "The name of an environment variable that holds it (or whose _FILE names a file), never the secret itself."


@blueprint.get("/sources/add")
@permission("admin")
def ask() -> str:
    """The kinds of sources; with `kind`, the form of one."""
    return _form(request.args.get("kind", ""), {})


@blueprint.post("/sources/add")
@heavy
@permission("admin")
def add() -> Response:
    """Adds a source, or (`look`) says what it would bring."""
    given, service = request.form.to_dict(), forestay()
    kind = given.get("kind", "")
    try:
        settings = _settings(given)
        name, location, schedule = (given.get(field, "").strip() for field in ("name", "location", "schedule"))
        service.check_place(kind, location, settings)
        if given.get("look"):
            found = sample_source(service, RegisteredSource(0, name or "new", kind, location, 0, settings))
            return make_response(_form(kind, given, sample=found))
        added = add_source(service, caller().name, name, kind, location, _priority(given), settings, schedule)
    except ForestayError as error:
        return make_response(_form(kind, given, fault=error), 422)
    return redirect(url_for("source_setup_web.source", name=added.name), 303)


@blueprint.get("/source")
@permission("read")
def source() -> str:
    """One source: how it is read, when it runs next, how its last run ended."""
    return _page(request.args.get("name", ""))


@blueprint.post("/source/check")
@heavy
@permission("sync")
def check() -> Response:
    """Reaches a source and reads its first CIs."""
    service, name = forestay(), request.form.get("name", "")
    known = get_source(service.documents, name)
    try:
        return make_response(_page(name, sample=sample_source(service, known)))
    except ForestayError as error:
        return make_response(_page(name, fault=error), 422)


@blueprint.post("/source/change")
@permission("admin")
def change() -> Response:
    """Changes place, priority, schedule and settings of a source."""
    service, given = forestay(), request.form.to_dict()
    name = given.get("name", "")
    known = get_source(service.documents, name)
    try:
        wanted = _settings(given)
        settings = {key: wanted.get(key) for key in {*known.settings, *wanted}}
        location = given.get("location", "").strip() or known.location
        moved = {key: value for key, value in wanted.items() if known.settings.get(key) != value}
        service.check_place(known.kind, location if location != known.location else "", moved)
        schedule = given.get("schedule", "").strip()
        change_source(service, name, caller().name, location, _priority(given), schedule, settings)
    except ForestayError as error:
        return make_response(_page(name, fault=error, given=given), 422)
    return redirect(url_for("source_setup_web.source", name=name), 303)


def _form(kind: str, given: dict[str, str], sample: SourceSample | None = None, fault: ForestayError | None = None) -> str:
    from importers.registry import NEEDS

    fields = _fields(kind) if kind else []
    return render_template("source_add.html", kinds=NEEDS, kind=kind, fields=fields, given=given, sample=sample, fault=fault)


def _page(name: str, **more: Any) -> str:
    known = get_source(forestay().documents, name)
    if known.name == MANUAL:
        raise InvalidInput("what people say by hand is no source to set up", field="name")
    kept = {f"{SETTING}{key}": value if isinstance(value, str) else json.dumps(value) for key, value in known.settings.items()}
    return render_template(
        "source.html",
        source=known,
        fields=_fields(known.kind),
        times=next_times(known.schedule, datetime.now(UTC)),
        may_change=caller().may("admin"),
        may_sync=caller().may("sync"),
        **{
            "given": kept | {"location": known.location, "priority": str(known.priority), "schedule": known.schedule},
            "sample": None,
            "fault": None,
            **more,
        },
    )


def _fields(kind: str) -> list[tuple[str, str, str]]:
    """Returns the settings of a kind: name of the field, label and help."""
    from importers.registry import settings_of

    return [
        (f"{SETTING}{name}", name.replace("_", " "), ENVIRONMENT if name.endswith("_env") else HELP.get(name, ""))
        for name in settings_of(kind)
    ]


def _settings(given: dict[str, str]) -> dict[str, Any]:
    """Returns the settings that were filled in; a value is JSON, or else text."""
    settings: dict[str, Any] = {}
    for field, text in given.items():
        if field.startswith(SETTING) and text.strip():
            try:
                settings[field.removeprefix(SETTING)] = json.loads(text)
            except ValueError:
                settings[field.removeprefix(SETTING)] = text.strip()
    return settings


def _priority(given: dict[str, str]) -> int | None:
    text = given.get("priority", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 10**9):
        raise InvalidInput("priority is a whole number from 1", field="priority")
    return int(text)
