"""The pages of the administrator: keys, the audit trail, and what the doctor finds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay, room_for_a_job
from app.api.heavy import heavy
from app.domain.errors import InvalidInput, NotFound
from app.usecases.audit_trail import TrailQuestion, moment_of, trail_page
from app.usecases.doctor import EXAMINATIONS, FAULT, look_around
from app.usecases.keep import access, runs
from app.usecases.keep.audit_verify import verify
from app.usecases.keys import make_key, revoke_key, rotate_key
from app.web.views import ROWS

blueprint = Blueprint("admin_web", __name__, url_prefix="/admin")
OVERLAP_HOURS = 24.0


@blueprint.get("/keys")
@permission("admin")
def keys() -> str:
    return _keys_page()


@blueprint.post("/keys")
@permission("admin")
def make() -> Response:
    """Makes a key; the answer shows its secret, and nothing else ever does."""
    service, given = forestay(), request.form
    try:
        secret, key = make_key(
            service.documents,
            service.store,
            caller().name,
            given.get("name", ""),
            given.get("role", ""),
            _number(given.get("days", ""), "days", 36_500.0),
            given.get("scope", "").strip(),
        )
    except (InvalidInput, NotFound) as error:
        return make_response(_keys_page(given=given, fault=error), 422)
    return _shown_once(secret, key)


@blueprint.get("/keys/<prefix>/rotate")
@permission("admin")
def ask_rotate(prefix: str) -> str:
    return render_template("admin_key.html", key=_key(prefix), act="rotate", overlap=OVERLAP_HOURS)


@blueprint.post("/keys/<prefix>/rotate")
@permission("admin")
def rotate(prefix: str) -> Response:
    """Makes the successor of a key; the answer shows its secret."""
    hours = _number(request.form.get("overlap_hours", ""), "overlap_hours", 24.0 * 90)
    secret, key, old = rotate_key(forestay().documents, caller().name, prefix, OVERLAP_HOURS if hours is None else hours)
    return _shown_once(secret, key, old)


@blueprint.get("/keys/<prefix>/revoke")
@permission("admin")
def ask_revoke(prefix: str) -> str:
    return render_template("admin_key.html", key=_key(prefix), act="revoke")


@blueprint.post("/keys/<prefix>/revoke")
@permission("admin")
def revoke(prefix: str) -> Response:
    revoke_key(forestay().documents, caller().name, prefix)
    return redirect(url_for("admin_web.keys"), 303)


@blueprint.get("/audit")
@partial(heavy, when=lambda: bool(request.args.get("verify")))
@permission("admin")
def trail() -> str:
    """Who did what, the newest first; with `verify` also whether the trail is whole, which walks all of it."""
    asked = request.args
    question = TrailQuestion(
        asked.get("caller", "").strip(),
        asked.get("action", "").strip(),
        moment_of(asked.get("since", ""), "since"),
        moment_of(asked.get("before", ""), "before"),
    )
    documents = forestay().documents
    after = asked.get("after", "")
    if after and not (after.isascii() and after.isdigit()):
        raise InvalidInput("after is the number of an entry", field="after")
    page = trail_page(documents, question, ROWS, after)
    faults = verify(documents) if asked.get("verify") else None
    return render_template("admin_audit.html", page=page, faults=faults, limit=ROWS)


@blueprint.get("/doctor")
@permission("admin")
def doctor() -> str:
    """What is wrong with files, clock, sources and jobs now, and with store and trail when they were last read whole."""
    service = forestay()
    last = EXAMINATIONS.find(service.documents, "last")
    return render_template(
        "admin_doctor.html",
        findings=[*(last.findings if last is not None else ()), *look_around(service)],
        last=last,
        reading=[job for job in runs.open_jobs(service.documents) if job.verb == "examine"],
        fault=FAULT,
        at=datetime.now(UTC).isoformat(),
    )


@blueprint.post("/doctor")
@permission("admin")
def read_all() -> Response:
    """Asks for store and trail to be read whole, as a job; a second one waits for none."""
    documents = forestay().documents
    if not any(job.verb == "examine" for job in runs.open_jobs(documents)):
        room_for_a_job()
        runs.enqueue(documents, "examine", {}, caller().name)
    return redirect(url_for("admin_web.doctor"), 303)


def _keys_page(**more: Any) -> str:
    service = forestay()
    now = datetime.now(UTC).isoformat()
    listed = sorted(access.list_keys(service.documents), key=lambda key: (_ended(key, now) != "", key.name.casefold()))
    return render_template(
        "admin_keys.html",
        keys=listed,
        ended={key.prefix: _ended(key, now) for key in listed},
        roles=access.ROLES,
        **{"given": {}, "fault": None, **more},
    )


def _ended(key: access.AccessKey, now: str) -> str:
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= now else ""


def _key(prefix: str) -> access.AccessKey:
    found = next((key for key in access.list_keys(forestay().documents) if key.prefix == prefix), None)
    if found is None:
        raise NotFound(f"no key {prefix}")
    return found


def _shown_once(secret: str, key: access.AccessKey, old: access.AccessKey | None = None) -> Response:
    answer = make_response(render_template("admin_key.html", key=key, act="", secret=secret, old=old), 201)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _number(text: str, field: str, most: float) -> float | None:
    """Returns a number that was typed; None for "". InvalidInput names the field."""
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise InvalidInput(f"{field} is a number from 0 to {most:g}", field=field)
    return value
